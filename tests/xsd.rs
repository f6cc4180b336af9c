//! The corpus of `tests/xsd`: tables of schemas and documents, one file a topic. A wrong
//! schema is refused by the name of its constraint at its line, a right one takes its valid
//! documents without a finding, and each invalid document has exactly its findings.

#[path = "support/corpus.rs"]
mod corpus;

use std::path::Path;

use corpus::{Case, Values};
use tongguan::finding::Findings;
use tongguan::schema::{Files, Schema};
use tongguan::xml::{Document, Limits};

#[test]
fn structures() {
    check_folder("tests/xsd/structures", 600);
}

#[test]
fn datatypes() {
    check_folder("tests/xsd/datatypes", 300);
}

/// Documents with 2 to 20 independent mistakes, each with its line and place in a file beside
/// it: every one is named, and nothing else is.
#[test]
fn planted_mistakes_are_named_each_and_nothing_else() {
    let folder = Path::new("tests/xsd/structures/planted");
    let mut files = Files::new();
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("xsd") => _ = files.insert(name, std::fs::read(&path).expect("a schema")),
            Some("xml") => documents.push(path),
            _ => {}
        }
    }
    let (mut wrong, mut planted) = (Vec::new(), 0);
    for path in &documents {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let kind = name.split('-').next().unwrap_or(&name);
        let schema = Schema::compile(&format!("{kind}.xsd"), &files).expect("a right schema");
        let text = std::fs::read_to_string(path).expect("a document");
        let mut findings = Findings::new(1000);
        let document = Document::from_text(&text);
        schema.walk(&document, &Limits::default(), &mut (), &mut findings);
        findings.sort();
        let list = findings.list().iter();
        let mut found: Vec<String> = list
            .map(|finding| format!("{} {}", finding.place.line, finding.path))
            .collect();
        let mistakes =
            std::fs::read_to_string(path.with_extension("mistakes")).expect("its mistakes");
        for mistake in mistakes.lines() {
            planted += 1;
            let (line, rest) = mistake.split_once(' ').expect("a line");
            let place = format!(
                "{line}{}",
                &without_prefixes(rest)[rest.find(' ').expect("a kind")..]
            );
            match found.iter().position(|found| *found == place) {
                Some(at) => _ = found.remove(at),
                None => wrong.push(format!("{name}: {mistake} is not named")),
            }
        }
        wrong.extend(
            found
                .iter()
                .map(|found| format!("{name}: {found} is no mistake")),
        );
    }
    assert!(planted >= 100, "only {planted} mistakes are planted");
    assert!(
        wrong.is_empty(),
        "{} of {planted}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn check_folder(folder: &str, cases_min: usize) {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (topic_name, topic) in corpus::topics(folder) {
        for case in &topic.case {
            cases += 1;
            let name = format!("{topic_name}/{}", case.name);
            wrong.extend(
                check_case(case)
                    .into_iter()
                    .map(|text| format!("{name}: {text}")),
            );
        }
        for values in &topic.values {
            cases += 1;
            let name = format!("{topic_name}/{}", values.name);
            wrong.extend(
                check_values(values)
                    .into_iter()
                    .map(|text| format!("{name}: {text}")),
            );
        }
    }
    assert!(cases >= cases_min, "only {cases} cases in {folder}");
    assert!(
        wrong.is_empty(),
        "{} of {cases} cases\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn check_case(case: &Case) -> Vec<String> {
    let files = case.files();
    let schema = match (Schema::compile("main.xsd", &files), &case.wrong) {
        (Ok(schema), None) => schema,
        (Err(mistake), None) => return vec![format!("refused: {mistake}")],
        (Ok(_), Some(wrong)) => return vec![format!("not refused: {}", wrong.constraint)],
        (Err(mistake), Some(wrong)) => {
            let file = wrong.file.as_deref().unwrap_or("main.xsd");
            let named = mistake.text.contains(&wrong.constraint);
            return match named && mistake.line == wrong.line && mistake.file == file {
                true => Vec::new(),
                false => vec![format!(
                    "{mistake}, not {file}:{} {}",
                    wrong.line, wrong.constraint
                )],
            };
        }
    };
    let mut differences = Vec::new();
    for document in &case.valid {
        let found = findings(&schema, document);
        if !found.is_empty() {
            differences.push(format!("{document} is valid, found {found:?}"));
        }
    }
    for invalid in &case.invalid {
        let mut found = findings(&schema, &invalid.document);
        let mut expected: Vec<String> = invalid
            .findings
            .iter()
            .map(|line| without_prefixes(line))
            .collect();
        found.sort();
        expected.sort();
        if found != expected {
            differences.push(format!(
                "{}: found {found:?}, not {expected:?}",
                invalid.document
            ));
        }
    }
    differences
}

fn check_values(values: &Values) -> Vec<String> {
    let files = values.files();
    let schema = match Schema::compile("main.xsd", &files) {
        Ok(schema) => schema,
        Err(mistake) => return vec![format!("refused: {mistake}")],
    };
    let mut differences = Vec::new();
    for value in &values.fit {
        let found = findings(&schema, &Values::document(value));
        if !found.is_empty() {
            differences.push(format!("{value:?} fits, found {found:?}"));
        }
    }
    for value in &values.differ {
        if findings(&schema, &Values::document(value)).is_empty() {
            differences.push(format!("{value:?} does not fit, found nothing"));
        }
    }
    differences
}

/// Code and path of each finding.
fn findings(schema: &Schema, document: &str) -> Vec<String> {
    let mut findings = Findings::new(100);
    let document = Document::from_text(document);
    schema.walk(&document, &Limits::default(), &mut (), &mut findings);
    let list = findings.list().iter();
    list.map(|finding| format!("{} {}", finding.code, finding.path))
        .collect()
}

/// The corpus writes paths with the prefixes of the document; ours have none.
fn without_prefixes(line: &str) -> String {
    let (code, path) = line.split_once(' ').unwrap_or((line, ""));
    let steps: Vec<String> = path
        .split('/')
        .map(|step| {
            let (mark, name) = match step.strip_prefix('@') {
                Some(name) => ("@", name),
                None => ("", step),
            };
            format!("{mark}{}", name.rsplit(':').next().unwrap_or(name))
        })
        .collect();
    format!("{code} {}", steps.join("/"))
}
