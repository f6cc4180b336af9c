//! Ways on after an element that may not stand where it stands, so that one mistake is one
//! finding. A misspelt name is taken for the one that was meant. An element that comes later
//! in the model is taken there, and each that was passed over and is required is named; the
//! place that was left is kept as a detour, for when what was passed over comes after all
//! (two were swapped, or the later one was a stray). What the model does not have at all is
//! passed over with everything inside it.

use super::Sink;
use super::automaton::{Automaton, Leaf, Step};
use super::model::{All, Matcher, Model};
use super::tables::*;
use super::walk::{Found, Frame, Walk};

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
    pub fn recover(
        &mut self,
        model: &'s Model,
        name: Option<Name>,
        space: u16,
        local: &str,
        typed: bool,
        offset: usize,
    ) -> Found {
        match &model.matcher {
            Matcher::All(all) => self.recover_all(all, name, local, offset),
            // Without states nothing is known of what may come.
            Matcher::Derived(_) => {
                self.violate("cvc-complex-type.2.4", offset, offset, local, String::new());
                Found::PassOver
            }
            Matcher::Automaton(automaton) if self.is_full() => {
                self.only_counted(automaton, name, offset)
            }
            Matcher::Automaton(automaton) => {
                if let Some(found) = self.by_detour(automaton, name, space, local, typed, offset) {
                    return found;
                }
                if let Some(found) =
                    self.after_missing(automaton, name, space, local, typed, offset)
                {
                    return found;
                }
                // Or something is missing where the detour goes on.
                if self.take_detour() {
                    if let Some(found) =
                        self.after_missing(automaton, name, space, local, typed, offset)
                    {
                        return found;
                    }
                    self.take_detour();
                }
                let elsewhere = self.frames.last().and_then(|frame| {
                    automaton.elsewhere(frame.state, name?, &self.schema.elements)
                });
                match elsewhere {
                    Some((position, element)) => {
                        self.out_of_turn(automaton, position, element, local, offset)
                    }
                    None => self.unknown(automaton, local, offset),
                }
            }
        }
    }

    /// Whether the element fits where a detour goes on.
    fn by_detour(
        &mut self,
        automaton: &'s Automaton,
        name: Option<Name>,
        space: u16,
        local: &str,
        typed: bool,
        offset: usize,
    ) -> Option<Found> {
        let depth = self.frames.len() - 1;
        let detour = self
            .detours
            .last_mut()
            .filter(|detour| detour.depth == depth)?;
        let step = automaton.step(&mut detour.state, &mut detour.counters, name, space)?;
        let said = std::mem::take(&mut detour.said);
        let back = self
            .frames
            .last()
            .is_some_and(|frame| detour.state < frame.state);
        if back {
            if let Some(missing) = said.missing {
                self.violations[missing].code = "cvc-complex-type.2.4";
            }
            self.violations.drain(said.more);
        }
        self.take_detour();
        Some(match step {
            Step::Element(element) => self.concrete(element, offset),
            Step::Any(wildcard) => self.found_wild(wildcard.process, name, local, typed, offset),
        })
    }

    /// Makes the detour the way, and the way a detour; false if there is none.
    fn take_detour(&mut self) -> bool {
        let depth = self.frames.len() - 1;
        let Some(detour) = self
            .detours
            .last_mut()
            .filter(|detour| detour.depth == depth)
        else {
            return false;
        };
        let frame = self.frames.last_mut().expect("inside the root");
        std::mem::swap(&mut frame.state, &mut detour.state);
        self.counters[frame.counters as usize..].swap_with_slice(&mut detour.counters);
        true
    }

    /// An element that fits when one that is expected is taken to be missing.
    fn after_missing(
        &mut self,
        automaton: &'s Automaton,
        name: Option<Name>,
        space: u16,
        local: &str,
        typed: bool,
        offset: usize,
    ) -> Option<Found> {
        let frame = self.frames.last().expect("inside the root");
        let (from, base, named) = (frame.state, frame.counters as usize, frame.passed_over);
        let left = self.counters[base..].to_vec();
        for missing in automaton.expected(from, &left) {
            let Leaf::Element(element) = automaton.leaf(missing) else {
                continue;
            };
            let missing = self.schema.elements[*element].name;
            let (mut state, mut counters) = (from, left.clone());
            automaton.step(&mut state, &mut counters, Some(missing), missing.space);
            let Some(step) = automaton.step(&mut state, &mut counters, name, space) else {
                continue;
            };
            // What stands in the place of what is missing may have been named before.
            let mut said = Said::default();
            if named != from {
                let expected = self.names_expected(automaton, from, &left);
                said.missing = Some(self.violations.len()).filter(|_| !self.is_full());
                self.violate("cvc-complex-type.2.4.d", offset, offset, local, expected);
            }
            self.move_to(state, counters);
            self.detour(from, left, said);
            return Some(match step {
                Step::Element(element) => self.concrete(element, offset),
                Step::Any(wildcard) => {
                    self.found_wild(wildcard.process, name, local, typed, offset)
                }
            });
        }
        None
    }

    /// An element that the model has, but not here.
    fn out_of_turn(
        &mut self,
        automaton: &'s Automaton,
        position: u32,
        element: ElementId,
        local: &str,
        offset: usize,
    ) -> Found {
        let frame = self.frames.last().expect("inside the root");
        let (from, base, named) = (frame.state, frame.counters as usize, frame.passed_over);
        let left = self.counters[base..].to_vec();
        if named != from {
            let expected = self.names_expected(automaton, from, &left);
            self.violate("cvc-complex-type.2.4", offset, offset, local, expected);
        }
        // Each further one that is required and passed over is a finding of its own.
        let name = self.schema.elements[element].name;
        let (mut state, mut counters) = (from, left.clone());
        let before = self.violations.len();
        for round in 0..NAMED_MAX {
            let mut next = automaton.expected(state, &counters).into_iter();
            let Some(next) = next.rfind(|next| (state..position).contains(next)) else {
                break;
            };
            if round > 0 {
                let expected = self.names_expected(automaton, state, &counters);
                self.violate("cvc-complex-type.2.4", offset, offset, local, expected);
            }
            automaton.jump(&mut state, &mut counters, next);
            let mut probe = (state, counters.clone());
            if automaton
                .step(&mut probe.0, &mut probe.1, Some(name), name.space)
                .is_some()
            {
                break;
            }
        }
        let (mut state, mut counters) = (from, left.clone());
        automaton.jump(&mut state, &mut counters, position);
        self.move_to(state, counters);
        let said = Said {
            missing: None,
            more: before..self.violations.len(),
        };
        self.detour(from, left, said);
        self.concrete(element, offset)
    }

    /// The content model of the innermost open element goes on there.
    fn move_to(&mut self, state: u32, counters: Vec<u32>) {
        let frame = self.frames.last_mut().expect("inside the root");
        frame.state = state;
        self.counters[frame.counters as usize..].copy_from_slice(&counters);
    }

    /// An element that the model does not have: one that is nearly called so is taken for it.
    fn unknown(&mut self, automaton: &'s Automaton, local: &str, offset: usize) -> Found {
        let schema = self.schema;
        let frame = self.frames.last().expect("inside the root");
        let counts = &self.counters[frame.counters as usize..];
        let expected = automaton.expected(frame.state, counts);
        let names = self.names_of(automaton, &expected);
        let meant = self.meant(local, names.iter().map(|(name, _)| *name));
        let Some(meant) = meant else {
            let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            let expected = schema.listing(&names);
            self.violate("cvc-complex-type.2.4", offset, offset, local, expected);
            let frame = self.frames.last_mut().expect("inside the root");
            frame.passed_over = frame.state;
            return Found::PassOver;
        };
        let element = names
            .iter()
            .find(|(name, _)| *name == meant)
            .map(|(_, element)| *element);
        self.violate(
            "cvc-complex-type.2.4",
            offset,
            offset,
            local,
            meant.to_owned(),
        );
        let Some(element) = element else {
            return Found::PassOver;
        };
        let name = schema.elements[element].name;
        let frame = self.frames.last_mut().expect("inside the root");
        let counters = &mut self.counters[frame.counters as usize..];
        automaton.step(&mut frame.state, counters, Some(name), name.space);
        self.concrete(element, offset)
    }

    /// Which of these names was probably meant. Comparing long names takes long, so what is
    /// only counted is not compared.
    fn meant(&self, local: &str, names: impl Iterator<Item = &'s str>) -> Option<&'s str> {
        match self.is_full() {
            true => None,
            false => crate::finding::nearest(local, names),
        }
    }

    /// Whether a further violation would only be counted.
    fn is_full(&self) -> bool {
        self.violations.len() >= self.limits.findings_max
    }

    /// An element that does not fit when a violation is only counted: it stands where the
    /// model has it, or nowhere, and no advice is made. A document could hold nothing else.
    fn only_counted(
        &mut self,
        automaton: &'s Automaton,
        name: Option<Name>,
        offset: usize,
    ) -> Found {
        self.violate("cvc-complex-type.2.4", offset, offset, "", String::new());
        let frame = self.frames.last_mut().expect("inside the root");
        let elements = &self.schema.elements;
        match name.and_then(|name| automaton.elsewhere(frame.state, name, elements)) {
            Some((position, element)) => {
                let counters = &mut self.counters[frame.counters as usize..];
                automaton.jump(&mut frame.state, counters, position);
                self.concrete(element, offset)
            }
            None => {
                frame.passed_over = frame.state;
                Found::PassOver
            }
        }
    }

    /// An element that an all group does not have, or had already.
    fn recover_all(
        &mut self,
        all: &'s All,
        name: Option<Name>,
        local: &str,
        offset: usize,
    ) -> Found {
        let schema = self.schema;
        let bits = self.frames.last().expect("inside the root").bits as usize;
        let again = all.names.iter().find(|(known, _, _)| Some(*known) == name);
        if let Some((_, element, _)) = again {
            self.violate("cvc-complex-type.2.4", offset, offset, local, String::new());
            return self.concrete(*element, offset);
        }
        let open: Vec<(&str, ElementId, usize)> = all
            .names
            .iter()
            .filter(|(_, _, member)| !self.bits[bits + member])
            .map(|(name, element, member)| (schema.name(name.local), *element, *member))
            .collect();
        let names: Vec<&str> = open.iter().map(|(name, _, _)| *name).collect();
        let meant = self.meant(local, names.iter().copied());
        let expected = meant.map_or_else(|| schema.listing(&names), str::to_owned);
        self.violate("cvc-complex-type.2.4", offset, offset, local, expected);
        match open.iter().find(|(name, _, _)| Some(*name) == meant) {
            Some((_, element, member)) => {
                self.bits[bits + member] = true;
                self.concrete(*element, offset)
            }
            None => Found::PassOver,
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
        let names: Vec<&str> = names.into_iter().map(|(name, _)| name).collect();
        self.schema.listing(&names)
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
