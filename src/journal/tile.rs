//! The log as C2SP tlog-tiles has it, so that witnesses and monitors of others can read it:
//! hashes and entries in pieces of 256 that never change once they are full. The stored hashes
//! are such pieces already; a bundle of entries is gathered from the heads in the journal.

use std::fmt;

use bytes::Bytes;

use crate::fault::Fault;

use super::Read as _;
use super::reader::Reader;

/// Hashes of a full tile.
const WIDTH: u64 = 256;

/// Levels that a log can come to: 256^7 leaves are more than any will have.
const LEVELS: u8 = 8;

/// Bytes of the longest entry of a bundle: its length has 16 bits.
const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// What a tile is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `tile/L`: hashes of complete subtrees of 256^L leaves.
    Hashes(u8),
    /// `tile/entries`: entries, each behind its length in 16 bits.
    Entries,
    /// `tile/long-entries`, a form of our own: each behind its length in 32 bits. An authority
    /// may answer with a text that 16 bits cannot count.
    LongEntries,
}

/// A tile: `<kind>/<N>`, or `<kind>/<N>.p/<W>` for one that is not full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// What it is made of.
    pub kind: Kind,
    /// Its number on its level.
    pub index: u64,
    /// How many hashes or entries it has, 1 to 256.
    pub width: u64,
}

/// What a tile came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Its bytes.
    Whole(Bytes),
    /// The log has not come so far.
    Absent,
    /// This entry is longer than the form can say.
    TooLong(u64),
}

impl Tile {
    /// Reads what follows `tile/` in a path. `None` for anything but the one spelling that
    /// [`Tile`] is displayed in.
    pub fn parse(path: &str) -> Option<Tile> {
        let (kind, rest) = path.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            "long-entries" => Kind::LongEntries,
            level => Kind::Hashes(level.parse().ok().filter(|level| *level < 64)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok()?),
            None => (rest, WIDTH),
        };
        let digits = |part: &str| part.strip_prefix('x').unwrap_or(part).parse::<u64>().ok();
        let index = number.split('/').try_fold(0u64, |index, part| {
            index.checked_mul(1000)?.checked_add(digits(part)?)
        })?;
        let tile = Tile { kind, index, width };
        let partial = rest.contains(".p/");
        let width_fits = (1..=WIDTH).contains(&width) && partial == (width < WIDTH);
        (width_fits && tile.to_string() == path).then_some(tile)
    }

    /// The tile of this log.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub(super) fn read(self, reader: &Reader) -> Result<Found, Fault> {
        let size = match self.kind {
            Kind::Hashes(level) if level >= LEVELS => 0,
            Kind::Hashes(level) => reader.committed() >> (8 * level),
            Kind::Entries | Kind::LongEntries => reader.committed(),
        };
        let from = self.index.checked_mul(WIDTH);
        let Some(from) = from.filter(|from| size.saturating_sub(*from) >= self.width) else {
            return Ok(Found::Absent);
        };
        let bytes = match self.kind {
            Kind::Hashes(level) => {
                let hashes = reader.tree.hashes(level.into(), from, self.width);
                hashes.map_err(|error| Fault::ours(format!("journal: stored hashes: {error}")))?
            }
            Kind::Entries | Kind::LongEntries => {
                let mut bundle = Vec::new();
                let heads = reader.heads(from, from + self.width)?;
                for (index, head) in (from..).zip(heads) {
                    let length = (head.len() as u32).to_be_bytes();
                    match self.kind {
                        Kind::LongEntries => bundle.extend(length),
                        _ if head.len() > ENTRY_BYTES_MAX => return Ok(Found::TooLong(index)),
                        _ => bundle.extend(&length[2..]),
                    }
                    bundle.extend(head);
                }
                bundle
            }
        };
        Ok(Found::Whole(Bytes::from(bytes)))
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "{level}/")?,
            Kind::Entries => f.write_str("entries/")?,
            Kind::LongEntries => f.write_str("long-entries/")?,
        }
        let mut parts = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            parts.push(rest % 1000);
            rest /= 1000;
        }
        for part in parts[1..].iter().rev() {
            write!(f, "x{part:03}/")?;
        }
        write!(f, "{:03}", parts[0])?;
        match self.width {
            WIDTH => Ok(()),
            width => write!(f, ".p/{width}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        let tile = |kind, index, width| Some(Tile { kind, index, width });
        let cases = [
            // The example of the specification.
            ("0/x001/x234/067", tile(Kind::Hashes(0), 1_234_067, 256)),
            ("0/x001/x234/067.p/1", tile(Kind::Hashes(0), 1_234_067, 1)),
            ("63/000", tile(Kind::Hashes(63), 0, 256)),
            (
                "5/x123/x456/078.p/255",
                tile(Kind::Hashes(5), 123_456_078, 255),
            ),
            ("entries/273", tile(Kind::Entries, 273, 256)),
            ("entries/273.p/112", tile(Kind::Entries, 273, 112)),
            ("long-entries/999.p/9", tile(Kind::LongEntries, 999, 9)),
            (
                "0/x018/x446/x744/x073/x709/x551/615",
                tile(Kind::Hashes(0), u64::MAX, 256),
            ),
            ("0/x018/x446/x744/x073/x709/x551/616", None),
            ("64/000", None),
            ("00/000", None),
            ("-1/000", None),
            ("+1/000", None),
            ("0/0", None),
            ("0/0000", None),
            ("0/x000/000", None),
            ("0/123/456", None),
            ("0/x123/x456", None),
            ("0/xx23/456", None),
            ("0/000.p/0", None),
            ("0/000.p/256", None),
            ("0/000.p/01", None),
            ("0/000.p/", None),
            ("0/000.p/1.p/1", None),
            ("0/000/", None),
            ("0/", None),
            ("0", None),
            ("data/000", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(Tile::parse(path), expected, "{path}");
        }
    }
}
