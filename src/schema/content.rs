//! Text and ends of elements during a walk: values, defaults, and whether a content model is
//! satisfied.

use std::borrow::Cow;

use crate::xml::Reader;

use super::Sink;
use super::simple::Simple;
use super::tables::*;
use super::walk::{Frame, Inside, Walk};

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
        let (value, lead) = Schema::trimmed(&text);
        self.violate(
            code,
            element,
            offset + if blank { 0 } else { lead },
            &value,
            String::new(),
        );
    }

    /// Text that may be all or a part of a value.
    fn gather(&mut self, text: Cow<'a, str>, offset: usize) {
        let Some(frame) = self.frames.last_mut().filter(|frame| frame.gathers) else {
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
        let mut key = None;
        let mut simple_content = true;
        match frame.inside {
            _ if frame.nil => simple_content = matches!(frame.inside, Inside::Text(_)),
            Inside::Nothing => {
                simple_content = false;
                self.mixed_value(&frame, gathered, offset);
            }
            Inside::Text(simple) => {
                let (text, at) = gathered.unwrap_or((Cow::Borrowed(""), offset));
                if frame.broken {
                    self.misfit(&frame);
                } else {
                    key = self.simple(reader, &frame, simple, &text, at);
                }
            }
            Inside::Automaton(automaton, _) => {
                simple_content = false;
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
                simple_content = false;
                if left.is_some_and(|left| !left.nullable()) {
                    let code = "cvc-complex-type.2.4.b";
                    self.violate(code, frame.offset, offset, "", String::new());
                }
                self.mixed_value(&frame, gathered, offset);
            }
            Inside::All(all, _) => {
                simple_content = false;
                self.missing_of_all(all, &frame, offset);
                self.mixed_value(&frame, gathered, offset);
            }
        }
        self.counters.truncate(frame.counters as usize);
        self.bits.truncate(frame.bits as usize);
        if self.keyed {
            let nillable = frame.element.is_some_and(|element| element.nillable);
            self.keys
                .end(&schema.constraints, key, simple_content, nillable);
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

    /// Checks the value of an element that holds nothing else, and tells the sink.
    pub fn leaf(
        &mut self,
        reader: &Reader<'a>,
        simple: &'s Simple,
        text: &str,
        offset: usize,
        element: usize,
    ) {
        let told = self.frames.last().is_none_or(|frame| frame.told);
        // Where the value begins, for people: after leading white space.
        let at = offset + text.bytes().take_while(|byte| *byte <= b' ').count();
        match simple.check(&self.schema.simples, text, reader) {
            Ok(value) if told && !value.is_empty() => self.sink.text(&value, at),
            Ok(_) => {}
            Err(misfit) => {
                if told {
                    self.sink.misfit();
                }
                let (value, _) = Schema::trimmed(text);
                let expected = misfit.expected(text);
                self.violate(misfit.code, element, at, &value, expected);
            }
        }
    }

    /// Checks a value; gives its key and text if somebody may ask for them.
    fn simple(
        &mut self,
        reader: &Reader<'a>,
        frame: &Frame<'s>,
        simple: &'s Simple,
        text: &str,
        offset: usize,
    ) -> Option<(String, String)> {
        let schema = self.schema;
        let constraint = frame.element.and_then(|element| element.value.as_ref());
        // An element without any content has the default, or the fixed, value.
        let defaulted = constraint.is_some() && text.is_empty() && !frame.parent;
        let (text, constraint) = match constraint {
            Some(constraint) if defaulted => (constraint.text.as_str(), None),
            constraint => (text, constraint.filter(|constraint| constraint.fixed)),
        };
        // Where the value begins, for people: after leading white space.
        let lead = text.bytes().take_while(|byte| *byte <= b' ').count();
        let at = offset + lead;
        let value = match simple.check(&schema.simples, text, reader) {
            Ok(value) => value,
            Err(misfit) => {
                self.misfit(frame);
                let (value, _) = Schema::trimmed(text);
                let code = if defaulted {
                    "cvc-elt.5.1.1"
                } else {
                    misfit.code
                };
                let expected = misfit.expected(text);
                self.violate(code, frame.offset, at, &value, expected);
                return None;
            }
        };
        if simple.identified {
            self.identify(simple, &value, reader, frame.offset, "", at);
        }
        let mut key = None;
        if constraint.is_some() || (self.keyed && self.keys.awaits()) {
            key = simple.key(&schema.simples, text, reader);
        }
        if let Some(fixed) = constraint.filter(|fixed| key.as_ref() != Some(&fixed.key)) {
            let expected = fixed.text.clone();
            self.violate("cvc-elt.5.2.2.2.2", frame.offset, at, &value, expected);
        }
        if frame.told && !value.is_empty() {
            self.sink.text(&value, at);
        }
        self.keyed
            .then(|| (key.unwrap_or_default(), value.into_owned()))
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
            let (value, _) = Schema::trimmed(&text);
            let expected = constraint.text.clone();
            self.violate("cvc-elt.5.2.2.2.1", frame.offset, offset, &value, expected);
        }
    }

    fn misfit(&mut self, frame: &Frame<'s>) {
        if frame.told {
            self.sink.misfit();
        }
    }
}
