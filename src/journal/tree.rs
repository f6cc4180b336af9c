//! The hashes of the Merkle tree on disk, for proofs about entries of long ago. Level 0 holds
//! the hashes of all leaves, level n those of all complete subtrees of 256^n leaves, one file a
//! level. Everything here can be made again from the journal, so it is never synced for a
//! receipt, only when a segment ends, and is checked against the last signed root at start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::disk::{Disk, DiskFile};
use super::merkle::{Frontier, Hash, node_hash, split};

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
        Ok(self.with_level(0, |file| file.length())? / HASH_BYTES)
    }

    /// Stores leaves after the first `size` ones, and the subtrees that they complete.
    pub fn extend(&self, size: u64, leaves: &[Hash]) -> io::Result<()> {
        let (mut size, mut hashes) = (size, leaves.to_vec());
        for level in 0..LEVELS {
            let bytes: Vec<u8> = hashes.iter().flatten().copied().collect();
            self.with_level(level, |file| file.write_at(&bytes, size * HASH_BYTES))?;
            let (first, end) = (size / 256, (size + hashes.len() as u64) / 256);
            if first == end {
                return Ok(());
            }
            hashes = (first..end)
                .map(|tile| self.subtree(level, tile * 256, 256))
                .collect::<io::Result<_>>()?;
            size = first;
        }
        Ok(())
    }

    /// Forgets everything after the first `size` leaves.
    pub fn truncate(&self, size: u64) -> io::Result<()> {
        let mut size = size;
        for level in 0..LEVELS {
            self.with_level(level, |file| {
                // Never longer: zeros are no hashes.
                let length = file.length()?;
                file.set_length(length.min(size * HASH_BYTES))
            })?;
            size /= 256;
        }
        Ok(())
    }

    /// When it returns, what is stored is on disk.
    pub fn sync(&self) -> io::Result<()> {
        for level in 0..LEVELS {
            self.with_level(level, |file| file.sync())?;
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

    /// The inclusion proof of leaf `index` in the tree of the first `size` leaves.
    pub fn proof(&self, index: u64, size: u64) -> io::Result<Vec<Hash>> {
        let (mut from, mut to) = (0, size);
        let mut proof = Vec::new();
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                proof.push(self.range(middle, to)?);
                to = middle;
            } else {
                proof.push(self.range(from, middle)?);
                from = middle;
            }
        }
        proof.reverse();
        Ok(proof)
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
        let mut bytes = vec![0; (count * HASH_BYTES) as usize];
        self.with_level(level, |file| file.read_at(&mut bytes, from * HASH_BYTES))?;
        let mut hashes: Vec<Hash> = bytes
            .chunks_exact(32)
            .map(|chunk| chunk.try_into().expect("chunks of 32"))
            .collect();
        while hashes.len() > 1 {
            hashes = hashes
                .chunks_exact(2)
                .map(|pair| node_hash(&pair[0], &pair[1]))
                .collect();
        }
        Ok(hashes[0])
    }

    fn with_level<T>(
        &self,
        level: usize,
        work: impl FnOnce(&dyn DiskFile) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        while files.len() <= level {
            let path = self.folder.join(format!("level-{}", files.len()));
            files.push(match self.disk.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.disk.create(&path)?,
                opened => opened?,
            });
        }
        work(&*files[level])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::disk::LocalDisk;
    use crate::journal::merkle::{leaf_hash, verify_inclusion};

    #[test]
    fn proofs_from_disk_hold_at_every_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = Tree::open(Arc::new(LocalDisk), folder.path()).expect("opens");
        let leaves: Vec<Hash> = (0..700u32)
            .map(|number| leaf_hash(&number.to_be_bytes()))
            .collect();
        let mut size = 0u64;
        for chunk in leaves.chunks(37) {
            tree.extend(size, chunk).expect("stores");
            size += chunk.len() as u64;
        }
        for size in [1u64, 2, 3, 255, 256, 257, 511, 512, 513, 699, 700] {
            let root = tree.frontier(size).expect("reads").root();
            for index in [0, size / 2, size - 1] {
                let proof = tree.proof(index, size).expect("reads");
                assert!(
                    verify_inclusion(leaves[index as usize], index, size, &proof, &root),
                    "{index} of {size}"
                );
            }
        }
        tree.truncate(300).expect("cuts");
        assert_eq!(tree.size().expect("reads"), 300);
        tree.extend(300, &leaves[300..]).expect("stores");
        let root = tree.frontier(700).expect("reads").root();
        let proof = tree.proof(520, 700).expect("reads");
        assert!(verify_inclusion(leaves[520], 520, 700, &proof, &root));
    }
}
