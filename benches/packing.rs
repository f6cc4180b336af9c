//! Ways to pack messages: each alone or several in a block, at several levels, on goods
//! declarations of the generator. Prints the table of docs/journal.md; what was packed has to
//! come out again.

use std::time::Instant;

use tongguan::generator::{Generator, Plan};
use zstd::bulk::{Compressor, decompress};

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    let count = if test { 50 } else { 5_000 };
    let mut generator = Generator::new(2022);
    let messages: Vec<Vec<u8>> = (0..count)
        .map(|_| generator.goods(&Plan::default()).xml)
        .collect();
    let bytes: usize = messages.iter().map(Vec::len).sum();
    println!("{count} messages of {} bytes in the middle", bytes / count);
    println!("| packed | level | bytes a message | of what was sent | pack, MB/s | read one, µs |");
    println!("|---|---|---|---|---|---|");
    for (name, block) in [
        ("alone", 1),
        ("32 KiB", 32 << 10),
        ("128 KiB", 128 << 10),
        ("1 MiB", 1 << 20),
    ] {
        for level in [-3, 1, 3, 6] {
            row(name, block, level, &messages, bytes);
        }
    }
}

fn row(name: &str, block: usize, level: i32, messages: &[Vec<u8>], bytes: usize) {
    let mut compressor = Compressor::new(level).expect("a compressor");
    let mut blocks: Vec<(Vec<u8>, usize)> = Vec::new();
    let begun = Instant::now();
    let mut raw = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        raw.extend_from_slice(message);
        if raw.len() >= block || number + 1 == messages.len() {
            blocks.push((compressor.compress(&raw).expect("packs"), raw.len()));
            raw.clear();
        }
    }
    let packing = begun.elapsed();
    let begun = Instant::now();
    let mut out: usize = 0;
    for (packed, length) in &blocks {
        out += decompress(packed, *length).expect("comes out").len();
    }
    let unpacking = begun.elapsed() / blocks.len() as u32;
    assert_eq!(out, bytes);
    let packed: usize = blocks.iter().map(|(packed, _)| packed.len()).sum();
    println!(
        "| {name} | {level} | {:.0} | {:.1} % | {:.0} | {:.0} |",
        packed as f64 / messages.len() as f64,
        packed as f64 / bytes as f64 * 100.0,
        bytes as f64 / 1e6 / packing.as_secs_f64(),
        unpacking.as_secs_f64() * 1e6,
    );
}
