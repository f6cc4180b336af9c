//! What one write looks like: a header that says everything about the group, then the heads of
//! its entries, then their messages in compressed blocks. The header comes first, so that
//! whoever finds an entry finds its checkpoint without reading on; heads and messages lie
//! apart, so that whoever needs no messages reads past them. Numbers are big-endian.
//!
//! ```text
//! group  = "TGG2" first u64 | count u32 | heads u32 | blocks u32 | root 32 | signature 64
//!          | crc(heads) u32 | crc(header) u32 | entry* | block*
//! entry  = head length u32 | message length u32 | block u32 | at u32 | crc(entry) u32 | head
//! ```

use std::ops::Range;

use super::merkle::Hash;
use super::note::Signature;

/// Bytes of a group's header.
pub const HEADER: usize = 4 + 8 + 4 + 4 + 4 + 32 + 64 + 4 + 4;

/// Bytes before an entry's head.
pub const FRAME: usize = 20;

/// How a group begins.
pub const MAGIC: [u8; 4] = *b"TGG2";

/// What stands before a group's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Number of its first entry.
    pub first: u64,
    /// How many entries it has.
    pub count: u32,
    /// Bytes of its entries.
    pub heads: u32,
    /// Bytes of its blocks.
    pub blocks: u32,
    /// Root of the tree after its last entry.
    pub root: Hash,
    /// Over the checkpoint of that tree.
    pub signature: Signature,
    /// CRC-32 of the entries.
    pub heads_crc: u32,
}

impl Header {
    /// Leaves of the tree after its last entry.
    pub fn size(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// Bytes of the whole group.
    pub fn length(&self) -> u64 {
        HEADER as u64 + u64::from(self.heads) + u64::from(self.blocks)
    }

    /// Where its blocks begin, from its own beginning.
    pub fn blocks_at(&self) -> u64 {
        HEADER as u64 + u64::from(self.heads)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(MAGIC);
        bytes.extend(self.first.to_be_bytes());
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(self.heads.to_be_bytes());
        bytes.extend(self.blocks.to_be_bytes());
        bytes.extend(self.root);
        bytes.extend(self.signature);
        bytes.extend(self.heads_crc.to_be_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes.try_into().expect("the parts add up to the header")
    }

    /// The reverse; `None` if these bytes are not a whole and undamaged header.
    pub fn from_bytes(bytes: &[u8; HEADER]) -> Option<Header> {
        if bytes[..4] != MAGIC || word(bytes, HEADER - 4) != crc32fast::hash(&bytes[..HEADER - 4]) {
            return None;
        }
        let header = Header {
            first: u64::from_be_bytes(bytes[4..12].try_into().expect("eight bytes")),
            count: word(bytes, 12),
            heads: word(bytes, 16),
            blocks: word(bytes, 20),
            root: bytes[24..56].try_into().expect("32 bytes"),
            signature: bytes[56..120].try_into().expect("64 bytes"),
            heads_crc: word(bytes, 120),
        };
        (header.count > 0 && header.first.checked_add(u64::from(header.count)).is_some())
            .then_some(header)
    }
}

/// What stands before an entry's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Bytes of the head.
    pub head: u32,
    /// Bytes of the message, as it was sent; 0: it has none.
    pub message: u32,
    /// Where its block begins, from the first block of the group.
    pub block: u32,
    /// Where the message begins in the block, unpacked.
    pub at: u32,
    /// CRC-32 of all of the above and the head.
    crc: u32,
}

impl Frame {
    /// Reads a frame; whether it is true only [`Frame::holds`] says.
    pub fn from_bytes(bytes: &[u8; FRAME]) -> Frame {
        Frame {
            head: word(bytes, 0),
            message: word(bytes, 4),
            block: word(bytes, 8),
            at: word(bytes, 12),
            crc: word(bytes, 16),
        }
    }

    /// Whether frame and head are what was written.
    pub fn holds(&self, head: &[u8]) -> bool {
        self.crc == self.checksum(head)
    }

    fn checksum(&self, head: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for number in [self.head, self.message, self.block, self.at] {
            hasher.update(&number.to_be_bytes());
        }
        hasher.update(head);
        hasher.finalize()
    }
}

/// Appends an entry: its frame, and the head that `encode` writes. Gives where the head lies.
pub fn put_entry(
    out: &mut Vec<u8>,
    message: u32,
    (block, at): (u32, u32),
    encode: impl FnOnce(&mut Vec<u8>),
) -> Range<usize> {
    let start = out.len();
    out.extend([0; FRAME]);
    encode(out);
    let head = start + FRAME..out.len();
    let mut frame = Frame {
        head: head.len() as u32,
        message,
        block,
        at,
        crc: 0,
    };
    frame.crc = frame.checksum(&out[head.clone()]);
    let numbers = [frame.head, frame.message, frame.block, frame.at, frame.crc];
    for (number, place) in numbers.iter().zip(out[start..].chunks_exact_mut(4)) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    head
}

/// The entries of a group: of each where it begins, its frame and its head. Ends early where
/// bytes are not those of a whole and undamaged entry.
pub fn entries(heads: &[u8]) -> impl Iterator<Item = (usize, Frame, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let frame = Frame::from_bytes(heads.get(at..at + FRAME)?.try_into().ok()?);
        let from = at + FRAME;
        let head = heads.get(from..from.checked_add(frame.head as usize)?)?;
        let found = frame.holds(head).then_some((at, frame, head))?;
        at = from + head.len();
        Some(found)
    })
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
