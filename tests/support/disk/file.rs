//! One file of the simulated disk: what a reader sees, what is on the platter, and the changes
//! between the two, of which a crash keeps whatever it likes.

use crate::support::Random;

/// The unit that a disk writes whole or not at all.
pub const SECTOR: usize = 512;

/// Bytes with zeros behind them, up to a length.
#[derive(Debug, Clone, Default)]
pub struct Content {
    bytes: Vec<u8>,
    pub length: u64,
}

impl Content {
    pub fn read(&self, into: &mut [u8], offset: u64) -> bool {
        if offset + into.len() as u64 > self.length {
            return false;
        }
        let from = (offset as usize).min(self.bytes.len());
        let there = (self.bytes.len() - from).min(into.len());
        into[..there].copy_from_slice(&self.bytes[from..from + there]);
        into[there..].fill(0);
        true
    }

    fn write(&mut self, bytes: &[u8], offset: u64) {
        let (from, end) = (offset as usize, offset as usize + bytes.len());
        if bytes.is_empty() {
            return;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[from..end].copy_from_slice(bytes);
        self.length = self.length.max(end as u64);
    }

    fn set_length(&mut self, length: u64) {
        self.bytes.truncate(length as usize);
        self.length = length;
    }

    fn flip(&mut self, offset: u64, bit: u8) {
        let mut byte = [0];
        if self.read(&mut byte, offset) {
            self.write(&[byte[0] ^ (1 << (bit % 8))], offset);
        }
    }
}

/// Something done to a file since it was last synced.
#[derive(Debug, Clone)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

impl Change {
    fn apply(&self, content: &mut Content) {
        match self {
            Change::Write { offset, bytes } => content.write(bytes, *offset),
            Change::Length(length) => content.set_length(*length),
        }
    }

    /// The sectors of a write, each for itself; a change of length is one piece.
    fn pieces(&self) -> Vec<Change> {
        let Change::Write { offset, bytes } = self else {
            return vec![self.clone()];
        };
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let start = *offset as usize + at;
            let end = bytes.len().min(at + SECTOR - start % SECTOR);
            pieces.push(Change::Write {
                offset: start as u64,
                bytes: bytes[at..end].to_vec(),
            });
            at = end;
        }
        pieces
    }
}

/// What became of the changes that were not synced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// Pieces that are on the platter.
    pub kept: u64,
    /// Pieces that are gone.
    pub lost: u64,
}

#[derive(Debug, Clone, Default)]
pub struct File {
    seen: Content,
    durable: Content,
    pending: Vec<Change>,
    /// Bytes taken from the disk.
    pub room: u64,
}

impl File {
    pub fn seen(&self) -> &Content {
        &self.seen
    }

    pub fn write(&mut self, bytes: &[u8], offset: u64) {
        if bytes.is_empty() {
            return;
        }
        self.room = self.room.max(offset + bytes.len() as u64);
        self.change(Change::Write {
            offset,
            bytes: bytes.to_vec(),
        });
    }

    pub fn set_length(&mut self, length: u64) {
        self.room = self.room.min(length);
        self.change(Change::Length(length));
    }

    pub fn reserve(&mut self, length: u64) {
        self.room = self.room.max(length);
        if length > self.seen.length {
            self.change(Change::Length(length));
        }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    /// Everything pending is on the platter.
    pub fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// As on Linux: of what was pending some is on the platter, and nothing is pending any
    /// more, so that the next sync has nothing to do and says success. A reader goes on seeing
    /// it, or the pages are dropped and it sees the platter.
    pub fn fail_sync(&mut self, random: &mut Random) -> Fate {
        let fate = self.settle(random);
        if random.chance(1, 2) {
            self.seen = self.durable.clone();
        }
        fate
    }

    /// The power goes: of what was pending anything may be on the platter.
    pub fn crash(&mut self, random: &mut Random) -> Fate {
        let fate = self.settle(random);
        self.seen = self.durable.clone();
        self.room = self.seen.length;
        fate
    }

    fn settle(&mut self, random: &mut Random) -> Fate {
        let pieces: Vec<Change> = self.pending.drain(..).flat_map(|c| c.pieces()).collect();
        let count = pieces.len() as u64;
        // What is kept: nothing, everything, a beginning, an end, one piece here and there.
        let (from, to, each) = match random.below(5) {
            0 => (0, 0, true),
            1 => (0, count, true),
            2 => (0, random.below(count + 1), true),
            3 => (random.below(count + 1), count, true),
            _ => (0, count, false),
        };
        let mut fate = Fate::default();
        for (number, piece) in (0u64..).zip(&pieces) {
            if (from..to).contains(&number) && (each || random.chance(1, 2)) {
                piece.apply(&mut self.durable);
                fate.kept += 1;
            } else if number == to && random.chance(1, 2) {
                // A beginning may end within a sector: not every disk writes them whole.
                if let Change::Write { offset, bytes } = piece {
                    let part = random.below(bytes.len() as u64) as usize;
                    self.durable.write(&bytes[..part], *offset);
                }
                fate.lost += 1;
            } else {
                fate.lost += 1;
            }
        }
        // The length may be there before the bytes are: then they are zeros.
        if let Some(Change::Write { offset, bytes }) = pieces.last()
            && random.chance(1, 4)
        {
            let end = offset + bytes.len() as u64;
            self.durable.length = self.durable.length.max(end);
        }
        fate
    }

    /// A bit changes where it lies.
    pub fn flip(&mut self, offset: u64, bit: u8) {
        self.seen.flip(offset, bit);
        self.durable.flip(offset, bit);
    }

    /// Loses the last `bytes` of what is on the platter: no disk may, and the simulation has
    /// to notice one that does.
    pub fn shorten(&mut self, bytes: u64) {
        let length = self.durable.length.saturating_sub(bytes);
        self.durable.set_length(length);
        self.seen = self.durable.clone();
    }
}
