//! The view in files, as everybody else sees it: questions are answered from `store`, entries
//! go through a `window`, and closing takes the store away from under later questions.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::declaration::{Entry, Id};
use crate::fault::Fault;
use crate::journal::Location;

use super::keys::Name;
use super::store::Store;
use super::window::Window;
use super::{Counts, Filter, Keyed, Page, Pending, Row, View, closed};

/// Rows that one list looks at before it hands out its cursor.
const LOOKED_AT_MAX: usize = 10_000;

/// The view in the files of a folder.
pub struct Door {
    folder: PathBuf,
    store: RwLock<Option<Store>>,
    applied: AtomicU64,
}

impl Door {
    /// The door to a store that is whole.
    pub fn new(folder: &Path, store: Store) -> Door {
        Door {
            folder: folder.to_owned(),
            applied: AtomicU64::new(store.mark().next()),
            store: RwLock::new(Some(store)),
        }
    }

    fn ask<T>(&self, question: impl FnOnce(&Store) -> Result<T, Fault>) -> Result<T, Fault> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        match &*store {
            Some(store) => question(store),
            None => Err(Fault::ours("view: it is closed")),
        }
    }
}

impl View for Door {
    fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    fn apply(&self, entries: &[(Location, Entry)]) -> Result<(), Fault> {
        let next = self.ask(|store| {
            if !store.mark().whole {
                return Err(Fault::ours("view: an earlier change was not finished"));
            }
            let mut window = Window::new(store);
            for (location, entry) in entries {
                window.take(*location, entry.clone(), &mut |_| {})?;
            }
            window.settle_names()?;
            let mut batches = window.drain(0);
            batches.try_for_each(|batch| store.write(batch.changes, &batch.mark))?;
            Ok(store.mark().next())
        })?;
        self.applied.store(next, Ordering::Release);
        Ok(())
    }

    fn by_id(&self, id: Id) -> Result<Option<Row>, Fault> {
        self.ask(|store| Ok(store.by_id(id)?.map(|(row, _)| row)))
    }

    fn by_key(&self, trader: &str, key: &str) -> Result<Option<Keyed>, Fault> {
        self.ask(|store| {
            let own = |row: &Row| row.trader == trader && row.key == key;
            let row = first(store, Name::key(trader, key), own)?;
            Ok(row.map(|row| Keyed {
                id: row.id,
                digest: row.digest,
                location: row.location,
            }))
        })
    }

    fn by_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        let own = |row: &Row| {
            row.authority == authority && row.kind == kind && row.reference == reference
        };
        self.ask(|store| {
            let rows = store.rows_named(Name::reference(authority, kind, reference), None);
            rows.filter(|row| row.as_ref().map_or(true, own))
                .take(limit)
                .collect()
        })
    }

    fn by_authority_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
    ) -> Result<Option<Id>, Fault> {
        let own =
            |row: &Row| row.authority == authority && row.kind == kind && row.has_number(reference);
        self.ask(|store| {
            let row = first(store, Name::number(authority, kind, reference), own)?;
            Ok(row.map(|row| row.id))
        })
    }

    fn list(&self, trader: &str, filter: &Filter) -> Result<Page, Fault> {
        let name = match &filter.reference {
            Some(reference) => Name::reference_of_trader(trader, reference),
            None => Name::trader(trader),
        };
        let asked = |row: &Row| {
            row.trader == trader
                && filter
                    .reference
                    .as_ref()
                    .is_none_or(|reference| row.reference == *reference)
                && filter.kind.as_ref().is_none_or(|kind| row.kind == *kind)
                && filter.status.is_none_or(|status| row.status == status)
        };
        self.ask(|store| {
            let mut page = Page {
                rows: Vec::new(),
                next: None,
            };
            let mut last = None;
            for (looked_at, row) in store.rows_named(name, filter.before).enumerate() {
                let row = row?;
                if page.rows.len() == filter.limit || looked_at == LOOKED_AT_MAX {
                    page.next = last;
                    break;
                }
                last = Some(row.location.index);
                if asked(&row) {
                    page.rows.push(row);
                }
            }
            Ok(page)
        })
    }

    fn pending(&self, authority: &str, from: u64, limit: usize) -> Result<Vec<Pending>, Fault> {
        self.ask(|store| {
            let waiting = store.waiting(authority, from).take(limit);
            let pending = waiting.filter_map(|index| {
                // One that was dispatched this moment waits no more.
                let row = index.and_then(|index| store.row(index)).transpose()?;
                Some(row.map(|(row, _)| Pending {
                    id: row.id,
                    location: row.location,
                }))
            });
            pending.collect()
        })
    }

    fn counts(&self) -> Counts {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let mark = store.as_ref().map(Store::mark);
        mark.unwrap_or_default().counts()
    }

    fn close(&self) -> Result<(), Fault> {
        let taken = self
            .store
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(store) = taken else { return Ok(()) };
        store.close()?;
        closed::write(&self.folder)
    }
}

/// The newest row to which a name leads and whose own it is.
fn first(store: &Store, name: Name, own: impl Fn(&Row) -> bool) -> Result<Option<Row>, Fault> {
    let mut rows = store.rows_named(name, None);
    rows.find(|row| row.as_ref().map_or(true, &own)).transpose()
}
