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

pub mod deliver;
mod handle;
mod project;
pub mod queue;
mod record;
mod validate;

pub use handle::{Answering, Handle, Outcome};

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::authority::{Adapter, retry};
use crate::family::Catalogue;
use crate::fault::Fault;
use crate::routing::Routes;
use crate::view::View;
use crate::{journal, xml};

use self::queue::{Queue, queue};

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
}

/// What all stages share.
struct Shared {
    catalogue: Arc<Catalogue>,
    routes: Routes,
    read: Arc<dyn journal::Read>,
    view: Arc<dyn View>,
    limits: xml::Limits,
    settings: Settings,
    inbox: Queue<validate::Job>,
    intake: Queue<record::Order>,
    /// How many entries the view has applied.
    applied: watch::Receiver<u64>,
    accepting: AtomicBool,
    /// Why nothing can be recorded any more.
    broken: Mutex<Option<String>>,
}

impl Shared {
    fn break_down(&self, why: &Fault) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.get_or_insert_with(|| why.why.clone());
    }
}

/// The threads and lanes of a started pipeline.
pub struct Running {
    shared: Arc<Shared>,
    validators: Vec<JoinHandle<()>>,
    record: JoinHandle<()>,
    project: JoinHandle<()>,
    project_queue: Queue<project::Group>,
    lanes: deliver::Lanes,
}

/// Starts threads and lanes; call inside a tokio runtime.
///
/// # Errors
/// A thread that the system does not give.
pub fn start(parts: Parts) -> Result<(Handle, Running), Fault> {
    let (inbox, jobs) = queue(parts.settings.inbox_max);
    let (intake, orders) = queue(parts.settings.intake_max);
    // Groups on their way to the view; when they are more, it reads the journal instead.
    const GROUPS_MAX: usize = 64;
    let (project_queue, groups) = queue(GROUPS_MAX);
    let (publish, applied) = watch::channel(parts.view.applied());
    let shared = Arc::new(Shared {
        catalogue: parts.catalogue,
        routes: parts.routes,
        read: parts.read,
        view: parts.view,
        limits: parts.limits,
        settings: parts.settings,
        inbox,
        intake,
        applied,
        accepting: AtomicBool::new(true),
        broken: Mutex::new(None),
    });
    let mut validators = Vec::new();
    for number in 0..shared.settings.validators {
        let (shared, jobs) = (shared.clone(), jobs.clone());
        validators.push(thread(format!("validate-{number}"), move || {
            validate::run(&shared, &jobs)
        })?);
    }
    let record = {
        let (shared, project_queue) = (shared.clone(), project_queue.clone());
        let append = parts.append;
        thread("record".to_owned(), move || {
            record::run(&shared, append, &orders, &project_queue)
        })?
    };
    let project = {
        let shared = shared.clone();
        thread("project".to_owned(), move || {
            project::run(&shared, &groups, &publish)
        })?
    };
    let lanes = deliver::start(&shared, parts.adapters);
    let running = Running {
        shared: shared.clone(),
        validators,
        record,
        project,
        project_queue,
        lanes,
    };
    Ok((Handle::new(shared), running))
}

impl Running {
    /// Stops in the order of the path: nothing more is taken, what is under way is finished
    /// and answered, the last group is synced, the view is closed.
    ///
    /// # Errors
    /// A thread that panicked, a view that cannot be closed.
    pub async fn stop(self) -> Result<(), Fault> {
        self.shared.accepting.store(false, Ordering::Release);
        self.lanes.stop(self.shared.settings.stop_wait_s).await;
        let joined = tokio::task::spawn_blocking(move || {
            let shared = self.shared;
            self.validators.iter().for_each(|_| shared.inbox.end());
            let mut fine = self
                .validators
                .into_iter()
                .all(|thread| thread.join().is_ok());
            shared.intake.end();
            fine &= self.record.join().is_ok();
            self.project_queue.end();
            fine &= self.project.join().is_ok();
            shared.view.close()?;
            if fine {
                Ok(())
            } else {
                Err(Fault::ours("a thread of the pipeline panicked"))
            }
        });
        joined
            .await
            .map_err(|error| Fault::ours(error.to_string()))?
    }
}

fn thread(name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    let thread = std::thread::Builder::new().name(name.clone()).spawn(work);
    thread.map_err(|error| Fault::ours(format!("starting thread {name}: {error}")))
}
