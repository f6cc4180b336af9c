//! Nothing promised is ever lost: the gateway in a simulated world, seed by seed, and the same
//! with mistakes planted in it, which have to be caught. `SEEDS=n` says how many seeds, `FROM=n`
//! with which to begin; `SEED=n` runs one and prints its trace.

#[path = "support/disk/mod.rs"]
mod disk;
#[path = "support/simulation/mod.rs"]
mod simulation;
mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use simulation::planted::Planted;
use simulation::world::Tally;
use simulation::{Run, run};
use tongguan::clock;

/// Seeds of one run of the tests.
const SEEDS: u64 = 10_000;

/// A planted mistake has to be caught within so many seeds. Most are caught by the first; a sync
/// that is called again needs one that failed, and a power cut after it: some forty.
const CAUGHT_WITHIN: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The first seed: given, or from the clock.
fn from() -> u64 {
    let from = number("FROM").unwrap_or(clock::now().0 as u64);
    println!("FROM={from}");
    from
}

/// Runs seeds until one fails, in two threads, each seed in one of them.
fn search(from: u64, seeds: u64, planted: Planted) -> (Tally, Option<(u64, Run)>) {
    // Beyond the first failure nothing needs to be run.
    let end = AtomicU64::new(from + seeds);
    let part = |begin: u64| {
        let mut tally = Tally::new();
        let mut seed = begin;
        while seed < end.load(Ordering::SeqCst) {
            let done = run(seed, planted);
            if done.result.is_err() {
                end.fetch_min(seed, Ordering::SeqCst);
                return (tally, Some((seed, done)));
            }
            add(&mut tally, done.tally);
            seed += 2;
        }
        (tally, None)
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| part(from + 1));
        let (mut tally, own) = part(from);
        let (more, other) = other.join().expect("a seed that panics has failed");
        add(&mut tally, more);
        let failed = own.into_iter().chain(other).min_by_key(|(seed, _)| *seed);
        (tally, failed)
    })
}

fn add(tally: &mut Tally, more: Tally) {
    for (what, times) in more {
        *tally.entry(what).or_default() += times;
    }
}

#[test]
fn nothing_promised_is_lost() {
    if let Some(seed) = number("SEED") {
        let done = run(seed, Planted::Nothing);
        println!("{}", done.trace);
        return done
            .result
            .unwrap_or_else(|what| panic!("SEED={seed}: {what}"));
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let (tally, failed) = search(from(), seeds, Planted::Nothing);
    if let Some((seed, done)) = failed {
        let what = done.result.expect_err("it failed");
        panic!("{}SEED={seed}: {what}", done.trace);
    }
    for (what, times) in &tally {
        println!("{times:>12} {what}");
    }
    // What never happens proves nothing.
    if seeds >= 1_000 {
        for (what, times) in tally {
            assert_eq!(times > 0, what != "disk: lies", "{what}: {times}");
        }
    }
}

#[test]
fn the_same_seed_does_the_same() {
    let from = from();
    let mut traces = Vec::new();
    for seed in from..from + 300 {
        let (one, other) = (run(seed, Planted::Nothing), run(seed, Planted::Nothing));
        assert_eq!(one.trace, other.trace, "SEED={seed}");
        assert_eq!(one.disk, other.disk, "SEED={seed}");
        traces.push(one.disk);
    }
    traces.sort_unstable();
    traces.dedup();
    assert!(traces.len() > 290, "other seeds do something else");
}

/// The null controls: if the audit did not see these, it would see nothing.
#[test]
fn planted_mistakes_are_caught() {
    let from = from();
    for planted in Planted::MISTAKES {
        let (_, failed) = search(from, CAUGHT_WITHIN, planted);
        let Some((seed, done)) = failed else {
            panic!("{planted:?} is not caught within {CAUGHT_WITHIN} seeds");
        };
        let what = done.result.expect_err("it failed");
        println!("{planted:?}: caught by seed {}: {what}", seed - from + 1);
    }
}
