//! The world of one run: everything that outlives a crash of the gateway. One seed decides all
//! of it; one thread lives in it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tongguan::declaration::{Id, Status, Timestamp};

use crate::disk::SimulatedDisk;
use crate::support::Random;

use super::customs::Cases;
use super::planted::Planted;

/// A trader's name and an idempotency key.
pub type Name = (&'static str, u32);

/// What was promised to a trader.
#[derive(Debug, Clone)]
pub struct Given {
    pub id: Id,
    pub receipt: Bytes,
    pub message: Bytes,
}

/// What the traders know, and what they are owed.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Every message ever sent under a name.
    pub sent: BTreeMap<Name, Vec<Bytes>>,
    /// The first receipt that was handed out for it.
    pub given: BTreeMap<Name, Given>,
    /// Messages that were answered with a conflict, and with which declaration.
    pub conflicts: BTreeMap<Name, Vec<(Bytes, Id)>>,
    /// The last status that was shown.
    pub statuses: BTreeMap<Id, Status>,
    /// Answers of the authority that were acknowledged to it.
    pub acknowledged: Vec<(Id, Bytes)>,
}

/// How often things happened: what never happens proves nothing.
pub type Tally = BTreeMap<&'static str, u64>;

pub struct World {
    pub planted: Planted,
    pub disk: SimulatedDisk,
    /// Bytes of a segment of this run's journal.
    pub segment_bytes_max: u64,
    random: Mutex<Random>,
    ledger: Mutex<Ledger>,
    cases: Mutex<Cases>,
    tally: Mutex<Tally>,
    trace: Mutex<String>,
    violation: Mutex<Option<String>>,
    /// The clock: what it said when the gateway last started, and when that was.
    clock: Mutex<(i64, Option<Instant>)>,
    /// Nothing is wrong with disk or gateway: every submission has to be taken.
    serving: AtomicBool,
    /// The authority takes everything at once.
    kind: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub fn new(seed: u64, planted: Planted) -> Arc<World> {
        let mut random = Random::new(seed);
        let disk = SimulatedDisk::new(random.next());
        Arc::new(World {
            planted,
            disk,
            segment_bytes_max: 600 + random.below(6_000),
            random: Mutex::new(random),
            ledger: Mutex::default(),
            cases: Mutex::default(),
            tally: Mutex::default(),
            trace: Mutex::default(),
            violation: Mutex::default(),
            clock: Mutex::new((1_772_000_000_000, None)),
            serving: AtomicBool::new(false),
            kind: AtomicBool::new(false),
        })
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        locked(&self.ledger)
    }

    pub fn cases(&self) -> MutexGuard<'_, Cases> {
        locked(&self.cases)
    }

    /// Counts something that happened.
    pub fn count(&self, what: &'static str, times: u64) {
        *locked(&self.tally).entry(what).or_default() += times;
    }

    /// What happened, the disk's troubles among it.
    pub fn tally(&self) -> Tally {
        let own = locked(&self.tally).clone();
        own.into_iter().chain(self.disk.counts().named()).collect()
    }

    // --- chance ---

    pub fn next(&self) -> u64 {
        locked(&self.random).next()
    }

    pub fn below(&self, end: u64) -> u64 {
        locked(&self.random).below(end)
    }

    pub fn chance(&self, of: u64, all: u64) -> bool {
        locked(&self.random).chance(of, all)
    }

    /// At most `most`, small ones more often.
    pub fn few(&self, most: u64) -> u64 {
        let end = self.below(most + 1) + 1;
        self.below(end)
    }

    // --- the clock ---

    /// The gateway starts: its clock goes on where it stood. Call inside its runtime.
    pub fn begin_life(&self) {
        locked(&self.clock).1 = Some(Instant::now());
    }

    /// The gateway has ended; a while passes.
    pub fn end_life(&self) {
        let now = self.now().0 + 1 + self.below(5_000) as i64;
        *locked(&self.clock) = (now, None);
    }

    pub fn now(&self) -> Timestamp {
        let (before, start) = *locked(&self.clock);
        let since = start.map_or(Duration::ZERO, |start| start.elapsed());
        Timestamp(before + since.as_millis() as i64)
    }

    // --- switches ---

    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::SeqCst);
    }

    pub fn is_serving(&self) -> bool {
        self.serving.load(Ordering::SeqCst)
    }

    pub fn set_kind(&self) {
        self.kind.store(true, Ordering::SeqCst);
    }

    pub fn is_kind(&self) -> bool {
        self.kind.load(Ordering::SeqCst)
    }

    // --- the trace ---

    /// Notes what happens. No bytes and no numbers of declarations: those are random by design.
    pub fn note(&self, what: fmt::Arguments<'_>) {
        use fmt::Write;
        let now = self.now().0 % 100_000_000;
        let mut trace = locked(&self.trace);
        _ = writeln!(trace, "{:>9}.{:03} {what}", now / 1000, now % 1000);
    }

    pub fn trace(&self) -> String {
        locked(&self.trace).clone()
    }

    /// Something is not as it was promised. The first counts.
    pub fn violate(&self, what: String) {
        locked(&self.violation).get_or_insert(what);
    }

    /// # Errors
    /// The first violation.
    pub fn check(&self) -> Result<(), String> {
        locked(&self.violation).clone().map_or(Ok(()), Err)
    }
}

/// The name of a declaration as trader and authority know it.
pub fn reference((trader, key): Name) -> String {
    format!("{trader}-{key}")
}

/// The message of a name: its bytes follow from the name and the variant alone.
pub fn message(name: Name, variant: u64) -> Bytes {
    let reference = reference(name);
    let text = format!("{reference}{variant}");
    let seed = text.bytes().fold(0, |sum: u64, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut random = Random::new(seed);
    let words = random.below(12) * random.below(12);
    let padding: String = (0..words)
        .map(|_| format!("{:016x}", random.next()))
        .collect();
    Bytes::from(format!(
        "<D xmlns=\"urn:simulation:d\"><N>{reference}</N><T>{variant} {padding}</T></D>"
    ))
}
