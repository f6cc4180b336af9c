//! The proof that a view was closed in good order: a file that names every other file of the
//! view, with its length and a checksum, synced after them. It is taken away before anything is
//! opened. While it is there and right, nothing has been written since and nothing was lost, so
//! no row needs to be looked at. sled alone proves nothing: it never syncs.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::disk::{LocalDisk, write_aside};
use crate::fault::Fault;

/// Its name.
const NAME: &str = "closed";

/// The same while it is being written.
const UNFINISHED: &str = "closed.new";

/// Its first line; another one is another form, and no proof.
const FORM: &str = "tongguan view closed 1";

/// What is read at once.
const PIECE: usize = 1 << 20;

/// What a start finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// No proof: it was not closed, or never opened.
    Nothing,
    /// Every file is what it was when the view was closed.
    Whole,
    /// Something is not, and what.
    Damaged(String),
}

/// Syncs every file of a view that is closed, and leaves the proof.
///
/// # Errors
/// A file that cannot be read or written.
pub fn write(folder: &Path) -> Result<(), Fault> {
    let written = || -> io::Result<()> {
        for path in folders(folder)? {
            File::open(path)?.sync_all()?;
        }
        let mut text = format!("{FORM}\n");
        for path in files(folder)? {
            File::open(&path)?.sync_all()?;
            text += &line(folder, &path)?;
        }
        text += &format!("{:08x}\n", crc32fast::hash(text.as_bytes()));
        write_aside(&LocalDisk, &folder.join(NAME), text.as_bytes())
    };
    written().map_err(|error| fault(folder, &error))
}

/// Looks for the proof and holds the files against it.
///
/// # Errors
/// A file that cannot be read.
pub fn look(folder: &Path) -> Result<Found, Fault> {
    let looked = || -> io::Result<Found> {
        let text = match fs::read(folder.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&text);
        let damaged = |what: String| Ok(Found::Damaged(what));
        // The last nine bytes are the checksum's line.
        let Some((body, sum)) = text.split_at_checked(text.len().saturating_sub(9)) else {
            return damaged("its proof of closing cannot be read".to_owned());
        };
        if sum != format!("{:08x}\n", crc32fast::hash(body.as_bytes())) {
            return damaged("its proof of closing is damaged".to_owned());
        }
        let mut lines = body.lines();
        if lines.next() != Some(FORM) {
            return damaged("its proof of closing has another form".to_owned());
        }
        for path in files(folder)? {
            let shown = path.strip_prefix(folder).unwrap_or(&path).display();
            let Some(expected) = lines.next() else {
                return damaged(format!("{shown} does not belong here"));
            };
            if line(folder, &path)?.trim_end() != expected {
                return damaged(format!("{shown} is not the file that was closed"));
            }
        }
        match lines.next() {
            None => Ok(Found::Whole),
            Some(line) => damaged(format!("a file is missing: {line}")),
        }
    };
    looked().map_err(|error| fault(folder, &error))
}

/// Takes the proof away, so that it is never there while the view is open.
///
/// # Errors
/// A folder that cannot be written.
pub fn remove(folder: &Path) -> Result<(), Fault> {
    let removed = || -> io::Result<()> {
        for name in [NAME, UNFINISHED] {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        File::open(folder)?.sync_all()
    };
    removed().map_err(|error| fault(folder, &error))
}

/// The line of a file: checksum, length, name.
fn line(folder: &Path, path: &Path) -> io::Result<String> {
    let name = path.strip_prefix(folder).unwrap_or(path);
    if !fs::symlink_metadata(path)?.is_file() {
        // Opening a pipe would wait for ever.
        return Ok(format!("no file {name:?}\n"));
    }
    let mut file = File::open(path)?;
    let mut crc = crc32fast::Hasher::new();
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        crc.update(&piece[..read]);
        length += read;
    }
    Ok(format!("{:08x} {length} {:?}\n", crc.finalize(), name))
}

/// Every folder of a view, itself among them.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while at < found.len() {
        for entry in fs::read_dir(&found[at])? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                found.push(entry.path());
            }
        }
        at += 1;
    }
    Ok(found)
}

/// Everything in a view that is no folder, but the proof itself, in order.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders(folder)? {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                found.push(entry.path());
            }
        }
    }
    found.retain(|path| {
        [NAME, UNFINISHED]
            .iter()
            .all(|own| *path != folder.join(own))
    });
    found.sort();
    Ok(found)
}

fn fault(folder: &Path, error: &io::Error) -> Fault {
    Fault::ours(format!("view: {}: {error}", folder.display()))
}
