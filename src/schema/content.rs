//! Text and ends of elements during a walk: values, defaults, and whether a content model is
//! satisfied.

use std::borrow::Cow;

use crate::xml::Reader;

use super::Sink;
use super::model::Matcher;
use super::tables::*;
use super::walk::{Frame, Walk};

impl<'a, 's, S: Sink> Walk<'a, 's, S> {
    /// Text inside the innermost open element.
    pub fn text(&mut self, text: Cow<'a, str>, offset: usize) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.gathers && !frame.nil {
            let max = self.limits.text_bytes_max;
            let too_long = match &mut self.value {
                None => {
                    self.value = Some((text, offset));
                    false
                }
                Some((whole, _)) if whole.len() + text.len() > max => true,
                Some((whole, _)) => {
                    whole.to_mut().push_str(&text);
                    false
                }
            };
            if too_long && !std::mem::replace(&mut frame.strayed, true) {
                // Runs of allowed length can add up: the value ends here.
                frame.broken = true;
                let element = frame.offset;
                let expected = format!("maxLength {max}");
                self.violate("cvc-maxLength-valid", element, offset, "", expected);
            }
            return;
        }
        if frame.strayed {
            return;
        }
        let blank = text
            .bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        let code = match &self.schema.types[frame.ty].content {
            _ if frame.nil => "cvc-elt.3.2.1",
            // Not even white space, the standard says.
            Content::Empty if !text.is_empty() => "cvc-complex-type.2.1",
            Content::Model(model) if !model.mixed && !blank => "cvc-complex-type.2.3",
            _ => return,
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

    /// The innermost open element ends.
    pub fn end(&mut self, reader: &Reader<'a>, offset: usize) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let schema = self.schema;
        let gathered = self.value.take();
        let mut key = None;
        let mut simple_content = true;
        match &schema.types[frame.ty].content {
            _ if frame.nil => {}
            Content::Empty => simple_content = false,
            Content::Simple(simple) => {
                let (text, at) = gathered.unwrap_or((Cow::Borrowed(""), offset));
                if frame.broken {
                    self.misfit(&frame);
                } else {
                    key = self.simple(reader, &frame, *simple, &text, at);
                }
            }
            Content::Model(model) => {
                simple_content = false;
                match &model.matcher {
                    Matcher::Automaton(automaton) => {
                        let counters = &self.counters[frame.counters..];
                        let fresh = self
                            .detours
                            .last()
                            .is_none_or(|detour| detour.depth != self.frames.len());
                        if !(fresh && automaton.may_end(frame.state, counters)) {
                            self.missing(automaton, &frame, offset);
                        }
                    }
                    Matcher::All(all) => self.missing_of_all(all, &frame, offset),
                }
                if frame.gathers {
                    let text = gathered.map_or(Cow::Borrowed(""), |(text, _)| text);
                    self.mixed_value(&frame, &text, offset);
                }
            }
        }
        self.counters.truncate(frame.counters);
        self.bits.truncate(frame.bits);
        if !schema.constraints.is_empty() {
            let nillable = frame
                .element
                .is_some_and(|element| schema.elements[element].nillable);
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

    /// Checks a value; gives its key and text if somebody may ask for them.
    fn simple(
        &mut self,
        reader: &Reader<'a>,
        frame: &Frame,
        simple: SimpleId,
        text: &str,
        offset: usize,
    ) -> Option<(String, String)> {
        let schema = self.schema;
        let simple = &schema.simples[simple];
        let constraint = frame
            .element
            .and_then(|element| schema.elements[element].value.as_ref());
        // An element without any content has the default, or the fixed, value.
        let defaulted = constraint.is_some() && text.is_empty() && !frame.parent;
        let (text, constraint) = match constraint {
            Some(constraint) if defaulted => (constraint.text.as_str(), None),
            constraint => (text, constraint.filter(|constraint| constraint.fixed)),
        };
        // Where the value begins, for people: after leading white space.
        let at = offset + text.len() - text.trim_start().len();
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
                self.violate(code, frame.offset, at, &value, misfit.expected.to_string());
                return None;
            }
        };
        if simple.identified {
            self.identify(simple, &value, reader, frame.offset, "", at);
        }
        let mut key = None;
        if constraint.is_some() || self.keys.awaits() {
            key = simple.key(&schema.simples, text, reader);
        }
        if let Some(fixed) = constraint.filter(|fixed| key.as_ref() != Some(&fixed.key)) {
            let expected = fixed.text.clone();
            self.violate("cvc-elt.5.2.2.2.2", frame.offset, at, &value, expected);
        }
        if frame.told && !value.is_empty() {
            self.sink.text(&value, at);
        }
        // A copy of the text is for keys alone.
        (!schema.constraints.is_empty()).then(|| (key.unwrap_or_default(), value.into_owned()))
    }

    /// The text of a mixed element with a fixed value.
    fn mixed_value(&mut self, frame: &Frame, text: &str, offset: usize) {
        let constraint = frame
            .element
            .and_then(|element| self.schema.elements[element].value.as_ref());
        let Some(fixed) = constraint.filter(|constraint| constraint.fixed) else {
            return;
        };
        if frame.parent {
            let code = "cvc-elt.5.2.2.1";
            self.violate(code, frame.offset, frame.offset, "", fixed.text.clone());
        } else if !text.is_empty() && text != fixed.text {
            let (value, _) = Schema::trimmed(text);
            let expected = fixed.text.clone();
            self.violate("cvc-elt.5.2.2.2.1", frame.offset, offset, &value, expected);
        }
    }

    fn misfit(&mut self, frame: &Frame) {
        if frame.told {
            self.sink.misfit();
        }
    }
}
