//! What happens to a declaration. Every event is one entry of the journal.

use bytes::Bytes;

use super::{Digest, Id, Status, Timestamp};

/// One journal entry, before or after it has a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The declaration it is about.
    pub id: Id,
    /// When it happened, by the clock of the edge that saw it.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The gateway took it; a receipt was handed out.
    Recorded(Recorded),
    /// The authority has the message: its transport acknowledged it.
    Dispatched(Dispatched),
    /// The authority said something about it.
    Answered(Answered),
    /// Delivery was given up; a dead letter with a way back.
    Undeliverable(Undeliverable),
}

/// See [`Event::Recorded`]. The fields are those of [`super::Declaration`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Whose it is.
    pub trader: String,
    /// The idempotency key.
    pub key: String,
    /// The family.
    pub kind: String,
    /// The message type.
    pub message_type: String,
    /// How trader and authority name it.
    pub reference: String,
    /// The lane.
    pub authority: String,
    /// What the family extracted.
    pub fields: Vec<(String, String)>,
    /// The `charset` that the message came with: its bytes cannot be read without.
    pub charset: Option<String>,
    /// Digest of `message`.
    pub digest: Digest,
    /// The message as sent.
    pub message: Bytes,
}

/// See [`Event::Dispatched`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    /// The lane.
    pub authority: String,
    /// How many attempts it took, the successful one included.
    pub attempts: u32,
}

/// See [`Event::Answered`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The lane.
    pub authority: String,
    /// The message type of the answer, `DEC_DATA`.
    pub message_type: String,
    /// The authority's own status code: CHANNEL, StatementCode and so on.
    pub code: String,
    /// The authority's text.
    pub text: String,
    /// What the family's table makes of the code; `None` moves nothing.
    pub status: Option<Status>,
    /// The authority's number for the declaration, if the answer carries one.
    pub authority_reference: Option<String>,
    /// Further facts that the family extracts from answers: `entry_id` and the like.
    pub facts: Vec<(String, String)>,
    /// Digest of `message`.
    pub digest: Digest,
    /// The answer as received.
    pub message: Bytes,
}

/// See [`Event::Undeliverable`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeliverable {
    /// The lane.
    pub authority: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// Why the last one failed.
    pub reason: String,
}
