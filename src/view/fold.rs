//! What an entry does to the row of its declaration.

use crate::declaration::{Answered, Entry, Event, Status};
use crate::journal::Location;

use super::{EventRow, Row};

/// Events kept in a row. A declaration has five to ten; a lane that repeats itself for weeks
/// must not make its row grow without end.
const EVENTS_MAX: usize = 64;

/// Events for which a row makes room at first.
const EVENTS_USUAL: usize = 5;

/// Further numbers of the authority kept in a row: one for each of its offices would be few.
const FURTHER_REFERENCES_MAX: usize = 8;

/// The row of a declaration that was just recorded; `None` for any other event.
pub fn begin(location: Location, entry: Entry) -> Option<Row> {
    let Event::Recorded(recorded) = entry.event else {
        return None;
    };
    let event = EventRow {
        at: entry.at,
        event: "recorded",
        status: Status::Recorded,
        code: String::new(),
        text: String::new(),
        index: location.index,
        digest: None,
    };
    let mut events = Vec::with_capacity(EVENTS_USUAL);
    events.push(event);
    Some(Row {
        id: entry.id,
        trader: recorded.trader,
        kind: recorded.kind,
        message_type: recorded.message_type,
        reference: recorded.reference,
        key: recorded.key,
        digest: recorded.digest,
        authority: recorded.authority,
        status: Status::Recorded,
        authority_code: None,
        authority_text: None,
        authority_reference: None,
        further_references: Vec::new(),
        fields: recorded.fields,
        recorded_at: entry.at,
        updated_at: entry.at,
        version: 1,
        location,
        events,
    })
}

/// Applies a later event; an answer that was known already changes nothing.
pub fn fold(row: &mut Row, location: Location, entry: Entry) {
    let before = row.status;
    let mut event = EventRow {
        at: entry.at,
        event: "dispatched",
        status: before,
        code: String::new(),
        text: String::new(),
        index: location.index,
        digest: None,
    };
    match entry.event {
        Event::Recorded(_) => return,
        Event::Dispatched(_) => event.status = before.after(Status::Dispatched),
        Event::Undeliverable(lost) => {
            event.event = "undeliverable";
            event.status = before.after(Status::Undeliverable);
            event.text = lost.reason;
        }
        Event::Answered(answered) => {
            let digest = Some(answered.digest);
            if row.events.iter().any(|known| known.digest == digest) {
                return;
            }
            event.event = "answered";
            // Whoever answers has it, even if the answer moves nothing.
            event.status = before.after(answered.status.unwrap_or(Status::Dispatched));
            event.code.clone_from(&answered.code);
            event.text.clone_from(&answered.text);
            event.digest = digest;
            note_facts(row, answered, before, event.status);
        }
    }
    row.status = event.status;
    row.version += 1;
    row.updated_at = entry.at;
    if row.events.len() == EVENTS_MAX {
        row.events.remove(EVENTS_MAX / 2);
    }
    row.events.push(event);
}

/// Code, number and facts of an answer. A late one, which moves nothing, does not speak for
/// the present: its code stays in its event.
fn note_facts(row: &mut Row, answered: Answered, before: Status, after: Status) {
    let late = answered
        .status
        .is_some_and(|asked| after == before && asked != before);
    if !late {
        row.authority_code = Some(answered.code);
        row.authority_text = Some(answered.text);
    }
    match answered.authority_reference {
        Some(number) if row.authority_reference.is_none() => {
            row.authority_reference = Some(number);
        }
        Some(number) => note_number(row, number),
        None => {}
    }
    for (name, value) in answered.facts {
        match row.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) if !late => *known = value,
            Some(_) => {}
            None => row.fields.push((name, value)),
        }
    }
}

/// A number after the first. One too many is left to the journal, and leads nowhere.
fn note_number(row: &mut Row, number: String) {
    if !row.has_number(&number) && row.further_references.len() < FURTHER_REFERENCES_MAX {
        row.further_references.push(number);
    }
}
