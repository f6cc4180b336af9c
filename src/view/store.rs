//! Rows and indexes in sled: one tree, so that one batch is atomic, and in every batch the
//! place in the journal that it reflects. The only file that names sled.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::declaration::{Digest, Entry, Event, Id, Status};
use crate::fault::Fault;
use crate::journal::Location;

use super::fold::{begin, fold};
use super::{Counts, Filter, Keyed, Page, Pending, Row, View, keys};

/// The form of keys and rows; a view of another form is made again.
const FORM: u8 = 2;

/// What sled may keep in memory: rows in use, not the whole store.
const CACHE_BYTES: u64 = 128 << 20;

/// Rows that one list looks at before it hands out its cursor.
const LOOKED_AT_MAX: usize = 10_000;

/// The view in sled.
pub struct Store {
    db: sled::Db,
    applied: AtomicU64,
    tally: Mutex<Tally>,
}

/// What all rows together come to; a store that lost something comes to something else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tally {
    /// Rows in each status.
    counts: BTreeMap<&'static str, u64>,
    /// The versions of all rows.
    versions: u64,
}

impl Tally {
    fn add(&mut self, row: &Row) {
        *self.counts.entry(row.status.as_str()).or_default() += 1;
        self.versions += u64::from(row.version);
    }

    fn take(&mut self, row: &Row) {
        *self.counts.entry(row.status.as_str()).or_default() -= 1;
        self.versions -= u64::from(row.version);
    }
}

impl Store {
    /// Opens or creates it.
    ///
    /// # Errors
    /// Whatever makes it unusable; sled may also panic.
    pub fn open(folder: &Path) -> Result<Store, String> {
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES);
        let db = config.open().map_err(|error| error.to_string())?;
        let (applied, versions) = match db.get(keys::APPLIED).map_err(|error| error.to_string())? {
            None if db.is_empty() => (0, 0),
            None => return Err("it does not say how far it has come".to_owned()),
            Some(bytes) => match bytes.split_first_chunk::<9>() {
                Some(([FORM, applied @ ..], versions)) => (
                    u64::from_be_bytes(*applied),
                    u64::from_be_bytes(versions.try_into().map_err(|_| "its tally is cut short")?),
                ),
                _ => return Err("it has another form".to_owned()),
            },
        };
        let mut tally = Tally {
            versions,
            ..Tally::default()
        };
        for found in db.scan_prefix(keys::COUNTS) {
            let (key, value) = found.map_err(|error| error.to_string())?;
            let word = std::str::from_utf8(&key[keys::COUNTS.len()..])
                .ok()
                .and_then(Status::parse);
            let count = value.as_ref().try_into().map(u64::from_be_bytes);
            let (Some(status), Ok(count)) = (word, count) else {
                return Err("a count cannot be read".to_owned());
            };
            if count > 0 {
                tally.counts.insert(status.as_str(), count);
            }
        }
        Ok(Store {
            db,
            applied: AtomicU64::new(applied),
            tally: Mutex::new(tally),
        })
    }

    /// Looks at everything: every row and its indexes, and what they come to together. sled
    /// drops what it cannot read of its files and goes on with the rest, so a store that opens
    /// may have forgotten something.
    ///
    /// # Errors
    /// The first thing that is wrong; sled may also panic.
    pub fn check(&self) -> Result<(), String> {
        let there = |key: Vec<u8>, what: &str, row: &Row| match self.db.contains_key(key) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("the {what} of {} is missing", row.id)),
            Err(error) => Err(error.to_string()),
        };
        let (mut tally, mut waiting) = (Tally::default(), 0);
        for found in self.db.scan_prefix(keys::ROWS) {
            let (key, bytes) = found.map_err(|error| error.to_string())?;
            let row = Row::from_bytes(&bytes).filter(|row| *key == keys::row(row.id)[..]);
            let row = row.ok_or("a row cannot be read")?;
            for (key, _) in indexes(&row) {
                there(key, "index", &row)?;
            }
            if row.version == 1 {
                there(waits(&row), "dispatch", &row)?;
                waiting += 1;
            }
            if let Some(reference) = &row.authority_reference {
                let key = keys::authority_reference(&row.authority, &row.kind, reference);
                there(key, "authority's number", &row)?;
            }
            tally.add(&row);
        }
        let mut found = self
            .tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        found.counts.retain(|_, count| *count > 0);
        if found != tally {
            return Err(format!("its rows come to {tally:?}, not to {found:?}"));
        }
        if self.db.scan_prefix(keys::PENDING).count() != waiting {
            return Err("what waits is not what its rows say".to_owned());
        }
        Ok(())
    }

    fn row(&self, id: Id) -> Result<Option<Row>, Fault> {
        let found = self.db.get(keys::row(id)).map_err(failed)?;
        match found {
            None => Ok(None),
            Some(bytes) => match Row::from_bytes(&bytes) {
                Some(row) => Ok(Some(row)),
                None => Err(Fault::ours(format!(
                    "view: the row of {id} cannot be read; tongguan rebuild makes it again"
                ))),
            },
        }
    }

    /// The rows whose ids stand behind `prefix`, from `from` on.
    fn rows_at(
        &self,
        prefix: &[u8],
        from: Vec<u8>,
    ) -> impl Iterator<Item = Result<(Vec<u8>, Row), Fault>> + '_ {
        let prefix = prefix.to_vec();
        let found = self.db.range(from..);
        found
            .take_while(move |found| {
                found
                    .as_ref()
                    .map_or(true, |(key, _)| key.starts_with(&prefix))
            })
            .filter_map(|found| {
                let (key, value) = match found {
                    Ok(pair) => pair,
                    Err(error) => return Some(Err(failed(error))),
                };
                let id = id_of(&value)?;
                self.row(id)
                    .transpose()
                    .map(|row| row.map(|row| (key.to_vec(), row)))
            })
    }
}

impl View for Store {
    fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    fn apply(&self, entries: &[(Location, Entry)]) -> Result<(), Fault> {
        let mut next = self.applied();
        let mut batch = sled::Batch::default();
        let mut rows: BTreeMap<Id, Row> = BTreeMap::new();
        let mut tally = self
            .tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let first = next;
        for (location, entry) in entries
            .iter()
            .filter(|(location, _)| location.index >= first)
        {
            if location.index != next {
                return Err(Fault::ours(format!(
                    "view: entry {next} is missing before {}",
                    location.index
                )));
            }
            next += 1;
            let known = match rows.remove(&entry.id) {
                Some(row) => Some(row),
                None => self.row(entry.id)?,
            };
            let row = match known {
                None => begin(*location, entry).inspect(|row| index(&mut batch, row)),
                Some(mut row) => {
                    tally.take(&row);
                    fold(&mut row, *location, entry);
                    Some(row)
                }
            };
            // An event about a declaration that was never recorded has nowhere to go.
            let Some(row) = row else { continue };
            tally.add(&row);
            settle(&mut batch, &row, entry);
            rows.insert(row.id, row);
        }
        for row in rows.values() {
            batch.insert(keys::row(row.id), row.to_bytes());
        }
        for (status, count) in &tally.counts {
            batch.insert(
                [keys::COUNTS, status.as_bytes()].concat(),
                &count.to_be_bytes(),
            );
        }
        batch.insert(
            keys::APPLIED,
            [
                &[FORM],
                next.to_be_bytes().as_slice(),
                &tally.versions.to_be_bytes(),
            ]
            .concat(),
        );
        self.db.apply_batch(batch).map_err(failed)?;
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = tally;
        self.applied.store(next, Ordering::Release);
        Ok(())
    }

    fn by_id(&self, id: Id) -> Result<Option<Row>, Fault> {
        self.row(id)
    }

    fn by_key(&self, trader: &str, key: &str) -> Result<Option<Keyed>, Fault> {
        let found = self.db.get(keys::key(trader, key)).map_err(failed)?;
        let keyed = |bytes: &[u8]| {
            let (id, rest) = bytes.split_at_checked(16)?;
            let (digest, location) = rest.split_at_checked(32)?;
            Some(Keyed {
                id: id_of(id)?,
                digest: Digest(digest.try_into().ok()?),
                location: Location::from_bytes(location)?,
            })
        };
        let unreadable = || Fault::ours("view: an idempotency key cannot be read");
        found
            .map(|bytes| keyed(&bytes).ok_or_else(unreadable))
            .transpose()
    }

    fn by_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        let prefix = keys::reference(authority, kind, reference);
        self.rows_at(&prefix, prefix.clone())
            .take(limit)
            .map(|found| found.map(|(_, row)| row))
            .collect()
    }

    fn by_authority_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
    ) -> Result<Option<Id>, Fault> {
        let found = self
            .db
            .get(keys::authority_reference(authority, kind, reference))
            .map_err(failed)?;
        Ok(found.and_then(|bytes| id_of(&bytes)))
    }

    fn list(&self, trader: &str, filter: &Filter) -> Result<Page, Fault> {
        let prefix = match &filter.reference {
            Some(reference) => keys::list_of_reference(trader, reference),
            None => keys::list(trader),
        };
        let from = match filter.before {
            Some(0) => {
                return Ok(Page {
                    rows: Vec::new(),
                    next: None,
                });
            }
            Some(before) => keys::falling(prefix.clone(), before - 1),
            None => prefix.clone(),
        };
        let mut page = Page {
            rows: Vec::new(),
            next: None,
        };
        let mut last = None;
        for (looked_at, found) in self.rows_at(&prefix, from).enumerate() {
            let (_, row) = found?;
            if page.rows.len() == filter.limit || looked_at == LOOKED_AT_MAX {
                page.next = last;
                break;
            }
            last = Some(row.location.index);
            let fits = filter.kind.as_ref().is_none_or(|kind| row.kind == *kind)
                && filter.status.is_none_or(|status| row.status == status);
            if fits {
                page.rows.push(row);
            }
        }
        Ok(page)
    }

    fn pending(&self, authority: &str, from: u64, limit: usize) -> Result<Vec<Pending>, Fault> {
        let prefix = keys::pending(authority);
        let found = self.db.range(keys::rising(prefix.clone(), from)..);
        let own = found.take_while(|found| {
            found
                .as_ref()
                .map_or(true, |(key, _)| key.starts_with(&prefix))
        });
        own.take(limit)
            .map(|found| {
                let (_, value) = found.map_err(failed)?;
                let parts = value
                    .split_at_checked(16)
                    .and_then(|(id, at)| Some((id_of(id)?, Location::from_bytes(at)?)));
                let (id, location) =
                    parts.ok_or_else(|| Fault::ours("view: a waiting dispatch cannot be read"))?;
                Ok(Pending { id, location })
            })
            .collect()
    }

    fn counts(&self) -> Counts {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        Status::ALL
            .iter()
            .map(|status| {
                (
                    *status,
                    tally.counts.get(status.as_str()).copied().unwrap_or(0),
                )
            })
            .collect()
    }

    fn flush(&self) -> Result<(), Fault> {
        self.db.flush().map(|_| ()).map_err(failed)
    }
}

/// The keys and values that lead to a row, from when it is recorded to the end.
fn indexes(row: &Row) -> [(Vec<u8>, Vec<u8>); 4] {
    let id = row.id.0.as_bytes().to_vec();
    let at = row.location.index;
    let keyed = [id.as_slice(), &row.digest.0, &row.location.to_bytes()].concat();
    let list = keys::list(&row.trader);
    let of_reference = keys::list_of_reference(&row.trader, &row.reference);
    let reference = keys::reference(&row.authority, &row.kind, &row.reference);
    [
        (keys::key(&row.trader, &row.key), keyed),
        (keys::falling(list, at), id.clone()),
        (keys::falling(of_reference, at), id.clone()),
        (keys::falling(reference, at), id),
    ]
}

/// The key by which a row waits for its authority.
fn waits(row: &Row) -> Vec<u8> {
    keys::rising(keys::pending(&row.authority), row.location.index)
}

/// The indexes of a declaration that was just recorded.
fn index(batch: &mut sled::Batch, row: &Row) {
    for (key, value) in indexes(row) {
        batch.insert(key, value);
    }
    let waiting = [row.id.0.as_bytes().as_slice(), &row.location.to_bytes()].concat();
    batch.insert(waits(row), waiting);
}

/// What an event changes in the indexes.
fn settle(batch: &mut sled::Batch, row: &Row, entry: &Entry) {
    if !matches!(entry.event, Event::Recorded(_)) {
        batch.remove(waits(row));
    }
    if let Event::Answered(answered) = &entry.event
        && let Some(reference) = &answered.authority_reference
    {
        let key = keys::authority_reference(&row.authority, &row.kind, reference);
        batch.insert(key, row.id.0.as_bytes());
    }
}

fn id_of(bytes: &[u8]) -> Option<Id> {
    uuid::Uuid::from_slice(bytes).ok().map(Id)
}

fn failed(error: sled::Error) -> Fault {
    Fault::ours(format!("view: {error}"))
}
