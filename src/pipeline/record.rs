//! The only appender. What has gathered since the last sync is the next group, so
//! that batching comes by itself and a lone message waits for nothing. Idempotency is decided
//! here, where everything passes in one line: (trader, key) names one declaration for ever.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::declaration::{Declaration, Digest, Entry, Event, Id, Recorded};
use crate::fault::Fault;
use crate::finding::Findings;
use crate::journal::{Append, Committed, Location};
use crate::telemetry;
use crate::view::Keyed;

use super::Shared;
use super::handle::Outcome;
use super::project::Group;
use super::queue::{Outlet, Queue};

/// Something to record.
pub enum Order {
    /// A declaration that passed every check; `findings` are warnings.
    Declaration {
        declaration: Box<Declaration>,
        findings: Findings,
        reply: oneshot::Sender<Outcome>,
    },
    /// What happened to declarations that are recorded already, all in one group.
    Events {
        entries: Vec<Entry>,
        reply: oneshot::Sender<Result<(), Fault>>,
    },
}

impl Order {
    fn bytes(&self) -> usize {
        let of = |entry: &Entry| match &entry.event {
            Event::Recorded(recorded) => recorded.message.len(),
            Event::Answered(answered) => answered.message.len(),
            Event::Dispatched(_) | Event::Undeliverable(_) => 0,
        };
        match self {
            Order::Declaration { declaration, .. } => declaration.bytes.len(),
            Order::Events { entries, .. } => entries.iter().map(of).sum(),
        }
    }
}

/// How often to look whether a full disk has room again when nobody sends.
const LOOK: Duration = Duration::from_secs(1);

/// The stage: whoever has it takes its steps.
pub struct Recorder {
    shared: Arc<Shared>,
    append: Box<dyn Append>,
    orders: Outlet<Order>,
    project: Queue<Group>,
    recent: Recent,
}

impl Recorder {
    /// Takes from `orders`, appends, and hands what is committed to `project`.
    pub fn new(
        shared: Arc<Shared>,
        append: Box<dyn Append>,
        orders: Outlet<Order>,
        project: Queue<Group>,
    ) -> Recorder {
        Recorder {
            shared,
            append,
            orders,
            project,
            recent: Recent::default(),
        }
    }

    /// Records until the queue is ended.
    pub fn run(mut self) {
        while self.step(LOOK) {}
    }

    /// Waits for an order and records it in one group with whatever else has gathered; when
    /// none comes within `wait`, looks whether a full disk has room again. False: the queue has
    /// been ended.
    pub fn step(&mut self, wait: Duration) -> bool {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let settings = &self.shared.settings;
        let going = self.orders.recv_batch(&mut batch, wait, |taken| {
            bytes += taken.last().map_or(0, Order::bytes);
            taken.len() < settings.group_entries_max && bytes < settings.group_bytes_max
        });
        if !batch.is_empty() {
            let group = self.record(batch);
            // A full queue is no reason to wait: `project` reads the journal then.
            _ = self.project.try_send(group);
        } else if self.shared.full() && self.append.room().is_ok() {
            self.shared.room_again();
        }
        going
    }
}

/// What is answered once the group is on disk.
enum Promise {
    /// The entry at this place of the group is a new declaration.
    New {
        entry: usize,
        id: Id,
        findings: Findings,
        reply: oneshot::Sender<Outcome>,
    },
    /// The same declaration as an entry earlier in this group.
    SameGroup {
        entry: usize,
        id: Id,
        findings: Findings,
        reply: oneshot::Sender<Outcome>,
    },
    /// Recorded before.
    Known {
        keyed: Keyed,
        findings: Findings,
        reply: oneshot::Sender<Outcome>,
    },
    /// The key names other bytes: recorded before, or else in this group.
    Conflict {
        id: Id,
        recorded: bool,
        reply: oneshot::Sender<Outcome>,
    },
    /// The view could not be asked.
    Failed {
        fault: Fault,
        reply: oneshot::Sender<Outcome>,
    },
    Events {
        reply: oneshot::Sender<Result<(), Fault>>,
    },
}

impl Recorder {
    /// Records what has gathered and answers everybody.
    fn record(&mut self, batch: Vec<Order>) -> Group {
        let mut entries: Vec<Entry> = Vec::with_capacity(batch.len());
        let mut promises = Vec::with_capacity(batch.len());
        // Keys of this group that are not committed yet.
        let mut fresh: HashMap<(String, String), (usize, Id, Digest)> = HashMap::new();
        self.recent.forget_before(self.shared.view.applied());
        for order in batch {
            promises.push(match order {
                Order::Events {
                    entries: events,
                    reply,
                } => {
                    entries.extend(events);
                    Promise::Events { reply }
                }
                Order::Declaration {
                    declaration,
                    findings,
                    reply,
                } => {
                    let name = (declaration.trader.clone(), declaration.key.clone());
                    let (digest, own) = (declaration.digest, declaration.id);
                    match fresh.get(&name) {
                        Some((entry, id, known)) if *known == digest => Promise::SameGroup {
                            entry: *entry,
                            id: *id,
                            findings,
                            reply,
                        },
                        Some((_, id, _)) => Promise::Conflict {
                            id: *id,
                            recorded: false,
                            reply,
                        },
                        None => match self.known(&name) {
                            Err(fault) => Promise::Failed { fault, reply },
                            Ok(Some(keyed)) if keyed.digest == digest => Promise::Known {
                                keyed,
                                findings,
                                reply,
                            },
                            Ok(Some(keyed)) => Promise::Conflict {
                                id: keyed.id,
                                recorded: true,
                                reply,
                            },
                            Ok(None) => {
                                let entry = entries.len();
                                fresh.insert(name, (entry, own, digest));
                                entries.push(entry_of(*declaration));
                                Promise::New {
                                    entry,
                                    id: own,
                                    findings,
                                    reply,
                                }
                            }
                        },
                    }
                }
            });
        }
        let committed = self.append.append(&entries);
        match &committed {
            Ok(committed) => {
                for (name, (entry, id, digest)) in fresh {
                    self.recent.insert(
                        name,
                        Keyed {
                            id,
                            digest,
                            location: committed.locations[entry],
                        },
                    );
                }
                telemetry::record_committed(entries.len());
            }
            Err(fault) => {
                telemetry::record_failed(fault);
                self.shared.break_down(fault);
            }
        }
        if committed.is_ok() {
            self.shared.room_again();
        }
        for promise in promises {
            self.keep(promise, &committed);
        }
        match committed {
            Ok(committed) => committed.locations.into_iter().zip(entries).collect(),
            Err(_) => Vec::new(),
        }
    }

    /// Who has a key: in memory while the view has not applied it, in the view afterwards.
    fn known(&self, name: &(String, String)) -> Result<Option<Keyed>, Fault> {
        match self.recent.keys.get(name) {
            Some(keyed) => Ok(Some(*keyed)),
            None => self.shared.view.by_key(&name.0, &name.1),
        }
    }

    /// Answers one order. Whoever waited may have gone; what is recorded stays recorded.
    fn keep(&self, promise: Promise, committed: &Result<Committed, Fault>) {
        let receipt = |entry: usize| match committed {
            Ok(committed) => match &committed.receipts[entry] {
                Some(receipt) => Ok(receipt.clone()),
                None => Err(Fault::ours("a recorded entry without a receipt")),
            },
            Err(fault) => Err(fault.clone()),
        };
        let outcome = |id: Id,
                       receipt: Result<Bytes, Fault>,
                       repeated: bool,
                       findings: Findings| match receipt {
            Ok(receipt) => Outcome::Recorded {
                id,
                receipt,
                repeated,
                findings,
            },
            Err(fault) => Outcome::Unavailable(fault),
        };
        match promise {
            Promise::New {
                entry,
                id,
                findings,
                reply,
            } => _ = reply.send(outcome(id, receipt(entry), false, findings)),
            Promise::SameGroup {
                entry,
                id,
                findings,
                reply,
            } => {
                _ = reply.send(outcome(id, receipt(entry), true, findings));
            }
            Promise::Known {
                keyed,
                findings,
                reply,
            } => {
                let again = self.shared.read.receipt(keyed.location);
                _ = reply.send(outcome(keyed.id, again, true, findings));
            }
            Promise::Conflict {
                id,
                recorded,
                reply,
            } => {
                // What was not recorded conflicts with nothing.
                let outcome = match committed {
                    Err(fault) if !recorded => Outcome::Unavailable(fault.clone()),
                    _ => Outcome::Conflict { id },
                };
                _ = reply.send(outcome);
            }
            Promise::Failed { fault, reply } => _ = reply.send(Outcome::Unavailable(fault)),
            Promise::Events { reply } => {
                _ = reply.send(committed.as_ref().map(|_| ()).map_err(Clone::clone))
            }
        }
    }
}

fn entry_of(declaration: Declaration) -> Entry {
    Entry {
        id: declaration.id,
        at: declaration.received_at,
        event: Event::Recorded(Recorded {
            trader: declaration.trader,
            key: declaration.key,
            kind: declaration.kind,
            message_type: declaration.message_type,
            reference: declaration.reference,
            authority: declaration.authority,
            fields: declaration.fields,
            charset: declaration.charset,
            digest: declaration.digest,
            message: declaration.bytes,
        }),
    }
}

/// Keys that are committed and not yet in the view.
#[derive(Default)]
struct Recent {
    keys: HashMap<(String, String), Keyed>,
    order: VecDeque<(u64, (String, String))>,
}

impl Recent {
    fn insert(&mut self, name: (String, String), keyed: Keyed) {
        let location: Location = keyed.location;
        self.order.push_back((location.index, name.clone()));
        self.keys.insert(name, keyed);
    }

    /// Forgets what the view has: entries below `applied`.
    fn forget_before(&mut self, applied: u64) {
        while let Some((_, name)) = self.order.pop_front_if(|(index, _)| *index < applied) {
            self.keys.remove(&name);
        }
    }
}
