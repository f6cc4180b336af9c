//! The journal at its doors: what was appended is read again, also after a restart; a torn
//! end is cut, any other damage is named; a receipt holds, and no receipt with a byte changed
//! does.

mod support;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use support::entries::{check, fill, segments, settings};
use tongguan::declaration::Event;
use tongguan::journal::{self, receipt};

#[test]
fn what_was_appended_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = fill(&settings(folder.path()), 20);
    assert!(
        segments(folder.path()).len() > 3,
        "the test should cross segments"
    );
    check(&settings(folder.path()), &written);
    // Without the stored hashes, with wrong ones, and with too few.
    let level = folder.path().join("tree/level-0");
    fs::remove_file(&level).expect("removed");
    check(&settings(folder.path()), &written);
    OpenOptions::new()
        .write(true)
        .open(&level)
        .expect("opens")
        .write_all_at(b"wrong", 64)
        .expect("written");
    check(&settings(folder.path()), &written);
    OpenOptions::new()
        .write(true)
        .open(&level)
        .expect("opens")
        .set_len(1000)
        .expect("cut");
    check(&settings(folder.path()), &written);
}

#[test]
fn a_torn_end_is_cut_at_every_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = fill(&settings(folder.path()), 6);
    let last = segments(folder.path()).pop().expect("a segment");
    let whole = fs::read(&last).expect("reads");
    let start = written.last().expect("entries").0.group as usize;
    let kept = written
        .iter()
        .filter(|(at, ..)| at.index < 15)
        .cloned()
        .collect::<Vec<_>>();
    assert_eq!(
        kept.last().map(|(at, ..)| at.index),
        Some(14),
        "the last group begins with entry 15"
    );
    // What a crash leaves has no stored hashes of the group: they come after the sync.
    let tear = |bytes: &[u8]| {
        fs::write(&last, bytes).expect("written");
        fs::remove_dir_all(folder.path().join("tree")).expect("removed");
    };
    for length in (start..whole.len()).step_by(7).chain([whole.len() - 1]) {
        tear(&whole[..length]);
        check(&settings(folder.path()), &kept);
    }
    // Bytes that did not arrive, in the middle and at the end.
    for at in [start, start + 130, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        tear(&changed);
        check(&settings(folder.path()), &kept);
    }
    let aside = fs::read_dir(folder.path())
        .expect("a folder")
        .filter_map(Result::ok);
    assert!(
        aside
            .into_iter()
            .any(|entry| entry.file_name().to_string_lossy().contains("cut-at-"))
    );
}

#[test]
fn damage_before_the_end_is_named_and_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = fill(&settings(folder.path()), 8);
    let last = segments(folder.path()).pop().expect("a segment");
    let whole = fs::read(&last).expect("reads");
    let first_in_last = written
        .iter()
        .find(|(at, ..)| at.segment == written.last().expect("entries").0.segment);
    let group = first_in_last.expect("an entry").0.group as usize;
    assert!(
        written.last().expect("entries").0.group as usize > group,
        "two groups in the last segment"
    );
    for at in [group, group + 30, group + 200] {
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        fs::write(&last, &changed).expect("written");
        let fault = journal::open(&settings(folder.path()))
            .err()
            .expect("damage is refused");
        assert!(
            fault.why.contains("damaged at byte") && fault.why.contains("segment-"),
            "{fault}"
        );
    }
    fs::write(&last, &whole).expect("written");
    check(&settings(folder.path()), &written);
    // So is the very last group, once it was committed: a receipt may have been handed out.
    let last_group = written.last().expect("entries").0.group as usize;
    let mut changed = whole.clone();
    changed[last_group + 150] ^= 0x40;
    for damaged in [
        &changed[..],
        &whole[..last_group],
        &whole[..last_group + 99],
    ] {
        fs::write(&last, damaged).expect("written");
        let fault = journal::open(&settings(folder.path()))
            .err()
            .expect("damage is refused");
        assert!(
            fault.why.contains("entry 28") && fault.why.contains("committed"),
            "{fault}"
        );
    }
    fs::write(&last, &whole).expect("written");
    check(&settings(folder.path()), &written);
    // A sealed segment that became shorter or longer is named too.
    let sealed = segments(folder.path()).remove(0);
    let bytes = fs::read(&sealed).expect("reads");
    let longer = [&bytes[..], b"x"].concat();
    for damaged in [&bytes[..bytes.len() - 1], &longer] {
        fs::write(&sealed, damaged).expect("written");
        let fault = journal::open(&settings(folder.path()))
            .err()
            .expect("damage is refused");
        assert!(
            fault.why.contains("segment-00000000") && fault.why.contains("was closed"),
            "{fault}"
        );
    }
    fs::write(&sealed, &bytes).expect("written");
    // For a byte within it an entry's own checksum speaks.
    let (at, ..) = &written[0];
    let sealed = segments(folder.path()).remove(0);
    let mut bytes = fs::read(&sealed).expect("reads");
    bytes[at.group as usize + at.entry as usize + 20] ^= 1;
    fs::write(&sealed, &bytes).expect("written");
    let (_append, read) = journal::open(&settings(folder.path())).expect("opens");
    assert!(
        read.entry(*at)
            .is_err_and(|fault| fault.why.contains("checksum"))
    );
    fs::remove_file(sealed).expect("removed");
    drop((_append, read));
    let fault = journal::open(&settings(folder.path()))
        .err()
        .expect("a gap is refused");
    assert!(fault.why.contains("missing"), "{fault}");
}

#[test]
fn a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = journal::open(&settings(folder.path())).expect("opens");
    let fault = journal::open(&settings(folder.path()))
        .err()
        .expect("is held");
    assert!(fault.why.contains("another process"), "{fault}");
    drop(opened);
    journal::open(&settings(folder.path())).expect("is free again");
}

#[test]
fn a_receipt_holds_and_none_with_a_byte_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = fill(&settings(folder.path()), 5);
    let key = fs::read_to_string(folder.path().join("journal.pub")).expect("the public key");
    let key = key.trim();
    for (_, entry, given) in &written {
        let (Some(given), Event::Recorded(recorded)) = (given, &entry.event) else {
            continue;
        };
        let proved = receipt::verify(given, Some(&recorded.message), key).expect("holds");
        assert!(proved.to_string().contains(&recorded.reference), "{proved}");
        receipt::verify(given, None, key).expect("holds without the message");
    }
    let (_, entry, given) = &written[7];
    let (Some(given), Event::Recorded(recorded)) = (given, &entry.event) else {
        panic!("entry 7 has a receipt")
    };
    let message = &recorded.message;
    for at in 0..given.len() {
        let mut changed = given.to_vec();
        changed[at] ^= 1;
        assert!(
            receipt::verify(&changed, Some(message), key).is_err(),
            "byte {at} of the receipt"
        );
    }
    for at in 0..message.len() {
        let mut changed = message.to_vec();
        changed[at] ^= 1;
        assert!(
            receipt::verify(given, Some(&changed), key).is_err(),
            "byte {at} of the message"
        );
    }
    for at in 0..key.len() {
        let mut changed = key.as_bytes().to_vec();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).expect("ASCII stays ASCII");
        assert!(
            receipt::verify(given, Some(message), &changed).is_err(),
            "byte {at} of the key"
        );
    }
}
