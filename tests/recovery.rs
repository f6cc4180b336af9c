//! Kill -9 at random moments under load: a real `serve` process, several clients, a customs
//! simulator in the test. Every receipt handed out has to be there afterwards, byte for byte,
//! and every declaration has to reach the authority. `KILLS=n` sets how often (20), `SEED=n`
//! repeats a run.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use support::{Random, Trader, config, customs, goods, json};
use tokio::sync::Mutex;
use tongguan::clock;
use tongguan::declaration::Id;
use tongguan::ingest::keys::{self, Role};

/// Starts `serve` and reads where it listens.
fn serve(file: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tongguan"))
        .args(["serve", "--config"])
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("serve starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("serve says where it listens");
    let url = line
        .trim()
        .strip_prefix("tongguan: traders at ")
        .unwrap_or_else(|| panic!("serve said {line:?}"));
    (child, url.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_receipt_and_no_dispatch_is_lost_by_a_kill() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let mut random = Random::from_environment();
    let kills = number("KILLS", 20);
    println!("KILLS={kills}");
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let simulator = customs(&mut config, "").await;
    let key = keys::add(&config.keys_file(), "acme", Role::Trader, clock::now()).expect("a key");
    let file = folder.path().join("tongguan.toml");
    let url = format!("http://{}/{{kind}}/{{type}}", simulator.address());
    let text = format!(
        "data = {:?}\n[ingest]\nlisten = \"127.0.0.1:0\"\n[operations]\nlisten = \"127.0.0.1:0\"\n[[authority]]\nname = \"customs\"\nurl = {url:?}\n[[route]]\nauthority = \"customs\"\n",
        folder.path()
    );
    std::fs::write(&file, text).expect("writes");

    let receipts: Arc<Mutex<Vec<(String, Bytes)>>> = Arc::default();
    let next = Arc::new(AtomicU64::new(0));
    for _ in 0..kills {
        let (mut child, url) = serve(&file);
        let mut clients = Vec::new();
        for _ in 0..4 {
            let (receipts, next) = (receipts.clone(), next.clone());
            let trader = Trader::with_key(&config, &url, &key);
            clients.push(tokio::spawn(async move {
                loop {
                    let reference =
                        format!("BJ20260301{:08}", next.fetch_add(1, Ordering::Relaxed));
                    let headers = [
                        ("authorization", trader.bearer.as_str()),
                        ("content-type", "application/xml"),
                    ];
                    let url = format!("{}/v1/declarations", trader.url);
                    match trader
                        .client
                        .send("POST", &url, &headers, goods(&reference))
                        .await
                    {
                        Ok(response) if response.status == 202 => {
                            receipts.lock().await.push((reference, response.body))
                        }
                        Ok(response) => panic!("{reference}: {}", response.status),
                        // The process was killed.
                        Err(_) => return,
                    }
                }
            }));
        }
        tokio::time::sleep(Duration::from_millis(20 + random.below(300))).await;
        child.kill().expect("killed");
        child.wait().expect("gone");
        for client in clients {
            client
                .await
                .expect("no client saw anything but success or the end");
        }
    }

    let receipts = receipts.lock().await.clone();
    println!("{} receipts over {kills} kills", receipts.len());
    assert!(receipts.len() as u64 > kills, "the load was no load");
    let (mut child, url) = serve(&file);
    let trader = Trader::with_key(&config, &url, &key);
    for (reference, receipt) in &receipts {
        let id = serde_json::from_slice::<serde_json::Value>(receipt).expect("JSON")["id"]
            .as_str()
            .expect("id")
            .to_owned();
        let found = trader.get(&format!("/v1/declarations/{id}/receipt")).await;
        assert_eq!((found.status, &found.body), (200, receipt), "{reference}");
        // Sent again, it is the same declaration.
        assert_eq!(
            trader.declare(goods(reference), None).await.body,
            receipt,
            "{reference}"
        );
        trader.follow(&id, "received").await;
        assert!(
            simulator.took(id.parse::<Id>().expect("an id")),
            "{reference} never came to customs"
        );
    }
    // Nothing waits: also what was recorded without its receipt reaching anybody was delivered.
    loop {
        let waiting = json(&trader.get("/v1/declarations?status=recorded").await);
        if waiting["declarations"]
            .as_array()
            .is_some_and(Vec::is_empty)
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
}
