//! Any XSD: load it, compile it to tables, walk a document along them. This room knows
//! nothing of customs and opens no file: schemas come as bytes with names.
//!
//! `tree` reads a schema file, `load` gathers a set of them, `compile` turns it into tables of
//! elements and types (`content` the content models, `simple`, `value` and `pattern` the
//! values), and `walk` follows a document along the tables. A construct that is not supported
//! is refused with file, line and name; nothing is skipped.

mod compile;
mod content;
mod load;
mod pattern;
mod simple;
mod tables;
mod tree;
mod value;
mod violation;
mod walk;

pub use pattern::Pattern;
pub use tables::{Place, Schema, Symbol};

use std::collections::BTreeMap;
use std::fmt;

use crate::finding::Findings;
use crate::xml::{Document, Event, Limits, Reader};

/// Files by name, in memory: `dec.xsd` → bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A mistake in a schema, or in another file of a message family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The name of the file in [`Files`].
    pub file: String,
    /// From 1; 0 if the mistake is about the whole file.
    pub line: u32,
    /// What is wrong, with the name of the construct or of the broken constraint.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.text),
            line => write!(f, "{}:{line}: {}", self.file, self.text),
        }
    }
}

impl Schema {
    /// Compiles the schema file `entry` and what it includes. Locations are relative to the
    /// including file, within `files`.
    ///
    /// # Errors
    /// The first mistake: a file that is not there or not XML, a construct that is not
    /// supported, a name that is not declared, a broken constraint.
    pub fn compile(entry: &str, files: &Files) -> Result<Schema, Mistake> {
        compile::compile(&load::load(entry, files)?)
    }

    /// Walks `document`, pushes every violation to `findings` (unsorted), and tells `sink`
    /// what it meets. `root`, as namespace and local name, is the only root admitted; without
    /// it every global element is. True when the document was read to its end.
    pub fn walk(
        &self,
        document: &Document<'_>,
        root: Option<(&str, &str)>,
        limits: &Limits,
        sink: &mut impl Sink,
        findings: &mut Findings,
    ) -> bool {
        walk::walk(self, document, root, limits, sink, findings)
    }
}

/// Namespace and local name of the root element; nothing after it is read. `None`: not
/// well-formed that far, and a finding was pushed.
pub fn root_of(
    document: &Document<'_>,
    limits: &Limits,
    findings: &mut Findings,
) -> Option<(String, String)> {
    let mut reader = Reader::new(document, limits);
    match reader.next(findings)? {
        Event::Start { local, .. } => Some((reader.namespace().to_owned(), local.to_owned())),
        Event::Text { .. } | Event::End { .. } => None,
    }
}

/// What a walk meets, in document order. Elements that the schema does not admit where they
/// stand are not told, and nothing inside them. Offsets are into [`Document::text`].
pub trait Sink {
    /// An element begins; the offset is that of its `<`.
    fn start(&mut self, name: Symbol, offset: usize);
    /// An attribute of the element that just began, its value white-space normalised.
    fn attribute(&mut self, name: Symbol, value: &str, offset: usize);
    /// The whole text of an element with simple content, white-space normalised; not told
    /// when it is empty. The offset is that of its first byte.
    fn text(&mut self, value: &str, offset: usize);
    /// The text of the innermost open element does not fit its type; a finding says so.
    fn misfit(&mut self) {}
    /// The innermost open element ends.
    fn end(&mut self);
}

/// A sink for whoever only wants to know whether a document is valid.
impl Sink for () {
    fn start(&mut self, _name: Symbol, _offset: usize) {}
    fn attribute(&mut self, _name: Symbol, _value: &str, _offset: usize) {}
    fn text(&mut self, _value: &str, _offset: usize) {}
    fn end(&mut self) {}
}
