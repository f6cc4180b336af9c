//! The record stage's work: groups of messages encoded, packed, hashed, signed, written and
//! synced, and a receipt made for each. In the same run, taking turns: the same without tree,
//! signature and proofs; a raw append and `fdatasync` of the messages as they were sent; and
//! one of as many bytes as the journal wrote. Results are asserted; no timing is.
//!
//! `taskset -c 0 cargo bench --bench record` prints for small and large messages: entries a
//! second and ratios (medians of rounds) for the largest groups and for those that form when
//! entries come at the rate that is the goal, what the tree costs, the latency when they come at
//! 80 % of the goal and of what was reached, and bytes on disk. `ROUNDS=n` sets the rounds. With
//! `--test` it is one round of one group and a tenth of a second at each rate: done in a second.
//!
//! Time is time on the clock. Processor time, which others on the machine disturb less, is
//! printed beside it where Linux tells it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tongguan::declaration::{Digest, Entry, Event, Id, Recorded, Timestamp};
use tongguan::generator::{Generator, Plan};
use tongguan::journal::issue::Issuer;
use tongguan::journal::{self, Append, Settings, head};

/// The largest groups: the most that the pipeline puts into one.
const GROUP: usize = 512;

/// Entries of one round.
const ENTRIES: usize = 32 * GROUP;

/// Messages, their bytes, and how many of them a second are the goal on one core.
const SIZES: [(&str, usize, f64); 2] = [("300 B", 300, 150e3), ("4 kB", 4096, 40e3)];

fn main() {
    // How cargo asks whether a bench works at all.
    let test = std::env::args().any(|argument| argument == "--test");
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let rounds: usize = if test { 1 } else { rounds.unwrap_or(15) };
    let (entries, seconds) = if test { (GROUP, 0.1) } else { (ENTRIES, 3.0) };
    for (name, bytes, goal) in SIZES {
        let mut ways = Ways::new(bytes, entries);
        println!("entries of {name}, {rounds} rounds of {entries}");
        let reached = ways.compare(rounds, GROUP);
        let paced = ways.paced(goal, seconds);
        ways.compare(rounds, paced.group);
        println!("  entries that come evenly     from coming to receipt");
        for (of, rate) in [("goal", goal), ("reached", reached)] {
            let rate = rate * 0.8;
            println!(
                "    80 % of {of:<8} {rate:>9.0}/s   {}",
                ways.paced(rate, seconds)
            );
        }
        println!("    the goal         {goal:>9.0}/s   {paced}");
    }
}

/// The ways that are compared, each with files of its own.
struct Ways {
    append: Box<dyn Append>,
    bare: File,
    raw: File,
    entries: Vec<Entry>,
    /// Bytes of each message.
    bytes: usize,
    segment: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Ways {
    fn new(bytes: usize, entries: usize) -> Ways {
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
        Ways {
            append: journal::open(&settings).expect("opens").0,
            bare: file("bare"),
            raw: file("raw"),
            entries: messages(bytes).take(entries).map(entry).collect(),
            bytes,
            segment: settings.folder.join("segment-00000000.tgj"),
            _folder: folder,
        }
    }

    /// All ways with groups of one size, in turns. Prints what they came to, and gives how many
    /// entries a second the journal took.
    fn compare(&mut self, rounds: usize, group: usize) -> f64 {
        let (written, next) = (self.written(), self.append.next_index());
        let mut taken: [Vec<Taken>; 4] = Default::default();
        for _ in 0..rounds {
            taken[0].push(self.journal(group));
            let grown = self.append.next_index() - next;
            let each = (self.written() - written) as usize / grown as usize;
            taken[1].push(self.without_tree(group));
            taken[2].push(self.raw(group, self.bytes));
            taken[3].push(self.raw(group, each));
        }
        let grown = self.append.next_index() - next;
        let each = (self.written() - written) / grown;
        let count = self.entries.len() as f64;
        let rate = |taken: &Taken| count / taken.wall.as_secs_f64();
        let busy = |taken: &Taken| taken.busy.as_nanos() as f64 / count;
        let [journal, bare, sent, same] = taken.map(middle);
        println!("  groups of {group}, {each} bytes an entry on disk");
        let line = |name: &str, taken: &Taken, more: String| {
            println!(
                "    {name:<25} {:>9.0}/s   processor {:>5.0} ns an entry   {more}",
                rate(taken),
                busy(taken),
            );
        };
        line("journal, receipts made", &journal, String::new());
        let lost = format!(
            "the tree takes {:.0} % of the time, {:.0} ns",
            (1.0 - rate(&journal) / rate(&bare)) * 100.0,
            busy(&journal) - busy(&bare),
        );
        line("without tree and proofs", &bare, lost);
        for (name, raw) in [
            ("raw, messages as sent", &sent),
            ("raw, as many bytes", &same),
        ] {
            line(
                name,
                raw,
                format!("ratio {:.2}", rate(&journal) / rate(raw)),
            );
        }
        rate(&journal)
    }

    fn journal(&mut self, group: usize) -> Taken {
        let clock = Clock::start();
        for entries in self.entries.chunks(group) {
            let committed = self.append.append(entries).expect("appends");
            assert_eq!(committed.receipts.iter().flatten().count(), entries.len());
        }
        clock.taken()
    }

    fn written(&self) -> u64 {
        std::fs::metadata(&self.segment).map_or(0, |file| file.len())
    }

    /// Encodes, packs, writes, syncs, and makes receipts that prove nothing.
    fn without_tree(&mut self, group: usize) -> Taken {
        let mut packer = zstd::bulk::Compressor::new(1).expect("a packer");
        let (mut raw, mut out) = (Vec::new(), Vec::new());
        let clock = Clock::start();
        for entries in self.entries.chunks(group) {
            out.clear();
            raw.clear();
            let mut heads = Vec::with_capacity(entries.len());
            let mut blocks = Vec::new();
            let mut block = |raw: &mut Vec<u8>| {
                blocks.extend(packer.compress(raw).expect("packs"));
                raw.clear();
            };
            for entry in entries {
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
            for (index, (entry, head)) in entries.iter().zip(&heads).enumerate() {
                let none = std::iter::empty();
                let receipt = issuer.receipt(entry, 0, index as u64, head, none);
                assert!(!receipt.is_empty());
            }
        }
        clock.taken()
    }

    /// Appends and syncs `bytes` for every entry, a group at a time.
    fn raw(&mut self, group: usize, bytes: usize) -> Taken {
        let whole: Vec<u8> = (0..group * bytes).map(|at| (at * 7 / 3) as u8).collect();
        let clock = Clock::start();
        for entries in self.entries.chunks(group) {
            let bytes = &whole[..entries.len() * bytes];
            self.raw.write_all(bytes).expect("writes");
            self.raw.sync_data().expect("syncs");
        }
        clock.taken()
    }

    /// Entries come at an even rate; what has come while a group was on its way is the next
    /// one.
    fn paced(&mut self, rate: f64, seconds: f64) -> Paced {
        let mut taken = 0;
        let (mut latencies, mut groups) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while taken == 0 || begun.elapsed().as_secs_f64() < seconds {
            let come = (begun.elapsed().as_secs_f64() * rate) as usize;
            let from = taken % self.entries.len();
            let to = (from + (come - taken).min(GROUP)).min(self.entries.len());
            if from == to {
                std::thread::sleep(Duration::from_micros(50));
                continue;
            }
            let entries = &self.entries[from..to];
            self.append.append(entries).expect("appends");
            let now = begun.elapsed();
            for nth in taken..taken + entries.len() {
                let came = Duration::from_secs_f64((nth + 1) as f64 / rate);
                latencies.push(now.saturating_sub(came));
            }
            taken += entries.len();
            groups.push(entries.len());
        }
        latencies.sort_unstable();
        groups.sort_unstable();
        let at = |part: f64| latencies[(latencies.len() as f64 * part) as usize];
        Paced {
            group: groups[groups.len() / 2],
            p50: at(0.5),
            p99: at(0.99),
        }
    }
}

/// What came of entries at an even rate.
struct Paced {
    /// Entries of a group, at the median.
    group: usize,
    p50: Duration,
    p99: Duration,
}

impl std::fmt::Display for Paced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99] = [self.p50, self.p99].map(|time| time.as_secs_f64() * 1e3);
        write!(
            f,
            "p50 {p50:.2} ms, p99 {p99:.2} ms, groups of {}",
            self.group
        )
    }
}

/// What a round took: on the clock, and of the processor.
#[derive(Clone, Copy)]
struct Taken {
    wall: Duration,
    busy: Duration,
}

struct Clock {
    begun: Instant,
    busy: Duration,
}

impl Clock {
    fn start() -> Clock {
        Clock {
            busy: busy(),
            begun: Instant::now(),
        }
    }

    fn taken(&self) -> Taken {
        Taken {
            wall: self.begun.elapsed(),
            busy: busy() - self.busy,
        }
    }
}

/// Processor time of this thread so far; zero where the system does not tell.
fn busy() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
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

/// The time on the clock at the median, processor time at the mean: the system counts it in
/// steps that are too large for one round.
fn middle(mut taken: Vec<Taken>) -> Taken {
    taken.sort_unstable_by_key(|taken| taken.wall);
    Taken {
        wall: taken[taken.len() / 2].wall,
        busy: taken.iter().map(|taken| taken.busy).sum::<Duration>() / taken.len() as u32,
    }
}
