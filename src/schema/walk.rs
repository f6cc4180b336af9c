//! The walk: one pass over a document along the tables. What an element is, is decided here;
//! `instance` looks at attributes and `content` at text and at what ends, and `recover` finds
//! a way on after a violation.

use std::borrow::Cow;
use std::rc::Rc;

use crate::finding::{self, Findings};
use crate::xml::{Event, Limits, Reader};

use super::automaton::Automaton;
use super::derivative::Expr;
use super::instance::{Ids, has_type};
use super::keys::Keys;
use super::model::{All, Matcher, Model, Step};
use super::names::UNKNOWN_SPACE;
use super::simple::Simple;
use super::tables::*;
use super::value::Prefixes;
use super::violation::{Violation, report};
use super::{Opened, Sink};

/// See [`Schema::walk_opened`].
pub fn walk(
    schema: &Schema,
    opened: Opened<'_>,
    limits: &Limits,
    sink: &mut impl Sink,
    findings: &mut Findings,
) -> bool {
    let Opened {
        document,
        mut reader,
        local,
        offset,
    } = opened;
    let mut walk = Walk {
        schema,
        limits,
        sink,
        frames: Vec::with_capacity(16),
        counters: Vec::new(),
        derived: Vec::new(),
        bits: Vec::new(),
        value: None,
        violations: Vec::new(),
        beyond: 0,
        keys: Keys::default(),
        ids: Ids::default(),
        detours: Vec::new(),
        last_space: None,
    };
    let mut refusals = Findings::new(1);
    // How many elements deep inside one that is passed over.
    let mut passing = walk.begin(&mut reader, local, offset);
    while let Some(event) = reader.next(&mut refusals) {
        match event {
            Event::Start { .. } if passing > 0 => passing += 1,
            Event::End { .. } if passing > 0 => passing -= 1,
            Event::Text { .. } if passing > 0 => {}
            Event::Start { local, offset } => passing = walk.begin(&mut reader, local, offset),
            Event::Text { text, offset } => walk.text(text, offset),
            Event::End { offset } => {
                walk.end(&reader, offset);
                reader.pass_blanks(walk.ignores_blanks());
            }
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
    pub sink: &'s mut S,
    pub frames: Vec<Frame<'s>>,
    /// The counters of the content models of open elements.
    pub counters: Vec<u32>,
    /// What is left of content models that are followed by derivatives.
    pub derived: Vec<Rc<Expr>>,
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
    /// The namespace that was looked up last, nearly always the next one too: where it is
    /// declared, and its number.
    pub last_space: Option<(Option<u32>, u16)>,
}

/// One open element.
pub(super) struct Frame<'s> {
    pub inside: Inside<'s>,
    /// Absent when a wildcard admits an element that nothing declares.
    pub element: Option<&'s Element>,
    pub ty: &'s Type,
    pub offset: usize,
    /// Where the content model stands, its counters and its bits begin.
    pub state: u32,
    pub counters: u32,
    pub bits: u32,
    /// The state in which an element was passed over that the model does not have.
    pub passed_over: u32,
    pub nil: bool,
    /// Stray text is reported once an element.
    pub strayed: bool,
    /// A child element stood where only text may: the text is no longer one value.
    pub broken: bool,
    /// It has child elements.
    pub parent: bool,
    /// The sink is not told of what nothing declares.
    pub told: bool,
}

/// What may stand inside an open element: its content, looked up once.
#[derive(Clone, Copy)]
pub(super) enum Inside<'s> {
    Nothing,
    Text(&'s Simple),
    Automaton(&'s Automaton, &'s Model),
    /// What is left of the model is the last of `Walk::derived`.
    Derived(&'s Model),
    All(&'s All, &'s Model),
}

impl Frame<'_> {
    /// Whether its text is gathered: it is a value, or has to be held against one.
    pub fn gathers(&self) -> bool {
        matches!(self.inside, Inside::Text(_))
            || self.element.is_some_and(|element| element.value.is_some())
    }

    /// Whether white space says nothing in it.
    fn ignores_blanks(&self) -> bool {
        !self.nil && !self.gathers() && !matches!(self.inside, Inside::Nothing)
    }
}

/// A child element as its tag says it.
#[derive(Clone, Copy)]
pub(super) struct Child<'x> {
    /// `None`: no schema knows the name.
    pub name: Option<Name>,
    pub space: u16,
    pub local: &'x str,
    /// It names its type.
    pub typed: bool,
    pub offset: usize,
}

/// What the beginning of an element led to.
enum Started {
    /// It is open.
    Open,
    /// It was a value, and has ended already.
    Over,
    /// It is to be passed over.
    PassOver,
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
    /// An element begins; 1 when it is to be passed over.
    #[inline]
    fn begin(&mut self, reader: &mut Reader<'a>, local: &str, offset: usize) -> usize {
        match self.start(reader, local, offset) {
            Started::Open => reader.pass_blanks(self.ignores_blanks()),
            Started::Over => {}
            Started::PassOver => return 1,
        }
        0
    }

    /// What an element is, and what it leads to.
    fn start(&mut self, reader: &mut Reader<'a>, local: &str, offset: usize) -> Started {
        let schema = self.schema;
        let space = self.space(reader);
        let name = match space {
            UNKNOWN_SPACE => None,
            space => schema.symbol(local).map(|local| Name { space, local }),
        };
        let bare = reader.attributes().is_empty();
        let typed = !bare && has_type(reader);
        let child = Child {
            name,
            space,
            local,
            typed,
            offset,
        };
        let found = match self.frames.is_empty() {
            true => self.found_root(child),
            false => self.found_child(child),
        };
        let told = self.frames.last().is_none_or(|frame| frame.told);
        // Most elements are a value and nothing else: that is seen to at once.
        if let Found::Declared(element) = found
            && bare
            && let Some(only) = &schema.only_values[element]
            && let Some(run) = reader.leaf()
        {
            self.leaf(reader, only, run, offset, told);
            return Started::Over;
        }
        let (element, declared) = match found {
            Found::PassOver => return Started::PassOver,
            Found::Undeclared => (None, ANY_TYPE),
            Found::Declared(element) => {
                let element = &schema.elements[element];
                (Some(element), element.ty)
            }
        };
        let ty = match typed {
            true => self.actual_type(reader, element, declared, offset),
            false => declared,
        };
        let ty = &schema.types[ty];
        if ty.is_abstract {
            let name = schema.type_name(ty).to_owned();
            self.violate("cvc-type.2", offset, offset, &name, String::new());
        }
        let told = told && element.is_some();
        let nil = !bare && self.nil(reader, element, offset);
        if told && let Some(element) = element {
            self.sink.start(element.name.local, offset);
        }
        let (counters, bits) = (self.counters.len(), self.bits.len());
        let inside = match &ty.content {
            Content::Simple(simple) => Inside::Text(&schema.simples[*simple]),
            Content::Empty => Inside::Nothing,
            Content::Model(model) => match &model.matcher {
                Matcher::Automaton(automaton) => {
                    if automaton.counters() > 0 {
                        self.counters.resize(counters + automaton.counters(), 0);
                    }
                    Inside::Automaton(automaton, model)
                }
                Matcher::Derived(_) => {
                    self.derived.push(Expr::new(&model.particle));
                    Inside::Derived(model)
                }
                Matcher::All(all) => {
                    self.bits.resize(bits + all.members.len(), false);
                    Inside::All(all, model)
                }
            },
        };
        self.frames.push(Frame {
            inside,
            element,
            ty,
            offset,
            state: 0,
            counters: counters as u32,
            bits: bits as u32,
            passed_over: u32::MAX,
            nil,
            strayed: false,
            broken: false,
            parent: false,
            told,
        });
        self.value = None;
        if !bare || ty.watches_attributes || self.keyed() {
            self.attributes(reader, (space, name), offset);
        }
        Started::Open
    }

    /// The number of the namespace of the element that just began.
    fn space(&mut self, reader: &Reader<'a>) -> u16 {
        let declaration = reader.declaration();
        if let Some((known, space)) = self.last_space
            && known == declaration
        {
            return space;
        }
        let space = self.schema.names.space(reader.namespace());
        let space = space.unwrap_or(UNKNOWN_SPACE);
        // Without a declaration the prefix `xml` is still bound.
        self.last_space = Some((declaration, space)).filter(|_| declaration.is_some());
        space
    }

    fn found_root(&mut self, root: Child<'_>) -> Found {
        let schema = self.schema;
        let declared = root.name.and_then(|name| schema.roots.get(&name).copied());
        match declared {
            Some(element) => self.concrete(element, root.offset),
            None if root.typed => Found::Undeclared,
            None => {
                let expected = finding::meant(root.local, &schema.roots());
                self.refuse("cvc-elt.1", root, expected)
            }
        }
    }

    /// A child of the innermost open element.
    fn found_child(&mut self, child: Child<'_>) -> Found {
        let frame = self.frames.last_mut().expect("called inside the root");
        frame.parent = true;
        frame.broken = frame.gathers();
        let (step, model) = match frame.inside {
            _ if frame.nil => return self.refuse("cvc-elt.3.2.1", child, String::new()),
            Inside::Automaton(automaton, model) => {
                let counters = &mut self.counters[frame.counters as usize..];
                let step = automaton.step(&mut frame.state, counters, child.name, child.space);
                (step, model)
            }
            Inside::All(all, model) => {
                let step = child.name.and_then(|name| {
                    let (element, member) = all.find(name)?;
                    let met = &mut self.bits[frame.bits as usize + member];
                    (!std::mem::replace(met, true)).then_some(Step::Element(element))
                });
                (step, model)
            }
            Inside::Derived(model) => {
                let left = self.derived.last_mut().expect("one for each such element");
                let mut matches = Vec::new();
                let name = (child.name, child.space);
                let next = left.derivative(name, &self.schema.elements, &mut matches);
                if !matches.is_empty() {
                    *left = next;
                }
                (matches.first().copied(), model)
            }
            Inside::Nothing => return self.refuse("cvc-complex-type.2.1", child, String::new()),
            Inside::Text(_) => {
                let code = match frame.ty.complex {
                    true => "cvc-complex-type.2.2",
                    false => "cvc-type.3.1.2",
                };
                return self.refuse(code, child, String::new());
            }
        };
        match step {
            Some(step) => self.take(step, child),
            None => self.recover(model, child),
        }
    }

    /// A child that may stand where it stands.
    pub fn take(&mut self, step: Step, child: Child<'_>) -> Found {
        let global = |name: Name| self.schema.roots.get(&name).copied();
        match step {
            Step::Element(element) => self.concrete(element, child.offset),
            Step::Any(Process::Skip) => Found::PassOver,
            Step::Any(process) => match child.name.and_then(global) {
                Some(element) => self.concrete(element, child.offset),
                None if process == Process::Lax || child.typed => Found::Undeclared,
                None => self.refuse("cvc-complex-type.2.4.c", child, String::new()),
            },
        }
    }

    /// An element that may not stand where it stands, and is passed over.
    pub fn refuse(&mut self, code: &'static str, child: Child<'_>, expected: String) -> Found {
        self.violate(code, child.offset, child.offset, child.local, expected);
        Found::PassOver
    }

    /// An element as long as it is not abstract.
    #[inline]
    pub fn concrete(&mut self, element: ElementId, offset: usize) -> Found {
        // Most elements are a value and nothing else.
        let schema = self.schema;
        match schema.only_values[element].is_none() && schema.elements[element].is_abstract {
            true => self.refuse_abstract(element, offset),
            false => Found::Declared(element),
        }
    }

    #[cold]
    fn refuse_abstract(&mut self, element: ElementId, offset: usize) -> Found {
        let schema = self.schema;
        let members = schema.elements[element].stands_for.iter();
        let names = members
            .map(|member| &schema.elements[*member])
            .filter(|member| !member.is_abstract)
            .map(|member| schema.name(member.name.local));
        let local = schema.name(schema.elements[element].name.local);
        let expected = finding::listing(names);
        self.violate("cvc-elt.2", offset, offset, local, expected);
        Found::PassOver
    }

    /// Whether white space says nothing in the innermost open element.
    fn ignores_blanks(&self) -> bool {
        self.frames.last().is_none_or(Frame::ignores_blanks)
    }

    /// Whether some element has an identity constraint.
    pub fn keyed(&self) -> bool {
        !self.schema.constraints.is_empty()
    }

    /// Whether a further violation would only be counted.
    pub fn is_full(&self) -> bool {
        self.violations.len() >= self.limits.findings_max
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
        match self.is_full() {
            true => self.beyond += 1,
            false => self.violations.push(violation),
        }
    }
}

/// What is kept of an offending value until it is reported: a little more than a finding
/// quotes.
pub(super) fn bounded(value: &str) -> String {
    value[..value.floor_char_boundary(1_000)].to_owned()
}
