//! Appending groups to the journal against a raw append and `fdatasync` of as many bytes, in
//! one run. Results are asserted; no timing is.

use std::fs::OpenOptions;
use std::io::Write;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tongguan::declaration::{Digest, Entry, Event, Id, Recorded, Timestamp};
use tongguan::journal::{self, Settings};

fn entry(number: u64, bytes: usize) -> Entry {
    let message = Bytes::from(vec![b'x'; bytes]);
    Entry {
        id: Id(uuid::Uuid::from_u128(u128::from(number))),
        at: Timestamp(number as i64),
        event: Event::Recorded(Recorded {
            trader: "acme".to_owned(),
            key: format!("key-{number}"),
            kind: "goods".to_owned(),
            message_type: "DecMessage".to_owned(),
            reference: format!("ref-{number}"),
            authority: "customs".to_owned(),
            fields: Vec::new(),
            charset: None,
            digest: Digest::of(&message),
            message,
        }),
    }
}

fn record(criterion: &mut Criterion) {
    for (bytes, size) in [(300, 1), (300, 100), (4096, 1), (4096, 100)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut group = criterion.benchmark_group(format!("record/{size} of {bytes} B"));
        group.throughput(Throughput::Elements(size));
        group.sample_size(20);
        let entries: Vec<Entry> = (0..size).map(|number| entry(number, bytes)).collect();
        let settings = Settings {
            folder: folder.path().join("journal"),
            ..Settings::default()
        };
        let (mut append, read) = journal::open(&settings).expect("opens");
        group.bench_function("journal", |bencher| {
            bencher.iter(|| {
                let before = append.next_index();
                let committed = append.append(&entries).expect("appends");
                assert_eq!(committed.receipts.iter().flatten().count() as u64, size);
                assert_eq!(read.committed(), before + size);
            });
        });
        let path = folder.path().join("raw");
        let mut raw = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("opens");
        let whole = vec![b'x'; bytes * size as usize];
        group.bench_function("raw append and fdatasync", |bencher| {
            bencher.iter(|| {
                raw.write_all(&whole).expect("writes");
                raw.sync_data().expect("syncs");
            });
        });
        group.finish();
    }
}

criterion_group!(benches, record);
criterion_main!(benches);
