//! The whole document as a tree, made from the events of the plain reader. Nodes are numbered
//! in document order, so a child always has a greater number than its parent.

use crate::schema::names::{Names, Symbol, UNKNOWN_SPACE};
use crate::schema::tables::Name;
use crate::schema::value::Prefixes;
use crate::xml::{Document, Limits, PlainEvent, XML, plain};

/// The elements of a document; the root is number 0.
pub struct Tree {
    pub nodes: Vec<Node>,
}

/// One element.
pub struct Node {
    pub namespace: String,
    pub local: String,
    /// Namespace, local name and value.
    pub attributes: Vec<(String, String, String)>,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    /// All character data between its tags, that of its children left out.
    pub text: String,
    /// The namespace declarations of its own start tag.
    bindings: Vec<(String, String)>,
}

/// A name as the tests of paths and wildcards look at it: the number of its namespace, and
/// that of its local name if the schema knows it.
pub type Numbered = (u16, Option<Symbol>);

/// The numbers of a name.
pub fn numbered(names: &Names, namespace: &str, local: &str) -> Numbered {
    let space = names.space(namespace).unwrap_or(UNKNOWN_SPACE);
    (space, names.symbol(local))
}

impl Tree {
    /// `None` if the document is refused.
    pub fn read(document: &Document<'_>, limits: &Limits) -> Option<Tree> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for event in plain([&*document.text], limits)? {
            match event {
                PlainEvent::Start {
                    name,
                    attributes,
                    offset,
                } => {
                    let number = nodes.len();
                    if let Some(parent) = open.last() {
                        nodes[*parent].children.push(number);
                    }
                    nodes.push(Node {
                        namespace: name.0,
                        local: name.1,
                        attributes,
                        parent: open.last().copied(),
                        children: Vec::new(),
                        text: String::new(),
                        bindings: bindings(&document.text[offset..]),
                    });
                    open.push(number);
                }
                PlainEvent::Text(text) => {
                    if let Some(parent) = open.last() {
                        nodes[*parent].text.push_str(&text);
                    }
                }
                PlainEvent::End => _ = open.pop(),
            }
        }
        Some(Tree { nodes })
    }

    /// The prefixes that are bound at a node.
    pub fn prefixes(&self, node: usize) -> Bound<'_> {
        Bound { tree: self, node }
    }

    /// The value of an attribute.
    pub fn attribute(&self, node: usize, namespace: &str, local: &str) -> Option<&str> {
        let mut attributes = self.nodes[node].attributes.iter();
        attributes
            .find(|attribute| attribute.0 == namespace && attribute.1 == local)
            .map(|attribute| attribute.2.as_str())
    }

    /// The name of a node, if the schema knows it.
    pub fn name(&self, node: usize, names: &Names) -> Option<Name> {
        names.find(&self.nodes[node].namespace, &self.nodes[node].local)
    }
}

/// What prefixes mean at a node.
pub struct Bound<'t> {
    tree: &'t Tree,
    node: usize,
}

impl Prefixes for Bound<'_> {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML);
        }
        let mut at = Some(self.node);
        while let Some(node) = at {
            let node = &self.tree.nodes[node];
            if let Some((_, namespace)) = node.bindings.iter().find(|bound| bound.0 == prefix) {
                return Some(namespace);
            }
            at = node.parent;
        }
        prefix.is_empty().then_some("")
    }
}

/// The namespace declarations of a start tag. The reader has found it well-formed and leaves
/// them out of its events, so they are read here once more, from the text itself.
fn bindings(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = &tag[tag.find([' ', '\t', '\r', '\n', '/', '>']).unwrap_or(0)..];
    loop {
        rest = rest.trim_start_matches(is_white);
        if rest.is_empty() || rest.starts_with(['/', '>']) {
            return found;
        }
        let Some((name, after)) = rest.split_once('=') else {
            return found;
        };
        let after = after.trim_start_matches(is_white);
        let quote = if after.starts_with('"') { '"' } else { '\'' };
        let Some((value, after)) = after[1..].split_once(quote) else {
            return found;
        };
        match name.trim_end_matches(is_white) {
            "xmlns" => found.push((String::new(), attribute_value(value))),
            name => found.extend(
                name.strip_prefix("xmlns:")
                    .map(|prefix| (prefix.to_owned(), attribute_value(value))),
            ),
        }
        rest = after;
    }
}

/// An attribute's value as its document means it: white space and references resolved.
fn attribute_value(written: &str) -> String {
    let written = written.replace("\r\n", " ").replace(is_white, " ");
    let mut parts = written.split('&');
    let mut value = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once(';').unwrap_or((part, ""));
        let number = match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(digits), _) => u32::from_str_radix(digits, 16).ok(),
            (None, Some(digits)) => digits.parse().ok(),
            (None, None) => None,
        };
        value.extend(match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => number.and_then(char::from_u32),
        });
        value.push_str(after);
    }
    value
}

fn is_white(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}
