//! Merkle trees as RFC 9162 has them: hashes, the tree of a growing log, inclusion proofs.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};

/// A node of the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256 of a zero byte and its data.
pub fn leaf_hash(data: &[u8]) -> Hash {
    sha256(&[&[0], data])
}

/// The hash of an inner node: SHA-256 of a one byte and its children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    sha256(&[])
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    context
        .finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

/// Where a tree of more than one leaf splits: the greatest power of two below its size.
pub fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// Checks that `leaf` is leaf number `index` of the tree with `size` leaves and this root
/// (RFC 9162, section 2.1.3.2).
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// The right edge of a tree: the roots of its complete subtrees, the greatest first.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The edge of a tree of `size` leaves with these roots, one for each bit of `size`.
    pub fn new(size: u64, roots: Vec<Hash>) -> Frontier {
        debug_assert_eq!(roots.len() as u32, size.count_ones());
        Frontier { size, roots }
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("a root for each bit of the size");
            hash = node_hash(&left, &hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev().copied();
        let first = roots.next().unwrap_or_else(empty_root);
        roots.fold(first, |right, left| node_hash(&left, &right))
    }

    /// The tree after `leaves` are added to this one, with their inclusion proofs.
    pub fn with<'a>(&'a self, leaves: &'a [Hash]) -> Grown<'a> {
        Grown {
            before: self,
            leaves,
            known: HashMap::new(),
        }
    }

    /// The root of the complete subtree of leaves `from..to`, which has to be on the edge.
    fn subtree(&self, from: u64, to: u64) -> Hash {
        let mut at = 0;
        for (number, root) in self.roots.iter().enumerate() {
            let bits = self.size.count_ones() as usize - number;
            let size = nth_bit(self.size, bits - 1);
            if at == from && at + size == to {
                return *root;
            }
            at += size;
        }
        unreachable!("a left sibling of a new leaf is on the edge of the old tree")
    }
}

/// The value of the bit of `number` that has `lower` set bits below it.
fn nth_bit(mut number: u64, lower: usize) -> u64 {
    for _ in 0..lower {
        number &= number - 1;
    }
    number & number.wrapping_neg()
}

/// A tree to which a group of leaves was just added.
pub struct Grown<'a> {
    before: &'a Frontier,
    leaves: &'a [Hash],
    known: HashMap<(u64, u64), Hash>,
}

impl Grown<'_> {
    /// The proof of the `nth` new leaf, from the leaf upwards.
    pub fn proof(&mut self, nth: usize) -> Vec<Hash> {
        let index = self.before.size + nth as u64;
        let (mut from, mut to) = (0, self.before.size + self.leaves.len() as u64);
        let mut proof = Vec::new();
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                proof.push(self.range(middle, to));
                to = middle;
            } else {
                proof.push(self.range(from, middle));
                from = middle;
            }
        }
        proof.reverse();
        proof
    }

    fn range(&mut self, from: u64, to: u64) -> Hash {
        if to <= self.before.size {
            return self.before.subtree(from, to);
        }
        if to - from == 1 {
            return self.leaves[(from - self.before.size) as usize];
        }
        if let Some(hash) = self.known.get(&(from, to)) {
            return *hash;
        }
        let middle = from + split(to - from);
        let (left, right) = (self.range(from, middle), self.range(middle, to));
        let hash = node_hash(&left, &right);
        self.known.insert((from, to), hash);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: &Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The eight leaves and the roots that the certificate transparency projects publish.
    const LEAVES: [&[u8]; 8] = [
        &[],
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];

    #[test]
    fn published_roots() {
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        assert_eq!(
            hex(&empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let mut frontier = Frontier::default();
        for (leaf, root) in LEAVES.iter().zip(roots) {
            frontier.push(leaf_hash(leaf));
            assert_eq!(hex(&frontier.root()), root);
        }
    }

    #[test]
    fn every_proof_of_every_growth_holds_and_no_other() {
        let leaves: Vec<Hash> = (0..40u8).map(|number| leaf_hash(&[number])).collect();
        for before in 0..leaves.len() {
            let mut old = Frontier::default();
            leaves[..before].iter().for_each(|leaf| old.push(*leaf));
            for after in before + 1..=leaves.len() {
                let new = &leaves[before..after];
                let mut whole = old.clone();
                new.iter().for_each(|leaf| whole.push(*leaf));
                let (size, root) = (after as u64, whole.root());
                let mut grown = old.with(new);
                for (nth, leaf) in new.iter().enumerate() {
                    let index = (before + nth) as u64;
                    let proof = grown.proof(nth);
                    assert!(
                        verify_inclusion(*leaf, index, size, &proof, &root),
                        "{index} of {size}"
                    );
                    assert!(!verify_inclusion(*leaf, index + 1, size, &proof, &root));
                    assert!(!verify_inclusion(
                        leaf_hash(b"other"),
                        index,
                        size,
                        &proof,
                        &root
                    ));
                    if !proof.is_empty() {
                        assert!(!verify_inclusion(*leaf, index, size, &proof[1..], &root));
                    }
                }
            }
        }
    }
}
