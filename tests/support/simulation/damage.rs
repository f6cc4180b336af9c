//! Bits that flip where they lie. In a closed segment: either the start refuses and names the
//! segment, or exactly what the bit belongs to cannot be read any more, and everything else can.
//! At the very end: what is cut off is kept aside, or the start refuses.

use std::path::Path;
use std::sync::Arc;

use tongguan::declaration::{Entry, Event};
use tongguan::disk::Disk;
use tongguan::journal::{self, Location, Read};

use super::audit;
use super::life::{FOLDER, settings};
use super::planted;
use super::segments;
use super::world::World;

fn open(world: &World) -> Result<journal::Opened, String> {
    let disk = planted::disk(world.planted, &world.disk);
    journal::open_on(disk, &settings(world)).map_err(|fault| fault.why)
}

/// Flips a bit in a closed segment, looks, and flips it back.
///
/// # Errors
/// Damage that is passed over.
pub fn closed_segment(world: &World) -> Result<(), String> {
    let (append, read) = open(world)?;
    let entries = audit::all(&*read)?;
    drop((append, read));
    let last = entries.last().map_or(0, |(at, _)| at.segment);
    if last == 0 {
        return Ok(());
    }
    let segment = world.below(last.into()) as u32;
    let own: Vec<_> = entries
        .iter()
        .filter(|(at, _)| at.segment == segment)
        .collect();
    let Some((last_own, _)) = own.last() else {
        return Ok(());
    };
    // Up to the beginning of its last entry: what lies there belongs to something.
    let offset = world.below(last_own.group + u64::from(last_own.entry) + 24);
    let path = segments::find(world, segment).ok_or("a segment is missing")?;
    let bit = world.below(8) as u8;
    world.note(format_args!(
        "bit {bit} of byte {offset} of segment {segment} flips"
    ));
    world.count("bits flipped in closed segments", 1);
    world.disk.flip(&path, offset, bit);
    let seen = looked_for(world, segment).and_then(|()| match open(world) {
        Err(why) if named(&why, segment) => Ok(()),
        Err(why) => Err(format!(
            "a damaged segment is refused without its name: {why}"
        )),
        Ok((_append, read)) => noticed(&*read, &entries, segment, offset),
    });
    world.disk.flip(&path, offset, bit);
    seen
}

fn named(why: &str, segment: u32) -> bool {
    why.contains(&segments::name(segment))
}

/// Whoever looks at everything finds it.
fn looked_for(world: &World, segment: u32) -> Result<(), String> {
    let disk = Arc::new(world.disk.clone());
    let found = journal::verify(disk, &settings(world), 1, &|_, _| true);
    let found = found.map_err(|fault| fault.why)?;
    if found.damages.iter().any(|why| named(why, segment)) {
        Ok(())
    } else {
        Err(format!(
            "segment {segment} is damaged; verify finds {found:?}"
        ))
    }
}

/// The journal opens: then reading says what is damaged, and nothing else.
fn noticed(
    read: &dyn Read,
    entries: &[(Location, Entry)],
    segment: u32,
    offset: u64,
) -> Result<(), String> {
    let mut failed = Vec::new();
    for (at, entry) in entries {
        let found = read.entry(*at);
        let receipt = match entry.event {
            Event::Recorded(_) => read.receipt(*at).err(),
            _ => None,
        };
        match (&found, &receipt) {
            (Ok(found), _) if found != entry => {
                return Err(format!("entry {} reads as something else", at.index));
            }
            (Ok(_), None) => {}
            (Err(fault), _) | (_, Some(fault)) if named(&fault.why, segment) => failed.push(*at),
            (Err(fault), _) | (_, Some(fault)) => {
                return Err(format!("entry {}: {fault}, and not by name", at.index));
            }
        }
    }
    let group = entries
        .iter()
        .filter(|(at, _)| at.segment == segment && at.group <= offset)
        .map(|(at, _)| at.group)
        .max();
    if let Some(stranger) = failed
        .iter()
        .find(|at| at.segment != segment || Some(at.group) != group)
    {
        return Err(format!(
            "entry {} is not damaged, and cannot be read",
            stranger.index
        ));
    }
    let scanned = read.scan(0, &mut |_, _| Ok(()));
    if failed.is_empty() && scanned.is_ok() {
        return Err(format!(
            "byte {offset} of segment {segment} is damaged, and nothing says so"
        ));
    }
    Ok(())
}

/// The stored hashes say what was committed; without them only the segment itself does.
fn lose_tree(world: &World) -> Result<(), String> {
    let tree = Path::new(FOLDER).join("tree");
    for (path, _) in world.disk.files() {
        if path.starts_with(&tree) {
            world
                .disk
                .remove(&path)
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Flips a bit in the last segment, for the end of a run.
///
/// # Errors
/// Something that is gone without a word.
pub fn last_segment(world: &World) -> Result<(), String> {
    let (append, read) = open(world)?;
    let entries = audit::all(&*read)?;
    drop((append, read));
    let Some((last, _)) = entries.last() else {
        return Ok(());
    };
    let path = segments::find(world, last.segment).ok_or("a segment is missing")?;
    let whole = world.disk.bytes(&path).ok_or("the last segment")?;
    let offset = world.below(whole.len() as u64);
    if world.chance(1, 2) {
        lose_tree(world)?;
    }
    world.note(format_args!("byte {offset} of the last segment flips"));
    world.count("bits flipped in the last segment", 1);
    world.disk.flip(&path, offset, world.below(8) as u8);
    let damaged = world.disk.bytes(&path).ok_or("the last segment")?;
    let (_append, read) = match open(world) {
        Err(why) if named(&why, last.segment) => return Ok(()),
        Err(why) => return Err(format!("a damaged end is refused without its name: {why}")),
        Ok(opened) => opened,
    };
    let left = audit::all(&*read)?;
    if left.len() == entries.len() {
        return Err("the last segment is damaged, and nothing says so".to_owned());
    }
    if left != entries[..left.len()] || entries[left.len()].0.group != last.group {
        return Err("more is cut than the last group".to_owned());
    }
    let aside = path.with_extension(format!("cut-at-{}", last.group));
    let kept = world.disk.bytes(&aside).unwrap_or_default();
    if kept == damaged[last.group as usize..] {
        Ok(())
    } else {
        Err("what is cut off is not kept aside".to_owned())
    }
}
