//! What the rules of a family cost: a message checked with every rule, and with none, which is
//! the floor. `tests/allocations.rs` holds that rules which hold allocate nothing. Results are
//! asserted; no timing is.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tongguan::config::Config;
use tongguan::family::Catalogue;
use tongguan::gateway;
use tongguan::xml::Limits;

const MESSAGES: [&str; 5] = [
    "goods/import-air-one-item",
    "goods/export-fifty-items",
    "manifest/mt1201-flight-of-200-waybills",
    "aircraft/inbound-forecast",
    "certificate/rcep",
];

fn check(catalogue: &Catalogue, text: &str, limits: &Limits) {
    let checked = catalogue.check(text.as_bytes(), None, limits);
    let found = checked.findings.list();
    assert!(found.is_empty() && checked.message.is_some(), "{found:?}");
}

fn rules(criterion: &mut Criterion) {
    let with = gateway::catalogue(&Config::default()).expect("families");
    let mut config = Config::default();
    let codes = with.rules().map(|rule| rule.code.to_owned());
    config.rules = codes.map(|code| (code, None)).collect();
    let without = gateway::catalogue(&config).expect("families");
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("rules");
    for message in MESSAGES {
        let path = format!("tests/messages/{message}.xml");
        let text = std::fs::read_to_string(&path).expect(&path);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{message}, every rule"), |bencher| {
            bencher.iter(|| check(&with, &text, &limits));
        });
        group.bench_function(format!("{message}, none"), |bencher| {
            bencher.iter(|| check(&without, &text, &limits));
        });
    }
    group.finish();
}

criterion_group!(benches, rules);
criterion_main!(benches);
