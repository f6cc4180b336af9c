//! Moves segments that are old out of the journal's folder. A segment that another one follows
//! never changes again, so a copy of it is as good as itself; it is compared byte for byte
//! before the first one goes. Readers find it in either place, so a gateway may be running.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::declaration::Timestamp;
use crate::fault::Fault;

use super::Settings;
use super::codec;
use super::follow::Follow;
use super::group::entries;
use super::segment::{self, OPENING, Opening};
use crate::disk::{Disk, DiskFile, put_aside};

/// Which segments go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Those whose last entry is older than this.
    pub before: Timestamp,
    /// But this many of the closed ones stay, the newest.
    pub keep: usize,
}

/// A segment that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it lies now.
    pub to: PathBuf,
    /// Its bytes.
    pub bytes: u64,
}

/// Bytes copied at once.
const PIECE: usize = 1 << 20;

/// Moves what the policy says to the archive of the settings, the oldest first, and calls
/// `moved` after each.
///
/// # Errors
/// No archive in the settings, or a disk that fails: then the segment lies where it was, and
/// doing it again goes on from there.
pub fn archive(
    disk: &dyn Disk,
    settings: &Settings,
    policy: Policy,
    moved: &mut dyn FnMut(&Moved),
) -> Result<(), Fault> {
    let Some(archive) = &settings.archive else {
        return Err(Fault::operator(
            "journal.archive names no folder to move segments to".to_owned(),
        ));
    };
    let fault = |error: io::Error| Fault::ours(format!("journal: archive: {error}"));
    disk.make_folder(archive).map_err(fault)?;
    let _lock = disk.lock(&archive.join("lock")).map_err(fault)?;
    let numbers = segment::numbers(disk, &settings.folder).map_err(fault)?;
    // The last one is written to.
    let closed = numbers.len().saturating_sub(1);
    for pair in numbers.windows(2).take(closed.saturating_sub(policy.keep)) {
        if begun_at(disk, settings, pair[1])? >= policy.before {
            return Ok(());
        }
        let from = segment::path(&settings.folder, pair[0]);
        let to = segment::path(archive, pair[0]);
        let bytes = copy(disk, &from, &to).map_err(|error| {
            Fault::ours(format!(
                "journal: {} to {}: {error}",
                from.display(),
                to.display()
            ))
        })?;
        disk.remove(&from).map_err(fault)?;
        disk.sync_folder(&settings.folder).map_err(fault)?;
        moved(&Moved { to, bytes });
    }
    Ok(())
}

/// The time of a segment's first entry: everything in the one before it is as old at least.
fn begun_at(disk: &dyn Disk, settings: &Settings, number: u32) -> Result<Timestamp, Fault> {
    let path = segment::path(&settings.folder, number);
    let wrong = |what: String| Fault::ours(format!("journal: {}: {what}", path.display()));
    let file = disk.open(&path).map_err(|error| wrong(error.to_string()))?;
    let opening = Opening::of(&*file).map_err(wrong)?;
    let end = file.length().map_err(|error| wrong(error.to_string()))?;
    let mut follow = Follow::new(file, end, OPENING as u64, opening.first);
    let Some(found) = follow.group().map_err(|damage| wrong(damage.what))? else {
        // Nothing is in it yet, so what is before it is the newest there is.
        return Ok(Timestamp(i64::MAX));
    };
    let heads = follow.heads(&found).map_err(|damage| wrong(damage.what))?;
    let first = entries(heads)
        .next()
        .map(|(.., head)| codec::decode_head(head));
    match first {
        Some(Ok((entry, _))) => Ok(entry.at),
        _ => Err(wrong("its first entry is not whole".to_owned())),
    }
}

/// Copies a file and compares the copy before it gets its name.
fn copy(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<u64> {
    let source = disk.open(from)?;
    let length = source.length()?;
    put_aside(disk, to, |target| {
        pieces(&source, length, |piece, at| target.write_at(piece, at))?;
        let mut again = Vec::new();
        pieces(&source, length, |piece, at| {
            again.resize(piece.len(), 0);
            target.read_at(&mut again, at)?;
            match again == piece {
                true => Ok(()),
                false => Err(io::Error::other("the copy differs from the segment")),
            }
        })
    })?;
    Ok(length)
}

fn pieces(
    file: &Arc<dyn DiskFile>,
    length: u64,
    mut each: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut piece = Vec::new();
    for at in (0..length).step_by(PIECE) {
        piece.resize((length - at).min(PIECE as u64) as usize, 0);
        file.read_at(&mut piece, at)?;
        each(&piece, at)?;
    }
    Ok(())
}
