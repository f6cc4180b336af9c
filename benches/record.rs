//! The record stage's work: groups of messages encoded, packed, hashed, signed, written and
//! synced, and a receipt made for each. In the same run, taking turns: the same without tree,
//! signature and proofs; a raw append and `fdatasync` of the messages as they were sent; and
//! one of as many bytes as the journal wrote. Results are asserted; no timing is.
//!
//! `taskset -c 0 cargo bench --bench record` prints a table: entries a second (medians of rounds),
//! ratios, what the tree costs, the latency of a group when entries come at 80 % of that rate,
//! and bytes on disk. `ROUNDS=n` sets the rounds.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tongguan::declaration::{Digest, Entry, Event, Id, Recorded, Timestamp};
use tongguan::generator::{Generator, Plan};
use tongguan::journal::issue::Issuer;
use tongguan::journal::{self, Append, Settings, head};

/// Groups as they form under load: the most that the pipeline puts into one.
const GROUP: usize = 512;

/// Groups of one round.
const GROUPS: usize = 32;

fn main() {
    // How cargo asks whether a bench works at all.
    let test = std::env::args().any(|argument| argument == "--test");
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let rounds: usize = if test { 1 } else { rounds.unwrap_or(15) };
    for (name, bytes) in [("300 B", 300), ("4 kB", 4096)] {
        let mut ways = Ways::new(bytes);
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..rounds {
            times[0].push(ways.journal());
            times[1].push(ways.without_tree());
            times[2].push(ways.raw(GROUP * bytes));
            times[3].push(ways.raw(ways.group_bytes));
        }
        let [journal, bare, sent, written] = times.map(median);
        let rate = |time: Duration| (GROUP * GROUPS) as f64 / time.as_secs_f64();
        println!("entries of {name}, groups of {GROUP}, {rounds} rounds of {GROUPS} groups");
        println!("  journal, receipts made       {:>9.0}/s", rate(journal));
        println!(
            "  without tree and proofs      {:>9.0}/s   the tree takes {:.1} %",
            rate(bare),
            (1.0 - rate(journal) / rate(bare)) * 100.0
        );
        println!(
            "  raw, messages as sent        {:>9.0}/s   ratio {:.2}",
            rate(sent),
            rate(journal) / rate(sent)
        );
        println!(
            "  raw, as many bytes as we     {:>9.0}/s   ratio {:.2}",
            rate(written),
            rate(journal) / rate(written)
        );
        let seconds = if test { 0.2 } else { 5.0 };
        let (p50, p99) = ways.latencies(rate(journal) * 0.8, seconds);
        println!(
            "  at 80 % of that: from coming to receipt p50 {:.2} ms, p99 {:.2} ms",
            p50.as_secs_f64() * 1e3,
            p99.as_secs_f64() * 1e3
        );
        println!(
            "  {:.0} bytes an entry on disk",
            ways.group_bytes as f64 / GROUP as f64
        );
    }
}

/// The ways that are compared, each with files of its own.
struct Ways {
    append: Box<dyn Append>,
    bare: File,
    raw: File,
    groups: Vec<Vec<Entry>>,
    /// Bytes that the journal takes for a group.
    group_bytes: usize,
    segments: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Ways {
    fn new(bytes: usize) -> Ways {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let settings = Settings {
            folder: folder.path().join("journal"),
            // One segment for all rounds, so that its length says what was written.
            segment_bytes_max: u64::MAX,
            ..Settings::default()
        };
        let file = |name: &str| {
            let mut options = OpenOptions::new();
            let opened = options
                .create(true)
                .append(true)
                .open(folder.path().join(name));
            opened.expect("opens")
        };
        let mut messages = messages(bytes);
        Ways {
            append: journal::open(&settings).expect("opens").0,
            bare: file("bare"),
            raw: file("raw"),
            groups: (0..GROUPS)
                .map(|_| {
                    (0..GROUP)
                        .map(|_| entry(messages.next().expect("no end")))
                        .collect()
                })
                .collect(),
            group_bytes: 0,
            segments: settings.folder.join("segment-00000000.tgj"),
            _folder: folder,
        }
    }

    fn journal(&mut self) -> Duration {
        let before = (self.append.next_index(), self.written());
        let begun = Instant::now();
        for group in &self.groups {
            let committed = self.append.append(group).expect("appends");
            assert_eq!(committed.receipts.iter().flatten().count(), GROUP);
        }
        let time = begun.elapsed();
        assert_eq!(self.append.next_index() - before.0, (GROUP * GROUPS) as u64);
        self.group_bytes = (self.written() - before.1) as usize / GROUPS;
        time
    }

    fn written(&self) -> u64 {
        std::fs::metadata(&self.segments).map_or(0, |file| file.len())
    }

    /// Encodes, packs, writes, syncs, and makes receipts that prove nothing.
    fn without_tree(&mut self) -> Duration {
        let mut packer = zstd::bulk::Compressor::new(1).expect("a packer");
        let (mut raw, mut out) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        for group in &self.groups {
            out.clear();
            raw.clear();
            let mut heads = Vec::with_capacity(GROUP);
            let mut blocks = Vec::new();
            let mut block = |raw: &mut Vec<u8>| {
                blocks.extend(packer.compress(raw).expect("packs"));
                raw.clear();
            };
            for entry in group {
                let head = head(entry);
                out.extend(&head);
                heads.push(head);
                let Event::Recorded(recorded) = &entry.event else {
                    continue;
                };
                raw.extend_from_slice(&recorded.message);
                if raw.len() >= 128 << 10 {
                    block(&mut raw);
                }
            }
            block(&mut raw);
            out.extend(blocks);
            out.extend(crc32fast::hash(&out).to_be_bytes());
            self.bare.write_all(&out).expect("writes");
            self.bare.sync_data().expect("syncs");
            let issuer = Issuer::new(&[], "");
            for (index, (entry, head)) in group.iter().zip(&heads).enumerate() {
                let none = std::iter::empty();
                let receipt = issuer.receipt(entry, 0, index as u64, head, none);
                assert!(!receipt.is_empty());
            }
        }
        begun.elapsed()
    }

    fn raw(&mut self, bytes: usize) -> Duration {
        let whole: Vec<u8> = (0..bytes).map(|at| (at * 7 / 3) as u8).collect();
        let begun = Instant::now();
        for _ in 0..GROUPS {
            self.raw.write_all(&whole).expect("writes");
            self.raw.sync_data().expect("syncs");
        }
        begun.elapsed()
    }

    /// Entries come at an even rate; what has come while a group was on its way is the next
    /// one. Gives how long they took from coming to their receipt, at the median and at 99 %.
    fn latencies(&mut self, rate: f64, seconds: f64) -> (Duration, Duration) {
        let entries: Vec<Entry> = self.groups.iter().flatten().cloned().collect();
        let mut taken = 0;
        let mut latencies = Vec::new();
        let begun = Instant::now();
        while begun.elapsed().as_secs_f64() < seconds {
            let come = (begun.elapsed().as_secs_f64() * rate) as usize;
            let from = taken % entries.len();
            let to = (from + (come - taken).min(GROUP)).min(entries.len());
            if from == to {
                std::thread::sleep(Duration::from_micros(50));
                continue;
            }
            self.append.append(&entries[from..to]).expect("appends");
            let now = begun.elapsed();
            for nth in taken..taken + to - from {
                let came = Duration::from_secs_f64((nth + 1) as f64 / rate);
                latencies.push(now.saturating_sub(came));
            }
            taken += to - from;
        }
        latencies.sort_unstable();
        let at = |part: f64| latencies[(latencies.len() as f64 * part) as usize];
        (at(0.5), at(0.99))
    }
}

/// Messages as traders might send them, cut or put together to a size.
fn messages(bytes: usize) -> impl Iterator<Item = Bytes> {
    let mut generator = Generator::new(2022);
    let mut rest = Vec::new();
    std::iter::repeat_with(move || {
        while rest.len() < bytes {
            rest.extend(generator.goods(&Plan::default()).xml);
        }
        let message = Bytes::copy_from_slice(&rest[..bytes]);
        rest.drain(..bytes);
        message
    })
}

fn entry(message: Bytes) -> Entry {
    let id = uuid::Uuid::now_v7();
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Entry {
        id: Id(id),
        at: Timestamp(1_700_000_000_000),
        event: Event::Recorded(Recorded {
            trader: "acme".to_owned(),
            key: id.to_string(),
            kind: "goods".to_owned(),
            message_type: "DecMessage".to_owned(),
            reference: format!("BJ{}", &id.simple().to_string()[..16]),
            authority: "customs".to_owned(),
            fields: vec![
                field("office", "0101"),
                field("declarant", "91110000123456789X"),
                field("gross_weight", "1250.5"),
                field("goods_total", "3"),
            ],
            charset: None,
            digest: Digest::of(&message),
            message,
        }),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
