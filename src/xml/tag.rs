//! Start tags with more in them than a name: attributes and namespace declarations.

use std::collections::HashSet;

use super::XML;
use super::attributes::{self, Attribute, Raw, Wrong};
use super::reader::{Binding, Reader, Stop, stop};
use super::refusal::Refusal;
use super::scan;

/// Namespace declarations in force at once. Messages use one to three, schema files of large
/// sets some dozens.
pub(super) const BINDINGS_MAX: usize = 128;

/// Attributes of one element that are compared each with each: that is quicker than a table,
/// and allocates nothing, as long as they are few.
const COMPARED_MAX: usize = 16;

impl<'a> Reader<'a> {
    /// The rest of a start tag, behind its name.
    pub(super) fn start_with_attributes(
        &mut self,
        offset: usize,
        name_end: usize,
    ) -> Result<(), Box<Stop>> {
        let Some(end) = scan::tag_end(self.text.as_bytes(), name_end) else {
            return Err(stop(Refusal::NotWellFormed, offset, "", ">"));
        };
        if end - offset > self.limits.tag_bytes_max {
            let expected = format!("<= {} bytes", self.limits.tag_bytes_max);
            return Err(stop(Refusal::Tag, offset, "", expected));
        }
        let tag = &self.text[offset + 1..end];
        let (tag, empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        self.open.push((offset + 1, name_end - offset - 1));
        self.read_attributes(tag, name_end - offset - 1, offset + 1)?;
        self.at = end + 1;
        self.closing = empty;
        Ok(())
    }

    fn read_attributes(&mut self, tag: &'a str, from: usize, base: usize) -> Result<(), Box<Stop>> {
        let max = self.limits.attributes_max;
        attributes::split(tag, from, max, &mut self.raw)
            .map_err(|wrong| wrong_tag(wrong, base, max))?;
        let raw = std::mem::take(&mut self.raw);
        let result = self.sort_attributes(&raw, base);
        self.raw = raw;
        result?;
        let mut met = HashSet::new();
        for (at, attribute) in self.attributes.iter().enumerate() {
            if !attribute.prefix.is_empty() && self.bound(attribute.prefix).is_none() {
                let prefix = attribute.prefix;
                return Err(stop(
                    Refusal::Namespace,
                    attribute.offset,
                    prefix,
                    format!("xmlns:{prefix}=…"),
                ));
            }
            let twice = if self.attributes.len() > COMPARED_MAX {
                !met.insert((self.attribute_namespace(attribute), attribute.local))
            } else {
                self.attributes[..at].iter().any(|other| {
                    other.local == attribute.local
                        && self.attribute_namespace(other) == self.attribute_namespace(attribute)
                })
            };
            if twice {
                return Err(wrong_tag(Wrong::Twice(attribute.offset - base), base, max));
            }
        }
        Ok(())
    }

    /// Namespace declarations to the bindings, everything else to the attributes.
    fn sort_attributes(&mut self, raw: &[Raw<'a>], base: usize) -> Result<(), Box<Stop>> {
        let max = self.limits.attributes_max;
        let bindings_before = self.bindings.len();
        for raw in raw {
            let offset = base + raw.offset;
            let (prefix, local) = self.name(raw.name, offset)?;
            let value = attributes::value(raw).map_err(|wrong| wrong_tag(wrong, base, max))?;
            let declared = match (prefix, local) {
                ("", "xmlns") => Some(""),
                ("xmlns", prefix) => Some(prefix),
                _ => None,
            };
            let Some(declared) = declared else {
                self.attributes.push(Attribute {
                    prefix,
                    local,
                    value,
                    offset,
                });
                continue;
            };
            if self.bindings[bindings_before..]
                .iter()
                .any(|binding| binding.prefix == declared)
            {
                return Err(wrong_tag(Wrong::Twice(raw.offset), base, max));
            }
            let reserved = declared == "xmlns" || (declared == "xml") != (value == XML);
            if self.bindings.len() == BINDINGS_MAX
                || reserved
                || (value.is_empty() && !declared.is_empty())
            {
                return Err(stop(
                    Refusal::Namespace,
                    offset,
                    raw.name,
                    format!("<= {BINDINGS_MAX}"),
                ));
            }
            self.serial += 1;
            self.bindings.push(Binding {
                prefix: declared,
                namespace: value,
                depth: self.open.len(),
                serial: self.serial,
            });
        }
        if self.bindings.len() > bindings_before {
            self.find_default();
        }
        Ok(())
    }

    /// A qualified name in its parts.
    pub(super) fn name(
        &self,
        name: &'a str,
        offset: usize,
    ) -> Result<(&'a str, &'a str), Box<Stop>> {
        if name.len() > self.limits.name_bytes_max {
            let expected = format!("<= {} bytes", self.limits.name_bytes_max);
            return Err(stop(Refusal::Name, offset, name, expected));
        }
        attributes::qualified(name).ok_or_else(|| stop(Refusal::Name, offset, name, "a name"))
    }
}

fn wrong_tag(wrong: Wrong, base: usize, attributes_max: usize) -> Box<Stop> {
    match wrong {
        Wrong::Form(at) => stop(Refusal::NotWellFormed, base + at, "", "name=\"value\""),
        Wrong::TooMany => stop(
            Refusal::Attributes,
            base,
            "",
            format!("<= {attributes_max}"),
        ),
        Wrong::Twice(at) => stop(Refusal::Attributes, base + at, "", "each once"),
        Wrong::Entity(at) => stop(
            Refusal::Entity,
            base + at,
            "",
            "&amp; &lt; &gt; &quot; &apos; &#…;",
        ),
    }
}
