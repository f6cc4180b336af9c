//! Reads committed entries, makes receipts again, and scans.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;

use crate::declaration::Entry;
use crate::fault::Fault;
use crate::telemetry;

use super::block::{PREFIX, Prefix};
use super::codec;
use super::follow::{Damage, Follow};
use super::group::{FRAME, Frame, HEADER, Header, entries};
use super::issue::Issuer;
use super::locate::Marks;
use super::merkle::{Hash, empty_root, leaf_hash, verify_inclusion};
use super::note::checkpoint;
use super::recover;
use super::segment::{self, OPENING};
use super::signer::Signer;
use super::tile::{self, Tile};
use super::tree::Tree;
use super::{Location, Read, Settings};
use crate::disk::{Disk, DiskFile};

/// Blocks kept unpacked: a lane reads messages in order, and its block is asked for again at
/// once. Each has some hundred kilobytes.
const BLOCKS_KEPT: usize = 8;

/// Segments kept open; a year of traffic has fifty.
const FILES_KEPT: usize = 256;

/// A block's segment, its offset there, and its messages.
type Block = (u32, u64, Arc<Vec<u8>>);

/// What a scan calls with each entry's place and head.
pub type EachHead<'a> = &'a mut dyn FnMut(Location, &[u8]) -> Result<(), Fault>;

/// See [`super::open`].
pub struct Reader {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) settings: Settings,
    pub(super) signer: Signer,
    pub(super) tree: Tree,
    /// Entries that are committed.
    committed: AtomicU64,
    /// The last group that is committed.
    latest: Mutex<Option<Header>>,
    /// Number of the first entry of each segment.
    firsts: RwLock<Vec<u64>>,
    /// Where some entries stand.
    pub(super) marks: Marks,
    /// One at a time makes stored hashes again.
    mending: Mutex<()>,
    files: Mutex<HashMap<u32, Arc<dyn DiskFile>>>,
    blocks: Mutex<VecDeque<Block>>,
}

impl Reader {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        settings: Settings,
        signer: Signer,
        tree: Tree,
        firsts: Vec<u64>,
        latest: Option<Header>,
    ) -> Reader {
        Reader {
            disk,
            settings,
            signer,
            tree,
            committed: AtomicU64::new(latest.as_ref().map_or(0, Header::size)),
            latest: Mutex::new(latest),
            firsts: RwLock::new(firsts),
            marks: Marks::default(),
            mending: Mutex::default(),
            files: Mutex::default(),
            blocks: Mutex::default(),
        }
    }

    /// Shows readers a group that is on disk now.
    pub(super) fn publish(&self, header: Header) {
        let committed = header.size();
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(header);
        self.committed.store(committed, Ordering::Release);
    }

    /// A further segment begins.
    pub(super) fn begin_segment(&self, first: u64) {
        let mut firsts = self.firsts.write().unwrap_or_else(PoisonError::into_inner);
        firsts.push(first);
    }

    /// Numbers of the first entries of all segments.
    fn firsts(&self) -> Vec<u64> {
        let firsts = self.firsts.read().unwrap_or_else(PoisonError::into_inner);
        firsts.clone()
    }

    /// The segment of a committed entry, and its first entry.
    pub(super) fn segment_of(&self, index: u64) -> (u32, u64) {
        let firsts = self.firsts();
        let number = firsts.partition_point(|first| *first <= index).max(1) - 1;
        (number as u32, firsts[number])
    }

    /// Follows a segment from a group of which the first entry is known.
    pub(super) fn follow(&self, number: u32, offset: u64, next: u64) -> Result<Follow, Fault> {
        let file = self.file(number)?;
        let end = file
            .length()
            .map_err(|error| Fault::ours(format!("journal: {error}")))?;
        Ok(Follow::new(file, end, offset, next))
    }

    fn path(&self, number: u32) -> PathBuf {
        segment::path(&self.settings.folder, number)
    }

    /// The file of a segment, in the journal's folder or in the archive.
    fn file(&self, number: u32) -> Result<Arc<dyn DiskFile>, Fault> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&number) {
            return Ok(file.clone());
        }
        let file = open_segment(&*self.disk, &self.settings, number).map_err(Fault::ours)?;
        if files.len() == FILES_KEPT {
            files.clear();
        }
        files.insert(number, file.clone());
        Ok(file)
    }

    pub(super) fn damaged(&self, number: u32, damage: &Damage) -> Fault {
        Fault::ours(damage.of(&self.path(number)))
    }

    fn wrong(&self, at: Location, what: impl Into<String>) -> Fault {
        let damage = Damage {
            offset: at.group + u64::from(at.entry),
            entry: at.index,
            what: what.into(),
        };
        self.damaged(at.segment, &damage)
    }

    /// Bytes of the segment of an entry.
    fn read(&self, at: Location, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let file = self.file(at.segment)?;
        let end = file
            .length()
            .map_err(|error| self.wrong(at, error.to_string()))?;
        // Before room is taken for what a damaged length asks for.
        if offset.checked_add(length).is_none_or(|last| last > end) {
            return Err(self.wrong(at, "the segment ends before the entry does"));
        }
        let mut bytes = vec![0; length as usize];
        let read = file.read_at(&mut bytes, offset);
        read.map_err(|error| self.wrong(at, error.to_string()))?;
        Ok(bytes)
    }

    /// The proof of a leaf in the tree after a group. Stored hashes are no part of the truth: one
    /// that is wrong must not become evidence, so all of them are made again then.
    fn proof(&self, index: u64, leaf: &Hash, header: &Header) -> Result<Vec<Hash>, Fault> {
        let size = header.size();
        let stored = || match self.tree.inclusion(index, size) {
            Ok(proof) => proof
                .filter(|proof| verify_inclusion(*leaf, index, size, proof, &header.root))
                .ok_or_else(|| format!("they do not lead from entry {index} to its root")),
            Err(error) => Err(error.to_string()),
        };
        if let Ok(proof) = stored() {
            return Ok(proof);
        }
        let _one = self.mending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(proof) = stored() {
            return Ok(proof);
        }
        telemetry::journal_hashes_rebuilt(self.committed());
        recover::fill(self, 0)?;
        stored().map_err(|what| self.stored_hashes(&what))
    }

    fn stored_hashes(&self, what: &str) -> Fault {
        let tree = self.settings.folder.join("tree");
        Fault::ours(format!(
            "journal: stored hashes: {what}; remove {} and start again, it is made anew",
            tree.display()
        ))
    }

    /// The signed checkpoint of the tree after a group.
    pub(super) fn note(&self, header: &Header) -> String {
        let text = checkpoint(&self.settings.origin, header.size(), &header.root);
        let key = self.signer.key(header.size());
        key.note(&text, &header.signature)
    }

    fn header(&self, at: Location) -> Result<Header, Fault> {
        let bytes = self.read(at, at.group, HEADER as u64)?;
        let header = Header::from_bytes(bytes.as_slice().try_into().expect("as many as asked for"))
            .ok_or_else(|| self.wrong(at, "no group begins where its group should"))?;
        if !(header.first..header.size()).contains(&at.index) {
            return Err(self.wrong(at, "another group lies here"));
        }
        Ok(header)
    }

    /// Frame and head of an entry, checked.
    fn head(&self, at: Location) -> Result<(Frame, Vec<u8>), Fault> {
        if at.index >= self.committed() {
            return Err(Fault::ours(format!(
                "journal: there is no entry {}",
                at.index
            )));
        }
        let offset = at.group + u64::from(at.entry);
        let frame = self.read(at, offset, FRAME as u64)?;
        let frame = Frame::from_bytes(frame.as_slice().try_into().expect("as many as asked for"));
        let head = self.read(at, offset + FRAME as u64, u64::from(frame.head))?;
        if frame.holds(&head) {
            Ok((frame, head))
        } else {
            Err(self.wrong(at, "it has another checksum"))
        }
    }

    /// The message of an entry.
    fn message(&self, at: Location, frame: &Frame) -> Result<Bytes, Fault> {
        if frame.message == 0 {
            return Ok(Bytes::new());
        }
        let block = at.group + self.header(at)?.blocks_at() + u64::from(frame.block);
        let raw = self.block(at, block)?;
        let from = frame.at as usize;
        let message = raw.get(from..from.saturating_add(frame.message as usize));
        let message = message.ok_or_else(|| self.wrong(at, "its block ends before it does"))?;
        Ok(Bytes::copy_from_slice(message))
    }

    /// A block, unpacked.
    fn block(&self, at: Location, offset: u64) -> Result<Arc<Vec<u8>>, Fault> {
        let kept = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |(segment, from, _): &&Block| (*segment, *from) == (at.segment, offset);
        if let Some((.., block)) = kept().iter().find(known) {
            return Ok(block.clone());
        }
        let prefix = self.read(at, offset, PREFIX as u64)?;
        let prefix = Prefix::from_bytes(prefix.as_slice().try_into().expect("as many as asked"));
        let stored = self.read(at, offset + PREFIX as u64, prefix.stored as u64)?;
        let raw = prefix
            .unpack(&stored)
            .map_err(|what| self.wrong(at, what))?;
        let raw = Arc::new(raw);
        let mut kept = kept();
        kept.truncate(BLOCKS_KEPT - 1);
        kept.push_front((at.segment, offset, raw.clone()));
        Ok(raw)
    }

    /// Calls `each` with the head of every entry from number `from` on, in order.
    pub(super) fn scan_heads(&self, from: u64, each: EachHead) -> Result<(), Fault> {
        let committed = self.committed();
        let (begin, _) = self.segment_of(from);
        for (number, first) in self.firsts().iter().enumerate().skip(begin as usize) {
            if *first >= committed {
                break;
            }
            let segment = number as u32;
            let damaged = |damage: Damage| self.damaged(segment, &damage);
            let mut follow = self.follow(segment, OPENING as u64, *first)?;
            while follow.next < committed
                && let Some(found) = follow.group().map_err(damaged)?
            {
                if found.header.size() <= from {
                    continue;
                }
                let mut index = found.header.first;
                for (at, _, head) in entries(follow.heads(&found).map_err(damaged)?) {
                    if index >= from {
                        let at = Location {
                            index,
                            segment,
                            group: found.offset,
                            entry: (HEADER + at) as u32,
                        };
                        each(at, head)?;
                    }
                    index += 1;
                }
                if index != found.header.size() {
                    return Err(damaged(Damage {
                        offset: found.offset,
                        entry: index,
                        what: "the entry is not whole".to_owned(),
                    }));
                }
            }
        }
        Ok(())
    }
}

impl Read for Reader {
    fn entry(&self, at: Location) -> Result<Entry, Fault> {
        let (frame, head) = self.head(at)?;
        let message = self.message(at, &frame)?;
        codec::decode(&head, message).map_err(|what| self.wrong(at, what))
    }

    fn receipt(&self, at: Location) -> Result<Bytes, Fault> {
        let (_, head) = self.head(at)?;
        let decoded = codec::decode_head(&head);
        let (entry, length) = decoded.map_err(|what| self.wrong(at, what))?;
        let header = self.header(at)?;
        let proof = self.proof(at.index, &leaf_hash(&head), &header)?;
        let issuer = Issuer::new(&proof, &self.note(&header));
        Ok(issuer.receipt(&entry, length, at.index, &head, 0..proof.len()))
    }

    fn locate(&self, index: u64) -> Result<Option<Location>, Fault> {
        Reader::locate(self, index)
    }

    fn checkpoint(&self) -> String {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some(header) => self.note(header),
            None => {
                let text = checkpoint(&self.settings.origin, 0, &empty_root());
                self.signer.key(0).note(&text, &self.signer.sign(&text))
            }
        }
    }

    fn tile(&self, tile: Tile) -> Result<tile::Found, Fault> {
        tile.read(self)
    }

    fn consistency(&self, from: u64, to: u64) -> Result<Option<Vec<Hash>>, Fault> {
        if to > self.committed() {
            return Ok(None);
        }
        let proof = self.tree.consistency(from, to);
        proof.map_err(|error| self.stored_hashes(&error.to_string()))
    }

    fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    fn scan(
        &self,
        from: u64,
        each: &mut dyn FnMut(Location, Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.scan_heads(from, &mut |at, head| {
            let decoded = codec::decode_head(head);
            let (entry, _) = decoded.map_err(|what| self.wrong(at, what))?;
            each(at, entry)
        })
    }
}

/// Opens a segment where it lies: in the journal's folder, or in the archive.
pub fn open_segment(
    disk: &dyn Disk,
    settings: &Settings,
    number: u32,
) -> Result<Arc<dyn DiskFile>, String> {
    let own = segment::path(&settings.folder, number);
    let archived = settings
        .archive
        .as_ref()
        .map(|folder| segment::path(folder, number));
    // Looked for twice here: it may be on its way to the archive, and that may be restored.
    for path in [Some(&own), archived.as_ref(), Some(&own)]
        .into_iter()
        .flatten()
    {
        match disk.open(path) {
            Ok(file) => return Ok(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("journal: {}: {error}", path.display())),
        }
    }
    let archive = match &archived {
        Some(path) => format!(", nor is {}", path.display()),
        None => String::new(),
    };
    Err(format!("journal: {} is missing{archive}", own.display()))
}
