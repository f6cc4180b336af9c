//! The auditor itself: one that finds nothing has to be one that can. Each case breaks a
//! promise, or lies about one, and the auditor says which, and nothing else.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use support::audit::{Auditor, Rule, Sent, Violation};
use support::load::message;
use support::process::{Process, Site};
use tongguan::simulator::{self, Simulator};

/// A site with some messages that were sent, answered to the end, and found in order.
async fn audited(messages: usize) -> (Site, Process, Auditor) {
    let site = Site::new("").await;
    let process = site.start();
    let auditor = site.auditor(&Arc::default());
    send(&auditor, messages).await;
    assert_eq!(auditor.everything(&site.simulator).await, []);
    (site, process, auditor)
}

async fn send(auditor: &Auditor, messages: usize) {
    for _ in 0..messages {
        let number = auditor.ledger.enter(|n| message(n, n % 2 == 0, 0));
        assert!(
            auditor.send(number).await.expect("an answer"),
            "it was taken"
        );
    }
}

fn rules(found: &[Violation]) -> Vec<(Rule, &str)> {
    found
        .iter()
        .map(|violation| (violation.rule, violation.about.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_in_the_book_is_found() {
    use Rule::{Answered, Conflict, Forwards, ReceiptHolds, ReceiptKept, Repeated};
    let (site, _process, auditor) = audited(4).await;
    type Lie = fn(&mut Sent);
    let table: [(usize, Lie, &[Rule]); 4] = [
        // One character of the receipt.
        (0, change_receipt, &[ReceiptKept, ReceiptHolds, Repeated]),
        // Other bytes than those that were sent: what the auditor takes for other ones was.
        (
            1,
            |sent| sent.message.truncate(sent.message.len() - 1),
            &[Answered, ReceiptHolds, Conflict, Rule::Sent],
        ),
        // It had been closed, and then something else.
        (
            2,
            |sent| sent.events.push(json!({ "status": "released" })),
            &[Forwards],
        ),
        // A receipt for a message that is another declaration by now: the key was lost.
        (
            3,
            |sent| sent.header = Some("another".to_owned()),
            &[Repeated, Rule::Sent],
        ),
    ];
    for (number, lie, broken) in table {
        let truth = auditor.ledger.get(number);
        auditor.ledger.forge(number, lie);
        let about = auditor.ledger.get(number).key().to_owned();
        let found = auditor.everything(&site.simulator).await;
        auditor.ledger.forge(number, |sent| *sent = truth);
        let mut names: Vec<Rule> = found.iter().map(|violation| violation.rule).collect();
        names.dedup();
        assert_eq!(names, broken, "{about}: {found:#?}");
    }
}

fn change_receipt(sent: &mut Sent) {
    let receipt = String::from_utf8(sent.receipt.take().expect("one").to_vec()).expect("JSON");
    let (before, after) = receipt.split_once("\"sha256\":\"").expect("a digest");
    let digit = if after.starts_with('0') { "1" } else { "0" };
    sent.receipt = Some(Bytes::from(format!(
        "{before}\"sha256\":\"{digit}{}",
        &after[1..]
    )));
}

/// A disk that said that it had synced: what was receipted since is gone after the crash.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_lied_is_found() {
    let (site, process, auditor) = audited(3).await;
    assert!(process.stop().success());
    let aside = site.folder().join("aside");
    copy(&site.config.data, &aside);
    let process = site.start();
    let auditor = Auditor {
        trader: Arc::new(site.trader()),
        ..auditor
    };
    send(&auditor, 2).await;
    assert_eq!(auditor.everything(&site.simulator).await, []);
    process.kill();
    fs::remove_dir_all(&site.config.data).expect("removed");
    copy(&aside, &site.config.data);

    let _process = site.start();
    let auditor = Auditor {
        trader: Arc::new(site.trader()),
        ..auditor
    };
    let lost = [3, 4].map(|n| auditor.ledger.get(n).key().to_owned());
    let found = auditor.everything(&site.simulator).await;
    let mut expected: Vec<(Rule, &str)> = Vec::new();
    for rule in [Rule::ReceiptKept, Rule::Repeated] {
        expected.extend(lost.iter().map(|key| (rule, key.as_str())));
    }
    expected.sort();
    expected.push((Rule::DeliveredOnce, "the authority"));
    assert_eq!(rules(&found), expected, "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_sent_and_what_nobody_got_is_found() {
    let (site, _process, auditor) = audited(2).await;
    let keys = [0, 1].map(|n| auditor.ledger.get(n).key().to_owned());
    // An authority that has nothing.
    let catalogue = Arc::new(support::catalogue());
    let other = Simulator::start(simulator::Settings::default(), catalogue).await;
    let found = auditor.everything(&other.expect("a simulator")).await;
    let mut expected = keys
        .each_ref()
        .map(|key| (Rule::Delivered, key.as_str()))
        .to_vec();
    expected.sort();
    expected.push((Rule::DeliveredOnce, "the authority"));
    assert_eq!(rules(&found), expected, "{found:#?}");
    // A list in which a key has two numbers, and one in which it has none.
    let list = auditor.settled().await.expect("a list");
    let mut twice = list.clone();
    twice[1]["idempotency_key"] = list[0]["idempotency_key"].clone();
    twice[1]["sha256"] = list[0]["sha256"].clone();
    auditor.compare(&twice, &site.simulator);
    let found = auditor.ledger.violations();
    let mut expected = keys
        .each_ref()
        .map(|key| (Rule::Once, key.as_str()))
        .to_vec();
    expected.sort();
    assert_eq!(rules(&found), expected, "{found:#?}");
    // A declaration that is in nobody's book.
    let stranger = message(77, false, 0);
    assert_eq!(
        site.trader().declare(stranger.message, None).await.status,
        202
    );
    let found = auditor.everything(&site.simulator).await;
    assert_eq!(
        rules(&found),
        [(Rule::Sent, stranger.reference.as_str())],
        "{found:#?}"
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}
