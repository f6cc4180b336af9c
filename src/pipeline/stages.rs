//! The stages, joined by their queues. [`start`] gives each its threads; a simulation keeps
//! them as they are and takes their steps itself, one after another, in one thread.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::authority::Adapter;
use crate::fault::Fault;

use super::deliver::{self, Lanes};
use super::project::{self, Projector};
use super::queue::{Outlet, Queue, queue};
use super::record::Recorder;
use super::validate;
use super::{Handle, Parts, Shared};

/// Every stage, ready to run and not started.
pub struct Stages {
    shared: Arc<Shared>,
    jobs: Outlet<validate::Job>,
    recorder: Recorder,
    projector: Projector,
    project_queue: Queue<project::Group>,
    adapters: BTreeMap<String, Arc<dyn Adapter>>,
}

/// The threads and lanes of a started pipeline.
pub struct Running {
    shared: Arc<Shared>,
    validators: Vec<JoinHandle<()>>,
    record: JoinHandle<()>,
    project: JoinHandle<()>,
    project_queue: Queue<project::Group>,
    lanes: Lanes,
}

/// Starts threads and lanes; call inside a tokio runtime.
///
/// # Errors
/// A thread that the system does not give.
pub fn start(parts: Parts) -> Result<(Handle, Running), Fault> {
    let mut stages = Stages::new(parts);
    let shared = stages.shared.clone();
    let mut validators = Vec::new();
    for number in 0..shared.settings.validators {
        let (shared, jobs) = (shared.clone(), stages.jobs.clone());
        let work = move || validate::run(&shared, &jobs);
        validators.push(thread(&stages.shared, format!("validate-{number}"), work)?);
    }
    let lanes = stages.deliver();
    let (recorder, projector) = (stages.recorder, stages.projector);
    let running = Running {
        shared: shared.clone(),
        validators,
        record: thread(&shared, "record".to_owned(), move || recorder.run())?,
        project: thread(&shared, "project".to_owned(), move || projector.run())?,
        project_queue: stages.project_queue,
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

impl Stages {
    /// Joins the stages.
    pub fn new(parts: Parts) -> Stages {
        let (inbox, jobs) = queue(parts.settings.inbox_max);
        let (intake, orders) = queue(parts.settings.intake_max);
        let (project_queue, groups) = queue(parts.settings.groups_max);
        let (publish, applied) = watch::channel(parts.view.applied());
        let shared = Arc::new(Shared {
            catalogue: parts.catalogue,
            routes: parts.routes,
            read: parts.read,
            view: parts.view,
            limits: parts.limits,
            settings: parts.settings,
            edges: parts.edges,
            inbox,
            intake,
            applied,
            accepting: AtomicBool::new(true),
            broken: Mutex::new(None),
        });
        let project = project_queue.clone();
        Stages {
            jobs,
            recorder: Recorder::new(shared.clone(), parts.append, orders, project),
            projector: Projector::new(shared.clone(), groups, publish),
            project_queue,
            adapters: parts.adapters,
            shared,
        }
    }

    /// The door.
    pub fn handle(&self) -> Handle {
        Handle::new(self.shared.clone())
    }

    /// Starts a lane for each authority; call inside a tokio runtime, and once.
    pub fn deliver(&mut self) -> Lanes {
        deliver::start(&self.shared, std::mem::take(&mut self.adapters))
    }

    /// Checks one message, if one waits and can go on. Whether one did.
    pub fn validate(&mut self) -> bool {
        let shared = &*self.shared;
        let room = shared.intake.depth() < shared.settings.intake_max;
        room && shared.inbox.depth() > 0 && validate::step(shared, &self.jobs)
    }

    /// Records one group, if something waits; else looks whether a full disk has room again.
    /// Whether something waited.
    pub fn record(&mut self) -> bool {
        let waits = self.shared.intake.depth() > 0;
        self.recorder.step(Duration::ZERO);
        waits
    }

    /// Brings the view on: by one group, or else by what it has not seen of the journal. False
    /// when the view has failed.
    pub fn project(&mut self) -> bool {
        self.projector.step(Duration::ZERO)
    }

    /// Takes nothing more at the door; the first part of stopping. The lanes are stopped next.
    pub fn close(&self) {
        self.shared.accepting.store(false, Ordering::Release);
    }

    /// Finishes and answers what is under way and closes the view; the last part of stopping.
    ///
    /// # Errors
    /// A view that cannot be closed.
    pub fn finish(mut self) -> Result<(), Fault> {
        while self.validate() || self.record() {}
        while self.project_queue.depth() > 0 && self.project() {}
        // What went past the queue.
        self.project();
        self.shared.view.close()
    }
}

/// A thread of its own. Its panic is a break-down: whoever asks is told so, and nothing is
/// taken that nobody would work on.
fn thread(
    shared: &Arc<Shared>,
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, Fault> {
    let (shared, own) = (shared.clone(), name.clone());
    let watched = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            shared.break_down(&Fault::ours(format!("thread {own} panicked")));
            resume_unwind(panic);
        }
    };
    let thread = std::thread::Builder::new()
        .name(name.clone())
        .spawn(watched);
    thread.map_err(|error| Fault::ours(format!("starting thread {name}: {error}")))
}
