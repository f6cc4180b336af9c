//! The regular expressions of the pattern facet: XML Schema Part 2 (Second Edition), 4.3.4
//! and Appendix F. They fit a whole text or not at all, and have neither anchors nor
//! look-around nor references, so an automaton answers in time linear in the text.
//!
//! `parse` reads the grammar to a tree, `translate` works out its sets of characters,
//! `automaton` builds its states over kinds of characters, and `run` follows a text. What is
//! compiled with a schema is only the tree and its size, for a schema set has thousands of
//! patterns and one document meets few; the rest is built at the first text.

mod automaton;
mod block;
mod parse;
mod run;
mod translate;

use std::sync::{Arc, OnceLock};

use automaton::{Alphabet, Automaton};
use parse::Node;
use run::Table;

/// States of one automaton at most. A state is 12 bytes, and while running 24 bytes more, so
/// that a pattern stays near two megabytes; published ones, `[0-9A-Z]{0,4000}` among them,
/// need a tenth of these states.
const STATES_MAX: u64 = 1 << 16;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As written.
    pub source: String,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tree: Node,
    engine: OnceLock<Engine>,
    translated: OnceLock<String>,
}

/// How texts are judged.
#[derive(Debug)]
enum Engine {
    /// One set, counted, whatever the counts: kind 1 is in the set.
    Counted {
        alphabet: Alphabet,
        least: usize,
        most: usize,
    },
    /// A table of subsets.
    Table { alphabet: Alphabet, table: Table },
    /// An automaton whose table would be too large.
    Automaton(Automaton),
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with it and at which character, or that it needs too many states.
    pub fn compile(source: &str) -> Result<Pattern, String> {
        let tree = parse::parse(source)
            .map_err(|(at, what)| format!("{source}: {what}, at character {at}"))?;
        let size = automaton::size(&tree);
        if size > STATES_MAX && counted(&tree).is_none() {
            return Err(format!(
                "{source}: needs {size} states, and {STATES_MAX} are the most allowed"
            ));
        }
        Ok(Pattern {
            source: source.to_owned(),
            inner: Arc::new(Inner {
                tree,
                engine: OnceLock::new(),
                translated: OnceLock::new(),
            }),
        })
    }

    /// Whether the whole of `text` fits.
    #[inline]
    pub fn is_match(&self, text: &str) -> bool {
        let engine = self.inner.engine.get_or_init(|| engine(&self.inner.tree));
        match engine {
            Engine::Counted {
                alphabet,
                least,
                most,
            } => {
                let mut count = 0;
                for character in text.chars() {
                    if alphabet.kind(character) == 0 {
                        return false;
                    }
                    count += 1;
                }
                (*least..=*most).contains(&count)
            }
            Engine::Table { alphabet, table } => table.is_match(alphabet, text),
            Engine::Automaton(automaton) => run::is_match(automaton, text),
        }
    }

    /// The same expression in the language of Rust's regular expressions, without anchors;
    /// generators of test texts read it.
    pub fn translated(&self) -> &str {
        let write = || translate::hir(&self.inner.tree).to_string();
        self.inner.translated.get_or_init(write)
    }
}

/// A tree that is one set with a count, as most patterns of published schemas are.
fn counted(tree: &Node) -> Option<(&parse::Class, usize, usize)> {
    match tree {
        Node::Set(class) => Some((class, 1, 1)),
        Node::Repeat { node, least, most } => match node.as_ref() {
            Node::Set(class) => {
                let most = most.map_or(usize::MAX, |most| most as usize);
                Some((class, *least as usize, most))
            }
            _ => None,
        },
        _ => None,
    }
}

fn engine(tree: &Node) -> Engine {
    if let Some((class, least, most)) = counted(tree) {
        return Engine::Counted {
            alphabet: Alphabet::new(&[class]).0,
            least,
            most,
        };
    }
    let automaton = automaton::build(tree);
    match Table::build(&automaton) {
        Some(table) => Engine::Table {
            alphabet: automaton.alphabet,
            table,
        },
        None => Engine::Automaton(automaton),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_and_differs() {
        let table: &[(&str, &[&str], &[&str])] = &[
            // Branches and quantifiers.
            ("", &[""], &["a"]),
            ("()", &[""], &["a"]),
            ("(()*){3}", &[""], &["a"]),
            ("|", &[""], &["a"]),
            ("a||b", &["", "a", "b"], &["ab"]),
            ("(|a)b", &["b", "ab"], &["a", "aab"]),
            ("a|ab|abc", &["a", "ab", "abc"], &["", "b", "abcd"]),
            ("[0-9]{3}|[A-Z]{3}", &["142", "CHN"], &["14", "chn", "142 "]),
            ("a?", &["", "a"], &["aa"]),
            ("ba*", &["b", "baa"], &["", "ab"]),
            ("ba+", &["ba", "baa"], &["b"]),
            ("xa{0}", &["x"], &["xa", ""]),
            ("xa{2}", &["xaa"], &["xa", "xaaa"]),
            ("xa{2,}", &["xaa", "xaaaa"], &["xa"]),
            ("xa{1,3}", &["xa", "xaaa"], &["x", "xaaaa"]),
            ("xa{0,2}", &["x", "xaa"], &["xaaa"]),
            ("xa{01}", &["xa"], &["x"]),
            ("(ab|c){2}", &["abc", "cab", "cc"], &["ab", "ababab"]),
            ("(a*)*b", &["b", "aaab"], &["aaa"]),
            ("(a|b)*abb", &["abb", "ababb"], &["ab", "abba"]),
            ("([A-Z]|[0-9]|_){2}", &["A9", "__"], &["A", "a9"]),
            ("([^a]|[a-c-[b]]){2}", &["ac", "bb"], &["a", "aaa"]),
            ("x.{1,70}-.{1,35}", &["xa-b", "x--中"], &["x-b", "xa-"]),
            // Characters that are special in other languages.
            ("^a$", &["^a$"], &["a"]),
            ("a b#&~-", &["a b#&~-"], &["ab"]),
            ("[&&~~]", &["&", "~"], &["-"]),
            ("[a^$.*+?(){}|]", &["^", "$", ".", "*", "{"], &["b", "-"]),
            ("a/,:<>=!@%\"'`;_", &["a/,:<>=!@%\"'`;_"], &[""]),
            // Escapes.
            (r"\\\|\.\-\^\?\*\+\{\}\(\)\[\]", &[r"\|.-^?*+{}()[]"], &[""]),
            (r"\n\r\t", &["\n\r\t"], &["nrt"]),
            ("a.c", &["abc", "a中c", "a\u{85}c"], &["a\nc", "a\rc", "ac"]),
            (r"\s", &[" ", "\t", "\n", "\r"], &["\u{a0}", "a", "\u{b}"]),
            (r"\S{2}", &["ab", "\u{a0}中"], &["a ", "\n\n"]),
            (r"\d{2}", &["12", "٣٤"], &["1", "½½", "1a"]),
            (r"\D", &["a", "½", "Ⅷ"], &["1", "٣"]),
            (
                r"\w",
                &["a", "中", "$", "+", "1"],
                &["_", "-", " ", "\u{ad}"],
            ),
            (r"\W", &["_", "-", " "], &["a", "$"]),
            (r"\i\c*", &["_a-1", "中", ":a·"], &["1a", "", "a b"]),
            (r"[\i-[:]][\c-[:]]*", &["a.b", "é"], &["a:b", "-a"]),
            (r"\I\C", &["1 ", "-\u{d7}"], &["a ", "11"]),
            // Categories and blocks.
            (r"\p{Lu}\p{Ll}\P{L}", &["Aa1", "Éé "], &["aA1", "Aaa"]),
            (r"[\p{Lu}0-9]+", &["A9"], &["a"]),
            (r"\p{Zl}\p{Zp}\p{Zs}", &["\u{2028}\u{2029} "], &["   "]),
            (r"\p{Cn}\p{Co}\p{Cf}", &["\u{378}\u{e000}\u{ad}"], &["aaa"]),
            (r"\P{C}", &["a"], &["\u{378}", "\u{e000}"]),
            (r"\p{IsBasicLatin}*", &["abc", ""], &["中"]),
            (r"\P{IsBasicLatin}", &["中"], &["a"]),
            (r"\p{IsGreek}\p{IsGreekandCoptic}", &["αω"], &["ab"]),
            (r"\p{IsCombiningMarksforSymbols}", &["\u{20d0}"], &["a"]),
            (
                r"\p{IsPrivateUse}",
                &["\u{e000}", "\u{f0000}", "\u{10fffd}"],
                &["\u{f900}"],
            ),
            (r"\p{IsLatin-1Supplement}", &["é"], &["e"]),
            (r"\p{IsCyrillicSupplement}", &["\u{500}"], &["\u{400}"]),
            // Classes.
            ("[^,;]+", &["ab", "\n中"], &["a,b", ""]),
            ("[-a]+", &["-a"], &["b"]),
            ("[a-]+", &["-a"], &["b"]),
            ("[^-a]", &["b"], &["-", "a"]),
            ("[^-]", &["a", "^"], &["-"]),
            ("[-]", &["-"], &["a"]),
            ("[--]", &["-"], &["a"]),
            ("[^^]", &["a"], &["^"]),
            ("[^-z]", &["b"], &["-", "z"]),
            ("[a^-z]", &["^", "b", "z"], &["A"]),
            (r"[+-\-]", &["+", ",", "-"], &["."]),
            (r"[\--/]", &["-", ".", "/"], &[","]),
            (r"[a-c\-e]", &["-", "e", "b"], &["d"]),
            (r"[\]\[]", &["]", "["], &["\\"]),
            (r"[^\s\S]|a", &["a"], &["b", ""]),
            ("[a-z-[aeiou]]+", &["xyz"], &["xaz", ""]),
            ("[a-z-[b-y-[m]]]", &["a", "m", "z"], &["b", "y"]),
            ("[^a-[b]]", &["c"], &["a", "b"]),
            ("[a-z-[^aeiou]]", &["a"], &["b"]),
            ("[--[a]]", &["-"], &["a"]),
            ("[a--[b]]", &["a", "-"], &["b"]),
            (r"[\p{L}-[\p{Lu}]]", &["a", "中"], &["A", "1"]),
            (r"[\w-[\d_]]+", &["ab"], &["a1"]),
        ];
        for (source, fit, differ) in table {
            let pattern = Pattern::compile(source).expect(source);
            for (text, fits) in fit
                .iter()
                .map(|text| (text, true))
                .chain(differ.iter().map(|text| (text, false)))
            {
                assert_eq!(pattern.is_match(text), fits, "{source} on {text:?}");
                let automaton = automaton::build(&pattern.inner.tree);
                let by_sets = run::is_match(&automaton, text);
                assert_eq!(by_sets, fits, "{source} on {text:?}, by sets");
                let states = automaton.states.len() as u64 - 1;
                assert_eq!(states, automaton::size(&pattern.inner.tree), "{source}");
            }
            assert!(regex_syntax::parse(pattern.translated()).is_ok());
        }
    }

    #[test]
    fn translated_means_the_same() {
        for (source, translated) in [
            ("", "(?:)"),
            ("([-a]+)?", r"([\-a]+)?"),
            ("^(ab|c){2,}$", r"(?:\^((?:(?:ab)|c)){2,}\$)"),
            ("[a-z-[b-y]]", "[az]"),
        ] {
            let pattern = Pattern::compile(source).expect(source);
            assert_eq!(pattern.translated(), translated, "{source}");
        }
    }

    #[test]
    fn large_and_still_allowed() {
        for (source, fits, differs) in [
            ("[0-9]{0,4000}", 4000, 4001),
            ("[0-9]{0,4000}1", 4001, 4002),
            (".{1,2000}", 2000, 0),
            (r"[\s\S]{0,1000000}", 100_000, 1_000_001),
            (r"([\p{L}\d ]{1,70}\n?){1,50}", 3500, 3501),
            (r"(1|a)*1(1|a){200}", 201, 200),
        ] {
            let pattern = Pattern::compile(source).expect(source);
            assert!(pattern.is_match(&"1".repeat(fits)), "{source}");
            assert!(!pattern.is_match(&"1".repeat(differs)), "{source}");
        }
        // More kinds of characters than a byte has values.
        let words: Vec<String> = ('一'..='慄').map(|word| format!("{word}{word}")).collect();
        let pattern = Pattern::compile(&words.join("|")).expect("words");
        assert!(pattern.is_match("丁丁") && !pattern.is_match("一丁"));
    }

    #[test]
    fn wrong() {
        let deep = format!("{}{}", "(".repeat(101), ")".repeat(101));
        let deep_class = "[a-".repeat(101);
        for (source, what) in [
            ("a}", "a } that stands for itself needs \\}, at character 2"),
            ("{", "a { that"),
            ("a]", "a ] that"),
            ("a{", "without its number, at character 3"),
            ("a{,3}", "without its number, at character 3"),
            ("a{1", "without its }"),
            ("a{1 }", "without its }"),
            ("a{1,2", "without its }"),
            ("a{2,1}", "whose most is less than its least"),
            ("a**", "a quantifier after a quantifier, at character 3"),
            ("a*?", "a quantifier after a quantifier"),
            ("a{2}{3}", "a quantifier after a quantifier"),
            ("*a", "a quantifier * with nothing before it"),
            ("a|+", "a quantifier + with nothing before it"),
            ("(?:a)", "a quantifier ? with nothing before it"),
            ("(a", "a ( without its )"),
            ("a)", "a ) without its (, at character 2"),
            ("[a", "a [ without its ]"),
            ("[]", "an empty character class"),
            ("[^]", "an empty character class"),
            ("[a[b]]", "a [ inside a character class"),
            ("[-[a]]", "a [ inside a character class"),
            ("[a]]", "a ] that stands for itself"),
            ("[a-c-e]", "a - inside a character class"),
            ("[--a]", "a - inside a character class"),
            ("[---]", "a - inside a character class"),
            (r"[\w-.]", "a - inside a character class"),
            ("[a--b]", "a range that ends in -"),
            ("[+--]", "a range that ends in -"),
            (r"[a-\d]", "a range that ends in a set"),
            ("[z-a]", "a range whose end is before its start"),
            ("[a-z-[b]-[c]]", "a subtraction that does not end its class"),
            ("[a-z-[b]c]", "a subtraction that does not end its class"),
            ("[a-z-[b]", "a subtraction that does not end its class"),
            (r"\", "a \\ at the end"),
            (r"\$", "an unknown escape \\$"),
            (r"\u0041", "an unknown escape \\u"),
            (r"\b", "an unknown escape \\b"),
            (r"\1", "an unknown escape \\1"),
            (r"\pL", "without its {"),
            (r"\p{L", "without its }"),
            (r"\p{ L}", "without its }"),
            (r"\p{}", "an unknown category"),
            (r"\p{Lx}", "an unknown category"),
            (r"\p{Cs}", "an unknown category"),
            (r"\p{isGreek}", "an unknown category"),
            (r"\p{IsUnheardOf}", "an unknown block IsUnheardOf"),
            (r"\p{Is}", "an unknown block Is"),
            ("(a{1,1000}){1,1000}", "needs 1999999 states"),
            ("(((((a{1000}){1000}){1000})))", "needs 1000000000 states"),
            ("(a{99999999999}){99999999999}b", "states"),
            ("((a|){65536}){65536}", "states"),
            (&deep, "nested more than 100 deep, at character 101"),
            (&deep_class, "nested more than 100 deep"),
        ] {
            let error = Pattern::compile(source).expect_err(source);
            assert!(error.contains(what), "{source}: {error}");
        }
    }
}
