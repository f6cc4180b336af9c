//! A disk in memory, driven by a seed. What was not synced may be lost, torn or reordered when
//! the power goes; operations fail at random or where a test plans it; the disk fills up, bits
//! flip where they lie, and on request it lies about syncs. `file` what becomes of bytes ·
//! `names` what becomes of names · `operations` the disk as the journal sees it.
// More than one test uses it, each a part.
#![allow(dead_code)]

mod file;
mod names;
mod operations;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::support::Random;

use self::file::{Fate, File};
use self::names::Names;

/// What can be asked of a disk; each can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    MakeFolder,
    Names,
    Open,
    Create,
    Rename,
    Remove,
    SyncFolder,
    Lock,
    Free,
    Length,
    Read,
    Write,
    SetLength,
    Reserve,
    Sync,
}

use Operation::*;

impl Operation {
    pub const ALL: [Operation; 15] = [
        MakeFolder, Names, Open, Create, Rename, Remove, SyncFolder, Lock, Free, Length, Read,
        Write, SetLength, Reserve, Sync,
    ];

    /// The ones that change something.
    pub const CHANGES: [Operation; 9] = [
        MakeFolder, Create, Rename, Remove, SyncFolder, Write, SetLength, Reserve, Sync,
    ];
}

/// What happens to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It fails; a write may have done a part.
    Fail,
    /// It fails for want of room, though there seemed to be some; a write has done a part.
    Full,
    /// The power goes before it is done; of a write a part may be.
    OffBefore,
    /// The power goes when it is done, and nobody hears of it.
    OffAfter,
}

/// What has really happened, so that a test can see that it did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub operations: u64,
    /// Operations that failed, by a plan or by chance.
    pub failed: u64,
    /// Syncs of a file that failed.
    pub failed_syncs: u64,
    /// Writes and reservations for which there was no room.
    pub full: u64,
    pub crashes: u64,
    pub kills: u64,
    /// Pieces of writes that were not synced, kept and lost at crashes.
    pub kept: u64,
    pub lost: u64,
    /// Files of which a crash kept a part.
    pub torn: u64,
    pub names_kept: u64,
    pub names_lost: u64,
    pub flips: u64,
    /// Syncs that did nothing and said success.
    pub lies: u64,
}

impl Counts {
    /// In words.
    pub fn named(self) -> [(&'static str, u64); 13] {
        [
            ("disk: operations", self.operations),
            ("disk: operations that failed", self.failed),
            ("disk: syncs that failed", self.failed_syncs),
            ("disk: no room", self.full),
            ("disk: power cuts", self.crashes),
            ("disk: kills", self.kills),
            ("disk: pieces kept", self.kept),
            ("disk: pieces lost", self.lost),
            ("disk: files torn", self.torn),
            ("disk: names kept", self.names_kept),
            ("disk: names lost", self.names_lost),
            ("disk: bits flipped", self.flips),
            ("disk: lies", self.lies),
        ]
    }
}

/// Something to go wrong when `after` more of these operations have gone well.
#[derive(Debug, Clone)]
struct Plan {
    of: &'static [Operation],
    after: u64,
    trouble: Trouble,
}

#[derive(Debug)]
struct State {
    random: Random,
    names: Names,
    files: Vec<File>,
    locks: BTreeSet<PathBuf>,
    plans: Vec<Plan>,
    /// Of a million operations, how many fail.
    failing: u64,
    capacity: u64,
    off: bool,
    lies: bool,
    /// While somebody only looks, nothing goes wrong.
    quiet: bool,
    /// Grows with every start; what was opened before is dead.
    life: u64,
    counts: Counts,
    /// Changes with every operation and its result.
    trace: u64,
}

/// Cheap to clone; all clones are one disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

impl SimulatedDisk {
    /// An empty disk without end. The same seed and the same operations: the same behaviour.
    pub fn new(seed: u64) -> SimulatedDisk {
        SimulatedDisk(Arc::new(Mutex::new(State {
            random: Random::new(seed),
            names: Names::new(),
            files: Vec::new(),
            locks: BTreeSet::new(),
            plans: Vec::new(),
            failing: 0,
            capacity: u64::MAX,
            off: false,
            lies: false,
            quiet: false,
            life: 0,
            counts: Counts::default(),
            trace: 0xcbf2_9ce4_8422_2325,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans trouble for the operation of these kinds that comes after so many others of them.
    pub fn plan(&self, of: &'static [Operation], after: u64, trouble: Trouble) {
        self.state().plans.push(Plan { of, after, trouble });
    }

    /// From now on so many of a million operations fail; plans that have not come are dropped.
    pub fn calm(&self, failing: u64) {
        let mut state = self.state();
        state.failing = failing;
        state.plans.clear();
    }

    /// Whether everything that was planned has happened.
    pub fn is_calm(&self) -> bool {
        let state = self.state();
        state.failing == 0 && state.plans.is_empty()
    }

    /// How many bytes fit.
    pub fn resize(&self, capacity: u64) {
        self.state().capacity = capacity;
    }

    /// Looks at what is there; meanwhile nothing goes wrong.
    pub fn quietly<T>(&self, look: impl FnOnce() -> T) -> T {
        self.state().quiet = true;
        let seen = look();
        self.state().quiet = false;
        seen
    }

    /// Bytes that are taken.
    pub fn used(&self) -> u64 {
        self.state().used()
    }

    /// From now on every sync says success and does nothing, or does what it says.
    pub fn lie(&self, lies: bool) {
        self.state().lies = lies;
    }

    /// Everything that was written is on the platter, however it came there.
    pub fn settle(&self) {
        let mut state = self.state();
        state.files.iter_mut().for_each(File::sync);
        state.names.sync_all();
    }

    /// Pulls the plug: nothing works until [`SimulatedDisk::restart`].
    pub fn pull(&self) {
        self.state().off = true;
    }

    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// Starts again. When the `power` was gone, what was not synced meets its fate; else the
    /// process was only killed, and the system still has everything, synced or not.
    pub fn restart(&self, power: bool) {
        let mut state = self.state();
        let state = &mut *state;
        state.off = false;
        state.life += 1;
        state.locks.clear();
        if !power {
            state.counts.kills += 1;
            return;
        }
        state.counts.crashes += 1;
        for file in &mut state.files {
            let Fate { kept, lost } = file.crash(&mut state.random);
            state.counts.kept += kept;
            state.counts.lost += lost;
            state.counts.torn += u64::from(kept > 0 && lost > 0);
        }
        let Fate { kept, lost } = state.names.crash(&mut state.random);
        state.counts.names_kept += kept;
        state.counts.names_lost += lost;
        let Counts { kept, lost, .. } = state.counts;
        state.note(&[kept, lost]);
    }

    /// The files there are, with their lengths.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        let state = self.state();
        let files = state.names.files();
        files
            .map(|(path, inode)| (path.to_owned(), state.files[inode].seen().length))
            .collect()
    }

    /// Flips a bit of a file, seen and on the platter.
    pub fn flip(&self, path: &Path, offset: u64, bit: u8) {
        let mut state = self.state();
        let inode = state.names.find(path).expect("a file to damage");
        state.files[inode].flip(offset, bit);
        state.counts.flips += 1;
    }

    /// Loses the last bytes of a file that were synced.
    pub fn shorten(&self, path: &Path, bytes: u64) {
        let mut state = self.state();
        let inode = state.names.find(path).expect("a file to damage");
        state.files[inode].shorten(bytes);
    }

    /// All bytes of a file, as a reader sees them.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let seen = state.files[state.names.find(path)?].seen();
        let mut bytes = vec![0; seen.length as usize];
        seen.read(&mut bytes, 0).then_some(bytes)
    }

    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// A number that tells whether two disks met the same operations with the same results.
    /// What the bytes were is left out: keys and numbers are random by design.
    pub fn trace(&self) -> u64 {
        self.state().trace
    }
}

impl State {
    fn used(&self) -> u64 {
        let files = self.names.files();
        files.map(|(_, inode)| self.files[inode].room).sum()
    }

    /// What happens to the next operation, if anything does.
    fn trouble(&mut self, operation: Operation) -> Option<Trouble> {
        if self.quiet {
            return None;
        }
        let mut trouble = None;
        self.plans.retain_mut(|plan| {
            if trouble.is_some() || !plan.of.contains(&operation) {
                return true;
            }
            let now = plan.after == 0;
            if now {
                trouble = Some(plan.trouble);
            }
            plan.after = plan.after.saturating_sub(1);
            !now
        });
        if trouble.is_none() && self.failing > 0 && self.random.chance(self.failing, 1_000_000) {
            trouble = Some(Trouble::Fail);
        }
        trouble
    }

    fn note(&mut self, what: &[u64]) {
        for word in what {
            self.trace = (self.trace ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

fn off() -> io::Error {
    io::Error::other("the power is off")
}
