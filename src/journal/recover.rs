//! What happens at start: the folder is locked, the segments are followed from header to
//! header, the last one is verified, a torn group at the very end is cut, and the stored
//! hashes are brought up to the last signed root.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use crate::fault::Fault;
use crate::telemetry;

use super::group::{HEADER, Header, MAGIC};
use super::locate::Marks;
use super::merkle::{Frontier, Hash, leaf_hash};
use super::note::checkpoint;
use super::reader::Reader;
use super::signer::Signer;
use super::tree::Tree;
use super::writer::{Writer, create_segment, segment_path};
use super::{Read, Settings};

/// Opens or creates the journal.
pub fn open(settings: &Settings) -> Result<(Writer, Arc<Reader>), Fault> {
    let fault =
        |error: io::Error| Fault::ours(format!("journal: {}: {error}", settings.folder.display()));
    fs::create_dir_all(&settings.folder).map_err(fault)?;
    let lock = lock(&settings.folder)?;
    let tree = Tree::open(&settings.folder.join("tree")).map_err(fault)?;

    let segments = segments(&settings.folder).map_err(fault)?;
    let mut next = 0;
    let mut last_header = None;
    for (number, segment) in segments.iter().enumerate() {
        if *segment != number as u32 {
            return Err(Fault::ours(format!(
                "journal: {} is missing",
                segment_path(&settings.folder, number as u32).display()
            )));
        }
        let last = number + 1 == segments.len();
        follow(
            &settings.folder,
            *segment,
            last,
            &mut next,
            &mut last_header,
        )?;
    }
    let segment = segments.last().copied().unwrap_or(0);
    let file = match segments.last() {
        Some(segment) => OpenOptions::new()
            .read(true)
            .append(true)
            .open(segment_path(&settings.folder, *segment)),
        None => create_segment(&settings.folder, 0),
    };
    let mut file = file.map_err(fault)?;
    let length = file.seek(SeekFrom::End(0)).map_err(fault)?;

    let signer = Signer::open(&settings.folder, &settings.origin, next).map_err(fault)?;
    if let Some((_, header)) = &last_header {
        signed(header, &settings.origin, &signer)?;
    }
    let last_root = last_header.as_ref().map(|(_, header)| header.root);
    let reader = Arc::new(Reader {
        folder: settings.folder.clone(),
        origin: settings.origin.clone(),
        signer,
        tree,
        committed: AtomicU64::new(next),
        latest: Mutex::new(last_header),
        marks: Marks::default(),
        files: Mutex::new(HashMap::new()),
    });
    let frontier = hashes(&reader, next, last_root)?;
    let writer = Writer {
        settings: settings.clone(),
        reader: reader.clone(),
        frontier,
        next,
        segment,
        file,
        length,
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

fn lock(folder: &Path) -> Result<File, Fault> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file =
        file.map_err(|error| Fault::ours(format!("journal: {}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(error) => {
            let text = format!(
                "journal: {} is held by another process ({error}); is a gateway running?",
                path.display()
            );
            Err(Fault::operator(text))
        }
    }
}

/// The numbers of the segments that are there, sorted.
fn segments(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("segment-")?.strip_suffix(".tgj"));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Follows a segment from group to group. Bodies are verified in the last segment only: the
/// others were whole when it began.
fn follow(
    folder: &Path,
    segment: u32,
    last: bool,
    next: &mut u64,
    last_header: &mut Option<(u32, Header)>,
) -> Result<(), Fault> {
    let path = segment_path(folder, segment);
    let fault = |error: io::Error| Fault::ours(format!("journal: {}: {error}", path.display()));
    let mut file = File::open(&path).map_err(fault)?;
    let end = file.metadata().map_err(fault)?.len();
    let mut offset = 0;
    while offset < end {
        let found = group_at(&mut file, offset, end, last).map_err(fault)?;
        match found {
            Some(header) if header.first == *next => {
                *next = header.size();
                offset += HEADER as u64 + u64::from(header.body);
                *last_header = Some((segment, header));
            }
            Some(header) => {
                let text = format!("entry {next} should follow, not {}", header.first);
                return Err(Fault::ours(format!(
                    "journal: {} is damaged at byte {offset}: {text}",
                    path.display()
                )));
            }
            None if last && !another_group_after(&mut file, offset, *next).map_err(fault)? => {
                return cut(&path, &mut file, offset, end).map_err(fault);
            }
            None => {
                let text = format!("the group of entry {next} is not whole");
                return Err(Fault::ours(format!(
                    "journal: {} is damaged at byte {offset}: {text}",
                    path.display()
                )));
            }
        }
    }
    Ok(())
}

/// The header of the group at `offset`, if the group is whole.
fn group_at(file: &mut File, offset: u64, end: u64, verify: bool) -> io::Result<Option<Header>> {
    if end - offset < HEADER as u64 {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = [0; HEADER];
    file.read_exact(&mut bytes)?;
    let Some(header) = Header::from_bytes(&bytes) else {
        return Ok(None);
    };
    if u64::from(header.body) > end - offset - HEADER as u64 {
        return Ok(None);
    }
    if verify {
        let mut body = vec![0; header.body as usize];
        file.read_exact(&mut body)?;
        if crc32fast::hash(&body) != header.body_crc {
            return Ok(None);
        }
    }
    Ok(Some(header))
}

/// Whether a group that belongs to this journal lies somewhere behind `offset`. Then what is
/// not whole at `offset` is damage; else it is the group that a crash tore.
fn another_group_after(file: &mut File, offset: u64, next: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(offset))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    let found = memchr::memmem::find_iter(&rest, &MAGIC)
        .skip_while(|at| *at == 0)
        .any(|at| {
            let bytes = rest
                .get(at..at + HEADER)
                .and_then(|bytes| bytes.try_into().ok());
            bytes
                .and_then(Header::from_bytes)
                .is_some_and(|header| header.first > next)
        });
    Ok(found)
}

/// Cuts a torn group and keeps its bytes aside.
fn cut(path: &Path, file: &mut File, offset: u64, end: u64) -> io::Result<()> {
    let mut torn = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.read_to_end(&mut torn)?;
    let aside = path.with_extension(format!("cut-at-{offset}"));
    fs::write(&aside, &torn)?;
    let writable = OpenOptions::new().write(true).open(path)?;
    writable.set_len(offset)?;
    writable.sync_all()?;
    telemetry::journal_cut(path, offset, end - offset);
    Ok(())
}

/// Brings the stored hashes up to `size` leaves and checks them against the last signed root;
/// makes all of them again when they differ. Gives the right edge.
fn hashes(reader: &Reader, size: u64, root: Option<Hash>) -> Result<Frontier, Fault> {
    let fault = |error: io::Error| Fault::ours(format!("journal: stored hashes: {error}"));
    let stored = reader.tree.size().map_err(fault)?.min(size);
    for from in [stored, 0] {
        reader.tree.truncate(from).map_err(fault)?;
        fill(reader, from)?;
        // A level that was cut short cannot be read: as good as wrong.
        if let Ok(frontier) = reader.tree.frontier(size)
            && root.is_none_or(|root| frontier.root() == root)
        {
            return Ok(frontier);
        }
        telemetry::journal_hashes_rebuilt(size);
    }
    Err(Fault::ours(format!(
        "journal: the root over its {size} entries is not the one that was signed"
    )))
}

/// Stores the hashes of all entries from number `from` on.
fn fill(reader: &Reader, from: u64) -> Result<(), Fault> {
    /// Hashes gathered before they are written: 2 MB.
    const BATCH: usize = 65_536;
    let fault = |error: io::Error| Fault::ours(format!("journal: stored hashes: {error}"));
    // A level that was cut short cannot be read; all of them are made again then.
    let Ok(mut frontier) = reader.tree.frontier(from) else {
        return Ok(());
    };
    let mut leaves = Vec::new();
    let mut head = Vec::new();
    let mut store = |leaves: &mut Vec<Hash>| {
        let grown = frontier.grow(leaves);
        frontier = grown.frontier();
        leaves.clear();
        reader.tree.extend(&grown).map_err(fault)
    };
    reader.scan(from, &mut |_, entry| {
        head.clear();
        super::codec::encode_head(&entry, &mut head);
        leaves.push(leaf_hash(&head));
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
