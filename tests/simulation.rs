//! Nothing promised is ever lost: the gateway in a simulated world, seed by seed. `SEEDS=n` says
//! how many seeds, `FROM=n` with which to begin, `SEED=n` runs one and prints its trace.

#[path = "support/disk/mod.rs"]
mod disk;
#[path = "support/simulation/mod.rs"]
mod simulation;
mod support;

use simulation::planted::Planted;
use simulation::{Run, run};
use tongguan::clock;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs seeds in as many threads as there are cores, each seed in one; gives the first that
/// fails and how many were run.
fn search(from: u64, seeds: u64, planted: Planted) -> (Vec<Run>, Option<(u64, Run)>) {
    let cores = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    std::thread::scope(|scope| {
        let part = |core| {
            move || {
                let mut runs = Vec::new();
                for seed in (from..from + seeds)
                    .skip(core as usize)
                    .step_by(cores as usize)
                {
                    let mut done = run(seed, planted);
                    if done.result.is_err() {
                        return (runs, Some((seed, done)));
                    }
                    done.trace.clear();
                    runs.push(done);
                }
                (runs, None)
            }
        };
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(part(core))).collect();
        let mut runs = Vec::new();
        let mut failed: Option<(u64, Run)> = None;
        for thread in threads {
            let (more, found) = thread.join().expect("no seed panics");
            runs.extend(more);
            failed = failed
                .into_iter()
                .chain(found)
                .min_by_key(|(seed, _)| *seed);
        }
        (runs, failed)
    })
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
    let from = number("FROM").unwrap_or(clock::now().0 as u64);
    let seeds = number("SEEDS").unwrap_or(500);
    println!("FROM={from} SEEDS={seeds}");
    let (runs, failed) = search(from, seeds, Planted::Nothing);
    if let Some((seed, done)) = failed {
        let what = done.result.expect_err("it failed");
        panic!("{}\nSEED={seed}: {what}", done.trace);
    }
    println!("{}", runs.len());
}
