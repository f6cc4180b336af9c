//! The traders: they send, repeat, send other bytes under a key they have used, go away before
//! they are answered, and look at what became of it. Whatever they are told is held against
//! what they were told before.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tongguan::declaration::{Id, Status, Submission};
use tongguan::fault::Fault;
use tongguan::journal::receipt;
use tongguan::pipeline::{Handle, Outcome};

use super::life::public_key;
use super::world::{Given, Name, World, message, reference};

const TRADERS: [&str; 3] = ["acme", "bolt", "coda"];

/// Keys of one trader: few, so that they are used again.
const KEYS: u64 = 7;

pub fn any_name(world: &World) -> Name {
    let trader = TRADERS[world.below(3) as usize];
    (trader, world.below(KEYS) as u32)
}

/// Any trader sends something, and may not wait for the answer.
pub fn send_any(world: &Arc<World>, handle: &Handle) {
    let name = any_name(world);
    let variant = if world.chance(1, 6) {
        1 + world.below(2)
    } else {
        0
    };
    let patience = world.chance(1, 6).then(|| world.below(200));
    let (world, handle) = (world.clone(), handle.clone());
    tokio::spawn(async move {
        let sent = send(&world, &handle, name, message(name, variant));
        match patience {
            Some(wait) => _ = tokio::time::timeout(Duration::from_millis(wait), sent).await,
            None => sent.await,
        }
    });
}

/// Sends one message and hears the answer.
pub async fn send(world: &World, handle: &Handle, name: Name, message: Bytes) {
    let had_receipt = {
        let mut ledger = world.ledger();
        ledger.sent.entry(name).or_default().push(message.clone());
        ledger.given.contains_key(&name)
    };
    let (trader, key) = name;
    let submission = Submission {
        trader: trader.to_owned(),
        key: Some(format!("key-{key}")),
        bytes: message.clone(),
        charset: None,
        received_at: world.now(),
    };
    let outcome = handle.submit(submission).await;
    if world.disk.is_off() {
        return; // The answer never left.
    }
    if had_receipt && matches!(outcome, Outcome::Recorded { repeated, .. } if !repeated) {
        world.violate(format!("{}: a repetition is taken as new", reference(name)));
    }
    if let Err(what) = hear(world, name, &message, outcome) {
        world.violate(format!("{}: {what}", reference(name)));
    }
}

fn hear(world: &World, name: Name, message: &Bytes, outcome: Outcome) -> Result<(), String> {
    let told = reference(name);
    let mut ledger = world.ledger();
    let known = ledger.given.get(&name).cloned();
    match outcome {
        Outcome::Recorded {
            id,
            receipt,
            repeated,
            ..
        } => {
            world.note(format_args!("{told} recorded, repeated: {repeated}"));
            world.count("receipts", 1);
            world.count("receipts given again", u64::from(repeated));
            let conflicts = ledger.conflicts.get(&name);
            if conflicts.is_some_and(|all| all.iter().any(|(other, _)| other == message)) {
                return Err("a conflict does not stay a conflict".to_owned());
            }
            match known {
                None => {
                    receipt::verify(&receipt, Some(message), &public_key(world))
                        .map_err(|why| format!("a receipt does not hold: {why}"))?;
                    let message = message.clone();
                    let given = Given {
                        id,
                        receipt,
                        message,
                    };
                    ledger.given.insert(name, given);
                }
                Some(given) if given.message != *message => {
                    return Err("other bytes under a key are recorded".to_owned());
                }
                Some(given) if given.id != id || given.receipt != receipt => {
                    return Err("a repeated send gives another receipt".to_owned());
                }
                Some(_) => {}
            }
        }
        Outcome::Conflict { id } => {
            world.note(format_args!("{told} conflict"));
            world.count("conflicts", 1);
            match known {
                Some(given) if given.message == *message => {
                    return Err("a conflict for what has a receipt".to_owned());
                }
                Some(given) if given.id != id => {
                    return Err("a conflict with another declaration".to_owned());
                }
                _ => {}
            }
            let conflicts = ledger.conflicts.entry(name).or_default();
            if conflicts.iter().any(|(_, other)| *other != id) {
                return Err("a conflict with another declaration than before".to_owned());
            }
            conflicts.push((message.clone(), id));
        }
        Outcome::Refused(findings) => {
            return Err(format!("a good message is refused: {:?}", findings.list()));
        }
        Outcome::Unavailable(fault) => {
            world.note(format_args!("{told} unavailable: {fault}"));
            world.count("submissions that could not be taken", 1);
            if world.is_serving() {
                return Err(format!("nothing is wrong, and yet: {fault}"));
            }
        }
        Outcome::Busy { .. } => world.note(format_args!("{told} busy")),
    }
    Ok(())
}

/// A trader looks at something that it has a receipt for.
pub fn look(world: &Arc<World>, handle: &Handle) {
    let ledger = world.ledger();
    if ledger.given.is_empty() {
        return;
    }
    let at = world.below(ledger.given.len() as u64) as usize;
    let (name, given) = ledger.given.iter().nth(at).expect("below their number");
    let (name, id) = (*name, given.id);
    let (world, handle) = (world.clone(), handle.clone());
    tokio::spawn(async move {
        let found = handle.find(name.0, id).await;
        if world.disk.is_off() {
            return;
        }
        let seen = match found {
            Ok(Some(row)) => shown(&world, id, row.status),
            Ok(None) => Err("what has a receipt is not found".to_owned()),
            Err(fault) => excused(&world, name, &fault),
        };
        if let Err(what) = seen {
            world.violate(format!("{}: {what}", reference(name)));
        }
    });
}

/// The view may lag while nobody takes its steps.
fn excused(world: &World, name: Name, fault: &Fault) -> Result<(), String> {
    world.note(format_args!("{} not shown: {fault}", reference(name)));
    Ok(())
}

/// A status is shown: it may be the last one that was shown, or one that can follow it.
///
/// # Errors
/// It went backwards.
pub fn shown(world: &World, id: Id, status: Status) -> Result<(), String> {
    let before = world.ledger().statuses.insert(id, status);
    match before {
        Some(before) if !follows(before, status) => Err(format!(
            "the status goes backwards, from {} to {}",
            before.as_str(),
            status.as_str()
        )),
        _ => Ok(()),
    }
}

/// Whether some moves lead from one status to the other.
fn follows(from: Status, to: Status) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while at < reached.len() {
        let next = Status::ALL
            .into_iter()
            .filter(|next| reached[at].may_become(*next));
        let new: Vec<Status> = next.filter(|next| !reached.contains(next)).collect();
        reached.extend(new);
        at += 1;
    }
    reached.contains(&to)
}
