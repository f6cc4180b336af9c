//! The audit after every recovery and at the end: what is on disk against what was sent, what
//! was promised, and what the authority saw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tongguan::declaration::{Digest, Entry, Event, Id, Status};
use tongguan::journal::{self, Location, Read};
use tongguan::view::View;

use super::life::settings;
use super::traders::shown;
use super::world::{Name, World, reference};

/// After a recovery.
///
/// # Errors
/// What is not as it was promised.
pub fn recovered(world: &World, read: &dyn Read, view: &dyn View) -> Result<(), String> {
    let entries = all(read)?;
    world.count("entries audited", entries.len() as u64);
    world.note(format_args!("audit: {} entries", entries.len()));
    root_from_scratch(read, &entries)?;
    let recorded = declarations(world, &entries)?;
    for (name, (id, at)) in &recorded {
        promised(world, read, *name, *id, *at)?;
    }
    let lost = world
        .ledger()
        .given
        .keys()
        .find(|name| !recorded.contains_key(*name))
        .copied();
    if let Some(name) = lost {
        return Err(format!("{}: its receipt is lost", reference(name)));
    }
    events(world, &entries, &recorded)?;
    for (name, (id, _)) in &recorded {
        let row = view.by_id(*id).map_err(|fault| fault.why)?;
        let row = row.ok_or_else(|| format!("{}: not in the view", reference(*name)))?;
        shown(world, *id, row.status).map_err(|what| format!("{}: {what}", reference(*name)))?;
    }
    Ok(())
}

/// Every entry with its message, and that they are numbered without a gap.
pub fn all(read: &dyn Read) -> Result<Vec<(Location, Entry)>, String> {
    let mut places = Vec::new();
    let scanned = read.scan(0, &mut |at, _| {
        places.push(at);
        Ok(())
    });
    scanned.map_err(|fault| format!("the journal cannot be read: {fault}"))?;
    let numbered = places.iter().enumerate();
    if places.len() as u64 != read.committed()
        || numbered
            .into_iter()
            .any(|(number, at)| at.index != number as u64)
    {
        return Err("the entries are not numbered one after another".to_owned());
    }
    let entry = |at: Location| Ok((at, read.entry(at).map_err(|fault| fault.why)?));
    places.into_iter().map(entry).collect()
}

type Hash = [u8; 32];

fn hash(parts: &[&[u8]]) -> Hash {
    let bytes = digest(&SHA256, &parts.concat());
    bytes.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The root of a tree by its definition: RFC 9162, 2.1.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash(&[]),
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            hash(&[&[1], &root(left), &root(right)])
        }
    }
}

/// The signed root is that over all entries.
fn root_from_scratch(read: &dyn Read, entries: &[(Location, Entry)]) -> Result<(), String> {
    let leaf = |(_, entry): &(Location, Entry)| hash(&[&[0], &journal::head(entry)]);
    let leaves: Vec<Hash> = entries.iter().map(leaf).collect();
    let begin = format!(
        "simulation\n{}\n{}\n\n",
        leaves.len(),
        BASE64.encode(root(&leaves))
    );
    let checkpoint = read.checkpoint();
    if leaves.is_empty() || checkpoint.starts_with(&begin) {
        Ok(())
    } else {
        Err(format!(
            "the root over all entries is another: {checkpoint}"
        ))
    }
}

/// The look at everything finds nothing either.
///
/// # Errors
/// What it finds.
pub fn verified(world: &World, committed: u64) -> Result<(), String> {
    let disk = Arc::new(world.disk.clone());
    let found = journal::verify(disk, &settings(world), 1, &|_, _| true);
    let found = found.map_err(|fault| fault.why)?;
    if found.entries == committed && found.damages.is_empty() && found.unfinished.is_none() {
        Ok(())
    } else {
        Err(format!("verify finds {found:?}, and nothing is damaged"))
    }
}

type Recorded = BTreeMap<Name, (Id, Location)>;

/// What is recorded was sent, and once only.
fn declarations(world: &World, entries: &[(Location, Entry)]) -> Result<Recorded, String> {
    let ledger = world.ledger();
    let mut found = Recorded::new();
    for (at, entry) in entries {
        let Event::Recorded(recorded) = &entry.event else {
            continue;
        };
        let sent = ledger.sent.iter().find(|((trader, key), _)| {
            *trader == recorded.trader && format!("key-{key}") == recorded.key
        });
        let Some((name, messages)) = sent else {
            let (trader, key) = (&recorded.trader, &recorded.key);
            return Err(format!("{trader} never sent {key}, and it is recorded"));
        };
        let told = reference(*name);
        if !messages.contains(&recorded.message)
            || recorded.digest != Digest::of(&recorded.message)
            || recorded.reference != told
        {
            return Err(format!("{told}: what is recorded was never sent"));
        }
        if found.insert(*name, (entry.id, *at)).is_some() {
            return Err(format!("{told}: recorded twice"));
        }
        let conflicts = ledger.conflicts.get(name);
        for (message, id) in conflicts.into_iter().flatten() {
            if *id != entry.id || *message == recorded.message {
                return Err(format!("{told}: a conflict does not stay a conflict"));
            }
        }
    }
    Ok(found)
}

/// The receipt that was handed out is the receipt that is there.
fn promised(
    world: &World,
    read: &dyn Read,
    name: Name,
    id: Id,
    at: Location,
) -> Result<(), String> {
    let ledger = world.ledger();
    let Some(given) = ledger.given.get(&name) else {
        return Ok(());
    };
    let told = reference(name);
    if given.id != id {
        return Err(format!(
            "{told}: recorded under another number than receipted"
        ));
    }
    let receipt = read
        .receipt(at)
        .map_err(|fault| format!("{told}: {fault}"))?;
    if receipt == given.receipt {
        Ok(())
    } else {
        Err(format!("{told}: the receipt is not the one handed out"))
    }
}

/// What happened to declarations did happen.
fn events(world: &World, entries: &[(Location, Entry)], recorded: &Recorded) -> Result<(), String> {
    let names: BTreeMap<Id, Name> = recorded
        .iter()
        .map(|(name, (id, _))| (*id, *name))
        .collect();
    let cases = world.cases();
    let mut begun = BTreeSet::new();
    let mut ended = BTreeSet::new();
    let mut answered = BTreeSet::new();
    for (_, entry) in entries {
        let told = names.get(&entry.id).map(|name| reference(*name));
        let told = told.ok_or("an event of a declaration that is not recorded")?;
        let case = cases.taken.get(&entry.id);
        match &entry.event {
            Event::Recorded(_) => _ = begun.insert(entry.id),
            _ if !begun.contains(&entry.id) => {
                return Err(format!("{told}: an event before it is recorded"));
            }
            Event::Dispatched(_) | Event::Undeliverable(_) if !ended.insert(entry.id) => {
                return Err(format!("{told}: its delivery ends twice"));
            }
            Event::Dispatched(_) if case.is_none() => {
                return Err(format!(
                    "{told}: dispatched, and the authority has not got it"
                ));
            }
            Event::Dispatched(_) | Event::Undeliverable(_) => {}
            Event::Answered(answer) => {
                let said = answer.message == b"taken with thanks"[..]
                    || case.is_some_and(|case| case.answers.contains(&answer.message));
                if !said {
                    return Err(format!("{told}: an answer that the authority never gave"));
                }
                answered.insert((entry.id, answer.message.clone()));
            }
        }
    }
    let acknowledged = world.ledger().acknowledged.clone();
    if let Some((id, _)) = acknowledged.iter().find(|one| !answered.contains(one)) {
        return Err(format!("an acknowledged answer to {id} is lost"));
    }
    effects(world, &cases, recorded)
}

/// The authority saw nothing that is not recorded, and each declaration under one id.
fn effects(
    world: &World,
    cases: &super::customs::Cases,
    recorded: &Recorded,
) -> Result<(), String> {
    let ids: BTreeMap<Id, Name> = recorded
        .iter()
        .map(|(name, (id, _))| (*id, *name))
        .collect();
    let mut seen = BTreeMap::new();
    for id in cases.attempts.keys() {
        if !ids.contains_key(id) {
            return Err(format!("{id} came to the authority and is not recorded"));
        }
    }
    for (id, case) in &cases.taken {
        if seen.insert(case.reference.clone(), *id).is_some() {
            return Err(format!("{}: the effect happened twice", case.reference));
        }
        let sent = world
            .ledger()
            .sent
            .get(&ids[id])
            .cloned()
            .unwrap_or_default();
        if reference(ids[id]) != case.reference || !sent.contains(&case.message) {
            return Err(format!(
                "{}: the authority got something else",
                case.reference
            ));
        }
    }
    Ok(())
}

/// At the end everything has come to an end.
///
/// # Errors
/// What has not.
pub fn ended(world: &World, read: &dyn Read, view: &dyn View) -> Result<(), String> {
    recovered(world, read, view)?;
    let entries = all(read)?;
    for (name, (id, _)) in &declarations(world, &entries)? {
        let told = reference(*name);
        let row = view.by_id(*id).map_err(|fault| fault.why)?;
        let status = row.ok_or("not in the view")?.status;
        let taken = world.cases().taken.contains_key(id);
        match status {
            Status::Recorded => return Err(format!("{told}: it still waits")),
            Status::Undeliverable => world.count("declarations given up", 1),
            _ if !taken => return Err(format!("{told}: the authority has not got it")),
            _ => {}
        }
    }
    Ok(())
}
