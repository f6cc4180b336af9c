//! The names of the simulated disk: folders, and which file has which name; what a reader
//! sees, what is on the platter, and the changes between, each kept or lost for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::Random;

use super::file::Fate;

/// Number of a file.
pub type Inode = usize;

#[derive(Debug, Clone, Default)]
struct Table {
    folders: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Inode>,
}

#[derive(Debug, Clone)]
enum Change {
    Folder(PathBuf),
    Put(PathBuf, Inode),
    Remove(PathBuf),
    /// Within one folder, where it is one step.
    Rename(PathBuf, PathBuf, Inode),
}

impl Change {
    /// The folder that has to be synced for it.
    fn folder(&self) -> &Path {
        let path = match self {
            Change::Folder(path) | Change::Put(path, _) => path,
            Change::Remove(path) | Change::Rename(path, ..) => path,
        };
        parent(path)
    }
}

impl Table {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Folder(path) => _ = self.folders.insert(path.clone()),
            Change::Put(path, inode) => _ = self.files.insert(path.clone(), *inode),
            Change::Remove(path) => _ = self.files.remove(path),
            Change::Rename(from, to, inode) => {
                self.files.remove(from);
                self.files.insert(to.clone(), *inode);
            }
        }
    }

    /// What lies in a folder that is not there is not there either.
    fn forget_homeless(&mut self) {
        loop {
            let before = self.folders.len();
            let folders = self.folders.clone();
            self.folders
                .retain(|path| path.parent().is_none_or(|above| folders.contains(above)));
            if self.folders.len() == before {
                break;
            }
        }
        let folders = &self.folders;
        self.files.retain(|path, _| folders.contains(parent(path)));
    }
}

pub fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

#[derive(Debug, Clone)]
pub struct Names {
    seen: Table,
    durable: Table,
    pending: Vec<Change>,
}

impl Names {
    /// Only the root is there.
    pub fn new() -> Names {
        let mut table = Table::default();
        table.folders.insert(PathBuf::from("/"));
        Names {
            seen: table.clone(),
            durable: table,
            pending: Vec::new(),
        }
    }

    pub fn is_folder(&self, path: &Path) -> bool {
        self.seen.folders.contains(path)
    }

    pub fn find(&self, path: &Path) -> Option<Inode> {
        self.seen.files.get(path).copied()
    }

    pub fn files(&self) -> impl Iterator<Item = (&Path, Inode)> {
        let files = self.seen.files.iter();
        files.map(|(path, inode)| (path.as_path(), *inode))
    }

    fn change(&mut self, change: Change) {
        self.seen.apply(&change);
        self.pending.push(change);
    }

    /// Makes a folder and those above it; gives the ones that were missing.
    pub fn make_folder(&mut self, path: &Path) -> Vec<PathBuf> {
        let missing: Vec<PathBuf> = path
            .ancestors()
            .take_while(|above| !self.is_folder(above))
            .map(Path::to_owned)
            .collect();
        for folder in missing.iter().rev() {
            self.change(Change::Folder(folder.clone()));
        }
        missing
    }

    pub fn put(&mut self, path: &Path, inode: Inode) {
        self.change(Change::Put(path.to_owned(), inode));
    }

    pub fn remove(&mut self, path: &Path) {
        self.change(Change::Remove(path.to_owned()));
    }

    pub fn rename(&mut self, from: &Path, to: &Path, inode: Inode) {
        if parent(from) == parent(to) {
            self.change(Change::Rename(from.to_owned(), to.to_owned(), inode));
        } else {
            self.put(to, inode);
            self.remove(from);
        }
    }

    pub fn sync(&mut self, folder: &Path) {
        let (synced, rest) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|change| change.folder() == folder);
        self.pending = rest;
        let synced: Vec<Change> = synced;
        synced.iter().for_each(|change| self.durable.apply(change));
    }

    pub fn sync_all(&mut self) {
        self.pending.clear();
        self.durable = self.seen.clone();
    }

    /// The power goes: each change that was not synced is there or not.
    pub fn crash(&mut self, random: &mut Random) -> Fate {
        let mut fate = Fate::default();
        for change in std::mem::take(&mut self.pending) {
            if random.chance(1, 2) {
                self.durable.apply(&change);
                fate.kept += 1;
            } else {
                fate.lost += 1;
            }
        }
        self.durable.forget_homeless();
        self.seen = self.durable.clone();
        fate
    }
}
