//! Changes to a message, written in a table of cases: which element, and what becomes of it.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserialize;

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
        let element = find(&text, path).ok_or_else(|| format!("there is no {}", change.at))?;
        let (range, new) = match (change, attribute) {
            (
                Change {
                    text: Some(value), ..
                },
                Some(name),
            ) => attribute_of(&text, &element, name, value)?,
            (
                Change {
                    text: Some(value), ..
                },
                None,
            ) => element.content(&text, value, false),
            (Change { remove: true, .. }, None) => (element.whole, String::new()),
            (Change { xml: Some(xml), .. }, None) => (element.whole, xml.clone()),
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
            ) => element.content(&text, xml, true),
            _ => return Err(format!("{change:?} says nothing that can be done")),
        };
        text.replace_range(range, &new.repeat(change.repeat));
    }
    Ok(mark.to_owned() + &text)
}

/// Where an element stands.
struct Element {
    whole: Range<usize>,
    start_tag: Range<usize>,
    /// What is between its tags; `None` for an empty-element tag.
    content: Option<Range<usize>>,
}

impl Element {
    /// The range to replace and its replacement for new content, alone or behind the old.
    fn content(&self, text: &str, new: &str, append: bool) -> (Range<usize>, String) {
        match &self.content {
            Some(content) if append => (content.end..content.end, new.to_owned()),
            Some(content) => (content.clone(), new.to_owned()),
            None => {
                let tag = text[self.start_tag.clone()].trim_end_matches("/>");
                let name = tag[1..].split_ascii_whitespace().next().unwrap_or_default();
                (self.start_tag.clone(), format!("{tag}>{new}</{name}>"))
            }
        }
    }
}

fn attribute_of(
    text: &str,
    element: &Element,
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

fn find(text: &str, path: &str) -> Option<Element> {
    let steps: Vec<(&str, usize)> = path
        .split('/')
        .filter(|step| !step.is_empty())
        .map(|step| match step.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse().unwrap_or(1)),
            None => (step, 1),
        })
        .collect();
    let mut reader = Reader::from_str(text);
    // How many open elements there are, how many of them are on the path, and how often the
    // next step was met in the last of them.
    let (mut depth, mut matched, mut met) = (0, 0, 0);
    let mut found: Option<(usize, Range<usize>)> = None;
    loop {
        let start = reader.buffer_position() as usize;
        let event = reader.read_event().ok()?;
        let end = reader.buffer_position() as usize;
        match event {
            Event::Start(tag) | Event::Empty(tag) if found.is_none() && depth == matched => {
                let empty = text[..end].ends_with("/>");
                let is_step = match depth {
                    0 => true,
                    _ => {
                        let local = tag.local_name();
                        let (name, index) = steps[depth - 1];
                        met += usize::from(local.as_ref() == name);
                        local.as_ref() == name && met == index
                    }
                };
                if is_step && depth == steps.len() {
                    if empty {
                        return Some(Element {
                            whole: start..end,
                            start_tag: start..end,
                            content: None,
                        });
                    }
                    found = Some((depth, start..end));
                } else if is_step && !empty {
                    (matched, met) = (matched + 1, 0);
                }
                depth += usize::from(!empty);
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => {
                depth -= 1;
                match &found {
                    Some((at, start_tag)) if *at == depth => {
                        return Some(Element {
                            whole: start_tag.start..end,
                            start_tag: start_tag.clone(),
                            content: Some(start_tag.end..start),
                        });
                    }
                    None if depth < matched => return None,
                    _ => {}
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}
