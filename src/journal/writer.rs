//! The only appender. A group is encoded into one buffer, hashed, signed, written and synced;
//! then its receipts are made.
//!
//! Two things can go wrong. A full disk is noticed before anything is written, by the headroom:
//! nothing is promised, and the next group may succeed. A write or a sync that fails is the
//! end: what is on disk is unknown, so nothing is appended any more until a start has looked.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::declaration::{Entry, Event};
use crate::fault::{Fault, Retry};

use super::block::Packer;
use super::codec::{encode_head, message};
use super::group::{HEADER, Header, put_entry};
use super::headroom::Headroom;
use super::issue::Issuer;
use super::merkle::{Frontier, Hash, prefixed_leaf_hash};
use super::note::checkpoint;
use super::reader::Reader;
use super::segment::{self, OPENING, Opening};
use super::{Append, Committed, Location};
use crate::disk::{DiskFile, in_doubt};

/// See [`super::open`].
pub struct Writer {
    pub(super) reader: Arc<Reader>,
    pub(super) frontier: Frontier,
    pub(super) next: u64,
    pub(super) segment: u32,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) length: u64,
    pub(super) headroom: Headroom,
    pub(super) packer: Packer,
    /// The group on its way: header, entries, blocks.
    pub(super) buffer: Vec<u8>,
    /// Why nothing is appended any more.
    pub(super) broken: Option<Fault>,
    /// Keeps a second process out.
    pub(super) _lock: Box<dyn Send + Sync>,
}

impl Append for Writer {
    fn append(&mut self, group: &[Entry]) -> Result<Committed, Fault> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        if group.is_empty() {
            return Ok(Committed {
                locations: Vec::new(),
                receipts: Vec::new(),
            });
        }
        let encoded = self.encode(group)?;
        self.headroom.check(self.buffer.len() as u64)?;
        self.commit(group, &encoded).inspect_err(|fault| {
            if fault.retry == Retry::Never {
                self.broken = Some(fault.clone());
            }
        })
    }

    fn room(&mut self) -> Result<(), Fault> {
        match &self.broken {
            Some(broken) => Err(broken.clone()),
            None => self.headroom.check(0),
        }
    }

    fn next_index(&self) -> u64 {
        self.next
    }
}

/// A group in the buffer, for which only the header is missing.
struct Encoded {
    /// Where each entry begins.
    entries: Vec<u32>,
    /// Where the head of each lies.
    heads: Vec<Range<usize>>,
    leaves: Vec<Hash>,
    /// Where the blocks begin.
    blocks: usize,
}

impl Writer {
    /// Encodes the group into the buffer, behind room for the header.
    fn encode(&mut self, group: &[Entry]) -> Result<Encoded, Fault> {
        let packing = |error: io::Error| Fault::ours(format!("journal: packing: {error}"));
        self.packer.clear();
        self.buffer.clear();
        self.buffer.resize(HEADER, 0);
        let mut encoded = Encoded {
            entries: Vec::with_capacity(group.len()),
            heads: Vec::with_capacity(group.len()),
            leaves: Vec::with_capacity(group.len()),
            blocks: 0,
        };
        for entry in group {
            let message = message(entry);
            let place = self.packer.put(message).map_err(packing)?;
            encoded.entries.push(self.buffer.len() as u32);
            let head = put_entry(&mut self.buffer, message.len() as u32, place, |out| {
                // The frame is still zero, so the byte before the head is that of a leaf.
                let leaf = out.len() - 1;
                encode_head(entry, out);
                encoded.leaves.push(prefixed_leaf_hash(&out[leaf..]));
            });
            encoded.heads.push(head);
        }
        encoded.blocks = self.buffer.len();
        let blocks = self.packer.finish().map_err(packing)?;
        self.buffer.extend_from_slice(blocks);
        match u32::try_from(self.buffer.len()) {
            Ok(_) => Ok(encoded),
            // What entries and blocks are found by has 32 bits.
            Err(_) => Err(Fault::ours(format!(
                "journal: a group of {} bytes",
                self.buffer.len()
            ))),
        }
    }

    fn commit(&mut self, group: &[Entry], encoded: &Encoded) -> Result<Committed, Fault> {
        let grown = self.frontier.grow(&encoded.leaves);
        let (size, root) = (grown.size(), grown.root());
        let text = checkpoint(&self.reader.settings.origin, size, &root);
        let header = Header {
            first: self.next,
            count: group.len() as u32,
            heads: (encoded.blocks - HEADER) as u32,
            blocks: (self.buffer.len() - encoded.blocks) as u32,
            root,
            signature: self.reader.signer.sign(&text),
            heads_crc: crc32fast::hash(&self.buffer[HEADER..encoded.blocks]),
        };
        self.buffer[..HEADER].copy_from_slice(&header.to_bytes());
        let at = self.write()?;

        // From here on the group is on disk, whatever else happens.
        let issuer = Issuer::new(grown.nodes(), &self.reader.note(&header));
        let mut committed = Committed {
            locations: Vec::with_capacity(group.len()),
            receipts: Vec::with_capacity(group.len()),
        };
        for (number, entry) in group.iter().enumerate() {
            let index = self.next + number as u64;
            committed.locations.push(Location {
                index,
                segment: self.segment,
                group: at,
                entry: encoded.entries[number],
            });
            committed.receipts.push(match &entry.event {
                Event::Recorded(_) => {
                    let head = &self.buffer[encoded.heads[number].clone()];
                    let length = message(entry).len() as u64;
                    Some(issuer.receipt(entry, length, index, head, grown.path(number)))
                }
                _ => None,
            });
        }
        let stored = self.reader.tree.extend(&grown);
        self.next = size;
        self.frontier = grown.frontier();
        self.reader.publish(header);
        // Derived data: the group stands, but the next one would leave a gap in it.
        if let Err(error) = stored {
            self.broken = Some(self.failed("storing hashes for", &error));
        }
        Ok(committed)
    }

    /// Writes the group and syncs it; gives where it lies.
    fn write(&mut self) -> Result<u64, Fault> {
        let bytes = self.buffer.len() as u64;
        if self.length > OPENING as u64
            && self.length + bytes > self.reader.settings.segment_bytes_max
        {
            self.roll()
                .map_err(|error| self.full_or_failed("beginning a segment after", &error))?;
        }
        let at = self.length;
        self.file
            .write_at(&self.buffer, at)
            .map_err(|error| self.full_or_failed("writing", &error))?;
        self.file
            .sync()
            .map_err(|error| self.failed("syncing", &error))?;
        self.length += bytes;
        Ok(at)
    }

    fn roll(&mut self) -> io::Result<()> {
        // What is stored of the tree is only ever made again from the last segment.
        self.reader.tree.sync().map_err(in_doubt)?;
        let opening = Opening {
            number: self.segment + 1,
            first: self.next,
            before: self.length,
            root: self.frontier.root(),
        };
        self.file = segment::create(&*self.reader.disk, &self.reader.settings.folder, opening)?;
        self.segment += 1;
        self.length = OPENING as u64;
        self.reader.begin_segment(self.next);
        Ok(())
    }

    /// Somebody else took the room between the look and the write. Nothing was synced, so the
    /// segment is cut to where it was, on disk too, because the next one may begin before
    /// anything else is written here; then the room is as good as never asked for.
    fn full_or_failed(&mut self, what: &str, error: &io::Error) -> Fault {
        let fault = self.failed(what, error);
        let full = error.kind() == io::ErrorKind::StorageFull
            && self.file.set_length(self.length).is_ok()
            && self.file.sync().is_ok()
            && self.headroom.give().is_ok();
        if full {
            Fault::for_now(fault.why)
        } else {
            fault
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> Fault {
        let path = segment::path(&self.reader.settings.folder, self.segment);
        Fault::ours(format!("journal: {what} {}: {error}", path.display()))
    }
}
