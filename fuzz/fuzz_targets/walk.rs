//! Any document against one of several schemas, which the first byte chooses: no panic, and
//! the fast walk agrees with the plain one.
#![no_main]

use std::sync::LazyLock;

use tongguan::schema::{Files, Schema};
use tongguan::xml::Limits;

#[path = "../../tests/support/walks.rs"]
mod walks;

static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let texts = [
        (
            "declaration.xsd",
            include_str!("../../tests/xsd/structures/planted/declaration.xsd"),
        ),
        (
            "goods.xsd",
            include_str!("../../tests/xsd/structures/planted/goods.xsd"),
        ),
        (
            "manifest.xsd",
            include_str!("../../tests/xsd/structures/planted/manifest.xsd"),
        ),
        (
            "party.xsd",
            include_str!("../../tests/xsd/structures/planted/party.xsd"),
        ),
        (
            "survey.xsd",
            include_str!("../../tests/xsd/structures/planted/survey.xsd"),
        ),
        ("all.xsd", include_str!("../schemas/all.xsd")),
        ("keys.xsd", include_str!("../schemas/keys.xsd")),
    ];
    let texts = texts.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    let files = Files::from(texts);
    [
        "declaration.xsd",
        "manifest.xsd",
        "survey.xsd",
        "all.xsd",
        "keys.xsd",
    ]
    .map(|entry| Schema::compile(entry, &files).expect("a right schema"))
    .into()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((first, rest)) = bytes.split_first()
        && let Ok(text) = std::str::from_utf8(rest)
    {
        let schema = &SCHEMAS[usize::from(*first) % SCHEMAS.len()];
        if let Err(difference) = walks::compare(schema, text, &Limits::default()) {
            panic!("{difference}");
        }
    }
});
