//! What an operator sees when the journal is damaged and the gateway does not start: exit code
//! 2, and a sentence on standard error that names the file and the place. Nothing is mended
//! silently, and nothing is changed by the refusal.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use support::load::message;
use support::process::Site;

/// The segments of a journal, oldest first.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "tgj"))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_refused_in_words() {
    let site = Site::new("[journal]\nsegment_bytes_max = 20000\n").await;
    let process = site.start();
    let auditor = site.auditor(&Arc::default());
    for _ in 0..30 {
        let number = auditor.ledger.enter(|n| message(n, false, 0));
        assert!(auditor.send(number).await.expect("an answer"));
    }
    assert_eq!(auditor.everything(&site.simulator).await, []);
    assert!(process.stop().success());

    let files = segments(&site.config.journal_folder());
    assert!(files.len() > 3, "the test should cross segments");
    let name = |file: &Path| {
        file.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let whole = fs::read(&files[1]).expect("reads");
    let damaged: Vec<u8> = whole
        .iter()
        .enumerate()
        .map(|(at, byte)| if at == 0 { byte ^ 1 } else { *byte })
        .collect();
    // What is done to the second segment, and the words that tell of it.
    let table: [(&str, Option<&[u8]>, &str); 3] = [
        ("a changed byte", Some(&damaged), "is damaged at byte 0"),
        (
            "half of it is gone",
            Some(&whole[..whole.len() / 2]),
            "is damaged at byte",
        ),
        ("it is gone", None, "is missing"),
    ];
    for (what, bytes, phrase) in table {
        match bytes {
            Some(bytes) => fs::write(&files[1], bytes).expect("written"),
            None => fs::remove_file(&files[1]).expect("removed"),
        }
        let before = site.logged().len();
        let status = site.spawn().ended();
        let said = site.logged().split_off(before);
        let said = said.lines().last().unwrap_or_default();
        assert_eq!(status.code(), Some(2), "{what}: {said}");
        assert!(said.starts_with("tongguan: journal: "), "{what}: {said}");
        assert!(said.contains(&name(&files[1])), "{what}: {said}");
        assert!(said.contains(phrase), "{what}: {said}");
        fs::write(&files[1], &whole).expect("written");
    }
    // With the file as it was everything is as it was.
    let process = site.start();
    assert_eq!(
        site.auditor(&auditor.ledger)
            .everything(&site.simulator)
            .await,
        []
    );
    assert!(process.stop().success());
}
