//! What things are called. Keys of sled: a letter, then the number of the entry that recorded
//! the declaration, so that what is new stands together at the end. Names: everything by which
//! a declaration can be asked for, as 64 bits of a digest. Every part that is text has its
//! length before it, so that no name can run into the next part and meet another's.

use crate::declaration::{Digest, Id};

/// How far the view has come, and what it comes to.
pub const MARK: &[u8] = b"m";

/// All rows.
pub const ROWS: &[u8] = b"d";

/// Everything that waits.
pub const PENDING: &[u8] = b"p";

/// The row of the declaration that this entry recorded.
pub fn row(index: u64) -> Vec<u8> {
    [ROWS, &index.to_be_bytes()].concat()
}

/// What waits for an authority.
pub fn waiting(authority: &str) -> Vec<u8> {
    texts(PENDING[0], &[authority])
}

/// A declaration that waits for its authority.
pub fn waits(authority: &str, index: u64) -> Vec<u8> {
    let mut key = waiting(authority);
    key.extend(index.to_be_bytes());
    key
}

/// The number at the end of a key.
pub fn index(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// A name's fingerprint. Two names may share one, so what it leads to is always looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub u64);

impl Name {
    /// The declaration's own number.
    pub fn id(id: Id) -> Name {
        Name::of(b'i', &[id.0.as_bytes()])
    }

    /// An idempotency key.
    pub fn key(trader: &str, key: &str) -> Name {
        Name::of(b'k', &[trader.as_bytes(), key.as_bytes()])
    }

    /// Everything of a trader.
    pub fn trader(trader: &str) -> Name {
        Name::of(b'l', &[trader.as_bytes()])
    }

    /// A trader's reference.
    pub fn reference_of_trader(trader: &str, reference: &str) -> Name {
        Name::of(b't', &[trader.as_bytes(), reference.as_bytes()])
    }

    /// The same reference, as the authority meets it.
    pub fn reference(authority: &str, kind: &str, reference: &str) -> Name {
        let parts = [authority, kind, reference].map(str::as_bytes);
        Name::of(b'r', &parts)
    }

    /// An authority's number.
    pub fn number(authority: &str, kind: &str, number: &str) -> Name {
        let parts = [authority, kind, number].map(str::as_bytes);
        Name::of(b'a', &parts)
    }

    /// SHA-256, because whoever sends keys could choose them so that a weaker hash has them all
    /// in one place.
    fn of(letter: u8, parts: &[&[u8]]) -> Name {
        let digest = Digest::of(&joined(letter, parts)).0;
        let [first, ..] = digest.as_chunks().0 else {
            unreachable!("a digest has 32 bytes")
        };
        Name(u64::from_be_bytes(*first))
    }
}

fn texts(letter: u8, texts: &[&str]) -> Vec<u8> {
    let parts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    joined(letter, &parts)
}

fn joined(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(128);
    key.push(letter);
    for part in parts {
        key.extend((part.len() as u32).to_be_bytes());
        key.extend(*part);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_meet() {
        let parts = ["", "a", "b", "ab", "a\0b", "a\u{1}", "\0", "aa"];
        let mut seen = std::collections::BTreeMap::new();
        for first in parts {
            for second in parts {
                for (made, by) in [
                    (Name::key(first, second), "key"),
                    (Name::reference_of_trader(first, second), "reference"),
                    (Name::number(first, "goods", second), "number"),
                ] {
                    if let Some(other) = seen.insert(made, (first, second, by)) {
                        panic!("{first:?} {second:?} and {other:?} share a name");
                    }
                }
                // Nor does what waits for one wait for another.
                assert_eq!(
                    waits(second, 7).starts_with(&waiting(first)),
                    first == second,
                    "{first:?} {second:?}"
                );
            }
        }
    }
}
