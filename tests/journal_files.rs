//! The journal as files: what an operator does with them. A look at everything names every
//! damage; closed segments move to an archive while a gateway reads; a copy is a backup.

mod support;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use support::entries::{check, fill, segments, settings};
use tongguan::declaration::Timestamp;
use tongguan::disk::LocalDisk;
use tongguan::journal::archive::{Policy, archive};
use tongguan::journal::{self, Settings, Verified};

fn verify(settings: &Settings) -> Verified {
    journal::verify(Arc::new(LocalDisk), settings, 2, &|_, _| true).expect("looks")
}

fn copy(from: &Path, to: &Path, but: &str) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() && !path.ends_with(but) {
            fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
}

#[test]
fn a_look_at_everything_names_every_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(folder.path());
    let written = fill(&settings, 14);
    let found = verify(&settings);
    assert_eq!(found.damages, Vec::<String>::new());
    assert_eq!(
        (found.entries, found.groups, found.unfinished),
        (written.len() as u64, 14, None)
    );
    let files = segments(folder.path());
    assert!(files.len() > 2, "several segments");
    for file in &files {
        let whole = fs::read(file).expect("reads");
        let name = file.file_name().expect("a name").to_string_lossy();
        // Every byte of an opening and a group's header, then one of 61.
        let every = if Some(file) == files.first() { 240 } else { 0 };
        for at in (0..every).chain((every..whole.len()).step_by(61)) {
            let byte = |byte: u8| {
                let open = fs::OpenOptions::new().write(true).open(file);
                let written = open.and_then(|file| file.write_all_at(&[byte], at as u64));
                written.expect("written");
            };
            byte(whole[at] ^ 0x10);
            let found = verify(&settings);
            byte(whole[at]);
            assert!(
                found.damages.iter().any(|damage| damage.contains(&*name)),
                "byte {at} of {name}: {found:?}"
            );
            assert!(found.damages.len() < 9, "{found:#?}");
        }
        fs::write(file, &whole[..whole.len() - 1]).expect("written");
        assert!(!verify(&settings).damages.is_empty(), "{name} cut");
        fs::remove_file(file).expect("removed");
        let found = verify(&settings);
        let last = Some(file) == files.last();
        assert!(last || !found.damages.is_empty(), "{name} removed");
        fs::write(file, &whole).expect("written");
    }
    // Two damages far apart are both named, and what lies between is looked at.
    let first = fs::read(&files[0]).expect("reads");
    let mut changed = first.clone();
    changed[200] ^= 1;
    let last = changed.len() - 5;
    changed[last] ^= 1;
    fs::write(&files[0], &changed).expect("written");
    let found = verify(&settings);
    assert_eq!(found.damages.len(), 2, "{:#?}", found.damages);
    assert!(found.entries > written.len() as u64 / 2);
    fs::write(&files[0], &first).expect("written");
    // Stored hashes are looked at too.
    let level = folder.path().join("tree/level-0");
    let hashes = fs::read(&level).expect("reads");
    let mut changed = hashes.clone();
    changed[100] ^= 1;
    fs::write(&level, &changed).expect("written");
    let found = verify(&settings);
    assert!(found.damages[0].contains("stored hashes"), "{found:?}");
    fs::write(&level, &hashes).expect("written");
    assert_eq!(verify(&settings).damages, Vec::<String>::new());
}

#[test]
fn what_a_crash_tore_is_no_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(folder.path());
    fill(&settings, 5);
    fs::remove_dir_all(folder.path().join("tree")).expect("removed");
    let last = segments(folder.path()).pop().expect("a segment");
    let whole = fs::read(&last).expect("reads");
    fs::write(&last, &whole[..whole.len() - 3]).expect("written");
    let found = verify(&settings);
    assert_eq!(found.damages, Vec::<String>::new());
    assert!(
        found
            .unfinished
            .is_some_and(|what| what.contains("segment-"))
    );
    assert!(!folder.path().join("tree").exists(), "a look makes nothing");
}

#[test]
fn old_segments_move_to_the_archive_and_are_read_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("journal");
    let settings = Settings {
        archive: Some(folder.path().join("archive")),
        ..settings(&own)
    };
    let written = fill(&settings, 20);
    let all = segments(&own).len();
    assert!(all > 4, "several segments");
    // A reader that was there before goes on reading, as does one that opens a file later.
    let (append, read) = journal::open(&settings).expect("opens");
    read.entry(written[0].0).expect("is there");
    let mut moved = 0;
    let mut run = |policy| archive(&LocalDisk, &settings, policy, &mut |_| moved += 1);
    let never = Policy {
        before: Timestamp(0),
        keep: 0,
    };
    run(never).expect("moves nothing");
    let all_but_one = Policy {
        before: Timestamp(i64::MAX),
        keep: 1,
    };
    run(all_but_one).expect("moves");
    assert_eq!(moved, all - 2, "the last one is open, and one is kept");
    assert_eq!(segments(&own).len(), 2);
    for (at, entry, _) in &written {
        assert_eq!(read.entry(*at).expect("is there"), *entry);
    }
    drop((append, read));
    check(&settings, &written);
    assert_eq!(verify(&settings).damages, Vec::<String>::new());
    // Only what is old by its own time.
    let half = written[written.len() / 2].1.at;
    let fresh = tempfile::tempdir().expect("a folder");
    let other = Settings {
        archive: Some(fresh.path().join("archive")),
        ..support::entries::settings(&fresh.path().join("journal"))
    };
    let written = fill(&other, 20);
    let policy = Policy {
        before: half,
        keep: 0,
    };
    archive(&LocalDisk, &other, policy, &mut |_| {}).expect("moves");
    let gone = segments(&fresh.path().join("archive")).len();
    assert!(gone > 0 && segments(&other.folder).len() > 2);
    check(&other, &written);
    // Without the archive the start says which file it misses.
    let without = Settings {
        archive: None,
        ..other.clone()
    };
    let fault = journal::open(&without).err().expect("is refused");
    assert!(
        fault.why.contains("segment-00000000.tgj is missing"),
        "{fault}"
    );
    fs::remove_file(fresh.path().join("archive/segment-00000000.tgj")).expect("removed");
    let fault = journal::open(&other).err().expect("is refused");
    assert!(
        fault
            .why
            .contains("segment-00000000.tgj is missing, nor is"),
        "{fault}"
    );
}

#[test]
fn a_copy_taken_while_it_grows_is_a_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = settings(&folder.path().join("journal"));
    let mut written = fill(&own, 6);
    let backup = folder.path().join("backup");
    copy(&own.folder, &backup, "lock");
    // A copy of the last segment may end within a group.
    let last = segments(&backup).pop().expect("a segment");
    let more = fill(&own, 7);
    let group = more.last().expect("entries").0.group as usize;
    let longer = fs::read(segments(&own.folder).pop().expect("a segment")).expect("reads");
    if segments(&own.folder).len() == segments(&backup).len() {
        fs::write(&last, &longer[..group + 50]).expect("written");
    }
    // Restored: what the copy has whole is there, and it goes on from it.
    let restored = settings(&backup);
    let copied = journal::open(&restored).expect("opens").0.next_index() as usize;
    written.extend(more);
    written.truncate(copied);
    assert!(copied >= 21);
    check(&restored, &written);
    fill(&restored, 3);
    assert_eq!(verify(&restored).damages, Vec::<String>::new());
}
