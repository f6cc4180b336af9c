//! Any pattern and any text, the first line and what follows it: no panic.
#![no_main]

use tongguan::schema::Pattern;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    if let Ok(pattern) = Pattern::compile(pattern) {
        pattern.is_match(text);
    }
});
