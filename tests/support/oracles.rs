//! Others who know XML Schema 1.0, asked about many documents at once.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use xsd_schema::SchemaSetBuilder;
use xsd_schema::validation::{
    CollectingValidationSink, SchemaValidator, ValidationFlags, drive_quick_xml,
};

/// Documents of one call of xmllint.
const BATCH: usize = 200;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oracle {
    /// The program of libxml2.
    Xmllint,
    /// The package of Python.
    Xmlschema,
    /// The crate of Rust.
    XsdSchema,
}

/// What it says of a document.
#[derive(Debug)]
pub enum Verdict {
    Valid,
    /// And its first reason.
    Invalid(String),
}

impl Oracle {
    pub const ALL: [Oracle; 3] = [Oracle::Xmllint, Oracle::Xmlschema, Oracle::XsdSchema];

    pub fn name(self) -> &'static str {
        match self {
            Oracle::Xmllint => "xmllint",
            Oracle::Xmlschema => "xmlschema",
            Oracle::XsdSchema => "xsd-schema",
        }
    }

    /// Whether it is installed. Where `CI` is set it has to be.
    pub fn is_there(self) -> bool {
        let (program, arguments, package): (_, &[&str], _) = match self {
            Oracle::Xmllint => ("xmllint", &["--version"], "the package libxml2-utils"),
            Oracle::Xmlschema => (
                "python3",
                &["-c", "import xmlschema"],
                "pip install xmlschema",
            ),
            Oracle::XsdSchema => return true,
        };
        let output = Command::new(program).args(arguments).output();
        let there = output.is_ok_and(|output| output.status.success());
        if !there {
            assert!(
                std::env::var("CI").is_err(),
                "{} is missing, and CI=true wants it",
                self.name()
            );
            eprintln!("SKIPPED: {} is not installed ({package})", self.name());
        }
        there
    }

    /// Verdicts on the files `N.xml` of `folder`, in order.
    pub fn ask(self, schema: &Path, folder: &Path, numbers: &[usize]) -> Vec<Verdict> {
        let verdicts = match self {
            Oracle::Xmllint => {
                let batches = numbers.chunks(BATCH);
                batches
                    .flat_map(|batch| xmllint(schema, folder, batch))
                    .collect()
            }
            Oracle::Xmlschema => xmlschema(schema, folder, numbers),
            Oracle::XsdSchema => xsd_schema(schema, folder, numbers),
        };
        assert_eq!(
            verdicts.len(),
            numbers.len(),
            "{} on {}",
            self.name(),
            schema.display()
        );
        verdicts
    }
}

fn xmllint(schema: &Path, folder: &Path, numbers: &[usize]) -> Vec<Verdict> {
    let output = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .args(numbers.iter().map(|number| format!("{number}.xml")))
        .current_dir(folder)
        .output()
        .expect("xmllint runs");
    let said = String::from_utf8_lossy(&output.stderr);
    // 5 and above: the schema itself, memory, or a wrong call.
    assert!(
        matches!(output.status.code(), Some(0 | 1 | 3 | 4)),
        "{}: {said}",
        schema.display()
    );
    let mut reasons = std::collections::HashMap::new();
    let mut valid = std::collections::HashSet::new();
    let mut last = None;
    for line in said.lines() {
        if let Some(name) = line.strip_suffix(" validates") {
            valid.insert(name);
            last = None;
        } else if line.contains(": namespace warning :") {
            // Not a reason.
            last = None;
        } else if let Some((name, reason)) = line.split_once(".xml:") {
            let first = reasons.insert(name, reason.to_owned());
            last = first.is_none().then_some(name);
            reasons.extend(first.map(|first| (name, first)));
        } else if let Some(reason) = last.and_then(|name| reasons.get_mut(name)) {
            // A value with a line end in it.
            *reason += "\n";
            *reason += line;
        }
    }
    let verdict = |number: &usize| match valid.contains(format!("{number}.xml").as_str()) {
        true => Verdict::Valid,
        false => {
            let reason = reasons.get(number.to_string().as_str());
            Verdict::Invalid(reason.map_or("without a reason", String::as_str).to_owned())
        }
    };
    numbers.iter().map(verdict).collect()
}

fn xmlschema(schema: &Path, folder: &Path, numbers: &[usize]) -> Vec<Verdict> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/oracle.py");
    let mut child = Command::new("python3")
        .arg(script)
        .arg(schema)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let names: String = numbers
        .iter()
        .map(|number| format!("{number}.xml\n"))
        .collect();
    let mut stdin = child.stdin.take().expect("a pipe");
    // From a thread of its own: answers come before all questions are read.
    let writer = std::thread::spawn(move || stdin.write_all(names.as_bytes()));
    let output = child.wait_with_output().expect("python3 ends");
    writer.join().expect("no panic").expect("python3 reads");
    let said = String::from_utf8_lossy(&output.stdout);
    let verdict = |line: &str| match line.split_once(' ') {
        None if line == "1" => Verdict::Valid,
        Some(("0", reason)) => Verdict::Invalid(reason.to_owned()),
        _ => Verdict::Invalid(line.to_owned()),
    };
    said.lines().map(verdict).collect()
}

fn xsd_schema(schema: &Path, folder: &Path, numbers: &[usize]) -> Vec<Verdict> {
    let set = SchemaSetBuilder::new()
        .add("", schema.to_str().expect("a path in UTF-8"))
        .and_then(|builder| builder.compile())
        .unwrap_or_else(|error| panic!("xsd-schema on {}: {error}", schema.display()))
        .into_schema_set();
    let flags = ValidationFlags::default() - ValidationFlags::REPORT_WARNINGS;
    let verdict = |number: &usize| {
        let text = std::fs::read(folder.join(format!("{number}.xml"))).expect("reads");
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        let validator = SchemaValidator::new(&set, flags);
        let mut runtime = validator.start_run(CollectingValidationSink {
            errors: &mut errors,
            warnings: &mut warnings,
        });
        let outcome = drive_quick_xml(text.as_slice(), &mut runtime, &set);
        drop(runtime);
        match (outcome, errors.first()) {
            (Err(error), _) => Verdict::Invalid(error.to_string()),
            (Ok(_), Some(error)) => Verdict::Invalid(format!("{error:?}")),
            (Ok(_), None) => Verdict::Valid,
        }
    };
    numbers.iter().map(verdict).collect()
}
