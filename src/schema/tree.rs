//! One schema file as a small tree that knows its lines.

use std::collections::BTreeMap;

use crate::finding::Findings;
use crate::xml::{Document, Event, Limits, Reader};

use super::Mistake;

/// The namespace of XML Schema.
pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// One element of a schema file. Text is dropped: only documentation has any.
#[derive(Debug)]
pub struct Node {
    /// Local name; always of the namespace of XML Schema.
    pub name: String,
    /// Attributes without a namespace.
    pub attributes: BTreeMap<String, String>,
    /// What the prefixes in attribute values stand for here.
    pub prefixes: BTreeMap<String, String>,
    /// Child elements, annotations left out.
    pub children: Vec<Node>,
    /// From 1.
    pub line: u32,
}

impl Node {
    /// An attribute's value, white space around it removed.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(|value| value.trim())
    }
}

/// What a schema file may cost: far above any published one.
fn limits() -> Limits {
    Limits {
        elements_max: 2_000_000,
        ..Limits::default()
    }
}

/// Reads a schema file.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Node, Mistake> {
    let mut findings = Findings::new(1);
    let document = Document::decode(bytes, None, &mut findings);
    let root = document
        .and_then(|document| read(&document, file, &mut findings).transpose())
        .transpose()?;
    match (root, findings.list().first()) {
        (Some(root), None) => Ok(root),
        (_, Some(finding)) => {
            let text = format!("{}: {}", finding.code, finding.text.en);
            Err(Mistake {
                file: file.to_owned(),
                line: finding.place.line,
                text,
            })
        }
        (None, None) => Err(Mistake {
            file: file.to_owned(),
            line: 0,
            text: "no root element".to_owned(),
        }),
    }
}

fn read(
    document: &Document<'_>,
    file: &str,
    findings: &mut Findings,
) -> Result<Option<Node>, Mistake> {
    let limits = limits();
    let mut reader = Reader::new(document, &limits);
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    // Inside an annotation everything is for people.
    let mut annotation = 0usize;
    let mut lines = Lines {
        text: &document.text,
        offset: 0,
        line: 1,
    };
    while let Some(event) = reader.next(findings) {
        match event {
            Event::Start { .. } if annotation > 0 => annotation += 1,
            Event::Start { local, offset } => {
                let line = lines.of(offset);
                if reader.namespace() != XSD {
                    let text = format!("{local} is not an element of XML Schema");
                    return Err(Mistake {
                        file: file.to_owned(),
                        line,
                        text,
                    });
                }
                if local == "annotation" {
                    annotation = 1;
                    continue;
                }
                open.push(node(&reader, local, line));
            }
            Event::End { .. } if annotation > 0 => annotation -= 1,
            Event::End { .. } => {
                let Some(node) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => root = Some(node),
                }
            }
            Event::Text { text, offset } => {
                if annotation == 0 && !text.trim().is_empty() {
                    let text = "text outside an annotation".to_owned();
                    return Err(Mistake {
                        file: file.to_owned(),
                        line: lines.of(offset),
                        text,
                    });
                }
            }
        }
    }
    Ok(root)
}

fn node(reader: &Reader<'_>, local: &str, line: u32) -> Node {
    let mut node = Node {
        name: local.to_owned(),
        attributes: BTreeMap::new(),
        prefixes: BTreeMap::new(),
        children: Vec::new(),
        line,
    };
    for attribute in reader.attributes() {
        if attribute.prefix.is_empty() {
            node.attributes.insert(
                attribute.local.to_owned(),
                attribute.value.clone().into_owned(),
            );
        }
    }
    for name in ["base", "type", "ref", "itemType", "memberTypes"] {
        for word in node
            .attributes
            .get(name)
            .map(String::as_str)
            .unwrap_or("")
            .split_whitespace()
        {
            let prefix = word.split_once(':').map_or("", |(prefix, _)| prefix);
            if let Some(namespace) = reader.bound(prefix) {
                node.prefixes
                    .insert(prefix.to_owned(), namespace.to_owned());
            }
        }
    }
    node
}

/// Lines of rising offsets, counted once.
struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> u32 {
        self.line +=
            memchr::memchr_iter(b'\n', &self.text.as_bytes()[self.offset..offset]).count() as u32;
        self.offset = offset;
        self.line
    }
}
