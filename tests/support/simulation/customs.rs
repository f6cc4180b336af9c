//! The authority: it answers at once, late, twice, out of order, not at all, or loses its
//! answer after it has taken the dispatch. It knows a repetition by its id and does nothing
//! more then; what it counts is what it did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tongguan::authority::{Adapter, Delivery, Dispatch, Reply};
use tongguan::declaration::Id;
use tongguan::fault::{Fault, Retry};
use tongguan::pipeline::{Answering, Handle};

use super::family::CODES;
use super::world::World;

/// What the authority has of a dispatch.
#[derive(Debug, Clone)]
pub struct Case {
    pub reference: String,
    pub message: Bytes,
    /// Answers that were sent, or tried to be.
    pub answers: Vec<Bytes>,
}

#[derive(Debug, Default)]
pub struct Cases {
    /// What it took, by id: the effect.
    pub taken: BTreeMap<Id, Case>,
    /// Attempts, also those that came to nothing.
    pub attempts: BTreeMap<Id, u32>,
    /// In the order in which it took them: ids are random.
    order: Vec<Id>,
    serial: u64,
    /// An answer is on its way. One at a time: several that wait for the view are woken in an
    /// order of tokio's own choosing, which no seed decides.
    pub calling: bool,
}

impl Cases {
    /// Counts an attempt; the number, and whether the dispatch is known.
    fn attempt(&mut self, id: Id) -> (u32, bool) {
        let attempts = self.attempts.entry(id).or_default();
        *attempts += 1;
        (*attempts, self.taken.contains_key(&id))
    }

    fn take(&mut self, dispatch: &Dispatch) {
        let case = || Case {
            reference: dispatch.reference.clone(),
            message: dispatch.message.clone(),
            answers: Vec::new(),
        };
        if !self.taken.contains_key(&dispatch.id) {
            self.order.push(dispatch.id);
            self.taken.insert(dispatch.id, case());
        }
    }

    /// A new answer to something taken.
    fn answer(&mut self, id: Id, code: &str) -> Bytes {
        self.serial += 1;
        let serial = self.serial;
        let case = self.taken.get_mut(&id).expect("something taken");
        let reference = &case.reference;
        let answer = Bytes::from(format!(
            "<A xmlns=\"urn:simulation:a\"><N>{reference}</N><I>C-{reference}</I><C>{code}</C><S>{serial}</S></A>"
        ));
        case.answers.push(answer.clone());
        answer
    }
}

pub struct Customs(pub Arc<World>);

impl Adapter for Customs {
    fn deliver<'a>(&'a self, dispatch: &'a Dispatch) -> Delivery<'a> {
        Box::pin(async move {
            let reply = self.hear(dispatch).await;
            if self.0.disk.is_off() {
                // Whoever waits for it is no more.
                return std::future::pending().await;
            }
            reply
        })
    }
}

impl Customs {
    async fn hear(&self, dispatch: &Dispatch) -> Result<Reply, Fault> {
        let world = &self.0;
        let reference = &dispatch.reference;
        let (attempts, known) = world.cases().attempt(dispatch.id);
        let later = |what: &str| Err(Fault::authority(Retry::Later, what));
        let mood = if world.is_kind() { 0 } else { world.below(12) };
        world.note(format_args!(
            "customs: {reference} attempt {attempts}, mood {mood}"
        ));
        match mood {
            0..=3 => {}
            4 | 5 => {
                wait(world, 3_000).await;
                if world.disk.is_off() {
                    return later("off");
                }
            }
            6 => return later("connection refused"),
            7 => {
                wait(world, 30_000).await;
                return later("no answer");
            }
            8 => {
                world.cases().take(dispatch);
                return later("the answer was lost");
            }
            9 => {
                world.cases().take(dispatch);
                wait(world, 30_000).await;
                return later("no answer in time");
            }
            10 if !known => return Err(Fault::authority(Retry::Never, "refused for good")),
            _ => {}
        }
        let mut cases = world.cases();
        cases.take(dispatch);
        let body = match world.below(3) {
            0 => Bytes::new(),
            1 => Bytes::from_static(b"taken with thanks"),
            _ => cases.answer(dispatch.id, "REC"),
        };
        Ok(Reply {
            body,
            charset: None,
        })
    }
}

async fn wait(world: &World, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(world.below(most_ms))).await;
}

/// The authority says something on its own about something that it has taken, perhaps once
/// more, perhaps without saying which dispatch it means.
pub fn call_back(world: &Arc<World>, handle: &Handle) {
    let mut cases = world.cases();
    if cases.calling || cases.taken.is_empty() {
        return;
    }
    cases.calling = true;
    let id = cases.order[world.below(cases.order.len() as u64) as usize];
    let known = cases.taken[&id].answers.len() as u64;
    let answer = if known > 0 && world.chance(1, 3) {
        cases.taken[&id].answers[world.below(known) as usize].clone()
    } else {
        cases.answer(id, CODES[world.below(CODES.len() as u64) as usize])
    };
    let dispatch = world.chance(1, 2).then_some(id);
    let reference = cases.taken[&id].reference.clone();
    let (world, handle) = (world.clone(), handle.clone());
    tokio::spawn(async move {
        let told = handle
            .answer("customs", dispatch, answer.clone(), None)
            .await;
        world.cases().calling = false;
        if world.disk.is_off() {
            return;
        }
        match told {
            Answering::Recorded { id: found } if found == id => {
                world.note(format_args!("customs: {reference} answer recorded"));
                world.ledger().acknowledged.push((id, answer));
            }
            Answering::Unavailable(fault) => {
                world.note(format_args!(
                    "customs: {reference} answer unavailable: {fault}"
                ));
            }
            Answering::Busy { .. } => world.note(format_args!("customs: busy")),
            other => world.violate(format!(
                "{reference}: the answer to something that was dispatched: {other:?}"
            )),
        }
    });
}
