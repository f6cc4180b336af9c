//! XML files as trees that know where everything stands.
#![allow(dead_code)]

use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// One element of a file.
#[derive(Debug, Default)]
pub struct Node {
    /// Local name.
    pub name: String,
    pub line: usize,
    /// From the start tag to behind the end tag, in bytes of the text.
    pub whole: Range<usize>,
    pub start_tag: Range<usize>,
    /// Between its tags; `None` for an empty-element tag.
    pub content: Option<Range<usize>>,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Node>,
    pub text: String,
}

impl Node {
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// This and every one below it.
    pub fn all(&self) -> Vec<&Node> {
        let below = self.children.iter().flat_map(Node::all);
        std::iter::once(self).chain(below).collect()
    }

    /// `xs:documentation` in `language`; empty if there is none.
    pub fn documentation(&self, language: &str) -> String {
        let annotations = self.children.iter().filter(|c| c.name == "annotation");
        let texts = annotations
            .flat_map(|annotation| &annotation.children)
            .filter(|c| c.name == "documentation" && c.get("xml:lang") == Some(language));
        let words: Vec<&str> = texts.flat_map(|c| c.text.split_whitespace()).collect();
        words.join(" ")
    }
}

/// Reads an XML file.
pub fn parse(file: &str, text: &str) -> Node {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Node::default()];
    let (mut line, mut counted) = (1, 0);
    loop {
        let at = reader.buffer_position() as usize;
        line += text[counted..at].matches('\n').count();
        counted = at;
        let event = reader.read_event();
        let event = event.unwrap_or_else(|error| panic!("{file}: {error}"));
        let tag = at..reader.buffer_position() as usize;
        match event {
            Event::Start(start) => open.push(node(&start, line, tag)),
            Event::Empty(start) => {
                let new = node(&start, line, tag);
                open.last_mut().expect("one open").children.push(new);
            }
            Event::End(_) => {
                let mut done = open.pop().expect("one open");
                done.content = Some(done.start_tag.end..tag.start);
                done.whole.end = tag.end;
                open.last_mut().expect("one open").children.push(done);
            }
            Event::Text(words) => open.last_mut().expect("one open").text += &words,
            Event::GeneralRef(name) => {
                let text = quick_xml::escape::unescape(&format!("&{};", &*name))
                    .expect("a known entity")
                    .into_owned();
                open.last_mut().expect("one open").text += &text;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let mut whole = open.pop().expect("the whole");
    whole
        .children
        .pop()
        .unwrap_or_else(|| panic!("{file} is empty"))
}

fn node(start: &BytesStart<'_>, line: usize, tag: Range<usize>) -> Node {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("an attribute");
        let value = attribute
            .normalized_value(XmlVersion::default())
            .expect("a value");
        (attribute.key.0.to_owned(), value.into_owned())
    });
    Node {
        name: start.local_name().as_ref().to_owned(),
        line,
        whole: tag.clone(),
        start_tag: tag,
        attributes: attributes.collect(),
        ..Node::default()
    }
}
