//! Any XSD: load it, compile it to tables, walk a document along them. This room knows
//! nothing of customs and opens no file: schemas come as bytes with names.
//!
//! ```text
//!  schema files ─▶ tree ─▶ syntax ─▶ load ─▶ compile ─▶ tables ─▶ walk ─▶ findings
//! ```
//!
//! `tree` reads a schema file, `syntax` checks how it is written, `load` gathers a set of
//! them, `compile` turns it into `tables` of elements and types. Values have `simple` types
//! with facets over the datatypes of `value` and the expressions of `pattern`, names the
//! `characters` of XML; contents have a `model` that an `automaton` follows; `identity` and
//! `keys` have identity constraints. `walk` follows a document along the tables, with `instance`, `content` and `recover`, and
//! takes most values at a `glance`; `plain` does the same slowly and obviously, and tests
//! compare the two. A construct that is not supported is refused with file, line and name;
//! nothing is skipped.

mod automaton;
mod characters;
mod compile;
mod content;
mod derivative;
mod glance;
mod glushkov;
mod identity;
mod instance;
mod keys;
mod load;
mod model;
mod names;
mod pattern;
mod plain;
mod recover;
mod sample;
mod simple;
mod syntax;
mod tables;
mod tree;
mod value;
mod violation;
mod walk;

pub use load::beside;
pub use names::{Set, Symbol};
pub use pattern::Pattern;
pub use sample::Random;
pub use tables::{Place, Schema};
pub use violation::MESSAGES;

use std::collections::BTreeMap;
use std::fmt;

use crate::finding::Findings;
use crate::xml::{Document, Event, Limits, Reader};

/// Files by name, in memory: `dec.xsd` → bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Where schema files come from.
pub trait Source {
    /// The bytes of a file; `None` if it is not there.
    ///
    /// # Errors
    /// Why it is there and cannot be read, in words.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String>;

    /// The name of the file that `location`, as written in the file `name`, leads to; `None`
    /// if it leads out of what this source may read.
    fn locate(&self, name: &str, location: &str) -> Option<String> {
        beside(name, location)
    }
}

impl Source for Files {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.get(name).cloned())
    }
}

/// A mistake in a schema, or in another file of a message family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The name of the file in its [`Source`].
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
    /// Compiles the schema file `entry` and what it includes, imports and redefines.
    /// Locations are relative to the file that has them, within `files`.
    ///
    /// # Errors
    /// See [`Schema::compile_set`].
    pub fn compile(entry: &str, files: &Files) -> Result<Schema, Mistake> {
        Schema::compile_set(&[entry], files)
    }

    /// Compiles several schema files together; their target namespaces may differ.
    ///
    /// # Errors
    /// The first mistake: a file that is not there or not XML, a construct that is not
    /// supported, a name that is not declared, a broken constraint.
    pub fn compile_set(entries: &[&str], source: &dyn Source) -> Result<Schema, Mistake> {
        compile::compile(&load::load(entries, source)?)
    }

    /// Walks `document`, pushes every violation to `findings` (unsorted), and tells `sink`
    /// what it meets. Every global element may be the root. True when the document was read to
    /// its end.
    pub fn walk(
        &self,
        document: &Document<'_>,
        limits: &Limits,
        sink: &mut impl Sink,
        findings: &mut Findings,
    ) -> bool {
        let opened = Opened::new(document, limits, findings);
        opened.is_some_and(|opened| self.walk_opened(opened, limits, sink, findings))
    }

    /// [`Schema::walk`] of a document whose root was looked at already.
    pub fn walk_opened(
        &self,
        opened: Opened<'_>,
        limits: &Limits,
        sink: &mut impl Sink,
        findings: &mut Findings,
    ) -> bool {
        walk::walk(self, opened, limits, sink, findings)
    }

    /// Whether `document` is valid, found out by the plain walk: slowly, and by the letter of
    /// the standard. `None`: a content model grew too large to tell. For tests.
    pub fn plain_verdict(&self, document: &Document<'_>, limits: &Limits) -> Option<bool> {
        plain::verdict(self, document, limits)
    }
}

/// A document that was read as far as the start tag of its root.
pub struct Opened<'a> {
    document: &'a Document<'a>,
    reader: Reader<'a>,
    local: &'a str,
    offset: usize,
}

impl<'a> Opened<'a> {
    /// Reads that far. `None`: it is not well-formed that far, and a finding was pushed.
    pub fn new(
        document: &'a Document<'a>,
        limits: &'a Limits,
        findings: &mut Findings,
    ) -> Option<Opened<'a>> {
        let mut reader = Reader::new(document, limits);
        let Event::Start { local, offset } = reader.next(findings)? else {
            return None;
        };
        Some(Opened {
            document,
            reader,
            local,
            offset,
        })
    }

    /// Namespace and local name of the root.
    pub fn root(&self) -> (&str, &'a str) {
        (self.reader.namespace(), self.local)
    }
}

/// What a walk meets, in document order. Elements that no schema declares, or that may not
/// stand where they stand, are not told, and nothing inside them. Offsets are into
/// [`Document::text`].
pub trait Sink {
    /// An element begins; the offset is that of its `<`.
    fn start(&mut self, name: Symbol, offset: usize);
    /// An attribute of the element that just began, its value white-space normalised; one
    /// that is absent and has a default is told at the element's offset.
    fn attribute(&mut self, name: Symbol, value: &str, offset: usize);
    /// The whole text of an element with simple content, white-space normalised, or its
    /// default value; not told when it is empty. The offset is that of its first byte.
    fn text(&mut self, value: &str, offset: usize);
    /// The text of the innermost open element does not fit its type; a finding says so.
    fn misfit(&mut self) {}
    /// The innermost open element ends.
    fn end(&mut self);
    /// An element without attributes that is one value, from beginning to end: most are.
    fn leaf(&mut self, name: Symbol, offset: usize, value: Leaf<'_>) {
        self.start(name, offset);
        match value {
            Leaf::Text("", _) => {}
            Leaf::Text(text, at) => self.text(text, at),
            Leaf::Misfit => self.misfit(),
        }
        self.end();
    }
}

/// What [`Sink::leaf`] tells of a value.
#[derive(Debug, Clone, Copy)]
pub enum Leaf<'v> {
    /// As [`Sink::text`] does, but empty too.
    Text(&'v str, usize),
    /// As [`Sink::misfit`] does.
    Misfit,
}

/// A sink for whoever only wants to know whether a document is valid.
impl Sink for () {
    fn start(&mut self, _name: Symbol, _offset: usize) {}
    fn attribute(&mut self, _name: Symbol, _value: &str, _offset: usize) {}
    fn text(&mut self, _value: &str, _offset: usize) {}
    fn end(&mut self) {}
}
