//! One thing goes wrong while a journal grows over several segments: every operation of every
//! kind in its turn fails, finds no room, or is the last before the power goes. Whatever it was,
//! the next start goes well, every receipt that was handed out is there byte for byte, and the
//! journal goes on.

#[path = "support/disk/mod.rs"]
mod disk;
mod support;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use disk::{Operation, SimulatedDisk, Trouble};
use support::entries::{recorded, settings};
use tongguan::fault::Retry;
use tongguan::journal::{self, Append, Location, Settings};

/// What was handed out.
type Receipts = Vec<(Location, Bytes)>;

/// Appends groups until the journal says that it is the end. After a full disk it goes on.
fn grow(append: &mut dyn Append, groups: u64, receipts: &mut Receipts) {
    for number in 1..=groups {
        // Small ones between larger ones: what is left of a segment may do for them.
        let size = if number % 2 == 0 { 1 } else { number };
        let next = append.next_index();
        let group: Vec<_> = (next..next + size).map(recorded).collect();
        match append.append(&group) {
            Ok(committed) => {
                let given = committed.receipts.into_iter().flatten();
                receipts.extend(committed.locations.into_iter().zip(given));
            }
            Err(fault) if fault.retry == Retry::Later => {}
            Err(_) => return,
        }
    }
}

fn all_there(disk: &SimulatedDisk, settings: &Settings, receipts: &Receipts, what: &str) {
    let opened = journal::open_on(Arc::new(disk.clone()), settings);
    let (mut append, read) = opened.unwrap_or_else(|fault| panic!("{what}: {fault}"));
    for (at, receipt) in receipts {
        let found = read
            .receipt(*at)
            .unwrap_or_else(|fault| panic!("{what}: {fault}"));
        assert!(found == *receipt, "{what}: receipt {}", at.index);
    }
    append
        .append(&[recorded(append.next_index())])
        .unwrap_or_else(|fault| panic!("{what}: {fault}"));
}

#[test]
fn nothing_is_lost_by_any_one_trouble() {
    let settings = Settings {
        segment_bytes_max: 2048,
        headroom_bytes: 4096,
        ..settings(Path::new("/journal"))
    };
    let mut runs = 0;
    static ALL: [Operation; 15] = Operation::ALL;
    for of in ALL.chunks(1) {
        for trouble in [
            Trouble::Fail,
            Trouble::Full,
            Trouble::OffBefore,
            Trouble::OffAfter,
        ] {
            for power in [false, true] {
                for after in 0.. {
                    let what = format!("{of:?} {after} {trouble:?}, power {power}");
                    let disk = SimulatedDisk::new(after);
                    disk.plan(of, after, trouble);
                    let mut receipts = Vec::new();
                    let opened = journal::open_on(Arc::new(disk.clone()), &settings);
                    if let Ok((mut append, _read)) = opened {
                        grow(&mut *append, 12, &mut receipts);
                    }
                    let came = disk.is_calm();
                    disk.calm(0);
                    disk.restart(power || disk.is_off());
                    all_there(&disk, &settings, &receipts, &what);
                    disk.restart(true);
                    all_there(&disk, &settings, &receipts, &what);
                    runs += 1;
                    if !came {
                        break;
                    }
                }
            }
        }
    }
    println!("{runs} troubles");
    assert!(runs > 1000, "only {runs}");
}
