//! Entries for tests of the journal, and the journal against what was written to it.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use tongguan::declaration::{Digest, Dispatched, Entry, Event, Id, Recorded, Timestamp};
use tongguan::journal::{self, Location, Settings, receipt};

/// A small journal: segments of a page.
pub fn settings(folder: &Path) -> Settings {
    Settings {
        folder: folder.to_owned(),
        segment_bytes_max: 4096,
        origin: "gateway.example".to_owned(),
        headroom_bytes: 1 << 20,
        archive: None,
    }
}

pub fn recorded(number: u64) -> Entry {
    let message = Bytes::from(format!(
        "<a>{number}</a>{}",
        "x".repeat(number as usize % 300)
    ));
    Entry {
        id: Id(uuid::Uuid::from_u128(u128::from(number))),
        at: Timestamp(1_700_000_000_000 + number as i64),
        event: Event::Recorded(Recorded {
            trader: "acme".to_owned(),
            key: format!("key-{number}"),
            kind: "goods".to_owned(),
            message_type: "DecMessage".to_owned(),
            reference: format!("ref-{number}"),
            authority: "customs".to_owned(),
            fields: vec![("office".to_owned(), "0101".to_owned())],
            charset: None,
            digest: Digest::of(&message),
            message,
        }),
    }
}

pub fn dispatched(number: u64) -> Entry {
    let event = Event::Dispatched(Dispatched {
        authority: "customs".to_owned(),
        attempts: 1,
    });
    Entry {
        event,
        ..recorded(number)
    }
}

/// Groups of growing size, every third entry of another kind.
pub fn fill(settings: &Settings, groups: u64) -> Vec<(Location, Entry, Option<Bytes>)> {
    let (mut append, _) = journal::open(settings).expect("opens");
    let mut written = Vec::new();
    for size in 1..=groups {
        let next = append.next_index();
        let entries: Vec<Entry> = (next..next + size)
            .map(|n| {
                if n % 3 == 2 {
                    dispatched(n)
                } else {
                    recorded(n)
                }
            })
            .collect();
        let committed = append.append(&entries).expect("appends");
        let places = committed.locations.into_iter().zip(committed.receipts);
        written.extend(
            places
                .zip(entries)
                .map(|((at, receipt), entry)| (at, entry, receipt)),
        );
    }
    written
}

pub fn check(settings: &Settings, written: &[(Location, Entry, Option<Bytes>)]) {
    let (append, read) = journal::open(settings).expect("opens again");
    assert_eq!(append.next_index(), written.len() as u64);
    assert_eq!(read.committed(), written.len() as u64);
    for (at, entry, receipt) in written {
        assert_eq!(read.entry(*at).expect("is there"), *entry);
        match receipt {
            Some(receipt) => assert_eq!(
                read.receipt(*at).expect("is there"),
                *receipt,
                "entry {}",
                at.index
            ),
            None => {
                let given = read.receipt(*at).expect("events have receipts too");
                let key = fs::read_to_string(settings.folder.join("journal.pub"))
                    .expect("the public key");
                receipt::verify(&given, None, &key).expect("holds");
            }
        }
        assert_eq!(Location::from_bytes(&at.to_bytes()), Some(*at));
    }
    for from in [0, 1, written.len() as u64 / 2, written.len() as u64] {
        let mut next = from as usize;
        let mut each = |at: Location, entry: Entry| {
            assert_eq!((at, &entry), (written[next].0, &bare(&written[next].1)));
            next += 1;
            Ok(())
        };
        read.scan(from, &mut each).expect("scans");
        assert_eq!(next, written.len());
    }
}

/// An entry without its message.
pub fn bare(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let Event::Recorded(recorded) = &mut entry.event {
        recorded.message = Bytes::new();
    }
    entry
}

pub fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tgj"))
        .collect();
    files.sort();
    files
}
