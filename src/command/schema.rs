//! `tongguan validate --schema`: any XSD, without a family and without a gateway. Schemas are
//! read from the folders of the files given, and from folders given; nothing is fetched.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fault::Fault;
use crate::finding::{Findings, Language};
use crate::schema::{Schema, Source};
use crate::xml::{Document, Limits};

use super::{Exit, Outcome, read};

/// What a document may cost here: whoever checks his own files knows them, so the limits only
/// keep a mistake from taking the whole machine.
fn limits(findings_max: usize) -> Limits {
    Limits {
        depth_max: 2_000,
        attributes_max: 100_000,
        tag_bytes_max: 64 << 20,
        name_bytes_max: 64 << 10,
        text_bytes_max: 256 << 20,
        elements_max: 100_000_000,
        findings_max,
        doctype: false,
    }
}

/// Validates `files` by `schemas`; without files it only compiles. A file that cannot be read
/// is named at once, the others are checked all the same.
///
/// # Errors
/// A wrong or unsupported schema, unreadable files.
pub fn run(
    schemas: &[PathBuf],
    files: &[PathBuf],
    language: Language,
    as_json: bool,
    findings_max: usize,
) -> Outcome {
    let schema = compile(schemas)?;
    if files.is_empty() {
        let (elements, types, simples) = schema.size();
        eprintln!(
            "the schemas are right: {elements} elements, {types} types ({simples} simple), the built-in ones included"
        );
        return Ok(Exit::Fine);
    }
    let limits = limits(findings_max);
    let mut tally = Tally::default();
    for file in files {
        let bytes = match read(file) {
            Ok(bytes) => bytes,
            Err(fault) if files.len() == 1 => return Err(fault),
            Err(fault) => {
                eprintln!("tongguan: {fault}");
                tally.unreadable += 1;
                continue;
            }
        };
        let mut findings = Findings::new(findings_max);
        let start = Instant::now();
        if let Some(document) = Document::decode(&bytes, None, &mut findings) {
            schema.walk(&document, None, &limits, &mut (), &mut findings);
        }
        tally.walking += start.elapsed();
        tally.bytes += bytes.len();
        tally.checked += 1;
        tally.invalid += usize::from(findings.refuse());
        findings.sort();
        let name = file.display().to_string();
        let text = match as_json {
            true => format!("{}\n", in_json(&name, &findings, language)),
            false => in_text(&name, &findings, language),
        };
        if !say(&text)? {
            break;
        }
    }
    if files.len() > 1 {
        eprintln!("{tally}");
    }
    match tally {
        Tally { unreadable: 0, .. } if tally.invalid == 0 => Ok(Exit::Fine),
        Tally { unreadable: 0, .. } => Ok(Exit::Negative),
        Tally { unreadable, .. } => Err(Fault::operator(format!(
            "{unreadable} of {} files could not be read",
            files.len()
        ))),
    }
}

/// Writes to standard output; false when nobody reads it any more, as with `| head`.
fn say(text: &str) -> Result<bool, Fault> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Fault::operator(format!("standard output: {error}"))),
    }
}

/// What came of many files.
#[derive(Default)]
struct Tally {
    checked: usize,
    invalid: usize,
    unreadable: usize,
    bytes: usize,
    walking: Duration,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.walking.as_secs_f64().max(1e-9);
        let megabytes = self.bytes as f64 / 1e6;
        let given = self.checked + self.unreadable;
        write!(f, "{given} files, {} invalid", self.invalid)?;
        if self.unreadable > 0 {
            write!(f, ", {} unreadable", self.unreadable)?;
        }
        write!(
            f,
            ", {megabytes:.3} MB in {seconds:.3} s of validation: {:.1} MB/s, {:.0} files/s",
            megabytes / seconds,
            self.checked as f64 / seconds
        )
    }
}

/// Compiles the schema files among `given`; folders among them may be read as well.
///
/// # Errors
/// A file that is not there, or the first mistake.
pub fn compile(given: &[PathBuf]) -> Result<Schema, Fault> {
    let (folders, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        given.iter().partition(|path| path.is_dir());
    if files.is_empty() {
        return Err(Fault::operator(
            "--schema names folders only; name a schema file too",
        ));
    }
    for file in &files {
        let looked = std::fs::metadata(file);
        looked.map_err(|error| Fault::operator(format!("{}: {error}", file.display())))?;
    }
    let own = files.iter().map(|file| match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    });
    let folders = folders.into_iter().cloned().chain(own);
    let source = Folders {
        folders: folders
            .filter_map(|folder| folder.canonicalize().ok())
            .collect(),
        names: RefCell::default(),
    };
    let names: Vec<String> = files
        .iter()
        .map(|file| source.name(&normal(file)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Schema::compile_set(&names, &source).map_err(|mistake| Fault::operator(mistake.to_string()))
}

/// Schema files on disk, in these folders and below them.
struct Folders {
    folders: Vec<PathBuf>,
    /// The names of files by where they are: a file is one, by whichever way it is named.
    names: RefCell<HashMap<PathBuf, String>>,
}

impl Folders {
    fn name(&self, path: &Path) -> String {
        let name = path.to_string_lossy().into_owned();
        match path.canonicalize() {
            Ok(place) => self.names.borrow_mut().entry(place).or_insert(name).clone(),
            Err(_) => name,
        }
    }
}

impl Source for Folders {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match std::fs::read(name) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{name}: {error}")),
        }
    }

    fn locate(&self, name: &str, location: &str) -> Option<String> {
        let location = location.trim();
        if location.is_empty() || location.contains([':', '\\']) || location.starts_with('/') {
            return None;
        }
        let folder = Path::new(name).parent()?;
        let mut path = normal(&folder.join(location));
        // A location is a URI: a space in a name may stand there as %20.
        if let Some(plain) = unescaped(location).filter(|_| !path.exists()) {
            path = normal(&folder.join(plain));
        }
        // A link that leads elsewhere leads out too; a file that is not there leads nowhere.
        let inside = match path.canonicalize() {
            Ok(path) => self.folders.iter().any(|folder| path.starts_with(folder)),
            Err(_) => true,
        };
        inside.then(|| self.name(&path))
    }
}

/// A location with its `%20` and the like resolved; `None` if it has none, or what comes of
/// them is no relative path.
fn unescaped(location: &str) -> Option<String> {
    let (first, rest) = location.split_once('%')?;
    let mut bytes = first.as_bytes().to_vec();
    for part in rest.split('%') {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    let plain = String::from_utf8(bytes).ok()?;
    (!plain.starts_with('/') && !plain.contains('\0')).then_some(plain)
}

/// A path without `.`, and without `..` where a name stands before it.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(parts.components().next_back(), Some(Component::Normal(_))) =>
            {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

fn in_json(file: &str, findings: &Findings, language: Language) -> serde_json::Value {
    let list = findings.list().iter().map(|finding| {
        json!({
            "code": finding.code, "name": finding.name, "path": finding.path,
            "line": finding.place.line, "column": finding.place.column,
            "offset": finding.place.offset, "value": finding.value,
            "expected": finding.expected, "text": finding.text.in_language(language),
        })
    });
    json!({
        "file": file,
        "valid": !findings.refuse(),
        "findings": list.collect::<Vec<_>>(),
        "findings_omitted": findings.omitted(),
    })
}

fn in_text(file: &str, findings: &Findings, language: Language) -> String {
    let verdict = if findings.refuse() {
        "invalid"
    } else {
        "valid"
    };
    let mut out = format!("{file}: {verdict}\n");
    for finding in findings.list() {
        let place = finding.place;
        let what = [&*finding.code, &*finding.name, &*finding.path];
        let what: Vec<&str> = what.into_iter().filter(|part| !part.is_empty()).collect();
        out += &format!(
            "  {file}:{}:{} {}\n    {}\n",
            place.line,
            place.column,
            what.join(" "),
            finding.text.in_language(language)
        );
        if !finding.value.is_empty() {
            out += &format!("    found: {}\n", finding.value);
        }
        if !finding.expected.is_empty() {
            out += &format!("    expected: {}\n", finding.expected);
        }
    }
    if findings.omitted() > 0 {
        out += &format!("  and {} more\n", findings.omitted());
    }
    out
}
