//! Finds entries by their number. Segments are searched by the first entry of each; within one,
//! headers are followed from the nearest group that is known. What is met on the way becomes
//! known, so that only the first look into a segment follows all of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::fault::Fault;

use super::group::{self, HEADER, Header};
use super::reader::Reader;
use super::{Location, Read as _};

/// Entries between two groups that are remembered: some forty bytes each, so a thousand million
/// entries take forty megabytes, and a look follows a thousand headers at most.
const MARK: u64 = 1024;

/// Groups whose places are known: first entry, segment and offset.
#[derive(Default)]
pub struct Marks(Mutex<BTreeMap<u64, (u32, u64)>>);

impl Marks {
    /// The last one at or before an entry.
    fn before(&self, index: u64) -> Option<(u64, u32, u64)> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, (segment, offset)) = marks.range(..=index).next_back()?;
        Some((*first, *segment, *offset))
    }

    fn insert(&self, first: u64, segment: u32, offset: u64) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.insert(first, (segment, offset));
    }
}

impl Reader {
    /// Where an entry stands; `None` if it is not committed.
    pub(super) fn locate(&self, index: u64) -> Result<Option<Location>, Fault> {
        let Some((segment, offset, header)) = self.group_of(index)? else {
            return Ok(None);
        };
        let mut found = None;
        self.framed(segment, offset, &header, |number, at, _| {
            if number == index {
                found = Some(at);
            }
        })?;
        Ok(found.map(|at| Location {
            index,
            segment,
            group: offset,
            entry: (HEADER + at) as u32,
        }))
    }

    /// The heads of entries `from..to`, which have to be committed.
    pub(super) fn heads(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Fault> {
        let mut heads = Vec::new();
        let mut next = from;
        while next < to {
            let Some((segment, offset, header)) = self.group_of(next)? else {
                return Err(Fault::ours(format!("journal: there is no entry {next}")));
            };
            self.framed(segment, offset, &header, |number, _, head| {
                if (next..to).contains(&number) {
                    heads.push(head.to_vec());
                }
            })?;
            next = header.size();
        }
        Ok(heads)
    }

    /// Calls `each` with the number, the place in the body and the head of every entry of a
    /// group.
    fn framed(
        &self,
        segment: u32,
        offset: u64,
        header: &Header,
        mut each: impl FnMut(u64, usize, &[u8]),
    ) -> Result<(), Fault> {
        let body = self.read(segment, offset + HEADER as u64, header.body as usize)?;
        let mut at = 0;
        for number in header.first..header.size() {
            let framed = group::entry(&body[at..])
                .ok_or_else(|| self.damaged(segment, offset, &format!("entry {number}")))?;
            each(number, at, framed.head);
            at += framed.length;
        }
        Ok(())
    }

    /// The group that has an entry: segment, offset, header.
    fn group_of(&self, index: u64) -> Result<Option<(u32, u64, Header)>, Fault> {
        if index >= self.committed() {
            return Ok(None);
        }
        let (mut marked, known, place) = self.marks.before(index).unwrap_or((0, 0, 0));
        let segment = self.segment_of(index, known)?;
        let mut offset = if segment == known { place } else { 0 };
        loop {
            let header = self.header(segment, offset)?;
            if header.first > index {
                return Err(self.damaged(segment, offset, &format!("entry {index} is missing")));
            }
            if header.first >= marked + MARK {
                marked = header.first;
                self.marks.insert(marked, segment, offset);
            }
            if index < header.size() {
                return Ok(Some((segment, offset, header)));
            }
            offset += HEADER as u64 + u64::from(header.body);
        }
    }

    /// The last segment from `known` on that does not begin behind an entry.
    fn segment_of(&self, index: u64, known: u32) -> Result<u32, Fault> {
        let (mut low, mut high) = (known, self.latest_segment());
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.header(middle, 0)?.first <= index {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(low)
    }
}
