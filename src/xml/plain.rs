//! The plain reader: XML 1.0 and its namespaces written down character by character, over text
//! that comes in chunks of any size. It says only what a document holds, or that it is refused;
//! it is the oracle of the fast reader in tests and under fuzzing, and shares nothing with it
//! but the classes of characters and the form of an XML declaration.

use super::attributes::{is_declaration, is_name, is_xml};
use super::{Limits, XML};

/// What comes next in a document, owned. Offsets are bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlainEvent {
    /// A start tag, also of an empty element.
    Start {
        /// Namespace and local name.
        name: (String, String),
        /// Namespace, local name and value of each attribute, namespace declarations left out.
        attributes: Vec<(String, String, String)>,
        /// Of its `<`.
        offset: usize,
    },
    /// A run of text between two tags.
    Text(String),
    /// An end tag.
    End,
}

/// All events of a document whose text comes in `chunks`; `None` if it is refused.
pub fn plain<'a>(
    chunks: impl IntoIterator<Item = &'a str>,
    limits: &Limits,
) -> Option<Vec<PlainEvent>> {
    let characters = chunks.into_iter().flat_map(str::chars);
    Plain {
        characters,
        ahead: Vec::new(),
        offset: 0,
        limits,
        open: Vec::new(),
        elements: 0,
        events: Vec::new(),
    }
    .document()
}

struct Plain<'l, I> {
    characters: I,
    /// Looked at and not yet taken, the next one last.
    ahead: Vec<char>,
    offset: usize,
    limits: &'l Limits,
    open: Vec<Open>,
    elements: usize,
    events: Vec<PlainEvent>,
}

struct Open {
    name: String,
    bindings: Vec<(String, String)>,
    text: String,
}

impl<I: Iterator<Item = char>> Plain<'_, I> {
    fn document(mut self) -> Option<Vec<PlainEvent>> {
        if [" ", "\t", "\n", "\r"]
            .iter()
            .any(|white| self.eat(&format!("<?xml{white}")))
        {
            self.declaration()?;
        }
        let mut rooted = false;
        while let Some(next) = self.peek() {
            match next {
                '<' if self.eat("<!--") => self.comment()?,
                '<' if self.eat("<?") => self.instruction()?,
                '<' if self.eat("</") => {
                    self.end_tag()?;
                    rooted = true;
                }
                '<' if !self.open.is_empty() && self.eat("<![CDATA[") => self.section()?,
                '<' if !rooted => {
                    if self.start_tag()? {
                        self.close();
                        rooted = self.open.is_empty();
                    }
                }
                _ if self.open.is_empty() => {
                    if !is_white(self.take()?) {
                        return None;
                    }
                }
                '<' => return None,
                _ => self.text()?,
            }
            rooted &= self.open.is_empty();
        }
        rooted.then_some(self.events)
    }

    /// What follows `<?xml`: version, encoding, standalone, in this order.
    fn declaration(&mut self) -> Option<()> {
        let mut text = String::from(" ");
        while !self.eat("?>") {
            text.push(self.take()?);
        }
        is_declaration(&text).then_some(())
    }

    fn comment(&mut self) -> Option<()> {
        while !self.eat("--") {
            self.take()?;
        }
        self.eat(">").then_some(())
    }

    fn instruction(&mut self) -> Option<()> {
        let target = self.name()?;
        if !is_name(&target) || target.eq_ignore_ascii_case("xml") {
            return None;
        }
        if self.eat("?>") {
            return Some(());
        }
        if !is_white(self.peek()?) {
            return None;
        }
        while !self.eat("?>") {
            self.take()?;
        }
        Some(())
    }

    fn section(&mut self) -> Option<()> {
        let mut text = String::new();
        while !self.eat("]]>") {
            text.push(self.take()?);
        }
        self.append(&line_ends(&text))
    }

    fn text(&mut self) -> Option<()> {
        let mut text = String::new();
        while self.peek().is_some_and(|next| next != '<' && next != '&') {
            if self.eat("]]>") {
                return None;
            }
            text.push(self.take()?);
        }
        self.append(&line_ends(&text))?;
        if self.peek() == Some('&') {
            let character = self.reference()?;
            self.append(&character.to_string())?;
        }
        Some(())
    }

    fn append(&mut self, text: &str) -> Option<()> {
        let open = self.open.last_mut()?;
        open.text.push_str(text);
        (open.text.len() <= self.limits.text_bytes_max).then_some(())
    }

    fn reference(&mut self) -> Option<char> {
        let mut name = String::new();
        self.take()?;
        loop {
            match self.take()? {
                ';' => break,
                next if name.len() < 64 => name.push(next),
                _ => return None,
            }
        }
        match name.as_str() {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let number = name.strip_prefix('#')?;
                let (digits, radix) = match number.strip_prefix('x') {
                    Some(digits) => (digits, 16),
                    None => (number, 10),
                };
                if !digits.chars().all(|digit| digit.is_digit(radix)) {
                    return None;
                }
                let number = u32::from_str_radix(digits, radix).ok()?;
                char::from_u32(number).filter(|character| is_xml(*character))
            }
        }
    }

    /// A start tag; true if it is that of an empty element.
    fn start_tag(&mut self) -> Option<bool> {
        let offset = self.offset;
        self.flush();
        self.take()?;
        let name = self.name()?;
        let mut raw: Vec<(String, String)> = Vec::new();
        let empty = loop {
            let white = self.white();
            if self.eat(">") {
                break false;
            }
            if self.eat("/>") {
                break true;
            }
            if !white || raw.len() == self.limits.attributes_max {
                return None;
            }
            raw.push(self.attribute()?);
        };
        let bytes = self.offset - 1 - offset;
        self.elements += 1;
        if bytes > self.limits.tag_bytes_max
            || self.elements > self.limits.elements_max
            || self.open.len() == self.limits.depth_max
        {
            return None;
        }
        self.begin(name, raw, offset)?;
        Some(empty)
    }

    fn attribute(&mut self) -> Option<(String, String)> {
        let name = self.name()?;
        self.white();
        if self.take()? != '=' {
            return None;
        }
        self.white();
        let quote = self.take().filter(|quote| matches!(quote, '"' | '\''))?;
        let mut value = String::new();
        loop {
            match self.peek()? {
                next if next == quote => break,
                '<' => return None,
                '&' => value.push(self.reference()?),
                '\r' => {
                    self.take()?;
                    if self.peek() != Some('\n') {
                        value.push(' ');
                    }
                }
                '\t' | '\n' => {
                    self.take()?;
                    value.push(' ');
                }
                _ => value.push(self.take()?),
            }
        }
        self.take()?;
        Some((name, value))
    }

    /// Sorts what a start tag said, and opens its element.
    fn begin(&mut self, name: String, raw: Vec<(String, String)>, offset: usize) -> Option<()> {
        let (mut bindings, mut others) = (Vec::new(), Vec::new());
        for (name, value) in raw {
            match (name.as_str(), name.strip_prefix("xmlns:")) {
                ("xmlns", _) => bindings.push((String::new(), value)),
                (_, Some("")) => return None,
                (_, Some(prefix)) => bindings.push((prefix.to_owned(), value)),
                _ => others.push((name, value)),
            }
        }
        for (number, (prefix, namespace)) in bindings.iter().enumerate() {
            let reserved =
                prefix == "xmlns" || namespace == XMLNS || (prefix == "xml") != (namespace == XML);
            let emptied = namespace.is_empty() && !prefix.is_empty();
            let twice = bindings[..number].iter().any(|(other, _)| other == prefix);
            let wrong_name = !prefix.is_empty() && !is_name(prefix);
            if reserved || emptied || twice || wrong_name {
                return None;
            }
        }
        let bound = self
            .open
            .iter()
            .map(|open| open.bindings.len())
            .sum::<usize>();
        if bound + bindings.len() > super::tag::BINDINGS_MAX {
            return None;
        }
        self.open.push(Open {
            name: name.clone(),
            bindings,
            text: String::new(),
        });
        let name = self.expand(&name, true)?;
        let mut attributes: Vec<(String, String, String)> = Vec::new();
        for (name, value) in others {
            let (namespace, local) = self.expand(&name, false)?;
            if attributes
                .iter()
                .any(|other| other.0 == namespace && other.1 == local)
            {
                return None;
            }
            attributes.push((namespace, local, value));
        }
        self.events.push(PlainEvent::Start {
            name,
            attributes,
            offset,
        });
        Some(())
    }

    /// Namespace and local name.
    fn expand(&self, name: &str, element: bool) -> Option<(String, String)> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if !is_name(local) || (name.contains(':') && !is_name(prefix)) {
            return None;
        }
        if prefix.is_empty() && !element {
            return Some((String::new(), local.to_owned()));
        }
        if prefix == "xml" {
            return Some((XML.to_owned(), local.to_owned()));
        }
        let mut bindings = self.open.iter().rev().flat_map(|open| &open.bindings);
        let namespace = match bindings.find(|(bound, _)| bound == prefix) {
            Some((_, namespace)) => namespace.clone(),
            None if prefix.is_empty() => String::new(),
            None => return None,
        };
        Some((namespace, local.to_owned()))
    }

    fn end_tag(&mut self) -> Option<()> {
        let name = self.name()?;
        self.white();
        if self.take()? != '>' || self.open.last()?.name != name {
            return None;
        }
        self.close();
        Some(())
    }

    fn close(&mut self) {
        self.flush();
        self.open.pop();
        self.events.push(PlainEvent::End);
    }

    /// The text gathered since the last tag becomes an event.
    fn flush(&mut self) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let text = std::mem::take(&mut open.text);
        if !text.is_empty() {
            self.events.push(PlainEvent::Text(text));
        }
    }

    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        while self.peek().is_some_and(|next| {
            !is_white(next) && !matches!(next, '>' | '/' | '=' | '?' | '<' | '"' | '\'')
        }) {
            name.push(self.take()?);
            if name.len() > self.limits.name_bytes_max {
                return None;
            }
        }
        (!name.is_empty()).then_some(name)
    }

    fn white(&mut self) -> bool {
        let mut any = false;
        while self.peek().is_some_and(is_white) {
            self.take();
            any = true;
        }
        any
    }

    fn peek(&mut self) -> Option<char> {
        if self.ahead.is_empty() {
            self.ahead.extend(self.characters.next());
        }
        self.ahead.last().copied()
    }

    /// The next character; `None` at the end, and for one that XML does not admit.
    fn take(&mut self) -> Option<char> {
        self.peek()?;
        let next = self.ahead.pop().filter(|next| is_xml(*next))?;
        self.offset += next.len_utf8();
        Some(next)
    }

    /// Takes `what` if it comes next, and nothing otherwise.
    fn eat(&mut self, what: &str) -> bool {
        let mut next = Vec::new();
        for _ in what.chars() {
            next.extend(self.ahead.pop().or_else(|| self.characters.next()));
        }
        let fits = next.iter().copied().eq(what.chars());
        if fits {
            self.offset += what.len();
        } else {
            self.ahead.extend(next.into_iter().rev());
        }
        fits
    }
}

const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

fn is_white(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
