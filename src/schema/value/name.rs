//! The types whose texts are names or name-like: `Name`, `NCName`, `NMTOKEN`,
//! `language`, and qualified names for `QName` and `NOTATION`.
//!
//! Nearly all names are ASCII, so that is tried first, byte by byte.

use crate::xml::XML;

use super::super::characters;

/// Where the prefixes of qualified names get their meaning: the namespace
/// declarations in scope at the place of the text.
pub trait Prefixes {
    /// The namespace a prefix stands for, where "" asks for the default
    /// namespace. `None` when the prefix is not declared.
    fn namespace(&self, prefix: &str) -> Option<&str>;
}

/// No declarations at all: unprefixed names are in no namespace.
impl Prefixes for () {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        prefix.is_empty().then_some("")
    }
}

/// Splits a qualified name (Namespaces in XML, section 3) into prefix and local
/// name; `None` unless each is an `NCName`. No prefix gives "".
fn split(text: &str) -> Option<(&str, &str)> {
    match text.split_once(':') {
        Some((prefix, local)) => {
            (is_nc_name(prefix) && is_nc_name(local)).then_some((prefix, local))
        }
        None => is_nc_name(text).then_some(("", text)),
    }
}

/// The expanded name, namespace ("" for none) and local part, that a `QName` or
/// `NOTATION` stands for (sections 3.2.18 and 3.2.19); `None` when the text is
/// no qualified name or its prefix is not bound.
pub(super) fn resolve<'a>(text: &'a str, prefixes: &'a dyn Prefixes) -> Option<(&'a str, &'a str)> {
    let (prefix, local) = split(text)?;
    let namespace = match prefix {
        "" => prefixes.namespace("").unwrap_or(""),
        "xml" => XML,
        _ => prefixes.namespace(prefix)?,
    };
    Some((namespace, local))
}

/// Whether the text is a `Name` of XML 1.0 (section 3.3.6).
pub fn is_name(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(characters::is_initial) && is_nmtoken(text)
}

/// Whether the text is a `Name` without a colon (section 3.3.7).
pub fn is_nc_name(text: &str) -> bool {
    is_name(text) && !text.as_bytes().contains(&b':')
}

/// Whether the text is an `Nmtoken` of XML 1.0 (section 3.3.4): one or more name
/// characters, with no rule about the first.
pub fn is_nmtoken(text: &str) -> bool {
    let ascii = text.bytes().position(|b| !is_ascii_name_byte(b));
    match ascii {
        None => !text.is_empty(),
        // Only ASCII came before, so this is where a character starts.
        Some(at) => text[at..].chars().all(characters::is_name),
    }
}

/// Whether the text is a `language` (section 3.3.3): parts of one to eight
/// letters, or from the second part on also digits, joined by hyphens.
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let length_ok = |part: &str| (1..=8).contains(&part.len());
    let first = parts.next().unwrap_or("");
    length_ok(first)
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| length_ok(part) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The name characters among the ASCII ones.
fn is_ascii_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, then whether it is a Name, an NCName and an NMTOKEN.
    const NAMES: &[(&str, bool, bool, bool)] = &[
        ("a", true, true, true),
        ("_", true, true, true),
        (":", true, false, true),
        ("a:b", true, false, true),
        ("a.b-c_1", true, true, true),
        ("1a", false, false, true),
        ("-a", false, false, true),
        (".", false, false, true),
        ("é", true, true, true),
        ("aé1", true, true, true),
        ("日本", true, true, true),
        ("a\u{B7}", true, true, true),
        ("\u{B7}a", false, false, true),
        ("\u{301}", false, false, true),
        // Of later editions only.
        ("\u{1F600}", false, false, false),
        ("\u{2C00}", false, false, false),
        // A digit of another script goes on a name and does not begin one.
        ("a\u{663}", true, true, true),
        ("\u{663}a", false, false, true),
        ("\u{4E00}\u{9FA5}", true, true, true),
        ("", false, false, false),
        ("a b", false, false, false),
        ("a/b", false, false, false),
        ("aé b", false, false, false),
        ("a\u{D7}", false, false, false),
        ("a\u{37E}", false, false, false),
        ("a\u{A0}", false, false, false),
    ];

    #[test]
    fn names() {
        for &(text, name, nc_name, nmtoken) in NAMES {
            assert_eq!(is_name(text), name, "{text}");
            assert_eq!(is_nc_name(text), nc_name, "{text}");
            assert_eq!(is_nmtoken(text), nmtoken, "{text}");
        }
    }

    #[test]
    fn languages() {
        for good in [
            "en",
            "en-US",
            "x-klingon",
            "i-navajo",
            "abcdefgh",
            "de-1996-a1",
        ] {
            assert!(is_language(good), "{good}");
        }
        for bad in [
            "",
            "-",
            "en-",
            "-en",
            "en--US",
            "abcdefghi",
            "e1",
            "en_US",
            "en-abcdefghi",
            "é",
            "en US",
        ] {
            assert!(!is_language(bad), "{bad}");
        }
    }

    /// A default namespace and one prefix.
    struct Scope;
    impl Prefixes for Scope {
        fn namespace(&self, prefix: &str) -> Option<&str> {
            match prefix {
                "" => Some("urn:d"),
                "p" => Some("urn:p"),
                _ => None,
            }
        }
    }

    #[test]
    fn qualified_names() {
        for (text, want) in [
            ("a", Some(("urn:d", "a"))),
            ("p:a", Some(("urn:p", "a"))),
            ("xml:lang", Some((XML, "lang"))),
            ("q:a", None),
            ("p:a:b", None),
            (":a", None),
            ("p:", None),
            ("p:1", None),
            ("", None),
            ("p: a", None),
        ] {
            assert_eq!(resolve(text, &Scope), want, "{text}");
        }
        assert_eq!(resolve("a", &()), Some(("", "a")));
        assert_eq!(resolve("p:a", &()), None);
    }
}
