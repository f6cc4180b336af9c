//! Folds committed entries into the view and tells everybody how far it has come. It may lag: what the queue could not hold it reads from the journal. A view that fails
//! while the gateway runs stops new submissions, because the next start has to make it again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::declaration::Entry;
use crate::fault::Fault;
use crate::journal::Location;
use crate::telemetry;

use super::Shared;
use super::queue::Outlet;

/// A committed group.
pub type Group = Vec<(Location, Entry)>;

/// Entries in one batch: near the size at which sled is fastest.
const BATCH_ENTRIES: usize = 256;

/// How long to wait before looking whether a group went past the full queue.
const LOOK: Duration = Duration::from_millis(200);

/// The stage: whoever has it takes its steps.
pub struct Projector {
    shared: Arc<Shared>,
    groups: Outlet<Group>,
    /// How many entries the view has applied.
    publish: watch::Sender<u64>,
}

impl Projector {
    /// Takes from `groups`, and publishes how far the view has come.
    pub fn new(
        shared: Arc<Shared>,
        groups: Outlet<Group>,
        publish: watch::Sender<u64>,
    ) -> Projector {
        Projector {
            shared,
            groups,
            publish,
        }
    }

    /// Folds until the queue is ended, and then what is left.
    pub fn run(mut self) {
        while self.step(LOOK) {}
    }

    /// Folds a group; when none comes within `wait`, what the journal has beyond the view.
    /// False: the queue has been ended, or the view has failed.
    pub fn step(&mut self, wait: Duration) -> bool {
        let shared = &*self.shared;
        let (going, result) = match self.groups.recv_within(wait) {
            Ok(Some(group)) => (true, apply(shared, &group)),
            Ok(None) => (false, behind(shared)),
            Err(()) => (true, behind(shared)),
        };
        if let Err(fault) = result {
            telemetry::project_failed(&fault);
            shared.break_down(&fault);
            return false;
        }
        self.publish.send_replace(shared.view.applied());
        telemetry::project_applied(shared.view.applied(), &shared.view.counts());
        going
    }
}

fn apply(shared: &Shared, group: &Group) -> Result<(), Fault> {
    match group.first() {
        Some((location, _)) if location.index > shared.view.applied() => behind(shared),
        _ => group
            .chunks(BATCH_ENTRIES)
            .try_for_each(|batch| shared.view.apply(batch)),
    }
}

/// Applies what the journal has and the view has not.
fn behind(shared: &Shared) -> Result<(), Fault> {
    if shared.view.applied() == shared.read.committed() {
        return Ok(());
    }
    let mut batch = Vec::with_capacity(BATCH_ENTRIES);
    shared
        .read
        .scan(shared.view.applied(), &mut |location, entry| {
            batch.push((location, entry));
            if batch.len() < BATCH_ENTRIES {
                Ok(())
            } else {
                shared.view.apply(&std::mem::take(&mut batch))
            }
        })?;
    shared.view.apply(&batch)
}
