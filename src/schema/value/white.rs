//! White space normalisation (Part 2 section 4.3.6).
//!
//! Before a text is held against its type, the type's `whiteSpace` facet says
//! what becomes of the white space in it. Most texts are already as they should
//! be, and those are handed back without a copy.

use std::borrow::Cow;

use crate::xml::has_no_space;

/// What becomes of white space. Each of these does more than the one before, and
/// a derived type may only go up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum White {
    /// Nothing.
    Preserve,
    /// Tabs and line ends become spaces.
    Replace,
    /// Then runs of spaces become one, and those at the ends go.
    Collapse,
}

/// The text with its white space normalised.
pub fn normalise(white: White, text: &str) -> Cow<'_, str> {
    match white {
        White::Preserve => Cow::Borrowed(text),
        White::Replace if !text.contains(['\t', '\n', '\r']) => Cow::Borrowed(text),
        White::Replace => Cow::Owned(text.replace(['\t', '\n', '\r'], " ")),
        White::Collapse => collapse(text),
    }
}

/// Cuts the ends off, which needs no copy, and copies only if what is left has
/// more to change.
fn collapse(text: &str) -> Cow<'_, str> {
    if has_no_space(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let text = text.trim_matches(is_white);
    let mut after_space = false;
    let clean = text.bytes().all(|byte| {
        let second = byte == b' ' && after_space;
        after_space = byte == b' ';
        !second && !matches!(byte, b'\t' | b'\n' | b'\r')
    });
    if clean {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split(is_white).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}

/// The white space of XML; Unicode has more, which is left alone.
fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalisation() {
        for (text, replaced, collapsed) in [
            ("", "", ""),
            ("a", "a", "a"),
            (" ", " ", ""),
            ("a b", "a b", "a b"),
            ("\ta\r\nb\t", " a  b ", "a b"),
            ("  a  b  ", "  a  b  ", "a b"),
            ("\u{A0}a\u{2003}", "\u{A0}a\u{2003}", "\u{A0}a\u{2003}"),
            ("é\né", "é é", "é é"),
        ] {
            assert_eq!(normalise(White::Preserve, text), text);
            assert_eq!(normalise(White::Replace, text), replaced);
            assert_eq!(normalise(White::Collapse, text), collapsed);
        }
    }

    #[test]
    fn no_copy_without_need() {
        for text in ["a b", " a b ", ""] {
            assert!(matches!(normalise(White::Collapse, text), Cow::Borrowed(_)));
        }
        assert!(matches!(
            normalise(White::Replace, "a  b"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn each_does_more() {
        assert!(White::Preserve < White::Replace && White::Replace < White::Collapse);
    }
}
