//! The gateway in a simulated world: record, project, deliver and recovery are the real ones;
//! clock, disk, authority and traders are of this folder, and one seed decides everything.
//!
//! `world` what outlives a crash · `life` from one start to the next end · `trouble` what goes
//! wrong in it · `traders`, `customs`, `family` who speaks, and what · `view` in which state a
//! start finds the view · `segments` the journal's files · `audit` what has to be true after it ·
//! `damage` bits that flip · `planted` mistakes that have to be caught.

mod audit;
mod customs;
mod damage;
mod family;
mod life;
pub mod planted;
mod segments;
mod traders;
mod trouble;
mod view;
pub mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tongguan::journal;

use self::life::{End, Purpose, live};
use self::planted::Planted;
use self::trouble::Trouble;
use self::view::Remembering;
use self::world::{Tally, World};

/// What came of a seed.
pub struct Run {
    /// Nothing is wrong, or what is.
    pub result: Result<(), String>,
    /// What happened, line by line.
    pub trace: String,
    /// What happened on the disk, as a number.
    pub disk: u64,
    pub tally: Tally,
}

/// Runs a seed. The same seed does the same.
pub fn run(seed: u64, planted: Planted) -> Run {
    let world = World::new(seed, planted);
    let told = catch_unwind(AssertUnwindSafe(|| story(&world)));
    let result = told.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(format!("a panic: {}", text.unwrap_or_default()))
    });
    Run {
        result,
        trace: world.trace(),
        disk: world.disk.trace(),
        tally: world.tally(),
    }
}

/// Some lives with whatever goes wrong in them, a last one in which everything ends well, and
/// the audit.
fn story(world: &Arc<World>) -> Result<(), String> {
    if world.planted == Planted::LyingDisk {
        world.disk.lie(true);
    }
    let mut view = Remembering::new(world.planted);
    for _ in 0..1 + world.few(6) {
        let purpose = Purpose::Work(5 + world.few(60));
        let end;
        (end, view) = live(world, view, Trouble::any(world), purpose)?;
        restart(world, end)?;
    }
    let trouble = if world.chance(1, 4) {
        Trouble::Full
    } else {
        Trouble::None
    };
    let (end, view) = live(world, view, trouble, Purpose::Finish)?;
    if end != End::Stopped {
        return Err(format!("the last life ends otherwise: {end:?}"));
    }
    world.disk.pull();
    world.disk.restart(true);
    last_audit(world, view)?;
    world.disk.restart(true);
    if world.chance(1, 3) {
        damage::last_segment(world)?;
    }
    Ok(())
}

/// What happens between two lives.
fn restart(world: &World, end: End) -> Result<(), String> {
    // A life that is off may have been killed in the middle of an operation, too.
    let power = match end {
        End::Off => world.chance(1, 2),
        _ => world.chance(1, 4),
    };
    world.note(format_args!("it ends: {end:?}; the power goes: {power}"));
    world.disk.calm(0);
    world.disk.resize(u64::MAX);
    world.disk.restart(power);
    if world.planted == Planted::CutTooMuch
        && let Some(last) = segments::last(world)
    {
        world.disk.shorten(&last, 1 + world.below(300));
    }
    if world.chance(1, 8) {
        damage::closed_segment(world)?;
        world.disk.restart(false);
    }
    Ok(())
}

fn last_audit(world: &World, view: Remembering) -> Result<(), String> {
    let disk = planted::disk(world.planted, &world.disk);
    let (_append, read) = journal::open_on(disk, &life::settings(world))
        .map_err(|fault| format!("the last start is refused: {fault}"))?;
    let view = view.caught_up(&*read).map_err(|fault| fault.why)?;
    audit::ended(world, &*read, &*view)?;
    audit::verified(world, read.committed())
}
