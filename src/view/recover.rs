//! Opens the view and brings it up to the journal. One that was closed in good order is known
//! by its proof; otherwise every row is looked at. What is damaged or foreign, has another form,
//! or knows another journal is put aside and made again.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::declaration::Event;
use crate::fault::Fault;
use crate::journal;
use crate::telemetry;

use super::View;
use super::closed::{self, Found};
use super::door::Door;
use super::names::SMALL_MAX;
use super::store::Store;
use super::window::{Batch, Window};

/// Rows that wait in memory for further events while the view is brought up to the journal:
/// those of some hours of a busy year. With the bytes below they come to some 200 MB at most.
const WINDOW_ROWS: usize = 1 << 16;

/// Bytes of their texts.
const WINDOW_BYTES: usize = 64 << 20;

/// Batches that wait for the thread that writes them, some hundred rows each.
const BATCHES_MAX: usize = 8;

/// After so many entries the window is looked at.
const LOOK_ENTRIES: u64 = 512;

/// How often somebody is told how far it has come.
const TELL: Duration = Duration::from_secs(1);

/// How far the view has come on its way to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// `checking`, `rebuilding` or `catching up`.
    pub doing: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// And of how much.
    pub of: u64,
    /// Of what.
    pub what: &'static str,
}

impl fmt::Display for Progress {
    /// `rebuilding the view: 3,400,000 of 10,000,000 entries`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, of) = (grouped(self.done), grouped(self.of));
        write!(f, "{} the view: {done} of {of} {}", self.doing, self.what)
    }
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<&str> = groups
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

/// Who is told, and when that was and of what.
struct Teller<'t> {
    tell: &'t mut dyn FnMut(Progress),
    told: Option<(Instant, &'static str)>,
}

impl Teller<'_> {
    fn tell(&mut self, progress: Progress) {
        let due = |(at, doing): (Instant, _)| at.elapsed() >= TELL || doing != progress.doing;
        if self.told.is_none_or(due) {
            self.told = Some((Instant::now(), progress.doing));
            telemetry::view_progress(&progress);
            (self.tell)(progress);
        }
    }
}

/// Opens the view in `folder` and applies everything that the journal has and it has not.
/// `tell` hears every second how far that has come.
///
/// # Errors
/// A folder that cannot be written, or a journal that cannot be read.
pub fn open(
    folder: &Path,
    read: &dyn journal::Read,
    tell: &mut dyn FnMut(Progress),
) -> Result<Arc<dyn View>, Fault> {
    let fault = |error: io::Error| Fault::ours(format!("view: {}: {error}", folder.display()));
    let mut teller = Teller { tell, told: None };
    for _ in 0..2 {
        fs::create_dir_all(folder).map_err(fault)?;
        let why = match open_once(folder, read, &mut teller)? {
            Opened::Whole(door) => return Ok(Arc::new(*door)),
            Opened::Unfinished => {
                // Nothing in it can be of use, and a gateway that is killed again and again
                // must not fill the disk with halves.
                telemetry::view_begun_again(folder);
                fs::remove_dir_all(folder).map_err(fault)?;
                fs::create_dir_all(folder).map_err(fault)?;
                match open_once(folder, read, &mut teller)? {
                    Opened::Whole(door) => return Ok(Arc::new(*door)),
                    Opened::Unfinished => "it is not finished although it is empty".to_owned(),
                    Opened::Unusable(why) => why,
                }
            }
            Opened::Unusable(why) => why,
        };
        telemetry::view_set_aside(folder, &why);
        set_aside(folder)?;
    }
    Err(Fault::ours(format!(
        "view: {} cannot be used, not even empty",
        folder.display()
    )))
}

/// Moves the folder of a view aside, if it is there.
///
/// # Errors
/// A folder that cannot be moved.
pub fn set_aside(folder: &Path) -> Result<(), Fault> {
    let fault = |error: io::Error| Fault::ours(format!("view: {}: {error}", folder.display()));
    if !folder.exists() {
        return Ok(());
    }
    let aside = (1..).map(|number| PathBuf::from(format!("{}.aside-{number}", folder.display())));
    let free = aside
        .into_iter()
        .find(|path| !path.exists())
        .expect("numbers do not end");
    fs::rename(folder, free).map_err(fault)
}

enum Opened {
    /// As far as the journal.
    Whole(Box<Door>),
    /// The gateway ended while it was being made or changed.
    Unfinished,
    /// Why it has to be put aside.
    Unusable(String),
}

fn open_once(
    folder: &Path,
    read: &dyn journal::Read,
    teller: &mut Teller<'_>,
) -> Result<Opened, Fault> {
    let found = match closed::look(folder)? {
        Found::Damaged(what) => return Ok(Opened::Unusable(what)),
        found => found,
    };
    closed::remove(folder)?;
    if let Some(stranger) = stranger(folder)? {
        let what = format!("{} does not belong here", stranger.display());
        return Ok(Opened::Unusable(what));
    }
    let store = match guarded(|| Store::open(folder)) {
        Ok(store) => store,
        Err(why) => return Ok(Opened::Unusable(why)),
    };
    let mark = store.mark();
    if !mark.whole {
        return Ok(Opened::Unfinished);
    }
    // A damaged store may hang when it is closed: it is left open, aside.
    let store = ManuallyDrop::new(store);
    let mut checked = Ok(());
    if found == Found::Nothing {
        checked = guarded(|| {
            store.check(|done| {
                teller.tell(Progress {
                    doing: "checking",
                    done,
                    of: mark.rows(),
                    what: "rows",
                });
            })
        });
    }
    let checked = checked.and_then(|()| same_journal(&store, read));
    if let Err(why) = checked {
        return Ok(Opened::Unusable(why));
    }
    match guarded(|| Ok(catch_up(&store, read, teller))) {
        Ok(Ok(())) => Ok(Opened::Whole(Box::new(Door::new(
            folder,
            ManuallyDrop::into_inner(store),
        )))),
        Ok(Err(Failed::Journal(fault))) => {
            drop(ManuallyDrop::into_inner(store));
            Err(fault)
        }
        // The disk may be full: then making it again from the start would not help.
        Ok(Err(Failed::Store(fault))) if mark.last.is_none() => Err(fault),
        Ok(Err(Failed::Store(fault))) => Ok(Opened::Unusable(fault.why)),
        Err(why) => Ok(Opened::Unusable(why)),
    }
}

/// What is in the folder and not ours. sled would pass over most of it.
fn stranger(folder: &Path) -> Result<Option<PathBuf>, Fault> {
    let fault = |error: io::Error| Fault::ours(format!("view: {}: {error}", folder.display()));
    let rows = folder.join("rows");
    for (folder, own) in [
        (folder, &["rows", "names"] as &[&str]),
        (&rows, &["conf", "db", "blobs"]),
    ] {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(folder).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // A snapshot that a kill tore makes sled refuse everything else.
            let snapshot = folder == rows && name.starts_with("snap.");
            if snapshot && name.ends_with(".generating") {
                fs::remove_file(&path).map_err(fault)?;
            } else if !snapshot && !own.contains(&&*name) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Whether what was applied last stands in this journal, there.
fn same_journal(store: &Store, read: &dyn journal::Read) -> Result<(), String> {
    for last in [store.mark().last, store.names.last()]
        .into_iter()
        .flatten()
    {
        let (applied, committed) = (last.next(), read.committed());
        if applied > committed {
            return Err(format!(
                "it knows {applied} entries, the journal has {committed}"
            ));
        }
        match read.entry(last.location) {
            Ok(entry) if entry.id == last.id => {}
            _ => return Err(format!("entry {} is another in the journal", applied - 1)),
        }
    }
    Ok(())
}

/// A flipped bit makes sled panic where it should return an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let result = catch_unwind(AssertUnwindSafe(work));
    result.unwrap_or_else(|_| Err("the store panicked".to_owned()))
}

/// Which side failed.
enum Failed {
    Journal(Fault),
    Store(Fault),
}

/// One thread reads the journal, folds and encodes, the other writes.
fn catch_up(
    store: &Store,
    read: &dyn journal::Read,
    teller: &mut Teller<'_>,
) -> Result<(), Failed> {
    let (next, of) = (store.mark().next(), read.committed());
    let from = next.min(store.names.covered());
    if from == of {
        return Ok(());
    }
    let doing = if next == 0 {
        "rebuilding"
    } else {
        "catching up"
    };
    let what = "entries";
    teller.tell(Progress {
        doing,
        done: from,
        of,
        what,
    });
    let (send, batches) = sync_channel(BATCHES_MAX);
    let (tell_written, written) = channel();
    std::thread::scope(|scope| {
        let folder = scope.spawn(move || {
            let flight = Flight {
                batches: send,
                written,
                flying: VecDeque::new(),
            };
            fold(store, read, from, flight)
        });
        let wrote = batches
            .into_iter()
            .try_for_each(|(batch, done): (Batch, u64)| {
                store.write(batch.changes, &batch.mark)?;
                // Nobody listens any more once everything is folded.
                _ = tell_written.send(());
                let what = "entries";
                teller.tell(Progress {
                    doing,
                    done,
                    of,
                    what,
                });
                Ok(())
            });
        let folded = folder.join();
        wrote.map_err(Failed::Store)?;
        folded.unwrap_or_else(|_| Err(Failed::Store(Fault::ours("view: folding panicked"))))
    })
}

/// Batches that are on their way to the store.
struct Flight {
    batches: SyncSender<(Batch, u64)>,
    written: Receiver<()>,
    flying: VecDeque<HashSet<u64>>,
}

impl Flight {
    fn send(&mut self, batch: Batch, done: u64) -> Result<(), Fault> {
        while self.written.try_recv().is_ok() {
            self.flying.pop_front();
        }
        self.flying
            .push_back(batch.indexes.iter().copied().collect());
        let gone = |_| Fault::ours("view: nobody writes any more");
        self.batches.send((batch, done)).map_err(gone)
    }

    /// Waits until the store has the row of this entry, if it is on its way there.
    fn wait_for(&mut self, index: u64) {
        while self.flying.iter().any(|batch| batch.contains(&index)) && self.written.recv().is_ok()
        {
            self.flying.pop_front();
        }
    }
}

/// Folds the entries from `from` on and sends away the rows that the window has no room for.
fn fold(
    store: &Store,
    read: &dyn journal::Read,
    from: u64,
    mut flight: Flight,
) -> Result<(), Failed> {
    let mut window = Window::new(store);
    let (mut failed, mut done) = (None, from);
    let scanned = read.scan(from, &mut |location, mut entry| {
        // What an entry comes to does not depend on its message.
        match &mut entry.event {
            Event::Recorded(recorded) => recorded.message = Bytes::new(),
            Event::Answered(answered) => answered.message = Bytes::new(),
            Event::Dispatched(_) | Event::Undeliverable(_) => {}
        }
        done = location.index + 1;
        let work = || {
            window.take(location, entry, &mut |index| flight.wait_for(index))?;
            if done.is_multiple_of(LOOK_ENTRIES) {
                // So many become a run that need not be joined with others.
                if window.names() >= SMALL_MAX {
                    window.settle_names()?;
                }
                let (rows, bytes) = window.size();
                if rows > WINDOW_ROWS || bytes > WINDOW_BYTES {
                    let mut full = window.drain(rows - rows / 4);
                    full.try_for_each(|batch| flight.send(batch, done))?;
                }
            }
            Ok(())
        };
        work().inspect_err(|fault: &Fault| failed = Some(fault.clone()))
    });
    if let Some(fault) = failed {
        return Err(Failed::Store(fault));
    }
    scanned.map_err(Failed::Journal)?;
    window.settle_names().map_err(Failed::Store)?;
    let sent = window
        .drain(0)
        .try_for_each(|batch| flight.send(batch, done));
    sent.map_err(Failed::Store)
}
