//! Rows in sled, under the number of the entry that recorded them, so that what is new stands
//! together; beside them what waits, and how far the view has come. The only file that names
//! sled. Every batch carries the entry that it reflects, and a sum over everything there is.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::declaration::{Id, Status};
use crate::fault::Fault;

use super::keys::{self, Name};
use super::names::Names;
use super::{Counts, Last, Row, codec};

/// The form of keys, rows and names; a view of another form is made again.
const FORM: u8 = 3;

/// What sled may keep in memory, as it counts: its own overhead comes on top, with rows as
/// long as ours about as much again.
const CACHE_BYTES: u64 = 64 << 20;

/// How far the view has come, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// The last entry that everything here reflects; none at the beginning.
    pub last: Option<Last>,
    /// False between the batches of one change: some rows are further than others.
    pub whole: bool,
    /// The sum of [`sum`] over all keys and values but the mark.
    pub sum: u64,
    /// Rows in each status, in the order of [`Status::ALL`].
    pub counts: [u64; Status::ALL.len()],
}

/// What is written: a key, and its value or nothing.
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// Rows, what waits, and names.
pub struct Store {
    db: sled::Db,
    /// By what the rows are found.
    pub names: Names,
    mark: Mutex<Mark>,
}

impl Store {
    /// Opens or creates it.
    ///
    /// # Errors
    /// Whatever makes it unusable; sled may also panic.
    pub fn open(folder: &Path) -> Result<Store, String> {
        let names = Names::open(&folder.join("names"))?;
        let config = sled::Config::new()
            .path(folder.join("rows"))
            .cache_capacity(CACHE_BYTES);
        let db = config.open().map_err(|error| error.to_string())?;
        let mark = match db.get(keys::MARK).map_err(|error| error.to_string())? {
            None if db.is_empty() => Mark {
                whole: true,
                ..Mark::default()
            },
            None => return Err("it does not say how far it has come".to_owned()),
            Some(bytes) => Mark::from_bytes(&bytes).ok_or("it has another form")?,
        };
        Ok(Store {
            db,
            names,
            mark: Mutex::new(mark),
        })
    }

    /// Looks at everything, and tells `looked_at` how much it was. sled drops what it cannot read of its files and goes on with the
    /// rest, so a store that opens may have forgotten something, or remember what was changed
    /// long ago; then it comes to another sum.
    ///
    /// # Errors
    /// What is wrong; sled may also panic.
    pub fn check(&self, mut looked_at: impl FnMut(u64)) -> Result<(), String> {
        let mut found = 0u64;
        for (number, pair) in self.db.iter().enumerate() {
            let (key, value) = pair.map_err(|error| error.to_string())?;
            if *key != *keys::MARK {
                found = found.wrapping_add(sum(&key, &value));
            }
            looked_at(number as u64);
        }
        if found == self.mark().sum {
            Ok(())
        } else {
            Err("its rows are not what was written".to_owned())
        }
    }

    /// Writes everything out and closes the files.
    ///
    /// # Errors
    /// A store that fails; what it wrote then has to be looked at, like after a crash.
    pub fn close(self) -> Result<(), Fault> {
        if let Some(last) = self.mark().last {
            let failed = |error| Fault::ours(format!("view: names: {error}"));
            self.names.write_out(last).map_err(failed)?;
        }
        self.db.flush().map_err(failed)?;
        Ok(())
    }

    /// How far it has come.
    pub fn mark(&self) -> Mark {
        let mark = self.mark.lock().unwrap_or_else(PoisonError::into_inner);
        mark.clone()
    }

    /// Writes these in one batch, and with them how far that brings the view.
    ///
    /// # Errors
    /// A store that fails.
    pub fn write(&self, changes: Vec<Change>, mark: &Mark) -> Result<(), Fault> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        batch.insert(keys::MARK, mark.to_bytes());
        self.db.apply_batch(batch).map_err(failed)?;
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark.clone();
        Ok(())
    }

    /// The row of the declaration that this entry recorded, and its stored form.
    ///
    /// # Errors
    /// A store that fails.
    pub fn row(&self, index: u64) -> Result<Option<(Row, sled::IVec)>, Fault> {
        let Some(bytes) = self.db.get(keys::row(index)).map_err(failed)? else {
            return Ok(None);
        };
        let row = codec::decode(&bytes).filter(|row| row.location.index == index);
        let row = row.ok_or_else(|| {
            Fault::ours(format!(
                "view: the row of entry {index} cannot be read; tongguan rebuild makes it again"
            ))
        })?;
        Ok(Some((row, bytes)))
    }

    /// The row with this id, and its stored form.
    ///
    /// # Errors
    /// A store that fails.
    pub fn by_id(&self, id: Id) -> Result<Option<(Row, sled::IVec)>, Fault> {
        for index in self.named(Name::id(id), None) {
            if let Some(found) = self.row(index?)?
                && found.0.id == id
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The rows to which a name leads, newest first, from before an entry on. Whoever asks has
    /// to look whether it is a row's own name.
    pub fn rows_named(
        &self,
        name: Name,
        before: Option<u64>,
    ) -> impl Iterator<Item = Result<Row, Fault>> + '_ {
        let rows = self.named(name, before).map(|index| self.row(index?));
        rows.filter_map(|row| row.transpose().map(|row| row.map(|(row, _)| row)))
    }

    /// The entries to which a name may lead, newest first.
    ///
    /// # Errors
    /// Each may be that of a store that fails.
    pub fn named(
        &self,
        name: Name,
        before: Option<u64>,
    ) -> impl Iterator<Item = Result<u64, Fault>> + '_ {
        // Most names lead to one entry; a trader's list is longer than anybody reads.
        const AT_ONCE: usize = 64;
        let mut before = before.unwrap_or(u64::MAX);
        let mut found: Vec<u64> = Vec::new();
        let mut more = true;
        std::iter::from_fn(move || {
            if found.is_empty() && more {
                match self.names.find(name, before, AT_ONCE) {
                    Ok(next) => found = next,
                    Err(error) => {
                        more = false;
                        return Some(Err(Fault::ours(format!("view: names: {error}"))));
                    }
                }
                more = found.len() == AT_ONCE;
                before = found.last().copied().unwrap_or(0);
                found.reverse();
            }
            found.pop().map(Ok)
        })
    }

    /// The entries that recorded what waits for an authority, in order.
    pub fn waiting(
        &self,
        authority: &str,
        from: u64,
    ) -> impl Iterator<Item = Result<u64, Fault>> + '_ {
        let prefix = keys::waiting(authority);
        let found = self.db.range(keys::waits(authority, from)..).keys();
        found
            .take_while(move |key| key.as_ref().map_or(true, |key| key.starts_with(&prefix)))
            .map(|key| {
                let unreadable = || Fault::ours("view: a waiting dispatch cannot be read");
                keys::index(&key.map_err(failed)?).ok_or_else(unreadable)
            })
    }
}

impl Mark {
    /// The first entry that is not reflected.
    pub fn next(&self) -> u64 {
        self.last.map_or(0, |last| last.next())
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many rows each status has.
    pub fn counts(&self) -> Counts {
        Status::ALL.into_iter().zip(self.counts).collect()
    }

    /// The count of a status.
    pub fn count(&mut self, status: Status) -> &mut u64 {
        let at = Status::ALL.iter().position(|other| *other == status);
        &mut self.counts[at.expect("every status is in the table")]
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM, u8::from(self.whole)];
        bytes.extend(self.sum.to_be_bytes());
        bytes.extend(self.counts.iter().flat_map(|count| count.to_be_bytes()));
        bytes.extend(self.last.iter().flat_map(|last| last.to_bytes()));
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Mark> {
        let ([FORM, whole @ 0..=1], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let (sum, mut rest) = rest.split_first_chunk()?;
        let mut mark = Mark {
            last: None,
            whole: *whole == 1,
            sum: u64::from_be_bytes(*sum),
            counts: [0; Status::ALL.len()],
        };
        for count in &mut mark.counts {
            let (bytes, behind) = rest.split_first_chunk()?;
            *count = u64::from_be_bytes(*bytes);
            rest = behind;
        }
        if !rest.is_empty() {
            mark.last = Some(Last::from_bytes(rest.try_into().ok()?)?);
        }
        Some(mark)
    }
}

/// What a key and its value add to the sum. A checksum alone would do for one damaged value;
/// it is mixed, because many are added.
pub fn sum(key: &[u8], value: &[u8]) -> u64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(value);
    let length = (key.len() + value.len()) as u64;
    // The finishing steps of splitmix64.
    let mut mixed = length << 32 | u64::from(crc.finalize());
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn failed(error: sled::Error) -> Fault {
    Fault::ours(format!("view: {error}"))
}
