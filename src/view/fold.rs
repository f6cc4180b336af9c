//! What an entry does to the row of its declaration.

use crate::declaration::{Answered, Entry, Event, Status};
use crate::journal::Location;

use super::{EventRow, Row};

/// Events kept in a row. A declaration has five to ten; a lane that repeats itself for weeks
/// must not make its row grow without end.
const EVENTS_MAX: usize = 64;

/// The row of a declaration that was just recorded; `None` for any other event.
pub fn begin(location: Location, entry: &Entry) -> Option<Row> {
    let Event::Recorded(recorded) = &entry.event else {
        return None;
    };
    let event = EventRow {
        at: entry.at,
        event: "recorded".to_owned(),
        status: Status::Recorded,
        code: String::new(),
        text: String::new(),
        index: location.index,
        digest: None,
    };
    Some(Row {
        id: entry.id,
        trader: recorded.trader.clone(),
        kind: recorded.kind.clone(),
        message_type: recorded.message_type.clone(),
        reference: recorded.reference.clone(),
        key: recorded.key.clone(),
        digest: recorded.digest,
        authority: recorded.authority.clone(),
        status: Status::Recorded,
        authority_code: None,
        authority_text: None,
        authority_reference: None,
        fields: recorded.fields.clone(),
        recorded_at: entry.at,
        updated_at: entry.at,
        version: 1,
        location,
        events: vec![event],
    })
}

/// Applies a later event. False when it changes nothing: an answer that was known already.
pub fn fold(row: &mut Row, location: Location, entry: &Entry) -> bool {
    let (event, asked, code, text, digest) = match &entry.event {
        Event::Recorded(_) => return false,
        Event::Dispatched(_) => (
            "dispatched",
            Some(Status::Dispatched),
            "",
            String::new(),
            None,
        ),
        Event::Undeliverable(lost) => (
            "undeliverable",
            Some(Status::Undeliverable),
            "",
            lost.reason.clone(),
            None,
        ),
        Event::Answered(answered) => {
            if row
                .events
                .iter()
                .any(|known| known.digest == Some(answered.digest))
            {
                return false;
            }
            // Whoever answers has it, even if the answer moves nothing.
            (
                "answered",
                answered.status.or(Some(Status::Dispatched)),
                answered.code.as_str(),
                answered.text.clone(),
                Some(answered.digest),
            )
        }
    };
    let before = row.status;
    if let Some(asked) = asked {
        row.status = row.status.after(asked);
    }
    if let Event::Answered(answered) = &entry.event {
        note_facts(row, answered, before);
    }
    row.version += 1;
    row.updated_at = entry.at;
    if row.events.len() == EVENTS_MAX {
        row.events.remove(EVENTS_MAX / 2);
    }
    row.events.push(EventRow {
        at: entry.at,
        event: event.to_owned(),
        status: row.status,
        code: code.to_owned(),
        text,
        index: location.index,
        digest,
    });
    true
}

/// Code, number and facts of an answer. A late one, which moves nothing, does not speak for
/// the present: its code stays in its event.
fn note_facts(row: &mut Row, answered: &Answered, before: Status) {
    let late = answered
        .status
        .is_some_and(|asked| row.status == before && asked != before);
    if !late {
        row.authority_code = Some(answered.code.clone());
        row.authority_text = Some(answered.text.clone());
    }
    if row.authority_reference.is_none() {
        row.authority_reference = answered.authority_reference.clone();
    }
    for (name, value) in &answered.facts {
        match row.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) if !late => *known = value.clone(),
            Some(_) => {}
            None => row.fields.push((name.clone(), value.clone())),
        }
    }
}
