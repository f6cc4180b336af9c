//! The status view: what the journal adds up to, ready to be asked. It can be made again from
//! the journal at any time, so nothing that a trader was promised depends on it. `fold` says
//! what an entry does to a declaration's row; `window` gathers rows that change and hands them
//! to `store`, which keeps them in sled, named there only; `names` keeps by what they can be
//! found, in files of `run`; `codec` and `keys` lay both out; `door` answers; `closed` proves
//! that a view was closed in good order; `recover` opens it, puts a damaged one aside, and
//! brings it up to the journal. `plain` is all of it in memory.

mod closed;
mod codec;
mod door;
mod fold;
mod keys;
mod names;
mod plain;
mod recover;
mod run;
mod store;
mod window;

pub use plain::plain;
pub use recover::{Progress, open, set_aside};

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
    /// Other numbers that it gave later, up to eight: they too lead here.
    pub further_references: Vec<String>,
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
    pub event: &'static str,
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

    /// Folds committed entries, in order and without a gap. Entries that are applied already
    /// change nothing. Messages are not looked at. A start after a crash finds all of a call or
    /// nothing of it; of a call with more than some hundred entries it may find a part, and
    /// then makes the view again.
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

    /// Writes everything out and leaves a proof that the view was closed in good order, by
    /// which the next start need not look at every row. Whatever is asked later fails.
    ///
    /// # Errors
    /// A store that fails.
    fn close(&self) -> Result<(), Fault>;
}

impl Row {
    /// Whether the authority gave it this number.
    fn has_number(&self, number: &str) -> bool {
        let first = self.authority_reference.as_deref().into_iter();
        let mut all = first.chain(self.further_references.iter().map(String::as_str));
        all.any(|own| own == number)
    }
}

/// The last entry that something reflects. By its id the journal is known again: a view of
/// another journal, or of one that was taken back and went on otherwise, has another there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    location: Location,
    id: Id,
}

impl Last {
    /// Bytes of it.
    const LENGTH: usize = Location::LENGTH + 16;

    fn of(location: Location, entry: &Entry) -> Last {
        Last {
            location,
            id: entry.id,
        }
    }

    /// The number of the entry after it.
    fn next(&self) -> u64 {
        self.location.index + 1
    }

    fn to_bytes(self) -> Vec<u8> {
        [self.location.to_bytes().as_slice(), self.id.0.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8; Last::LENGTH]) -> Option<Last> {
        let (location, id) = bytes.split_at(Location::LENGTH);
        Some(Last {
            location: Location::from_bytes(location)?,
            id: Id(uuid::Uuid::from_slice(id).ok()?),
        })
    }
}
