//! A walk of a valid document allocates nothing for an element: one of ten thousand elements
//! takes as many allocations as one of a thousand, and no more memory at once. The messages of
//! `tests/messages` are made longer by code; the document itself lies outside what is counted.
//! And rules that hold allocate nothing: a check costs as many allocations with them as without.

#[path = "support/counting.rs"]
mod counting;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use counting::{COUNT, Counting, LIVE, PEAK};
use tongguan::config::Config;
use tongguan::family::Catalogue;
use tongguan::finding::Findings;
use tongguan::gateway;
use tongguan::schema::{Files, Schema};
use tongguan::xml::{Document, Limits};

/// Held while something is counted: tests of one program share its allocator.
static COUNTED: Mutex<()> = Mutex::new(());

#[global_allocator]
static COUNTING: Counting = Counting;

/// Family, entry schema, message, and the element in it that may come any number of times.
const MESSAGES: &[(&str, &str, &str, &str)] = &[
    ("goods", "dec.xsd", "import-air-one-item", "DecList"),
    ("goods", "dec.xsd", "export-fifty-items", "DecList"),
    ("goods", "dec.xsd", "every-element", "DecList"),
    ("manifest", "MT1201.xsd", "mt1201-main", "Consignment"),
    (
        "manifest",
        "MT1201.xsd",
        "mt1201-every-element",
        "Consignment",
    ),
    (
        "manifest",
        "MT1201.xsd",
        "mt1201-house-bills-dangerous-goods",
        "Consignment",
    ),
    (
        "manifest",
        "MT1201.xsd",
        "mt1201-flight-of-200-waybills",
        "Consignment",
    ),
    ("manifest", "MT2201.xsd", "mt2201-main", "Consignment"),
];

/// The schema files of a family.
fn files(family: &str) -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(family);
    let mut files = Files::new();
    for entry in fs::read_dir(folder).expect("the family's folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "xsd") {
            let name = path.file_name().expect("a name").to_string_lossy();
            files.insert(name.into_owned(), fs::read(&path).expect("a schema"));
        }
    }
    files
}

fn elements(text: &str) -> usize {
    text.matches('<').count() - text.matches("</").count() - text.matches("<?").count()
}

/// The message with the first element of this name so often that it has at least `wanted`
/// elements.
fn longer(message: &str, name: &str, wanted: usize) -> String {
    let end_tag = format!("</{name}>");
    let from = message.find(&format!("<{name}>")).expect("the element");
    let to = from + message[from..].find(&end_tag).expect("its end") + end_tag.len();
    let (one, rest) = (&message[from..to], elements(message));
    let more = wanted.saturating_sub(rest).div_ceil(elements(one));
    format!(
        "{}{}{}",
        &message[..from],
        one.repeat(1 + more),
        &message[to..]
    )
}

/// How often a walk allocates, and the most that it holds at once.
fn walked(schema: &Schema, text: &str) -> (usize, usize) {
    let document = Document::from_text(text);
    let mut findings = Findings::new(10);
    let (count, live) = (COUNT.load(Relaxed), LIVE.load(Relaxed));
    PEAK.store(live, Relaxed);
    let whole = schema.walk(&document, &Limits::default(), &mut (), &mut findings);
    let cost = (COUNT.load(Relaxed) - count, PEAK.load(Relaxed) - live);
    assert!(whole && findings.is_empty(), "{:?}", findings.list());
    cost
}

#[test]
fn a_walk_allocates_nothing_for_an_element() {
    let _alone = COUNTED.lock();
    let mut wrong = Vec::new();
    for (family, entry, message, repeated) in MESSAGES {
        let schema = Schema::compile(entry, &files(family)).expect("a right schema");
        let path = format!("tests/messages/{family}/{message}.xml");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        let text = text.expect("a message");
        let short = longer(&text, repeated, 1_000.max(elements(&text)));
        let long = longer(&text, repeated, 10 * elements(&short));
        // Patterns are built at the first text that asks for them, so that is not counted.
        walked(&schema, &long);
        let (short_cost, long_cost) = (walked(&schema, &short), walked(&schema, &long));
        println!(
            "{message}: {} elements {short_cost:?}, {} elements {long_cost:?}",
            elements(&short),
            elements(&long)
        );
        if long_cost.0 > short_cost.0 || long_cost.1 > short_cost.1 {
            wrong.push(format!("{message}: {short_cost:?}, then {long_cost:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How often the second check of a message allocates: at the first, expressions are built.
fn checked(catalogue: &Catalogue, text: &str) -> usize {
    let mut counts = [0; 2];
    for count in &mut counts {
        let before = COUNT.load(Relaxed);
        let checked = catalogue.check(text.as_bytes(), None, &Limits::default());
        *count = COUNT.load(Relaxed) - before;
        assert!(checked.findings.is_empty(), "{:?}", checked.findings.list());
    }
    counts[1]
}

#[test]
fn rules_that_hold_allocate_nothing() {
    let _alone = COUNTED.lock();
    let with = gateway::catalogue(&Config::default()).expect("families");
    let mut config = Config::default();
    let codes = with.rules().map(|rule| rule.code.to_owned());
    config.rules = codes.map(|code| (code, None)).collect();
    let without = gateway::catalogue(&config).expect("families");
    let mut wrong = Vec::new();
    for message in [
        "goods/import-air-one-item",
        "goods/sea-containers-documents",
        "manifest/mt1201-main",
        "manifest/mt2201-main",
        "aircraft/inbound-forecast",
        "certificate/rcep",
    ] {
        let path = format!("tests/messages/{message}.xml");
        let text = fs::read_to_string(&path).expect(&path);
        let (with, without) = (checked(&with, &text), checked(&without, &text));
        if with != without {
            wrong.push(format!(
                "{message}: {with} allocations with rules, {without} without"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
