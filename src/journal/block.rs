//! Messages of a group, several in one compressed block: they are much alike, so a block of
//! them takes a fraction of what each for itself would, and little time. One message is found
//! again by unpacking its block alone.
//!
//! ```text
//! block = raw length u32 | stored length u32 | form u8 | crc(block) u32 | bytes
//! ```
//!
//! Form 0 is the messages as they were sent, form 1 one frame of Zstandard (RFC 8878).

use zstd::bulk::{Compressor, decompress};

/// Bytes before what a block stores.
pub const PREFIX: usize = 4 + 4 + 1 + 4;

/// A block is closed once it holds this much: enough that messages share what they have in
/// common, little enough that unpacking it for one of them takes a fraction of a millisecond.
const RAW_CLOSED: usize = 128 << 10;

/// More than any block has: a message and those before it. Whoever reads a length beyond it
/// reads damage.
pub const RAW_MAX: usize = 256 << 20;

/// The quickest level of Zstandard's usual ones; `docs/journal.md` has what others gave.
const LEVEL: i32 = 1;

const PLAIN: u8 = 0;
const ZSTANDARD: u8 = 1;

/// Packs the messages of one group after another.
pub struct Packer {
    compressor: Compressor<'static>,
    /// Messages of the block that is open.
    raw: Vec<u8>,
    /// Blocks that are closed.
    packed: Vec<u8>,
    spare: Vec<u8>,
}

impl Packer {
    /// A packer with nothing in it.
    ///
    /// # Errors
    /// No memory for the compressor.
    pub fn new() -> std::io::Result<Packer> {
        Ok(Packer {
            compressor: Compressor::new(LEVEL)?,
            raw: Vec::new(),
            packed: Vec::new(),
            spare: Vec::new(),
        })
    }

    /// Takes a message; gives its block, counted from the first one, and its place in it.
    pub fn put(&mut self, message: &[u8]) -> std::io::Result<(u32, u32)> {
        if message.is_empty() {
            return Ok((0, 0));
        }
        if self.raw.len() >= RAW_CLOSED {
            self.close()?;
        }
        let place = (self.packed.len() as u32, self.raw.len() as u32);
        self.raw.extend_from_slice(message);
        Ok(place)
    }

    /// Ends the group and gives its blocks.
    pub fn finish(&mut self) -> std::io::Result<&[u8]> {
        if !self.raw.is_empty() {
            self.close()?;
        }
        Ok(&self.packed)
    }

    /// Forgets everything, for the next group.
    pub fn clear(&mut self) {
        self.raw.clear();
        self.packed.clear();
    }

    fn close(&mut self) -> std::io::Result<()> {
        self.spare.clear();
        self.spare
            .reserve(zstd::zstd_safe::compress_bound(self.raw.len()));
        self.compressor
            .compress_to_buffer(&self.raw, &mut self.spare)?;
        let (form, stored) = if self.spare.len() < self.raw.len() {
            (ZSTANDARD, &self.spare)
        } else {
            (PLAIN, &self.raw)
        };
        let start = self.packed.len();
        self.packed.extend((self.raw.len() as u32).to_be_bytes());
        self.packed.extend((stored.len() as u32).to_be_bytes());
        self.packed.push(form);
        let crc = checksum(&self.packed[start..], stored);
        self.packed.extend(crc.to_be_bytes());
        self.packed.extend_from_slice(stored);
        self.raw.clear();
        Ok(())
    }
}

/// What stands before what a block stores.
pub struct Prefix {
    raw: usize,
    /// Bytes that follow.
    pub stored: usize,
    form: u8,
    own: [u8; 9],
    crc: u32,
}

impl Prefix {
    /// Reads a prefix; whether it is true only [`Prefix::unpack`] says.
    pub fn from_bytes(bytes: &[u8; PREFIX]) -> Prefix {
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
        Prefix {
            raw: word(0) as usize,
            stored: word(4) as usize,
            form: bytes[8],
            own: bytes[..9].try_into().expect("nine bytes"),
            crc: word(9),
        }
    }

    /// The messages of the block.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn unpack(&self, stored: &[u8]) -> Result<Vec<u8>, String> {
        if self.crc != checksum(&self.own, stored) {
            return Err("its block has another checksum".to_owned());
        }
        match self.form {
            PLAIN if stored.len() == self.raw => Ok(stored.to_vec()),
            ZSTANDARD if self.raw <= RAW_MAX => match decompress(stored, self.raw) {
                Ok(raw) if raw.len() == self.raw => Ok(raw),
                Ok(raw) => Err(format!("its block has {} bytes unpacked", raw.len())),
                Err(error) => Err(format!("its block cannot be unpacked: {error}")),
            },
            form => Err(format!("a block of form {form}")),
        }
    }
}

/// Whether blocks lie here one after another, whole and undamaged; not whether each can be
/// unpacked.
pub fn whole(blocks: &[u8]) -> bool {
    let mut rest = blocks;
    while !rest.is_empty() {
        let Some((prefix, after)) = rest.split_first_chunk::<PREFIX>() else {
            return false;
        };
        let prefix = Prefix::from_bytes(prefix);
        let Some((stored, after)) = after.split_at_checked(prefix.stored) else {
            return false;
        };
        if prefix.crc != checksum(&prefix.own, stored) {
            return false;
        }
        rest = after;
    }
    true
}

fn checksum(own: &[u8], stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(own);
    hasher.update(stored);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(blocks: &[u8], (block, at): (u32, u32), length: usize) -> Result<Vec<u8>, String> {
        let rest = &blocks[block as usize..];
        let (prefix, stored) = rest.split_first_chunk::<PREFIX>().expect("a prefix");
        let prefix = Prefix::from_bytes(prefix);
        let raw = prefix.unpack(&stored[..prefix.stored])?;
        Ok(raw[at as usize..at as usize + length].to_vec())
    }

    #[test]
    fn every_message_is_found_again_and_no_changed_byte_goes_unseen() {
        let mut packer = Packer::new().expect("a packer");
        // Alike, not alike at all, empty, and larger than a block.
        let mut noise = 1u32;
        let mut messages: Vec<Vec<u8>> = (0..300)
            .map(|number| format!("<a><b>{number}</b></a>").repeat(40).into_bytes())
            .collect();
        messages.push(Vec::new());
        messages.push(
            (0..3 * RAW_CLOSED)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (noise >> 24) as u8
                })
                .collect(),
        );
        messages.push(b"<last/>".to_vec());
        for _ in 0..2 {
            packer.clear();
            let places: Vec<_> = messages
                .iter()
                .map(|message| packer.put(message).expect("packs"))
                .collect();
            let blocks = packer.finish().expect("packs").to_vec();
            assert!(whole(&blocks));
            for (place, expected) in places.iter().zip(&messages) {
                let found = message(&blocks, *place, expected.len()).expect("unpacks");
                assert!(found == *expected);
            }
        }
        packer.clear();
        packer.put(&messages[0]).expect("packs");
        let blocks = packer.finish().expect("packs").to_vec();
        assert!(blocks.len() < messages[0].len() / 4, "it is compressed");
        for at in 0..blocks.len() {
            let mut changed = blocks.clone();
            changed[at] ^= 1;
            assert!(!whole(&changed), "byte {at}");
        }
    }
}
