//! The view of a run: in memory, and at every start in another state. It may be as the last
//! life left it, older, or gone; it is never ahead of what is on disk.

use std::sync::{Arc, Mutex, PoisonError};

use tongguan::declaration::{Entry, Id};
use tongguan::fault::Fault;
use tongguan::journal::{Location, Read};
use tongguan::view::{self, Counts, Filter, Keyed, Page, Pending, Row, View};

use super::planted::Planted;
use super::world::World;

/// A plain view that remembers what it is made of.
pub struct Remembering {
    plain: Arc<dyn View>,
    history: Mutex<Vec<(Location, Entry)>>,
    forgetful: bool,
}

impl Remembering {
    pub fn new(planted: Planted) -> Remembering {
        Remembering {
            plain: view::plain(),
            history: Mutex::default(),
            forgetful: planted == Planted::ForgottenKeys,
        }
    }

    /// What the next start finds of it.
    pub fn after_restart(&self, world: &World) -> Remembering {
        let mut history = self
            .history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let kept = match world.below(4) {
            0 => 0,
            1 => world.below(history.len() as u64 + 1),
            _ => history.len() as u64,
        };
        world.note(format_args!("the view is at {kept} of {}", history.len()));
        history.truncate(kept as usize);
        let again = Remembering::new(world.planted);
        again.apply(&history).expect("without a gap");
        again
    }

    /// Brings it up to the journal, as a start does. A view that knows more than the journal
    /// is put aside and made again.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn caught_up(self, read: &dyn Read) -> Result<Arc<Remembering>, Fault> {
        let view = if self.applied() > read.committed() {
            Remembering {
                plain: view::plain(),
                history: Mutex::default(),
                forgetful: self.forgetful,
            }
        } else {
            self
        };
        read.scan(view.applied(), &mut |location, entry| {
            view.apply(&[(location, entry)])
        })?;
        Ok(Arc::new(view))
    }
}

impl View for Remembering {
    fn applied(&self) -> u64 {
        self.plain.applied()
    }
    fn apply(&self, entries: &[(Location, Entry)]) -> Result<(), Fault> {
        let first = self.plain.applied();
        self.plain.apply(entries)?;
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let new = entries.iter().filter(|(at, _)| at.index >= first);
        history.extend(new.cloned());
        Ok(())
    }
    fn by_id(&self, id: Id) -> Result<Option<Row>, Fault> {
        self.plain.by_id(id)
    }
    fn by_key(&self, trader: &str, key: &str) -> Result<Option<Keyed>, Fault> {
        if self.forgetful {
            return Ok(None);
        }
        self.plain.by_key(trader, key)
    }
    fn by_reference(&self, a: &str, kind: &str, r: &str, limit: usize) -> Result<Vec<Row>, Fault> {
        self.plain.by_reference(a, kind, r, limit)
    }
    fn by_authority_reference(&self, a: &str, kind: &str, r: &str) -> Result<Option<Id>, Fault> {
        self.plain.by_authority_reference(a, kind, r)
    }
    fn list(&self, trader: &str, filter: &Filter) -> Result<Page, Fault> {
        self.plain.list(trader, filter)
    }
    fn pending(&self, authority: &str, from: u64, limit: usize) -> Result<Vec<Pending>, Fault> {
        self.plain.pending(authority, from, limit)
    }
    fn counts(&self) -> Counts {
        self.plain.counts()
    }
    fn close(&self) -> Result<(), Fault> {
        self.plain.close()
    }
}
