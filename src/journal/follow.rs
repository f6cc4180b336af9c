//! Follows a segment from group to group, reading ahead; what is not as it was written is named.

use std::io;
use std::sync::Arc;

use super::group::{HEADER, Header, MAGIC};
use crate::disk::DiskFile;

/// Bytes read at once: groups of a loaded gateway have some hundred kilobytes.
const AHEAD: u64 = 1 << 20;

/// A segment on the way from its beginning to its end.
pub struct Follow {
    file: Arc<dyn DiskFile>,
    /// Where the segment ends for this reader.
    end: u64,
    /// Where the next group begins.
    pub offset: u64,
    /// Number of the entry that has to come next.
    pub next: u64,
    /// The disk could not read something: then nobody knows what lies there.
    pub unreadable: bool,
    /// What was read ahead, and from where.
    ahead: Vec<u8>,
    from: u64,
}

/// What is wrong in a segment, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Byte of the segment.
    pub offset: u64,
    /// Number of the entry.
    pub entry: u64,
    /// What it is.
    pub what: String,
}

/// A group that was come by.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where it begins.
    pub offset: u64,
    /// What stands before its entries.
    pub header: Header,
}

impl Follow {
    /// Follows `file` from `offset`, where the group of entry `next` begins, to `end`.
    pub fn new(file: Arc<dyn DiskFile>, end: u64, offset: u64, next: u64) -> Follow {
        Follow {
            file,
            end,
            offset,
            next,
            unreadable: false,
            ahead: Vec::new(),
            from: 0,
        }
    }

    /// Comes by the next group; `None` at the end.
    ///
    /// # Errors
    /// A group that is not whole, or not the one that has to follow.
    pub fn group(&mut self) -> Result<Option<Found>, Damage> {
        if self.offset >= self.end {
            return Ok(None);
        }
        let (offset, next) = (self.offset, self.next);
        let damage = |what: &str| Damage {
            offset,
            entry: next,
            what: what.to_owned(),
        };
        let bytes = self.bytes(offset, HEADER as u64)?;
        let bytes = bytes.ok_or_else(|| damage("the segment ends within a group's header"))?;
        let header = Header::from_bytes(bytes.try_into().expect("as many as asked for"))
            .ok_or_else(|| damage("this is not the header of a group"))?;
        if header.first != next {
            return Err(damage(&format!(
                "a group of entry {} lies here",
                header.first
            )));
        }
        if header.length() > self.end - offset {
            return Err(damage("the segment ends within a group"));
        }
        self.offset += header.length();
        self.next = header.size();
        Ok(Some(Found { offset, header }))
    }

    /// The entries of a group that was come by, as they lie there.
    ///
    /// # Errors
    /// Other bytes than were written.
    pub fn heads(&mut self, found: &Found) -> Result<&[u8], Damage> {
        let damage = Damage {
            offset: found.offset,
            entry: found.header.first,
            what: "the entries of the group have another checksum".to_owned(),
        };
        let (from, length) = (found.offset + HEADER as u64, found.header.heads);
        match self.bytes(from, u64::from(length))? {
            Some(heads) if crc32fast::hash(heads) == found.header.heads_crc => Ok(heads),
            _ => Err(damage),
        }
    }

    /// The blocks of a group that was come by, as they lie there; each has its own checksum.
    ///
    /// # Errors
    /// A disk that cannot read them.
    pub fn blocks(&mut self, found: &Found) -> Result<&[u8], Damage> {
        let from = found.offset + found.header.blocks_at();
        let blocks = self.bytes(from, u64::from(found.header.blocks))?;
        Ok(blocks.expect("the group was whole when it was come by"))
    }

    /// Bytes of the segment; `None` if it ends before.
    fn bytes(&mut self, offset: u64, length: u64) -> Result<Option<&[u8]>, Damage> {
        if length > self.end.saturating_sub(offset) {
            return Ok(None);
        }
        let known = self.from..self.from + self.ahead.len() as u64;
        if !(known.contains(&offset) || length == 0) || offset + length > known.end {
            let wanted = length.max(AHEAD).min(self.end - offset);
            self.ahead.resize(wanted as usize, 0);
            self.from = offset;
            let read = self.file.read_at(&mut self.ahead, offset);
            if let Err(error) = read {
                self.ahead.clear();
                self.unreadable = true;
                let what = format!("it cannot be read: {error}");
                return Err(Damage {
                    offset,
                    entry: self.next,
                    what,
                });
            }
        }
        let at = (offset - self.from) as usize;
        Ok(Some(&self.ahead[at..at + length as usize]))
    }
}

/// The next place from `from` to `end` where a group's header lies undamaged.
///
/// # Errors
/// A disk that cannot be read.
pub fn next_group(file: &dyn DiskFile, from: u64, end: u64) -> io::Result<Option<Found>> {
    /// Bytes looked at together.
    const WINDOW: u64 = 4 << 20;
    let mut from = from;
    while from < end {
        // Windows overlap by a header, so that none is missed.
        let taken = (WINDOW + HEADER as u64).min(end - from);
        let mut bytes = vec![0; taken as usize];
        file.read_at(&mut bytes, from)?;
        let found = memchr::memmem::find_iter(&bytes, &MAGIC).find_map(|at| {
            let header = Header::from_bytes(bytes.get(at..at + HEADER)?.try_into().ok()?)?;
            let offset = from + at as u64;
            Some(Found { offset, header })
        });
        if found.is_some() {
            return Ok(found);
        }
        from += WINDOW;
    }
    Ok(None)
}

impl Damage {
    /// In words.
    pub fn of(&self, path: &std::path::Path) -> String {
        format!(
            "journal: {} is damaged at byte {}, entry {}: {}",
            path.display(),
            self.offset,
            self.entry,
            self.what
        )
    }
}
