//! Any bytes as a trader's message: no panic, findings within their cap; and the fast reader
//! agrees with the plain one, however the text is cut.
#![no_main]

use std::sync::LazyLock;

use tongguan::{config::Config, family::Catalogue, gateway, xml::Limits};

#[path = "../../tests/support/readers.rs"]
mod readers;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| gateway::catalogue(&Config::default()).expect("families"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let checked = CATALOGUE.check(bytes, None, &limits);
    assert!(checked.findings.list().len() <= limits.findings_max);
    assert!(checked.message.is_some() || checked.findings.refuse());
    // The first byte decides the size of chunks.
    if let Some((first, rest)) = bytes.split_first()
        && let Ok(text) = std::str::from_utf8(rest)
    {
        readers::agree(text, &limits, || 1 + usize::from(*first));
    }
});
