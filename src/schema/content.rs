//! Text and ends of elements during a walk: values, defaults, and whether a content model is
//! satisfied.

use std::borrow::Cow;

use crate::xml::{Reader, Run};

use super::glance::OnlyValue;
use super::simple::Simple;
use super::value::{White, normalise};
use super::walk::{Frame, Inside, Walk};
use super::{Leaf, Sink};

/// An element ends where its content needs more.
const MISSING: &str = "cvc-complex-type.2.4.b";

impl<'a, 's, S: Sink> Walk<'a, 's, S> {
    /// Text inside the innermost open element.
    pub fn text(&mut self, text: Cow<'a, str>, offset: usize) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if matches!(frame.inside, Inside::Text(_)) && !frame.nil {
            return self.gather(text, offset);
        }
        let blank = text
            .bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        let code = match frame.inside {
            _ if text.is_empty() || frame.strayed => return,
            _ if frame.nil => "cvc-elt.3.2.1",
            // Not even white space, the standard says.
            Inside::Nothing => "cvc-complex-type.2.1",
            Inside::Automaton(_, model) | Inside::All(_, model) | Inside::Derived(model)
                if !model.mixed && !blank =>
            {
                "cvc-complex-type.2.3"
            }
            _ => return self.gather(text, offset),
        };
        frame.strayed = true;
        let element = frame.offset;
        // White space alone is shown where it begins.
        let at = offset + if blank { 0 } else { lead(&text) };
        self.violate(code, element, at, &shown(&text), String::new());
    }

    /// Text that may be all or a part of a value.
    fn gather(&mut self, text: Cow<'a, str>, offset: usize) {
        let Some(frame) = self.frames.last_mut().filter(|frame| frame.gathers()) else {
            return;
        };
        let max = self.limits.text_bytes_max;
        match &mut self.value {
            None => self.value = Some((text, offset)),
            Some((whole, _)) if whole.len() + text.len() <= max => whole.to_mut().push_str(&text),
            Some(_) => {
                // Runs of allowed length can add up: the value ends here.
                frame.broken = true;
                frame.strayed = true;
                let element = frame.offset;
                let expected = format!("maxLength {max}");
                self.violate("cvc-maxLength-valid", element, offset, "", expected);
            }
        }
    }

    /// The innermost open element ends.
    pub fn end(&mut self, reader: &Reader<'a>, offset: usize) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let schema = self.schema;
        let gathered = self.value.take();
        let left = match frame.inside {
            Inside::Derived(_) => self.derived.pop(),
            _ => None,
        };
        let simple = matches!(frame.inside, Inside::Text(_));
        let mut key = None;
        match frame.inside {
            _ if frame.nil => {}
            Inside::Text(_) if frame.broken => self.misfit(frame.told),
            Inside::Text(simple) => {
                let (text, at) = gathered.unwrap_or((Cow::Borrowed(""), offset));
                key = self.simple(reader, &frame, simple, (&text, at));
            }
            Inside::Nothing => self.mixed_value(&frame, gathered, offset),
            Inside::Automaton(automaton, _) => {
                let counters = &self.counters[frame.counters as usize..];
                let detoured = self
                    .detours
                    .last()
                    .is_some_and(|detour| detour.depth == self.frames.len());
                if detoured || !automaton.may_end(frame.state, counters) {
                    self.missing(automaton, &frame, offset);
                }
                self.mixed_value(&frame, gathered, offset);
            }
            Inside::Derived(_) => {
                if left.is_some_and(|left| !left.nullable()) {
                    self.violate(MISSING, frame.offset, offset, "", String::new());
                }
                self.mixed_value(&frame, gathered, offset);
            }
            Inside::All(all, _) => {
                self.missing_of_all(all, &frame, offset);
                self.mixed_value(&frame, gathered, offset);
            }
        }
        self.counters.truncate(frame.counters as usize);
        self.bits.truncate(frame.bits as usize);
        if self.keyed() {
            let nillable = frame.element.is_some_and(|element| element.nillable);
            self.keys.end(&schema.constraints, key, simple, nillable);
            for broken in std::mem::take(&mut self.keys.broken) {
                self.violate(
                    broken.code,
                    broken.element,
                    broken.element,
                    &broken.value,
                    broken.expected,
                );
            }
        }
        if frame.told {
            self.sink.end();
        }
    }

    /// An element that is a value and nothing else, from beginning to end.
    pub fn leaf(
        &mut self,
        reader: &Reader<'a>,
        only: &OnlyValue,
        run: Run<'a>,
        element: usize,
        told: bool,
    ) {
        let at = run.offset + lead(run.text);
        if only.glance.admits(&run) {
            if told {
                self.sink.leaf(only.name, element, Leaf::Text(run.text, at));
            }
            return;
        }
        let simple = &self.schema.simples[only.simple as usize];
        let value = self.value(reader, simple, (run.text, at), element, false, None);
        if told {
            let value = value.as_ref().map(|value| Leaf::Text(value, at));
            let value = value.unwrap_or(Leaf::Misfit);
            self.sink.leaf(only.name, element, value);
        }
    }

    /// The value of an open element; gives its key and text if somebody may ask for them.
    fn simple(
        &mut self,
        reader: &Reader<'a>,
        frame: &Frame<'s>,
        simple: &'s Simple,
        (text, at): (&str, usize),
    ) -> Option<(String, String)> {
        let constraint = frame.element.and_then(|element| element.value.as_ref());
        // An element without any content has the default, or the fixed, value.
        let defaulted = constraint.filter(|_| text.is_empty() && !frame.parent);
        let at = at + lead(text);
        let text = defaulted.map_or(text, |constraint| constraint.text.as_str());
        let code = defaulted.map(|_| "cvc-elt.5.1.1");
        let value = self.value(reader, simple, (text, at), frame.offset, frame.told, code)?;
        if simple.identified {
            self.identify(simple, &value, reader, frame.offset, "", at);
        }
        let fixed = constraint.filter(|constraint| constraint.fixed && defaulted.is_none());
        let mut key = None;
        if fixed.is_some() || (self.keyed() && self.keys.awaits()) {
            key = simple.key(&self.schema.simples, text, reader);
        }
        if let Some(fixed) = fixed.filter(|fixed| key.as_ref() != Some(&fixed.key)) {
            let expected = fixed.text.clone();
            self.violate("cvc-elt.5.2.2.2.2", frame.offset, at, &value, expected);
        }
        if frame.told && !value.is_empty() {
            self.sink.text(&value, at);
        }
        self.keyed()
            .then(|| (key.unwrap_or_default(), value.into_owned()))
    }

    /// A text as the value that it stands for, if its type has it; otherwise the violation,
    /// under `code` instead of its own where one is given.
    fn value<'t>(
        &mut self,
        reader: &Reader<'a>,
        simple: &'s Simple,
        (text, at): (&'t str, usize),
        element: usize,
        told: bool,
        code: Option<&'static str>,
    ) -> Option<Cow<'t, str>> {
        match simple.check(&self.schema.simples, text, reader) {
            Ok(value) => Some(value),
            Err(misfit) => {
                self.misfit(told);
                let code = code.unwrap_or(misfit.code);
                self.violate(code, element, at, &shown(text), misfit.expected(text));
                None
            }
        }
    }

    /// The content of an element that has no simple type and may have a default or fixed value.
    fn mixed_value(
        &mut self,
        frame: &Frame<'s>,
        text: Option<(Cow<'_, str>, usize)>,
        offset: usize,
    ) {
        let Some(constraint) = frame.element.and_then(|element| element.value.as_ref()) else {
            return;
        };
        let mixed = match frame.inside {
            Inside::Automaton(_, model) | Inside::All(_, model) | Inside::Derived(model) => {
                model.mixed
            }
            Inside::Nothing | Inside::Text(_) => false,
        };
        let text = text.map_or(Cow::Borrowed(""), |(text, _)| text);
        if text.is_empty() && !frame.parent {
            // The default is its content, and has to fit the type that it names.
            if !mixed {
                let value = constraint.text.as_str();
                self.violate("cvc-elt.5.1.1", frame.offset, offset, value, String::new());
            }
        } else if constraint.fixed && frame.parent {
            let expected = constraint.text.clone();
            self.violate("cvc-elt.5.2.2.1", frame.offset, frame.offset, "", expected);
        } else if constraint.fixed && mixed && *text != *constraint.text {
            let expected = constraint.text.clone();
            let value = shown(&text);
            self.violate("cvc-elt.5.2.2.2.1", frame.offset, offset, &value, expected);
        }
    }

    fn misfit(&mut self, told: bool) {
        if told {
            self.sink.misfit();
        }
    }
}

/// How far into a text its value begins, for people: behind leading white space.
fn lead(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte <= b' ').count()
}

/// A text as an answer quotes it.
fn shown(text: &str) -> Cow<'_, str> {
    normalise(White::Collapse, text)
}
