//! XSD's regular expressions on an automaton with linear time. They are anchored at both
//! ends, know `\i` and `\c`, categories and subtraction, and have neither anchors nor
//! look-around; `translate` writes them in the language of regex-automata.

use regex_automata::meta;
use regex_automata::util::syntax;

/// Memory of one compiled pattern; patterns of published schemas need a tenth of it.
const PATTERN_BYTES_MAX: usize = 2 << 20;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As written.
    pub source: String,
    regex: meta::Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with it, or that it needs too much memory.
    pub fn compile(source: &str) -> Result<Pattern, String> {
        let translated = format!(r"\A(?:{})\z", translate(source)?);
        let config = meta::Config::new()
            .nfa_size_limit(Some(PATTERN_BYTES_MAX))
            .onepass(true);
        let regex = meta::Builder::new()
            .configure(config)
            .syntax(syntax::Config::new().unicode(true))
            .build(&translated)
            .map_err(|error| format!("{source}: {error}"))?;
        Ok(Pattern {
            source: source.to_owned(),
            regex,
        })
    }

    /// Whether the whole of `text` fits.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

const NAME_START: &str = r":A-Z_a-z\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}";
const NAME_MORE: &str = r"\-.0-9\u{B7}\u{300}-\u{36F}\u{203F}-\u{2040}";

/// The same expression in the language of regex-automata.
fn translate(source: &str) -> Result<String, String> {
    let mut out = String::with_capacity(source.len() + 16);
    let mut characters = source.chars().peekable();
    // How many character classes are open: subtraction puts one inside another.
    let mut classes = 0usize;
    let mut class_start = false;
    while let Some(character) = characters.next() {
        let at_class_start = std::mem::take(&mut class_start);
        match character {
            '\\' => escape(&mut characters, &mut out)
                .ok_or_else(|| format!("{source}: a wrong escape"))?,
            '[' if classes == 0 => {
                classes = 1;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                class_start = true;
            }
            '-' if classes > 0 && characters.peek() == Some(&'[') => {
                characters.next();
                classes += 1;
                out.push_str("--[");
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                class_start = true;
            }
            '[' => return Err(format!("{source}: a [ inside a character class")),
            ']' if classes > 0 => {
                if at_class_start {
                    return Err(format!("{source}: an empty character class"));
                }
                classes -= 1;
                out.push(']');
            }
            // A range, or a hyphen at either end, which stands for itself.
            '-' if classes > 0 => {
                out.push_str(if at_class_start || characters.peek() == Some(&']') {
                    r"\-"
                } else {
                    "-"
                })
            }
            '&' | '~' | '^' if classes > 0 => {
                out.push('\\');
                out.push(character);
            }
            '.' if classes == 0 => out.push_str(r"[^\n\r]"),
            '^' | '$' => {
                out.push('\\');
                out.push(character);
            }
            '(' if classes == 0 => {
                if characters.peek() == Some(&'?') {
                    return Err(format!("{source}: a ? with nothing before it"));
                }
                out.push_str("(?:");
            }
            '?' | '+' | '*' | '}' if classes == 0 => {
                out.push(character);
                if matches!(characters.peek(), Some('?' | '+' | '*')) {
                    return Err(format!("{source}: a quantifier after a quantifier"));
                }
            }
            ' ' | '#' if classes > 0 => {
                out.push('\\');
                out.push(character);
            }
            character => out.push(character),
        }
    }
    if classes > 0 {
        Err(format!("{source}: a character class without its ]"))
    } else {
        Ok(out)
    }
}

fn escape(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Option<()> {
    let class = |out: &mut String, negated: bool, inside: &str| {
        out.push_str(if negated { "[^" } else { "[" });
        out.push_str(inside);
        out.push(']');
    };
    match characters.next()? {
        'n' => out.push_str(r"\n"),
        'r' => out.push_str(r"\r"),
        't' => out.push_str(r"\t"),
        c
        @ ('\\' | '|' | '.' | '-' | '^' | '?' | '*' | '+' | '{' | '}' | '(' | ')' | '[' | ']') => {
            out.push('\\');
            out.push(c);
        }
        's' => class(out, false, r" \t\n\r"),
        'S' => class(out, true, r" \t\n\r"),
        'd' => out.push_str(r"\p{Nd}"),
        'D' => out.push_str(r"\P{Nd}"),
        'w' => class(out, true, r"\p{P}\p{Z}\p{C}"),
        'W' => class(out, false, r"\p{P}\p{Z}\p{C}"),
        'i' => class(out, false, NAME_START),
        'I' => class(out, true, NAME_START),
        'c' => class(out, false, &format!("{NAME_START}{NAME_MORE}")),
        'C' => class(out, true, &format!("{NAME_START}{NAME_MORE}")),
        c @ ('p' | 'P') => {
            characters.next_if_eq(&'{')?;
            let mut name = String::new();
            loop {
                match characters.next()? {
                    '}' => break,
                    letter => name.push(letter),
                }
            }
            match block(&name) {
                Some(range) => class(out, c == 'P', range),
                None if name.starts_with("Is") => return None,
                None => out.push_str(&format!(r"\{c}{{{name}}}")),
            }
        }
        _ => return None,
    }
    Some(())
}

/// The blocks that schemas for trade use; any other is refused.
fn block(name: &str) -> Option<&'static str> {
    Some(match name {
        "IsBasicLatin" => r"\x00-\x7F",
        "IsLatin-1Supplement" => r"\u{80}-\u{FF}",
        "IsLatinExtended-A" => r"\u{100}-\u{17F}",
        "IsLatinExtended-B" => r"\u{180}-\u{24F}",
        "IsGreek" | "IsGreekandCoptic" => r"\u{370}-\u{3FF}",
        "IsCyrillic" => r"\u{400}-\u{4FF}",
        "IsCJKUnifiedIdeographs" => r"\u{4E00}-\u{9FFF}",
        "IsCJKSymbolsandPunctuation" => r"\u{3000}-\u{303F}",
        "IsHalfwidthandFullwidthForms" => r"\u{FF00}-\u{FFEF}",
        "IsGeneralPunctuation" => r"\u{2000}-\u{206F}",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_xsd() {
        let table: &[(&str, &[&str], &[&str])] = &[
            (
                "[0-9]{3}|[A-Z]{3}",
                &["142", "CHN"],
                &["14", "chn", "142 ", "1424"],
            ),
            ("[a-z-[aeiou]]+", &["xyz"], &["xaz", ""]),
            ("[+\\-]?[0-9]*", &["", "-1", "+"], &["--1"]),
            ("a.c", &["abc", "a中c"], &["a\nc"]),
            ("^a$", &["^a$"], &["a"]),
            ("\\d{2}", &["12", "٣٤"], &["1"]),
            ("\\i\\c*", &["_a-1", "中"], &["1a", ""]),
            ("[^,;]+", &["ab"], &["a,b"]),
            ("[-a]+", &["-a"], &["b"]),
            ("[a-]+", &["-a"], &["b"]),
            ("[\\p{Lu}0-9]+", &["A9"], &["a"]),
            ("(ab|c){2}", &["abc"], &["ab"]),
            ("[&&~~]", &["&", "~"], &["-"]),
            ("\\p{IsBasicLatin}*", &["abc"], &["中"]),
        ];
        for (source, fit, differ) in table {
            let pattern = Pattern::compile(source).expect(source);
            for text in *fit {
                assert!(pattern.is_match(text), "{source} should fit {text:?}");
            }
            for text in *differ {
                assert!(!pattern.is_match(text), "{source} should not fit {text:?}");
            }
        }
        for source in [
            "[a",
            "a**",
            "(?i)a",
            "\\b",
            "[]",
            "(((((a{1000}){1000}){1000})))",
            "\\p{IsUnheardOf}",
        ] {
            assert!(Pattern::compile(source).is_err(), "{source}");
        }
    }
}
