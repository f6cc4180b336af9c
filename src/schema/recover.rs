//! Ways on after an element that may not stand where it stands, so that one mistake is one
//! finding. A misspelt name is taken for the one that was meant. An element that comes later
//! in the model is taken there, and each that was passed over and is required is named; the
//! place that was left is kept as a detour, for when what was passed over comes after all
//! (two were swapped, or the later one was a stray). What the model does not have at all is
//! passed over with everything inside it.

use crate::finding;

use super::Sink;
use super::automaton::{Automaton, Leaf};
use super::model::{All, Matcher, Model, Step};
use super::tables::*;
use super::walk::{Child, Found, Frame, Walk};

/// An element that may not stand where it stands.
const UNEXPECTED: &str = "cvc-complex-type.2.4";

/// Another place where a content model may go on.
pub(super) struct Detour {
    /// How many elements are open around the one that it is about.
    pub depth: usize,
    state: u32,
    counters: Vec<u32>,
    /// What was said when the way was left, for when what was passed over comes after all.
    said: Said,
}

/// Violations by their places in the list.
#[derive(Default)]
pub(super) struct Said {
    /// That something is missing before an element: then that element only stood too early.
    missing: Option<usize>,
    /// That more is missing: then it is not.
    more: std::ops::Range<usize>,
}

/// Missing elements that are named one by one when others stand in their place.
const NAMED_MAX: usize = 20;

impl<'a, 's, S: Sink> Walk<'a, 's, S> {
    /// Decides what an element is that does not fit.
    pub fn recover(&mut self, model: &'s Model, child: Child<'_>) -> Found {
        match &model.matcher {
            Matcher::All(all) => self.recover_all(all, child),
            // Without states nothing is known of what may come.
            Matcher::Derived(_) => self.refuse(UNEXPECTED, child, String::new()),
            Matcher::Automaton(automaton) if self.is_full() => self.only_counted(automaton, child),
            Matcher::Automaton(automaton) => {
                if let Some(step) = self.by_detour(automaton, child) {
                    return self.take(step, child);
                }
                if let Some(step) = self.after_missing(automaton, child) {
                    return self.take(step, child);
                }
                // Or something is missing where the detour goes on.
                if self.take_detour() {
                    if let Some(step) = self.after_missing(automaton, child) {
                        return self.take(step, child);
                    }
                    self.take_detour();
                }
                match self.elsewhere(automaton, child) {
                    Some((position, element)) => {
                        self.out_of_turn(automaton, position, element, child)
                    }
                    None => self.unknown(automaton, child),
                }
            }
        }
    }

    /// Where the model has an element of this name, out of turn.
    fn elsewhere(&self, automaton: &Automaton, child: Child<'_>) -> Option<(u32, ElementId)> {
        let frame = self.frames.last().expect("inside the root");
        automaton.elsewhere(frame.state, child.name?, &self.schema.elements)
    }

    /// Whether the element fits where a detour goes on.
    fn by_detour(&mut self, automaton: &Automaton, child: Child<'_>) -> Option<Step> {
        let depth = self.frames.len() - 1;
        let detour = self.detours.last_mut();
        let detour = detour.filter(|detour| detour.depth == depth)?;
        let (state, counters) = (&mut detour.state, &mut detour.counters);
        let step = automaton.step(state, counters, child.name, child.space)?;
        let said = std::mem::take(&mut detour.said);
        let frame = self.frames.last().expect("inside the root");
        if detour.state < frame.state {
            if let Some(missing) = said.missing {
                self.violations[missing].code = UNEXPECTED;
            }
            self.violations.drain(said.more);
        }
        self.take_detour();
        Some(step)
    }

    /// Makes the detour the way, and the way a detour; false if there is none.
    fn take_detour(&mut self) -> bool {
        let depth = self.frames.len() - 1;
        let detour = self.detours.last_mut();
        let Some(detour) = detour.filter(|detour| detour.depth == depth) else {
            return false;
        };
        let frame = self.frames.last_mut().expect("inside the root");
        std::mem::swap(&mut frame.state, &mut detour.state);
        self.counters[frame.counters as usize..].swap_with_slice(&mut detour.counters);
        true
    }

    /// Whether the element fits when one that is expected is taken to be missing.
    fn after_missing(&mut self, automaton: &Automaton, child: Child<'_>) -> Option<Step> {
        let (from, left, named) = self.place();
        for missing in automaton.expected(from, &left) {
            let Leaf::Element(element) = automaton.leaf(missing) else {
                continue;
            };
            let missing = self.schema.elements[*element].name;
            let (mut state, mut counters) = (from, left.clone());
            automaton.step(&mut state, &mut counters, Some(missing), missing.space);
            let step = automaton.step(&mut state, &mut counters, child.name, child.space);
            let Some(step) = step else { continue };
            let mut said = Said::default();
            // What stands in the place of what is missing may have been named before.
            if named != from {
                let expected = self.names_expected(automaton, from, &left);
                said.missing = Some(self.violations.len()).filter(|_| !self.is_full());
                self.refuse("cvc-complex-type.2.4.d", child, expected);
            }
            self.move_to(state, counters);
            self.detour(from, left, said);
            return Some(step);
        }
        None
    }

    /// An element that the model has, but not here.
    fn out_of_turn(
        &mut self,
        automaton: &Automaton,
        position: u32,
        element: ElementId,
        child: Child<'_>,
    ) -> Found {
        let (from, left, named) = self.place();
        if named != from {
            let expected = self.names_expected(automaton, from, &left);
            self.refuse(UNEXPECTED, child, expected);
        }
        // Each further one that is required and passed over is a finding of its own.
        let before = self.violations.len();
        let (mut state, mut counters) = (from, left.clone());
        for round in 0..NAMED_MAX {
            let mut next = automaton.expected(state, &counters).into_iter();
            let Some(next) = next.rfind(|next| (state..position).contains(next)) else {
                break;
            };
            if round > 0 {
                let expected = self.names_expected(automaton, state, &counters);
                self.refuse(UNEXPECTED, child, expected);
            }
            automaton.jump(&mut state, &mut counters, next);
            let mut probe = (state, counters.clone());
            let step = automaton.step(&mut probe.0, &mut probe.1, child.name, child.space);
            if step.is_some() {
                break;
            }
        }
        let said = Said {
            missing: None,
            more: before..self.violations.len(),
        };
        let (mut state, mut counters) = (from, left.clone());
        automaton.jump(&mut state, &mut counters, position);
        self.move_to(state, counters);
        self.detour(from, left, said);
        self.concrete(element, child.offset)
    }

    /// Where the content model of the innermost open element stands: its state, its counters,
    /// and the state in which something was passed over.
    fn place(&self) -> (u32, Vec<u32>, u32) {
        let frame = self.frames.last().expect("inside the root");
        let counters = self.counters[frame.counters as usize..].to_vec();
        (frame.state, counters, frame.passed_over)
    }

    /// The content model of the innermost open element goes on there.
    fn move_to(&mut self, state: u32, counters: Vec<u32>) {
        let frame = self.frames.last_mut().expect("inside the root");
        frame.state = state;
        self.counters[frame.counters as usize..].copy_from_slice(&counters);
    }

    /// An element that the model does not have: one that is nearly called so is taken for it.
    fn unknown(&mut self, automaton: &Automaton, child: Child<'_>) -> Found {
        let (state, counters, _) = self.place();
        let expected = automaton.expected(state, &counters);
        let names = self.names_of(automaton, &expected);
        match self.meant(child, &names) {
            Ok((name, element)) => {
                self.refuse(UNEXPECTED, child, name.to_owned());
                let name = self.schema.elements[element].name;
                let frame = self.frames.last_mut().expect("inside the root");
                let counters = &mut self.counters[frame.counters as usize..];
                automaton.step(&mut frame.state, counters, Some(name), name.space);
                self.concrete(element, child.offset)
            }
            Err(expected) => {
                let frame = self.frames.last_mut().expect("inside the root");
                frame.passed_over = frame.state;
                self.refuse(UNEXPECTED, child, expected)
            }
        }
    }

    /// Which of these was probably meant, or all of them for people. Comparing long names
    /// takes long, so what is only counted is not compared.
    fn meant(
        &self,
        child: Child<'_>,
        names: &[(&'s str, ElementId)],
    ) -> Result<(&'s str, ElementId), String> {
        let only = || names.iter().map(|(name, _)| *name);
        let meant = match self.is_full() {
            true => None,
            false => finding::nearest(child.local, only()),
        };
        let found = names.iter().find(|(name, _)| Some(*name) == meant);
        found.copied().ok_or_else(|| finding::listing(only()))
    }

    /// An element that does not fit when a violation is only counted: it stands where the
    /// model has it, or nowhere, and no advice is made. A document could hold nothing else.
    fn only_counted(&mut self, automaton: &Automaton, child: Child<'_>) -> Found {
        self.refuse(UNEXPECTED, child, String::new());
        match self.elsewhere(automaton, child) {
            Some((position, element)) => {
                let frame = self.frames.last_mut().expect("inside the root");
                let counters = &mut self.counters[frame.counters as usize..];
                automaton.jump(&mut frame.state, counters, position);
                self.concrete(element, child.offset)
            }
            None => {
                let frame = self.frames.last_mut().expect("inside the root");
                frame.passed_over = frame.state;
                Found::PassOver
            }
        }
    }

    /// An element that an all group does not have, or had already.
    fn recover_all(&mut self, all: &All, child: Child<'_>) -> Found {
        let schema = self.schema;
        if let Some((element, _)) = child.name.and_then(|name| all.find(name)) {
            self.refuse(UNEXPECTED, child, String::new());
            return self.concrete(element, child.offset);
        }
        let bits = self.frames.last().expect("inside the root").bits as usize;
        let open = all
            .names
            .iter()
            .filter(|(_, _, member)| !self.bits[bits + member]);
        let names: Vec<(&str, ElementId)> = open
            .map(|(name, element, _)| (schema.name(name.local), *element))
            .collect();
        match self.meant(child, &names) {
            Ok((name, element)) => {
                self.refuse(UNEXPECTED, child, name.to_owned());
                if let Some((_, member)) = all.find(schema.elements[element].name) {
                    self.bits[bits + member] = true;
                }
                self.concrete(element, child.offset)
            }
            Err(expected) => self.refuse(UNEXPECTED, child, expected),
        }
    }

    /// The element ends, and its content model is not satisfied, or has a detour.
    pub fn missing(&mut self, automaton: &Automaton, frame: &Frame<'s>, offset: usize) {
        let depth = self.frames.len();
        let detour = self.detours.pop_if(|detour| detour.depth == depth);
        let mut state = frame.state;
        let mut counts = self.counters[frame.counters as usize..].to_vec();
        if automaton.may_end(state, &counts)
            || detour.is_some_and(|detour| automaton.may_end(detour.state, &detour.counters))
        {
            return;
        }
        for _ in 0..NAMED_MAX {
            let expected = automaton.expected(state, &counts);
            if frame.passed_over != state {
                let names = self.names_expected(automaton, state, &counts);
                self.violate("cvc-complex-type.2.4.b", frame.offset, offset, "", names);
            }
            // A repetition that did not come round often enough is said once.
            let Some(next) = expected.last().filter(|next| **next >= state) else {
                return;
            };
            automaton.jump(&mut state, &mut counts, *next);
            if automaton.may_end(state, &counts) {
                return;
            }
        }
    }

    /// The element ends: members of its all group that are required and missing.
    pub fn missing_of_all(&mut self, all: &All, frame: &Frame<'s>, offset: usize) {
        let met = |this: &Self, member: usize| this.bits[frame.bits as usize + member];
        let none = (0..all.members.len()).all(|member| !met(self, member));
        if none && all.optional {
            return;
        }
        for (member, (element, required)) in all.members.iter().enumerate() {
            if *required && !met(self, member) {
                let name = self.schema.elements[*element].name;
                let expected = self.schema.name(name.local).to_owned();
                self.violate("cvc-complex-type.2.4.b", frame.offset, offset, "", expected);
            }
        }
    }

    fn detour(&mut self, state: u32, counters: Vec<u32>, said: Said) {
        let depth = self.frames.len() - 1;
        self.detours.retain(|detour| detour.depth < depth);
        self.detours.push(Detour {
            depth,
            state,
            counters,
            said,
        });
    }

    fn names_expected(&self, automaton: &Automaton, state: u32, counters: &[u32]) -> String {
        let expected = automaton.expected(state, counters);
        let names = self.names_of(automaton, &expected);
        finding::listing(names.iter().map(|(name, _)| *name))
    }

    /// The names of elements that may stand at these positions.
    fn names_of(&self, automaton: &Automaton, positions: &[u32]) -> Vec<(&'s str, ElementId)> {
        let schema = self.schema;
        let mut names = Vec::new();
        for position in positions {
            let Leaf::Element(element) = automaton.leaf(*position) else {
                continue;
            };
            for stand_in in &schema.elements[*element].stands_for {
                let element = &schema.elements[*stand_in];
                if !element.is_abstract {
                    names.push((schema.name(element.name.local), *stand_in));
                }
            }
        }
        names
    }
}
