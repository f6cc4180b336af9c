//! Our verdicts against those of others. Documents are sampled from every schema that we ship
//! and from those of `tests/schemas`; half of them are changed in one place. xmllint, the
//! Python package xmlschema and the crate xsd-schema are asked whether they are valid. Where
//! one says something else, the standard decides: we are wrong, or it is, and then
//! `support/excuses.rs` says why. `SEED` and `DOCUMENTS` may be given; a disagreement leaves
//! its document in the target folder.

#[path = "support/excuses.rs"]
mod excuses;
#[path = "support/mutate.rs"]
mod mutate;
#[path = "support/oracles.rs"]
mod oracles;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tongguan::finding::{Finding, Findings};
use tongguan::schema::{Files, Random, Schema};
use tongguan::xml::{Document, Limits};

use excuses::Dispute;
use oracles::{Oracle, Verdict};

/// Documents altogether, unless `DOCUMENTS` says otherwise.
const DOCUMENTS: usize = 40_000;
/// The seed, unless `SEED` says otherwise.
const SEED: u64 = 20_260_101;
/// The slow oracle sees one document in so many.
const SLOW_SHARE: usize = 4;
/// Disagreements that are printed; the rest is counted.
const PRINTED_MAX: usize = 25;

/// A schema and where it lies.
struct Subject {
    /// Below the root of the repository.
    name: String,
    path: PathBuf,
    schema: Schema,
}

/// A document, and what we say of it.
struct Case {
    text: String,
    /// What was changed; empty of one as it was sampled.
    change: &'static str,
    /// What we find: nothing in a valid one.
    found: Vec<Finding>,
}

#[derive(Default)]
struct Tally {
    documents: usize,
    refused: usize,
    compared: BTreeMap<&'static str, usize>,
    excused: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

#[test]
fn others_come_to_the_same_verdicts() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("SEED").unwrap_or(SEED);
    let documents = number("DOCUMENTS").map_or(DOCUMENTS, |documents| documents as usize);
    println!("SEED={seed} DOCUMENTS={documents}");
    let oracles: Vec<Oracle> = Oracle::ALL
        .into_iter()
        .filter(|oracle| oracle.is_there())
        .collect();
    let subjects = subjects();
    assert!(subjects.len() >= 24, "only {} schemas", subjects.len());
    let each = documents.div_ceil(subjects.len());
    let tally = Mutex::new(Tally::default());
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(subject) = subjects.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Its own numbers, whichever thread takes it: others do not depend on it.
            let own = subject.name.bytes().fold(seed, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(u64::from(byte))
            });
            examine(subject, each, &mut Random::new(own), &oracles, &tally);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let mut tally = tally.into_inner().expect("no thread panicked");
    tally.wrong.sort();
    println!(
        "{} documents, {} refused by us",
        tally.documents, tally.refused
    );
    println!(
        "compared: {:?}\nexcused: {:#?}",
        tally.compared, tally.excused
    );
    // What is only accepted, or only refused, compares nothing.
    let (few, many) = (tally.documents / 5, tally.documents / 2);
    assert!(
        (few..=many).contains(&tally.refused),
        "{} refused",
        tally.refused
    );
    assert!(
        tally.documents * 10 >= documents * 9,
        "{} documents",
        tally.documents
    );
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential.txt");
    fs::write(all, tally.wrong.join("\n")).expect("writes");
    let printed = &tally.wrong[..tally.wrong.len().min(PRINTED_MAX)];
    assert!(
        printed.is_empty(),
        "{} wrong\n{}",
        tally.wrong.len(),
        printed.join("\n")
    );
}

/// Samples documents of one schema and compares verdicts.
fn examine(
    subject: &Subject,
    documents: usize,
    random: &mut Random,
    oracles: &[Oracle],
    tally: &Mutex<Tally>,
) {
    let mut cases: Vec<Case> = Vec::new();
    let mut wrong = Vec::new();
    let mut luckless = 0;
    while cases.len() < documents && luckless < documents + 50 {
        let Some(text) = subject.schema.sample(random) else {
            luckless += 1;
            continue;
        };
        let found = findings(&subject.schema, &text);
        if !found.is_empty() {
            let place = keep(subject, "sampled", &text, cases.len());
            wrong.push(format!(
                "{}: sampled, and refused by us: {:?} {place}",
                subject.name,
                codes(&found)
            ));
        }
        let (changed, change) = mutate::mutate(&text, random);
        cases.push(Case {
            text,
            change: "",
            found,
        });
        let found = findings(&subject.schema, &changed);
        cases.push(Case {
            text: changed,
            change,
            found,
        });
    }
    if cases.len() < documents {
        wrong.push(format!(
            "{}: only {} documents were sampled",
            subject.name,
            cases.len()
        ));
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (number, case) in cases.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.xml")), &case.text).expect("writes");
    }
    let mut compared = BTreeMap::new();
    let mut excused = BTreeMap::new();
    for oracle in oracles {
        let share = if *oracle == Oracle::Xmlschema {
            SLOW_SHARE
        } else {
            1
        };
        // By pairs: the one as sampled, and the changed one.
        let chosen: Vec<usize> = (0..cases.len()).filter(|at| at / 2 % share == 0).collect();
        let verdicts = oracle.ask(&subject.path, folder.path(), &chosen);
        *compared.entry(oracle.name()).or_insert(0) += chosen.len();
        for (number, verdict) in chosen.into_iter().zip(verdicts) {
            let case = &cases[number];
            let valid = matches!(verdict, Verdict::Valid);
            if valid == case.found.is_empty() {
                continue;
            }
            let said = match &verdict {
                Verdict::Valid => "",
                Verdict::Invalid(why) => why,
            };
            let excuse = excuses::find(&Dispute {
                oracle: *oracle,
                schema: &subject.name,
                document: &case.text,
                found: &case.found,
                said,
            });
            if let Some(reason) = excuse {
                *excused
                    .entry(format!("{}: {reason}", oracle.name()))
                    .or_insert(0) += 1;
                continue;
            }
            let place = keep(subject, oracle.name(), &case.text, number);
            let change = if case.change.is_empty() {
                "as sampled"
            } else {
                case.change
            };
            wrong.push(format!(
                "{}: {change}: we find {:?}, {} says {:?} {place}",
                subject.name,
                codes(&case.found),
                oracle.name(),
                verdict
            ));
        }
    }
    let mut tally = tally.lock().expect("no thread panicked");
    tally.documents += cases.len();
    tally.refused += cases.iter().filter(|case| !case.found.is_empty()).count();
    for (oracle, count) in compared {
        *tally.compared.entry(oracle).or_insert(0) += count;
    }
    for (excuse, count) in excused {
        *tally.excused.entry(excuse).or_insert(0) += count;
    }
    tally.wrong.extend(wrong);
}

/// Writes a document about which opinions differ; gives its place in the target folder.
fn keep(subject: &Subject, oracle: &str, text: &str, number: usize) -> String {
    let name = subject.name.replace('/', "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{name}-{oracle}-{number}.xml"));
    fs::write(&path, text).expect("writes");
    path.display().to_string()
}

fn findings(schema: &Schema, text: &str) -> Vec<Finding> {
    let mut findings = Findings::new(100);
    let document = Document::from_text(text);
    schema.walk(&document, &Limits::default(), &mut (), &mut findings);
    findings.list().to_vec()
}

/// The codes of findings, each once.
fn codes(found: &[Finding]) -> BTreeSet<&str> {
    found.iter().map(|finding| &*finding.code).collect()
}

/// The entry schemas of the families, and those of `tests/schemas`.
fn subjects() -> Vec<Subject> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut entries: BTreeSet<PathBuf> = BTreeSet::new();
    for family in fs::read_dir(root.join("schemas")).expect("the families") {
        let folder = family.expect("a family").path();
        let Ok(text) = fs::read_to_string(folder.join("family.toml")) else {
            continue;
        };
        let family: toml::Table = toml::from_str(&text).expect("TOML");
        for message in family["message"].as_array().expect("messages") {
            entries.insert(folder.join(message["schema"].as_str().expect("a schema")));
        }
    }
    for entry in fs::read_dir(root.join("tests/schemas")).expect("the schemas") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "xsd") {
            entries.insert(path);
        }
    }
    let subject = |path: PathBuf| {
        let folder = path.parent().expect("a folder");
        let mut files = Files::new();
        gather(folder, "", &mut files);
        let file = path.file_name().expect("a name").to_string_lossy();
        let schema = Schema::compile(&file, &files)
            .unwrap_or_else(|mistake| panic!("{}: {mistake}", path.display()));
        let name = path.strip_prefix(root).expect("below the root");
        Subject {
            name: name.to_string_lossy().into_owned(),
            schema,
            path: path.clone(),
        }
    };
    entries.into_iter().map(subject).collect()
}

/// The schema files of a folder and those below it, by their names from there.
fn gather(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() {
            gather(&path, &format!("{prefix}{name}/"), files);
        } else if name.ends_with(".xsd") {
            files.insert(format!("{prefix}{name}"), fs::read(&path).expect("reads"));
        }
    }
}
