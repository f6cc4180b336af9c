//! Opens the view and brings it up to the journal. What cannot be opened, has another form or
//! knows more than the journal is put aside and made again.

use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::declaration::Entry;
use crate::fault::Fault;
use crate::journal::{self, Location};
use crate::telemetry;

use super::View;
use super::store::Store;

/// Entries applied in one batch while catching up; near the size at which sled is fastest.
const BATCH_ENTRIES: usize = 256;

/// Bytes of messages gathered for one batch: entries may be big.
const BATCH_BYTES: usize = 16 << 20;

/// Opens the view in `folder` and applies everything that the journal has and it has not.
///
/// # Errors
/// A folder that cannot be written, or a journal that cannot be read.
pub fn open_and_catch_up(folder: &Path, read: &dyn journal::Read) -> Result<Arc<dyn View>, Fault> {
    let mut view = open(folder)?;
    if view.applied() > read.committed() {
        let (applied, committed) = (view.applied(), read.committed());
        drop(view);
        telemetry::view_set_aside(
            folder,
            &format!("it knows {applied} entries, the journal has {committed}"),
        );
        set_aside(folder)?;
        view = open(folder)?;
    }
    catch_up(&view, read)?;
    Ok(Arc::new(view))
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

fn open(folder: &Path) -> Result<Store, Fault> {
    let fault = |error: io::Error| Fault::ours(format!("view: {}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(fault)?;
    // A snapshot that a kill tore makes sled refuse everything else, which is undamaged.
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            telemetry::view_set_aside(&path, "a snapshot that was not finished");
            fs::rename(&path, path.with_extension("torn")).map_err(fault)?;
        }
    }
    for _ in 0..2 {
        let why = match guarded(|| Store::open(folder)) {
            Ok(store) => {
                // A damaged store may hang when it is closed: it is left open, aside.
                let store = ManuallyDrop::new(store);
                match guarded(|| store.check()) {
                    Ok(()) => return Ok(ManuallyDrop::into_inner(store)),
                    Err(why) => why,
                }
            }
            Err(why) => why,
        };
        telemetry::view_set_aside(folder, &why);
        set_aside(folder)?;
        fs::create_dir_all(folder).map_err(fault)?;
    }
    Err(Fault::ours(format!(
        "view: {} cannot be used, not even empty",
        folder.display()
    )))
}

/// A flipped bit makes sled panic where it should return an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let result = catch_unwind(AssertUnwindSafe(work));
    result.unwrap_or_else(|_| Err("the store panicked".to_owned()))
}

fn catch_up(view: &Store, read: &dyn journal::Read) -> Result<(), Fault> {
    let mut batch: Vec<(Location, Entry)> = Vec::with_capacity(BATCH_ENTRIES);
    let mut bytes = 0;
    read.scan(view.applied(), &mut |location, entry| {
        if let crate::declaration::Event::Recorded(recorded) = &entry.event {
            bytes += recorded.message.len();
        }
        batch.push((location, entry));
        if batch.len() < BATCH_ENTRIES && bytes < BATCH_BYTES {
            return Ok(());
        }
        bytes = 0;
        view.apply(&std::mem::take(&mut batch))
    })?;
    view.apply(&batch)
}
