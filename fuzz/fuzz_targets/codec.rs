//! Any bytes as the head of a journal entry: no panic, and what decodes encodes to the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tongguan::journal::fuzz_codec(bytes));
