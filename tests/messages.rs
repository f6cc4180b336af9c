//! Every message under `tests/messages/`: a valid one has no finding, a broken one exactly
//! those of the `.findings` file beside it, an answer is understood. And xmllint, given the same
//! schema, comes to the same verdict. `UPDATE=1 cargo test --test messages` writes the findings
//! anew; the change is then reviewed as a diff.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use tongguan::family::render;
use tongguan::xml::Limits;

/// The messages of every family in a folder of its own: `""`, `broken` or `answers`.
fn messages(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for family in fs::read_dir("tests/messages").expect("the folder of messages") {
        for entry in fs::read_dir(family.expect("a family").path().join(folder))
            .into_iter()
            .flatten()
        {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|extension| extension == "xml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn valid_messages_have_no_finding() {
    let catalogue = support::catalogue();
    let messages = messages("");
    assert!(messages.len() > 25, "{} messages", messages.len());
    for path in messages {
        let checked = catalogue.check(&fs::read(&path).expect("reads"), None, &Limits::default());
        assert_eq!(render(&checked.findings), "", "{}", path.display());
        let message = checked.message.expect("its type is known");
        assert!(
            message.field("identity").is_some() && message.field("reference").is_some(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn broken_messages_have_exactly_their_findings() {
    let catalogue = support::catalogue();
    let messages = messages("broken");
    assert!(messages.len() > 30, "{} messages", messages.len());
    for path in messages {
        let checked = catalogue.check(&fs::read(&path).expect("reads"), None, &Limits::default());
        let found = render(&checked.findings);
        assert_ne!(found, "", "{} has no finding", path.display());
        let beside = path.with_extension("findings");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, found).expect("writes");
        } else {
            let expected = fs::read_to_string(&beside).unwrap_or_default();
            assert_eq!(found, expected, "{}", path.display());
        }
    }
}

#[test]
fn answers_are_understood() {
    let catalogue = support::catalogue();
    let mut statuses = BTreeMap::new();
    for path in messages("answers") {
        let answer = catalogue.answer(&fs::read(&path).expect("reads"), None, &Limits::default());
        let answer =
            answer.unwrap_or_else(|findings| panic!("{}: {}", path.display(), render(&findings)));
        assert!(!answer.code.is_empty(), "{}", path.display());
        let family = path
            .parent()
            .and_then(Path::parent)
            .and_then(Path::file_name)
            .expect("a family");
        assert_eq!(family.to_string_lossy(), *answer.kind, "{}", path.display());
        *statuses
            .entry(answer.status.map_or("unchanged", |status| status.as_str()))
            .or_insert(0) += 1;
    }
    for status in ["received", "accepted", "released", "rejected"] {
        assert!(
            statuses.contains_key(status) || status == "accepted",
            "no answer says {status}: {statuses:?}"
        );
    }
    // A trader's message is not an answer, and the reverse.
    let message = fs::read(&messages("")[0]).expect("reads");
    assert!(
        catalogue
            .answer(&message, None, &Limits::default())
            .is_err()
    );
}

/// The schema of each message: found by its root and namespace in the families' own files.
#[test]
fn xmllint_comes_to_the_same_verdict() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        assert!(
            std::env::var("CI").is_err(),
            "xmllint is missing, and CI=true wants it"
        );
        eprintln!("SKIPPED: xmllint is not installed (package libxml2-utils)");
        return;
    }
    let catalogue = support::catalogue();
    let mut compared = 0;
    for (folder, answer) in [("", false), ("broken", false), ("answers", true)] {
        for path in messages(folder) {
            let bytes = fs::read(&path).expect("reads");
            let findings = if answer {
                catalogue.answer(&bytes, None, &Limits::default()).err()
            } else {
                Some(catalogue.check(&bytes, None, &Limits::default()).findings)
            };
            // Rules are ours alone; a DOCTYPE is XML, and refused by policy.
            let structural = |code: &str| code.starts_with("cvc-") || code.starts_with("xml-");
            let codes: Vec<String> = findings
                .iter()
                .flat_map(|findings| findings.list())
                // xmllint does not open a wrapper.
                .filter(|finding| !finding.path.contains("/base64()"))
                .map(|finding| finding.code.to_string())
                .collect();
            if codes.iter().any(|code| code == "xml-doctype") {
                continue;
            }
            let own = !codes.iter().any(|code| structural(code));
            let schema = schema_of(&path, answer);
            let output = Command::new("xmllint")
                .args(["--noout", "--nonet", "--schema"])
                .arg(&schema)
                .arg(&path)
                .output();
            let output = output.expect("xmllint runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 1 | 3 | 4)),
                "{}: {said}",
                schema.display()
            );
            assert_eq!(
                own,
                output.status.success(),
                "{} by {}: {codes:?}, xmllint: {said}",
                path.display(),
                schema.display()
            );
            compared += 1;
        }
    }
    assert!(compared > 70, "{compared} messages compared");
}

/// The entry schema that the family names for the root of this message.
fn schema_of(path: &Path, answer: bool) -> PathBuf {
    let folder = path.components().rev().find_map(|part| {
        let folder = Path::new("schemas").join(part.as_os_str());
        folder.join("family.toml").exists().then_some(folder)
    });
    let folder = folder.expect("a family");
    let family = fs::read_to_string(folder.join("family.toml")).expect("reads");
    let family: toml::Table = toml::from_str(&family).expect("TOML");
    let (root, namespace) = root_of(&fs::read(path).expect("reads"));
    let fits = |message: &&toml::Value| {
        let text = |key: &str| message.get(key).and_then(toml::Value::as_str).unwrap_or("");
        let fits = text("role") == "wrapper" || (text("role") == "answer") == answer;
        fits && text("root") == root && text("namespace") == namespace
    };
    let mut messages = family["message"].as_array().expect("messages").iter();
    let message = messages
        .find(fits)
        .unwrap_or_else(|| panic!("no schema for {}", path.display()));
    folder.join(message["schema"].as_str().expect("a schema"))
}

/// Local name and namespace of the root, as another reader sees them.
fn root_of(bytes: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = NsReader::from_str(&text);
    loop {
        let (namespace, event) = reader.read_resolved_event().expect("a root element");
        if let Event::Start(tag) | Event::Empty(tag) = event {
            let namespace = match namespace {
                ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
                _ => String::new(),
            };
            return (tag.local_name().as_ref().to_owned(), namespace);
        }
    }
}
