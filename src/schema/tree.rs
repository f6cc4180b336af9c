//! One schema file as a small tree that knows its lines and its prefixes.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::finding::Findings;
use crate::xml::{Document, Event, Limits, Reader, XML};

use super::Mistake;
use super::value::{Prefixes, is_language, is_uri_reference};

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
    pub scope: Rc<Bindings>,
    /// Child elements, annotations left out.
    pub children: Vec<Node>,
    /// Annotations, and before which of `children` they stand.
    pub annotations: Vec<(usize, Node)>,
    /// From 1.
    pub line: u32,
}

/// Prefixes and what they stand for; the empty one is the default namespace.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bindings(BTreeMap<String, String>);

impl Prefixes for Bindings {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        match self.0.get(prefix) {
            Some(namespace) => Some(namespace),
            None if prefix.is_empty() => Some(""),
            None if prefix == "xml" => Some(XML),
            None => None,
        }
    }
}

impl Node {
    /// An attribute's value, white space around it removed.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(|value| value.trim())
    }

    /// Its first child of this name.
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The mistake that `text` tells, here.
    pub fn mistake(&self, file: &str, text: impl Into<String>) -> Mistake {
        Mistake {
            file: file.to_owned(),
            line: self.line,
            text: text.into(),
        }
    }
}

/// What a schema file may cost: far above any published one.
fn limits() -> Limits {
    Limits {
        elements_max: 2_000_000,
        attributes_max: 1_000,
        tag_bytes_max: 1 << 20,
        doctype: true,
        depth_max: DEPTH_MAX,
        ..Limits::default()
    }
}

/// Elements of a schema file inside each other; published ones have up to thirty. What
/// follows goes down the tree by calling itself.
const DEPTH_MAX: usize = 200;

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
    // Elements that are open inside appinfo or documentation.
    let mut passing = 0usize;
    let mut lines = Lines {
        text: &document.text,
        offset: 0,
        line: 1,
    };
    let mut scope = Rc::new(Bindings::default());
    while let Some(event) = reader.next(findings) {
        match event {
            Event::Start { .. } if passing > 0 => passing += 1,
            Event::Start { local, offset } => {
                let line = lines.of(offset);
                let mistake = |text: String| Mistake {
                    file: file.to_owned(),
                    line,
                    text,
                };
                let inside = open.last().map(|node| node.name.as_str());
                if inside.is_some_and(is_for_people) {
                    passing = 1;
                    continue;
                }
                let known = reader.namespace() == XSD && is_for_people(local);
                if inside == Some("annotation") && !known {
                    let text = format!(
                        "src-annotation (s4s-elt-invalid-content): {local} in an annotation"
                    );
                    return Err(mistake(text));
                }
                if reader.namespace() != XSD {
                    return Err(mistake(format!(
                        "s4s-elt-schema-ns (s4s-elt-invalid-content): {local} is not an element of XML Schema"
                    )));
                }
                let bindings = reader.bindings();
                let known = bindings.len() == scope.0.len()
                    && bindings.iter().all(|(prefix, namespace)| {
                        scope.0.get(*prefix).is_some_and(|known| known == namespace)
                    });
                if !known {
                    let owned = |(prefix, namespace): (&str, &str)| {
                        (prefix.to_owned(), namespace.to_owned())
                    };
                    scope = Rc::new(Bindings(bindings.into_iter().map(owned).collect()));
                }
                open.push(node(&reader, local, line, Rc::clone(&scope)).map_err(mistake)?);
            }
            Event::End { .. } if passing > 0 => passing -= 1,
            Event::End { .. } => {
                let Some(node) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) if node.name == "annotation" => {
                        parent.annotations.push((parent.children.len(), node));
                    }
                    Some(parent) => parent.children.push(node),
                    None => root = Some(node),
                }
            }
            Event::Text { text, offset } => {
                let inside = open.last().map(|node| node.name.as_str());
                if !inside.is_some_and(is_for_people) && !text.trim().is_empty() {
                    return Err(Mistake {
                        file: file.to_owned(),
                        line: lines.of(offset),
                        text: "s4s-elt-character: text outside an annotation".to_owned(),
                    });
                }
            }
        }
    }
    Ok(root)
}

/// Whether whatever an element holds is for people, or for other programs.
fn is_for_people(name: &str) -> bool {
    matches!(name, "appinfo" | "documentation")
}

fn node(reader: &Reader<'_>, local: &str, line: u32, scope: Rc<Bindings>) -> Result<Node, String> {
    let mut node = Node {
        name: local.to_owned(),
        attributes: BTreeMap::new(),
        scope,
        children: Vec::new(),
        annotations: Vec::new(),
        line,
    };
    for attribute in reader.attributes() {
        if attribute.prefix.is_empty() {
            node.attributes.insert(
                attribute.local.to_owned(),
                attribute.value.clone().into_owned(),
            );
            continue;
        }
        let value = attribute.value.trim();
        let fits = match (reader.attribute_namespace(attribute), attribute.local) {
            (XSD, _) => {
                return Err(format!(
                    "s4s-att-not-allowed: {}:{} on {local}",
                    attribute.prefix, attribute.local
                ));
            }
            (XML, "lang") => value.is_empty() || is_language(value),
            (XML, "space") => matches!(value, "default" | "preserve"),
            (XML, "base") => is_uri_reference(value),
            _ => true,
        };
        if !fits {
            return Err(format!(
                "s4s-att-invalid-value: {}:{}={value:?} on {local}",
                attribute.prefix, attribute.local
            ));
        }
    }
    Ok(node)
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
