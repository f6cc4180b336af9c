//! The log seen from outside: a monitor without a key rebuilds its root from checkpoint and
//! tiles, an operator's from the entries too; and `tongguan verify`, run as an auditor runs it.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::Value;
use support::{Trader, config, customs, goods, json, problem};
use tlog_tiles as stranger;
use tongguan::clock;
use tongguan::config::Config;
use tongguan::declaration::{Answered, Digest, Entry, Event, Id, Recorded, Undeliverable};
use tongguan::gateway::Gateway;
use tongguan::http::{Client, Response, Settings};
use tongguan::journal::{self, receipt};

/// Somebody without a key.
struct Monitor {
    client: Client,
    prefix: String,
}

impl Monitor {
    fn new(client: Client, prefix: String) -> Monitor {
        Monitor { client, prefix }
    }

    async fn send(&self, method: &str, path: &str) -> Response {
        let url = format!("{}/{path}", self.prefix);
        let sent = self.client.send(method, &url, &[], Bytes::new());
        sent.await.expect("an answer")
    }

    async fn get(&self, path: &str) -> Response {
        self.send("GET", path).await
    }

    /// What is there, of this type and for so long.
    async fn found(&self, path: &str, content_type: &str, cache: &str) -> Bytes {
        let response = self.get(path).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(
            response.header("content-type"),
            Some(content_type),
            "{path}"
        );
        assert_eq!(response.header("cache-control"), Some(cache), "{path}");
        assert_eq!(response.header("vary"), None, "{path}");
        response.body
    }

    async fn absent(&self, path: &str) {
        let response = self.get(path).await;
        assert_eq!(
            (response.status, problem(&response)),
            (404, "not-found".to_owned()),
            "{path}"
        );
        assert_eq!(response.header("cache-control"), Some("no-store"), "{path}");
    }

    /// Reads the log as it is: its checkpoint, and every tile that a tree of this size has.
    async fn read(&self) -> (stranger::Checkpoint, Vec<Vec<u8>>) {
        const TEXT: &str = "text/plain; charset=utf-8";
        let note = self.found("checkpoint", TEXT, "public, max-age=1").await;
        let note = signed_note::Note::from_bytes(&note).expect("a note");
        let head = stranger::Checkpoint::from_bytes(note.text()).expect("a checkpoint");
        let mut hashes = HashMap::new();
        for tile in stranger::Tile::new_tiles(8, 0, head.size()) {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            let cache = "public, max-age=31536000, immutable";
            let bytes = self.found(&path, "application/octet-stream", cache);
            hashes.insert(tile, bytes.await.to_vec());
        }
        let tiles = Tiles(hashes);
        let tree = stranger::TileHashReader::new(head.size(), *head.hash(), &tiles);
        let root = stranger::tree_hash(head.size(), &tree).expect("the tiles lead to the root");
        assert_eq!(root, *head.hash());
        let leaves: Vec<u64> = (0..head.size())
            .map(|number| stranger::stored_hash_index(0, number))
            .collect();
        let leaves = stranger::HashReader::read_hashes(&tree, &leaves).expect("all are in it");
        (
            head,
            leaves.into_iter().map(|leaf| leaf.0.to_vec()).collect(),
        )
    }
}

struct Tiles(HashMap<stranger::Tile, Vec<u8>>);

impl stranger::TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[stranger::Tile]) -> Result<Vec<Vec<u8>>, stranger::Error> {
        Ok(tiles.iter().map(|tile| self.0[tile].clone()).collect())
    }

    fn save_tiles(&self, _: &[stranger::Tile], _: &[Vec<u8>]) {}
}

/// A journal of 600 entries: declarations whose delivery was given up. The last but one
/// declaration has an answer that is too long for a bundle.
fn fill(config: &Config) {
    let settings = journal::Settings {
        folder: config.journal_folder(),
        ..config.journal.clone()
    };
    let (mut append, _) = journal::open(&settings).expect("opens");
    for number in 0..300u128 {
        let message = Bytes::from(format!("<a>{number}</a>"));
        let (id, at) = (Id(uuid::Uuid::from_u128(number + 1)), clock::now());
        let authority = "customs".to_owned();
        let recorded = Event::Recorded(Recorded {
            trader: "acme".to_owned(),
            key: number.to_string(),
            kind: "goods".to_owned(),
            message_type: "DecMessage".to_owned(),
            reference: number.to_string(),
            authority: authority.clone(),
            fields: Vec::new(),
            charset: None,
            digest: Digest::of(&message),
            message: message.clone(),
        });
        let later = match number {
            298 => Event::Answered(Answered {
                authority,
                message_type: "DEC_DATA".to_owned(),
                code: "R".to_owned(),
                text: "x".repeat(70_000),
                status: Some(tongguan::declaration::Status::Released),
                authority_reference: None,
                facts: Vec::new(),
                digest: Digest::of(&message),
                message,
            }),
            _ => Event::Undeliverable(Undeliverable {
                authority,
                attempts: 1,
                reason: "refused".to_owned(),
            }),
        };
        let entries = [recorded, later].map(|event| Entry { id, at, event });
        append.append(&entries).expect("appends");
    }
}

fn plain_client() -> Client {
    Client::new(&Settings::default()).expect("a client")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_rebuilds_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let _customs = customs(&mut config, "").await;
    fill(&config);
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    let monitor = Monitor::new(trader.client.clone(), format!("{}/v1/log", trader.url));
    let operations = format!("http://{}/log", gateway.operations_address());
    let operator = Monitor::new(plain_client(), operations);

    let (old, leaves) = monitor.read().await;
    assert_eq!((old.size(), old.origin()), (600, "tongguan"));
    let response = trader.declare(goods("BJ2026030100077001"), None).await;
    let id = json(&response)["id"].as_str().expect("an id").to_owned();
    // Recorded, dispatched, and what customs said at once.
    trader.follow(&id, "received").await;
    let (new, more) = operator.read().await;
    assert_eq!(new.size(), 603);
    assert_eq!(more[..600], leaves);

    // The same bytes at both doors, and to whoever asks for the head only.
    for path in [
        "checkpoint",
        "tile/0/000",
        "tile/0/002.p/91",
        "tile/1/000.p/2",
    ] {
        let (one, other) = (monitor.get(path).await, operator.get(path).await);
        assert_eq!((one.status, one.body), (200, other.body), "{path}");
        let head = monitor.send("HEAD", path).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(monitor.send("POST", path).await.status, 405, "{path}");
    }
    for path in [
        "tile/0/002",
        "tile/0/002.p/92",
        "tile/1/000",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/63/000",
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/data/000",
        "tile/",
        "tile",
        "elsewhere",
    ] {
        monitor.absent(path).await;
        operator.absent(path).await;
    }

    // Entries are the operators' alone; each hashes to its leaf.
    let mut hashed = Vec::new();
    for (path, width) in [
        ("tile/entries/000", 2),
        ("tile/entries/001", 2),
        ("tile/long-entries/002.p/91", 4),
    ] {
        monitor.absent(path).await;
        let cache = "private, max-age=31536000, immutable";
        let bundle = operator
            .found(path, "application/octet-stream", cache)
            .await;
        let mut rest = &bundle[..];
        while !rest.is_empty() {
            let (length, after) = rest.split_at(width);
            let length = length
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            let (entry, after) = after.split_at(length);
            hashed.push(stranger::record_hash(entry).0.to_vec());
            rest = after;
        }
    }
    assert_eq!(hashed, more);
    let long = operator.get("tile/entries/002.p/91").await;
    assert_eq!(
        (long.status, problem(&long).as_str()),
        (404, "entry-too-long")
    );
    assert_eq!(json(&long)["entry"], 597);
    assert_eq!(operator.get("tile/entries/002.p/85").await.status, 200);

    let cache = "public, max-age=31536000, immutable";
    let path = "consistency?from=600&to=603";
    let proof = monitor.found(path, "application/json", cache).await;
    let proof: Value = serde_json::from_slice(&proof).expect("JSON");
    let hashes = proof["proof"].as_array().expect("a list").iter();
    let hashes = hashes.map(|text| stranger::Hash::parse_hash(text.as_str().expect("a text")));
    let hashes: Vec<stranger::Hash> = hashes.map(|hash| hash.expect("a hash")).collect();
    stranger::check_tree(&hashes, 603, *new.hash(), 600, *old.hash()).expect("it agrees");
    monitor.absent("consistency?from=600&to=604").await;
    for (query, wrong) in [
        ("to=603", "from"),
        ("from=600", "to"),
        ("from=603&to=600", "from"),
        ("from=x&to=603", "from"),
        ("from=1&from=2&to=603", "from"),
    ] {
        let response = monitor.get(&format!("consistency?{query}")).await;
        assert_eq!(
            (response.status, json(&response)["detail"].as_str()),
            (400, Some(wrong))
        );
    }
    gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_has_a_receipt() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    config.ingest.listen = port.local_addr().expect("its address");
    drop(port);
    let callback = format!("https://{}/v1/answers", config.ingest.listen);
    let _customs = customs(&mut config, &callback).await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    let response = trader.declare(goods("BJ2026030100077002"), None).await;
    let id = json(&response)["id"].as_str().expect("an id").to_owned();
    trader.follow(&id, "released").await;
    let key = folder.path().join("journal/journal.pub");
    let keys = fs::read_to_string(&key).expect("the public keys");
    let events = json(&trader.get(&format!("/v1/declarations/{id}/events")).await);
    let mut words = Vec::new();
    for event in events["events"].as_array().expect("a list") {
        let path = event["receipt"].as_str().expect("a path");
        let given = trader.get(path).await;
        assert_eq!(given.status, 200);
        let message = trader.get(&path.replace("/receipt", "/message")).await;
        let message = (message.status == 200).then_some(&message.body[..]);
        let carries = matches!(event["event"].as_str(), Some("recorded" | "answered"));
        assert_eq!(message.is_some(), carries, "{event}");
        let proved = receipt::verify(&given.body, message, &keys)
            .expect("holds")
            .to_string();
        assert!(
            proved.contains(&format!("as entry {} of", event["entry"])),
            "{proved}"
        );
        assert!(proved.contains(&id), "{proved}");
        if event["status"] == "released" {
            assert!(proved.contains("with exactly this answer"), "{proved}");
        }
        words.push(proved);
    }
    let said = |what: &str| words.iter().any(|proved| proved.contains(what));
    assert!(said("was recorded") && said("was taken by customs") && said("which means released"));
    let first = trader
        .get(&format!("/v1/declarations/{id}/events/0/receipt"))
        .await;
    assert_eq!(first.body, response.body);

    // Another declaration's entry, another trader's declaration, and what is no number.
    let other = trader.declare(goods("BJ2026030100077003"), None).await;
    let foreign = json(&other)["entry"]["index"].to_string();
    let stranger = Trader::new(&config, &gateway, "other");
    for (who, id, entry) in [
        (&trader, &id, foreign.as_str()),
        (&trader, &id, "999999"),
        (&trader, &id, "x"),
        (&stranger, &id, "0"),
    ] {
        for what in ["receipt", "message"] {
            let path = format!("/v1/declarations/{id}/events/{entry}/{what}");
            assert_eq!(who.get(&path).await.status, 404, "{path}");
        }
    }
    let path = format!("/v1/declarations/{id}/events/0/elsewhere");
    assert_eq!(trader.get(&path).await.status, 404);
    gateway.stop().await.expect("stops");
}

fn tongguan(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongguan"));
    let run = command
        .args(arguments)
        .current_dir(folder)
        .env("TONGGUAN_DATA", folder)
        .output();
    let Output {
        status,
        stdout,
        stderr,
    } = run.expect("runs");
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8(text).expect("text"))
}

#[test]
fn an_auditor_is_told_what_holds_and_what_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let mut config = Config {
        data: path.to_owned(),
        ..Config::default()
    };
    config.journal.origin = "tongguan".to_owned();
    let settings = journal::Settings {
        folder: config.journal_folder(),
        ..config.journal.clone()
    };
    fill(&config);
    let write = |name: &str, bytes: &[u8]| fs::write(path.join(name), bytes).expect("written");
    let read_log = |number: u64| {
        let (_append, read) = journal::open(&settings).expect("opens");
        let at = read.locate(number).expect("reads").expect("committed");
        let given = read.receipt(at).expect("reads");
        let proof = read
            .consistency(number / 2 * 2 + 2, 600)
            .expect("reads")
            .expect("a proof");
        (given, proof, read.checkpoint())
    };
    let (declared, proof, checkpoint) = read_log(10);
    let (answered, ..) = read_log(597);
    let proof: Vec<String> = proof.iter().map(|hash| BASE64.encode(hash)).collect();
    let proof = serde_json::json!({ "from": 12, "to": 600, "proof": proof }).to_string();
    write("declared.json", &declared);
    write("answered.json", &answered);
    write("message.xml", b"<a>5</a>");
    write("answer.xml", b"<a>298</a>");
    write("checkpoint", checkpoint.as_bytes());
    write("proof.json", proof.as_bytes());
    write(
        "other.pub",
        b"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
    );
    write("no.pub", b"PeterNeumann");
    let key = "journal/journal.pub";
    let continued = ["--later", "checkpoint", "--consistency", "proof.json"];
    let cases: &[(&[&str], i32, &[&str])] = &[
        (
            &["declared.json", "--key", key, "--message", "message.xml"],
            0,
            &[
                "reference 5",
                "exactly this message",
                "as entry 10 of 12",
                "signed with the key",
            ],
        ),
        (
            &["declared.json", "--key", key],
            0,
            &["not proved: which message"],
        ),
        (
            &["declared.json", "--message", "message.xml"],
            1,
            &[
                "as entry 10 of 12",
                "not proved: who signed it",
                "without a known key nothing is proved",
            ],
        ),
        (
            &["answered.json", "--key", key, "--message", "answer.xml"],
            0,
            &[
                "customs answered",
                "released",
                "exactly this answer",
                "not proved: that customs",
            ],
        ),
        (
            &["answered.json", "--key", key, "--message", "message.xml"],
            1,
            &["the answer is not the one"],
        ),
        (
            &["declared.json", "--key", "other.pub"],
            1,
            &["no key that was given"],
        ),
        (
            &["declared.json", "--key", "no.pub"],
            2,
            &["no.pub: line 1"],
        ),
        (
            &["declared.json", "--key", "missing.pub"],
            2,
            &["missing.pub"],
        ),
        (&["missing.json", "--key", key], 2, &["missing.json"]),
        (&["message.xml", "--key", key], 1, &["not a signed note"]),
        (
            &["checkpoint", "--key", key],
            0,
            &["a checkpoint of the log tongguan with 600"],
        ),
        (
            &["checkpoint", "--key", key, "--message", "message.xml"],
            1,
            &["about no message"],
        ),
        (
            &["declared.json", "--later", "checkpoint"],
            2,
            &["--consistency"],
        ),
    ];
    for (arguments, code, words) in cases {
        let (found, text) = tongguan(path, &[&["verify"], *arguments].concat());
        assert_eq!(found, Some(*code), "{arguments:?}: {text}");
        for word in *words {
            assert!(text.contains(word), "{arguments:?}: {word}: {text}");
        }
    }
    let later = |receipt: &str| {
        let arguments = [&["verify", receipt, "--key", key][..], &continued].concat();
        tongguan(path, &arguments)
    };
    let (code, text) = later("declared.json");
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("600 entries begins with exactly these 12"),
        "{text}"
    );
    let (code, text) = later("answered.json");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("needed is one from=598&to=600"), "{text}");

    // A new key is shown, waits, and signs after the next start.
    let (code, shown) = tongguan(path, &["keys", "rotate"]);
    assert_eq!(code, Some(0), "{shown}");
    let new = shown.lines().next().expect("a key").to_owned();
    assert!(
        !fs::read_to_string(path.join(key))
            .expect("the keys")
            .contains(&new)
    );
    drop(journal::open(&settings).expect("opens"));
    let keys = fs::read_to_string(path.join(key)).expect("the keys");
    assert_eq!(keys.lines().last(), Some(new.as_str()));
    let (code, text) = tongguan(path, &["verify", "declared.json", "--key", key]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("signed with key 1 of 2") && text.contains("replaced since"),
        "{text}"
    );
}
