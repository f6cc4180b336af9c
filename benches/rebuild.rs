//! The view made anew from a journal, against the bare scan of that journal, in one run; then a
//! start after a clean stop, and one after a crash. `ENTRIES=n` sets how many entries. What is
//! shown is asserted to be right; no timing is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tongguan::declaration::{
    Answered, Digest, Dispatched, Entry, Event, Id, Recorded, Status, Timestamp,
};
use tongguan::journal::{self, Append, Read, Settings};
use tongguan::view::{self, Filter, View};

/// Entries when nobody says how many: quick, because every run of the tests makes them.
const ENTRIES: u64 = 20_000;

/// As the year's traffic: so many traders, some bigger than others.
const TRADERS: u64 = 2_000;

fn main() {
    let entries = std::env::var("ENTRIES").map_or(ENTRIES, |n| n.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let (mut append, read) = journal::open(&Settings {
        folder: folder.path().join("journal"),
        ..Settings::default()
    })
    .expect("opens");
    let (began, before) = (Instant::now(), processors());
    let traffic = fill(&mut *append, entries);
    assert_eq!(read.committed(), entries);
    show("journal written", entries, began.elapsed(), before);

    let (began, before) = (Instant::now(), processors());
    let mut scanned = 0;
    read.scan(0, &mut |_, _| {
        scanned += 1;
        Ok(())
    })
    .expect("scans");
    assert_eq!(scanned, entries);
    let floor = began.elapsed();
    show("bare scan", entries, floor, before);

    let path = folder.path().join("view");
    // From here on the peak is that of the view.
    _ = fs::write("/proc/self/clear_refs", "5");
    let before = processors();
    let (view, rebuilt) = open(&path, &*read, &traffic);
    show("rebuild", entries, rebuilt, before);
    println!(
        "  {:.2} times the scan",
        rebuilt.as_secs_f64() / floor.as_secs_f64()
    );
    let (began, before) = (Instant::now(), processors());
    view.close().expect("closes");
    show("clean stop", entries, began.elapsed(), before);
    println!("  {} MB on disk", bytes_of(&path) >> 20);
    drop(view);

    let before = processors();
    let (view, took) = open(&path, &*read, &traffic);
    show("start after a clean stop", entries, took, before);
    // Not closed: as after a crash of the process.
    drop(view);
    let before = processors();
    let (view, took) = open(&path, &*read, &traffic);
    show("start after a crash", entries, took, before);
    view.close().expect("closes");
}

/// Time of processors so far, of all threads, in hundredths of a second.
fn processors() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which stands in brackets: user and system time are the 12th and 13th.
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let numbers = behind.split_whitespace().skip(11).take(2);
    numbers
        .filter_map(|number| number.parse::<u64>().ok())
        .sum()
}

fn show(what: &str, entries: u64, took: Duration, before: u64) {
    let rate = entries as f64 / took.as_secs_f64();
    let memory = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap_or("unknown").trim();
    let seconds = took.as_secs_f64();
    let busy = (processors() - before) as f64 / 100.0;
    println!(
        "{what}: {entries} entries in {seconds:.2} s, {rate:.0}/s, processors {busy:.2} s, peak {peak}"
    );
}

fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let bytes = paths.map(|path| match path.is_dir() {
        true => bytes_of(&path),
        false => fs::metadata(path).expect("a file").len(),
    });
    bytes.sum()
}

/// Opens the view and looks whether it is right.
fn open(path: &Path, read: &dyn Read, traffic: &Traffic) -> (Arc<dyn View>, Duration) {
    let began = Instant::now();
    let view = view::open(path, read, &mut |_| {}).expect("opens");
    let took = began.elapsed();
    assert_eq!(view.applied(), read.committed());
    let counts = view.counts().into_iter().map(|(_, count)| count);
    assert_eq!(counts.sum::<u64>(), traffic.declarations);
    let mut random = Random(7);
    for _ in 0..1000 {
        let number = random.below(traffic.declarations);
        let row = view.by_id(id(number)).expect("answers").expect("a row");
        let keyed = view.by_key(&row.trader, &key(number)).expect("answers");
        assert_eq!(keyed.map(|keyed| keyed.id), Some(row.id));
    }
    let filter = Filter {
        limit: 50,
        ..Filter::default()
    };
    let page = view.list(&trader(0), &filter).expect("answers");
    assert!(!page.rows.is_empty());
    (view, took)
}

struct Traffic {
    declarations: u64,
}

/// Numbers from a seed, the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn id(number: u64) -> Id {
    // The form of version 7: a time first, then what looks random.
    let tail = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Id(uuid::Uuid::from_u128(
        u128::from(1_700_000_000_000 + number * 3) << 80 | 7 << 76 | u128::from(tail >> 2),
    ))
}

fn key(number: u64) -> String {
    format!(
        "6f1f5b1e-0000-4000-8000-{:012x}",
        number.wrapping_mul(0x9e37_79b9_7f4b) >> 16 ^ number
    )
}

fn trader(number: u64) -> String {
    format!("trader-{number:05}")
}

/// Declarations and what happens to them: each is dispatched at once, received soon, accepted
/// within the hour, and two of three are released later, some only after weeks.
fn fill(append: &mut dyn Append, entries: u64) -> Traffic {
    let mut random = Random(88_172_645_463_325_252);
    let mut due: BinaryHeap<Reverse<(u64, u64, u8)>> = BinaryHeap::new();
    let mut declarations = 0;
    let mut group = Vec::with_capacity(512);
    for at in 0..entries {
        let entry = match due.peek() {
            Some(Reverse((when, ..))) if *when <= at => {
                let Reverse((_, number, step)) = due.pop().expect("just seen");
                let later = match step {
                    0 => Some(50 + random.below(500)),
                    1 => Some(1_000 + random.below(20_000)),
                    2 if random.below(100) == 0 => Some(1_000_000 + random.below(1_000_000)),
                    2 if random.below(2) == 0 => Some(10_000 + random.below(100_000)),
                    _ => None,
                };
                due.extend(later.map(|later| Reverse((at + later, number, step + 1))));
                Entry {
                    id: id(number),
                    at: Timestamp(1_700_000_000_000 + at as i64),
                    event: event(number, step),
                }
            }
            _ => {
                declarations += 1;
                due.push(Reverse((at + 5 + random.below(20), declarations - 1, 0)));
                recorded(
                    declarations - 1,
                    at,
                    random.below(TRADERS).min(random.below(TRADERS)),
                )
            }
        };
        group.push(entry);
        if group.len() == 512 || at + 1 == entries {
            append.append(&group).expect("appends");
            group.clear();
        }
    }
    Traffic { declarations }
}

fn recorded(number: u64, at: u64, by: u64) -> Entry {
    let message = Bytes::from(format!(
        "<DecMessage><Number>{number}</Number></DecMessage>"
    ));
    let field = |name: &str, value: String| (name.to_owned(), value);
    Entry {
        id: id(number),
        at: Timestamp(1_700_000_000_000 + at as i64),
        event: Event::Recorded(Recorded {
            trader: trader(by),
            key: key(number),
            kind: "goods".to_owned(),
            message_type: "DecMessage".to_owned(),
            reference: format!("2026-{number:010}"),
            authority: "customs".to_owned(),
            fields: vec![
                field("client_seq_no", format!("2026-{number:010}")),
                field("ie_flag", "I".to_owned()),
                field("customs_code", format!("{:04}", number % 9000)),
                field("trade_code", format!("{:010}", by * 37)),
                field("bill_no", format!("COSU{:010}", number * 3)),
                field("gross_weight", format!("{}.5", number % 30_000)),
                field("goods_count", format!("{}", 1 + number % 20)),
            ],
            charset: None,
            digest: Digest::of(&message),
            message,
        }),
    }
}

fn event(number: u64, step: u8) -> Event {
    let authority = "customs".to_owned();
    let (code, text, status) = match step {
        0 => {
            return Event::Dispatched(Dispatched {
                authority,
                attempts: 1,
            });
        }
        1 => ("0", "stored by the intake", Status::Received),
        2 => ("7", "accepted for examination", Status::Accepted),
        _ => ("P", "released", Status::Released),
    };
    let message = Bytes::from(format!("<Response><N>{number}</N><C>{code}</C></Response>"));
    Event::Answered(Answered {
        authority,
        message_type: "DecResult".to_owned(),
        code: code.to_owned(),
        text: text.to_owned(),
        status: Some(status),
        authority_reference: Some(format!("I20260000{number:010}")),
        facts: vec![("entry_id".to_owned(), format!("0101{number:014}"))],
        digest: Digest::of(&message),
        message,
    })
}
