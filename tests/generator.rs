//! What the generator makes means to the gateway what the generator says: messages without a
//! mistake have no finding, not even a warning; others have the findings of their mistakes, each
//! once and at its place, and no other.
//!
//! `COUNT=100000 SEED=5 cargo test --release --test generator`; without them there are as many as
//! a few seconds allow, of the one seed that is printed.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use tongguan::config::Config;
use tongguan::family::{Catalogue, Checked, render};
use tongguan::finding::Findings;
use tongguan::gateway;
use tongguan::generator::{Generated, Generator, Kind, Plan, YEAR_2022};
use tongguan::xml::Limits;

/// Messages, if the environment names no other number.
const COUNT: u64 = 30_000;
const SEED: u64 = 2_022;

#[test]
fn findings_are_those_that_were_planted() {
    let count = number("COUNT").unwrap_or(COUNT);
    let seed = number("SEED").unwrap_or(SEED);
    println!("COUNT={count} SEED={seed}");
    let catalogue = catalogue();
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let seen: Vec<(Seen, Vec<String>)> = thread::scope(|scope| {
        let part = |part| {
            let catalogue = &catalogue;
            scope.spawn(move || check_part(catalogue, seed, part, threads, count))
        };
        let running: Vec<_> = (0..threads).map(part).collect();
        running
            .into_iter()
            .map(|part| part.join().expect("a part"))
            .collect()
    });
    let mut seen_once = Seen::new();
    let mut wrong = Vec::new();
    for (seen, found) in seen {
        wrong.extend(found);
        for (name, times) in seen {
            *seen_once.entry(name).or_default() += times;
        }
    }
    assert!(
        wrong.is_empty(),
        "of {} messages, the first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(12)].join("\n\n")
    );
    for kind in Kind::ALL {
        for fault in kind.faults() {
            let name = (kind.name(), fault.name);
            println!(
                "{:6} {} {}: {}",
                seen_once.get(&name).unwrap_or(&0),
                name.0,
                fault.code,
                name.1
            );
        }
    }
    for kind in Kind::ALL {
        for fault in kind.faults() {
            let name = (kind.name(), fault.name);
            assert!(seen_once.contains_key(&name), "{name:?} was never planted");
        }
    }
}

type Seen = BTreeMap<(&'static str, &'static str), u64>;

/// Checks a part of the messages, counts the mistakes that were in them, and says which messages
/// have other findings than those.
fn check_part(
    catalogue: &Catalogue,
    seed: u64,
    part: u64,
    of: u64,
    count: u64,
) -> (Seen, Vec<String>) {
    let mut generator = Generator::part(seed, part, of);
    let mut seen = Seen::new();
    let mut wrong = Vec::new();
    let mut number = part;
    while number < count {
        // Families, types and numbers of mistakes in turn, and each mistake by its name.
        let kind = Kind::ALL[(number % 4) as usize];
        let turn = number / 4;
        let types: Vec<&'static str> = kind.message_types().collect();
        let faults = kind.faults();
        let mistakes = (turn / 2 % 4) as usize;
        let named = faults[(turn / 8 % faults.len() as u64) as usize].name;
        let plan = Plan {
            message_type: Some(types[(turn % types.len() as u64) as usize]),
            faults: mistakes,
            fault: (mistakes > 0).then_some(named),
        };
        let message = generator.generate(kind, &plan);
        for planted in &message.planted {
            *seen.entry((kind.name(), planted.name)).or_default() += 1;
        }
        wrong.extend(verify(catalogue, &message, seed, number));
        number += of;
    }
    (seen, wrong)
}

fn verify(catalogue: &Catalogue, message: &Generated, seed: u64, number: u64) -> Option<String> {
    let Checked {
        findings,
        message: read,
    } = catalogue.check(&message.xml, None, &Limits::default());
    let mut found: Vec<(String, String)> = listed(&findings);
    let planted = message
        .planted
        .iter()
        .map(|planted| (planted.code.to_owned(), planted.path.clone()));
    let mut planted: Vec<(String, String)> = planted.collect();
    found.sort();
    planted.sort();
    if found != planted {
        return Some(format!(
            "seed {seed}, message {number}: planted {:#?}, found\n{}\nin\n{}",
            message.planted,
            render(&findings),
            String::from_utf8_lossy(&message.xml)
        ));
    }
    // What an envelope holds is read from it, unless it is in no base64.
    let Some(read) = read else {
        assert_eq!(message.message_type, "DxpMsg");
        return None;
    };
    assert_eq!(&*read.kind, message.kind.name());
    let inside = match message.message_type {
        "DxpMsg" => "DecMessage",
        other => other,
    };
    assert_eq!(&*read.message_type, inside);
    if message.planted.is_empty() {
        assert_eq!(read.field("reference"), Some(message.reference.as_str()));
    }
    None
}

fn listed(findings: &Findings) -> Vec<(String, String)> {
    let list = findings.list().iter();
    list.map(|finding| (finding.code.to_string(), finding.path.clone()))
        .collect()
}

/// The same seed gives the same messages, in one part or in several, and no reference twice.
#[test]
fn a_seed_is_a_sequence() {
    let plan = Plan::faulty(1);
    let mut whole = Generator::new(3);
    let mut halves = [Generator::part(3, 0, 2), Generator::part(3, 1, 2)];
    let mut references = BTreeMap::new();
    for number in 0..2_000 {
        let one = whole.year_mix(&plan);
        let other = halves[number % 2].year_mix(&plan);
        assert!(
            one.xml == other.xml,
            "message {number} of another part differs"
        );
        assert_eq!(one.planted, other.planted);
        assert_eq!(
            references.insert(one.reference.clone(), number),
            None,
            "{}",
            one.reference
        );
    }
    assert!(whole.year_mix(&plan).xml != Generator::new(4).year_mix(&plan).xml);
}

/// A year's mix has the proportions of the year.
#[test]
fn a_year_is_mixed_as_in_2022() {
    let mut generator = Generator::new(11);
    let mut counts = BTreeMap::new();
    let drawn = 4_000;
    for _ in 0..drawn {
        *counts
            .entry(generator.year_mix(&Plan::default()).kind.name())
            .or_insert(0_u64) += 1;
    }
    let whole: u64 = YEAR_2022.iter().map(|(messages, _)| messages).sum();
    for (messages, kind) in YEAR_2022 {
        let expected = drawn * messages / whole;
        let count = counts.get(kind.name()).copied().unwrap_or(0);
        assert!(
            count.abs_diff(expected) < 150,
            "{}: {count} for {expected}",
            kind.name()
        );
    }
}

fn catalogue() -> Catalogue {
    let config = Config {
        families: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")),
        ..Config::default()
    };
    gateway::catalogue(&config).expect("families")
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is not a number")),
    )
}
