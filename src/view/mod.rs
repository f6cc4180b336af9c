//! The status view: what the journal adds up to, ready to be asked. It can be made again from
//! the journal at any time, so nothing that a trader was promised depends on it. `fold` says
//! what an entry does to a declaration's row; `store` keeps rows and indexes in sled, which is
//! named there only; `keys` lays out its keys; `recover` opens it, puts a damaged one aside,
//! and brings it up to the journal. `plain` is the same in memory.

mod fold;
mod keys;
mod plain;
mod recover;
mod store;

pub use plain::plain;
pub use recover::{open_and_catch_up, set_aside};

use serde::{Deserialize, Serialize};

use crate::declaration::{Digest, Entry, Id, Status, Timestamp};
use crate::fault::Fault;
use crate::journal::Location;

/// A declaration as the view knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: Id,
    /// Whose it is.
    pub trader: String,
    /// The family.
    pub kind: String,
    /// The message type.
    pub message_type: String,
    /// How trader and authority name it.
    pub reference: String,
    /// Its idempotency key.
    pub key: String,
    /// Digest of the message.
    pub digest: Digest,
    /// The lane.
    pub authority: String,
    /// Where it stands.
    pub status: Status,
    /// The authority's last code, kept beside our status.
    pub authority_code: Option<String>,
    /// The text that came with it.
    pub authority_text: Option<String>,
    /// The authority's number for it.
    pub authority_reference: Option<String>,
    /// Fields of the message, then facts of answers; a later fact replaces an earlier one.
    pub fields: Vec<(String, String)>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When its last event happened.
    pub updated_at: Timestamp,
    /// Grows with every event; the ETag.
    pub version: u32,
    /// Where its `Recorded` entry stands.
    pub location: Location,
    /// Its events in order; of very many the ones in the middle are left to the journal.
    pub events: Vec<EventRow>,
}

/// One event of a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// When.
    pub at: Timestamp,
    /// `recorded`, `dispatched`, `answered` or `undeliverable`.
    pub event: String,
    /// Our status after it.
    pub status: Status,
    /// The authority's code; empty if it has none.
    pub code: String,
    /// The authority's text, or the reason; empty if there is none.
    pub text: String,
    /// Number of its entry in the journal.
    pub index: u64,
    /// Digest of the answer, by which a repeated one is known.
    pub digest: Option<Digest>,
}

/// What a list asks for. Newest first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this family only.
    pub kind: Option<String>,
    /// In this status only.
    pub status: Option<Status>,
    /// With this reference only.
    pub reference: Option<String>,
    /// Recorded before this entry of the journal only.
    pub before: Option<u64>,
    /// Rows at most.
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// `before` of the next page; `None` on the last one.
    pub next: Option<u64>,
}

/// A dispatch that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub id: Id,
    /// Where its message stands.
    pub location: Location,
}

/// The declaration behind an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyed {
    /// Its number.
    pub id: Id,
    /// Digest of the bytes first sent.
    pub digest: Digest,
    /// Where it stands.
    pub location: Location,
}

/// How many declarations have each status.
pub type Counts = Vec<(Status, u64)>;

/// The door; sled stands behind it today.
pub trait View: Send + Sync {
    /// Number of the first entry that is not yet applied.
    fn applied(&self) -> u64;

    /// Folds committed entries, in order and without a gap, in one atomic batch. Entries that
    /// are applied already change nothing.
    ///
    /// # Errors
    /// A store that fails, or a gap.
    fn apply(&self, entries: &[(Location, Entry)]) -> Result<(), Fault>;

    /// One declaration.
    ///
    /// # Errors
    /// A store that fails, as with everything below.
    fn by_id(&self, id: Id) -> Result<Option<Row>, Fault>;

    /// Who has this idempotency key.
    ///
    /// # Errors
    /// A store that fails.
    fn by_key(&self, trader: &str, key: &str) -> Result<Option<Keyed>, Fault>;

    /// Declarations of an authority and family with this reference, newest first.
    ///
    /// # Errors
    /// A store that fails.
    fn by_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
        limit: usize,
    ) -> Result<Vec<Row>, Fault>;

    /// The declaration to which this authority gave this number; of several the one that was
    /// recorded last, because a correction is declared anew under the number of the first.
    ///
    /// # Errors
    /// A store that fails.
    fn by_authority_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
    ) -> Result<Option<Id>, Fault>;

    /// A trader's declarations.
    ///
    /// # Errors
    /// A store that fails.
    fn list(&self, trader: &str, filter: &Filter) -> Result<Page, Fault>;

    /// What waits for an authority from journal entry `from` on, in order.
    ///
    /// # Errors
    /// A store that fails.
    fn pending(&self, authority: &str, from: u64, limit: usize) -> Result<Vec<Pending>, Fault>;

    /// How many declarations have each status.
    fn counts(&self) -> Counts;

    /// Writes out what the store still holds back.
    ///
    /// # Errors
    /// A store that fails.
    fn flush(&self) -> Result<(), Fault>;
}

/// The stored form of a row.
#[derive(Serialize, Deserialize)]
#[allow(clippy::type_complexity)]
struct Stored(
    (Id, String, String, String, String, String, String),
    (
        String,
        Status,
        Option<String>,
        Option<String>,
        Option<String>,
    ),
    Vec<(String, String)>,
    (Timestamp, Timestamp, u32, Vec<u8>),
    Vec<(
        Timestamp,
        String,
        Status,
        String,
        String,
        u64,
        Option<String>,
    )>,
);

impl Row {
    fn to_bytes(&self) -> Vec<u8> {
        let row = self.clone();
        let events = row.events.into_iter().map(|event| {
            let digest = event.digest.map(|digest| digest.to_string());
            (
                event.at,
                event.event,
                event.status,
                event.code,
                event.text,
                event.index,
                digest,
            )
        });
        let stored = Stored(
            (
                row.id,
                row.trader,
                row.kind,
                row.message_type,
                row.reference,
                row.key,
                row.digest.to_string(),
            ),
            (
                row.authority,
                row.status,
                row.authority_code,
                row.authority_text,
                row.authority_reference,
            ),
            row.fields,
            (
                row.recorded_at,
                row.updated_at,
                row.version,
                row.location.to_bytes().to_vec(),
            ),
            events.collect(),
        );
        serde_json::to_vec(&stored).expect("strings and numbers can always be written")
    }

    fn from_bytes(bytes: &[u8]) -> Option<Row> {
        let Stored(names, state, fields, times, events) = serde_json::from_slice(bytes).ok()?;
        let events = events
            .into_iter()
            .map(|(at, event, status, code, text, index, digest)| {
                let digest = match digest {
                    Some(text) => Some(Digest::parse(&text)?),
                    None => None,
                };
                Some(EventRow {
                    at,
                    event,
                    status,
                    code,
                    text,
                    index,
                    digest,
                })
            });
        Some(Row {
            id: names.0,
            trader: names.1,
            kind: names.2,
            message_type: names.3,
            reference: names.4,
            key: names.5,
            digest: Digest::parse(&names.6)?,
            authority: state.0,
            status: state.1,
            authority_code: state.2,
            authority_text: state.3,
            authority_reference: state.4,
            fields,
            recorded_at: times.0,
            updated_at: times.1,
            version: times.2,
            location: Location::from_bytes(&times.3)?,
            events: events.collect::<Option<Vec<EventRow>>>()?,
        })
    }
}
