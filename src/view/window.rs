//! The rows that are being changed: entries are folded here, and the rows go to the store
//! together, in the order of their keys. Live, a window holds what one call brings. While the
//! view is made again it holds the rows of the last hours, so that most are written once, when
//! nothing is expected of them any more.

use std::collections::{BTreeMap, HashMap};

use crate::declaration::{Entry, Event, Id, Status};
use crate::fault::Fault;
use crate::journal::Location;

use super::fold::{begin, fold};
use super::keys::{self, Name};
use super::run::Pair;
use super::store::{Change, Mark, Store, sum};
use super::{Last, Row, codec};

/// Rows in one batch of the store. sled grows slower and bigger with more.
const BATCH_ROWS: usize = 512;

/// Room for a row: most need no more when all their events have come.
const ROW_BYTES: usize = 1024;

/// Rows that are being changed.
pub struct Window<'s> {
    store: &'s Store,
    /// What the store will say when the rows that were taken out are in it; its last entry is
    /// the last one that was folded.
    mark: Mark,
    rows: HashMap<Id, Slot>,
    /// The same by the entries that recorded them.
    order: BTreeMap<u64, Id>,
    /// Bytes of the rows.
    bytes: usize,
    /// The last entry that was taken, folded or not.
    taken: Option<Last>,
    /// Names that the store does not have yet.
    names: Vec<Pair>,
    /// Among them the ids, by which rows that went to the store are found until it has them.
    unnamed: HashMap<Id, u64>,
}

/// A row, encoded: one piece of memory. Its thirty texts would each be a piece of their own,
/// long lived and far away when the next event comes.
struct Slot {
    row: Vec<u8>,
    status: Status,
    waits: Option<Vec<u8>>,
    changed: bool,
    /// What the store has of it.
    stored: Option<Stored>,
}

struct Stored {
    sum: u64,
    status: Status,
    waits: Option<Vec<u8>>,
}

/// Rows on their way to the store.
pub struct Batch {
    /// The entries that recorded its declarations.
    pub indexes: Vec<u64>,
    /// What is to be written.
    pub changes: Vec<Change>,
    /// And with it, how far that brings the store.
    pub mark: Mark,
}

impl<'s> Window<'s> {
    /// An empty one.
    pub fn new(store: &'s Store) -> Window<'s> {
        Window {
            store,
            mark: store.mark(),
            rows: HashMap::new(),
            order: BTreeMap::new(),
            bytes: 0,
            taken: None,
            names: Vec::new(),
            unnamed: HashMap::new(),
        }
    }

    /// How many names the store does not have yet.
    pub fn names(&self) -> usize {
        self.names.len()
    }

    /// How many rows, and how many bytes they have.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.bytes)
    }

    /// Folds an entry. What the store or its names know already is left out. `landed` is
    /// called before a row is fetched from the store, with its number: it may be on its way.
    ///
    /// # Errors
    /// A store that fails, or a gap.
    pub fn take(
        &mut self,
        location: Location,
        entry: Entry,
        landed: &mut dyn FnMut(u64),
    ) -> Result<(), Fault> {
        let next = self.mark.next();
        if location.index > next {
            return Err(Fault::ours(format!(
                "view: entry {next} is missing before {}",
                location.index
            )));
        }
        let (id, last) = (entry.id, Last::of(location, &entry));
        let recorded = matches!(entry.event, Event::Recorded(_));
        let mut row = self.row(location, id, landed)?;
        let mut number = match &entry.event {
            Event::Answered(answered) => answered.authority_reference.clone(),
            _ => None,
        };
        if location.index == next {
            // Answers repeat a number that is named already.
            number.take_if(|number| row.as_ref().is_some_and(|row| row.has_number(number)));
            match &mut row {
                Some(row) => fold(row, location, entry),
                // An event about a declaration that was never recorded has nowhere to go.
                None => row = begin(location, entry),
            }
            row.iter().for_each(|row| self.keep(row));
            self.mark.last = Some(last);
        }
        self.taken = Some(last);
        if let Some(row) = row
            && location.index >= self.store.names.covered()
        {
            self.name(
                &row,
                recorded && row.location.index == location.index,
                number,
            );
        }
        Ok(())
    }

    /// Brings the names of what was taken into the store.
    ///
    /// # Errors
    /// A store that fails.
    pub fn settle_names(&mut self) -> Result<(), Fault> {
        let Some(last) = self.taken else {
            return Ok(());
        };
        self.unnamed.clear();
        let failed = |error| Fault::ours(format!("view: names: {error}"));
        let names = std::mem::take(&mut self.names);
        self.store.names.add(names, last).map_err(failed)
    }

    /// The row with this id, from here or from the store.
    fn row(
        &mut self,
        location: Location,
        id: Id,
        landed: &mut dyn FnMut(u64),
    ) -> Result<Option<Row>, Fault> {
        if let Some(slot) = self.rows.get(&id) {
            let row = codec::decode(&slot.row);
            return Ok(Some(row.expect("it was encoded here, or read before")));
        }
        // The row may be there while its names are what is read again.
        let itself = (location.index < self.mark.next()).then_some(location.index);
        let unnamed = self.unnamed.get(&id).copied();
        let here = itself.into_iter().chain(unnamed).map(Ok);
        for index in here.chain(self.store.named(Name::id(id), None)) {
            let index = index?;
            landed(index);
            if let Some((row, bytes)) = self.store.row(index)?
                && row.id == id
            {
                let slot = Slot {
                    row: bytes.to_vec(),
                    status: row.status,
                    waits: waits(&row),
                    changed: false,
                    stored: Some(Stored {
                        sum: sum(&keys::row(index), &bytes),
                        status: row.status,
                        waits: waits(&row),
                    }),
                };
                self.bytes += slot.row.len();
                self.order.insert(index, id);
                self.rows.insert(id, slot);
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Keeps a row that has changed.
    fn keep(&mut self, row: &Row) {
        let slot = self.rows.entry(row.id).or_insert_with(|| {
            self.order.insert(row.location.index, row.id);
            Slot {
                row: Vec::with_capacity(ROW_BYTES),
                status: row.status,
                waits: None,
                changed: true,
                stored: None,
            }
        });
        self.bytes -= slot.row.len();
        slot.row.clear();
        codec::encode(row, &mut slot.row);
        self.bytes += slot.row.len();
        slot.status = row.status;
        slot.waits = waits(row);
        slot.changed = true;
    }

    /// By what an entry makes its declaration known: everything, or a number.
    fn name(&mut self, row: &Row, recorded: bool, number: Option<String>) {
        let index = row.location.index;
        if recorded {
            let names = [
                Name::id(row.id),
                Name::key(&row.trader, &row.key),
                Name::trader(&row.trader),
                Name::reference_of_trader(&row.trader, &row.reference),
                Name::reference(&row.authority, &row.kind, &row.reference),
            ];
            self.names.extend(names.map(|name| (name, index)));
            self.unnamed.insert(row.id, index);
        }
        if let Some(number) = number.filter(|number| row.has_number(number)) {
            let name = Name::number(&row.authority, &row.kind, &number);
            self.names.push((name, index));
        }
    }

    /// Takes rows out, the oldest first, until so many are left. The last batch of none left
    /// is whole, and there is one even if there are no rows.
    pub fn drain(&mut self, left: usize) -> impl Iterator<Item = Batch> + '_ {
        let mut going = true;
        std::iter::from_fn(move || {
            if !going {
                return None;
            }
            let room = self.rows.len().saturating_sub(left).min(BATCH_ROWS);
            let mut indexes = Vec::with_capacity(room);
            let mut changes = Vec::with_capacity(2 * room);
            for _ in 0..room {
                let (index, id) = self.order.pop_first().expect("counted just now");
                let slot = self
                    .rows
                    .remove(&id)
                    .expect("each row has its place in the order");
                self.bytes -= slot.row.len();
                if slot.changed {
                    indexes.push(index);
                    change(&mut changes, &mut self.mark, index, slot);
                }
            }
            going = self.rows.len() > left;
            self.mark.whole = self.rows.is_empty();
            Some(Batch {
                indexes,
                changes,
                mark: self.mark.clone(),
            })
        })
    }
}

/// What is written for a row, and what that makes of the mark.
fn change(changes: &mut Vec<Change>, mark: &mut Mark, index: u64, slot: Slot) {
    let key = keys::row(index);
    mark.sum = mark.sum.wrapping_add(sum(&key, &slot.row));
    *mark.count(slot.status) += 1;
    let mut waited = None;
    if let Some(stored) = slot.stored {
        mark.sum = mark.sum.wrapping_sub(stored.sum);
        *mark.count(stored.status) -= 1;
        waited = stored.waits;
    }
    match (waited, slot.waits) {
        (None, Some(wait)) => {
            mark.sum = mark.sum.wrapping_add(sum(&wait, &[]));
            changes.push((wait, Some(Vec::new())));
        }
        (Some(wait), None) => {
            mark.sum = mark.sum.wrapping_sub(sum(&wait, &[]));
            changes.push((wait, None));
        }
        _ => {}
    }
    changes.push((key, Some(slot.row)));
}

/// Its key among what waits, if its authority has yet to get it: nothing has happened since it
/// was recorded.
fn waits(row: &Row) -> Option<Vec<u8>> {
    (row.version == 1).then(|| keys::waits(&row.authority, row.location.index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declaration::{Digest, Dispatched, Recorded, Timestamp};

    fn write_all(window: &mut Window<'_>, store: &Store) {
        for batch in window.drain(0) {
            store.write(batch.changes, &batch.mark).expect("writes");
        }
    }

    #[test]
    fn a_row_that_left_before_its_names_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("opens");
        let text = || "text".to_owned();
        let recorded = Event::Recorded(Recorded {
            trader: text(),
            key: text(),
            kind: text(),
            message_type: text(),
            reference: text(),
            authority: text(),
            fields: Vec::new(),
            charset: None,
            digest: Digest([7; 32]),
            message: bytes::Bytes::new(),
        });
        let dispatched = Event::Dispatched(Dispatched {
            authority: text(),
            attempts: 1,
        });
        let mut window = Window::new(&store);
        let mut index = 0;
        let mut take = |window: &mut Window<'_>, event| {
            let location = Location {
                index,
                segment: 0,
                group: 0,
                entry: 0,
            };
            let entry = Entry {
                id: Id(uuid::Uuid::from_u128(1)),
                at: Timestamp(0),
                event,
            };
            let mut landed = Vec::new();
            let taken = window.take(location, entry, &mut |index| landed.push(index));
            taken.expect("takes");
            index += 1;
            landed
        };
        take(&mut window, recorded);
        write_all(&mut window, &store);
        let (row, _) = store.row(0).expect("answers").expect("a row");
        assert_eq!(row.version, 1);
        assert_eq!(take(&mut window, dispatched), [0], "it was waited for");
        window.settle_names().expect("settles");
        write_all(&mut window, &store);
        let (row, _) = store.row(0).expect("answers").expect("a row");
        assert_eq!(row.version, 2);
        let mut found = store.named(Name::id(row.id), None);
        assert_eq!(found.next().expect("found").expect("answers"), 0);
    }
}
