//! The door to the pipeline, for `ingest` and the commands.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::declaration::{Answered, Digest, Entry, Event, Id, Status, Submission};
use crate::family::{Answer, Checked};
use crate::fault::Fault;
use crate::finding::Findings;
use crate::journal::{Location, Read};
use crate::telemetry;
use crate::view::{Filter, Page, Row};

use super::Shared;
use super::record::Order;
use super::validate::{Job, stopped};

/// What became of a submission.
#[derive(Debug)]
pub enum Outcome {
    /// It is on disk.
    Recorded {
        /// Its number.
        id: Id,
        /// JSON; the same bytes every time.
        receipt: Bytes,
        /// This key and these bytes were recorded before; the first receipt is given again.
        repeated: bool,
        /// Warnings only.
        findings: Findings,
    },
    /// It has findings of severity error; nothing was recorded.
    Refused(Findings),
    /// The key names a declaration with other bytes.
    Conflict {
        /// That declaration.
        id: Id,
    },
    /// The gateway cannot record at present.
    Unavailable(Fault),
    /// A queue is full.
    Busy {
        /// Seconds after which to come again.
        retry_after_s: u32,
    },
}

/// What became of an answer that an authority sent on its own.
#[derive(Debug)]
pub enum Answering {
    /// It is on disk.
    Recorded {
        /// The declaration that it is about.
        id: Id,
    },
    /// It is not an answer of a known form.
    Refused(Findings),
    /// No declaration of this authority fits it, or more than one does.
    Unknown,
    /// As in [`Outcome`].
    Unavailable(Fault),
    /// As in [`Outcome`].
    Busy {
        /// Seconds after which to come again.
        retry_after_s: u32,
    },
}

/// A full inbox drains in less than this.
const RETRY_AFTER_S: u32 = 1;

/// Declarations looked at when an answer carries only a trader's reference.
const NAMESAKES_MAX: usize = 16;

/// Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Handle {
        Handle { shared }
    }

    /// Checks a submission and records it.
    pub async fn submit(&self, submission: Submission) -> Outcome {
        if let Err(fault) = self.recording() {
            return Outcome::Unavailable(fault);
        }
        let (reply, outcome) = oneshot::channel();
        if self
            .shared
            .inbox
            .try_send(Job::Submit { submission, reply })
            .is_err()
        {
            telemetry::pipeline_busy();
            return Outcome::Busy {
                retry_after_s: RETRY_AFTER_S,
            };
        }
        outcome
            .await
            .unwrap_or_else(|_| Outcome::Unavailable(stopped()))
    }

    /// The same check; nothing is recorded.
    ///
    /// # Errors
    /// Busy or unavailable, as an [`Outcome`].
    pub async fn validate(
        &self,
        bytes: Bytes,
        charset: Option<String>,
    ) -> Result<Checked, Outcome> {
        let (reply, checked) = oneshot::channel();
        if self
            .shared
            .inbox
            .try_send(Job::Check {
                bytes,
                charset,
                reply,
            })
            .is_err()
        {
            telemetry::pipeline_busy();
            return Err(Outcome::Busy {
                retry_after_s: RETRY_AFTER_S,
            });
        }
        match checked.await {
            Ok(checked) => checked.map_err(Outcome::Unavailable),
            Err(_) => Err(Outcome::Unavailable(stopped())),
        }
    }

    /// Records an answer that an authority sent on its own. `dispatch` is what it says it is
    /// about, if it says so.
    pub async fn answer(
        &self,
        authority: &str,
        dispatch: Option<Id>,
        bytes: Bytes,
        charset: Option<String>,
    ) -> Answering {
        let (reply, answer) = oneshot::channel();
        let job = Job::Answer {
            bytes: bytes.clone(),
            charset,
            reply,
        };
        if self.shared.inbox.try_send(job).is_err() {
            telemetry::pipeline_busy();
            return Answering::Busy {
                retry_after_s: RETRY_AFTER_S,
            };
        }
        let answer = match answer.await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Ok(Err(findings))) => return Answering::Refused(findings),
            Ok(Err(fault)) => return Answering::Unavailable(fault),
            Err(_) => return Answering::Unavailable(stopped()),
        };
        let found = match self.caught_up().await {
            Ok(()) => self.correlate(authority, dispatch, &answer),
            Err(fault) => return Answering::Unavailable(fault),
        };
        let row = match found {
            Ok(Some(row)) => row,
            Ok(None) => {
                telemetry::answer_unknown(
                    authority,
                    &answer.message_type,
                    answer.reference.as_deref(),
                );
                return Answering::Unknown;
            }
            Err(fault) => return Answering::Unavailable(fault),
        };
        let (message_type, code) = (answer.message_type.clone(), answer.code.clone());
        let event = answered(authority, answer, bytes);
        match self
            .shared
            .record_events(vec![Entry {
                id: row.id,
                at: (self.shared.edges.now)(),
                event,
            }])
            .await
        {
            Ok(()) => {
                telemetry::answer_recorded(authority, &message_type, &code);
                Answering::Recorded { id: row.id }
            }
            Err(fault) => Answering::Unavailable(fault),
        }
    }

    /// A trader's declaration, as everything recorded before the call has left it. `None`: it
    /// is not there, or another trader's.
    ///
    /// # Errors
    /// A view that fails or lags too far behind.
    pub async fn find(&self, trader: &str, id: Id) -> Result<Option<Row>, Fault> {
        self.caught_up().await?;
        Ok(self
            .shared
            .view
            .by_id(id)?
            .filter(|row| row.trader == trader))
    }

    /// A trader's declarations, as everything recorded before the call has left them.
    ///
    /// # Errors
    /// As [`Handle::find`].
    pub async fn list(&self, trader: &str, filter: Filter) -> Result<Page, Fault> {
        self.caught_up().await?;
        let (shared, trader) = (self.shared.clone(), trader.to_owned());
        let listed = tokio::task::spawn_blocking(move || shared.view.list(&trader, &filter)).await;
        listed.map_err(|error| Fault::ours(error.to_string()))?
    }

    /// The message of a declaration as it was sent, and the charset that it came with.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub async fn message(&self, row: &Row) -> Result<(Bytes, Option<String>), Fault> {
        let location = row.location;
        let entry = self.journal(move |read| read.entry(location)).await?;
        match entry.event {
            Event::Recorded(recorded) => Ok((recorded.message, recorded.charset)),
            _ => Err(Fault::ours(format!(
                "entry {} is not a recorded declaration",
                location.index
            ))),
        }
    }

    /// The receipt of a declaration.
    ///
    /// # Errors
    /// As [`Handle::message`].
    pub async fn receipt(&self, row: &Row) -> Result<Bytes, Fault> {
        let location = row.location;
        self.journal(move |read| read.receipt(location)).await
    }

    /// The receipt of an event of a declaration, by the number of its entry. `None`: the entry
    /// is not one of this declaration's.
    ///
    /// # Errors
    /// As [`Handle::message`].
    pub async fn event_receipt(&self, row: &Row, index: u64) -> Result<Option<Bytes>, Fault> {
        let id = row.id;
        let work = move |read: &dyn Read| match own_entry(read, id, index)? {
            Some((location, _)) => read.receipt(location).map(Some),
            None => Ok(None),
        };
        self.journal(work).await
    }

    /// The message that came with an event of a declaration: an answer as it was received.
    ///
    /// # Errors
    /// As [`Handle::message`].
    pub async fn event_message(&self, row: &Row, index: u64) -> Result<Option<Bytes>, Fault> {
        let id = row.id;
        let entry = self.journal(move |read| own_entry(read, id, index)).await?;
        Ok(match entry.map(|(_, entry)| entry.event) {
            Some(Event::Recorded(recorded)) => Some(recorded.message),
            Some(Event::Answered(answered)) => Some(answered.message),
            Some(Event::Dispatched(_) | Event::Undeliverable(_)) | None => None,
        })
    }

    /// Reads the journal, on a thread that may wait for the disk.
    ///
    /// # Errors
    /// What the work gives.
    pub async fn journal<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Read) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = self.shared.clone();
        let done = tokio::task::spawn_blocking(move || work(&*shared.read)).await;
        done.map_err(|error| Fault::ours(error.to_string()))?
    }

    /// Whether submissions can be taken.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), String> {
        self.recording().map_err(|fault| fault.why)
    }

    /// The same, with whether it is for now or for good.
    fn recording(&self) -> Result<(), Fault> {
        if !self.shared.accepting.load(Ordering::Acquire) {
            return Err(stopped());
        }
        match &*self.shared.broken() {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// Messages waiting to be checked, and checked ones waiting to be recorded.
    pub fn depths(&self) -> (usize, usize) {
        (self.shared.inbox.depth(), self.shared.intake.depth())
    }

    /// Waits until the view shows everything that was committed when this was called. The
    /// view lags by milliseconds, so waiting is simpler than reading past it, and a reader
    /// always sees its own writes.
    async fn caught_up(&self) -> Result<(), Fault> {
        let committed = self.shared.read.committed();
        let mut applied = self.shared.applied.clone();
        let wait = tokio::time::timeout(
            self.shared.settings.read_wait_ms,
            applied.wait_for(|applied| *applied >= committed),
        );
        match wait.await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Fault::ours(format!(
                "the view has not caught up with entry {committed}"
            ))),
        }
    }

    /// The declaration that an answer is about: by the dispatch that it names, or else by the
    /// authority's own number, or else by the trader's reference, if only one declaration
    /// that is still open has it.
    fn correlate(
        &self,
        authority: &str,
        dispatch: Option<Id>,
        answer: &Answer,
    ) -> Result<Option<Row>, Fault> {
        let view = &self.shared.view;
        let own = |row: &Row| row.authority == authority && *row.kind == *answer.kind;
        if let Some(dispatch) = dispatch {
            return Ok(view.by_id(dispatch)?.filter(own));
        }
        if let Some(number) = &answer.authority_reference
            && let Some(id) = view.by_authority_reference(authority, &answer.kind, number)?
        {
            return Ok(view.by_id(id)?.filter(own));
        }
        let Some(reference) = &answer.reference else {
            return Ok(None);
        };
        let mut rows = view.by_reference(authority, &answer.kind, reference, NAMESAKES_MAX)?;
        if rows.len() > 1 {
            rows.retain(|row| {
                !matches!(
                    row.status,
                    Status::Closed | Status::Withdrawn | Status::Superseded
                )
            });
        }
        Ok(if rows.len() == 1 { rows.pop() } else { None })
    }
}

/// The entry with this number, if it is one of this declaration's.
fn own_entry(read: &dyn Read, id: Id, index: u64) -> Result<Option<(Location, Entry)>, Fault> {
    let Some(location) = read.locate(index)? else {
        return Ok(None);
    };
    let entry = read.entry(location)?;
    Ok((entry.id == id).then_some((location, entry)))
}

impl Shared {
    /// Hands events to `record` and waits until they are on disk.
    pub(super) async fn record_events(&self, entries: Vec<Entry>) -> Result<(), Fault> {
        let (reply, recorded) = oneshot::channel();
        // The intake is shared with submissions; an event waits for its turn.
        if self
            .intake
            .send_patiently(Order::Events { entries, reply })
            .await
            .is_err()
        {
            return Err(stopped());
        }
        recorded.await.unwrap_or_else(|_| Err(stopped()))
    }
}

/// The event of an answer.
pub(super) fn answered(authority: &str, answer: Answer, message: Bytes) -> Event {
    Event::Answered(Answered {
        authority: authority.to_owned(),
        message_type: answer.message_type.to_string(),
        code: answer.code,
        text: answer.text,
        status: answer.status,
        authority_reference: answer.authority_reference,
        facts: answer.facts,
        digest: Digest::of(&message),
        message,
    })
}
