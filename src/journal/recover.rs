//! What happens at start: the folder is locked, the chain of segments is followed, the last
//! one is verified byte for byte, a torn group at the very end is cut, and the stored hashes
//! are brought up to the last signed root.
//!
//! The segments before the last are checked by their openings and lengths here, so that a start
//! takes no longer after ten years than after ten days; their bytes speak when they are read,
//! and `verify` reads all of them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::fault::Fault;
use crate::telemetry;

use super::Settings;
use super::block::{self, Packer};
use super::follow::{Damage, Follow, Found, next_group};
use super::group::{Header, entries};
use super::headroom::Headroom;
use super::merkle::{Frontier, Hash, empty_root, leaf_hash};
use super::note::checkpoint;
use super::reader::{Reader, open_segment};
use super::segment::{self, OPENING, Opening};
use super::signer::Signer;
use super::tree::Tree;
use super::writer::Writer;
use crate::disk::{Disk, DiskFile};

/// Opens or creates the journal.
pub fn open(disk: Arc<dyn Disk>, settings: &Settings) -> Result<(Writer, Arc<Reader>), Fault> {
    let folder = &settings.folder;
    let fault = |error: io::Error| Fault::ours(format!("journal: {}: {error}", folder.display()));
    disk.make_folder(folder).map_err(fault)?;
    let lock = lock(&*disk, folder)?;
    let tree = Tree::open(disk.clone(), &folder.join("tree")).map_err(fault)?;

    let chain = chain(&*disk, settings)?;
    let last = match chain.last() {
        Some(opening) => *opening,
        None => {
            let opening = Opening {
                number: 0,
                first: 0,
                before: 0,
                root: empty_root(),
            };
            segment::create(&*disk, folder, opening).map_err(fault)?;
            opening
        }
    };
    let file = open_segment(&*disk, settings, last.number).map_err(Fault::ours)?;
    let end = tail(&*disk, folder, &last, &file, tree.size().map_err(fault)?)?;
    settle(&*disk, folder, &file, &end).map_err(fault)?;
    let signer = Signer::open(&*disk, folder, &settings.origin, end.next).map_err(fault)?;
    let latest = match (end.header, chain.as_slice()) {
        (None, [.., previous, _]) => Some(last_of(&*disk, settings, previous)?),
        (latest, _) => latest,
    };
    if let Some(header) = &latest {
        signed(header, &settings.origin, &signer)?;
    }
    let firsts = match chain.is_empty() {
        true => vec![0],
        false => chain.iter().map(|opening| opening.first).collect(),
    };
    let reader = Reader::new(disk.clone(), settings.clone(), signer, tree, firsts, latest);
    let reader = Arc::new(reader);
    let frontier = hashes(&reader, last.first, end.next, end.root)?;
    let headroom = Headroom::open(disk, folder.clone(), settings.headroom_bytes).map_err(fault)?;
    let writer = Writer {
        reader: reader.clone(),
        frontier,
        next: end.next,
        segment: last.number,
        file,
        length: end.length,
        headroom,
        packer: Packer::new().map_err(fault)?,
        buffer: Vec::new(),
        broken: None,
        _lock: lock,
    };
    Ok((writer, reader))
}

/// Checks that the last checkpoint is one of this log and its key. With another key file or
/// another name of the log, no receipt of before could be made again.
fn signed(last: &Header, origin: &str, signer: &Signer) -> Result<(), Fault> {
    let text = checkpoint(origin, last.size(), &last.root);
    if signer.key(last.size()).verify(&text, &last.signature) {
        return Ok(());
    }
    Err(Fault::operator(format!(
        "journal: the checkpoint of {} entries is not signed with journal.key for the log {origin}: \
         is it the right file, and journal.origin what it was?",
        last.size()
    )))
}

fn lock(disk: &dyn Disk, folder: &Path) -> Result<Box<dyn Send + Sync>, Fault> {
    let path = folder.join("lock");
    disk.lock(&path).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Fault::operator(format!(
            "journal: {} is held by another process; is a gateway running?",
            path.display()
        )),
        _ => Fault::ours(format!("journal: {}: {error}", path.display())),
    })
}

/// The openings of all segments, each checked against the one before it.
pub fn chain(disk: &dyn Disk, settings: &Settings) -> Result<Vec<Opening>, Fault> {
    let fault =
        |error: io::Error| Fault::ours(format!("journal: {}: {error}", settings.folder.display()));
    let mut numbers = segment::numbers(disk, &settings.folder).map_err(fault)?;
    if let Some(archive) = &settings.archive {
        match segment::numbers(disk, archive) {
            Ok(archived) => numbers.extend(archived),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let archive = archive.display();
                return Err(Fault::ours(format!("journal: archive {archive}: {error}")));
            }
        }
    }
    let Some(last) = numbers.into_iter().max() else {
        return Ok(Vec::new());
    };
    let mut chain: Vec<Opening> = Vec::with_capacity(last as usize + 1);
    let mut before = 0;
    for number in 0..=last {
        let path = segment::path(&settings.folder, number);
        let damaged = |offset, entry, what| {
            let damage = Damage {
                offset,
                entry,
                what,
            };
            Fault::ours(damage.of(&path))
        };
        let file = open_segment(disk, settings, number).map_err(Fault::ours)?;
        let next = chain.last().map_or(0, |opening: &Opening| opening.first);
        let opening = Opening::of(&*file).map_err(|what| damaged(0, next, what))?;
        if opening.number != number || (opening.first < next) {
            let what = format!("the opening of segment {} lies here", opening.number);
            return Err(damaged(0, next, what));
        }
        if let Some(previous) = chain.last()
            && opening.before != before
        {
            let damage = Damage {
                offset: before.min(opening.before),
                entry: previous.first,
                what: format!(
                    "it has {before} bytes, and had {} when it was closed",
                    opening.before
                ),
            };
            let path = segment::path(&settings.folder, previous.number);
            return Err(Fault::ours(damage.of(&path)));
        }
        before = file.length().map_err(fault)?;
        chain.push(opening);
    }
    Ok(chain)
}

/// The last group of a segment that another one follows.
fn last_of(disk: &dyn Disk, settings: &Settings, opening: &Opening) -> Result<Header, Fault> {
    let path = segment::path(&settings.folder, opening.number);
    let damaged = |damage: Damage| Fault::ours(damage.of(&path));
    let file = open_segment(disk, settings, opening.number).map_err(Fault::ours)?;
    let end = file
        .length()
        .map_err(|error| Fault::ours(format!("journal: {}: {error}", path.display())))?;
    let mut follow = Follow::new(file, end, OPENING as u64, opening.first);
    let mut last = None;
    while let Some(found) = follow.group().map_err(damaged)? {
        last = Some(found.header);
    }
    last.ok_or_else(|| Fault::ours(format!("journal: {} has no group", path.display())))
}

/// Where a segment ends.
struct End {
    next: u64,
    /// Where its last group begins.
    last: u64,
    length: u64,
    root: Hash,
    /// Of its last group, if it has one.
    header: Option<Header>,
}

/// Verifies the last segment and cuts a torn group. `stored` is the number of stored hashes:
/// they are stored only after the sync, so an entry that has one was committed.
fn tail(
    disk: &dyn Disk,
    folder: &Path,
    opening: &Opening,
    file: &Arc<dyn DiskFile>,
    stored: u64,
) -> Result<End, Fault> {
    let path = segment::path(folder, opening.number);
    let fault = |error: io::Error| Fault::ours(format!("journal: {}: {error}", path.display()));
    let length = file.length().map_err(fault)?;
    let mut follow = Follow::new(file.clone(), length, OPENING as u64, opening.first);
    let mut end = End {
        next: opening.first,
        last: OPENING as u64,
        length: OPENING as u64,
        root: opening.root,
        header: None,
    };
    loop {
        let damage = match follow.group() {
            Ok(None) => break,
            Ok(Some(found)) => match whole(&mut follow, &found) {
                Ok(()) => {
                    end = End {
                        next: found.header.size(),
                        last: found.offset,
                        length: found.offset + found.header.length(),
                        root: found.header.root,
                        header: Some(found.header),
                    };
                    continue;
                }
                Err(damage) => damage,
            },
            Err(damage) => damage,
        };
        // Only what was read can be seen to be torn.
        if follow.unreadable || another_group_after(&**file, &end, length).map_err(fault)? {
            return Err(Fault::ours(damage.of(&path)));
        }
        if stored > end.next {
            let last = stored - 1;
            let what = format!(
                "{}; it was committed, up to entry {last}, and a receipt may have been handed out. Restore the segment; or, if this is meant to be an older copy of the journal, remove the folder `tree` beside it",
                damage.what
            );
            return Err(Fault::ours(Damage { what, ..damage }.of(&path)));
        }
        cut(disk, &path, file, end.length, length).map_err(fault)?;
        break;
    }
    if stored > end.next {
        let damage = Damage {
            offset: end.length,
            entry: end.next,
            what: format!(
                "the segment ends here, and entries up to {} were committed. Restore it; or, if this is meant to be an older copy of the journal, remove the folder `tree` beside it",
                stored - 1
            ),
        };
        return Err(Fault::ours(damage.of(&path)));
    }
    Ok(end)
}

/// Puts on disk what was read. A killed process leaves bytes that nobody has synced, and one
/// whose sync failed leaves bytes that no further sync writes (Linux takes them for clean): both
/// can be read, and the next power cut takes them away. So the last group is written once more.
/// Those before it were synced before it was begun.
fn settle(disk: &dyn Disk, folder: &Path, file: &Arc<dyn DiskFile>, end: &End) -> io::Result<()> {
    let mut group = vec![0; (end.length - end.last) as usize];
    file.read_at(&mut group, end.last)?;
    file.set_length(end.length)?;
    file.write_at(&group, end.last)?;
    file.sync()?;
    disk.sync_folder(folder)
}

/// Whether a group is what was written, entries and messages.
pub fn whole(follow: &mut Follow, found: &Found) -> Result<(), Damage> {
    let count = entries(follow.heads(found)?).count();
    let damage = |entry, what: &str| Damage {
        offset: found.offset,
        entry,
        what: what.to_owned(),
    };
    if count as u32 != found.header.count {
        let entry = found.header.first + count as u64;
        return Err(damage(entry, "the entry is not whole"));
    }
    if !block::whole(follow.blocks(found)?) {
        let what = "the messages of the group have another checksum";
        return Err(damage(found.header.first, what));
    }
    Ok(())
}

/// Whether a group that belongs to this journal lies somewhere behind the whole ones. Then what
/// is not whole before it is damage; else it is the group that a crash tore.
fn another_group_after(file: &dyn DiskFile, end: &End, length: u64) -> io::Result<bool> {
    let mut from = end.length + 1;
    while let Some(found) = next_group(file, from, length)? {
        if found.header.first > end.next {
            return Ok(true);
        }
        from = found.offset + 1;
    }
    Ok(false)
}

/// Cuts a torn group and keeps its bytes aside.
fn cut(
    disk: &dyn Disk,
    path: &Path,
    file: &Arc<dyn DiskFile>,
    offset: u64,
    end: u64,
) -> io::Result<()> {
    /// More of it helps nobody.
    const KEPT: u64 = 32 << 20;
    let mut torn = vec![0; (end - offset).min(KEPT) as usize];
    file.read_at(&mut torn, offset)?;
    let aside = path.with_extension(format!("cut-at-{offset}"));
    // On a full disk there is no room for it, and it is no part of the truth.
    let kept = match disk.open(&aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(&aside),
        opened => opened,
    };
    _ = kept.and_then(|kept| kept.write_at(&torn, 0));
    file.set_length(offset)?;
    file.sync()?;
    telemetry::journal_cut(path, offset, end - offset);
    Ok(())
}

/// Brings the stored hashes up to `size` leaves and checks them against the last signed root;
/// makes all of them again when they differ. Those of the last segment, from leaf `sealed` on,
/// were never synced, so they are made again in any case. Gives the right edge.
fn hashes(reader: &Reader, sealed: u64, size: u64, root: Hash) -> Result<Frontier, Fault> {
    let fault = |error: io::Error| Fault::ours(format!("journal: stored hashes: {error}"));
    let stored = reader.tree.size().map_err(fault)?.min(sealed);
    reader.tree.truncate(size).map_err(fault)?;
    for from in [stored, 0] {
        // A level that was cut short cannot be read: as good as wrong.
        let made = fill(reader, from).and_then(|()| reader.tree.frontier(size).map_err(fault));
        match made {
            Ok(frontier) if frontier.root() == root => return Ok(frontier),
            Ok(_) => {}
            Err(why) if from == 0 => return Err(why),
            Err(_) => {}
        }
        telemetry::journal_hashes_rebuilt(size);
    }
    Err(Fault::ours(format!(
        "journal: the root over its {size} entries is not the one that was signed"
    )))
}

/// Stores the hashes of all entries from number `from` on.
pub fn fill(reader: &Reader, from: u64) -> Result<(), Fault> {
    /// Hashes gathered before they are written: 2 MB.
    const BATCH: usize = 65_536;
    let fault = |error: io::Error| Fault::ours(format!("journal: stored hashes: {error}"));
    // A level that was cut short cannot be read; all of them are made again then.
    let Ok(mut frontier) = reader.tree.frontier(from) else {
        return Ok(());
    };
    let mut leaves = Vec::new();
    let mut store = |leaves: &mut Vec<Hash>| {
        let grown = frontier.grow(leaves);
        frontier = grown.frontier();
        leaves.clear();
        reader.tree.extend(&grown).map_err(fault)
    };
    reader.scan_heads(from, &mut |_, bytes| {
        leaves.push(leaf_hash(bytes));
        if leaves.len() == BATCH {
            store(&mut leaves)
        } else {
            Ok(())
        }
    })?;
    if leaves.is_empty() {
        Ok(())
    } else {
        store(&mut leaves)
    }
}
