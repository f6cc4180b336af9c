//! The only appender. A group is encoded into one buffer, hashed, signed, written and synced;
//! then its receipts are made.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::declaration::{Entry, Event};
use crate::fault::Fault;

use super::codec::{encode_head, message};
use super::group::{FRAME, HEADER, Header, put_entry};
use super::issue::Issuer;
use super::merkle::{Frontier, Hash, leaf_hash};
use super::note::checkpoint;
use super::reader::Reader;
use super::{Append, Committed, Location, Settings};

/// See [`super::open`].
pub struct Writer {
    pub(super) settings: Settings,
    pub(super) reader: Arc<Reader>,
    pub(super) frontier: Frontier,
    pub(super) next: u64,
    pub(super) segment: u32,
    pub(super) file: File,
    pub(super) length: u64,
    pub(super) buffer: Vec<u8>,
    /// Why nothing is appended any more.
    pub(super) broken: Option<Fault>,
    /// Held open: its lock keeps a second process out.
    pub(super) _lock: File,
}

/// The file of a segment.
pub fn segment_path(folder: &Path, segment: u32) -> PathBuf {
    folder.join(format!("segment-{segment:08}.tgj"))
}

/// Creates the file of a segment; when this returns, its name is on disk too.
pub fn create_segment(folder: &Path, segment: u32) -> io::Result<File> {
    let path = segment_path(folder, segment);
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create_new(true)
        .open(path)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(file)
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
        self.commit(group)
            .inspect_err(|fault| self.broken = Some(fault.clone()))
    }

    fn next_index(&self) -> u64 {
        self.next
    }
}

impl Writer {
    fn commit(&mut self, group: &[Entry]) -> Result<Committed, Fault> {
        let (entries, leaves) = self.encode(group)?;
        let grown = self.frontier.grow(&leaves);
        let (size, root) = (grown.size(), grown.root());
        let text = checkpoint(&self.settings.origin, size, &root);
        let signature = self.reader.signer.sign(&text);
        let body = self.buffer.len() - HEADER;
        let header = Header {
            first: self.next,
            count: group.len() as u32,
            body: u32::try_from(body)
                .map_err(|_| Fault::ours(format!("a group of {body} bytes")))?,
            root,
            signature,
            body_crc: crc32fast::hash(&self.buffer[HEADER..]),
        };
        self.buffer[..HEADER].copy_from_slice(&header.to_bytes());

        if self.length > 0
            && self.length + self.buffer.len() as u64 > self.settings.segment_bytes_max
        {
            self.roll()
                .map_err(|error| self.failed("beginning a segment", &error))?;
        }
        let at = self.length;
        self.file
            .write_all(&self.buffer)
            .map_err(|error| self.failed("writing", &error))?;
        self.file
            .sync_data()
            .map_err(|error| self.failed("syncing", &error))?;
        // From here on the group is on disk, whatever else happens.
        self.length += self.buffer.len() as u64;

        let note = self.reader.signer.key(size).note(&text, &header.signature);
        let issuer = Issuer::new(grown.nodes(), &note);
        let mut committed = Committed {
            locations: Vec::new(),
            receipts: Vec::new(),
        };
        for (number, (entry, (offset, head))) in group.iter().zip(&entries).enumerate() {
            let index = self.next + number as u64;
            committed.locations.push(Location {
                index,
                segment: self.segment,
                group: at,
                entry: *offset as u32,
            });
            committed.receipts.push(match &entry.event {
                Event::Recorded(_) => {
                    let head = &self.buffer[head.clone()];
                    let length = message(entry).len() as u64;
                    let path = grown.path(number);
                    Some(issuer.receipt(entry, length, index, head, path))
                }
                _ => None,
            });
        }
        let stored = self.reader.tree.extend(&grown);
        self.next = size;
        self.frontier = grown.frontier();
        self.reader.publish(self.segment, header);
        // Derived data: the group stands, but the next one would leave a gap in it.
        if let Err(error) = stored {
            self.broken = Some(self.failed("storing hashes", &error));
        }
        Ok(committed)
    }

    /// Encodes the group into the buffer, behind room for the header; gives where each entry
    /// and its head lie, and the leaves.
    #[allow(clippy::type_complexity)]
    fn encode(
        &mut self,
        group: &[Entry],
    ) -> Result<(Vec<(usize, std::ops::Range<usize>)>, Vec<Hash>), Fault> {
        self.buffer.clear();
        self.buffer.resize(HEADER, 0);
        let mut entries = Vec::with_capacity(group.len());
        let mut leaves = Vec::with_capacity(group.len());
        for entry in group {
            let offset = self.buffer.len();
            let head = put_entry(&mut self.buffer, message(entry), |out| {
                encode_head(entry, out)
            });
            debug_assert_eq!(head.start, offset + FRAME);
            leaves.push(leaf_hash(&self.buffer[head.clone()]));
            entries.push((offset, head));
        }
        Ok((entries, leaves))
    }

    fn roll(&mut self) -> io::Result<()> {
        self.file = create_segment(&self.settings.folder, self.segment + 1)?;
        self.segment += 1;
        self.length = 0;
        Ok(())
    }

    fn failed(&self, what: &str, error: &io::Error) -> Fault {
        let path = segment_path(&self.settings.folder, self.segment);
        Fault::ours(format!("journal: {what} {}: {error}", path.display()))
    }
}
