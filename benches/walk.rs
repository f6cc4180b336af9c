//! The whole check of a message against the bare reader on the same bytes, in one run.
//! Results are asserted; no timing is.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tongguan::config::Config;
use tongguan::finding::Findings;
use tongguan::gateway;
use tongguan::xml::{Document, Limits, Reader};

const MESSAGES: [(&str, &str); 3] = [
    (
        "goods, 1 item",
        include_str!("../tests/messages/goods/import-air-one-item.xml"),
    ),
    (
        "goods, 50 items",
        include_str!("../tests/messages/goods/export-fifty-items.xml"),
    ),
    (
        "manifest, 200 waybills",
        include_str!("../tests/messages/manifest/mt1201-flight-of-200-waybills.xml"),
    ),
];

fn walk(criterion: &mut Criterion) {
    let catalogue = gateway::catalogue(&Config::default()).expect("families");
    let limits = Limits::default();
    for (name, text) in MESSAGES {
        let mut group = criterion.benchmark_group(format!("walk/{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("reader", |bencher| {
            bencher.iter(|| {
                let document = Document::from_text(text);
                let mut findings = Findings::new(1);
                let mut reader = Reader::new(&document, &limits);
                let mut events = 0;
                while reader.next(&mut findings).is_some() {
                    events += 1;
                }
                assert!(events > 100 && reader.is_complete());
            });
        });
        group.bench_function("check", |bencher| {
            bencher.iter(|| {
                let checked = catalogue.check(text.as_bytes(), None, &limits);
                assert!(checked.findings.is_empty() && checked.message.is_some());
            });
        });
        group.finish();
    }
}

criterion_group!(benches, walk);
criterion_main!(benches);
