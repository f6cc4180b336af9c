//! The fast walk agrees with the plain one on every document of the corpus and of the message
//! families, and on thousands made from them by random changes. `SEED=n` repeats a run,
//! `DOCUMENTS=n` sets how many there are.

#[path = "support/changes.rs"]
mod changes;
#[path = "support/corpus.rs"]
mod corpus;
mod support;
#[path = "support/walks.rs"]
mod walks;

use std::path::{Path, PathBuf};

use changes::Stock;
use corpus::Values;
use support::Random;
use tongguan::finding::Findings;
use tongguan::schema::{Files, Schema, root_of};
use tongguan::xml::{Document, Limits};

/// A schema and documents for it.
struct Family {
    name: String,
    /// As written, for whoever reads about a disagreement.
    source: String,
    schema: Schema,
    documents: Vec<String>,
}

impl Family {
    /// `None` if the schema is wrong, as some of the corpus are meant to be.
    fn new(name: String, entry: &str, files: &Files, documents: Vec<String>) -> Option<Family> {
        let schema = Schema::compile(entry, files).ok()?;
        let texts = files.iter();
        let source: Vec<String> = texts
            .map(|(name, text)| format!("[{name}]\n{}", String::from_utf8_lossy(text)))
            .collect();
        Some(Family {
            name,
            source: source.join("\n"),
            schema,
            documents,
        })
    }
}

/// The schemas of the corpus with their documents.
fn corpus_families() -> Vec<Family> {
    let mut families = Vec::new();
    for folder in ["tests/xsd/structures", "tests/xsd/datatypes"] {
        for (topic_name, topic) in corpus::topics(folder) {
            for case in topic.case {
                let mut documents = case.valid.clone();
                documents.extend(case.invalid.iter().map(|invalid| invalid.document.clone()));
                let name = format!("{topic_name}/{}", case.name);
                families.extend(Family::new(name, "main.xsd", &case.files(), documents));
            }
            for values in topic.values {
                let texts = values.fit.iter().chain(&values.differ);
                let documents = texts.map(|value| Values::document(value)).collect();
                let name = format!("{topic_name}/{}", values.name);
                families.extend(Family::new(name, "main.xsd", &values.files(), documents));
            }
        }
    }
    families
}

/// The schemas of a folder with those documents of another whose root elements they declare.
fn folder_families(schemas: &Path, documents: &Path) -> Vec<Family> {
    let mut files = Files::new();
    for path in below(schemas, "xsd") {
        let name = path.file_name().expect("a name").to_string_lossy();
        files.insert(name.into_owned(), std::fs::read(&path).expect("a schema"));
    }
    let mut texts = Vec::new();
    for path in below(documents, "xml") {
        let bytes = std::fs::read(&path).expect("a document");
        let mut findings = Findings::new(1);
        if let Some(document) = Document::decode(&bytes, None, &mut findings)
            && let Some(root) = root_of(&document, &Limits::default(), &mut findings)
        {
            // The text is UTF-8 now, whatever it says.
            texts.push((root, document.text.replace("encoding=\"GB18030\"", "")));
        }
    }
    let mut families = Vec::new();
    for entry in files.keys() {
        let name = format!("{}/{entry}", schemas.display());
        let Some(mut family) = Family::new(name, entry, &files, Vec::new()) else {
            continue;
        };
        let own = texts
            .iter()
            .filter(|(root, _)| family.schema.place(&root.0, &root.1).is_some());
        family.documents = own.map(|(_, text)| text.clone()).collect();
        if !family.documents.is_empty() {
            families.push(family);
        }
    }
    families
}

/// The files with this extension in a folder and in those inside it.
fn below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(below(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn families() -> Vec<Family> {
    let mut families = corpus_families();
    let planted = Path::new("tests/xsd/structures/planted");
    families.extend(folder_families(planted, planted));
    for name in ["goods", "manifest", "aircraft", "certificate"] {
        families.extend(folder_families(
            &Path::new("schemas").join(name),
            &Path::new("tests/messages").join(name),
        ));
    }
    families
}

/// Verdicts of both walks, and where they differ.
#[derive(Default)]
struct Tally {
    valid: u32,
    invalid: u32,
    open: u32,
    disagreements: Vec<String>,
}

impl Tally {
    fn compare(&mut self, family: &Family, text: &str) {
        match walks::compare(&family.schema, text, &Limits::default()) {
            Ok(Some(true)) => self.valid += 1,
            Ok(Some(false)) => self.invalid += 1,
            Ok(None) => self.open += 1,
            Err(difference) => self
                .disagreements
                .push(format!("{}\n{}\n{difference}", family.name, family.source)),
        }
    }

    fn settle(self) {
        println!(
            "{} valid, {} invalid, {} that the plain walk left open",
            self.valid, self.invalid, self.open
        );
        let count = self.disagreements.len();
        let shown = &self.disagreements[..count.min(10)];
        assert!(count == 0, "{count} disagreements\n{}", shown.join("\n\n"));
        assert_eq!(self.open, 0, "the plain walk could not tell");
    }
}

#[test]
fn the_walks_agree_on_every_document() {
    let mut tally = Tally::default();
    for family in families() {
        for document in &family.documents {
            tally.compare(&family, document);
        }
    }
    assert!(tally.valid > 1_500, "only {} valid ones", tally.valid);
    assert!(tally.invalid > 1_500, "only {} invalid ones", tally.invalid);
    tally.settle();
}

#[test]
fn the_walks_agree_on_changed_documents() {
    let documents: u32 = std::env::var("DOCUMENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    let mut random = Random::from_environment();
    let mut seeds = Vec::new();
    for mut family in families() {
        // Large ones take long and say little more.
        family.documents.retain(|document| document.len() < 7_000);
        if !family.documents.is_empty() {
            let stock = Stock::new(&family.documents, &family.source);
            seeds.push((family, stock));
        }
    }
    let mut tally = Tally::default();
    for _ in 0..documents {
        let (family, stock) = random.pick(&seeds);
        let mut text = random.pick(&family.documents).clone();
        for _ in 0..1 + random.below(3) {
            stock.change(&mut text, &mut random);
        }
        tally.compare(family, &text);
    }
    assert!(
        tally.valid > documents / 20 && tally.invalid > documents / 20,
        "{} valid, {} invalid: the changes are too few or too many",
        tally.valid,
        tally.invalid
    );
    tally.settle();
}

/// However the bytes of a document arrive, and in whichever encoding, its findings are the same.
#[test]
fn chunks_and_encodings_change_no_finding() {
    let mut random = Random::from_environment();
    let mut compared = 0;
    for family in families() {
        for text in family.documents.iter().filter(|text| text.len() < 20_000) {
            let text = text.trim_start_matches('\u{feff}');
            let expected = found(&family.schema, text.as_bytes());
            let mut forms = vec![
                text.as_bytes().to_vec(),
                ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
            ];
            // A declaration names the encoding, which would be another one then.
            if !text.starts_with("<?xml") {
                let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
                forms.push(units.iter().flat_map(|unit| unit.to_le_bytes()).collect());
                forms.push(units.iter().flat_map(|unit| unit.to_be_bytes()).collect());
            }
            for form in forms {
                let mut gathered = Vec::new();
                let mut rest = &form[..];
                while !rest.is_empty() {
                    let cut = 1 + random.below(rest.len().min(50) as u64) as usize;
                    gathered.extend_from_slice(&rest[..cut]);
                    rest = &rest[cut..];
                }
                let same = found(&family.schema, &gathered);
                assert_eq!(same, expected, "{}\n{text}", family.name);
                compared += 1;
            }
        }
    }
    println!("{compared} documents");
    assert!(compared > 10_000, "only {compared} documents");
}

/// Code, path, line, column and value of each finding.
fn found(schema: &Schema, bytes: &[u8]) -> Vec<String> {
    let limits = Limits::default();
    let mut findings = Findings::new(limits.findings_max);
    if let Some(document) = Document::decode(bytes, None, &mut findings) {
        schema.walk(&document, None, &limits, &mut (), &mut findings);
    }
    findings.sort();
    let list = findings.list().iter();
    list.map(|finding| {
        format!(
            "{} {} {}:{} {} {}",
            finding.code,
            finding.path,
            finding.place.line,
            finding.place.column,
            finding.value,
            finding.expected
        )
    })
    .collect()
}
