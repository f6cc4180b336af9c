//! The evidence, held against a stranger: tlog_tiles and signed_note, a port of what Go's
//! checksum database uses, with cryptography of its own. It agrees with every proof, note and
//! tile of random logs; and no byte of any piece of evidence can be changed.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::Value;
use signed_note::{Note, StandardVerifier, Verifier, VerifierList};
use support::Random;
use tlog_tiles as stranger;
use tlog_tiles::{HashReader, TileHashReader, TileReader};
use tongguan::declaration::{
    Answered, Digest, Dispatched, Entry, Event, Id, Recorded, Status, Timestamp, Undeliverable,
};
use tongguan::journal::tile::{Found, Kind, Tile};
use tongguan::journal::{self, Append, Read, Settings, receipt};

const ORIGIN: &str = "gateway.example/log";

fn open(folder: &Path) -> (Box<dyn Append>, Arc<dyn Read>) {
    let settings = Settings {
        folder: folder.to_owned(),
        segment_bytes_max: 64 << 10,
        origin: ORIGIN.to_owned(),
        ..Settings::default()
    };
    journal::open(&settings).expect("opens")
}

fn rotate(folder: &Path) -> String {
    let settings = Settings {
        folder: folder.to_owned(),
        origin: ORIGIN.to_owned(),
        ..Settings::default()
    };
    journal::rotate(&settings).expect("a new key").to_string()
}

fn public_keys(folder: &Path) -> String {
    fs::read_to_string(folder.join("journal.pub")).expect("the public keys")
}

/// An entry of any kind; every fourth is a declaration.
fn entry(number: u64) -> Entry {
    let message = Bytes::from(format!("<a n=\"{number}\">\u{901a}\u{5173}</a>"));
    let (authority, attempts) = ("customs".to_owned(), number as u32);
    let event = match number % 4 {
        0 => Event::Recorded(Recorded {
            trader: "acme".to_owned(),
            key: format!("key-{number}"),
            kind: "goods".to_owned(),
            message_type: "DecMessage".to_owned(),
            reference: format!("ref-{number}"),
            authority,
            fields: vec![("office".to_owned(), "0101".to_owned())],
            charset: None,
            digest: Digest::of(&message),
            message,
        }),
        1 => Event::Dispatched(Dispatched {
            authority,
            attempts,
        }),
        2 => Event::Answered(Answered {
            authority,
            message_type: "DEC_DATA".to_owned(),
            code: "R".to_owned(),
            text: "\u{653e}\u{884c} \"released\"".to_owned(),
            status: Some(Status::Released),
            authority_reference: Some("530120261234567890".to_owned()),
            facts: Vec::new(),
            digest: Digest::of(&message),
            message,
        }),
        _ => Event::Undeliverable(Undeliverable {
            authority,
            attempts,
            reason: "refused".to_owned(),
        }),
    };
    Entry {
        id: Id(uuid::Uuid::from_u128(u128::from(number / 4))),
        at: Timestamp(1_700_000_000_000 + number as i64),
        event,
    }
}

fn message(entry: &Entry) -> Option<&Bytes> {
    match &entry.event {
        Event::Recorded(recorded) => Some(&recorded.message),
        Event::Answered(answered) => Some(&answered.message),
        Event::Dispatched(_) | Event::Undeliverable(_) => None,
    }
}

fn append(append: &mut dyn Append, count: u64) -> Vec<(Entry, Option<Bytes>)> {
    let next = append.next_index();
    let entries: Vec<Entry> = (next..next + count).map(entry).collect();
    let committed = append.append(&entries).expect("appends");
    entries.into_iter().zip(committed.receipts).collect()
}

fn hash(text: &Value) -> stranger::Hash {
    stranger::Hash::parse_hash(text.as_str().expect("a text")).expect("a hash")
}

fn hashes(list: &Value) -> Vec<stranger::Hash> {
    list.as_array().expect("a list").iter().map(hash).collect()
}

/// The checkpoint of a note, if the stranger finds it signed with one of the keys.
fn checkpoint(note: &str, keys: &str) -> Option<stranger::Checkpoint> {
    let verifier = |key: &str| -> Box<dyn Verifier> {
        Box::new(StandardVerifier::new(key).expect("a public key"))
    };
    let known = VerifierList::new(keys.lines().map(verifier).collect());
    let note = Note::from_bytes(note.as_bytes()).expect("a note");
    note.verify(&known).ok()?;
    Some(stranger::Checkpoint::from_bytes(note.text()).expect("a checkpoint"))
}

/// Tiles as the stranger asks for them, from our log.
struct Tiles(Arc<dyn Read>);

impl Tiles {
    fn one(&self, tile: &stranger::Tile) -> Vec<u8> {
        // Its paths name the height, which is fixed for logs of this kind.
        let path = tile.path().replacen("tile/8/", "", 1);
        let path = path.replacen("data/", "entries/", 1);
        let own = Tile::parse(&path).expect("a path");
        match self.0.tile(own).expect("reads") {
            Found::Whole(bytes) => bytes.to_vec(),
            other => panic!("{path}: {other:?}"),
        }
    }
}

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[stranger::Tile]) -> Result<Vec<Vec<u8>>, stranger::Error> {
        Ok(tiles.iter().map(|tile| self.one(tile)).collect())
    }

    fn save_tiles(&self, _: &[stranger::Tile], _: &[Vec<u8>]) {}
}

/// The entries of a bundle, whose lengths have `width` bytes.
fn unbundled(mut bundle: &[u8], width: usize) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_at(width);
        let length = length
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let (entry, rest) = rest.split_at(length);
        entries.push(entry);
        bundle = rest;
    }
    entries
}

#[test]
fn a_stranger_agrees_with_every_proof_note_and_tile() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut writer, read) = open(folder.path());
    let keys = public_keys(folder.path());
    let mut heads = vec![checkpoint(&read.checkpoint(), &keys).expect("signed, of nothing")];
    assert_eq!(
        (heads[0].size(), *heads[0].hash()),
        (0, stranger::EMPTY_HASH)
    );
    while heads.last().expect("a head").size() < 1500 {
        let most = 1 << random.below(9);
        let count = 1 + random.below(most);
        let before = heads.last().expect("a head").size();
        let written = append(&mut *writer, count);
        let note = read.checkpoint();
        let head = checkpoint(&note, &keys).expect("signed");
        assert_eq!((head.origin(), head.size()), (ORIGIN, before + count));
        let (size, root) = (head.size(), *head.hash());
        let tiles = Tiles(read.clone());
        let tree = TileHashReader::new(size, root, &tiles);
        for (index, (entry, first)) in (before..).zip(&written) {
            let at = read.locate(index).expect("reads").expect("committed");
            let given = read.receipt(at).expect("reads");
            if let Some(first) = first {
                assert_eq!(given, *first, "entry {index}");
            }
            receipt::verify(&given, message(entry).map(|bytes| &bytes[..]), &keys).expect("holds");
            let json: Value = serde_json::from_slice(&given).expect("JSON");
            assert_eq!(json["checkpoint"], note);
            let head = BASE64.decode(json["entry"]["leaf"].as_str().expect("a leaf"));
            let leaf = stranger::record_hash(&head.expect("base64"));
            let proof = hashes(&json["proof"]);
            stranger::check_record(&proof, size, root, index, leaf).expect("it agrees");
            let own = stranger::prove_record(size, index, &tree).expect("it reads our tiles");
            assert_eq!(own, proof, "entry {index} of {size}");
            let stored = [stranger::stored_hash_index(0, index)];
            assert_eq!(
                tree.read_hashes(&stored).expect("it reads our tiles"),
                [leaf]
            );
        }
        heads.push(head);
    }
    let last = heads.pop().expect("a head");
    let tiles = Tiles(read.clone());
    let tree = TileHashReader::new(last.size(), *last.hash(), &tiles);
    for head in &heads {
        let proof = read.consistency(head.size(), last.size());
        let proof = proof.expect("reads").expect("a proof");
        let proof: Vec<stranger::Hash> = proof.into_iter().map(stranger::Hash).collect();
        if head.size() == 0 {
            assert_eq!(proof, []);
            continue;
        }
        let (new, old) = ((last.size(), *last.hash()), (head.size(), *head.hash()));
        stranger::check_tree(&proof, new.0, new.1, old.0, old.1).expect("it agrees");
        let own = stranger::prove_tree(new.0, old.0, &tree).expect("it reads our tiles");
        assert_eq!(own, proof, "{} to {}", old.0, new.0);
    }
    assert_eq!(read.consistency(1, last.size() + 1).expect("reads"), None);
    assert_eq!(read.consistency(2, 1).expect("reads"), None);
}

/// Every tile that a log of 70,000 leaves is made of, by the example of the specification, and
/// the entries behind its last two.
#[test]
fn a_log_of_seventy_thousand_is_tiled_as_specified() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut writer, read) = open(folder.path());
    for count in [4096; 17].into_iter().chain([368]) {
        append(&mut *writer, count);
    }
    assert_eq!(read.committed(), 70_000);
    let tile = |kind, index, width| read.tile(Tile { kind, index, width }).expect("reads");
    let there = |kind, index, width| matches!(tile(kind, index, width), Found::Whole(_));
    let cases = [
        (Kind::Hashes(0), 272, 256, true),
        (Kind::Hashes(0), 273, 112, true),
        (Kind::Hashes(0), 273, 113, false),
        (Kind::Hashes(0), 273, 256, false),
        (Kind::Hashes(1), 0, 256, true),
        (Kind::Hashes(1), 1, 17, true),
        (Kind::Hashes(1), 1, 18, false),
        (Kind::Hashes(2), 0, 1, true),
        (Kind::Hashes(2), 0, 2, false),
        (Kind::Hashes(3), 0, 1, false),
        (Kind::Hashes(63), 0, 1, false),
        (Kind::Hashes(0), u64::MAX, 256, false),
        (Kind::Entries, 273, 112, true),
        (Kind::Entries, 273, 113, false),
        (Kind::LongEntries, 273, 113, false),
    ];
    for (kind, index, width, expected) in cases {
        assert_eq!(
            there(kind, index, width),
            expected,
            "{kind:?} {index}.p/{width}"
        );
    }
    let keys = public_keys(folder.path());
    let head = checkpoint(&read.checkpoint(), &keys).expect("signed");
    let tiles = Tiles(read.clone());
    let all = stranger::Tile::new_tiles(8, 0, 70_000);
    assert_eq!(all.len(), 273 + 1 + 1 + 1 + 1);
    let tree = TileHashReader::new(70_000, *head.hash(), &tiles);
    assert_eq!(
        stranger::tree_hash(70_000, &tree).expect("it reads our tiles"),
        *head.hash()
    );
    for (index, width) in [(0, 256), (100, 256), (272, 256), (273, 112)] {
        let hashes = tiles.one(&stranger::Tile::new(8, 0, index, width, false));
        let bundle = tiles.one(&stranger::Tile::new(8, 0, index, width, true));
        let entries = unbundled(&bundle, 2);
        let leaves: Vec<u8> = entries
            .iter()
            .flat_map(|entry| stranger::record_hash(entry).0)
            .collect();
        assert_eq!(leaves, hashes, "bundle {index}");
    }
}

#[test]
fn an_entry_too_long_for_a_bundle_is_named_and_has_another_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut writer, read) = open(folder.path());
    append(&mut *writer, 2);
    let mut long = entry(2);
    if let Event::Answered(answered) = &mut long.event {
        answered.text = "x".repeat(70_000);
    }
    let head = journal::head(&long);
    writer.append(&[long]).expect("appends");
    let tile = |kind, width| {
        read.tile(Tile {
            kind,
            index: 0,
            width,
        })
        .expect("reads")
    };
    assert!(matches!(tile(Kind::Entries, 2), Found::Whole(_)));
    assert_eq!(tile(Kind::Entries, 3), Found::TooLong(2));
    let Found::Whole(bundle) = tile(Kind::LongEntries, 3) else {
        panic!("it has a form")
    };
    assert_eq!(unbundled(&bundle, 4)[2], head);
}

#[test]
fn old_receipts_outlive_a_change_of_the_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let mut written = Vec::new();
    let mut keys = Vec::new();
    for _ in 0..3 {
        let (mut writer, read) = open(path);
        written.extend(append(&mut *writer, 5));
        keys.push(public_keys(path).lines().last().expect("a key").to_owned());
        let newest = keys.last().expect("a key");
        assert!(checkpoint(&read.checkpoint(), newest).is_some());
        written.extend(append(&mut *writer, 4));
        drop((writer, read));
        let next = rotate(path);
        assert!(!public_keys(path).contains(&next), "it only waits");
    }
    let (_writer, read) = open(path);
    let all = public_keys(path);
    assert_eq!(all.lines().count(), 4, "the fourth has signed nothing yet");
    assert!(checkpoint(&read.checkpoint(), &keys[2]).is_some());
    for (index, (entry, first)) in written.iter().enumerate() {
        let at = read
            .locate(index as u64)
            .expect("reads")
            .expect("committed");
        let given = read.receipt(at).expect("reads");
        if let Some(first) = first {
            assert_eq!(given, *first, "entry {index}");
        }
        let message = message(entry).map(|bytes| &bytes[..]);
        let proved = receipt::verify(&given, message, &all)
            .expect("holds")
            .to_string();
        let number = index / 9;
        assert!(proved.contains(&format!("key {} of 4, {}", number + 1, keys[number])));
        assert!(proved.contains("replaced since"), "{proved}");
        for (other, key) in keys.iter().enumerate() {
            let alone = receipt::verify(&given, message, key);
            assert_eq!(alone.is_ok(), other == number, "entry {index}, key {other}");
            let json: Value = serde_json::from_slice(&given).expect("JSON");
            let note = json["checkpoint"].as_str().expect("a note");
            assert_eq!(checkpoint(note, key).is_some(), other == number);
        }
    }
}

/// See `tests/evidence/README.md`.
#[test]
fn a_receipt_of_the_first_version_stays() {
    let old = Path::new("tests/evidence");
    let file = |name: &str| fs::read(old.join(name)).expect("a file");
    let (given, message) = (file("receipt.json"), file("message.xml"));
    let proved = receipt::verify(&given, Some(&message), &public_keys(old)).expect("holds");
    assert!(proved.open.is_empty() && proved.signed);
    let words = "declaration 01902d2c-5a00-7000-8000-000000000002 (DecMessage, reference BJ2026030100000002)";
    assert_eq!(proved.proved[0], words);
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["segment-00000000.tgj", "journal.pub"] {
        fs::write(folder.path().join(name), file(name)).expect("copied");
    }
    let settings = Settings {
        folder: folder.path().to_owned(),
        origin: "gateway.example".to_owned(),
        ..Settings::default()
    };
    // Its journal was of version 1: this gateway says so, and makes nothing of it.
    fs::remove_file(folder.path().join("journal.pub")).expect("removed");
    let fault = journal::open(&settings).err().expect("is refused");
    assert!(
        fault.why.contains("segment-00000000.tgj") && fault.why.contains("version 1"),
        "{fault}"
    );
}

#[test]
fn another_key_or_name_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut writer, read) = open(folder.path());
    append(&mut *writer, 3);
    drop((writer, read));
    let refused = |origin: &str| {
        let settings = Settings {
            folder: folder.path().to_owned(),
            origin: origin.to_owned(),
            ..Settings::default()
        };
        journal::open(&settings).err().expect("is refused").why
    };
    assert!(refused("other.example").contains("another name"));
    let other = tempfile::tempdir().expect("a folder");
    drop(open(other.path()));
    for file in ["journal.key", "journal.pub"] {
        fs::copy(other.path().join(file), folder.path().join(file)).expect("copied");
    }
    assert!(refused(ORIGIN).contains("not signed with journal.key"));
}

#[test]
fn a_wrong_stored_hash_makes_no_wrong_receipt() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut writer, read) = open(folder.path());
    append(&mut *writer, 300);
    let receipt = |read: &Arc<dyn Read>, index| {
        let at = read.locate(index).expect("reads").expect("committed");
        read.receipt(at).expect("reads")
    };
    let given = receipt(&read, 4);
    let level = folder.path().join("tree/level-0");
    let whole = fs::read(&level).expect("reads");
    let mut wrong = whole.clone();
    wrong[5 * 32] ^= 1;
    // While the gateway runs, and while it does not.
    fs::write(&level, &wrong).expect("written");
    assert_eq!(receipt(&read, 4), given);
    assert_eq!(fs::read(&level).expect("reads"), whole, "made again");
    drop((writer, read));
    fs::write(&level, &wrong).expect("written");
    let (_writer, read) = open(folder.path());
    assert_eq!(receipt(&read, 4), given);
    receipt::verify(&given, None, &public_keys(folder.path())).expect("holds");
}

/// Every byte of `piece` is made every other byte; `holds` must never take it.
fn no_byte_may_change(what: &str, piece: &[u8], holds: impl Fn(&[u8]) -> bool) {
    assert!(holds(piece), "{what} holds as it is");
    let mut changed = piece.to_vec();
    for at in 0..piece.len() {
        for difference in 1..=255u8 {
            changed[at] = piece[at] ^ difference;
            assert!(!holds(&changed), "byte {at} of {what} as {}", changed[at]);
        }
        changed[at] = piece[at];
        // Nor may it be missing, or twice there.
        let without = [&piece[..at], &piece[at + 1..]].concat();
        assert!(!holds(&without), "byte {at} of {what} missing");
        let twice = [&piece[..=at], &piece[at..]].concat();
        assert!(
            twice[..] == *piece || !holds(&twice),
            "byte {at} of {what} twice"
        );
    }
}

#[test]
fn no_byte_of_any_evidence_may_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut writer, read) = open(folder.path());
    append(&mut *writer, 1);
    let old = read.checkpoint();
    let written = append(&mut *writer, 2);
    drop((writer, read));
    rotate(folder.path());
    let (_writer, read) = open(folder.path());
    let new = read.checkpoint();
    let keys = public_keys(folder.path());
    let at = |index: u64| read.locate(index).expect("reads").expect("committed");
    let answer = message(&written[1].0).expect("an answer");
    for index in 0..3 {
        let given = read.receipt(at(index)).expect("reads");
        no_byte_may_change(&format!("receipt {index}"), &given, |receipt| {
            // A line feed at the end is an editor's.
            receipt::verify(receipt, None, &keys).is_ok() && !receipt.ends_with(b"\n")
        });
    }
    let given = read.receipt(at(2)).expect("reads");
    no_byte_may_change("message", answer, |message| {
        receipt::verify(&given, Some(message), &keys).is_ok()
    });
    // The last line feed may be missing.
    no_byte_may_change("keys", keys.trim_end().as_bytes(), |keys| {
        std::str::from_utf8(keys).is_ok_and(|keys| receipt::verify(&given, None, keys).is_ok())
    });
    let examined = |note: &[u8]| receipt::examine(note, None, Some(&keys));
    no_byte_may_change("checkpoint", new.as_bytes(), |note| examined(note).is_ok());
    let tree = |note: &str| examined(note.as_bytes()).expect("holds").1;
    let proof = read.consistency(1, 3).expect("reads").expect("a proof");
    let proof: Vec<String> = proof.iter().map(|hash| BASE64.encode(hash)).collect();
    let proof = serde_json::json!({ "from": 1, "to": 3, "proof": proof }).to_string();
    no_byte_may_change("proof of consistency", proof.as_bytes(), |proof| {
        receipt::verify_continued(&tree(&old), &tree(&new), proof).is_ok()
    });
}
