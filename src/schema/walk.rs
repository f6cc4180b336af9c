//! The walk: one pass over a document along the tables. After a violation it goes on where
//! that makes sense: an element that the model has later is taken there (what was skipped is
//! one finding), one that it has earlier is checked where it stands, one that it does not
//! have at all is passed over with everything inside it.

use std::borrow::Cow;

use crate::finding::Findings;
use crate::xml::{Attribute, Document, Event, Limits, Reader};

use super::Sink;
use super::content::{At, Step};
use super::simple::normalise;
use super::tables::{Complex, Content, Member, Name, Schema, Type};
use super::value::White;
use super::violation::{Violation, report};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// See [`Schema::walk`].
pub fn walk(
    schema: &Schema,
    document: &Document<'_>,
    root: Option<(&str, &str)>,
    limits: &Limits,
    sink: &mut impl Sink,
    findings: &mut Findings,
) -> bool {
    let root = root.map(|(namespace, local)| schema.names.find(namespace, local));
    let mut walk = Walk {
        schema,
        limits,
        sink,
        frames: Vec::with_capacity(16),
        seen: Vec::new(),
        value: None,
        violations: Vec::new(),
        beyond: 0,
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
                if !walk.start(&reader, local, offset, root) {
                    passing = 1;
                }
            }
            Event::Text { text, offset } => walk.text(text, offset),
            Event::End { offset } => walk.end(offset),
        }
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

struct Walk<'a, 's, S> {
    schema: &'s Schema,
    limits: &'s Limits,
    sink: &'s mut S,
    frames: Vec<Frame>,
    /// For every open element with an all group, which members were met: a bit each.
    seen: Vec<u64>,
    /// The text of the innermost element with simple content, and its offset.
    value: Option<(Cow<'a, str>, usize)>,
    violations: Vec<Violation>,
    /// Violations beyond those that an answer reports.
    beyond: u64,
}

/// One open element.
struct Frame {
    element: usize,
    offset: usize,
    at: At,
    /// Where its bits begin in `seen`.
    seen: usize,
    /// Stray text is reported once an element.
    strayed: bool,
    /// A child element stood in simple content: the text is no longer one value.
    broken: bool,
}

impl<'a, 's, S: Sink> Walk<'a, 's, S> {
    /// False when the element is to be passed over.
    fn start(
        &mut self,
        reader: &Reader<'a>,
        local: &str,
        offset: usize,
        root: Option<Option<Name>>,
    ) -> bool {
        let name = self.schema.names.find(reader.namespace(), local);
        let element = match self.frames.last() {
            None => self.root(local, name, root, offset),
            Some(_) => self.child(local, name, offset),
        };
        let Some(element) = element else { return false };
        self.sink
            .start(self.schema.elements[element].name.1, offset);
        let seen = self.seen.len();
        if let Some(Complex {
            content: Content::All { members, .. },
            ..
        }) = self.complex(element)
        {
            self.seen.resize(seen + members.len().div_ceil(64), 0);
        }
        self.frames.push(Frame {
            element,
            offset,
            at: At::default(),
            seen,
            strayed: false,
            broken: false,
        });
        self.value = None;
        self.attributes(reader, element, offset);
        true
    }

    fn root(
        &mut self,
        local: &str,
        name: Option<Name>,
        root: Option<Option<Name>>,
        offset: usize,
    ) -> Option<usize> {
        let admitted = match root {
            Some(only) => only.is_some() && name == only,
            None => true,
        };
        let element = name
            .filter(|_| admitted)
            .and_then(|name| self.schema.roots.get(&name).copied());
        if element.is_none() {
            let expected = match root.flatten() {
                Some((_, symbol)) => self.schema.name(symbol).to_owned(),
                None => self.schema.roots().join(", "),
            };
            self.violate(
                "cvc-elt.1",
                offset,
                String::new(),
                offset,
                local.to_owned(),
                expected,
            );
        }
        element
    }

    /// The declaration of a child of the innermost open element.
    fn child(&mut self, local: &str, name: Option<Name>, offset: usize) -> Option<usize> {
        let schema = self.schema;
        let frame = self.frames.last_mut().expect("called inside the root");
        let (code, expected) = match &schema.types[schema.elements[frame.element].ty] {
            Type::Simple(_) => {
                frame.broken = true;
                ("cvc-type.3.1.2", String::new())
            }
            Type::Complex(complex) => match &complex.content {
                Content::Empty => ("cvc-complex-type.2.1", String::new()),
                Content::Text(_) => {
                    frame.broken = true;
                    ("cvc-complex-type.2.2", String::new())
                }
                Content::Model(model) => {
                    let step = name.map_or(Step::Unknown, |name| model.step(frame.at, name));
                    let (position, at, fits) = match step {
                        Step::Fits { position, at } => (Some(position), at, true),
                        Step::Later { position, at } => (Some(position), at, false),
                        Step::Misplaced { position } => (Some(position), frame.at, false),
                        Step::Unknown => (None, frame.at, false),
                    };
                    let before = std::mem::replace(&mut frame.at, at);
                    let element =
                        position.map(|position| model.positions[usize::from(position)].element);
                    if !fits {
                        let expected = schema.listing(model.expected(before));
                        self.violate(
                            "cvc-complex-type.2.4.a",
                            offset,
                            String::new(),
                            offset,
                            local.to_owned(),
                            expected,
                        );
                    }
                    return element;
                }
                Content::All { members, .. } => {
                    let found = name.and_then(|name| {
                        members
                            .binary_search_by_key(&name, |member| member.name)
                            .ok()
                    });
                    match found {
                        Some(number) => {
                            let bit = 1u64 << (number % 64);
                            let word = &mut self.seen[frame.seen + number / 64];
                            let again = *word & bit != 0;
                            *word |= bit;
                            if again {
                                let code = "cvc-complex-type.2.4.a";
                                self.violate(
                                    code,
                                    offset,
                                    String::new(),
                                    offset,
                                    local.to_owned(),
                                    String::new(),
                                );
                            }
                            return Some(members[number].element);
                        }
                        None => {
                            let bits = &self.seen[frame.seen..];
                            let open = |(number, member): (usize, &Member)| {
                                (bits[number / 64] & (1u64 << (number % 64)) == 0)
                                    .then_some(member.name)
                            };
                            let open = members.iter().enumerate().filter_map(open).collect();
                            ("cvc-complex-type.2.4.a", schema.nearest(local, open))
                        }
                    }
                }
            },
        };
        self.violate(
            code,
            offset,
            String::new(),
            offset,
            local.to_owned(),
            expected,
        );
        None
    }

    fn attributes(&mut self, reader: &Reader<'a>, element: usize, offset: usize) {
        let schema = self.schema;
        let uses = self
            .complex(element)
            .map_or(&[][..], |complex| &complex.attributes);
        let simple_type = matches!(schema.types[schema.elements[element].ty], Type::Simple(_));
        let present = reader.attributes();
        if uses.is_empty() && present.is_empty() {
            return;
        }
        for attribute in present {
            let namespace = reader.attribute_namespace(attribute);
            let below = format!("/@{}", attribute.local);
            if namespace == XSI {
                match attribute.local {
                    "schemaLocation" | "noNamespaceSchemaLocation" => {}
                    "nil" => self.violate_attribute(
                        "cvc-elt.3.1",
                        offset,
                        below,
                        attribute,
                        String::new(),
                    ),
                    _ => self.violate_attribute(
                        "cvc-elt.4.3",
                        offset,
                        below,
                        attribute,
                        String::new(),
                    ),
                }
                continue;
            }
            let name = schema.names.find(namespace, attribute.local);
            let Some(declared) = uses.iter().find(|declared| Some(declared.name) == name) else {
                let expected = schema.listing(uses.iter().map(|declared| declared.name).collect());
                let code = if simple_type {
                    "cvc-type.3.1.1"
                } else {
                    "cvc-complex-type.3.2.2"
                };
                self.violate_attribute(code, offset, below, attribute, expected);
                continue;
            };
            match schema.simples[declared.simple].check(&schema.simples, &attribute.value) {
                Ok(value) => {
                    if let Some(fixed) = declared.fixed.as_ref().filter(|fixed| **fixed != *value) {
                        let expected = fixed.clone();
                        self.violate_attribute(
                            "cvc-complex-type.3.1",
                            offset,
                            below,
                            attribute,
                            expected,
                        );
                    }
                    self.sink
                        .attribute(declared.name.1, &value, attribute.offset);
                }
                Err(misfit) => {
                    self.violate_attribute(misfit.code, offset, below, attribute, misfit.expected)
                }
            }
        }
        for declared in uses.iter().filter(|declared| declared.required) {
            let there = present.iter().any(|attribute| {
                schema
                    .names
                    .find(reader.attribute_namespace(attribute), attribute.local)
                    == Some(declared.name)
            });
            if !there {
                let name = schema.name(declared.name.1);
                let below = format!("/@{name}");
                self.violate(
                    "cvc-complex-type.4",
                    offset,
                    below,
                    offset,
                    String::new(),
                    name.to_owned(),
                );
            }
        }
    }

    fn text(&mut self, text: Cow<'a, str>, offset: usize) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        if self.simple_content(frame.element).is_some() {
            match &mut self.value {
                None => self.value = Some((text, offset)),
                Some((whole, _)) => whole.to_mut().push_str(&text),
            }
            let too_long = self
                .value
                .as_ref()
                .is_some_and(|(whole, _)| whole.len() > self.limits.text_bytes_max);
            if too_long {
                // Runs of allowed length can add up: keep the cap, not the text.
                self.value
                    .as_mut()
                    .expect("just looked at")
                    .0
                    .to_mut()
                    .truncate(0);
                let element = self.frames.last().expect("just looked at").offset;
                let expected = format!("maxLength {}", self.limits.text_bytes_max);
                self.violate(
                    "cvc-maxLength-valid",
                    element,
                    String::new(),
                    offset,
                    String::new(),
                    expected,
                );
            }
            return;
        }
        if frame.strayed
            || text
                .bytes()
                .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        {
            return;
        }
        let empty = matches!(
            self.complex(frame.element),
            Some(Complex {
                content: Content::Empty,
                ..
            })
        );
        let code = if empty {
            "cvc-complex-type.2.1"
        } else {
            "cvc-complex-type.2.3"
        };
        let lead = text.len() - text.trim_start().len();
        let (element, value) = (frame.offset, text.trim().to_owned());
        self.frames.last_mut().expect("just looked at").strayed = true;
        self.violate(
            code,
            element,
            String::new(),
            offset + lead,
            value,
            String::new(),
        );
    }

    fn end(&mut self, offset: usize) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let schema = self.schema;
        if let Some(simple) = self.simple_content(frame.element) {
            let (text, at) = self.value.take().unwrap_or((Cow::Borrowed(""), offset));
            if frame.broken {
                self.sink.misfit();
            } else {
                self.simple(&frame, simple, &text, at);
            }
        } else if let Some(complex) = self.complex(frame.element) {
            match &complex.content {
                Content::Model(model) if !model.may_end(frame.at) => {
                    let expected = schema.listing(model.expected(frame.at));
                    self.violate(
                        "cvc-complex-type.2.4.b",
                        frame.offset,
                        String::new(),
                        offset,
                        String::new(),
                        expected,
                    );
                }
                Content::All { members, optional } => {
                    let untouched = self.seen[frame.seen..].iter().all(|word| *word == 0);
                    for (number, member) in members
                        .iter()
                        .enumerate()
                        .filter(|(_, member)| member.required)
                    {
                        let met =
                            self.seen[frame.seen + number / 64] & (1u64 << (number % 64)) != 0;
                        let excused = untouched && *optional;
                        if !met && !excused {
                            let name = schema.name(member.name.1);
                            let below = format!("/{name}");
                            let code = "cvc-complex-type.2.4.b";
                            self.violate(
                                code,
                                frame.offset,
                                below,
                                offset,
                                String::new(),
                                name.to_owned(),
                            );
                        }
                    }
                }
                _ => {}
            }
        }
        self.seen.truncate(frame.seen);
        self.value = None;
        self.sink.end();
    }

    fn simple(&mut self, frame: &Frame, simple: usize, text: &str, offset: usize) {
        let schema = self.schema;
        // Where the value begins, for people: after leading white space.
        let at = offset + text.len() - text.trim_start().len();
        match schema.simples[simple].check(&schema.simples, text) {
            Ok(value) => {
                if let Some(fixed) = schema.elements[frame.element]
                    .fixed
                    .as_ref()
                    .filter(|fixed| **fixed != *value)
                {
                    let (value, expected) = (value.to_string(), fixed.clone());
                    self.violate(
                        "cvc-elt.5.2.2",
                        frame.offset,
                        String::new(),
                        at,
                        value,
                        expected,
                    );
                }
                if !value.is_empty() {
                    self.sink.text(&value, at);
                }
            }
            Err(misfit) => {
                self.sink.misfit();
                let value = normalise(White::Collapse, text).into_owned();
                self.violate(
                    misfit.code,
                    frame.offset,
                    String::new(),
                    at,
                    value,
                    misfit.expected,
                );
            }
        }
    }

    fn complex(&self, element: usize) -> Option<&'s Complex> {
        match &self.schema.types[self.schema.elements[element].ty] {
            Type::Complex(complex) => Some(complex),
            Type::Simple(_) => None,
        }
    }

    /// The simple type of the text of an element, if text is what it holds.
    fn simple_content(&self, element: usize) -> Option<usize> {
        match &self.schema.types[self.schema.elements[element].ty] {
            Type::Simple(simple)
            | Type::Complex(Complex {
                content: Content::Text(simple),
                ..
            }) => Some(*simple),
            Type::Complex(_) => None,
        }
    }

    fn violate_attribute(
        &mut self,
        code: &'static str,
        element: usize,
        below: String,
        attribute: &Attribute<'_>,
        expected: String,
    ) {
        self.violate(
            code,
            element,
            below,
            attribute.offset,
            attribute.value.to_string(),
            expected,
        );
    }

    fn violate(
        &mut self,
        code: &'static str,
        element: usize,
        below: String,
        offset: usize,
        value: String,
        expected: String,
    ) {
        if self.violations.len() < self.limits.findings_max {
            self.violations.push(Violation {
                code,
                element,
                below,
                offset,
                value,
                expected,
            });
        } else {
            self.beyond += 1;
        }
    }
}

/// Names that a finding lists; the rest is counted.
const LISTED_MAX: usize = 12;

impl Schema {
    fn listing(&self, names: Vec<Name>) -> String {
        let listed: Vec<&str> = names
            .iter()
            .take(LISTED_MAX)
            .map(|(_, symbol)| self.name(*symbol))
            .collect();
        let more = if names.len() > LISTED_MAX {
            format!(", … ({})", names.len())
        } else {
            String::new()
        };
        listed.join(", ") + &more
    }

    /// Of many names that may come, the one that was probably meant, or the listing.
    fn nearest(&self, local: &str, names: Vec<Name>) -> String {
        match crate::finding::nearest(local, names.iter().map(|(_, symbol)| self.name(*symbol))) {
            Some(name) => name.to_owned(),
            None => self.listing(names),
        }
    }
}
