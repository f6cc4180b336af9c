//! Changes to a message, written in a table of cases: which element, and what becomes of it.

use std::ops::Range;

use serde::Deserialize;

use super::xml_nodes::{Node, parse};

/// One change; `at` is a path of local names below the root element (`DecLists/DecList[2]/GName`,
/// `Head/@Version`; empty is the root), and exactly one of the others says what happens there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub at: String,
    /// The text of the element, or the value of the attribute.
    pub text: Option<String>,
    /// Takes the element away.
    #[serde(default)]
    pub remove: bool,
    /// Stands in its place.
    pub xml: Option<String>,
    /// Stands before it.
    pub before: Option<String>,
    /// Stands behind it.
    pub after: Option<String>,
    /// Stands in it, at its end.
    pub inside: Option<String>,
    /// How often what is new stands there.
    #[serde(default = "once")]
    pub repeat: usize,
}

fn once() -> usize {
    1
}

/// The message with the changes, one after the other.
pub fn changed(message: &str, changes: &[Change]) -> Result<String, String> {
    // Positions of quick-xml do not count a byte order mark.
    let (mark, message) = match message.strip_prefix('\u{feff}') {
        Some(message) => ("\u{feff}", message),
        None => ("", message),
    };
    let mut text = message.to_owned();
    for change in changes {
        let (path, attribute) = match change.at.rsplit_once('@') {
            Some((path, attribute)) => (path.trim_end_matches('/'), Some(attribute)),
            None => (change.at.as_str(), None),
        };
        let root = parse(&change.at, &text);
        let element = find(&root, path).ok_or_else(|| format!("there is no {}", change.at))?;
        let (range, new) = match (change, attribute) {
            (
                Change {
                    text: Some(value), ..
                },
                Some(name),
            ) => attribute_of(&text, element, name, value)?,
            (
                Change {
                    text: Some(value), ..
                },
                None,
            ) => content(element, &text, value, false),
            (Change { remove: true, .. }, None) => (element.whole.clone(), String::new()),
            (Change { xml: Some(xml), .. }, None) => (element.whole.clone(), xml.clone()),
            (
                Change {
                    before: Some(xml), ..
                },
                None,
            ) => (element.whole.start..element.whole.start, xml.clone()),
            (
                Change {
                    after: Some(xml), ..
                },
                None,
            ) => (element.whole.end..element.whole.end, xml.clone()),
            (
                Change {
                    inside: Some(xml), ..
                },
                None,
            ) => content(element, &text, xml, true),
            _ => return Err(format!("{change:?} says nothing that can be done")),
        };
        text.replace_range(range, &new.repeat(change.repeat));
    }
    Ok(mark.to_owned() + &text)
}

/// The range to replace and its replacement for new content, alone or behind the old.
fn content(element: &Node, text: &str, new: &str, append: bool) -> (Range<usize>, String) {
    match &element.content {
        Some(content) if append => (content.end..content.end, new.to_owned()),
        Some(content) => (content.clone(), new.to_owned()),
        None => {
            let tag = text[element.start_tag.clone()].trim_end_matches("/>");
            let name = tag[1..].split_ascii_whitespace().next().unwrap_or_default();
            (element.start_tag.clone(), format!("{tag}>{new}</{name}>"))
        }
    }
}

fn attribute_of(
    text: &str,
    element: &Node,
    name: &str,
    value: &str,
) -> Result<(Range<usize>, String), String> {
    let tag = &text[element.start_tag.clone()];
    let known = format!(" {name}=");
    match tag.find(&known) {
        Some(at) => {
            let quote = at + known.len();
            let end = tag[quote + 1..]
                .find(&tag[quote..=quote])
                .ok_or("an open quote")?;
            let start = element.start_tag.start + quote + 1;
            Ok((start..start + end, value.to_owned()))
        }
        None => {
            let end = tag.trim_end_matches('>').trim_end_matches('/').len();
            let at = element.start_tag.start + end;
            Ok((at..at, format!(" {name}=\"{value}\"")))
        }
    }
}

/// The element at a path of local names, each perhaps with its number among those of the name.
fn find<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    let mut steps = path.split('/').filter(|step| !step.is_empty());
    steps.try_fold(root, |node, step| {
        let (name, number) = step.split_once('[').unwrap_or((step, "1]"));
        let number: usize = number.trim_end_matches(']').parse().ok()?;
        let mut alike = node.children.iter().filter(|child| child.name == name);
        alike.nth(number.checked_sub(1)?)
    })
}
