//! The journal's files, read once more by hand along docs/journal.md, so that the tree's root
//! does not rest on the code that made it.

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use tongguan::journal::Location;

use super::world::World;

/// Bytes before a group's entries, before an entry's head, and before a segment's groups.
const HEADER: usize = 128;
const FRAME: usize = 20;
const OPENING: usize = 64;

type Hash = [u8; 32];

/// The segments there are, in order.
pub fn segments(world: &World) -> Vec<PathBuf> {
    let files = world.disk.files();
    files
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path.extension().is_some_and(|end| end == "tgj"))
        .collect()
}

/// The segment of an entry.
pub fn segment_of(at: Location) -> PathBuf {
    PathBuf::from(super::life::FOLDER).join(format!("segment-{:08}.tgj", at.segment))
}

/// Works out the root of the last group from the heads of all entries.
///
/// # Errors
/// A root that is another than the one that was signed.
pub fn roots(world: &World) -> Result<(), String> {
    let mut leaves: Vec<Hash> = Vec::new();
    let mut signed = None;
    for path in segments(world) {
        let bytes = world.disk.bytes(&path).unwrap_or_default();
        let mut at = OPENING;
        while at < bytes.len() {
            let group = &bytes[at..];
            let count = number(group, 12);
            let (heads, blocks) = (number(group, 16), number(group, 20));
            let mut entry = HEADER;
            for _ in 0..count {
                let head = entry + FRAME..entry + FRAME + number(group, entry);
                leaves.push(hash(&[&[0], &group[head.clone()]]));
                entry = head.end;
            }
            signed = Some(group[24..56].to_vec());
            at += HEADER + heads + blocks;
        }
    }
    match signed {
        Some(signed) if signed != root(&leaves) => {
            Err(format!("the root over {} entries is another", leaves.len()))
        }
        _ => Ok(()),
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    let bytes = bytes[at..at + 4].try_into().expect("four bytes");
    u32::from_be_bytes(bytes) as usize
}

fn hash(parts: &[&[u8]]) -> Hash {
    let bytes = digest(&SHA256, &parts.concat());
    bytes.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// RFC 9162, 2.1.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash(&[]),
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            hash(&[&[1], &root(left), &root(right)])
        }
    }
}
