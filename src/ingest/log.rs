//! The log as its witnesses and monitors read it: checkpoint, tiles (C2SP tlog-tiles) and
//! proofs of consistency. Hashes are for everybody, so these addresses ask for no key at the
//! traders' door; bundles of entries say what traders declared, so only the operators' door
//! has them. `docs/evidence.md` says more.

use bytes::Bytes;
use serde_json::{Value, json};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::fault::Fault;
use crate::journal::tile::{self, Kind, Tile};
use crate::pipeline::Handle;

use super::query::number;

/// What an address of the log came to.
#[derive(Debug)]
pub enum Piece {
    /// The signed checkpoint.
    Checkpoint(String),
    /// Hashes.
    Hashes(Bytes),
    /// Entries.
    Entries(Bytes),
    /// A proof of consistency.
    Consistency(Value),
    /// There is nothing, or not yet.
    Absent,
    /// A parameter is missing or wrong.
    Parameter(&'static str),
    /// The entry with this number is too long for a bundle.
    TooLong(u64),
}

/// Whom a door lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Everybody: hashes only.
    Traders,
    /// Operators: entries too.
    Operators,
}

/// What is at `path`, the part behind the prefix of the log.
///
/// # Errors
/// A journal that cannot be read.
pub async fn piece(pipeline: &Handle, door: Door, path: &str, query: &str) -> Result<Piece, Fault> {
    if let Some(path) = path.strip_prefix("tile/") {
        return match Tile::parse(path) {
            Some(tile) if matches!(tile.kind, Kind::Hashes(_)) || door == Door::Operators => {
                let found = pipeline.journal(move |read| read.tile(tile)).await?;
                Ok(of_tile(tile.kind, found))
            }
            _ => Ok(Piece::Absent),
        };
    }
    match path {
        "checkpoint" => {
            let read = pipeline.journal(|read| Ok(read.checkpoint()));
            Ok(Piece::Checkpoint(read.await?))
        }
        "consistency" => {
            let Some(from) = number(query, "from") else {
                return Ok(Piece::Parameter("from"));
            };
            let Some(to) = number(query, "to") else {
                return Ok(Piece::Parameter("to"));
            };
            if from > to {
                return Ok(Piece::Parameter("from"));
            }
            let proof = pipeline.journal(move |read| read.consistency(from, to));
            let Some(proof) = proof.await? else {
                return Ok(Piece::Absent);
            };
            let proof: Vec<String> = proof.iter().map(|hash| BASE64.encode(hash)).collect();
            let proof = json!({ "from": from, "to": to, "proof": proof });
            Ok(Piece::Consistency(proof))
        }
        _ => Ok(Piece::Absent),
    }
}

fn of_tile(kind: Kind, found: tile::Found) -> Piece {
    match (found, kind) {
        (tile::Found::Whole(bytes), Kind::Hashes(_)) => Piece::Hashes(bytes),
        (tile::Found::Whole(bytes), _) => Piece::Entries(bytes),
        (tile::Found::Absent, _) => Piece::Absent,
        (tile::Found::TooLong(index), _) => Piece::TooLong(index),
    }
}
