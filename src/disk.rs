//! A disk, and what may be relied on. Every file operation of the journal goes through this
//! trait, so that a simulated disk can lose, tear, reorder, fill up and fail where a real one
//! might. Small files of other rooms are written by [`write_aside`] too: whole or absent.

use std::fmt::Debug;
use std::fs::{File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

/// Folders and names.
pub trait Disk: Debug + Send + Sync {
    /// Makes a folder and those above it, unless they are there; when it returns, they are
    /// there to stay.
    ///
    /// # Errors
    /// As [`std::fs::create_dir_all`].
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// The names of the files in a folder, in no order.
    ///
    /// # Errors
    /// As [`std::fs::read_dir`].
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Opens a file that is there, to read and to write, or only to read if it may not be
    /// written.
    ///
    /// # Errors
    /// `NotFound`, or as [`std::fs::OpenOptions::open`].
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Makes a file that is not there yet, for its owner's eyes only. Its name is on disk after
    /// [`Disk::sync_folder`], its bytes after [`DiskFile::sync`].
    ///
    /// # Errors
    /// `AlreadyExists`, or as [`std::fs::OpenOptions::open`].
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Lets everybody read a file, where a disk knows of such things.
    ///
    /// # Errors
    /// As [`std::fs::set_permissions`].
    fn share(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Gives a file another name, in place of a file that has it. On disk after
    /// [`Disk::sync_folder`] of both folders.
    ///
    /// # Errors
    /// As [`std::fs::rename`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As [`std::fs::remove_file`].
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// When it returns, the names in the folder are on disk as they are now.
    ///
    /// # Errors
    /// As [`std::fs::File::sync_all`].
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Keeps every other process out for as long as the result lives.
    ///
    /// # Errors
    /// `WouldBlock` if another has it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;

    /// Bytes that may still be written below a folder.
    ///
    /// # Errors
    /// As `statvfs`.
    fn free(&self, folder: &Path) -> io::Result<u64>;
}

/// An open file.
pub trait DiskFile: Debug + Send + Sync {
    /// How long it is.
    ///
    /// # Errors
    /// As [`std::fs::File::metadata`].
    fn length(&self) -> io::Result<u64>;

    /// Fills `bytes` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends before; as [`std::os::unix::fs::FileExt::read_exact_at`].
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`. On disk after [`DiskFile::sync`]; without it any part
    /// of them may be, in any order.
    ///
    /// # Errors
    /// `StorageFull`, or as [`std::os::unix::fs::FileExt::write_all_at`]; a part may be written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file, or makes it longer with zeros.
    ///
    /// # Errors
    /// As [`std::fs::File::set_len`].
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Takes room for `length` bytes from the disk, whether or not they are ever written, and
    /// makes the file at least that long.
    ///
    /// # Errors
    /// `StorageFull`.
    fn reserve(&self, length: u64) -> io::Result<()>;

    /// When it returns, what was written and the length are on disk (`fdatasync`). After an
    /// error nothing is known of what was written since the last success, and calling it again
    /// proves nothing.
    ///
    /// # Errors
    /// As [`std::fs::File::sync_data`].
    fn sync(&self) -> io::Result<()>;
}

/// All of a file.
///
/// # Errors
/// Those of the disk.
pub fn read(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let mut bytes = vec![0; file.length()? as usize];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Writes a file as [`put_aside`] does.
///
/// # Errors
/// Those of the disk.
pub fn write_aside(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    put_aside(disk, path, |file| file.write_at(bytes, 0))
}

/// Makes a file beside its place, has it filled, syncs it, and moves it there: it is whole or
/// absent, and when this returns it is there to stay. What a stop left beside is written anew.
///
/// # Errors
/// Those of the disk and of `fill`.
pub fn put_aside(
    disk: &dyn Disk,
    path: &Path,
    fill: impl FnOnce(&dyn DiskFile) -> io::Result<()>,
) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = Path::new(&aside);
    match disk.remove(aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(aside)?;
    fill(&*file)?;
    file.sync().map_err(in_doubt)?;
    disk.rename(aside, path).map_err(in_doubt)?;
    disk.sync_folder(above(path)).map_err(in_doubt)
}

/// The folder that a name is in.
pub fn above(path: &Path) -> &Path {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

/// A failure after which nobody knows what is on disk: a sync, or a name that may have been
/// given. Even for want of room it is not a full disk, at which one may try again.
pub fn in_doubt(error: io::Error) -> io::Error {
    io::Error::other(format!("in doubt: {error}"))
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            match std::fs::create_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            let above = folder
                .parent()
                .filter(|above| !above.as_os_str().is_empty());
            self.sync_folder(above.unwrap_or(Path::new(".")))?;
        }
        Ok(())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string().ok());
            }
        }
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let opened = File::options().read(true).write(true).open(path);
        let file = match opened.as_ref().map_err(io::Error::kind) {
            Err(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
                File::open(path)
            }
            _ => opened,
        };
        Ok(Arc::new(LocalFile(file?)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true).mode(0o600);
        Ok(Arc::new(LocalFile(options.open(path)?)))
    }

    fn share(&self, path: &Path) -> io::Result<()> {
        std::fs::set_permissions(path, Permissions::from_mode(0o644))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(file)),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(folder)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

#[derive(Debug)]
struct LocalFile(File);

impl DiskFile for LocalFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        let flags = rustix::fs::FallocateFlags::empty();
        Ok(rustix::fs::fallocate(&self.0, flags, 0, length)?)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_is_there_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let write = |bytes: &[u8]| write_aside(&LocalDisk, &path, bytes);
        write(b"whole").expect("written");
        // Half a file of a start that was killed is no hindrance.
        fs::write(folder.path().join("ca.pem.new"), b"ha").expect("written");
        write(b"another").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"another");
        // A write that fails changes nothing.
        fs::create_dir(folder.path().join("ca.pem.new")).expect("made");
        write(b"more").expect_err("fails");
        assert_eq!(fs::read(&path).expect("there"), b"another");
    }
}
