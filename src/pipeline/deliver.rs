//! A lane for each authority. A lane pulls: it takes what waits for its authority from the
//! view, in the order of the journal, as far as its concurrency allows; everything else stays
//! where it is durable. A dispatch is tried until the authority has it, with growing delays,
//! and what is under way when the gateway stops is simply still waiting at the next start. The
//! dispatch's id is the declaration's, the same at every attempt.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::authority::{Adapter, Dispatch, Reply, retry};
use crate::declaration::{Answered, Digest, Dispatched, Entry, Event, Undeliverable};
use crate::fault::{Fault, Retry};
use crate::telemetry;
use crate::view::Pending;

use super::Shared;
use super::handle::answered;

/// A lane looks for work at least this often, whatever it has been told.
const LOOK: Duration = Duration::from_secs(1);

/// How long to wait before a message that could not be read is read again.
const UNREADABLE: Duration = Duration::from_secs(10);

/// Bytes kept of a reply that is not an answer of a known form.
const UNREADABLE_BYTES_MAX: usize = 64 << 10;

/// The started lanes.
pub struct Lanes {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts a lane for each adapter.
pub(super) fn start(shared: &Arc<Shared>, adapters: BTreeMap<String, Arc<dyn Adapter>>) -> Lanes {
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for (authority, adapter) in adapters {
        let lane = Lane {
            authority: authority.into(),
            adapter,
            shared: shared.clone(),
            stopping: stopping.clone(),
        };
        tasks.spawn(lane.run());
    }
    Lanes { stop, tasks }
}

impl Lanes {
    /// Begins nothing more and waits for the attempts under way.
    pub async fn stop(mut self, wait: Duration) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(wait, all).await.is_err() {
            telemetry::deliver_cut_off();
        }
    }
}

#[derive(Clone)]
struct Lane {
    authority: Arc<str>,
    adapter: Arc<dyn Adapter>,
    shared: Arc<Shared>,
    stopping: watch::Receiver<bool>,
}

impl Lane {
    async fn run(mut self) {
        let mut applied = self.shared.applied.clone();
        let mut under_way: JoinSet<()> = JoinSet::new();
        // Everything before it was taken since the start.
        let mut next = 0;
        while !*self.stopping.borrow() {
            let room = self
                .shared
                .settings
                .lane_concurrency
                .saturating_sub(under_way.len());
            if room > 0 {
                match self.shared.view.pending(&self.authority, next, room) {
                    Ok(found) => {
                        for pending in found {
                            next = pending.location.index + 1;
                            under_way.spawn(self.clone().bring(pending));
                        }
                    }
                    Err(fault) => telemetry::deliver_failed(&self.authority, &fault),
                }
            }
            // In this order, not in one by chance: a simulation repeats it.
            tokio::select! {
                biased;
                _ = self.stopping.changed() => {}
                Some(_) = under_way.join_next() => {}
                changed = applied.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Brings one dispatch to its end and records it.
    async fn bring(mut self, pending: Pending) {
        let Some(events) = self.attempts(&pending).await else {
            return;
        };
        let at = (self.shared.edges.now)();
        let entries: Vec<Entry> = events
            .into_iter()
            .map(|event| Entry {
                id: pending.id,
                at,
                event,
            })
            .collect();
        while let Err(fault) = self.shared.record_events(entries.clone()).await {
            telemetry::deliver_failed(&self.authority, &fault);
            // It still waits in the view: the next start takes it again.
            if fault.retry == Retry::Never || *self.stopping.borrow() {
                return;
            }
            // A full disk: what the authority said is kept until there is room.
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What became of a dispatch; `None` when the gateway stops before it is known.
    async fn attempts(&mut self, pending: &Pending) -> Option<Vec<Event>> {
        let dispatch = loop {
            match self.dispatch(pending) {
                Ok(dispatch) => break dispatch,
                Err(fault) => telemetry::deliver_failed(&self.authority, &fault),
            }
            // A disk that cannot be read now may be read later; what waits is in the log.
            tokio::select! {
                biased;
                _ = self.stopping.changed() => return None,
                () = tokio::time::sleep(UNREADABLE) => {}
            }
        };
        let authority = self.authority.to_string();
        for attempts in 1.. {
            if *self.stopping.borrow() {
                return None;
            }
            let fault = match self.adapter.deliver(&dispatch).await {
                Ok(reply) => {
                    telemetry::deliver_dispatched(&authority);
                    let dispatched = Event::Dispatched(Dispatched {
                        authority,
                        attempts,
                    });
                    return Some(
                        [Some(dispatched), self.answer(reply)]
                            .into_iter()
                            .flatten()
                            .collect(),
                    );
                }
                Err(fault) => fault,
            };
            telemetry::deliver_failed(&authority, &fault);
            let wait = match fault.retry {
                Retry::Never => None,
                Retry::Later => {
                    let random = (self.shared.edges.random)();
                    retry::delay(attempts, &self.shared.settings.retry, random)
                }
            };
            let Some(wait) = wait else {
                return Some(vec![Event::Undeliverable(Undeliverable {
                    authority,
                    attempts,
                    reason: fault.why,
                })]);
            };
            tokio::select! {
                biased;
                _ = self.stopping.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        unreachable!("attempts end by success, by giving up, or by stopping")
    }

    fn dispatch(&self, pending: &Pending) -> Result<Dispatch, Fault> {
        match self.shared.read.entry(pending.location)?.event {
            Event::Recorded(recorded) => Ok(Dispatch {
                id: pending.id,
                authority: recorded.authority,
                kind: recorded.kind,
                message_type: recorded.message_type,
                reference: recorded.reference,
                message: recorded.message,
                charset: recorded.charset,
            }),
            _ => Err(Fault::ours(format!(
                "entry {} is not a recorded declaration",
                pending.location.index
            ))),
        }
    }

    /// The event of what came back at once. What cannot be understood is kept all the same.
    fn answer(&self, reply: Reply) -> Option<Event> {
        if reply.body.is_empty() {
            return None;
        }
        let read = self.shared.catalogue.answer(
            &reply.body,
            reply.charset.as_deref(),
            &self.shared.limits,
        );
        match read {
            Ok(answer) => {
                telemetry::answer_recorded(&self.authority, &answer.message_type, &answer.code);
                Some(answered(&self.authority, answer, reply.body))
            }
            Err(findings) => {
                telemetry::answer_unreadable(&self.authority, findings.list());
                let kept = reply
                    .body
                    .slice(..reply.body.len().min(UNREADABLE_BYTES_MAX));
                Some(unreadable(&self.authority, kept))
            }
        }
    }
}

fn unreadable(authority: &str, message: Bytes) -> Event {
    Event::Answered(Answered {
        authority: authority.to_owned(),
        message_type: String::new(),
        code: "unreadable".to_owned(),
        text: String::new(),
        status: None,
        authority_reference: None,
        facts: Vec::new(),
        digest: Digest::of(&message),
        message,
    })
}
