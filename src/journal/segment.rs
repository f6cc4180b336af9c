//! A segment is a file of groups. It begins with an opening that says which segment it is,
//! which entry comes first, and how the segment before it ended: so the segments are a chain,
//! and one that is missing, cut, foreign or of another version is noticed at once.
//!
//! ```text
//! segment = opening group*
//! opening = "TGS2" version u32 | number u32 | first u64 | length of the one before u64
//!           | root at its end 32 | crc u32
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::merkle::Hash;
use crate::disk::{Disk, DiskFile, in_doubt, write_aside};

/// Bytes of an opening.
pub const OPENING: usize = 4 + 4 + 4 + 8 + 8 + 32 + 4;

const MAGIC: [u8; 4] = *b"TGS2";

/// A later version gets a later number.
const VERSION: u32 = 2;

/// What a segment begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Its number, from 0.
    pub number: u32,
    /// Number of its first entry.
    pub first: u64,
    /// Bytes of the segment before it; 0 for the first one.
    pub before: u64,
    /// Root of the tree of all entries before it.
    pub root: Hash,
}

impl Opening {
    /// Its bytes.
    pub fn to_bytes(self) -> [u8; OPENING] {
        let mut bytes = Vec::with_capacity(OPENING);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend(self.number.to_be_bytes());
        bytes.extend(self.first.to_be_bytes());
        bytes.extend(self.before.to_be_bytes());
        bytes.extend(self.root);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes.try_into().expect("the parts add up to the opening")
    }

    /// The reverse.
    ///
    /// # Errors
    /// What is wrong with these bytes.
    pub fn from_bytes(bytes: &[u8; OPENING]) -> Result<Opening, String> {
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
        let long = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight"));
        if bytes[..4] == *b"TGJ1" {
            return Err("a journal of version 1, which this gateway cannot read".to_owned());
        }
        if bytes[..4] != MAGIC || word(OPENING - 4) != crc32fast::hash(&bytes[..OPENING - 4]) {
            return Err("not the opening of a segment".to_owned());
        }
        if word(4) != VERSION {
            return Err(format!(
                "a journal of version {}, which this gateway cannot read",
                word(4)
            ));
        }
        Ok(Opening {
            number: word(8),
            first: long(12),
            before: long(20),
            root: bytes[28..60].try_into().expect("32 bytes"),
        })
    }

    /// Reads the opening of an open segment.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(file: &dyn DiskFile) -> Result<Opening, String> {
        let mut bytes = [0; OPENING];
        file.read_at(&mut bytes, 0)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => "it ends within its opening".to_owned(),
                _ => error.to_string(),
            })?;
        Opening::from_bytes(&bytes)
    }
}

/// The name of a segment's file.
pub fn name(number: u32) -> String {
    format!("segment-{number:08}.tgj")
}

/// The file of a segment.
pub fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(name(number))
}

/// The numbers of the segments in a folder, sorted.
///
/// # Errors
/// A folder that cannot be read.
pub fn numbers(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<u32>> {
    let names = disk.names(folder)?;
    let mut numbers: Vec<u32> = names
        .iter()
        .filter_map(|name| name.strip_prefix("segment-")?.strip_suffix(".tgj"))
        .filter_map(|number| number.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Creates a segment. It gets its name when its opening is on disk, so it is whole or absent;
/// when this returns, it is there to stay.
///
/// # Errors
/// The disk's. A file that a crash left on the way is in nobody's way.
pub fn create(disk: &dyn Disk, folder: &Path, opening: Opening) -> io::Result<Arc<dyn DiskFile>> {
    let path = path(folder, opening.number);
    write_aside(disk, &path, &opening.to_bytes())?;
    // It is there now, so a failure is not one before it.
    disk.open(&path).map_err(in_doubt)
}
