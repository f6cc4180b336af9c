//! The simulated disk as the journal sees it: every operation passes one gate, where it may
//! fail or the power may go.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tongguan::disk::{Disk, DiskFile};

use super::file::File;
use super::names::{Inode, parent};
use super::{Operation, SimulatedDisk, State, Trouble, off};

impl SimulatedDisk {
    /// The gate: `work` happens, or the trouble that is due; `part` is what an operation that
    /// fails may have done.
    fn operate<T>(
        &self,
        operation: Operation,
        path: &Path,
        work: impl FnOnce(&mut State) -> io::Result<T>,
        part: impl FnOnce(&mut State),
    ) -> io::Result<T> {
        let mut state = self.state();
        let state = &mut *state;
        if state.off {
            return Err(off());
        }
        state.counts.operations += 1;
        let trouble = state.trouble(operation);
        let result = match trouble {
            Some(Trouble::OffBefore) => {
                // A write may be cut off in the middle.
                if operation == Operation::Write {
                    part(state);
                }
                state.off = true;
                Err(off())
            }
            Some(Trouble::OffAfter) => {
                _ = work(state);
                state.off = true;
                Err(off())
            }
            Some(Trouble::Fail) => {
                state.counts.failed += 1;
                part(state);
                Err(io::Error::other(format!("{operation:?} fails")))
            }
            Some(Trouble::Full) => {
                state.counts.full += 1;
                part(state);
                Err(io::ErrorKind::StorageFull.into())
            }
            None => work(state),
        };
        let kind = result
            .as_ref()
            .err()
            .map_or(0, |error| error.kind() as u64 + 1);
        let name = path.as_os_str().len() as u64;
        state.note(&[operation as u64, name, kind, trouble.is_some().into()]);
        result
    }

    fn look<T>(
        &self,
        operation: Operation,
        path: &Path,
        work: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        self.operate(operation, path, work, |_| {})
    }

    fn handle(&self, state: &State, path: &Path, inode: Inode) -> Arc<dyn DiskFile> {
        Arc::new(SimulatedFile {
            disk: self.clone(),
            path: path.to_owned(),
            inode,
            life: state.life,
        })
    }
}

fn found(state: &State, path: &Path) -> io::Result<Inode> {
    state
        .names
        .find(path)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn home(state: &State, path: &Path) -> io::Result<()> {
    if state.names.is_folder(parent(path)) {
        Ok(())
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Disk for SimulatedDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.look(Operation::MakeFolder, folder, |state| {
            let made = state.names.make_folder(folder);
            // When it returns, they are there to stay.
            if !state.lies {
                made.iter().for_each(|made| state.names.sync(parent(made)));
            }
            Ok(())
        })
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.look(Operation::Names, folder, |state| {
            if !state.names.is_folder(folder) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let inside = state
                .names
                .files()
                .filter(|(path, _)| parent(path) == folder);
            let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
            let mut names: Vec<String> = inside.filter_map(|(path, _)| name(path)).collect();
            // In no order.
            for last in (1..names.len()).rev() {
                names.swap(last, state.random.below(last as u64 + 1) as usize);
            }
            Ok(names)
        })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.look(Operation::Open, path, |state| {
            let inode = found(state, path)?;
            Ok(self.handle(state, path, inode))
        })
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.look(Operation::Create, path, |state| {
            home(state, path)?;
            if state.names.find(path).is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.files.push(File::default());
            let inode = state.files.len() - 1;
            state.names.put(path, inode);
            Ok(self.handle(state, path, inode))
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look(Operation::Rename, from, |state| {
            home(state, to)?;
            let inode = found(state, from)?;
            state.names.rename(from, to, inode);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.look(Operation::Remove, path, |state| {
            found(state, path)?;
            state.names.remove(path);
            Ok(())
        })
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.look(Operation::SyncFolder, folder, |state| {
            if !state.names.is_folder(folder) {
                return Err(io::ErrorKind::NotFound.into());
            }
            if state.lies {
                state.counts.lies += 1;
            } else {
                state.names.sync(folder);
            }
            Ok(())
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let life = self.look(Operation::Lock, path, |state| {
            home(state, path)?;
            if !state.locks.insert(path.to_owned()) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if state.names.find(path).is_none() {
                state.files.push(File::default());
                state.names.put(path, state.files.len() - 1);
            }
            Ok(state.life)
        })?;
        Ok(Box::new(Lock(self.clone(), path.to_owned(), life)))
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        self.look(Operation::Free, folder, |state| {
            Ok(state.capacity.saturating_sub(state.used()))
        })
    }
}

struct Lock(SimulatedDisk, PathBuf, u64);

impl Drop for Lock {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if state.life == self.2 {
            state.locks.remove(&self.1);
        }
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    path: PathBuf,
    inode: Inode,
    life: u64,
}

impl SimulatedFile {
    fn operate<T>(
        &self,
        operation: Operation,
        work: impl FnOnce(&mut State, Inode) -> io::Result<T>,
        part: impl FnOnce(&mut State, Inode),
    ) -> io::Result<T> {
        // What a killed process had open does nothing any more.
        if self.disk.state().life != self.life {
            return Err(off());
        }
        let inode = self.inode;
        self.disk.operate(
            operation,
            &self.path,
            |state| work(state, inode),
            |state| part(state, inode),
        )
    }
}

/// Bytes by which a file may still grow.
fn room(state: &State, inode: Inode) -> u64 {
    let free = state.capacity.saturating_sub(state.used());
    state.files[inode].room.saturating_add(free)
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        let work = |state: &mut State, inode: Inode| Ok(state.files[inode].seen().length);
        self.operate(Operation::Length, work, |_, _| {})
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let work = |state: &mut State, inode: Inode| {
            if state.files[inode].seen().read(bytes, offset) {
                Ok(())
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        };
        self.operate(Operation::Read, work, |_, _| {})
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let work = |state: &mut State, inode: Inode| {
            let fits = room(state, inode).saturating_sub(offset);
            if fits < bytes.len() as u64 {
                state.counts.full += 1;
                state.files[inode].write(&bytes[..fits as usize], offset);
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.note(&[offset, bytes.len() as u64]);
            state.files[inode].write(bytes, offset);
            Ok(())
        };
        self.operate(Operation::Write, work, |state, inode| {
            let part = state.random.below(bytes.len() as u64 + 1) as usize;
            let fits = room(state, inode).saturating_sub(offset);
            let part = part.min(fits as usize);
            state.files[inode].write(&bytes[..part], offset);
        })
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let work = |state: &mut State, inode: Inode| {
            state.files[inode].set_length(length);
            Ok(())
        };
        self.operate(Operation::SetLength, work, |_, _| {})
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        let work = |state: &mut State, inode: Inode| {
            if room(state, inode) < length {
                state.counts.full += 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.files[inode].reserve(length);
            Ok(())
        };
        self.operate(Operation::Reserve, work, |_, _| {})
    }

    fn sync(&self) -> io::Result<()> {
        let work = |state: &mut State, inode: Inode| {
            if state.lies {
                state.counts.lies += 1;
            } else {
                state.files[inode].sync();
            }
            Ok(())
        };
        self.operate(Operation::Sync, work, |state, inode| {
            state.counts.failed_syncs += 1;
            state.files[inode].fail_sync(&mut state.random);
        })
    }
}
