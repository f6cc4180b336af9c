//! Indexed paths of elements. A walk keeps no names and no counters for them; a finding is
//! rare, and then the document is read once more.

use std::collections::HashMap;

use crate::finding::Findings;

use super::{Document, Event, Limits, Reader};

/// The path of every element whose `<` stands at one of `offsets` (in rising order):
/// `/DecMessage/DecLists/DecList[2]/GNo`. From the second element of a name among its
/// siblings on, an index follows the name. An offset at which no element begins has the path
/// of the innermost element that is open there.
pub fn paths(document: &Document<'_>, limits: &Limits, offsets: &[usize]) -> Vec<String> {
    // Nearly always there is no finding.
    if offsets.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::with_capacity(offsets.len());
    let mut path = String::new();
    // For each open element: where its part of the path begins, and how often each name was
    // met inside it.
    let mut open: Vec<(usize, HashMap<&str, u32>)> = vec![(0, HashMap::new())];
    let mut reader = Reader::new(document, limits);
    let mut ignored = Findings::new(0);
    while found.len() < offsets.len() {
        let Some(event) = reader.next(&mut ignored) else {
            break;
        };
        match event {
            Event::Start { local, offset } => {
                while found.len() < offsets.len() && offsets[found.len()] < offset {
                    found.push(path.clone());
                }
                let start = path.len();
                path.push('/');
                path.push_str(local);
                let siblings = open
                    .last_mut()
                    .map(|(_, siblings)| siblings.entry(local).or_insert(0));
                if let Some(count) = siblings {
                    *count += 1;
                    if *count > 1 {
                        path.push_str(&format!("[{count}]"));
                    }
                }
                open.push((start, HashMap::new()));
                while found.len() < offsets.len() && offsets[found.len()] == offset {
                    found.push(path.clone());
                }
            }
            Event::End { offset } => {
                // An empty-element tag ends where the next tag may begin.
                let own = document.text[offset..].starts_with("</");
                let inside = |wanted: usize| wanted < offset || (own && wanted == offset);
                while found.len() < offsets.len() && inside(offsets[found.len()]) {
                    found.push(path.clone());
                }
                if let Some((start, _)) = open.pop() {
                    path.truncate(start);
                }
            }
            Event::Text { .. } => {}
        }
    }
    found.resize(offsets.len(), path);
    found
}
