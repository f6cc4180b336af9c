//! The fast reader against the plain one: the same events, or a refusal by both, however the
//! text is cut into chunks. For tests and for the fuzz target of the same name.

use tongguan::finding::Findings;
use tongguan::xml::{Document, Event, Limits, PlainEvent, Reader, plain};

/// The events of the fast reader, runs of text joined; `None` if it refuses.
pub fn fast(text: &str, limits: &Limits) -> Option<Vec<PlainEvent>> {
    let document = Document::from_text(text);
    let mut reader = Reader::new(&document, limits);
    let mut findings = Findings::new(1);
    let mut events: Vec<PlainEvent> = Vec::new();
    loop {
        let local = match reader.next(&mut findings) {
            None => break,
            Some(Event::Start { local, offset }) => Some((local.to_owned(), offset)),
            Some(Event::Text { text, .. }) => {
                match events.last_mut() {
                    Some(PlainEvent::Text(known)) => known.push_str(&text),
                    _ if text.is_empty() => {}
                    _ => events.push(PlainEvent::Text(text.into_owned())),
                }
                None
            }
            Some(Event::End { .. }) => {
                events.push(PlainEvent::End);
                None
            }
        };
        let Some((local, offset)) = local else {
            continue;
        };
        let attributes = reader.attributes().iter().map(|attribute| {
            let namespace = reader.attribute_namespace(attribute).to_owned();
            (
                namespace,
                attribute.local.to_owned(),
                attribute.value.to_string(),
            )
        });
        events.push(PlainEvent::Start {
            name: (reader.namespace().to_owned(), local),
            attributes: attributes.collect(),
            offset,
        });
    }
    assert_eq!(
        reader.is_complete(),
        !findings.refuse(),
        "refused without a finding, or the reverse"
    );
    reader.is_complete().then_some(events)
}

/// Compares the readers on a document; `cut` says how many bytes the next chunk has.
pub fn agree(text: &str, limits: &Limits, mut cut: impl FnMut() -> usize) {
    let mut chunks = Vec::new();
    // One byte order mark is no part of the text; a second one is.
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.ceil_char_boundary(cut().clamp(1, rest.len())));
        chunks.push(chunk);
        rest = after;
    }
    let expected = plain(chunks, limits);
    assert_eq!(fast(text, limits), expected, "{text:?}");
}
