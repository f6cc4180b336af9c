//! Any bytes from an authority: an answer, or findings that say why not.
#![no_main]

use std::sync::LazyLock;

use tongguan::{config::Config, family::Catalogue, gateway, xml::Limits};

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| gateway::catalogue(&Config::default()).expect("families"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match CATALOGUE.answer(bytes, None, &Limits::default()) {
        Ok(answer) => assert!(!answer.code.is_empty() || answer.status.is_none()),
        Err(findings) => assert!(findings.refuse()),
    }
});
