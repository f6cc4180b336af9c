//! A document's events, one after another: markup, characters, names, attributes, namespaces,
//! references and limits, in one pass over the bytes. The first refusal ends the document:
//! what follows something that is not XML cannot be read with any confidence.
//!
//! This is on the way of every byte of every message, so the bytes are looked at once.
//! `plain` says the same slowly; tests and a fuzz target compare the two.

use std::borrow::Cow;

use crate::finding::Findings;

use super::XML;
use super::attributes::{Attribute, Raw, is_white};
use super::refusal::Refusal;
use super::scan;
use super::{Document, Limits};

/// What comes next in a document. Offsets are into [`Document::text`].
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A start tag; an empty-element tag is followed by its [`Event::End`] like any other.
    /// [`Reader::namespace`] and [`Reader::attributes`] belong to it until the next event.
    Start {
        /// Its local name.
        local: &'a str,
        /// Of its `<`.
        offset: usize,
    },
    /// A run of text; what belongs together may come in several. Line ends are LF.
    Text {
        /// References resolved.
        text: Cow<'a, str>,
        /// Of its first byte.
        offset: usize,
    },
    /// An end tag.
    End {
        /// Of its `<`.
        offset: usize,
    },
}

/// Plain text, from beginning to end.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The text.
    pub text: &'a str,
    /// Of its first byte.
    pub offset: usize,
    /// There is no white space in it, for certain.
    pub dense: bool,
}

/// Reads events from a document.
pub struct Reader<'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) text: &'a str,
    /// Where the next token begins.
    pub(super) at: usize,
    pub(super) limits: &'a Limits,
    /// The names of open elements: where each begins, and its length.
    pub(super) open: Vec<(usize, usize)>,
    /// An empty-element tag was told as a start; its end comes next.
    pub(super) closing: bool,
    pub(super) elements: usize,
    /// A text that is white space for certain is not told.
    pub(super) passes_blanks: bool,
    /// Bytes of text since the last tag.
    pub(super) text_bytes: usize,
    pub(super) rooted: bool,
    pub(super) ended: bool,
    pub(super) prefix: &'a str,
    pub(super) raw: Vec<Raw<'a>>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) bindings: Vec<Binding<'a>>,
    /// The binding of the element that just began, and that of no prefix: their places in
    /// `bindings` and one, or 0 for none.
    pub(super) binding: usize,
    pub(super) default: usize,
    /// How many bindings there were so far.
    pub(super) serial: u32,
}

/// A namespace declaration in force.
pub(super) struct Binding<'a> {
    pub(super) prefix: &'a str,
    pub(super) namespace: Cow<'a, str>,
    pub(super) depth: usize,
    pub(super) serial: u32,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `document`.
    pub fn new(document: &'a Document<'a>, limits: &'a Limits) -> Reader<'a> {
        Reader {
            document,
            text: &document.text,
            at: 0,
            limits,
            open: Vec::with_capacity(16),
            closing: false,
            passes_blanks: false,
            elements: 0,
            text_bytes: 0,
            rooted: false,
            ended: false,
            prefix: "",
            raw: Vec::new(),
            attributes: Vec::new(),
            bindings: Vec::new(),
            binding: 0,
            default: 0,
            serial: 0,
        }
    }

    /// The namespace of the element that just began; empty if it is in none.
    pub fn namespace(&self) -> &str {
        match self.binding.checked_sub(1) {
            Some(at) => &self.bindings[at].namespace,
            None if self.prefix == "xml" => XML,
            None => "",
        }
    }

    /// Which declaration the namespace of the element that just began comes from: a number
    /// that no other declaration of the document has; `None` without a declaration.
    pub fn declaration(&self) -> Option<u32> {
        let at = self.binding.checked_sub(1)?;
        Some(self.bindings[at].serial)
    }

    /// The attributes of the element that just began, namespace declarations left out.
    pub fn attributes(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    /// The namespace of one of [`Reader::attributes`].
    pub fn attribute_namespace(&self, attribute: &Attribute<'a>) -> &str {
        if attribute.prefix.is_empty() {
            ""
        } else {
            self.bound(attribute.prefix).unwrap_or("")
        }
    }

    /// The namespace that `prefix` stands for here; the empty prefix is the default namespace.
    /// At an end tag, what holds inside its element.
    pub fn bound(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML);
        }
        self.bindings
            .iter()
            .rev()
            .find(|binding| binding.prefix == prefix)
            .map(|binding| &*binding.namespace)
    }

    /// The namespace declarations in force, each prefix once, sorted by prefix.
    pub fn bindings(&self) -> Vec<(&str, &str)> {
        let mut bindings: Vec<(&str, &str)> = Vec::with_capacity(self.bindings.len());
        for binding in self.bindings.iter().rev() {
            if !bindings.iter().any(|(prefix, _)| *prefix == binding.prefix) {
                bindings.push((binding.prefix, &binding.namespace));
            }
        }
        bindings.sort_unstable();
        bindings
    }

    /// Whether texts of nothing but white space may be left out from here on, where that is
    /// certain without looking twice.
    pub fn pass_blanks(&mut self, pass: bool) {
        self.passes_blanks = pass;
    }

    /// After a start tag without attributes: the text of the element, if nothing but plain text
    /// comes before its end tag. Both are then passed over.
    #[inline(always)]
    pub fn leaf(&mut self) -> Option<Run<'a>> {
        let bytes = self.text.as_bytes();
        let from = self.at;
        if self.closing {
            self.closing = false;
            self.open.pop();
            return Some(Run {
                text: "",
                offset: from,
                dense: true,
            });
        }
        let (end, met) = scan::text(bytes, from);
        let (start, length) = *self.open.last()?;
        let name = end + 2;
        let close = name + length;
        let ends = bytes.get(close) == Some(&b'>')
            && bytes[end..name] == *b"</"
            && bytes[name..close] == bytes[start..start + length];
        let plain = met & (scan::RETURN | scan::BRACKET) == 0;
        if !ends || !plain || end - from > self.limits.text_bytes_max {
            return None;
        }
        self.at = close + 1;
        self.open.pop();
        self.text_bytes = 0;
        Some(Run {
            text: &self.text[from..end],
            offset: from,
            dense: met & scan::SPACE == 0,
        })
    }

    /// Whether the whole document was read without a refusal.
    pub fn is_complete(&self) -> bool {
        self.ended && self.rooted
    }

    /// The next event; `None` at the end, or after a refusal, which is then in `findings`.
    pub fn next(&mut self, findings: &mut Findings) -> Option<Event<'a>> {
        match self.advance() {
            Ok(event) => event,
            Err(stop) => {
                let Stop {
                    refusal,
                    offset,
                    value,
                    expected,
                } = *stop;
                findings.push(refusal.at(self.document, offset, value, expected));
                self.at = self.text.len();
                None
            }
        }
    }

    // Inlined, so that an event is made where it is wanted: copied from one frame to the next it
    // cost as much as finding it.
    #[inline(always)]
    fn advance(&mut self) -> Advance<'a> {
        let bytes = self.text.as_bytes();
        if self.closing {
            self.closing = false;
            self.open.pop();
            return Ok(Some(Event::End { offset: self.at }));
        }
        // What an element declared holds at its end tag too.
        if self
            .bindings
            .last()
            .is_some_and(|last| last.depth > self.open.len())
        {
            self.unbind();
        }
        loop {
            let offset = self.at;
            match (bytes.get(offset), bytes.get(offset + 1)) {
                (None, _) => return self.end_of_text(),
                (Some(b'<'), Some(b'/')) => return self.end(offset),
                (Some(b'<'), Some(b'!')) => {
                    if let Some(event) = self.declared(offset)? {
                        return Ok(Some(event));
                    }
                }
                (Some(b'<'), Some(b'?')) => self.instruction(offset)?,
                (Some(b'<'), _) => return self.start(offset),
                (Some(b'&'), _) => return self.reference(offset),
                _ => {
                    if offset == 0 {
                        self.check_characters()?;
                    }
                    if let Some(event) = self.text(offset)? {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    fn end_of_text(&mut self) -> Advance<'a> {
        let at = self.text.len();
        if at == 0 || (!self.rooted && self.open.is_empty()) {
            self.check_characters()?;
            return Err(stop(Refusal::NotWellFormed, at, "", "a root element"));
        }
        if let Some((start, length)) = self.open.last() {
            let name = &self.text[*start..start + length];
            let expected = format!("</{name}>");
            return Err(stop(Refusal::NotWellFormed, at, "", expected));
        }
        self.ended = true;
        Ok(None)
    }

    #[inline(always)]
    fn start(&mut self, offset: usize) -> Advance<'a> {
        let bytes = self.text.as_bytes();
        if self.open.is_empty() {
            if self.rooted {
                let expected = "only one root element";
                return Err(stop(Refusal::NotWellFormed, offset, "", expected));
            }
            self.check_characters()?;
        }
        self.rooted = true;
        self.elements += 1;
        self.text_bytes = 0;
        if self.open.len() >= self.limits.depth_max {
            let expected = format!("<= {}", self.limits.depth_max);
            return Err(stop(Refusal::Depth, offset, "", expected));
        }
        if self.elements > self.limits.elements_max {
            let expected = format!("<= {}", self.limits.elements_max);
            return Err(stop(Refusal::Elements, offset, "", expected));
        }
        let (name_end, plain) = scan::name(bytes, offset + 1);
        let name = &self.text[offset + 1..name_end];
        self.attributes.clear();
        // Nearly every tag: a name without a prefix and nothing else.
        let (prefix, local) = match plain && name.len() <= self.limits.name_bytes_max {
            true => ("", name),
            false => self.name(name, offset)?,
        };
        self.prefix = prefix;
        match (bytes.get(name_end), bytes.get(name_end + 1)) {
            (Some(b'>'), _) => {
                self.at = name_end + 1;
                self.open.push((offset + 1, name.len()));
            }
            (Some(b'/'), Some(b'>')) => {
                self.at = name_end + 2;
                self.closing = true;
                self.open.push((offset + 1, name.len()));
            }
            _ => self.start_with_attributes(offset, name_end)?,
        }
        self.binding = match prefix {
            "" => self.default,
            "xml" => 0,
            prefix => {
                let bound = self
                    .bindings
                    .iter()
                    .rposition(|binding| binding.prefix == prefix);
                match bound {
                    Some(at) => at + 1,
                    None => {
                        let expected = format!("xmlns:{prefix}=…");
                        return Err(stop(Refusal::Namespace, offset, prefix, expected));
                    }
                }
            }
        };
        Ok(Some(Event::Start { local, offset }))
    }

    #[inline(always)]
    fn end(&mut self, offset: usize) -> Advance<'a> {
        let bytes = self.text.as_bytes();
        let from = offset + 2;
        self.text_bytes = 0;
        if let Some((start, length)) = self.open.last().copied() {
            let end = from + length;
            if bytes.get(end) == Some(&b'>') && bytes[from..end] == bytes[start..start + length] {
                self.at = end + 1;
                self.open.pop();
                return Ok(Some(Event::End { offset }));
            }
        }
        self.other_end(offset)
    }

    /// An end tag with white space in it, or a wrong one.
    fn other_end(&mut self, offset: usize) -> Advance<'a> {
        let bytes = self.text.as_bytes();
        let from = offset + 2;
        let close = memchr::memchr(b'>', &bytes[from..]).map(|length| from + length);
        let found = self.text[from..close.unwrap_or(self.text.len())].trim_end_matches(white);
        let expected = self
            .open
            .last()
            .map(|(start, length)| &self.text[*start..start + length]);
        match (close, expected) {
            (Some(close), Some(expected)) if found == expected => {
                self.at = close + 1;
                self.open.pop();
                Ok(Some(Event::End { offset }))
            }
            (_, expected) => {
                let shown = &found[..found.floor_char_boundary(self.limits.name_bytes_max)];
                let expected =
                    expected.map_or("no end tag".to_owned(), |name| format!("</{name}>"));
                let value = format!("</{shown}>");
                Err(stop(Refusal::NotWellFormed, offset, value, expected))
            }
        }
    }

    #[inline(always)]
    fn text(&mut self, offset: usize) -> Result<Option<Event<'a>>, Box<Stop>> {
        let (end, met) = scan::text(self.text.as_bytes(), offset);
        self.at = end;
        let blank = met & (scan::INK | scan::RETURN) == 0;
        if blank && self.passes_blanks && !self.open.is_empty() {
            self.check_text_length(end - offset, offset)?;
            return Ok(None);
        }
        let raw = &self.text[offset..end];
        if self.open.is_empty() {
            return match raw.bytes().all(is_white) {
                true => Ok(None),
                false => {
                    let shown = &raw[..raw.floor_char_boundary(self.limits.name_bytes_max)];
                    Err(stop(Refusal::NotWellFormed, offset, shown, "no text here"))
                }
            };
        }
        if met & scan::BRACKET != 0
            && let Some(at) = memchr::memmem::find(raw.as_bytes(), b"]]>")
        {
            return Err(stop(Refusal::NotWellFormed, offset + at, "]]>", "]]&gt;"));
        }
        let text = match met & scan::RETURN {
            0 => Cow::Borrowed(raw),
            _ => line_ends(raw),
        };
        self.check_text_length(text.len(), offset)?;
        match self.passes_blanks && met & scan::INK == 0 {
            true => Ok(None),
            false => Ok(Some(Event::Text { text, offset })),
        }
    }

    /// Bindings of elements that have ended go.
    fn unbind(&mut self) {
        let depth = self.open.len();
        while self.bindings.last().is_some_and(|last| last.depth > depth) {
            self.bindings.pop();
        }
        self.find_default();
    }

    pub(super) fn find_default(&mut self) {
        let bound = self
            .bindings
            .iter()
            .rposition(|binding| binding.prefix.is_empty());
        self.default = bound.map_or(0, |at| at + 1);
    }

    #[inline]
    pub(super) fn check_text_length(
        &mut self,
        length: usize,
        offset: usize,
    ) -> Result<(), Box<Stop>> {
        self.text_bytes += length;
        if self.text_bytes > self.limits.text_bytes_max {
            let expected = format!("<= {} bytes", self.limits.text_bytes_max);
            return Err(stop(Refusal::TextLength, offset, "", expected));
        }
        Ok(())
    }

    pub(super) fn inside_root(&self, offset: usize) -> Result<(), Box<Stop>> {
        if !self.open.is_empty() {
            Ok(())
        } else {
            Err(stop(Refusal::NotWellFormed, offset, "", "no text here"))
        }
    }

    /// One look over the whole text, before anything else is believed of it.
    pub(super) fn check_characters(&self) -> Result<(), Box<Stop>> {
        // The one byte order mark that may be there is not part of the text; another one is a
        // character before the first markup.
        if self.text.starts_with('\u{feff}') {
            return Err(stop(Refusal::NotWellFormed, 0, "U+FEFF", "<"));
        }
        match self.document.unfit {
            None => Ok(()),
            Some(at) => {
                let character = self.text[at..].chars().next().unwrap_or_default();
                let value = format!("U+{:04X}", u32::from(character));
                Err(stop(Refusal::Character, at, value, ""))
            }
        }
    }
}

pub(super) type Advance<'a> = Result<Option<Event<'a>>, Box<Stop>>;

/// Why reading ends, and where.
pub(super) struct Stop {
    refusal: Refusal,
    offset: usize,
    value: String,
    expected: String,
}

/// A refusal at a place.
pub(super) fn stop(
    refusal: Refusal,
    offset: usize,
    value: impl Into<String>,
    expected: impl Into<String>,
) -> Box<Stop> {
    Box::new(Stop {
        refusal,
        offset,
        value: value.into(),
        expected: expected.into(),
    })
}

pub(super) fn white(c: char) -> bool {
    c.is_ascii() && is_white(c as u8)
}

/// CR LF and CR become LF, as XML wants it.
pub(super) fn line_ends(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}
