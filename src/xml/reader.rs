//! A document's events, one after another. quick-xml finds the markup; what it leaves open
//! (characters, names, attributes, namespaces, what may stand outside the root) is checked
//! here, and so are the limits. The first refusal ends the document: what follows something
//! that is not XML cannot be read with any confidence.

use std::borrow::Cow;
use std::collections::HashSet;

use quick_xml::Reader as Tokens;
use quick_xml::events::Event as Token;

use crate::finding::Findings;

use super::attributes::{self, Attribute, Raw, Wrong, is_name, is_white, is_xml};
use super::refusal::Refusal;
use super::{Document, Limits};

/// Namespace declarations in force at once. Messages use one to three.
pub(super) const BINDINGS_MAX: usize = 32;

/// Attributes of one element that are compared each with each: that is quicker than a table,
/// and allocates nothing, as long as they are few.
const COMPARED_MAX: usize = 16;

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

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

/// Reads events from a document.
pub struct Reader<'a> {
    document: &'a Document<'a>,
    text: &'a str,
    tokens: Tokens<&'a [u8]>,
    limits: &'a Limits,
    depth: usize,
    elements: usize,
    /// Bytes of text since the last tag.
    text_bytes: usize,
    rooted: bool,
    ended: bool,
    /// Where the empty-element tag that was told as a start ends: its end comes next.
    empty: Option<usize>,
    element_prefix: &'a str,
    raw: Vec<Raw<'a>>,
    attributes: Vec<Attribute<'a>>,
    bindings: Vec<Binding<'a>>,
}

struct Binding<'a> {
    prefix: &'a str,
    namespace: Cow<'a, str>,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `document`.
    pub fn new(document: &'a Document<'a>, limits: &'a Limits) -> Reader<'a> {
        let text: &'a str = &document.text;
        let mut tokens = Tokens::from_reader(text.as_bytes());
        let config = tokens.config_mut();
        config.check_comments = true;
        config.check_end_names = true;
        Reader {
            document,
            text,
            tokens,
            limits,
            depth: 0,
            elements: 0,
            text_bytes: 0,
            rooted: false,
            ended: false,
            empty: None,
            element_prefix: "",
            raw: Vec::new(),
            attributes: Vec::new(),
            bindings: Vec::new(),
        }
    }

    /// The namespace of the element that just began; empty if it is in none.
    pub fn namespace(&self) -> &str {
        self.bound(self.element_prefix).unwrap_or("")
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
            return Some(XML_NAMESPACE);
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

    /// Whether the whole document was read without a refusal.
    pub fn is_complete(&self) -> bool {
        self.ended && self.rooted
    }

    /// The next event; `None` at the end, or after a refusal, which is then in `findings`.
    pub fn next(&mut self, findings: &mut Findings) -> Option<Event<'a>> {
        match self.advance() {
            Ok(event) => event,
            Err(Stop {
                refusal,
                offset,
                value,
                expected,
            }) => {
                findings.push(refusal.at(self.document, offset, value, expected));
                None
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Event<'a>>, Stop> {
        if self.tokens.buffer_position() == 0 {
            self.check_characters()?;
        }
        // What an element declared holds at its end tag too.
        while self
            .bindings
            .last()
            .is_some_and(|last| last.depth > self.depth)
        {
            self.bindings.pop();
        }
        if let Some(offset) = self.empty.take() {
            self.depth -= 1;
            return Ok(Some(Event::End { offset }));
        }
        loop {
            let offset = self.tokens.buffer_position() as usize;
            let token = self.tokens.read_event().map_err(|error| {
                let at = self.tokens.error_position() as usize;
                stop(Refusal::NotWellFormed, at, error.to_string(), "")
            })?;
            match token {
                Token::Start(_) => {
                    self.text_bytes = 0;
                    return self.start(offset).map(Some);
                }
                Token::Empty(_) => {
                    self.text_bytes = 0;
                    self.empty = Some(self.tokens.buffer_position() as usize);
                    return self.start(offset).map(Some);
                }
                Token::End(_) => {
                    self.text_bytes = 0;
                    self.depth -= 1;
                    return Ok(Some(Event::End { offset }));
                }
                Token::Text(_) => {
                    let end = self.tokens.buffer_position() as usize;
                    if let Some(event) = self.text(offset, end)? {
                        return Ok(Some(event));
                    }
                }
                Token::CData(_) => {
                    let end = self.tokens.buffer_position() as usize;
                    self.inside_root(offset)?;
                    let inner = offset + "<![CDATA[".len();
                    let text = line_ends(&self.text[inner..end - "]]>".len()]);
                    self.check_text_length(&text, inner)?;
                    return Ok(Some(Event::Text {
                        text,
                        offset: inner,
                    }));
                }
                Token::GeneralRef(name) => {
                    self.inside_root(offset)?;
                    let character = attributes::reference(&name);
                    let character = character.ok_or_else(|| {
                        stop(
                            Refusal::Entity,
                            offset,
                            &*name,
                            "&amp; &lt; &gt; &quot; &apos; &#…;",
                        )
                    })?;
                    let text = character.to_string();
                    self.check_text_length(&text, offset)?;
                    return Ok(Some(Event::Text {
                        text: Cow::Owned(text),
                        offset,
                    }));
                }
                Token::DocType(_) => return Err(stop(Refusal::Doctype, offset, "<!DOCTYPE", "")),
                Token::Decl(_) if offset > 0 => {
                    return Err(stop(
                        Refusal::NotWellFormed,
                        offset,
                        "<?xml",
                        "only at the very start",
                    ));
                }
                Token::Decl(declaration) => {
                    let rest = declaration.get("xml".len()..).unwrap_or_default();
                    if !attributes::is_declaration(rest) {
                        let form = "<?xml version=\"1.0\" encoding=\"…\"?>";
                        return Err(stop(Refusal::NotWellFormed, offset, "<?xml", form));
                    }
                }
                Token::PI(instruction) => {
                    let target = instruction.split([' ', '\t', '\n', '\r']).next();
                    let target = target.unwrap_or_default();
                    if !is_name(target) || target.eq_ignore_ascii_case("xml") {
                        let expected = "a name other than xml";
                        return Err(stop(Refusal::NotWellFormed, offset, target, expected));
                    }
                }
                Token::Comment(_) => {}
                Token::Eof if self.depth > 0 => {
                    return Err(stop(
                        Refusal::NotWellFormed,
                        self.text.len(),
                        "",
                        "an end tag",
                    ));
                }
                Token::Eof if !self.rooted => {
                    return Err(stop(Refusal::NotWellFormed, offset, "", "a root element"));
                }
                Token::Eof => {
                    self.ended = true;
                    return Ok(None);
                }
            }
        }
    }

    fn start(&mut self, offset: usize) -> Result<Event<'a>, Stop> {
        if self.depth == 0 && self.rooted {
            return Err(stop(
                Refusal::NotWellFormed,
                offset,
                "",
                "only one root element",
            ));
        }
        self.rooted = true;
        self.depth += 1;
        self.elements += 1;
        if self.depth > self.limits.depth_max {
            return Err(stop(
                Refusal::Depth,
                offset,
                "",
                format!("<= {}", self.limits.depth_max),
            ));
        }
        if self.elements > self.limits.elements_max {
            return Err(stop(
                Refusal::Elements,
                offset,
                "",
                format!("<= {}", self.limits.elements_max),
            ));
        }
        // The tokens stand behind the `>`, also of an empty-element tag: its end takes no bytes.
        let end = self.tokens.buffer_position() as usize - 1;
        if end - offset > self.limits.tag_bytes_max {
            return Err(stop(
                Refusal::Tag,
                offset,
                "",
                format!("<= {} bytes", self.limits.tag_bytes_max),
            ));
        }
        let tag = &self.text[offset + 1..end];
        let tag = tag.strip_suffix('/').unwrap_or(tag);
        let name_end = tag.bytes().take_while(|byte| !is_white(*byte)).count();
        let (prefix, local) = self.name(&tag[..name_end], offset)?;
        self.element_prefix = prefix;
        self.attributes.clear();
        if name_end < tag.len() {
            self.read_attributes(tag, name_end, offset + 1)?;
        }
        if self.bound(prefix).is_none() && !prefix.is_empty() {
            return Err(stop(
                Refusal::Namespace,
                offset,
                prefix,
                format!("xmlns:{prefix}=…"),
            ));
        }
        Ok(Event::Start { local, offset })
    }

    fn read_attributes(&mut self, tag: &'a str, from: usize, base: usize) -> Result<(), Stop> {
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
    fn sort_attributes(&mut self, raw: &[Raw<'a>], base: usize) -> Result<(), Stop> {
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
            let reserved = declared == "xmlns" || (declared == "xml") != (value == XML_NAMESPACE);
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
            self.bindings.push(Binding {
                prefix: declared,
                namespace: value,
                depth: self.depth,
            });
        }
        Ok(())
    }

    fn name(&self, name: &'a str, offset: usize) -> Result<(&'a str, &'a str), Stop> {
        if name.len() > self.limits.name_bytes_max {
            let expected = format!("<= {} bytes", self.limits.name_bytes_max);
            return Err(stop(Refusal::Name, offset, name, expected));
        }
        attributes::qualified(name).ok_or_else(|| stop(Refusal::Name, offset, name, "a name"))
    }

    fn text(&mut self, offset: usize, end: usize) -> Result<Option<Event<'a>>, Stop> {
        let raw = &self.text[offset..end];
        if self.depth == 0 {
            let fine = raw.bytes().all(is_white);
            return if fine {
                Ok(None)
            } else {
                Err(stop(Refusal::NotWellFormed, offset, raw, "no text here"))
            };
        }
        if let Some(at) = memchr::memmem::find(raw.as_bytes(), b"]]>") {
            return Err(stop(Refusal::NotWellFormed, offset + at, "]]>", "]]&gt;"));
        }
        let text = line_ends(raw);
        self.check_text_length(&text, offset)?;
        Ok(Some(Event::Text { text, offset }))
    }

    fn check_text_length(&mut self, text: &str, offset: usize) -> Result<(), Stop> {
        self.text_bytes += text.len();
        if self.text_bytes > self.limits.text_bytes_max {
            let expected = format!("<= {} bytes", self.limits.text_bytes_max);
            return Err(stop(Refusal::TextLength, offset, "", expected));
        }
        Ok(())
    }

    fn inside_root(&self, offset: usize) -> Result<(), Stop> {
        if self.depth > 0 {
            Ok(())
        } else {
            Err(stop(Refusal::NotWellFormed, offset, "", "no text here"))
        }
    }

    /// One look over the whole text, before anything else is believed of it.
    fn check_characters(&self) -> Result<(), Stop> {
        // The one byte order mark that may be there is not part of the text; quick-xml would
        // pass over another one and lose count of the bytes.
        if self.text.starts_with('\u{feff}') {
            return Err(stop(Refusal::NotWellFormed, 0, "U+FEFF", "<"));
        }
        // Control characters, or the lead byte of U+FFFE and U+FFFF: everything else is XML.
        let suspect = |byte: &u8| (*byte < b' ' && !is_white(*byte)) || *byte == 0xEF;
        let mut from = 0;
        while let Some(found) = self.text.as_bytes()[from..].iter().position(suspect) {
            let at = from + found;
            let character = self.text[at..].chars().next().unwrap_or_default();
            if !is_xml(character) {
                let value = format!("U+{:04X}", u32::from(character));
                return Err(stop(Refusal::Character, at, value, ""));
            }
            from = at + character.len_utf8();
        }
        Ok(())
    }
}

struct Stop {
    refusal: Refusal,
    offset: usize,
    value: String,
    expected: String,
}

fn stop(
    refusal: Refusal,
    offset: usize,
    value: impl Into<String>,
    expected: impl Into<String>,
) -> Stop {
    Stop {
        refusal,
        offset,
        value: value.into(),
        expected: expected.into(),
    }
}

fn wrong_tag(wrong: Wrong, base: usize, attributes_max: usize) -> Stop {
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

/// CR LF and CR become LF, as XML wants it.
fn line_ends(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}
