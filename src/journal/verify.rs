//! Looks at everything: every group, entry and message, the chain of segments, the tree from
//! its first leaf, every signed root, the stored hashes. It takes no lock and changes nothing,
//! so it may look at the journal of a running gateway, or at a copy. It goes on after what is
//! wrong and names all of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::declaration::{Digest, Entry, Event};
use crate::fault::Fault;

use super::Settings;
use super::block::{PREFIX, Prefix};
use super::codec;
use super::follow::{Damage, Follow, Found, next_group};
use super::group::{Frame, Header, entries};
use super::merkle::{Frontier, Hash, leaf_hash};
use super::note::{self, Key, checkpoint};
use super::reader::open_segment;
use super::segment::{self, OPENING, Opening};
use super::tree::Tree;
use crate::disk::{self, Disk};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Segments that were looked at.
    pub segments: u64,
    /// Groups that are whole.
    pub groups: u64,
    /// Entries that are whole.
    pub entries: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// What is wrong: file, byte, entry, and what it is.
    pub damages: Vec<String>,
    /// The last group, where it is not whole: a gateway is just writing it, or a crash tore it
    /// and the next start cuts it.
    pub unfinished: Option<String>,
}

/// Hears how far it has come, bytes looked at and bytes in all, after each group; false ends the
/// look.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

/// A segment on its own: what needs no other.
#[derive(Default)]
struct Looked {
    opening: Option<Opening>,
    length: u64,
    /// Each group's header, with the leaves of its entries where they are whole.
    groups: Vec<(u64, Header, Option<Vec<Hash>>)>,
    damages: Vec<Damage>,
}

/// What all looks share.
struct Look<'a> {
    disk: &'a dyn Disk,
    settings: &'a Settings,
    keys: Vec<Key>,
    done: AtomicU64,
    ended: AtomicBool,
    total: u64,
    progress: Progress<'a>,
}

/// Verifies a journal. `threads` look at as many segments at once; each keeps the hashes of its
/// segment, some tens of megabytes.
///
/// # Errors
/// A folder without a journal, or without its public keys. Everything else is a damage.
pub fn verify(
    disk: Arc<dyn Disk>,
    settings: &Settings,
    threads: usize,
    progress: Progress,
) -> Result<Verified, Fault> {
    let folder = settings.folder.display();
    let fault = |error: io::Error| Fault::operator(format!("journal: {folder}: {error}"));
    let mut numbers = segment::numbers(&*disk, &settings.folder).map_err(fault)?;
    if let Some(archive) = &settings.archive {
        numbers.extend(segment::numbers(&*disk, archive).unwrap_or_default());
    }
    let Some(last) = numbers.iter().copied().max() else {
        return Err(Fault::operator(format!("journal: {folder} has no segment")));
    };
    let keys = disk::read(&*disk, &settings.folder.join("journal.pub")).map_err(fault)?;
    let keys = note::keys(&String::from_utf8_lossy(&keys))
        .map_err(|what| Fault::operator(format!("journal: {folder}: journal.pub: {what}")))?;
    let length = |number| {
        let file = open_segment(&*disk, settings, number).ok()?;
        file.length().ok()
    };
    let look = Look {
        disk: &*disk,
        settings,
        keys,
        done: AtomicU64::new(0),
        ended: AtomicBool::new(false),
        total: (0..=last).filter_map(length).sum(),
        progress,
    };
    // Only where it is: a look makes no files.
    let tree = settings.folder.join("tree");
    let stored = match disk.open(&tree.join("level-0")) {
        Ok(_) => Tree::open(disk.clone(), &tree).ok(),
        Err(_) => None,
    };
    let mut chain = Chain {
        look: &look,
        committed: stored.as_ref().and_then(|tree| tree.size().ok()),
        stored,
        last,
        frontier: Some(Frontier::default()),
        next: 0,
        before: None,
        verified: Verified::default(),
    };
    let all: Vec<u32> = (0..=last).collect();
    for some in all.chunks(threads.max(1)) {
        let looked: Vec<Looked> = std::thread::scope(|scope| {
            let looks: Vec<_> = some
                .iter()
                .map(|number| scope.spawn(|| look.segment(*number)))
                .collect();
            let joined = looks.into_iter().map(|look| look.join());
            joined.map(|looked| looked.unwrap_or_default()).collect()
        });
        if look.ended.load(Ordering::Relaxed) {
            return Err(Fault::for_now(format!(
                "journal: {folder}: the look was ended"
            )));
        }
        for (number, looked) in some.iter().zip(looked) {
            chain.add(*number, looked);
        }
    }
    Ok(chain.verified)
}

impl Look<'_> {
    fn segment(&self, number: u32) -> Looked {
        let mut looked = Looked::default();
        let damage = |offset, entry, what| Damage {
            offset,
            entry,
            what,
        };
        let file = match open_segment(self.disk, self.settings, number) {
            Ok(file) => file,
            Err(what) => {
                looked.damages.push(damage(0, 0, what));
                return looked;
            }
        };
        looked.length = file.length().unwrap_or(0);
        match Opening::of(&*file) {
            Ok(opening) => looked.opening = Some(opening),
            Err(what) => looked.damages.push(damage(0, 0, what)),
        }
        let first = match looked.opening {
            Some(opening) => opening.first,
            // Without an opening the first group says where it stands.
            None => next_group(&*file, OPENING as u64, looked.length)
                .ok()
                .flatten()
                .map_or(0, |found| found.header.first),
        };
        let mut follow = Follow::new(file.clone(), looked.length, OPENING as u64, first);
        while !self.ended.load(Ordering::Relaxed) {
            match follow.group() {
                Ok(None) => return looked,
                Ok(Some(found)) => {
                    let leaves = self.group(&mut follow, &found, &mut looked.damages);
                    let end = found.offset + found.header.length();
                    self.come_to(end - found.offset);
                    looked.groups.push((found.offset, found.header, leaves));
                }
                Err(damage) => {
                    // On to the next group that can be told as one.
                    let from = damage.offset + 1;
                    let next = next_group(&*file, from, looked.length).ok().flatten();
                    looked.damages.push(damage);
                    let Some(next) = next else { return looked };
                    follow.offset = next.offset;
                    follow.next = next.header.first;
                }
            }
        }
        looked
    }

    fn come_to(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if !(self.progress)(done, self.total) {
            self.ended.store(true, Ordering::Relaxed);
        }
    }

    /// The leaves of a group if all of it is whole.
    fn group(
        &self,
        follow: &mut Follow,
        found: &Found,
        damages: &mut Vec<Damage>,
    ) -> Option<Vec<Hash>> {
        let before = damages.len();
        let mut damage = |entry: u64, what: String| {
            damages.push(Damage {
                offset: found.offset,
                entry,
                what,
            });
        };
        let header = &found.header;
        let text = checkpoint(&self.settings.origin, header.size(), &header.root);
        let mut keys = self.keys.iter().rev();
        if !keys.any(|key| key.verify(&text, &header.signature)) {
            damage(
                header.first,
                "its root is signed by no known key".to_owned(),
            );
        }
        let heads = match follow.heads(found) {
            Ok(heads) => heads.to_vec(),
            Err(wrong) => {
                damage(wrong.entry, wrong.what);
                return None;
            }
        };
        let blocks = match follow.blocks(found) {
            Ok(blocks) => blocks,
            Err(wrong) => {
                damage(wrong.entry, wrong.what);
                return None;
            }
        };
        let mut leaves = Vec::with_capacity(header.count as usize);
        let mut unpacked = Unpacked::default();
        for (index, (_, frame, head)) in (header.first..).zip(entries(&heads)) {
            leaves.push(leaf_hash(head));
            if let Err(what) = entry(&frame, head, blocks, &mut unpacked) {
                damage(index, what);
            }
        }
        if leaves.len() as u32 != header.count {
            let entry = header.first + leaves.len() as u64;
            damage(entry, "the entry is not whole".to_owned());
        }
        (damages.len() == before).then_some(leaves)
    }
}

/// The block that was looked at last: where it lies, and its messages if it is whole.
#[derive(Default)]
struct Unpacked(Option<(u32, Option<Vec<u8>>)>);

impl Unpacked {
    /// The messages of a block; `None` if it was named as damaged already.
    fn block(&mut self, at: u32, blocks: &[u8]) -> Result<Option<&[u8]>, String> {
        if self.0.as_ref().is_none_or(|(known, _)| *known != at) {
            self.0 = Some((at, None));
            let rest = blocks.get(at as usize..).unwrap_or_default();
            let (prefix, rest) = rest
                .split_first_chunk::<PREFIX>()
                .ok_or("its block is missing")?;
            let prefix = Prefix::from_bytes(prefix);
            let stored = rest.get(..prefix.stored).ok_or("its block is cut short")?;
            self.0 = Some((at, Some(prefix.unpack(stored)?)));
        }
        Ok(self.0.as_ref().and_then(|(_, raw)| raw.as_deref()))
    }
}

/// Whether an entry can be read, and its message is the one that its head names. A block that
/// is damaged is named by its first entry.
fn entry(frame: &Frame, head: &[u8], blocks: &[u8], unpacked: &mut Unpacked) -> Result<(), String> {
    let (entry, length) = codec::decode_head(head)?;
    if length != u64::from(frame.message) {
        return Err("head and frame differ in the length of the message".to_owned());
    }
    let message = if length == 0 {
        &[][..]
    } else {
        let Some(raw) = unpacked.block(frame.block, blocks)? else {
            return Ok(());
        };
        let from = frame.at as usize;
        raw.get(from..from.saturating_add(frame.message as usize))
            .ok_or("its block ends before it does")?
    };
    match digest(&entry) {
        Some(digest) if digest != Digest::of(message) => {
            Err("its message is not the one that was recorded".to_owned())
        }
        _ => Ok(()),
    }
}

fn digest(entry: &Entry) -> Option<Digest> {
    match &entry.event {
        Event::Recorded(recorded) => Some(recorded.digest),
        Event::Answered(answered) => Some(answered.digest),
        Event::Dispatched(_) | Event::Undeliverable(_) => None,
    }
}

/// What goes from segment to segment.
struct Chain<'a> {
    look: &'a Look<'a>,
    stored: Option<Tree>,
    /// How many entries had stored hashes before the look began: what lies behind them in the
    /// last segment may be on its way.
    committed: Option<u64>,
    last: u32,
    /// The tree so far; `None` once leaves are missing that nobody stored.
    frontier: Option<Frontier>,
    next: u64,
    /// Number and length of the segment before.
    before: Option<(u32, u64)>,
    verified: Verified,
}

impl Chain<'_> {
    fn add(&mut self, number: u32, looked: Looked) {
        self.verified.segments += 1;
        self.verified.bytes += looked.length;
        if let Some(opening) = looked.opening {
            self.opening(number, &opening);
        }
        let end = looked.groups.last();
        let end = end.map_or(0, |(offset, header, _)| offset + header.length());
        for damage in looked.damages {
            let torn = number == self.last
                && match self.committed {
                    Some(committed) => damage.entry >= committed,
                    // A copy without stored hashes: only what lies behind every whole group.
                    None => damage.offset >= end.max(OPENING as u64),
                };
            if torn {
                let at = segment::name(number);
                self.verified.unfinished = Some(format!("{at} from byte {}", damage.offset));
            } else {
                self.damage(number, damage);
            }
        }
        for (offset, header, leaves) in looked.groups {
            self.group(number, offset, &header, leaves);
        }
        self.before = Some((number, looked.length));
    }

    fn opening(&mut self, number: u32, opening: &Opening) {
        let root = self.frontier.as_ref().map(Frontier::root);
        let wrong = if opening.number != number {
            format!("the opening of segment {} lies here", opening.number)
        } else if let Some((before, length)) = self.before
            && length != opening.before
        {
            let before = segment::name(before);
            format!(
                "{before} has {length} bytes, and had {} when it was closed",
                opening.before
            )
        } else if opening.first != self.next {
            format!("it begins with entry {}, not {}", opening.first, self.next)
        } else if root.is_some_and(|root| root != opening.root) {
            "the segments before it come to another root".to_owned()
        } else {
            return;
        };
        let damage = Damage {
            offset: 0,
            entry: opening.first,
            what: wrong,
        };
        self.damage(number, damage);
    }

    fn group(&mut self, number: u32, offset: u64, header: &Header, leaves: Option<Vec<Hash>>) {
        if header.first != self.next {
            // Entries in between are named already; what is stored of them stands in.
            self.stand_in(self.next, header.first);
        }
        match leaves {
            Some(leaves) => {
                self.verified.groups += 1;
                self.verified.entries += leaves.len() as u64;
                self.compare(number, offset, header, &leaves);
                self.grow(&leaves);
            }
            None => self.stand_in(header.first, header.size()),
        }
        self.next = header.size();
        let root = self.frontier.as_ref().map(Frontier::root);
        if root.is_some_and(|root| root != header.root) {
            let damage = Damage {
                offset,
                entry: header.first,
                what: "its root is not that of the entries so far".to_owned(),
            };
            self.damage(number, damage);
            // One sentence is enough: every later root would differ too.
            self.frontier = None;
        }
    }

    /// Takes stored hashes for entries that cannot be read.
    fn stand_in(&mut self, from: u64, to: u64) {
        let stored = self.stored.as_ref().filter(|_| from < to);
        let stored = stored.and_then(|tree| tree.hashes(0, from, to - from).ok());
        match stored {
            Some(bytes) => {
                let (leaves, _) = bytes.as_chunks::<32>();
                self.grow(leaves);
            }
            None => self.frontier = None,
        }
    }

    fn grow(&mut self, leaves: &[Hash]) {
        if let Some(frontier) = &mut self.frontier
            && !leaves.is_empty()
        {
            *frontier = frontier.grow(leaves).frontier();
        }
    }

    /// Compares what is stored of the tree. What a running gateway has not stored yet is no
    /// damage.
    fn compare(&mut self, number: u32, offset: u64, header: &Header, leaves: &[Hash]) {
        let stored = self.stored.as_ref();
        let stored = stored.and_then(|tree| tree.hashes(0, header.first, leaves.len() as u64).ok());
        if stored.is_some_and(|stored| stored != leaves.as_flattened()) {
            let what = "the stored hashes of the group differ; a start without the folder `tree` makes them again";
            let damage = Damage {
                offset,
                entry: header.first,
                what: what.to_owned(),
            };
            self.damage(number, damage);
        }
    }

    fn damage(&mut self, number: u32, damage: Damage) {
        let settings = self.look.settings;
        let path = segment::path(&settings.folder, number);
        self.verified.damages.push(damage.of(&path));
    }
}
