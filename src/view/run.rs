//! A run: the names of a range of entries, sorted, in a file that never changes once it is
//! there. In memory it has a filter, which says for most names that they are not here, and one
//! name in 256, which says where in the file the others are.
//!
//! ```text
//! "tongguan names 1"  from: u64  last: location, id  count: u64
//! count × (name: u64, index: u64), rising
//! crc32 of everything before it
//! ```

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::journal::Location;

use super::Last;
use super::keys::Name;

/// A name, and the entry that recorded the declaration to which it leads.
pub type Pair = (Name, u64);

/// How a run's file ends, and one that is still being written.
pub const ENDING: &str = "names";
pub const UNFINISHED: &str = "new";

const MAGIC: [u8; 16] = *b"tongguan names 1";
const HEADER: usize = MAGIC.len() + 8 + Location::LENGTH + 16 + 8;
const RECORD: usize = 16;

/// Names in one page, which is what one read takes from the file.
const PAGE: usize = 256;

/// Bits of the filter for each name, of which seven are set: one name in seventy that is not
/// here passes.
const FILTER_BITS: usize = 10;

/// The filter's bits are set within one line of the processor's cache.
const LINE: usize = 8;

/// A run that is open.
pub struct Run {
    path: PathBuf,
    file: File,
    /// The first entry whose names it has.
    pub from: u64,
    /// The last one.
    pub last: Last,
    /// How many names it has.
    pub count: usize,
    filter: Vec<[u64; LINE]>,
    /// The first name of every page.
    fences: Vec<Pair>,
}

impl Run {
    /// Writes a run and syncs it: it is there as a whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(folder: &Path, from: u64, last: Last, pairs: &[Pair]) -> io::Result<Run> {
        let name = format!("{from:016x}-{:016x}", last.location.index);
        let path = folder.join(&name).with_extension(ENDING);
        let aside = folder.join(&name).with_extension(UNFINISHED);
        let mut out = Summed {
            out: BufWriter::with_capacity(1 << 16, File::create(&aside)?),
            crc: crc32fast::Hasher::new(),
        };
        out.put(&MAGIC)?;
        out.put(&from.to_be_bytes())?;
        out.put(&last.location.to_bytes())?;
        out.put(last.id.0.as_bytes())?;
        out.put(&(pairs.len() as u64).to_be_bytes())?;
        let mut run = Run {
            path: path.clone(),
            file: File::open(&aside)?,
            from,
            last,
            count: pairs.len(),
            filter: filter(pairs.len()),
            fences: Vec::with_capacity(pairs.len() / PAGE + 1),
        };
        for (at, pair) in pairs.iter().enumerate() {
            out.put(&pair.0.0.to_be_bytes())?;
            out.put(&pair.1.to_be_bytes())?;
            run.note(at, *pair);
        }
        let crc = out.crc.finalize();
        out.out.write_all(&crc.to_be_bytes())?;
        out.out.into_inner()?.sync_all()?;
        fs::rename(aside, path)?;
        File::open(folder)?.sync_all()?;
        Ok(run)
    }

    /// Opens a run and looks at all of it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(path: &Path) -> Result<Run, String> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let wrong = |what: &str| format!("{}: {what}", path.display());
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut from = BufReader::with_capacity(1 << 16, &file);
        let mut header = [0; HEADER];
        from.read_exact(&mut header).map_err(failed)?;
        let (first, last, count) = parse(&header).ok_or_else(|| wrong("not a run of names"))?;
        // A count is believed when the file is as long as it says.
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let expected = count
            .checked_mul(RECORD)
            .and_then(|bytes| bytes.checked_add(HEADER + 4));
        if expected.is_none_or(|expected| expected as u64 != length) {
            return Err(wrong("it is not as long as it says"));
        }
        let mut crc = crc32fast::Hasher::new();
        crc.update(&header);
        let mut run = Run {
            path: path.to_owned(),
            file: file.try_clone().map_err(failed)?,
            from: first,
            last,
            count,
            filter: filter(count),
            fences: Vec::with_capacity(count / PAGE + 1),
        };
        let mut page = [0; PAGE * RECORD];
        for at in (0..count).step_by(PAGE) {
            let page = &mut page[..PAGE.min(count - at) * RECORD];
            from.read_exact(page).map_err(failed)?;
            crc.update(page);
            pairs(page)
                .enumerate()
                .for_each(|(offset, pair)| run.note(at + offset, pair));
        }
        let mut sum = [0; 4];
        from.read_exact(&mut sum).map_err(failed)?;
        if sum != crc.finalize().to_be_bytes() {
            return Err(wrong("it has another checksum"));
        }
        Ok(run)
    }

    fn note(&mut self, at: usize, pair: Pair) {
        let (line, bits) = place(pair.0, self.filter.len());
        for bit in bits {
            self.filter[line][bit / 64] |= 1 << (bit % 64);
        }
        if at.is_multiple_of(PAGE) {
            self.fences.push(pair);
        }
    }

    /// The greatest `limit` indexes below `before` to which this name leads, falling.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn find(&self, name: Name, before: u64, limit: usize) -> io::Result<Vec<u64>> {
        let mut found = Vec::new();
        let (line, mut bits) = place(name, self.filter.len());
        if self.count == 0 || !bits.all(|bit| self.filter[line][bit / 64] >> (bit % 64) & 1 == 1) {
            return Ok(found);
        }
        let end = (name, before);
        let pages = self.fences.partition_point(|first| *first < end);
        for page in (0..pages).rev() {
            let pairs = self.page(page)?;
            let below = pairs.partition_point(|pair| *pair < end);
            for (other, index) in pairs[..below].iter().rev() {
                if *other != name || found.len() == limit {
                    return Ok(found);
                }
                found.push(*index);
            }
        }
        Ok(found)
    }

    fn page(&self, page: usize) -> io::Result<Vec<Pair>> {
        let mut bytes = [0; PAGE * RECORD];
        let bytes = &mut bytes[..PAGE.min(self.count - page * PAGE) * RECORD];
        let offset = HEADER + page * PAGE * RECORD;
        self.file.read_exact_at(bytes, offset as u64)?;
        Ok(pairs(bytes).collect())
    }

    /// All of it, in order.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn pairs(&self) -> io::Result<Vec<Pair>> {
        let mut all = Vec::with_capacity(self.count);
        for page in 0..self.fences.len() {
            all.extend(self.page(page)?);
        }
        Ok(all)
    }

    /// Removes the file. Whoever still reads it can go on.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// What is written, and its checksum.
struct Summed {
    out: BufWriter<File>,
    crc: crc32fast::Hasher,
}

impl Summed {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.out.write_all(bytes)
    }
}

fn parse(header: &[u8; HEADER]) -> Option<(u64, Last, u64)> {
    let rest = header.strip_prefix(&MAGIC)?;
    let (from, rest) = rest.split_first_chunk()?;
    let (last, rest) = rest.split_first_chunk()?;
    let (count, _) = rest.split_first_chunk()?;
    let last = Last::from_bytes(last)?;
    Some((u64::from_be_bytes(*from), last, u64::from_be_bytes(*count)))
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = Pair> {
    let (numbers, _) = bytes.as_chunks::<8>();
    let (pairs, _) = numbers.as_chunks::<2>();
    pairs
        .iter()
        .map(|[name, index]| (Name(u64::from_be_bytes(*name)), u64::from_be_bytes(*index)))
}

fn filter(count: usize) -> Vec<[u64; LINE]> {
    vec![[0; LINE]; (count * FILTER_BITS).div_ceil(LINE * 64)]
}

/// The line of a name in a filter of so many lines, and its bits there. Names come sorted, so
/// that a filter is filled from its first line to its last.
fn place(Name(name): Name, lines: usize) -> (usize, impl Iterator<Item = usize>) {
    let line = ((u128::from(name) * lines as u128) >> 64) as usize;
    // The high bits chose the line; an odd factor mixes the others upwards.
    let mixed = name.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (
        line,
        (0..7).map(move |bit| (mixed >> (bit * 9)) as usize % (LINE * 64)),
    )
}
