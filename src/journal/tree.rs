//! The hashes of the Merkle tree on disk, for proofs about entries of long ago. Level 0 holds
//! the hashes of all leaves, level n those of all complete subtrees of 256^n leaves, one file a
//! level. Everything here can be made again from the journal, so it is never synced for a
//! receipt, only when a segment ends, and is checked against the last signed root at start.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::merkle::{self, Frontier, Grown, Hash, node_hash, split};
use crate::disk::{Disk, DiskFile};

/// 256^7 leaves are more than any log will have.
const LEVELS: usize = 8;

const HASH_BYTES: u64 = 32;

/// The stored hashes.
pub struct Tree {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    files: Mutex<Vec<Arc<dyn DiskFile>>>,
}

impl Tree {
    /// Opens or creates the files.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path) -> io::Result<Tree> {
        disk.make_folder(folder)?;
        Ok(Tree {
            disk,
            folder: folder.to_owned(),
            files: Mutex::new(Vec::new()),
        })
    }

    /// Leaves that are stored.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.level(0)?.length()? / HASH_BYTES)
    }

    /// Stores the leaves that a tree has grown by, and the subtrees that they complete.
    pub fn extend(&self, grown: &Grown) -> io::Result<()> {
        for level in 0..LEVELS {
            let (first, hashes) = grown.complete(8 * level);
            if hashes.is_empty() {
                break;
            }
            self.level(level)?
                .write_at(hashes.as_flattened(), first * HASH_BYTES)?;
        }
        Ok(())
    }

    /// Forgets everything after the first `size` leaves.
    pub fn truncate(&self, size: u64) -> io::Result<()> {
        let mut size = size;
        for level in 0..LEVELS {
            // Never longer: zeros are no hashes.
            let file = self.level(level)?;
            file.set_length(file.length()?.min(size * HASH_BYTES))?;
            size /= 256;
        }
        Ok(())
    }

    /// When it returns, what is stored is on disk.
    pub fn sync(&self) -> io::Result<()> {
        for level in 0..LEVELS {
            self.level(level)?.sync()?;
        }
        self.disk.sync_folder(&self.folder)
    }

    /// The right edge of the tree of the first `size` leaves.
    pub fn frontier(&self, size: u64) -> io::Result<Frontier> {
        let mut roots = Vec::new();
        let mut at = 0;
        for bit in (0..64).rev().filter(|bit| size >> bit & 1 == 1) {
            roots.push(self.complete(at, 1 << bit)?);
            at += 1 << bit;
        }
        Ok(Frontier::new(size, roots))
    }

    /// The inclusion proof of leaf `index` in the tree of the first `size` leaves; `None` if
    /// it is not one of them.
    pub fn inclusion(&self, index: u64, size: u64) -> io::Result<Option<Vec<Hash>>> {
        self.roots(merkle::inclusion(index, size))
    }

    /// The proof that the tree of the first `new` leaves begins with that of the first `old`
    /// ones; `None` if `old` is the larger.
    pub fn consistency(&self, old: u64, new: u64) -> io::Result<Option<Vec<Hash>>> {
        self.roots(merkle::consistency(old, new))
    }

    /// Hashes of a level, 32 bytes each; they have to be stored.
    pub fn hashes(&self, level: usize, from: u64, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; (count * HASH_BYTES) as usize];
        self.level(level)?.read_at(&mut bytes, from * HASH_BYTES)?;
        Ok(bytes)
    }

    fn roots(&self, ranges: Option<Vec<Range<u64>>>) -> io::Result<Option<Vec<Hash>>> {
        let roots = ranges.map(|ranges| {
            let roots = ranges.into_iter();
            roots.map(|range| self.range(range.start, range.end))
        });
        roots.map(Iterator::collect).transpose()
    }

    fn range(&self, from: u64, to: u64) -> io::Result<Hash> {
        let size = to - from;
        if size.is_power_of_two() {
            return self.complete(from, size);
        }
        let middle = from + split(size);
        Ok(node_hash(
            &self.range(from, middle)?,
            &self.range(middle, to)?,
        ))
    }

    /// The root of a complete, aligned subtree.
    fn complete(&self, from: u64, size: u64) -> io::Result<Hash> {
        let level = size.trailing_zeros() as usize / 8;
        let unit = 1u64 << (8 * level);
        self.subtree(level, from / unit, size / unit)
    }

    /// The root over `count` (a power of two, at most 256) hashes of a level.
    fn subtree(&self, level: usize, from: u64, count: u64) -> io::Result<Hash> {
        let mut bytes = self.hashes(level, from, count)?;
        let (hashes, _) = bytes.as_chunks_mut::<32>();
        let mut left = hashes.len();
        while left > 1 {
            left /= 2;
            for pair in 0..left {
                hashes[pair] = node_hash(&hashes[2 * pair], &hashes[2 * pair + 1]);
            }
        }
        Ok(hashes[0])
    }

    /// The file of a level. The lock is not held while it is read or written: whoever reads
    /// the log does not keep the writer waiting.
    fn level(&self, level: usize) -> io::Result<Arc<dyn DiskFile>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        while files.len() <= level {
            let path = self.folder.join(format!("level-{}", files.len()));
            files.push(match self.disk.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.disk.create(&path)?,
                opened => opened?,
            });
        }
        Ok(files[level].clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::LocalDisk;
    use crate::journal::merkle::{leaf_hash, verify_consistency, verify_inclusion};

    #[test]
    fn proofs_from_disk_hold_at_every_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = Tree::open(Arc::new(LocalDisk), folder.path()).expect("opens");
        let leaves: Vec<Hash> = (0..700u32)
            .map(|number| leaf_hash(&number.to_be_bytes()))
            .collect();
        let mut frontier = Frontier::default();
        for chunk in leaves.chunks(37) {
            let grown = frontier.grow(chunk);
            tree.extend(&grown).expect("stores");
            frontier = grown.frontier();
        }
        for size in [1u64, 2, 3, 255, 256, 257, 511, 512, 513, 699, 700] {
            assert_eq!(tree.frontier(size).expect("reads").size(), size);
            let root = tree.frontier(size).expect("reads").root();
            for old in [0, 1, size / 3, size] {
                let proof = tree
                    .consistency(old, size)
                    .expect("reads")
                    .expect("a proof");
                let head = (old, tree.frontier(old).expect("reads").root());
                assert!(
                    verify_consistency(&head, &(size, root), &proof),
                    "{old} to {size}"
                );
            }
            for index in [0, size / 2, size - 1] {
                let proof = tree
                    .inclusion(index, size)
                    .expect("reads")
                    .expect("a proof");
                assert!(
                    verify_inclusion(leaves[index as usize], index, size, &proof, &root),
                    "{index} of {size}"
                );
            }
        }
        tree.truncate(300).expect("cuts");
        assert_eq!(tree.size().expect("reads"), 300);
        let frontier = tree.frontier(300).expect("reads");
        tree.extend(&frontier.grow(&leaves[300..])).expect("stores");
        let root = tree.frontier(700).expect("reads").root();
        let proof = tree.inclusion(520, 700).expect("reads").expect("a proof");
        assert!(verify_inclusion(leaves[520], 520, 700, &proof, &root));
        assert_eq!(tree.inclusion(700, 700).expect("reads"), None);
    }
}
