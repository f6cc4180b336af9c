//! From the tree to the sets and the language of regex-syntax: classes become sorted ranges
//! of characters for the automaton, and a whole expression can be written as a regular
//! expression of Rust, for generators of test texts. Categories are those of the Unicode
//! version of regex-syntax; the standard names 3.1 and lets a processor follow later ones.

use std::sync::OnceLock;

use regex_syntax::hir::{
    Capture, Class as HirClass, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition,
};

use super::super::characters::{FURTHER, INITIAL};
use super::parse::{Class, Item, Letter, Node};

/// White space: production S of XML, which is `\s`.
const SPACE: &[(char, char)] = &[('\t', '\n'), ('\r', '\r'), (' ', ' ')];

/// The characters of a class: Appendix F, "Character Class Expressions".
pub fn set(class: &Class) -> ClassUnicode {
    let mut set = ClassUnicode::empty();
    for item in &class.items {
        match item {
            Item::Range(first, last) => set.push(ClassUnicodeRange::new(*first, *last)),
            Item::Letter(kind, negated) => set.union(&complement(letter(*kind), *negated)),
            Item::Category(name, negated) => set.union(&complement(category(name), *negated)),
            Item::Block(rows, negated) => {
                let ranges = rows.iter().map(|row| (row.1, row.2));
                set.union(&complement(ranged(ranges), *negated));
            }
            Item::Class(inner) => set.union(&self::set(inner)),
        }
    }
    let mut set = complement(set, class.negated);
    if let Some(without) = &class.without {
        set.difference(&self::set(without));
    }
    set
}

fn complement(mut set: ClassUnicode, negated: bool) -> ClassUnicode {
    if negated {
        set.negate();
    }
    set
}

fn ranged(ranges: impl Iterator<Item = (char, char)>) -> ClassUnicode {
    ClassUnicode::new(ranges.map(|(first, last)| ClassUnicodeRange::new(first, last)))
}

/// Table "Multi-Character Escapes".
fn letter(letter: Letter) -> ClassUnicode {
    match letter {
        Letter::Space => ranged(SPACE.iter().copied()),
        Letter::Initial => ranged(INITIAL.iter().copied()),
        Letter::Name => ranged(INITIAL.iter().chain(FURTHER).copied()),
        Letter::Digit => category("Nd"),
        Letter::Word => {
            // Three large tables and a complement: worth doing once.
            static WORD: OnceLock<ClassUnicode> = OnceLock::new();
            WORD.get_or_init(|| {
                let mut set = category("P");
                set.union(&category("Z"));
                set.union(&category("C"));
                complement(set, true)
            })
            .clone()
        }
    }
}

/// The characters of a general category. The parser has checked the name; a category of one
/// character comes back from regex-syntax as that character.
fn category(name: &str) -> ClassUnicode {
    let parsed = regex_syntax::parse(&format!(r"\p{{{name}}}"));
    match parsed.map(Hir::into_kind) {
        Ok(HirKind::Class(HirClass::Unicode(set))) => set,
        Ok(HirKind::Literal(literal)) => {
            let text = String::from_utf8_lossy(&literal.0);
            ranged(text.chars().map(|character| (character, character)))
        }
        _ => ClassUnicode::empty(),
    }
}

/// The same expression in the language of Rust's regular expressions, without anchors. What
/// is repeated stands in a group, because regex-syntax writes `(a+)?` as the lazy `a+?`.
pub fn hir(node: &Node) -> Hir {
    match node {
        Node::Empty => Hir::empty(),
        Node::Set(class) => Hir::class(HirClass::Unicode(set(class))),
        Node::Sequence(parts) => Hir::concat(parts.iter().map(hir).collect()),
        Node::Choice(branches) => Hir::alternation(branches.iter().map(hir).collect()),
        Node::Repeat { node, least, most } => {
            let sub = match node.as_ref() {
                Node::Set(_) => hir(node),
                _ => Hir::capture(Capture {
                    index: 1,
                    name: None,
                    sub: Box::new(hir(node)),
                }),
            };
            Hir::repetition(Repetition {
                min: *least,
                max: *most,
                greedy: true,
                sub: Box::new(sub),
            })
        }
    }
}
