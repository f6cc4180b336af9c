//! Finds entries by their number. The segment is known; within it, headers are followed from
//! the nearest group that is known. What is met on the way becomes known, so that only the
//! first look into a segment follows all of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::fault::Fault;

use super::follow::{Damage, Follow, Found};
use super::group::{HEADER, entries};
use super::reader::Reader;
use super::segment::OPENING;
use super::{Location, Read as _};

/// Entries between two groups that are remembered: some forty bytes each, so a thousand million
/// entries take forty megabytes, and a look follows a thousand headers at most.
const MARK: u64 = 1024;

/// Groups whose places are known: first entry and offset in its segment.
#[derive(Default)]
pub struct Marks(Mutex<BTreeMap<u64, u64>>);

impl Marks {
    /// The last one at or before an entry.
    fn before(&self, index: u64) -> Option<(u64, u64)> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, offset) = marks.range(..=index).next_back()?;
        Some((*first, *offset))
    }

    fn insert(&self, first: u64, offset: u64) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.insert(first, offset);
    }
}

impl Reader {
    /// Where an entry stands; `None` if it is not committed.
    pub(super) fn locate(&self, index: u64) -> Result<Option<Location>, Fault> {
        if index >= self.committed() {
            return Ok(None);
        }
        let (segment, mut follow, found) = self.group_of(index)?;
        let damaged = |damage: Damage| self.damaged(segment, &damage);
        let nth = (index - found.header.first) as usize;
        let heads = follow.heads(&found).map_err(damaged)?;
        let entry = entries(heads).nth(nth).map(|(at, ..)| at);
        let at = entry.ok_or_else(|| damaged(missing(index, &found)))?;
        Ok(Some(Location {
            index,
            segment,
            group: found.offset,
            entry: (HEADER + at) as u32,
        }))
    }

    /// The heads of entries `from..to`, which have to be committed.
    pub(super) fn heads(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Fault> {
        let mut heads = Vec::new();
        let mut next = from;
        while next < to {
            let (segment, mut follow, found) = self.group_of(next)?;
            let lie = follow.heads(&found);
            let lie = lie.map_err(|damage| self.damaged(segment, &damage))?;
            let numbered = (found.header.first..).zip(entries(lie));
            let wanted = numbered.filter(|(number, _)| (next..to).contains(number));
            heads.extend(wanted.map(|(_, (.., head))| head.to_vec()));
            next = found.header.size();
        }
        Ok(heads)
    }

    /// The group that has a committed entry, and its segment.
    fn group_of(&self, index: u64) -> Result<(u32, Follow, Found), Fault> {
        let (segment, begin) = self.segment_of(index);
        let marked = self.marks.before(index);
        let (mut marked, offset) = marked
            .filter(|(first, _)| *first >= begin)
            .unwrap_or((begin, OPENING as u64));
        let mut follow = self.follow(segment, offset, marked)?;
        loop {
            let group = follow.group();
            let group = group.map_err(|damage| self.damaged(segment, &damage))?;
            let Some(found) = group else {
                let damage = Damage {
                    offset: follow.offset,
                    entry: index,
                    what: "the segment ends before the entry".to_owned(),
                };
                return Err(self.damaged(segment, &damage));
            };
            if found.header.first >= marked + MARK {
                marked = found.header.first;
                self.marks.insert(marked, found.offset);
            }
            if index < found.header.size() {
                return Ok((segment, follow, found));
            }
        }
    }
}

fn missing(index: u64, found: &Found) -> Damage {
    Damage {
        offset: found.offset,
        entry: index,
        what: "the entry is not whole".to_owned(),
    }
}
