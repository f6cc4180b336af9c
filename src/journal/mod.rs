//! The truth: an append-only journal. Entries are written in groups, groups lie one after
//! another in segments, and a group is on disk when its one `fdatasync` has returned. Every
//! entry is a leaf of a Merkle tree whose signed root stands in the header of its group, so
//! that a receipt can be made again at any time, byte for byte. `docs/journal.md` has the
//! format.
//!
//! `codec` entries as bytes · `block` their messages packed ·
//! `group` what one write looks like · `segment` a file of groups · `follow` from group to group ·
//! `writer` the only appender · `headroom` the day when the disk is full · `reader` everybody
//! else · `recover` what happens at start · `verify` looks at everything · `archive` moves
//! what is old · `merkle` and `tree` the hashes · `note` checkpoints as text · `signer` the key
//! and its files · `issue` makes receipts · `receipt` verifies them · `locate` entries by number ·
//! `tile` the log in pieces for others.

pub mod archive;
mod block;
mod codec;
mod follow;
mod group;
mod headroom;
pub mod issue;
mod locate;
pub mod merkle;
pub mod note;
mod reader;
pub mod receipt;
mod recover;
mod segment;
mod signer;
pub mod tile;
mod tree;
mod verify;
mod writer;

pub use codec::fuzz_codec;
pub use verify::{Progress, Verified, verify};

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use crate::declaration::Entry;
use crate::disk;
use crate::fault::Fault;

use merkle::Hash;
use tile::Tile;

/// Where an entry stands. Locations sort as entries do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Number of the entry, from 0; also its leaf in the Merkle tree.
    pub index: u64,
    /// Number of its segment.
    pub segment: u32,
    /// Offset of its group in the segment.
    pub group: u64,
    /// Offset of the entry from the start of its group.
    pub entry: u32,
}

impl Location {
    /// Bytes of a location.
    pub const LENGTH: usize = 24;

    /// Big-endian, so that bytes sort as locations do.
    pub fn to_bytes(self) -> [u8; Location::LENGTH] {
        let mut bytes = [0; Location::LENGTH];
        bytes[..8].copy_from_slice(&self.index.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.segment.to_be_bytes());
        bytes[12..20].copy_from_slice(&self.group.to_be_bytes());
        bytes[20..].copy_from_slice(&self.entry.to_be_bytes());
        bytes
    }

    /// The reverse; `None` for another number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Location> {
        if bytes.len() != Location::LENGTH {
            return None;
        }
        Some(Location {
            index: u64::from_be_bytes(bytes[..8].try_into().ok()?),
            segment: u32::from_be_bytes(bytes[8..12].try_into().ok()?),
            group: u64::from_be_bytes(bytes[12..20].try_into().ok()?),
            entry: u32::from_be_bytes(bytes[20..].try_into().ok()?),
        })
    }
}

/// The writer. There is one, and one thread has it.
pub trait Append: Send {
    /// Appends a group with one write and one sync. When it returns, every entry is on disk.
    ///
    /// # Errors
    /// A full disk, which may be over at the next call ([`Retry::Later`]); nothing of the group
    /// is on disk. Or what went wrong with the write or the sync ([`Retry::Never`]): nothing of
    /// the group may be receipted, and every later call fails with the same reason, because a
    /// sync that failed is not tried again as though nothing had happened.
    ///
    /// [`Retry::Later`]: crate::fault::Retry::Later
    /// [`Retry::Never`]: crate::fault::Retry::Never
    fn append(&mut self, group: &[Entry]) -> Result<Committed, Fault>;

    /// Whether there is room for a group now.
    ///
    /// # Errors
    /// As [`Append::append`].
    fn room(&mut self) -> Result<(), Fault>;

    /// The number that the next entry gets.
    fn next_index(&self) -> u64;
}

/// What a committed group gives back, entry by entry.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Where each stands.
    pub locations: Vec<Location>,
    /// The receipt of each `Recorded`; nothing for other events.
    pub receipts: Vec<Option<Bytes>>,
}

/// The readers. They see committed entries only.
pub trait Read: Send + Sync {
    /// The entry there.
    ///
    /// # Errors
    /// A location that leads nowhere, or bytes that are not what was written.
    fn entry(&self, at: Location) -> Result<Entry, Fault>;

    /// The receipt of the entry there: the same bytes every time.
    ///
    /// # Errors
    /// As [`Read::entry`].
    fn receipt(&self, at: Location) -> Result<Bytes, Fault>;

    /// Where the entry with this number stands; `None` if it is not committed.
    ///
    /// # Errors
    /// Damage, named by file and offset.
    fn locate(&self, index: u64) -> Result<Option<Location>, Fault>;

    /// The signed checkpoint of the log as it is.
    fn checkpoint(&self) -> String;

    /// A piece of the log, as C2SP tlog-tiles has it.
    ///
    /// # Errors
    /// As [`Read::locate`].
    fn tile(&self, tile: Tile) -> Result<tile::Found, Fault>;

    /// The proof that the log of `to` entries begins with that of `from`; `None` if it has not
    /// come so far, or `from` is the larger.
    ///
    /// # Errors
    /// Stored hashes that cannot be read.
    fn consistency(&self, from: u64, to: u64) -> Result<Option<Vec<Hash>>, Fault>;

    /// How many entries are committed.
    fn committed(&self) -> u64;

    /// Calls `each` for every entry from number `from` on, in order, until it returns an error.
    /// Their messages are left empty: whoever adds things up needs none, and they lie apart.
    ///
    /// # Errors
    /// That error, or damage, named by file and offset.
    fn scan(
        &self,
        from: u64,
        each: &mut dyn FnMut(Location, Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault>;
}

/// Where and how big.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its folder.
    pub folder: PathBuf,
    /// Where segments lie that were moved out of it.
    pub archive: Option<PathBuf>,
    /// Room kept for a full disk: what the view still writes and what an operator needs.
    pub headroom_bytes: u64,
    /// A segment is closed once it has this many bytes: few files for years of traffic, each
    /// small enough to be copied in seconds.
    pub segment_bytes_max: u64,
    /// Name of the log in checkpoints and receipts; traders know the gateway by it.
    pub origin: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            folder: PathBuf::from("journal"),
            archive: None,
            headroom_bytes: 64 << 20,
            segment_bytes_max: 256 << 20,
            origin: "tongguan".to_owned(),
        }
    }
}

/// Writer and reader of one journal.
pub type Opened = (Box<dyn Append>, Arc<dyn Read>);

/// The head of an entry: everything but its message. It is the data of the entry's leaf.
pub fn head(entry: &Entry) -> Vec<u8> {
    let mut head = Vec::new();
    codec::encode_head(entry, &mut head);
    head
}

/// Makes a new signing key, or finds the one that waits already, and gives its public key. It
/// comes into force when the journal is opened again.
///
/// # Errors
/// A folder that has no key yet, or files that cannot be read or written.
pub fn rotate(settings: &Settings) -> Result<note::Key, Fault> {
    let rotated = signer::rotate(&disk::LocalDisk, &settings.folder, &settings.origin);
    rotated.map_err(|error| Fault::operator(format!("journal: {error}")))
}

/// Opens the journal, or creates it with a new signing key. A group that a crash tore at the
/// very end is cut off and kept aside.
///
/// # Errors
/// A folder that another process has open, or damage anywhere but at the very end: named by
/// file and offset, and never passed over.
pub fn open(settings: &Settings) -> Result<Opened, Fault> {
    open_on(Arc::new(disk::LocalDisk), settings)
}

/// The same on another disk.
///
/// # Errors
/// As [`open`].
pub fn open_on(disk: Arc<dyn disk::Disk>, settings: &Settings) -> Result<Opened, Fault> {
    let (writer, reader) = recover::open(disk, settings)?;
    Ok((Box::new(writer), reader))
}
