//! A real `serve` process whose files cannot grow any more: the system refuses the write, as on
//! a full disk. No receipt is handed out for what is not on disk, readiness says why not, what
//! can be read is read, nobody waits for ever, and after a restart with room again every receipt
//! is true.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use support::Random;
use support::audit::Ledger;
use support::load::{Load, message};
use support::process::{Process, Site};
use tongguan::http::{Client, Settings};

/// The limit is one of each file, not of the disk: room kept for a full disk would be the first
/// file that is too large.
const LITTLE_HEADROOM: &str = "[journal]\nheadroom_bytes = 1000\n";

/// Far longer than it takes to fill a few megabytes in a debug build.
const WAIT: Duration = Duration::from_secs(120);

/// What `/readyz` says: its status code and its words.
async fn readiness(client: &Client, process: &Process) -> (u16, String) {
    let url = format!("{}/readyz", process.operations);
    let said = client.send("GET", &url, &[], Default::default()).await;
    let said = said.expect("the operators' door answers");
    (
        said.status,
        String::from_utf8_lossy(&said.body).into_owned(),
    )
}

/// Fills a gateway whose files end at `blocks` with messages that are `padding` bytes longer
/// than they have to be, until it says that it is not ready because of `why`.
async fn fill(blocks: u32, padding: usize, why: &str) {
    let mut random = Random::from_environment();
    let site = Site::new(LITTLE_HEADROOM).await;
    let mut process = site.start_with_small_files(blocks, true);
    let ledger: Arc<Ledger> = Arc::default();
    let load = Load::start(&mut random, padding, || site.auditor(&ledger));
    let client = Client::new(&Settings::default()).expect("a client");
    let start = Instant::now();
    let said = loop {
        let (status, said) = readiness(&client, &process).await;
        if status != 200 {
            break (status, said);
        }
        assert!(
            start.elapsed() < WAIT,
            "it never gets full: {} messages",
            ledger.len()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    load.end().await;
    assert!(
        said.0 == 503 && said.1.contains(why),
        "readiness says {said:?}"
    );
    assert!(
        process.runs(),
        "a full disk ends nothing:\n{}",
        site.logged()
    );
    assert!(ledger.receipts() > 0, "something was recorded before");
    // Whoever comes now is told so, and when to come again.
    let trader = site.trader();
    let late = message(90_000_000, false, padding).message;
    let refused = trader.declare(late, None).await;
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    // What was receipted can be read; or, without a view, it is said that it cannot be found.
    let auditor = site.auditor(&ledger);
    let mut read = 0;
    for number in 0..ledger.len() {
        read += usize::from(auditor.look(number).await.expect("an answer"));
    }
    assert_eq!(ledger.violations(), [], "{}", site.logged());
    assert!(
        why == "view" || read == ledger.len(),
        "{read} of {} read",
        ledger.len()
    );
    process.kill();
    all_is_true(&site, &ledger).await;
}

/// The next start, with room.
async fn all_is_true(site: &Site, ledger: &Arc<Ledger>) {
    let process = site.start();
    let found = site.auditor(ledger).everything(&site.simulator).await;
    assert!(found.is_empty(), "{found:#?}\n{}", site.logged());
    assert!(process.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_grow() {
    fill(4000, 300_000, "journal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_cannot_grow() {
    fill(1200, 0, "view").await;
}

/// A limit that nobody ignores is a kill in the middle of a write.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_kills() {
    let mut random = Random::from_environment();
    let site = Site::new(LITTLE_HEADROOM).await;
    let mut process = site.start_with_small_files(4000, false);
    let ledger: Arc<Ledger> = Arc::default();
    let load = Load::start(&mut random, 300_000, || site.auditor(&ledger));
    let status = tokio::task::spawn_blocking(move || process.ended());
    let status = status.await.expect("no panic");
    assert!(!status.success(), "it ended with {status}");
    load.end().await;
    assert_eq!(ledger.violations(), []);
    all_is_true(&site, &ledger).await;
}
