//! Kill -9 at random moments: a real `serve` process under load from several clients, killed
//! while it works, while it starts and while it makes its view anew; now and then it is asked to
//! stop instead, a `rebuild` is killed, and what is only derived from the journal is damaged.
//! What was promised is audited from the clients' side. `KILLS=n` sets how often (200), `SEED=n`
//! repeats the choices (not the timing).

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Duration;

use support::Random;
use support::audit::{Auditor, Ledger};
use support::damage::damage;
use support::load::Load;
use support::process::Site;

/// Receipts of long ago that are looked at after each start.
const SAMPLE: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn no_promise_is_broken_by_kills() {
    let mut random = Random::from_environment();
    let kills = std::env::var("KILLS").ok().and_then(|n| n.parse().ok());
    let kills: usize = kills.unwrap_or(200);
    println!("KILLS={kills}");
    let site = Site::new("[journal]\nsegment_bytes_max = 500000\n").await;
    let mut violence = Violence {
        ledger: Arc::default(),
        start: Duration::ZERO,
        audited: 0,
        random: &mut random,
        site: &site,
    };
    site.start().kill();
    let mut done = BTreeMap::new();
    while kills_of(&done) < kills {
        let done_now = match violence.random.below(20) {
            0..12 => violence.kill_under_load().await,
            12..15 => violence.kill_at_start().await,
            15..18 => violence.kill_while_the_view_is_made().await,
            18 => violence.kill_a_rebuild().await,
            _ => violence.stop_under_load().await,
        };
        *done.entry(done_now).or_insert(0) += 1;
        let found = violence.ledger.violations();
        assert!(
            found.is_empty(),
            "after {done:?}: {found:#?}\n{}",
            site.logged()
        );
    }
    println!("{done:?}, {} messages", violence.ledger.len());
    if kills >= 100 {
        assert_eq!(done.len(), 5, "every kind of violence has to happen");
    }
    let process = site.start();
    let found = violence.auditor().everything(&site.simulator).await;
    assert!(found.is_empty(), "{found:#?}\n{}", site.logged());
    assert!(violence.ledger.len() > kills, "the load was no load");
    assert!(process.stop().success());
}

/// What was done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    /// While it served.
    Killed,
    /// Before it listened.
    KilledAtStart,
    /// After it had begun another view, and before it listened.
    KilledWithHalfAView,
    KilledRebuilding,
    Stopped,
}

fn kills_of(done: &BTreeMap<Done, usize>) -> usize {
    let kills = done.iter().filter(|(done, _)| **done != Done::Stopped);
    kills.map(|(_, times)| times).sum()
}

struct Violence<'t> {
    ledger: Arc<Ledger>,
    /// How long the last whole start took.
    start: Duration,
    /// Messages of the book that were looked at after the kill that followed them.
    audited: usize,
    random: &'t mut Random,
    site: &'t Site,
}

impl Violence<'_> {
    fn auditor(&self) -> Auditor {
        self.site.auditor(&self.ledger)
    }

    fn moment(&mut self, longest: Duration) -> Duration {
        Duration::from_micros(self.random.below(longest.as_micros() as u64 + 1))
    }

    /// A whole start, the audit of what the last kill may have cost, and load for a while.
    async fn under_load(&mut self) -> (support::process::Process, Load) {
        let process = self.site.start();
        self.start = process.spawned.elapsed();
        let auditor = self.auditor();
        let before = self.ledger.len();
        let sample: Vec<usize> = (0..SAMPLE.min(before as u64))
            .map(|_| self.random.below(before as u64) as usize)
            .collect();
        auditor
            .look_at(sample.into_iter().chain(self.audited..before))
            .await;
        self.audited = before;
        let (site, ledger) = (self.site, self.ledger.clone());
        let load = Load::start(self.random, 0, || site.auditor(&ledger));
        let longest = *self.random.pick(&[40, 80, 160]);
        let moment = self.moment(Duration::from_millis(longest));
        tokio::time::sleep(moment).await;
        (process, load)
    }

    async fn kill_under_load(&mut self) -> Done {
        let (process, load) = self.under_load().await;
        process.kill();
        load.end().await;
        Done::Killed
    }

    /// Exit code 0, and nothing that was answered is lost.
    async fn stop_under_load(&mut self) -> Done {
        let (process, load) = self.under_load().await;
        let status = tokio::task::spawn_blocking(|| process.stop());
        let status = status.await.expect("no panic");
        assert!(
            status.success(),
            "stopped with {status}:\n{}",
            self.site.logged()
        );
        load.end().await;
        Done::Stopped
    }

    async fn kill_at_start(&mut self) -> Done {
        let moment = self.moment(self.start);
        let process = self.site.spawn();
        tokio::time::sleep(moment).await;
        match process.kill() {
            true => Done::Killed,
            false => Done::KilledAtStart,
        }
    }

    /// Damages the view, and kills the next start once it has begun to make another.
    async fn kill_while_the_view_is_made(&mut self) -> Done {
        damage(&self.site.config, self.random);
        let view = self.site.config.view_folder();
        let inode = || fs::metadata(&view).map(|folder| folder.ino()).ok();
        let before = inode();
        let begun = || inode().is_some_and(|inode| Some(inode) != before);
        let mut process = self.site.spawn();
        // Not every damage is worth a new view: then it is killed at its start.
        while !begun() && process.spawned.elapsed() < self.start * 2 && process.runs() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let moment = self.moment(self.start);
        tokio::time::sleep(moment).await;
        match (process.kill(), begun()) {
            (true, _) => Done::Killed,
            (false, true) => Done::KilledWithHalfAView,
            (false, false) => Done::KilledAtStart,
        }
    }

    /// Kills a rebuild, and lets another come to its end.
    async fn kill_a_rebuild(&mut self) -> Done {
        let moment = self.moment(self.start);
        let process = self.site.spawn_rebuild();
        tokio::time::sleep(moment).await;
        let ended = process.kill();
        let status = self.site.spawn_rebuild().ended();
        assert!(
            status.success(),
            "rebuild ended with {status}:\n{}",
            self.site.logged()
        );
        match ended {
            true => Done::Stopped,
            false => Done::KilledRebuilding,
        }
    }
}
