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
use tongguan::schema::{Files, Opened, Schema};
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
fn corpus_families(folders: &[&str]) -> Vec<Family> {
    let mut families = Vec::new();
    for folder in folders {
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
        let limits = Limits::default();
        let mut findings = Findings::new(1);
        if let Some(document) = Document::decode(&bytes, None, &mut findings)
            && let Some(opened) = Opened::new(&document, &limits, &mut findings)
        {
            // The text is UTF-8 now, whatever it says.
            let (namespace, root) = opened.root();
            let root = (namespace.to_owned(), root.to_owned());
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
    let mut families = corpus_families(&["tests/xsd/structures", "tests/xsd/datatypes"]);
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

/// Schemas of the corpus, changed at random: compiling them never panics, and where one is
/// right the walks agree on documents that were meant for the other, changed or not.
#[test]
fn the_walks_agree_with_changed_schemas() {
    let schemas: u32 = std::env::var("SCHEMAS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5_000);
    let mut random = Random::from_environment();
    let mut seeds = Vec::new();
    for folder in ["tests/xsd/structures", "tests/xsd/datatypes"] {
        for (_, topic) in corpus::topics(folder) {
            for case in topic.case {
                let mut documents = case.valid.clone();
                documents.extend(case.invalid.iter().map(|invalid| invalid.document.clone()));
                if !documents.is_empty() && case.schema.len() < 5_000 {
                    let stock = Stock::new(std::slice::from_ref(&case.schema), &case.schema);
                    seeds.push((case, documents, stock));
                }
            }
        }
    }
    let (mut tally, mut right) = (Tally::default(), 0);
    for number in 0..schemas {
        let (case, documents, stock) = random.pick(&seeds);
        let mut text = case.schema.clone();
        for _ in 0..1 + random.below(2) {
            stock.change(&mut text, &mut random);
        }
        let mut files = case.files();
        files.insert("main.xsd".to_owned(), text.into_bytes());
        let name = format!("{} changed, number {number}", case.name);
        let Some(family) = Family::new(name, "main.xsd", &files, Vec::new()) else {
            continue;
        };
        right += 1;
        for document in documents {
            let mut document = document.clone();
            tally.compare(&family, &document);
            stock.change(&mut document, &mut random);
            tally.compare(&family, &document);
        }
    }
    println!("{right} of {schemas} schemas are accepted");
    assert!(right > schemas / 20, "only {right} schemas");
    tally.settle();
}

/// Documents that were decided by hand, by the text of the standard.
#[test]
fn the_plain_walk_judges_hard_cases_by_the_letter() {
    let mut wrong = Vec::new();
    for (_, topic) in corpus::topics("tests/xsd/walks") {
        for case in topic.case {
            let schema = Schema::compile("main.xsd", &case.files()).expect("a right schema");
            let invalid = case.invalid.iter();
            let documents = case.valid.iter().map(|document| (document, true));
            let documents = documents.chain(invalid.map(|invalid| (&invalid.document, false)));
            for (document, valid) in documents {
                if walks::plain(&schema, document, &Limits::default()) != Some(valid) {
                    wrong.push(format!("{}: {document}", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_walks_agree_on_hard_cases() {
    let mut tally = Tally::default();
    for family in corpus_families(&["tests/xsd/walks"]) {
        for document in &family.documents {
            tally.compare(&family, document);
        }
    }
    tally.settle();
}

/// Keys and references at every depth of elements inside each other.
#[test]
fn the_walks_agree_on_random_keys() {
    let mut random = Random::from_environment();
    let text = include_bytes!("../fuzz/schemas/keys.xsd").to_vec();
    let files = Files::from([("main.xsd".to_owned(), text)]);
    let family = Family::new("keys".to_owned(), "main.xsd", &files, Vec::new());
    let family = family.expect("a right schema");
    let mut tally = Tally::default();
    for _ in 0..5_000 {
        let mut document = "<r>".to_owned();
        for _ in 0..1 + random.below(2) {
            keyed(&mut document, 4, &mut random);
        }
        document += "</r>";
        tally.compare(&family, &document);
    }
    assert!(tally.valid > 500, "only {} valid ones", tally.valid);
    tally.settle();
}

fn keyed(text: &mut String, depth: u32, random: &mut Random) {
    *text += match random.below(12) {
        0 => "<d u='1'>",
        1 => "<d u='2' v='w'>",
        _ => "<d>",
    };
    for _ in 0..random.below(4) {
        let number = random.below(4);
        match random.below(10) {
            0 => *text += &format!("<f>{number}.0</f>"),
            1 => *text += &format!("<g>{number}</g>"),
            2..6 => *text += &format!("<k>{number}</k>"),
            _ if depth > 0 => keyed(text, depth - 1, random),
            _ => {}
        }
    }
    *text += "</d>";
}

/// Content models made at random, of those that the compiler takes, and sequences of elements.
#[test]
fn the_walks_agree_on_random_models() {
    let models: u32 = std::env::var("MODELS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_500);
    let mut random = Random::from_environment();
    let mut tally = Tally::default();
    let mut taken = 0;
    for number in 0..models {
        let mut model = String::new();
        match random.below(8) {
            0 => all(&mut model, &mut random),
            _ => {
                model += "<xs:sequence>";
                particle(&mut model, 3, &mut random);
                model += "</xs:sequence>";
            }
        }
        // What stands for an element, and what only a wildcard takes, are declared globally.
        let source = format!(
            "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='u' \
             xmlns='u' elementFormDefault='qualified'><xs:element name='a'/><xs:element name='b'/>\
             <xs:element name='c' substitutionGroup='b'/><xs:element name='d'/>\
             <xs:element name='r'><xs:complexType>{model}</xs:complexType></xs:element></xs:schema>"
        );
        let files = Files::from([("main.xsd".to_owned(), source.into_bytes())]);
        let family = Family::new(format!("model {number}"), "main.xsd", &files, Vec::new());
        let Some(family) = family else {
            continue;
        };
        taken += 1;
        for _ in 0..40 {
            let mut document = "<r xmlns='u'>".to_owned();
            // Mostly few names: then counts are reached.
            let (names, first) = (1 + random.below(5), random.below(5));
            for _ in 0..random.below(13) {
                let elements = ["<a/>", "<b/>", "<c/>", "<d/>", "<e xmlns='v'/>"];
                document += elements[((first + random.below(names)) % 5) as usize];
            }
            document += "</r>";
            tally.compare(&family, &document);
        }
    }
    println!("{taken} of {models} models are accepted");
    assert!(taken > models / 10, "only {taken} models");
    tally.settle();
}

/// A random all group.
fn all(text: &mut String, random: &mut Random) {
    *text += &format!("<xs:all minOccurs='{}'>", random.below(2));
    for name in ["a", "b", "d"] {
        match random.below(3) {
            0 => *text += &format!("<xs:element ref='{name}'/>"),
            1 => *text += &format!("<xs:element ref='{name}' minOccurs='0'/>"),
            _ => {}
        }
    }
    *text += "</xs:all>";
}

/// A random particle, its groups at most `depth` deep.
fn particle(text: &mut String, depth: u32, random: &mut Random) {
    let min = random.below(4);
    let max = match random.below(4) {
        0 => "unbounded".to_owned(),
        _ => (min.max(1) + random.below(3)).to_string(),
    };
    let occurs = match random.below(3) {
        0 => format!(" minOccurs='{min}' maxOccurs='{max}'"),
        1 => " minOccurs='0'".to_owned(),
        _ => String::new(),
    };
    match random.below(if depth == 0 { 4 } else { 9 }) {
        0..3 => {
            let name = random.pick(&["a", "b", "d"]);
            *text += &format!("<xs:element ref='{name}'{occurs}/>");
        }
        3 => {
            let space = random.pick(&["##other", "##any", "v", "##targetNamespace"]);
            *text += &format!("<xs:any namespace='{space}' processContents='lax'{occurs}/>");
        }
        kind => {
            let group = if kind < 7 { "sequence" } else { "choice" };
            *text += &format!("<xs:{group}{occurs}>");
            for _ in 0..1 + random.below(3) {
                particle(text, depth - 1, random);
            }
            *text += &format!("</xs:{group}>");
        }
    }
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
        schema.walk(&document, &limits, &mut (), &mut findings);
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
