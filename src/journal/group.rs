//! What one write looks like: a header that says everything about the group, then its
//! entries. The header comes first, so that whoever finds an entry finds its checkpoint
//! without reading on. Numbers are big-endian.
//!
//! ```text
//! group  = "TGJ1" first u64 | count u32 | body u32 | root 32 | signature 64 | crc(body) u32 | crc(header) u32
//! body   = entry*
//! entry  = head length u32 | message length u32 | crc(head and message) u32 | head | message
//! ```

use super::merkle::Hash;
use super::note::Signature;

/// Bytes of a group's header.
pub const HEADER: usize = 4 + 8 + 4 + 4 + 32 + 64 + 4 + 4;

/// Bytes before an entry's head.
pub const FRAME: usize = 12;

/// How a group begins.
pub const MAGIC: [u8; 4] = *b"TGJ1";

/// What stands before a group's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Number of its first entry.
    pub first: u64,
    /// How many entries it has.
    pub count: u32,
    /// Bytes of its entries.
    pub body: u32,
    /// Root of the tree after its last entry.
    pub root: Hash,
    /// Over the checkpoint of that tree.
    pub signature: Signature,
    /// CRC-32 of the body.
    pub body_crc: u32,
}

impl Header {
    /// Leaves of the tree after its last entry.
    pub fn size(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(MAGIC);
        bytes.extend(self.first.to_be_bytes());
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(self.body.to_be_bytes());
        bytes.extend(self.root);
        bytes.extend(self.signature);
        bytes.extend(self.body_crc.to_be_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes.try_into().expect("the parts add up to the header")
    }

    /// The reverse; `None` if these bytes are not a whole and undamaged header.
    pub fn from_bytes(bytes: &[u8; HEADER]) -> Option<Header> {
        let word =
            |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        if bytes[..4] != MAGIC || word(HEADER - 4) != crc32fast::hash(&bytes[..HEADER - 4]) {
            return None;
        }
        let header = Header {
            first: u64::from_be_bytes(bytes[4..12].try_into().expect("eight bytes")),
            count: word(12),
            body: word(16),
            root: bytes[20..52].try_into().expect("32 bytes"),
            signature: bytes[52..116].try_into().expect("64 bytes"),
            body_crc: word(116),
        };
        (header.count > 0 && header.first.checked_add(u64::from(header.count)).is_some())
            .then_some(header)
    }
}

/// One entry as it lies in a group.
pub struct Framed<'a> {
    pub head: &'a [u8],
    pub message: &'a [u8],
    /// Bytes of the whole, the frame included.
    pub length: usize,
}

/// Appends an entry's frame, head and message to a body; `encode` writes the head.
pub fn put_entry(
    out: &mut Vec<u8>,
    message: &[u8],
    encode: impl FnOnce(&mut Vec<u8>),
) -> std::ops::Range<usize> {
    let start = out.len();
    out.extend([0; FRAME]);
    encode(out);
    let head = start + FRAME..out.len();
    out.extend(message);
    let crc = crc32fast::hash(&out[start + FRAME..]);
    out[start..start + 4].copy_from_slice(&((head.end - head.start) as u32).to_be_bytes());
    out[start + 4..start + 8].copy_from_slice(&(message.len() as u32).to_be_bytes());
    out[start + 8..start + 12].copy_from_slice(&crc.to_be_bytes());
    head
}

/// Lengths of head and message, and the checksum, of an entry's frame.
pub fn frame(bytes: &[u8; FRAME]) -> (usize, usize, u32) {
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    (word(0) as usize, word(4) as usize, word(8))
}

/// The entry at the start of `bytes`; `None` if it is cut short or damaged.
pub fn entry(bytes: &[u8]) -> Option<Framed<'_>> {
    let (head, message, crc) = frame(bytes.get(..FRAME)?.try_into().ok()?);
    let length = FRAME.checked_add(head)?.checked_add(message)?;
    let rest = bytes.get(FRAME..length)?;
    let (head, message) = rest.split_at(head);
    (crc32fast::hash(rest) == crc).then_some(Framed {
        head,
        message,
        length,
    })
}
