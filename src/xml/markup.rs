//! What is neither a tag nor text: comments, CDATA sections, document type declarations, the
//! XML declaration, processing instructions, references.

use std::borrow::Cow;

use super::attributes::{self, is_name};
use super::decode::USUAL_DECLARATION;
use super::reader::{Advance, Event, Reader, Stop, line_ends, stop, white};
use super::refusal::Refusal;
use super::scan;

/// Bytes of a reference up to its `;`: the longest are `&#x10FFFF;` with leading zeros.
const REFERENCE_BYTES_MAX: usize = 64;

impl<'a> Reader<'a> {
    /// A comment, a CDATA section, or what is neither.
    pub(super) fn declared(&mut self, offset: usize) -> Result<Option<Event<'a>>, Box<Stop>> {
        let rest = &self.text[offset..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let inside = memchr::memmem::find(comment.as_bytes(), b"--");
            let Some(dashes) = inside.filter(|at| comment[at + 2..].starts_with('>')) else {
                return Err(stop(Refusal::NotWellFormed, offset, "<!--", "-->"));
            };
            if self.at == 0 {
                self.check_characters()?;
            }
            self.at = offset + "<!--".len() + dashes + "-->".len();
            return Ok(None);
        }
        if let Some(section) = rest.strip_prefix("<![CDATA[") {
            let Some(length) = memchr::memmem::find(section.as_bytes(), b"]]>") else {
                return Err(stop(Refusal::NotWellFormed, offset, "<![CDATA[", "]]>"));
            };
            self.inside_root(offset)?;
            let inner = offset + "<![CDATA[".len();
            let text = line_ends(&section[..length]);
            self.check_text_length(text.len(), inner)?;
            self.at = inner + length + "]]>".len();
            return Ok(Some(Event::Text {
                text,
                offset: inner,
            }));
        }
        if rest.starts_with("<!DOCTYPE") && self.limits.doctype && !self.rooted {
            let Some(length) = scan::doctype_end(rest.as_bytes()) else {
                return Err(stop(Refusal::NotWellFormed, offset, "<!DOCTYPE", ">"));
            };
            if offset == 0 {
                self.check_characters()?;
            }
            self.at = offset + length;
            return Ok(None);
        }
        if rest.starts_with("<!DOCTYPE") {
            return Err(stop(Refusal::Doctype, offset, "<!DOCTYPE", ""));
        }
        Err(stop(
            Refusal::NotWellFormed,
            offset,
            "<!",
            "<!-- or <![CDATA[",
        ))
    }

    /// The XML declaration, or a processing instruction.
    pub(super) fn instruction(&mut self, offset: usize) -> Result<(), Box<Stop>> {
        if offset == 0 && self.text.starts_with(USUAL_DECLARATION) {
            self.at = USUAL_DECLARATION.len();
            return self.check_characters();
        }
        let inside = &self.text[offset + 2..];
        let Some(length) = memchr::memmem::find(inside.as_bytes(), b"?>") else {
            return Err(stop(Refusal::NotWellFormed, offset, "<?", "?>"));
        };
        if offset == 0 {
            self.check_characters()?;
        }
        let content = &inside[..length];
        let target = content.split(white).next().unwrap_or_default();
        if target == "xml" && offset == 0 {
            if !attributes::is_declaration(&content["xml".len()..]) {
                let form = "<?xml version=\"1.0\" encoding=\"…\"?>";
                return Err(stop(Refusal::NotWellFormed, offset, "<?xml", form));
            }
        } else if target == "xml" {
            let expected = "only at the very start";
            return Err(stop(Refusal::NotWellFormed, offset, "<?xml", expected));
        } else if !is_name(target) || target.eq_ignore_ascii_case("xml") {
            let shown = &target[..target.floor_char_boundary(self.limits.name_bytes_max)];
            let expected = "a name other than xml";
            return Err(stop(Refusal::NotWellFormed, offset, shown, expected));
        } else if target.len() > self.limits.name_bytes_max {
            let expected = format!("<= {} bytes", self.limits.name_bytes_max);
            return Err(stop(Refusal::Name, offset, "", expected));
        }
        self.at = offset + 2 + length + 2;
        Ok(())
    }

    /// `&name;` in text.
    pub(super) fn reference(&mut self, offset: usize) -> Advance<'a> {
        self.inside_root(offset)?;
        let rest = &self.text[offset + 1..];
        let end = rest
            .bytes()
            .take(REFERENCE_BYTES_MAX)
            .position(|byte| byte == b';');
        let name = end.map(|end| &rest[..end]);
        let Some(character) = name.and_then(attributes::reference) else {
            let shown = name.unwrap_or("&");
            let expected = "&amp; &lt; &gt; &quot; &apos; &#…;";
            return Err(stop(Refusal::Entity, offset, shown, expected));
        };
        let text = character.to_string();
        self.check_text_length(text.len(), offset)?;
        self.at = offset + 1 + end.unwrap_or_default() + 1;
        Ok(Some(Event::Text {
            text: Cow::Owned(text),
            offset,
        }))
    }
}
