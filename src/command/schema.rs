//! What `tongguan validate --schema` checks by: any XSD, without a family and without a
//! gateway. Schemas are read from the folders of the files given, and from folders given;
//! nothing is fetched.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::fault::Fault;
use crate::finding::Findings;
use crate::schema::{Schema, Source};
use crate::xml::{Document, Limits};

/// What a document may cost here: whoever checks his own files knows them, so the limits only
/// keep a mistake from taking the whole machine.
pub fn limits(findings_max: usize) -> Limits {
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

/// Checks bytes by `schema` alone, however they are encoded.
pub fn check(schema: &Schema, bytes: &[u8], limits: &Limits) -> Findings {
    let mut findings = Findings::new(limits.findings_max);
    if let Some(document) = Document::decode(bytes, None, &mut findings) {
        schema.walk(&document, limits, &mut (), &mut findings);
    }
    findings.sort();
    findings
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
