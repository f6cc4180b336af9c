//! The nouns of the gateway. A `Submission` is what a trader sent; once every check has
//! passed it becomes a `Declaration`; what happens to it afterwards are `Event`s, and its
//! `Status` is what they add up to.

pub mod event;
pub mod status;

pub use event::{Answered, Dispatched, Entry, Event, Recorded, Undeliverable};
pub use status::Status;

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. The clock is read at the edges only.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-03-01T08:15:30.123Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

/// The number of a declaration: a UUID of version 7, so that numbers sort by time.
/// It names, it does not authorise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub uuid::Uuid);

impl Id {
    /// A new number for a message that arrived at `at`.
    pub fn new(at: Timestamp) -> Id {
        let seconds = at.0.div_euclid(1000).max(0) as u64;
        let nanos = at.0.rem_euclid(1000) as u32 * 1_000_000;
        let stamp = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
        Id(uuid::Uuid::new_v7(stamp))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Id {
    type Err = ();
    fn from_str(s: &str) -> Result<Id, ()> {
        // One spelling only: what `Display` writes.
        let id = uuid::Uuid::try_parse(s).map(Id).map_err(|_| ())?;
        if id.to_string() == s { Ok(id) } else { Err(()) }
    }
}

/// SHA-256 of the message as sent (after decompression, before any decoding).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        Digest(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// The reverse of its `Display`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Digest> {
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.len() == 2)?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        let digest = Digest(bytes);
        (digest.to_string() == text).then_some(digest)
    }
}

impl fmt::Display for Digest {
    /// Lower-case hexadecimal, as `sha256sum` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a trader sent, unchecked.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Whose key it came with.
    pub trader: String,
    /// The `Idempotency-Key` header, if it was sent.
    pub key: Option<String>,
    /// The message, decompressed.
    pub bytes: Bytes,
    /// The `charset` of the `Content-Type`, if it was sent.
    pub charset: Option<String>,
    /// When the body was complete.
    pub received_at: Timestamp,
}

/// A message that passed every check, not yet recorded.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its number.
    pub id: Id,
    /// Whose it is.
    pub trader: String,
    /// The idempotency key: the header's, or else the message's own identity.
    pub key: String,
    /// The family, `goods`.
    pub kind: String,
    /// The message type, `MT1201`.
    pub message_type: String,
    /// How trader and authority name it.
    pub reference: String,
    /// The authority that it concerns: the name of a lane.
    pub authority: String,
    /// Name and value of every field that the family extracts, in the family's order.
    pub fields: Vec<(String, String)>,
    /// The `charset` of the `Content-Type`: it decides before the message's own declaration.
    pub charset: Option<String>,
    /// Digest of `bytes`.
    pub digest: Digest,
    /// The message as sent.
    pub bytes: Bytes,
    /// When its last byte arrived.
    pub received_at: Timestamp,
}
