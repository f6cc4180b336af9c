//! The evidence that a trader keeps, as whoever verifies it sees it: what happened, where it
//! stands in the log, the proof that it stands there, and the signed checkpoint that the proof
//! leads to. It takes nothing but the gateway's public key. `issue` makes receipts,
//! `docs/evidence.md` says what they prove.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use crate::declaration::{Digest, Entry, Event};

use super::codec::decode_head;
use super::issue::{ANSWERED, DISPATCHED, Issuer, RECORDED, UNDELIVERABLE};
use super::merkle::{Hash, Head, leaf_hash, verify_consistency, verify_inclusion};
use super::note::{Checkpoint, Key, Note, keys};

/// What was proved, and what was not, in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proved {
    /// What holds.
    pub proved: Vec<String>,
    /// What was not tested, or cannot be proved this way.
    pub open: Vec<String>,
    /// Whether a known key signed it. Without, anybody may have made all of it.
    pub signed: bool,
}

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.signed {
            writeln!(
                f,
                "without a known key nothing is proved; this is what it says:"
            )?;
        }
        let proved = self.proved.iter().map(|line| ("", line));
        let open = self.open.iter().map(|line| ("not proved: ", line));
        // What comes from a file must not be able to write on the terminal as it likes.
        proved
            .chain(open)
            .try_for_each(|(what, line)| writeln!(f, "{what}{}", plain(line)))
    }
}

/// Why something does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disproved(String);

impl fmt::Display for Disproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.0))
    }
}

impl From<String> for Disproved {
    fn from(what: String) -> Disproved {
        Disproved(what)
    }
}

impl From<&str> for Disproved {
    fn from(what: &str) -> Disproved {
        Disproved(what.to_owned())
    }
}

fn plain(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Checks a receipt against the public keys of the gateway, one a line, and against the
/// message if it is given.
///
/// # Errors
/// The first step that does not hold.
pub fn verify(
    receipt: &[u8],
    message: Option<&[u8]>,
    public_keys: &str,
) -> Result<Proved, Disproved> {
    examine(receipt, message, Some(public_keys)).map(|(proved, _)| proved)
}

/// The same for a receipt or a bare checkpoint, with or without public keys; gives also the
/// tree that it speaks of.
///
/// # Errors
/// The first step that does not hold.
pub fn examine(
    evidence: &[u8],
    message: Option<&[u8]>,
    public_keys: Option<&str>,
) -> Result<(Proved, Checkpoint), Disproved> {
    let known = public_keys.map(keys).transpose()?;
    match evidence.first() {
        Some(b'{') => examine_receipt(evidence, message, known.as_deref()),
        _ if message.is_some() => {
            Err("a checkpoint is about no message; give the receipt of the message".into())
        }
        _ => examine_checkpoint(evidence, known.as_deref()),
    }
}

fn examine_receipt(
    receipt: &[u8],
    message: Option<&[u8]>,
    known: Option<&[Key]>,
) -> Result<(Proved, Checkpoint), Disproved> {
    let mut found = Proved::default();
    let given = Given::parse(receipt)?;
    let (entry, length) =
        decode_head(&given.head).map_err(|what| format!("its leaf cannot be read: {what}"))?;
    let issuer = Issuer::new(&given.proof, &given.checkpoint);
    let path = 0..given.proof.len();
    if issuer.receipt(&entry, length, given.index, &given.head, path) != given.bytes {
        return Err("what it says differs from the leaf that was recorded".into());
    }
    happened(&mut found, &entry);
    compare(&mut found, &entry, message)?;
    let note = Note::parse(&given.checkpoint)?;
    let checkpoint = note.checkpoint()?;
    // A receipt has the log's own signature and nothing else, so that all of it is tested.
    if note.signers().len() != 1 {
        return Err("its checkpoint has more than one signature".into());
    }
    let (leaf, root) = (leaf_hash(&given.head), &checkpoint.root);
    if !verify_inclusion(leaf, given.index, checkpoint.size, &given.proof, root) {
        return Err("its proof does not lead to the root of its checkpoint".into());
    }
    found.proved.push(format!(
        "as entry {} of {} in the log {}",
        given.index, checkpoint.size, checkpoint.origin
    ));
    signature(&mut found, &note, known)?;
    Ok((found, checkpoint))
}

fn examine_checkpoint(
    note: &[u8],
    known: Option<&[Key]>,
) -> Result<(Proved, Checkpoint), Disproved> {
    let mut found = Proved::default();
    let text = std::str::from_utf8(note).map_err(|_| "it is not a text")?;
    let note = Note::parse(text)
        .map_err(|what| format!("it is neither a receipt nor a checkpoint: {what}"))?;
    let checkpoint = note.checkpoint()?;
    found.proved.push(format!(
        "a checkpoint of the log {} with {} entries",
        checkpoint.origin, checkpoint.size
    ));
    signature(&mut found, &note, known)?;
    Ok((found, checkpoint))
}

/// Checks that the log of one checkpoint goes on in that of another: that nothing in it was
/// changed or taken away. `proof` is what `/v1/log/consistency` gave.
///
/// # Errors
/// What does not fit.
pub fn verify_continued(
    old: &Checkpoint,
    new: &Checkpoint,
    proof: &[u8],
) -> Result<String, Disproved> {
    let given: Consistency = serde_json::from_slice(proof)
        .map_err(|error| format!("the proof of consistency cannot be read: {error}"))?;
    if old.origin != new.origin {
        return Err(format!(
            "one is of the log {}, the other of {}",
            old.origin, new.origin
        )
        .into());
    }
    if (given.from, given.to) != (old.size, new.size) {
        return Err(format!(
            "the proof of consistency is for {} to {} entries; needed is one from={}&to={}",
            given.from, given.to, old.size, new.size
        )
        .into());
    }
    let proof = hashes(&given.proof).ok_or("the proof of consistency is not a list of hashes")?;
    let head = |checkpoint: &Checkpoint| -> Head { (checkpoint.size, checkpoint.root) };
    if !verify_consistency(&head(old), &head(new), &proof) {
        return Err("the later log does not begin with the earlier one".into());
    }
    Ok(format!(
        "the log of {} entries begins with exactly these {}: none was changed or taken away",
        new.size, old.size
    ))
}

/// What `/v1/log/consistency` gives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consistency {
    from: u64,
    to: u64,
    proof: Vec<String>,
}

/// A receipt, as far as it is not said by its leaf; the rest is compared byte for byte.
struct Given<'a> {
    bytes: &'a [u8],
    index: u64,
    head: Vec<u8>,
    proof: Vec<Hash>,
    checkpoint: String,
}

#[derive(Deserialize)]
struct Receipt {
    receipt: String,
    entry: Place,
    proof: Vec<String>,
    checkpoint: String,
}

#[derive(Deserialize)]
struct Place {
    index: u64,
    leaf: String,
}

impl Given<'_> {
    fn parse(bytes: &[u8]) -> Result<Given<'_>, String> {
        // A file written by an editor or by curl may end with a line feed.
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let given: Receipt = serde_json::from_slice(bytes)
            .map_err(|error| format!("it is not a receipt: {error}"))?;
        let forms = [RECORDED, DISPATCHED, ANSWERED, UNDELIVERABLE];
        if !forms.contains(&given.receipt.as_str()) {
            return Err(format!(
                "its form is {}, not one of {forms:?}",
                given.receipt
            ));
        }
        let head = BASE64.decode(&given.entry.leaf);
        Ok(Given {
            bytes,
            index: given.entry.index,
            head: head.map_err(|_| "its leaf is not base64")?,
            proof: hashes(&given.proof).ok_or("its proof is not a list of hashes")?,
            checkpoint: given.checkpoint,
        })
    }
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    let hash = |text: &String| BASE64.decode(text).ok()?.try_into().ok();
    texts.iter().map(hash).collect()
}

/// What the entry says.
fn happened(found: &mut Proved, entry: &Entry) {
    let Entry { id, at, event } = entry;
    let about = "what was declared: the receipt of the declaration with this number says it";
    let authority = |name: &str| format!("that {name} says so too: it signed nothing here");
    match event {
        Event::Recorded(recorded) => {
            found.proved.push(format!(
                "declaration {id} ({}, reference {})",
                recorded.message_type, recorded.reference
            ));
            let trader = &recorded.trader;
            found
                .proved
                .push(format!("of trader {trader} was recorded at {at}"));
        }
        Event::Dispatched(dispatched) => {
            let name = &dispatched.authority;
            found
                .proved
                .push(format!("declaration {id} was taken by {name} at {at}"));
            let attempts = dispatched.attempts;
            found.proved.push(format!("at attempt {attempts}"));
            found.open.extend([authority(name), about.to_owned()]);
        }
        Event::Answered(answered) => {
            let name = &answered.authority;
            let status = match answered.status {
                Some(status) => format!("which means {}", status.as_str()),
                None => "which changes no status".to_owned(),
            };
            found.proved.push(format!(
                "{name} answered about declaration {id} at {at}: {} {}, {status}",
                answered.code, answered.text
            ));
            if let Some(reference) = &answered.authority_reference {
                found
                    .proved
                    .push(format!("under its own number {reference}"));
            }
            found.open.extend([authority(name), about.to_owned()]);
        }
        Event::Undeliverable(undeliverable) => {
            let name = &undeliverable.authority;
            found.proved.push(format!(
                "delivery of declaration {id} to {name} was given up at {at}, with attempt {}: {}",
                undeliverable.attempts, undeliverable.reason
            ));
            found.open.push(about.to_owned());
        }
    }
}

/// Compares the message, if the entry has one.
fn compare(found: &mut Proved, entry: &Entry, message: Option<&[u8]>) -> Result<(), Disproved> {
    let (what, digest) = match &entry.event {
        Event::Recorded(recorded) => ("message", recorded.digest),
        Event::Answered(answered) => ("answer", answered.digest),
        Event::Dispatched(_) | Event::Undeliverable(_) if message.is_some() => {
            return Err("what it is about has no message of its own".into());
        }
        Event::Dispatched(_) | Event::Undeliverable(_) => return Ok(()),
    };
    match message {
        Some(message) if Digest::of(message) != digest => {
            Err(format!("the {what} is not the one that was recorded: its SHA-256 differs").into())
        }
        Some(_) => {
            let line = format!("with exactly this {what} (SHA-256 {digest})");
            found.proved.push(line);
            Ok(())
        }
        None => {
            found
                .proved
                .push(format!("with a {what} of SHA-256 {digest}"));
            let line = format!("which {what} that is: none was compared, give it with --message");
            found.open.push(line);
            Ok(())
        }
    }
}

/// Whose signature it is.
fn signature(found: &mut Proved, note: &Note, known: Option<&[Key]>) -> Result<(), Disproved> {
    let Some(keys) = known else {
        let by = note.signers().join(" and ");
        found.open.push(format!(
            "who signed it: it names the key {by}, but anybody may have made all of this; give --key"
        ));
        return Ok(());
    };
    let number = note.signer(keys)?;
    let key = &keys[number];
    found.proved.push(match number + 1 == keys.len() {
        true if number == 0 => format!("signed with the key that was given, {key}"),
        true => format!(
            "signed with the newest of the {} keys that were given, {key}",
            keys.len()
        ),
        false => format!(
            "signed with key {} of {}, {key}, which has been replaced since",
            number + 1,
            keys.len()
        ),
    });
    found.signed = true;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is given, there is an answer and no panic.
        #[test]
        fn any_evidence(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            head in "[a-z+ \n]{0,9}\n[0-9]{0,20}\n[A-Za-z0-9+/=]{0,50}\n{1,3}",
            lines in "(\u{2014} [a-z+ ]{0,5} [A-Za-z0-9+/=]{0,99}\n?){0,3}",
            (index, proof) in any::<(u64, Vec<Hash>)>(),
        ) {
            let note = format!("{head}{lines}");
            let proof: Vec<String> = proof.iter().map(|hash| BASE64.encode(hash)).collect();
            let receipt = serde_json::json!({
                "receipt": RECORDED, "entry": { "index": index, "leaf": BASE64.encode(&bytes) },
                "proof": proof, "checkpoint": note,
            });
            for evidence in [&bytes[..], note.as_bytes(), receipt.to_string().as_bytes()] {
                _ = examine(evidence, None, None);
                _ = examine(evidence, Some(&bytes), None);
                prop_assert!(examine(evidence, None, Some(&head)).is_err());
            }
        }
    }

    #[test]
    fn what_is_beside_the_point_is_refused() {
        const GIVEN: &str = include_str!("../../tests/evidence/receipt.json");
        const KEY: &str = include_str!("../../tests/evidence/journal.pub");
        let (_, tree) = examine(GIVEN.as_bytes(), None, Some(KEY)).expect("it holds");
        // A second signature, of a witness say, would be a part of it that nobody tests.
        let more = GIVEN.replace("\\n\"}", "\\n\u{2014} witness L8gh3A==\\n\"}");
        let refused = verify(more.as_bytes(), None, KEY).expect_err("it has two");
        assert!(refused.to_string().contains("more than one"), "{refused}");

        let proof = |from: u64, to: u64| format!(r#"{{"from":{from},"to":{to},"proof":[]}}"#);
        let says = |new: &Checkpoint, proof: String| match verify_continued(
            &tree,
            new,
            proof.as_bytes(),
        ) {
            Ok(words) => words,
            Err(disproved) => disproved.to_string(),
        };
        assert!(says(&tree, proof(5, 5)).contains("none was changed"));
        assert!(says(&tree, proof(4, 5)).contains("needed is one from=5&to=5"));
        assert!(says(&tree, "{}".to_owned()).contains("cannot be read"));
        let origin = "other.example".to_owned();
        let other = Checkpoint {
            origin,
            ..tree.clone()
        };
        assert!(says(&other, proof(5, 5)).contains("the other of other.example"));
        let root = [7; 32];
        let other = Checkpoint {
            root,
            ..tree.clone()
        };
        assert!(says(&other, proof(5, 5)).contains("does not begin with"));
    }

    #[test]
    fn a_file_does_not_write_on_the_terminal() {
        let found = Proved {
            proved: vec!["text \u{1b}[2J\nproved: all of it".to_owned()],
            open: vec!["who\r".to_owned()],
            signed: true,
        };
        let shown = "text \\u{1b}[2J\\nproved: all of it\nnot proved: who\\r\n";
        assert_eq!(found.to_string(), shown);
        assert_eq!(Disproved("\u{7}".to_owned()).to_string(), "\\u{7}");
    }
}
