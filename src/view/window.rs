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
use super::store::{Change, Mark, Store, sum};
use super::{Last, Row, codec};

/// Rows in one batch of the store. sled grows slower and bigger with more.
const BATCH_ROWS: usize = 512;

/// Rows that are being changed.
pub struct Window<'s> {
    store: &'s Store,
    /// What the store will say when the rows that were taken out are in it; its last entry is
    /// the last one that was folded.
    mark: Mark,
    rows: HashMap<Id, Box<Slot>>,
    /// The same by the entries that recorded them.
    order: BTreeMap<u64, Id>,
    /// Bytes of texts in the rows, about.
    bytes: usize,
    /// The last entry that was taken, folded or not.
    taken: Option<Last>,
    /// Names that the store does not have yet.
    names: Vec<(Name, u64)>,
}

struct Slot {
    row: Row,
    bytes: usize,
    changed: bool,
    /// What the store has of it.
    stored: Option<Stored>,
}

struct Stored {
    sum: u64,
    status: Status,
    waits: bool,
}

/// Rows on their way to the store. They are encoded already, so that the thread that made a
/// row also frees it, and only two pieces of memory a row go from one thread to the other.
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
        }
    }

    /// How many rows, and how many bytes they have, about.
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
        let number = match &entry.event {
            Event::Answered(answered) => answered.authority_reference.clone(),
            _ => None,
        };
        self.fetch(location, id, landed)?;
        let recorded = matches!(entry.event, Event::Recorded(_));
        if location.index == next {
            self.fold(location, entry);
            self.mark.last = Some(last);
        }
        self.taken = Some(last);
        if location.index >= self.store.names.covered() {
            self.name(location, id, recorded, number);
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
        self.store.names.add(self.names.drain(..));
        let failed = |error| Fault::ours(format!("view: names: {error}"));
        self.store.names.settle(last).map_err(failed)
    }

    /// Fetches the row of this id from the store, if it is there and not here.
    fn fetch(
        &mut self,
        location: Location,
        id: Id,
        landed: &mut dyn FnMut(u64),
    ) -> Result<(), Fault> {
        if self.rows.contains_key(&id) {
            return Ok(());
        }
        let next = self.mark.next();
        // The row may be there while its names are what is read again.
        let itself = (location.index < next).then_some(Ok(location.index));
        for index in itself
            .into_iter()
            .chain(self.store.named(Name::id(id), None))
        {
            let index = index?;
            landed(index);
            if let Some((row, bytes)) = self.store.row(index)?
                && row.id == id
            {
                let stored = Stored {
                    sum: sum(&keys::row(index), &bytes),
                    status: row.status,
                    waits: waits(&row),
                };
                self.keep(row, bytes.len(), Some(stored));
                break;
            }
        }
        Ok(())
    }

    fn keep(&mut self, row: Row, bytes: usize, stored: Option<Stored>) {
        let id = row.id;
        self.order.insert(row.location.index, id);
        self.bytes += bytes;
        let slot = Slot {
            row,
            bytes,
            changed: stored.is_none(),
            stored,
        };
        self.rows.insert(id, Box::new(slot));
    }

    fn fold(&mut self, location: Location, entry: Entry) {
        let bytes = event_bytes(&entry.event);
        if let Some(slot) = self.rows.get_mut(&entry.id) {
            fold(&mut slot.row, location, entry);
            slot.bytes += bytes;
            slot.changed = true;
            self.bytes += bytes;
        } else if let Some(row) = begin(location, entry) {
            self.keep(row, bytes, None);
        }
        // An event about a declaration that was never recorded has nowhere to go.
    }

    /// By what this entry makes its declaration known.
    fn name(&mut self, location: Location, id: Id, recorded: bool, number: Option<String>) {
        if !recorded && number.is_none() {
            return;
        }
        let Some(Slot { row, .. }) = self.rows.get(&id).map(Box::as_ref) else {
            return;
        };
        let index = row.location.index;
        if recorded && index == location.index {
            let names = [
                Name::id(row.id),
                Name::key(&row.trader, &row.key),
                Name::trader(&row.trader),
                Name::reference_of_trader(&row.trader, &row.reference),
                Name::reference(&row.authority, &row.kind, &row.reference),
            ];
            self.names.extend(names.map(|name| (name, index)));
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
                self.bytes -= slot.bytes;
                if slot.changed {
                    indexes.push(index);
                    change(&mut changes, &mut self.mark, index, &slot);
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
fn change(changes: &mut Vec<Change>, mark: &mut Mark, index: u64, slot: &Slot) {
    let row = &slot.row;
    let (key, bytes) = (keys::row(index), codec::encode(row));
    if let Some(stored) = &slot.stored {
        mark.sum = mark.sum.wrapping_sub(stored.sum);
        *mark.count(stored.status) -= 1;
    }
    mark.sum = mark.sum.wrapping_add(sum(&key, &bytes));
    *mark.count(row.status) += 1;
    let waited = slot.stored.as_ref().is_some_and(|stored| stored.waits);
    let wait = keys::waits(&row.authority, index);
    match (waited, waits(row)) {
        (false, true) => {
            mark.sum = mark.sum.wrapping_add(sum(&wait, &[]));
            changes.push((wait, Some(Vec::new())));
        }
        (true, false) => {
            mark.sum = mark.sum.wrapping_sub(sum(&wait, &[]));
            changes.push((wait, None));
        }
        _ => {}
    }
    changes.push((key, Some(bytes)));
}

/// Whether its authority has yet to get it: nothing has happened since it was recorded.
fn waits(row: &Row) -> bool {
    row.version == 1
}

/// About how much an event adds to its row.
fn event_bytes(event: &Event) -> usize {
    let pairs = |pairs: &[(String, String)]| -> usize {
        let lengths = pairs.iter().map(|(name, value)| name.len() + value.len());
        lengths.sum()
    };
    match event {
        Event::Recorded(recorded) => {
            let texts = [
                &recorded.trader,
                &recorded.key,
                &recorded.kind,
                &recorded.message_type,
                &recorded.reference,
                &recorded.authority,
            ];
            let texts = texts.iter().map(|text| text.len());
            texts.sum::<usize>() + pairs(&recorded.fields)
        }
        Event::Dispatched(_) => 0,
        Event::Answered(answered) => {
            2 * (answered.code.len() + answered.text.len()) + pairs(&answered.facts)
        }
        Event::Undeliverable(lost) => lost.reason.len(),
    }
}
