//! The keys of the store: a letter for the index, then its parts. Every part that is text has
//! its length before it, so that no name can run into the next part and meet another's key.

use crate::declaration::Id;

/// How far the view has come, and which form it has.
pub const APPLIED: &[u8] = b"m";

/// Declarations by status: the status, a count.
pub const COUNTS: &[u8] = b"c";

/// All rows.
pub const ROWS: &[u8] = b"d";

/// Everything that waits.
pub const PENDING: &[u8] = b"p";

/// A declaration's row.
pub fn row(id: Id) -> Vec<u8> {
    [ROWS, id.0.as_bytes().as_slice()].concat()
}

/// An idempotency key.
pub fn key(trader: &str, key: &str) -> Vec<u8> {
    texts(b'k', &[trader, key])
}

/// A trader's list, newest first.
pub fn list(trader: &str) -> Vec<u8> {
    texts(b'l', &[trader])
}

/// The same, of one reference.
pub fn list_of_reference(trader: &str, reference: &str) -> Vec<u8> {
    texts(b't', &[trader, reference])
}

/// Declarations of an authority and family with a reference.
pub fn reference(authority: &str, kind: &str, reference: &str) -> Vec<u8> {
    texts(b'r', &[authority, kind, reference])
}

/// The declaration with a number of an authority.
pub fn authority_reference(authority: &str, kind: &str, reference: &str) -> Vec<u8> {
    texts(b'a', &[authority, kind, reference])
}

/// What waits for an authority.
pub fn pending(authority: &str) -> Vec<u8> {
    texts(b'p', &[authority])
}

/// A prefix with the number of an entry behind it, rising.
pub fn rising(mut prefix: Vec<u8>, index: u64) -> Vec<u8> {
    prefix.extend(index.to_be_bytes());
    prefix
}

/// A prefix with the number of an entry behind it, falling: newest first.
pub fn falling(prefix: Vec<u8>, index: u64) -> Vec<u8> {
    rising(prefix, u64::MAX - index)
}

fn texts(letter: u8, texts: &[&str]) -> Vec<u8> {
    let mut key = vec![letter];
    for text in texts {
        key.extend((text.len() as u32).to_be_bytes());
        key.extend(text.as_bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_meet() {
        let names = ["", "a", "b", "ab", "a\0b", "a\u{1}", "\0", "aa"];
        let mut seen = std::collections::BTreeMap::new();
        for first in names {
            for second in names {
                for (made, by) in [
                    (key(first, second), "key"),
                    (list_of_reference(first, second), "list"),
                ] {
                    if let Some(other) = seen.insert(made, (first, second, by)) {
                        panic!("{first:?} {second:?} and {other:?} share a key");
                    }
                }
                // Nor is one a part of the other's list.
                let other = rising(list(second), 7);
                assert_eq!(
                    other.starts_with(&list(first)),
                    first == second,
                    "{first:?} {second:?}"
                );
            }
        }
    }
}
