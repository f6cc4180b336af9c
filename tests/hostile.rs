//! Inputs that want to take the machine: `tests/xsd/datatypes/hostile/hostile.toml` describes
//! them, this makes them by code. Each is answered as the table says, whether by a verdict or
//! by a limit, and for a price that its own size bounds. The price is counted, not timed: the
//! bytes and the number of allocations, and the most that was alive at once. Recursion shows
//! on a thread with a small stack, an endless walk is ended by a guard that names the case.
//! Each case is made small as well, and then has the verdict that any validator gives.

#[path = "support/counting.rs"]
mod counting;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::time::Duration;

use counting::{ALLOCATED, COUNT, Counting, LIVE, PEAK};
use serde::Deserialize;
use tongguan::finding::Findings;
use tongguan::schema::{Files, Schema};
use tongguan::xml::{Document, Limits};

#[global_allocator]
static COUNTING: Counting = Counting;

/// The stack of a thread that a gateway's work may run on; the main thread has four times it.
const STACK: usize = 2 << 20;
/// A guard against what never ends: what does end takes some seconds, even without
/// optimisation. Nothing is measured by it.
const HANG: Duration = Duration::from_secs(60);

/// What a case may cost for each byte of its schema and document, and beside that. A schema
/// of one-line declarations becomes a tree of nodes with maps and then tables: some hundreds
/// of bytes a line.
const ALLOCATED_PER_BYTE: usize = 100;
const PEAK_PER_BYTE: usize = 50;
/// The largest automaton within the limits, whatever few bytes ask for it: two million pairs
/// of 32 bytes, in lists that double as they grow.
const ALLOCATED_ASIDE: usize = 256 << 20;
const PEAK_ASIDE: usize = 128 << 20;
/// Allocations for each byte: the engine of a pattern of ten bytes takes forty.
const COUNT_PER_BYTE: usize = 4;
const COUNT_ASIDE: usize = 500_000;

/// As for `tongguan validate --schema`, the door with the widest limits.
fn limits() -> Limits {
    Limits {
        depth_max: 2_000,
        attributes_max: 100_000,
        tag_bytes_max: 64 << 20,
        name_bytes_max: 64 << 10,
        text_bytes_max: 256 << 20,
        elements_max: 100_000_000,
        findings_max: 100,
        doctype: false,
    }
}

#[derive(Deserialize)]
struct Table {
    schema_kind: BTreeMap<String, Kind>,
    document_kind: BTreeMap<String, Kind>,
    hostile: Vec<Case>,
}

/// How a text is made of a number; the head of the table says it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Kind {
    head: String,
    each: String,
    middle: String,
    back: String,
    tail: String,
    file_name: Option<String>,
    file_text: String,
    last_text: String,
}

#[derive(Deserialize, Clone)]
struct Case {
    name: String,
    schema_kind: String,
    document_kind: String,
    n: u64,
    doc_n: Option<u64>,
    expect: String,
    #[serde(default)]
    words: Vec<String>,
    small_n: u64,
    small_doc_n: Option<u64>,
    small_expect: String,
}

fn filled(text: &str, i: u64, n: u64) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    text.replace("{i}", &i.to_string())
        .replace("{next}", &(i + 1).to_string())
        .replace("{n}", &n.to_string())
        .replace("{last}", &n.saturating_sub(1).to_string())
}

impl Kind {
    fn text(&self, n: u64) -> String {
        let mut text = filled(&self.head, 0, n);
        let numbered = |part: &str| part.contains('{');
        match numbered(&self.each) {
            true => (0..n).for_each(|i| text += &filled(&self.each, i, n)),
            false => text += &self.each.repeat(n as usize),
        }
        text += &filled(&self.middle, 0, n);
        match numbered(&self.back) {
            true => (0..n).rev().for_each(|i| text += &filled(&self.back, i, n)),
            false => text += &self.back.repeat(n as usize),
        }
        text + &filled(&self.tail, 0, n)
    }

    fn files(&self, n: u64) -> Files {
        let mut files = Files::from([("main.xsd".to_owned(), self.text(n).into_bytes())]);
        if let Some(name) = &self.file_name {
            for i in 0..=n {
                let text = if i < n {
                    &self.file_text
                } else {
                    &self.last_text
                };
                files.insert(filled(name, i, n), filled(text, i, n).into_bytes());
            }
        }
        files
    }
}

/// What became of a case.
enum Outcome {
    /// The schema is refused, with these words.
    Schema(String),
    /// The document was read, to its end or not, with these findings.
    Document(bool, Vec<String>),
}

fn outcome(files: &Files, document: Option<&str>) -> Outcome {
    let schema = match Schema::compile("main.xsd", files) {
        Ok(schema) => schema,
        Err(mistake) => return Outcome::Schema(mistake.text),
    };
    let Some(text) = document else {
        return Outcome::Document(true, Vec::new());
    };
    let mut findings = Findings::new(limits().findings_max);
    let complete = match Document::decode(text.as_bytes(), None, &mut findings) {
        Some(document) => schema.walk(&document, &limits(), &mut (), &mut findings),
        None => false,
    };
    let list = findings.list().iter();
    let said = list.map(|finding| format!("{} {}", finding.code, finding.expected));
    Outcome::Document(complete, said.collect())
}

/// Whether the outcome is what one alternative of `expect` says.
fn is(outcome: &Outcome, expect: &str, words: &[String]) -> bool {
    let has = |text: &str| {
        let text = text.to_lowercase();
        words.is_empty() || words.iter().any(|word| text.contains(&word.to_lowercase()))
    };
    match (expect, outcome) {
        ("accept", Outcome::Document(complete, findings)) => *complete && findings.is_empty(),
        ("invalid", Outcome::Document(complete, findings)) => {
            let named = words.iter().any(|word| word.starts_with("cvc-"));
            let fits = |finding: &String| finding.starts_with("cvc-") && (!named || has(finding));
            *complete && findings.iter().any(fits)
        }
        ("wrong" | "limit", Outcome::Schema(text)) => has(text),
        ("limit", Outcome::Document(_, findings)) => findings.iter().any(|finding| has(finding)),
        ("not-well-formed", Outcome::Schema(text)) => text.starts_with("xml-"),
        ("not-well-formed", Outcome::Document(complete, findings)) => {
            !complete && findings.iter().any(|finding| finding.starts_with("xml-"))
        }
        _ => false,
    }
}

/// Runs one case at one size; what is wrong with it, if anything.
fn run(table: &Table, case: &Case, n: u64, doc_n: u64, expect: &str) -> Vec<String> {
    let files = table.schema_kind[&case.schema_kind].files(n);
    let document = match case.document_kind.as_str() {
        "none" => None,
        kind => Some(table.document_kind[kind].text(doc_n)),
    };
    let input =
        files.values().map(Vec::len).sum::<usize>() + document.as_ref().map_or(0, String::len);
    let (allocated, count, live) = (
        ALLOCATED.load(Relaxed),
        COUNT.load(Relaxed),
        LIVE.load(Relaxed),
    );
    PEAK.store(live, Relaxed);
    let found = outcome(&files, document.as_deref());
    let allocated = ALLOCATED.load(Relaxed) - allocated;
    let count = COUNT.load(Relaxed) - count;
    let peak = PEAK.load(Relaxed) - live;
    let said = match &found {
        Outcome::Schema(text) => format!("schema: {}", short(text)),
        Outcome::Document(complete, findings) => {
            let first = findings.first().map_or("", |first| short(first));
            format!("complete {complete}, {} findings {first}", findings.len())
        }
    };
    println!(
        "{} {n}: {input} bytes, allocated {allocated}, peak {peak}, {count} times; {said}",
        case.name
    );
    let mut wrong = Vec::new();
    let mut alternatives = expect.split("-or-");
    if !alternatives.any(|expect| is(&found, expect, &case.words)) {
        wrong.push(format!("{} {n}: {expect} expected, {said}", case.name));
    }
    for (what, cost, bound) in [
        (
            "allocated",
            allocated,
            ALLOCATED_PER_BYTE * input + ALLOCATED_ASIDE,
        ),
        ("alive", peak, PEAK_PER_BYTE * input + PEAK_ASIDE),
        ("allocations", count, COUNT_PER_BYTE * input + COUNT_ASIDE),
    ] {
        if cost > bound {
            wrong.push(format!(
                "{} {n}: {what} {cost}, more than {bound}",
                case.name
            ));
        }
    }
    wrong
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(200)]
}

#[test]
fn hostile_inputs_have_an_answer_and_a_price() {
    let text = include_str!("xsd/datatypes/hostile/hostile.toml");
    let table: &'static Table = Box::leak(Box::new(toml::from_str(text).expect("a right table")));
    assert!(table.hostile.len() >= 118, "{} cases", table.hostile.len());
    let only = std::env::var("HOSTILE").unwrap_or_default();
    let mut wrong = Vec::new();
    for case in table
        .hostile
        .iter()
        .filter(|case| case.name.contains(&only))
    {
        let (done, answer) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(case.name.clone())
            .stack_size(STACK)
            .spawn(move || {
                let small_doc_n = case.small_doc_n.unwrap_or(case.small_n);
                let mut wrong = run(table, case, case.small_n, small_doc_n, &case.small_expect);
                let doc_n = case.doc_n.unwrap_or(case.n);
                wrong.extend(run(table, case, case.n, doc_n, &case.expect));
                _ = done.send(wrong);
            });
        let thread = thread.expect("a thread");
        match answer.recv_timeout(HANG) {
            Ok(found) => wrong.extend(found),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                eprintln!("{} does not end", case.name);
                std::process::abort();
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                wrong.push(format!("{} panicked", case.name));
            }
        }
        _ = thread.join();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
