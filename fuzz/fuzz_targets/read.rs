//! Any bytes as a trader's message: no panic, findings within their cap.
#![no_main]

use std::sync::LazyLock;

use tongguan::{config::Config, family::Catalogue, gateway, xml::Limits};

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| gateway::catalogue(&Config::default()).expect("families"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let checked = CATALOGUE.check(bytes, None, &limits);
    assert!(checked.findings.list().len() <= limits.findings_max);
    assert!(checked.message.is_some() || checked.findings.refuse());
});
