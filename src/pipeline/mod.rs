//! The path of a declaration: the only room whose threads and queues stay.
//!
//! ```text
//! submit ──inbox──▶ validate (threads) ──intake──▶ record (one thread) ──▶ project (one thread) ──▶ view
//!                                                     ▲                                             │
//!                                                     └──────── deliver (a lane an authority) ◀─────┘
//! ```
//!
//! Only `record` appends to the journal. It never waits for what comes after it: when `project`
//! is behind, it reads the journal instead of the queue, and the lanes take their work from
//! the view, where it waits however long an authority is down.
//!
//! `stages` joins them and starts their threads · a file for each stage says what one step of it
//! is · `handle` the door · `edges` the clock and chance.

pub mod deliver;
mod edges;
mod handle;
#[cfg(test)]
mod handover;
mod project;
pub mod queue;
mod record;
mod stages;
mod validate;

pub use edges::Edges;
pub use handle::{Answering, Handle, Outcome};
pub use stages::{Running, Stages, start};

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::authority::{Adapter, retry};
use crate::family::Catalogue;
use crate::fault::{Fault, Retry};
use crate::routing::Routes;
use crate::view::View;
use crate::{journal, xml};

use self::queue::Queue;

/// How big and how long.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Messages that wait to be checked. At 2,000 a second and core this is half a second of
    /// work; a message that would wait longer had better be told to come again.
    pub inbox_max: usize,
    /// Checked messages that wait to be recorded: a few groups.
    pub intake_max: usize,
    /// Threads that check. One for each core is best where checking is all there is to do.
    pub validators: usize,
    /// Entries in one group: beyond it, waiting for the sync costs less than the group's own
    /// latency.
    pub group_entries_max: usize,
    /// Bytes of messages in one group, so that one sync stays in the tens of milliseconds.
    pub group_bytes_max: usize,
    /// Groups on their way to the view; when they are more, it reads the journal instead.
    pub groups_max: usize,
    /// How long a reader waits until the view shows what was recorded before it asked.
    pub read_wait_ms: Duration,
    /// Dispatches under way to one authority at once.
    pub lane_concurrency: usize,
    /// When a lane tries again.
    pub retry: retry::Settings,
    /// How long stopping waits for deliveries under way; they are repeated after the start.
    pub stop_wait_s: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            inbox_max: 1024,
            intake_max: 1024,
            validators: std::thread::available_parallelism().map_or(2, usize::from),
            group_entries_max: 512,
            group_bytes_max: 16 << 20,
            groups_max: 64,
            read_wait_ms: Duration::from_secs(2),
            lane_concurrency: 16,
            retry: retry::Settings::default(),
            stop_wait_s: Duration::from_secs(10),
        }
    }
}

/// What the pipeline is made of.
pub struct Parts {
    /// The message families.
    pub catalogue: Arc<Catalogue>,
    /// Which authority gets what.
    pub routes: Routes,
    /// The writer of the journal.
    pub append: Box<dyn journal::Append>,
    /// Its reader.
    pub read: Arc<dyn journal::Read>,
    /// The view, brought up to the journal.
    pub view: Arc<dyn View>,
    /// How to speak to each authority.
    pub adapters: BTreeMap<String, Arc<dyn Adapter>>,
    /// What one message may cost.
    pub limits: xml::Limits,
    /// How big and how long.
    pub settings: Settings,
    /// The clock and chance.
    pub edges: Edges,
}

/// What all stages share.
struct Shared {
    catalogue: Arc<Catalogue>,
    routes: Routes,
    read: Arc<dyn journal::Read>,
    view: Arc<dyn View>,
    limits: xml::Limits,
    settings: Settings,
    edges: Edges,
    inbox: Queue<validate::Job>,
    intake: Queue<record::Order>,
    /// How many entries the view has applied.
    applied: watch::Receiver<u64>,
    accepting: AtomicBool,
    /// Why nothing can be recorded any more.
    broken: Mutex<Option<Fault>>,
}

impl Shared {
    fn broken(&self) -> MutexGuard<'_, Option<Fault>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers why nothing is recorded: the first reason, but what is for good counts more
    /// than what is for now.
    fn break_down(&self, why: &Fault) {
        let mut broken = self.broken();
        if broken
            .as_ref()
            .is_none_or(|known| known.retry == Retry::Later)
        {
            *broken = Some(why.clone());
        }
    }

    /// Whether the disk is full.
    fn full(&self) -> bool {
        let broken = self.broken();
        broken.as_ref().is_some_and(|why| why.retry == Retry::Later)
    }

    /// The disk is not full any more.
    fn room_again(&self) {
        self.broken().take_if(|why| why.retry == Retry::Later);
    }
}
