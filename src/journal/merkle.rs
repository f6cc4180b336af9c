//! Merkle trees as RFC 9162 has them: hashes, proofs and their verification, and the tree of a
//! growing log. Nothing here touches a disk; `tree` keeps what this computes.

use std::ops::Range;

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A node of the tree.
pub type Hash = [u8; 32];

/// What stands before the data of a leaf when it is hashed.
pub const LEAF: u8 = 0;

/// The hash of a leaf: SHA-256 of a zero byte and its data.
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[LEAF]);
    context.update(data);
    hash(context.finish())
}

/// The same of data with the zero byte before it: in one piece, because a context costs a
/// quarter of the hash.
pub fn prefixed_leaf_hash(leaf: &[u8]) -> Hash {
    debug_assert_eq!(leaf.first(), Some(&LEAF));
    hash(digest(&SHA256, leaf))
}

/// The hash of an inner node: SHA-256 of a one byte and its children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // In one piece: a context would cost as much as the hash.
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    hash(digest(&SHA256, &bytes))
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    hash(digest(&SHA256, &[]))
}

fn hash(digest: aws_lc_rs::digest::Digest) -> Hash {
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Where a tree of more than one leaf splits: the greatest power of two below its size.
pub fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// The subtrees, as ranges of leaves, whose roots prove that leaf `index` is in the tree of
/// `size` leaves, from the leaf upwards (RFC 9162, section 2.1.3.1). `None` if it is not.
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut from, mut to) = (0, size);
    let mut proof = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(middle..to);
            to = middle;
        } else {
            proof.push(from..middle);
            from = middle;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The subtrees whose roots prove that the tree of `new` leaves begins with that of `old`
/// leaves (RFC 9162, section 2.1.4.1). `None` if `old` is the larger. Every tree begins with
/// the empty one and with itself; that takes no proof.
pub fn consistency(old: u64, new: u64) -> Option<Vec<Range<u64>>> {
    if old > new {
        return None;
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Some(proof);
    }
    let (mut from, mut to) = (0, new);
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(middle..to);
            to = middle;
        } else {
            proof.push(from..middle);
            from = middle;
        }
    }
    // What is left ends where the old tree did. If it is all of it, its root is known.
    if from > 0 {
        proof.push(from..to);
    }
    proof.reverse();
    Some(proof)
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

/// A tree, for a proof that another one continues it: leaves and root.
pub type Head = (u64, Hash);

/// Checks that the tree `new` begins with all the leaves of the tree `old` (RFC 9162, section
/// 2.1.4.2).
pub fn verify_consistency(old: &Head, new: &Head, proof: &[Hash]) -> bool {
    if old.0 == 0 || old.0 == new.0 {
        let first = if old.0 == 0 { empty_root() } else { new.1 };
        return proof.is_empty() && old.1 == first;
    }
    if old.0 > new.0 {
        return false;
    }
    // An old tree that is a complete subtree of the new one begins the proof itself.
    let (first, rest) = match proof {
        [] => return false,
        _ if old.0.is_power_of_two() => (old.1, proof),
        [first, rest @ ..] => (*first, rest),
    };
    let (mut node, mut last) = (old.0 - 1, new.0 - 1);
    let complete = node.trailing_ones();
    node >>= complete;
    last >>= complete;
    let (mut old_root, mut new_root) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_root = node_hash(sibling, &old_root);
            new_root = node_hash(sibling, &new_root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_root = node_hash(&new_root, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_root == old.1 && new_root == new.1
}

/// The right edge of a tree: the roots of its complete subtrees, the greatest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

    /// Leaves of the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev().copied();
        let first = roots.next().unwrap_or_else(empty_root);
        roots.fold(first, |right, left| node_hash(&left, &right))
    }

    /// The tree after `leaves`, at least one, are added to this one.
    pub fn grow(&self, leaves: &[Hash]) -> Grown {
        debug_assert!(!leaves.is_empty());
        let (before, size) = (self.size, self.size + leaves.len() as u64);
        let mut nodes = Vec::with_capacity(2 * leaves.len() + 2 * 64);
        let mut levels: Vec<Level> = Vec::new();
        let mut edge = self.roots.iter().rev();
        while size > before && levels.last().is_none_or(|level| level.last > 0) {
            let number = levels.len();
            let at = nodes.len();
            let mut first = before >> number;
            if first & 1 == 1 {
                nodes.push(*edge.next().expect("a root for each bit of the size"));
                first -= 1;
            }
            match levels.last() {
                None => nodes.extend(leaves),
                Some(below) => {
                    for left in (below.at..at).step_by(2) {
                        let parent = match left + 1 {
                            right if right < at => node_hash(&nodes[left], &nodes[right]),
                            // Without a sibling it stands for its parent too.
                            _ => nodes[left],
                        };
                        nodes.push(parent);
                    }
                }
            }
            let last = (size - 1) >> number;
            levels.push(Level { at, first, last });
        }
        Grown {
            before,
            size,
            nodes,
            levels,
        }
    }
}

/// A tree to which a group of leaves was just added: every node above one of them, and the
/// left neighbour of the first on each level. That is every hash of every proof.
#[derive(Debug)]
pub struct Grown {
    before: u64,
    size: u64,
    /// Level after level, from the leaves upwards.
    nodes: Vec<Hash>,
    levels: Vec<Level>,
}

/// Nodes `first..=last` of a level, from place `at` on.
#[derive(Debug)]
struct Level {
    at: usize,
    first: u64,
    last: u64,
}

impl Grown {
    /// Leaves of the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        self.nodes.last().copied().unwrap_or_else(empty_root)
    }

    /// All nodes; [`Grown::path`] gives places among them.
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// The proof of the `nth` new leaf, from the leaf upwards.
    pub fn path(&self, nth: usize) -> impl Iterator<Item = usize> + '_ {
        let index = self.before + nth as u64;
        let levels = self.levels.iter().enumerate();
        levels.filter_map(move |(number, level)| {
            let sibling = (index >> number) ^ 1;
            (sibling <= level.last).then(|| level.at + (sibling - level.first) as usize)
        })
    }

    /// The complete nodes of a level that the old tree did not have, and the number of the
    /// first.
    pub fn complete(&self, level: usize) -> (u64, &[Hash]) {
        let (first, end) = (self.before >> level, self.size >> level);
        match self.levels.get(level) {
            Some(known) => {
                let at = known.at + (first - known.first) as usize;
                (first, &self.nodes[at..at + (end - first) as usize])
            }
            None => (first, &[]),
        }
    }

    /// The right edge of the tree.
    pub fn frontier(&self) -> Frontier {
        let bits = (0..self.levels.len())
            .rev()
            .filter(|bit| self.size >> bit & 1 == 1);
        let root = |bit: usize| {
            let level = &self.levels[bit];
            self.nodes[level.at + ((self.size >> bit) - 1 - level.first) as usize]
        };
        Frontier::new(self.size, bits.map(root).collect())
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
            frontier = frontier.grow(&[leaf_hash(leaf)]).frontier();
            assert_eq!(hex(&frontier.root()), root);
        }
    }

    /// The proofs of the same projects (`testonly/reference_test.go` of
    /// transparency-dev/merkle): `index` in a tree of `size`, and `old` to `new`.
    #[test]
    fn published_proofs() {
        const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
        const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
        const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
        const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
        const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
        const F: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
        const G: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        const H: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
        const I: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
        let leaves: Vec<Hash> = LEAVES.iter().map(|leaf| leaf_hash(leaf)).collect();
        let proof = |ranges: Option<Vec<Range<u64>>>| -> Vec<String> {
            let roots = ranges.expect("a proof").into_iter();
            roots.map(|range| hex(&plain(&leaves, range))).collect()
        };
        let inclusions: [(u64, u64, &[&str]); 7] = [
            (0, 1, &[]),
            (0, 2, &[A]),
            (1, 2, &[G]),
            (2, 3, &[H]),
            (1, 5, &[G, B, D]),
            (0, 8, &[A, B, C]),
            (5, 8, &[D, E, F]),
        ];
        for (index, size, expected) in inclusions {
            assert_eq!(proof(inclusion(index, size)), expected, "{index} of {size}");
        }
        let consistencies: [(u64, u64, &[&str]); 4] = [
            (1, 1, &[]),
            (1, 8, &[A, B, C]),
            (2, 5, &[B, D]),
            (6, 8, &[I, E, F]),
        ];
        for (old, new, expected) in consistencies {
            assert_eq!(proof(consistency(old, new)), expected, "{old} to {new}");
        }
    }

    /// The root over a range of leaves, as RFC 9162 defines it, word by word.
    fn plain(leaves: &[Hash], range: Range<u64>) -> Hash {
        match range.end - range.start {
            0 => empty_root(),
            1 => leaves[range.start as usize],
            size => {
                let middle = range.start + split(size);
                let left = plain(leaves, range.start..middle);
                node_hash(&left, &plain(leaves, middle..range.end))
            }
        }
    }

    fn numbered(count: u8) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&[number])).collect()
    }

    #[test]
    fn every_proof_of_every_growth_holds_and_no_other() {
        let leaves = numbered(40);
        for before in 0..leaves.len() {
            let old = Frontier::default().grow(&leaves[..before.max(1)]);
            let old = if before == 0 {
                Frontier::default()
            } else {
                old.frontier()
            };
            assert_eq!(old.root(), plain(&leaves, 0..before as u64));
            for after in before + 1..=leaves.len() {
                let (size, root) = (after as u64, plain(&leaves, 0..after as u64));
                let grown = old.grow(&leaves[before..after]);
                assert_eq!((grown.size(), grown.root()), (size, root));
                assert_eq!(
                    (grown.frontier().size(), grown.frontier().root()),
                    (size, root)
                );
                for level in 0..7 {
                    let (first, nodes) = grown.complete(level);
                    assert_eq!(first + nodes.len() as u64, size >> level);
                    for (number, node) in (first..).zip(nodes) {
                        let leaf = number << level..(number + 1) << level;
                        assert_eq!(*node, plain(&leaves, leaf));
                    }
                }
                for index in before..after {
                    let path = grown.path(index - before);
                    let proof: Vec<Hash> = path.map(|place| grown.nodes()[place]).collect();
                    let ranges = inclusion(index as u64, size).expect("it is in the tree");
                    let defined = ranges.into_iter().map(|range| plain(&leaves, range));
                    assert_eq!(proof, defined.collect::<Vec<Hash>>(), "{index} of {size}");
                    let holds = |leaf: Hash, index: usize, proof: &[Hash]| {
                        verify_inclusion(leaf, index as u64, size, proof, &root)
                    };
                    assert!(holds(leaves[index], index, &proof), "{index} of {size}");
                    assert!(!holds(leaves[index], index + 1, &proof));
                    assert!(!holds(leaf_hash(b"other"), index, &proof));
                    assert!(!holds(
                        leaves[index],
                        index,
                        &[&proof[..], &[root]].concat()
                    ));
                    if !proof.is_empty() {
                        assert!(!holds(leaves[index], index, &proof[1..]));
                    }
                }
            }
        }
        assert_eq!(inclusion(3, 3), None);
    }

    #[test]
    fn every_tree_continues_every_earlier_one_and_no_other() {
        let leaves = numbered(70);
        let mut other = leaves.clone();
        other[0] = leaf_hash(b"other");
        for new in 0..=leaves.len() as u64 {
            let head = (new, plain(&leaves, 0..new));
            for old in 0..=new {
                let earlier = (old, plain(&leaves, 0..old));
                let ranges = consistency(old, new).expect("old is not larger");
                let proof: Vec<Hash> = ranges
                    .into_iter()
                    .map(|range| plain(&leaves, range))
                    .collect();
                assert!(
                    verify_consistency(&earlier, &head, &proof),
                    "{old} to {new}"
                );
                let longer = [&proof[..], &[head.1]].concat();
                assert!(!verify_consistency(&earlier, &head, &longer));
                for hash in 0..proof.len() {
                    let mut wrong = proof.clone();
                    wrong[hash][31] ^= 1;
                    assert!(
                        !verify_consistency(&earlier, &head, &wrong),
                        "{old} to {new}"
                    );
                    wrong.remove(hash);
                    assert!(
                        !verify_consistency(&earlier, &head, &wrong),
                        "{old} to {new}"
                    );
                }
                if old > 0 {
                    let rewritten = (old, plain(&other, 0..old));
                    assert!(
                        !verify_consistency(&rewritten, &head, &proof),
                        "{old} to {new}"
                    );
                    let rewritten = (new, plain(&other, 0..new));
                    assert!(!verify_consistency(&earlier, &rewritten, &proof));
                }
                if old < new {
                    assert!(!verify_consistency(&head, &earlier, &proof));
                    assert_eq!(consistency(new, old), None);
                }
            }
        }
    }
}
