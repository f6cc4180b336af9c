//! Everything by which a declaration can be asked for: its number, its idempotency key, its
//! trader, its references, the authority's numbers. In a tree on disk each of them would be an
//! insertion at a place of its own, and permanent. So they are gathered in memory, written as
//! sorted runs, and small runs are joined to bigger ones. What a name leads to is the number of
//! an entry; whoever asks looks at the row there, because fingerprints can meet.
//!
//! A run stands for a range of entries and the runs for all of them from the first on, without
//! a gap. What was in memory only is read from the journal again at a start.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::Last;
use super::keys::Name;
use super::run::{ENDING, Pair, Run, UNFINISHED};

/// Names in memory at most, before they become a run: 10 MB, some 40,000 declarations.
const FRESH_MAX: usize = 1 << 18;

/// So many small runs in a row are joined to one.
const SMALL_RUNS_MAX: usize = 8;

/// A run with so many names is not small. Joining takes 16 bytes of memory for a name, and a
/// moment in which the view stands still: 32 MB and a fifth of a second.
pub const SMALL_MAX: usize = 1 << 20;

/// The names of a view.
pub struct Names {
    folder: PathBuf,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    fresh: BTreeSet<Pair>,
    runs: Vec<Arc<Run>>,
}

impl Names {
    /// Opens the runs in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// What is damaged, missing or foreign.
    pub fn open(folder: &Path) -> Result<Names, String> {
        let failed = |error: io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(failed)?;
        let mut runs = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            match path.extension().and_then(|ending| ending.to_str()) {
                Some(ENDING) => runs.push(Run::open(&path)?),
                // A run that was being written when the gateway ended.
                Some(UNFINISHED) => fs::remove_file(&path).map_err(failed)?,
                _ => return Err(format!("{} does not belong here", path.display())),
            }
        }
        runs.sort_by_key(|run| (run.from, std::cmp::Reverse(run.last.location.index)));
        let mut names = State::default();
        for run in runs {
            let covered = names.covered();
            if run.from == covered {
                names.runs.push(Arc::new(run));
            } else if run.last.next() <= covered {
                // The gateway ended after joining it with others and before removing it.
                run.remove().map_err(failed)?;
            } else {
                return Err(format!(
                    "a run begins with entry {}, not {covered}",
                    run.from
                ));
            }
        }
        Ok(Names {
            folder: folder.to_owned(),
            state: RwLock::new(names),
        })
    }

    /// The first entry whose names are in no run.
    pub fn covered(&self) -> u64 {
        self.read().covered()
    }

    /// The last entry whose names are in a run.
    pub fn last(&self) -> Option<Last> {
        self.read().runs.last().map(|run| run.last)
    }

    /// Takes the names of all entries up to `last`. Few are kept in memory; with them it may
    /// become time to write a run. Questions are answered meanwhile.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn add(&self, pairs: Vec<Pair>, last: Last) -> io::Result<()> {
        if self.read().fresh.len() + pairs.len() < FRESH_MAX {
            self.write().fresh.extend(pairs);
            return Ok(());
        }
        self.write_run(pairs, last)
    }

    /// The greatest `limit` indexes below `before` to which this name may lead, falling.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn find(&self, name: Name, before: u64, limit: usize) -> io::Result<Vec<u64>> {
        let state = self.read();
        let fresh = state.fresh.range((name, 0)..(name, before)).rev();
        let mut found: Vec<u64> = fresh.take(limit).map(|(_, index)| *index).collect();
        for run in &state.runs {
            found.extend(run.find(name, before, limit)?);
        }
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.dedup();
        found.truncate(limit);
        Ok(found)
    }

    /// Writes what is in memory as a run; `last` is the last entry whose names were added.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_out(&self, last: Last) -> io::Result<()> {
        self.write_run(Vec::new(), last)
    }

    /// Writes these and what is in memory as a run, and joins the small ones if they are many.
    fn write_run(&self, mut pairs: Vec<Pair>, last: Last) -> io::Result<()> {
        let covered = self.covered();
        if last.next() <= covered {
            return Ok(());
        }
        pairs.extend(&self.read().fresh);
        pairs.sort_unstable();
        pairs.dedup();
        let run = Run::write(&self.folder, covered, last, &pairs)?;
        {
            let mut state = self.write();
            state.runs.push(Arc::new(run));
            state.fresh.clear();
        }
        let runs = self.read().runs.clone();
        let small = runs.iter().rev().take_while(|run| run.count < SMALL_MAX);
        let (kept, small) = runs.split_at(runs.len() - small.count());
        if small.len() < SMALL_RUNS_MAX {
            return Ok(());
        }
        let mut pairs = Vec::with_capacity(small.iter().map(|run| run.count).sum());
        for run in small {
            pairs.extend(run.pairs()?);
        }
        // Stable, because it sees and uses the rising stretches.
        pairs.sort();
        pairs.dedup();
        let joined = Run::write(&self.folder, small[0].from, last, &pairs)?;
        let mut all = kept.to_vec();
        all.push(Arc::new(joined));
        self.write().runs = all;
        small.iter().try_for_each(|run| run.remove())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn covered(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.last.next())
    }
}
