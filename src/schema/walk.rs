//! The walk: one pass over a document along the tables. What an element is, is decided here;
//! `instance` looks at attributes and `content` at text and at what ends, and `recover` finds
//! a way on after a violation.

use std::borrow::Cow;

use crate::finding::Findings;
use crate::xml::{Document, Event, Limits, Reader};

use super::Sink;
use super::automaton::Step;
use super::identity::Keys;
use super::instance::{Ids, has_type};
use super::model::Matcher;
use super::names::UNKNOWN_SPACE;
use super::tables::*;
use super::value::Prefixes;
use super::violation::{Violation, report};

/// See [`Schema::walk`].
pub fn walk(
    schema: &Schema,
    document: &Document<'_>,
    root: Option<(&str, &str)>,
    limits: &Limits,
    sink: &mut impl Sink,
    findings: &mut Findings,
) -> bool {
    let mut walk = Walk {
        schema,
        limits,
        root,
        sink,
        frames: Vec::with_capacity(16),
        counters: Vec::new(),
        bits: Vec::new(),
        value: None,
        violations: Vec::new(),
        beyond: 0,
        keys: Keys::default(),
        ids: Ids::default(),
        detours: Vec::new(),
        last_space: 0,
    };
    let mut reader = Reader::new(document, limits);
    let mut refusals = Findings::new(1);
    // How many elements deep inside one that is passed over.
    let mut passing = 0usize;
    while let Some(event) = reader.next(&mut refusals) {
        match event {
            Event::Start { .. } if passing > 0 => passing += 1,
            Event::End { .. } if passing > 0 => passing -= 1,
            Event::Text { .. } if passing > 0 => {}
            Event::Start { local, offset } => {
                if !walk.start(&reader, local, offset) {
                    passing = 1;
                }
            }
            Event::Text { text, offset } => walk.text(text, offset),
            Event::End { offset } => walk.end(&reader, offset),
        }
    }
    if reader.is_complete() {
        walk.unresolved();
    }
    let Walk {
        violations, beyond, ..
    } = walk;
    // First: however many violations there are, why reading ended is never left out.
    for refusal in refusals.list() {
        findings.push(refusal.clone());
    }
    report(violations, document, limits, findings);
    findings.omit(beyond);
    reader.is_complete()
}

pub(super) struct Walk<'a, 's, S> {
    pub schema: &'s Schema,
    pub limits: &'s Limits,
    pub root: Option<(&'s str, &'s str)>,
    pub sink: &'s mut S,
    pub frames: Vec<Frame>,
    /// The counters of the content models of open elements.
    pub counters: Vec<u32>,
    /// For every open element with an all group, which members were met.
    pub bits: Vec<bool>,
    /// The text of the innermost element, if it is one value, and its offset.
    pub value: Option<(Cow<'a, str>, usize)>,
    pub violations: Vec<Violation>,
    /// Violations beyond those that an answer reports.
    pub beyond: u64,
    pub keys: Keys,
    pub ids: Ids,
    /// Ways on after violations, of elements that are open.
    pub detours: Vec<super::recover::Detour>,
    /// The namespace that was looked up last: nearly always the next one too.
    pub last_space: u16,
}

/// One open element.
pub(super) struct Frame {
    /// Absent when a wildcard admits an element that nothing declares.
    pub element: Option<ElementId>,
    pub ty: TypeId,
    pub offset: usize,
    /// Where the content model stands, its counters and its bits begin.
    pub state: u32,
    pub counters: usize,
    pub bits: usize,
    pub nil: bool,
    /// Its text is gathered: it is a value.
    pub gathers: bool,
    /// Stray text is reported once an element.
    pub strayed: bool,
    /// A child element stood where only text may: the text is no longer one value.
    pub broken: bool,
    /// The state in which an element was passed over that the model does not have.
    pub passed_over: u32,
    /// It has child elements.
    pub parent: bool,
    /// The sink is not told of what nothing declares.
    pub told: bool,
}

/// What an element turned out to be.
pub(super) enum Found {
    Declared(ElementId),
    /// A wildcard admits it without a declaration.
    Undeclared,
    /// It is not looked at, nor what is inside it.
    PassOver,
}

impl Prefixes for Reader<'_> {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        match self.bound(prefix) {
            None if prefix.is_empty() => Some(""),
            found => found,
        }
    }
}

impl<'a, 's, S: Sink> Walk<'a, 's, S> {
    /// False when the element is to be passed over.
    fn start(&mut self, reader: &Reader<'a>, local: &str, offset: usize) -> bool {
        let schema = self.schema;
        let space = self.space(reader.namespace());
        let name = match space {
            UNKNOWN_SPACE => None,
            space => schema.symbol(local).map(|local| Name { space, local }),
        };
        let typed = has_type(reader);
        let found = if self.frames.is_empty() {
            self.found_root(name, local, typed, offset)
        } else {
            self.found_child(name, space, local, typed, offset)
        };
        let (element, declared) = match found {
            Found::PassOver => return false,
            Found::Undeclared => (None, ANY_TYPE),
            Found::Declared(element) => (Some(element), schema.elements[element].ty),
        };
        let ty = match typed {
            true => self.actual_type(reader, element, declared, offset),
            false => declared,
        };
        if schema.types[ty].is_abstract {
            let name = schema.type_name(ty).to_owned();
            self.violate("cvc-type.2", offset, offset, &name, String::new());
        }
        let nil = self.nil(reader, element, offset);
        let told = element.is_some() && self.frames.last().is_none_or(|frame| frame.told);
        if told && let Some(element) = element {
            self.sink.start(schema.elements[element].name.local, offset);
        }
        let (counters, bits) = (self.counters.len(), self.bits.len());
        let gathers = match &schema.types[ty].content {
            Content::Simple(_) => true,
            Content::Empty => false,
            Content::Model(model) => {
                match &model.matcher {
                    Matcher::Automaton(automaton) if automaton.counters() == 0 => {}
                    Matcher::Automaton(automaton) => {
                        self.counters.resize(counters + automaton.counters(), 0);
                    }
                    Matcher::All(all) => self.bits.resize(bits + all.members.len(), false),
                }
                model.mixed
                    && element.is_some_and(|element| schema.elements[element].value.is_some())
            }
        };
        self.frames.push(Frame {
            element,
            ty,
            offset,
            state: 0,
            counters,
            bits,
            nil,
            gathers,
            strayed: false,
            broken: false,
            passed_over: u32::MAX,
            parent: false,
            told,
        });
        self.value = None;
        self.attributes(reader, (space, name), element, offset);
        true
    }

    /// The number of a namespace.
    pub fn space(&mut self, namespace: &str) -> u16 {
        let names = &self.schema.names;
        if names.space_name(self.last_space) == namespace {
            return self.last_space;
        }
        match names.space(namespace) {
            Some(space) => {
                self.last_space = space;
                space
            }
            None => UNKNOWN_SPACE,
        }
    }

    fn found_root(&mut self, name: Option<Name>, local: &str, typed: bool, offset: usize) -> Found {
        let schema = self.schema;
        let only = self
            .root
            .map(|(namespace, local)| schema.names.find(namespace, local));
        let admitted = only.is_none_or(|only| only.is_some() && only == name);
        let declared = name
            .filter(|_| admitted)
            .and_then(|name| schema.roots.get(&name).copied());
        match declared {
            Some(element) => self.concrete(element, offset),
            None if typed && only.is_none() => Found::Undeclared,
            None => {
                let expected = match self.root {
                    Some((_, local)) => local.to_owned(),
                    None => schema.nearest(local, &schema.roots()),
                };
                self.violate("cvc-elt.1", offset, offset, local, expected);
                Found::PassOver
            }
        }
    }

    /// A child of the innermost open element.
    fn found_child(
        &mut self,
        name: Option<Name>,
        space: u16,
        local: &str,
        typed: bool,
        offset: usize,
    ) -> Found {
        let schema = self.schema;
        let frame = self.frames.last_mut().expect("called inside the root");
        frame.parent = true;
        let code = if frame.nil {
            "cvc-elt.3.2.1"
        } else {
            match &schema.types[frame.ty].content {
                Content::Empty => "cvc-complex-type.2.1",
                Content::Simple(_) => {
                    frame.broken = true;
                    match schema.types[frame.ty].complex {
                        true => "cvc-complex-type.2.2",
                        false => "cvc-type.3.1.2",
                    }
                }
                Content::Model(model) => {
                    frame.broken = frame.gathers;
                    let step = match &model.matcher {
                        Matcher::Automaton(automaton) => automaton.step(
                            &mut frame.state,
                            &mut self.counters[frame.counters..],
                            name,
                            space,
                        ),
                        Matcher::All(all) => {
                            let found = name.and_then(|name| {
                                let at =
                                    all.names.binary_search_by_key(&name, |(name, _, _)| *name);
                                at.ok()
                            });
                            found.and_then(|at| {
                                let (_, element, member) = all.names[at];
                                let met = &mut self.bits[frame.bits + member];
                                (!std::mem::replace(met, true)).then_some(Step::Element(element))
                            })
                        }
                    };
                    return match step {
                        Some(Step::Element(element)) => self.concrete(element, offset),
                        Some(Step::Any(wildcard)) => {
                            self.found_wild(wildcard.process, name, local, typed, offset)
                        }
                        None => self.recover(model, name, space, local, typed, offset),
                    };
                }
            }
        };
        self.violate(code, offset, offset, local, String::new());
        Found::PassOver
    }

    /// An element that a wildcard takes.
    pub fn found_wild(
        &mut self,
        process: Process,
        name: Option<Name>,
        local: &str,
        typed: bool,
        offset: usize,
    ) -> Found {
        if process == Process::Skip {
            return Found::PassOver;
        }
        match name.and_then(|name| self.schema.roots.get(&name).copied()) {
            Some(element) => self.concrete(element, offset),
            None if process == Process::Lax || typed => Found::Undeclared,
            None => {
                self.violate(
                    "cvc-complex-type.2.4.c",
                    offset,
                    offset,
                    local,
                    String::new(),
                );
                Found::PassOver
            }
        }
    }

    /// An element as long as it is not abstract.
    pub fn concrete(&mut self, element: ElementId, offset: usize) -> Found {
        if self.schema.elements[element].is_abstract {
            let members = &self.schema.elements[element].stands_for;
            let names: Vec<&str> = members
                .iter()
                .map(|member| &self.schema.elements[*member])
                .filter(|member| !member.is_abstract)
                .map(|member| self.schema.name(member.name.local))
                .collect();
            let local = self.schema.name(self.schema.elements[element].name.local);
            let expected = self.schema.listing(&names);
            self.violate("cvc-elt.2", offset, offset, local, expected);
            return Found::PassOver;
        }
        Found::Declared(element)
    }

    /// A violation at an element, or at `offset` inside it.
    pub fn violate(
        &mut self,
        code: &'static str,
        element: usize,
        offset: usize,
        value: &str,
        expected: String,
    ) {
        self.push(Violation {
            code,
            element,
            below: String::new(),
            offset,
            value: bounded(value),
            expected,
        });
    }

    pub fn push(&mut self, violation: Violation) {
        if self.violations.len() < self.limits.findings_max {
            self.violations.push(violation);
        } else {
            self.beyond += 1;
        }
    }
}

/// What is kept of an offending value until it is reported: a little more than a finding
/// quotes.
pub(super) fn bounded(value: &str) -> String {
    value[..value.floor_char_boundary(1_000)].to_owned()
}

/// Names that a finding lists; the rest is counted.
const LISTED_MAX: usize = 12;

impl Schema {
    pub(super) fn listing(&self, names: &[&str]) -> String {
        let listed = names[..names.len().min(LISTED_MAX)].join(", ");
        match names.len() > LISTED_MAX {
            true => format!("{listed}, … ({})", names.len()),
            false => listed,
        }
    }

    /// Of many names that may come, the one that was probably meant, or the listing.
    pub(super) fn nearest(&self, local: &str, names: &[&str]) -> String {
        match crate::finding::nearest(local, names.iter().copied()) {
            Some(name) => name.to_owned(),
            None => self.listing(names),
        }
    }
}
