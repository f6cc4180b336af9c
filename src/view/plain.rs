//! The view the plain way: everything in memory, in one map after another, made anew by whoever
//! wants one. It shares only `fold` with the view in files, whose oracle it is, and it is quick
//! enough for simulations of the pipeline with thousands of entries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::declaration::{Entry, Event, Id, Status};
use crate::fault::Fault;
use crate::journal::Location;

use super::fold::{begin, fold};
use super::{Counts, Filter, Keyed, Page, Pending, Row, View};

/// A new view in memory, which has applied nothing.
pub fn plain() -> Arc<dyn View> {
    Arc::new(Plain::default())
}

#[derive(Default)]
struct Plain(Mutex<State>);

#[derive(Default)]
struct State {
    applied: u64,
    rows: BTreeMap<Id, Row>,
    /// Declarations by the number of the entry that recorded them.
    order: BTreeMap<u64, Id>,
    /// Those that wait for their authority, likewise.
    waiting: BTreeMap<u64, Id>,
    /// By trader and idempotency key.
    keys: BTreeMap<(String, String), Id>,
    /// By authority, family and the authority's number.
    numbers: BTreeMap<(String, String, String), Id>,
}

impl State {
    fn take(&mut self, location: Location, entry: &Entry) {
        if let Some(row) = self.rows.get_mut(&entry.id) {
            fold(row, location, entry.clone());
            if !matches!(entry.event, Event::Recorded(_)) {
                self.waiting.remove(&row.location.index);
            }
            if let Event::Answered(answered) = &entry.event
                && let Some(number) = &answered.authority_reference
                && row.has_number(number)
            {
                let name = (row.authority.clone(), row.kind.clone(), number.clone());
                let (own, at) = (row.id, row.location.index);
                let older = |id: &Id| self.rows[id].location.index <= at;
                if self.numbers.get(&name).is_none_or(older) {
                    self.numbers.insert(name, own);
                }
            }
        } else if let Some(row) = begin(location, entry.clone()) {
            self.order.insert(location.index, row.id);
            self.waiting.insert(location.index, row.id);
            self.keys
                .insert((row.trader.clone(), row.key.clone()), row.id);
            self.rows.insert(row.id, row);
        }
        // An event about a declaration that was never recorded has nowhere to go.
    }

    /// All rows, newest first, from before an entry on.
    fn newest(&self, before: Option<u64>) -> impl Iterator<Item = &Row> {
        let order = self.order.range(..before.unwrap_or(u64::MAX));
        order.rev().map(|(_, id)| &self.rows[id])
    }
}

impl Plain {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View for Plain {
    fn applied(&self) -> u64 {
        self.state().applied
    }

    fn apply(&self, entries: &[(Location, Entry)]) -> Result<(), Fault> {
        let mut state = self.state();
        let first = state.applied;
        let new = entries.iter().filter(|(at, _)| at.index >= first);
        if let Some((expected, (found, _))) = (first..)
            .zip(new.clone())
            .find(|(expected, (at, _))| at.index != *expected)
        {
            return Err(Fault::ours(format!(
                "view: entry {expected} is missing before {}",
                found.index
            )));
        }
        for (location, entry) in new {
            state.take(*location, entry);
            state.applied += 1;
        }
        Ok(())
    }

    fn by_id(&self, id: Id) -> Result<Option<Row>, Fault> {
        Ok(self.state().rows.get(&id).cloned())
    }

    fn by_key(&self, trader: &str, key: &str) -> Result<Option<Keyed>, Fault> {
        let state = self.state();
        let id = state.keys.get(&(trader.to_owned(), key.to_owned()));
        Ok(id.map(|id| Keyed {
            id: *id,
            digest: state.rows[id].digest,
            location: state.rows[id].location,
        }))
    }

    fn by_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        let state = self.state();
        let asked = |row: &&Row| {
            row.authority == authority && row.kind == kind && row.reference == reference
        };
        Ok(state
            .newest(None)
            .filter(asked)
            .take(limit)
            .cloned()
            .collect())
    }

    fn by_authority_reference(
        &self,
        authority: &str,
        kind: &str,
        reference: &str,
    ) -> Result<Option<Id>, Fault> {
        let name = (authority.to_owned(), kind.to_owned(), reference.to_owned());
        Ok(self.state().numbers.get(&name).copied())
    }

    fn list(&self, trader: &str, filter: &Filter) -> Result<Page, Fault> {
        let state = self.state();
        let asked = |row: &&Row| {
            row.trader == trader
                && filter
                    .reference
                    .as_ref()
                    .is_none_or(|reference| row.reference == *reference)
                && filter.kind.as_ref().is_none_or(|kind| row.kind == *kind)
                && filter.status.is_none_or(|status| row.status == status)
        };
        let mut found = state.newest(filter.before).filter(asked).cloned();
        let rows: Vec<Row> = found.by_ref().take(filter.limit).collect();
        let more = found.next().is_some();
        let next = rows.last().filter(|_| more).map(|row| row.location.index);
        Ok(Page { rows, next })
    }

    fn pending(&self, authority: &str, from: u64, limit: usize) -> Result<Vec<Pending>, Fault> {
        let state = self.state();
        let waiting = state.waiting.range(from..).map(|(_, id)| &state.rows[id]);
        let own = waiting.filter(|row| row.authority == authority);
        let pending = own.map(|row| Pending {
            id: row.id,
            location: row.location,
        });
        Ok(pending.take(limit).collect())
    }

    fn counts(&self) -> Counts {
        let state = self.state();
        let of = |status| {
            state
                .rows
                .values()
                .filter(|row| row.status == status)
                .count() as u64
        };
        Status::ALL
            .into_iter()
            .map(|status| (status, of(status)))
            .collect()
    }

    fn close(&self) -> Result<(), Fault> {
        Ok(())
    }
}
