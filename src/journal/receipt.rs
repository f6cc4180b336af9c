//! The evidence that a trader keeps: what was recorded, where it stands in the log, the proof
//! that it stands there, and the signed checkpoint that the proof leads to. It can be checked
//! with nothing but the gateway's public key.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::declaration::{Digest, Entry, Event};
use crate::fault::Fault;

use super::codec::decode_head;
use super::merkle::{Hash, leaf_hash, verify_inclusion};
use super::note::open_note;

/// The form of a receipt; a change of its members is a new form.
const FORM: &str = "tongguan/1";

/// A receipt's JSON. Its members always come in this order and without white space, so that
/// the same receipt has the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipt {
    receipt: String,
    id: String,
    trader: String,
    kind: String,
    message_type: String,
    reference: String,
    key: String,
    recorded_at: String,
    message: Message,
    entry: Place,
    proof: Vec<String>,
    checkpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    sha256: String,
    bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    index: u64,
    leaf: String,
}

/// The receipt of a `Recorded` entry.
pub(super) fn make(
    entry: &Entry,
    index: u64,
    head: &[u8],
    proof: &[Hash],
    note: &str,
) -> Result<Bytes, Fault> {
    let (_, bytes) = decode_head(head).map_err(Fault::ours)?;
    let receipt = receipt(entry, bytes, index, head, proof, note).ok_or_else(|| {
        Fault::ours(format!(
            "journal: entry {index} is not one that has a receipt"
        ))
    })?;
    let json = serde_json::to_vec(&receipt).map_err(|error| Fault::ours(error.to_string()))?;
    Ok(Bytes::from(json))
}

fn receipt(
    entry: &Entry,
    bytes: u64,
    index: u64,
    head: &[u8],
    proof: &[Hash],
    note: &str,
) -> Option<Receipt> {
    let Event::Recorded(recorded) = &entry.event else {
        return None;
    };
    Some(Receipt {
        receipt: FORM.to_owned(),
        id: entry.id.to_string(),
        trader: recorded.trader.clone(),
        kind: recorded.kind.clone(),
        message_type: recorded.message_type.clone(),
        reference: recorded.reference.clone(),
        key: recorded.key.clone(),
        recorded_at: entry.at.to_string(),
        message: Message {
            sha256: recorded.digest.to_string(),
            bytes,
        },
        entry: Place {
            index,
            leaf: BASE64.encode(head),
        },
        proof: proof.iter().map(|hash| BASE64.encode(hash)).collect(),
        checkpoint: note.to_owned(),
    })
}

/// What a receipt proves, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved(Vec<String>);

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Why a receipt does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disproved(String);

impl fmt::Display for Disproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a receipt against the public key of the gateway, and against the message if it is
/// given.
///
/// # Errors
/// The first step that does not hold.
pub fn verify(
    receipt: &[u8],
    message: Option<&[u8]>,
    verifier_key: &str,
) -> Result<Proved, Disproved> {
    check(receipt, message, verifier_key)
        .map(Proved)
        .map_err(Disproved)
}

fn check(bytes: &[u8], message: Option<&[u8]>, verifier_key: &str) -> Result<Vec<String>, String> {
    // A file written by an editor or by curl may end with a line feed.
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let given: Receipt =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not a receipt: {error}"))?;
    if given.receipt != FORM {
        return Err(format!("its form is {}, not {FORM}", given.receipt));
    }
    let head = BASE64
        .decode(&given.entry.leaf)
        .map_err(|_| "its leaf is not base64")?;
    let proof: Option<Vec<Hash>> = given
        .proof
        .iter()
        .map(|hash| BASE64.decode(hash).ok()?.try_into().ok())
        .collect();
    let proof = proof.ok_or("its proof is not a list of hashes")?;
    let (entry, length) =
        decode_head(&head).map_err(|what| format!("its leaf cannot be read: {what}"))?;
    let again = receipt(
        &entry,
        length,
        given.entry.index,
        &head,
        &proof,
        &given.checkpoint,
    );
    let again = again.ok_or("its leaf is not that of a recorded declaration")?;
    if serde_json::to_vec(&again).ok().as_deref() != Some(bytes) {
        return Err("what it says differs from the leaf that was recorded".to_owned());
    }
    let mut proved = vec![
        format!(
            "declaration {} ({}, reference {})",
            given.id, given.message_type, given.reference
        ),
        format!(
            "of trader {} was recorded at {}",
            given.trader, given.recorded_at
        ),
    ];
    match message {
        Some(message) if Digest::of(message).to_string() != given.message.sha256 => {
            return Err(
                "the message is not the one that was recorded: its SHA-256 differs".to_owned(),
            );
        }
        Some(_) => proved.push(format!(
            "with exactly this message (SHA-256 {})",
            given.message.sha256
        )),
        None => proved.push(format!(
            "with a message of SHA-256 {} (not compared)",
            given.message.sha256
        )),
    }
    let checkpoint = open_note(&given.checkpoint, verifier_key)?;
    if !verify_inclusion(
        leaf_hash(&head),
        given.entry.index,
        checkpoint.size,
        &proof,
        &checkpoint.root,
    ) {
        return Err("its proof does not lead to the signed root".to_owned());
    }
    proved.push(format!(
        "as entry {} of {} in the log {}",
        given.entry.index, checkpoint.size, checkpoint.origin
    ));
    proved.push("signed with the key that was given".to_owned());
    Ok(proved)
}
