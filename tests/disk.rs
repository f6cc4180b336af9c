//! The simulated disk itself: each of its faults really happens, what is synced stays, and the
//! same seed does the same.

#[path = "support/disk/mod.rs"]
mod disk;
mod support;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use disk::{Operation, SimulatedDisk, Trouble};
use tongguan::disk::{Disk, DiskFile};

const FOLDER: &str = "/journal";

fn path(name: &str) -> std::path::PathBuf {
    Path::new(FOLDER).join(name)
}

/// A disk with a folder, on it a file with these bytes, everything synced.
fn begun(seed: u64, bytes: &[u8]) -> (SimulatedDisk, Arc<dyn DiskFile>) {
    let disk = SimulatedDisk::new(seed);
    disk.make_folder(Path::new(FOLDER)).expect("made");
    disk.sync_folder(Path::new("/")).expect("synced");
    let file = disk.create(&path("a")).expect("created");
    file.write_at(bytes, 0).expect("written");
    file.sync().expect("synced");
    disk.sync_folder(Path::new(FOLDER)).expect("synced");
    (disk, file)
}

fn seen(disk: &SimulatedDisk, name: &str) -> Vec<u8> {
    disk.bytes(&path(name)).expect("a file")
}

#[test]
fn what_was_synced_stays_and_what_was_not_meets_any_fate() {
    let old = [1; 2048];
    let mut fates = [0; 5];
    for seed in 0..400 {
        let (disk, file) = begun(seed, &old);
        file.write_at(&[2; 1024], 512).expect("written");
        file.write_at(&[3; 1024], 2048).expect("written");
        assert_eq!(seen(&disk, "a").len(), 3072);
        disk.restart(true);
        let bytes = seen(&disk, "a");
        assert_eq!(
            (&bytes[..512], &bytes[1536..2048]),
            (&old[..512], &old[..512])
        );
        let kept = [512, 1024, 2048, 2560].map(|at| {
            let sector = bytes.get(at..at + 512);
            sector.is_some_and(|sector| sector.iter().all(|byte| *byte > 1))
        });
        let torn = bytes[512..]
            .chunks(512)
            .any(|sector| sector.len() < 512 || sector.windows(2).any(|pair| pair[0] != pair[1]));
        let zeros = bytes[2048..].contains(&0);
        fates[0] += u32::from(kept == [true; 4]);
        fates[1] += u32::from(bytes == old);
        // The later write without the earlier one.
        fates[2] += u32::from(!kept[0] && kept[2]);
        fates[3] += u32::from(torn);
        fates[4] += u32::from(zeros);
    }
    assert!(fates.iter().all(|times| *times > 3), "{fates:?}");
}

#[test]
fn a_kill_keeps_what_only_the_power_would_lose() {
    let mut lost = 0;
    for seed in 0..50 {
        let (disk, file) = begun(seed, b"old");
        file.write_at(b"new", 0).expect("written");
        disk.restart(false);
        assert_eq!(seen(&disk, "a"), b"new");
        assert!(file.write_at(b"xxx", 0).is_err(), "its process is dead");
        disk.restart(true);
        lost += u32::from(seen(&disk, "a") != b"new");
    }
    assert!(lost > 5, "{lost}");
}

#[test]
fn names_are_lost_independently() {
    let mut fates = std::collections::BTreeMap::new();
    for seed in 0..400 {
        let (disk, _) = begun(seed, b"old");
        disk.create(&path("b")).expect("created");
        disk.rename(&path("a"), &path("c")).expect("renamed");
        disk.create(&path("d")).expect("created");
        disk.remove(&path("d")).expect("removed");
        disk.restart(true);
        let names = disk.names(Path::new(FOLDER)).expect("names");
        let there = |name: &str| names.iter().any(|found| found == name);
        assert!(there("a") ^ there("c"), "a rename is one step: {names:?}");
        *fates
            .entry((there("b"), there("c"), there("d")))
            .or_insert(0) += 1;
    }
    assert_eq!(fates.len(), 8, "{fates:?}");
    // After a sync of the folder nothing is lost.
    let (disk, _) = begun(1, b"old");
    disk.create(&path("b")).expect("created");
    disk.remove(&path("a")).expect("removed");
    disk.sync_folder(Path::new(FOLDER)).expect("synced");
    disk.restart(true);
    assert_eq!(disk.names(Path::new(FOLDER)).expect("names"), ["b"]);
}

#[test]
fn a_sync_that_failed_says_success_the_next_time_and_has_lost() {
    let (mut lost, mut dropped) = (0, 0);
    for seed in 0..100 {
        let (disk, file) = begun(seed, &[1; 1024]);
        file.write_at(&[2; 1024], 0).expect("written");
        disk.plan(&[Operation::Sync], 0, Trouble::Fail);
        file.sync().expect_err("planned");
        dropped += u32::from(seen(&disk, "a") != [2; 1024]);
        file.sync().expect("says success");
        disk.restart(true);
        lost += u32::from(seen(&disk, "a") != [2; 1024]);
        assert_eq!(disk.counts().failed_syncs, 1);
    }
    assert!(
        lost > 20 && dropped > 10 && dropped < lost,
        "{lost} {dropped}"
    );
}

#[test]
fn a_full_disk_says_so_and_takes_more_when_there_is_room() {
    let (disk, file) = begun(1, &[1; 1000]);
    disk.resize(1500);
    assert_eq!(disk.free(Path::new(FOLDER)).expect("known"), 500);
    let fault = file.write_at(&[2; 1000], 1000).expect_err("full");
    assert_eq!(fault.kind(), ErrorKind::StorageFull);
    assert_eq!(file.length().expect("known"), 1500, "a part was written");
    let other = disk.create(&path("b")).expect("a name needs no room here");
    let fault = other.reserve(1).expect_err("full");
    assert_eq!(fault.kind(), ErrorKind::StorageFull);
    file.write_at(&[3; 1500], 0)
        .expect("what is there may be written over");
    disk.resize(5000);
    other.reserve(3000).expect("there is room");
    assert_eq!(disk.free(Path::new(FOLDER)).expect("known"), 500);
    other.write_at(&[4; 3000], 0).expect("it was taken ahead");
    disk.remove(&path("b")).expect("removed");
    assert_eq!(disk.free(Path::new(FOLDER)).expect("known"), 3500);
    assert_eq!(disk.counts().full, 2);
}

#[test]
fn every_operation_can_fail_and_the_power_can_go_at_each() {
    for operation in Operation::ALL {
        for trouble in [
            Trouble::Fail,
            Trouble::Full,
            Trouble::OffBefore,
            Trouble::OffAfter,
        ] {
            let (disk, file) = begun(7, &[1; 600]);
            let only = match Operation::ALL.iter().position(|one| *one == operation) {
                Some(at) => &Operation::ALL[at..=at],
                None => unreachable!("it is one of all"),
            };
            disk.plan(only, 0, trouble);
            let mut byte = [0];
            let results = [
                disk.make_folder(&path("tree")).is_err(),
                disk.names(Path::new(FOLDER)).is_err(),
                disk.open(&path("a")).is_err(),
                disk.create(&path("b")).is_err(),
                disk.rename(&path("b"), &path("c")).is_err(),
                disk.remove(&path("c")).is_err(),
                disk.sync_folder(Path::new(FOLDER)).is_err(),
                disk.lock(&path("lock")).is_err(),
                disk.free(Path::new(FOLDER)).is_err(),
                file.length().is_err(),
                file.read_at(&mut byte, 0).is_err(),
                file.write_at(&[2; 600], 600).is_err(),
                file.set_length(1200).is_err(),
                file.reserve(1300).is_err(),
                file.sync().is_err(),
            ];
            let failed = results.iter().position(|failed| *failed);
            let at = Operation::ALL.iter().position(|one| *one == operation);
            assert_eq!(failed, at, "{operation:?} {trouble:?}");
            let off = [Trouble::OffBefore, Trouble::OffAfter].contains(&trouble);
            assert_eq!(disk.is_off(), off);
            assert_eq!(disk.counts().failed, u64::from(trouble == Trouble::Fail));
        }
    }
    let (disk, file) = begun(7, b"");
    disk.calm(100_000);
    let failed = (0..1000).filter(|_| file.length().is_err()).count();
    assert!(
        (50..200).contains(&failed),
        "one in ten by chance: {failed}"
    );
}

#[test]
fn bits_flip_and_a_lying_disk_keeps_nothing() {
    let (disk, file) = begun(3, b"abc");
    disk.flip(&path("a"), 1, 0);
    assert_eq!(seen(&disk, "a"), b"acc");
    disk.restart(true);
    assert_eq!(seen(&disk, "a"), b"acc", "it lies there");
    drop(file);
    let mut lost = 0;
    for seed in 0..50 {
        let (disk, file) = begun(seed, b"old");
        disk.lie(true);
        file.write_at(b"new", 0).expect("written");
        file.sync().expect("says success");
        disk.restart(true);
        lost += u32::from(seen(&disk, "a") != b"new");
        assert_eq!(disk.counts().lies, 1);
    }
    assert!(lost > 5, "{lost}");
}

#[test]
fn a_lock_keeps_out_and_dies_with_its_process() {
    let (disk, _) = begun(1, b"");
    let held = disk.lock(&path("lock")).expect("free");
    let second = disk.lock(&path("lock")).err().expect("held");
    assert_eq!(second.kind(), ErrorKind::WouldBlock);
    disk.restart(false);
    let again = disk.lock(&path("lock")).expect("its process is dead");
    drop(held);
    assert!(
        disk.lock(&path("lock")).is_err(),
        "the dead release nothing"
    );
    drop(again);
    disk.lock(&path("lock")).expect("free again");
}

#[test]
fn the_same_seed_does_the_same() {
    let run = |seed| {
        let (disk, _) = begun(seed, &[1; 5000]);
        for round in 0..20u64 {
            disk.calm(50_000);
            if let Ok(file) = disk.open(&path("a")) {
                _ = file.write_at(&[round as u8; 3000], round * 700);
                _ = file.sync();
            }
            _ = disk.rename(&path("a"), &path("b"));
            _ = disk.rename(&path("b"), &path("a"));
            disk.restart(round % 3 != 0);
        }
        (disk.trace(), disk.counts(), disk.files())
    };
    let other: Vec<_> = (0..20).map(run).collect();
    for (seed, first) in (0..20).zip(&other) {
        assert_eq!(*first, run(seed), "seed {seed}");
    }
    assert!(other.windows(2).all(|pair| pair[0].0 != pair[1].0));
}
