//! Reads committed entries, makes receipts again, and scans.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::declaration::Entry;
use crate::fault::Fault;

use super::codec;
use super::group::{self, FRAME, HEADER, Header};
use super::issue::Issuer;
use super::locate::Marks;
use super::merkle::{Hash, empty_root, leaf_hash, verify_inclusion};
use super::note::checkpoint;
use super::signer::Signer;
use super::tile::{self, Tile};
use super::tree::Tree;
use super::writer::segment_path;
use super::{Location, Read};

/// See [`super::open`].
pub struct Reader {
    pub(super) folder: PathBuf,
    pub(super) origin: String,
    pub(super) signer: Signer,
    pub(super) tree: Tree,
    /// Entries that are committed.
    pub(super) committed: AtomicU64,
    /// The last group that is committed, and its segment.
    pub(super) latest: Mutex<Option<(u32, Header)>>,
    /// Where some entries stand.
    pub(super) marks: Marks,
    /// Open segments; there are few, and they are big.
    pub(super) files: Mutex<HashMap<u32, Arc<File>>>,
}

impl Reader {
    pub(super) fn publish(&self, segment: u32, header: Header) {
        let committed = header.size();
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((segment, header));
        self.committed.store(committed, Ordering::Release);
    }

    /// The segment of the last committed group.
    pub(super) fn latest_segment(&self) -> u32 {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.as_ref().map_or(0, |(segment, _)| *segment)
    }

    fn file(&self, segment: u32) -> Result<Arc<File>, Fault> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&segment) {
            return Ok(file.clone());
        }
        let path = segment_path(&self.folder, segment);
        let file = File::open(&path)
            .map_err(|error| Fault::ours(format!("journal: {}: {error}", path.display())))?;
        let file = Arc::new(file);
        files.insert(segment, file.clone());
        Ok(file)
    }

    pub(super) fn damaged(&self, segment: u32, offset: u64, what: &str) -> Fault {
        let path = segment_path(&self.folder, segment);
        Fault::ours(format!(
            "journal: {} is damaged at byte {offset}: {what}",
            path.display()
        ))
    }

    pub(super) fn read(&self, segment: u32, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let file = self.file(segment)?;
        let end = file
            .metadata()
            .map_err(|error| self.damaged(segment, offset, &error.to_string()))?
            .len();
        if offset
            .checked_add(length as u64)
            .is_none_or(|last| last > end)
        {
            return Err(self.damaged(segment, offset, "it ends before its entry does"));
        }
        let mut bytes = vec![0; length];
        let read = file.read_exact_at(&mut bytes, offset);
        read.map_err(|error| self.damaged(segment, offset, &error.to_string()))?;
        Ok(bytes)
    }

    /// Head and message of the entry there, checked.
    fn parts(&self, at: Location) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        if at.index >= self.committed() {
            return Err(Fault::ours(format!(
                "journal: there is no entry {}",
                at.index
            )));
        }
        let offset = at.group + u64::from(at.entry);
        let frame: [u8; FRAME] = self
            .read(at.segment, offset, FRAME)?
            .try_into()
            .expect("read that many");
        let (head, message, crc) = group::frame(&frame);
        let bytes = self.read(
            at.segment,
            offset + FRAME as u64,
            head.saturating_add(message),
        )?;
        if crc32fast::hash(&bytes) != crc {
            return Err(self.damaged(
                at.segment,
                offset,
                &format!("entry {} has another checksum", at.index),
            ));
        }
        let (head, message) = bytes.split_at(head);
        Ok((head.to_vec(), message.to_vec()))
    }

    /// The signed checkpoint of the tree after a group.
    fn note(&self, header: &Header) -> String {
        let text = checkpoint(&self.origin, header.size(), &header.root);
        let key = self.signer.key(header.size());
        key.note(&text, &header.signature)
    }

    pub(super) fn header(&self, segment: u32, offset: u64) -> Result<Header, Fault> {
        let bytes: [u8; HEADER] = self
            .read(segment, offset, HEADER)?
            .try_into()
            .expect("read that many");
        Header::from_bytes(&bytes)
            .ok_or_else(|| self.damaged(segment, offset, "not the header of a group"))
    }
}

impl Read for Reader {
    fn entry(&self, at: Location) -> Result<Entry, Fault> {
        let (head, message) = self.parts(at)?;
        codec::decode(&head, &message).map_err(|what| {
            self.damaged(at.segment, at.group, &format!("entry {}: {what}", at.index))
        })
    }

    fn receipt(&self, at: Location) -> Result<Bytes, Fault> {
        let (head, _) = self.parts(at)?;
        let (entry, length) = codec::decode_head(&head).map_err(|what| {
            self.damaged(at.segment, at.group, &format!("entry {}: {what}", at.index))
        })?;
        let header = self.header(at.segment, at.group)?;
        if !(header.first..header.size()).contains(&at.index) {
            return Err(self.damaged(at.segment, at.group, "another group than the location says"));
        }
        let proof = self.tree.inclusion(at.index, header.size());
        let proof = proof
            .map_err(|error: io::Error| Fault::ours(format!("journal: stored hashes: {error}")))?
            .unwrap_or_default();
        // A stored hash that is wrong is found here and not by the trader.
        let leaf = leaf_hash(&head);
        if !verify_inclusion(leaf, at.index, header.size(), &proof, &header.root) {
            return Err(Fault::ours(format!(
                "journal: stored hashes: they do not lead from entry {} to its root; \
                 remove {} and start again, it is made anew",
                at.index,
                self.folder.join("tree").display()
            )));
        }
        let issuer = Issuer::new(&proof, &self.note(&header));
        Ok(issuer.receipt(&entry, length, at.index, &head, 0..proof.len()))
    }

    fn locate(&self, index: u64) -> Result<Option<Location>, Fault> {
        Reader::locate(self, index)
    }

    fn checkpoint(&self) -> String {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some((_, header)) => self.note(header),
            None => {
                let text = checkpoint(&self.origin, 0, &empty_root());
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
        proof.map_err(|error| Fault::ours(format!("journal: stored hashes: {error}")))
    }

    fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    fn scan(
        &self,
        from: u64,
        each: &mut dyn FnMut(Location, Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let committed = self.committed();
        let mut segment = 0;
        let mut offset = 0;
        let mut next = 0;
        while next < committed {
            let end = self
                .file(segment)?
                .metadata()
                .map(|file| file.len())
                .unwrap_or(0);
            if offset >= end {
                segment += 1;
                offset = 0;
                continue;
            }
            let header = self.header(segment, offset)?;
            if header.first != next {
                let what = format!("entry {next} should be here, not {}", header.first);
                return Err(self.damaged(segment, offset, &what));
            }
            next = header.size();
            if next > from {
                let body = self.read(segment, offset + HEADER as u64, header.body as usize)?;
                if crc32fast::hash(&body) != header.body_crc {
                    let what = format!("the group of entry {} has another checksum", header.first);
                    return Err(self.damaged(segment, offset, &what));
                }
                let mut at = 0;
                for index in header.first..next {
                    let damaged = |what: &str| {
                        self.damaged(segment, offset, &format!("entry {index}: {what}"))
                    };
                    let framed = group::entry(&body[at..]).ok_or_else(|| damaged("cut short"))?;
                    if index >= from {
                        let entry = codec::decode(framed.head, framed.message)
                            .map_err(|what| damaged(&what))?;
                        let location = Location {
                            index,
                            segment,
                            group: offset,
                            entry: (HEADER + at) as u32,
                        };
                        each(location, entry)?;
                    }
                    at += framed.length;
                }
            }
            offset += HEADER as u64 + u64::from(header.body);
        }
        Ok(())
    }
}
