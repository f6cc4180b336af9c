//! A row as bytes. Numbers have seven bits a byte, the lowest first; texts and lists have their
//! length before them; a word of a table is its place there. Decoding accepts exactly what
//! encoding writes, except that a number may be written with needless zeros.

use crate::declaration::{Digest, Id, Status, Timestamp};
use crate::journal::Location;

use super::{EventRow, Row};

/// What an event is called, by its place.
const EVENTS: [&str; 4] = ["recorded", "dispatched", "answered", "undeliverable"];

/// Appends the stored form of a row.
pub fn encode(row: &Row, out: &mut Vec<u8>) {
    out.extend(row.id.0.as_bytes());
    out.extend(row.digest.0);
    put_location(out, row.location);
    let names = [
        &row.trader,
        &row.kind,
        &row.message_type,
        &row.reference,
        &row.key,
        &row.authority,
    ];
    names.into_iter().for_each(|text| put(out, text));
    put_status(out, row.status);
    let said = [
        &row.authority_code,
        &row.authority_text,
        &row.authority_reference,
    ];
    for text in said {
        out.push(u8::from(text.is_some()));
        put(out, text.as_deref().unwrap_or(""));
    }
    number(out, row.further_references.len() as u64);
    row.further_references
        .iter()
        .for_each(|text| put(out, text));
    number(out, row.fields.len() as u64);
    for (name, value) in &row.fields {
        put(out, name);
        put(out, value);
    }
    put_time(out, row.recorded_at);
    put_time(out, row.updated_at);
    number(out, u64::from(row.version));
    number(out, row.events.len() as u64);
    for event in &row.events {
        put_time(out, event.at);
        let kind = EVENTS.iter().position(|name| *name == event.event);
        out.push(kind.expect("fold names these events only") as u8);
        put_status(out, event.status);
        put(out, &event.code);
        put(out, &event.text);
        number(out, event.index);
        out.push(u8::from(event.digest.is_some()));
        out.extend(event.digest.iter().flat_map(|digest| digest.0));
    }
}

/// The reverse; `None` for anything else.
pub fn decode(bytes: &[u8]) -> Option<Row> {
    let mut from = Cursor { rest: bytes };
    let row = Row {
        id: Id(uuid::Uuid::from_bytes(from.array()?)),
        digest: Digest(from.array()?),
        location: from.location()?,
        trader: from.text()?,
        kind: from.text()?,
        message_type: from.text()?,
        reference: from.text()?,
        key: from.text()?,
        authority: from.text()?,
        status: from.status()?,
        authority_code: from.said()?,
        authority_text: from.said()?,
        authority_reference: from.said()?,
        further_references: from.list(Cursor::text)?,
        fields: from.list(|from| Some((from.text()?, from.text()?)))?,
        recorded_at: from.time()?,
        updated_at: from.time()?,
        version: u32::try_from(from.number()?).ok()?,
        events: from.list(Cursor::event)?,
    };
    from.rest.is_empty().then_some(row)
}

fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend(text.as_bytes());
}

fn put_status(out: &mut Vec<u8>, status: Status) {
    let at = Status::ALL.iter().position(|other| *other == status);
    out.push(at.expect("every status is in the table") as u8);
}

fn put_time(out: &mut Vec<u8>, at: Timestamp) {
    out.extend(at.0.to_be_bytes());
}

fn put_location(out: &mut Vec<u8>, at: Location) {
    number(out, at.index);
    number(out, u64::from(at.segment));
    number(out, at.group);
    number(out, u64::from(at.entry));
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(taken).map(str::to_owned).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.array()? {
            [0] => Some(false),
            [1] => Some(true),
            [_] => None,
        }
    }

    fn said(&mut self) -> Option<Option<String>> {
        let there = self.flag()?;
        let text = self.text()?;
        (there || text.is_empty()).then_some(there.then_some(text))
    }

    fn status(&mut self) -> Option<Status> {
        let [at] = self.array()?;
        Status::ALL.get(usize::from(at)).copied()
    }

    fn time(&mut self) -> Option<Timestamp> {
        Some(Timestamp(i64::from_be_bytes(self.array()?)))
    }

    fn location(&mut self) -> Option<Location> {
        Some(Location {
            index: self.number()?,
            segment: u32::try_from(self.number()?).ok()?,
            group: self.number()?,
            entry: u32::try_from(self.number()?).ok()?,
        })
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        // Not reserved: the count is only believed as far as bytes follow.
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(one(self)?);
        }
        Some(list)
    }

    fn event(&mut self) -> Option<EventRow> {
        let at = self.time()?;
        let [kind] = self.array()?;
        Some(EventRow {
            at,
            event: EVENTS.get(usize::from(kind))?,
            status: self.status()?,
            code: self.text()?,
            text: self.text()?,
            index: self.number()?,
            digest: match self.flag()? {
                true => Some(Digest(self.array()?)),
                false => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = Row> {
        let event = (
            any::<i64>(),
            0usize..4,
            0usize..12,
            ".{0,9}",
            any::<u64>(),
            any::<bool>(),
        );
        let event = event.prop_map(|(at, kind, status, text, index, digest)| EventRow {
            at: Timestamp(at),
            event: EVENTS[kind],
            status: Status::ALL[status],
            code: text.chars().take(2).collect(),
            text,
            index,
            digest: digest.then_some(Digest([index as u8; 32])),
        });
        let said = || proptest::option::of(".{0,9}");
        (
            (any::<u128>(), any::<u64>(), any::<u32>(), any::<i64>()),
            proptest::collection::vec(".{0,200}", 6),
            (said(), said(), said(), 0usize..12),
            proptest::collection::vec((".{0,9}", ".{0,9}"), 0..4),
            proptest::collection::vec(event, 0..5),
        )
            .prop_map(|((id, long, short, at), names, said, fields, events)| Row {
                id: Id(uuid::Uuid::from_u128(id)),
                trader: names[0].clone(),
                kind: names[1].clone(),
                message_type: names[2].clone(),
                reference: names[3].clone(),
                key: names[4].clone(),
                digest: Digest([short as u8; 32]),
                authority: names[5].clone(),
                status: Status::ALL[said.3],
                authority_code: said.0,
                authority_text: said.1,
                authority_reference: said.2,
                further_references: fields.iter().map(|(name, _)| name.clone()).collect(),
                fields,
                recorded_at: Timestamp(at),
                updated_at: Timestamp(!at),
                version: short,
                location: Location {
                    index: long,
                    segment: short,
                    group: !long,
                    entry: !short,
                },
                events,
            })
    }

    proptest! {
        #[test]
        fn a_row_survives_the_round_trip(row in rows()) {
            let mut bytes = Vec::new();
            encode(&row, &mut bytes);
            prop_assert_eq!(decode(&bytes), Some(row));
            // A row cut short, or with a byte more, is not a row.
            for cut in 0..bytes.len() {
                prop_assert!(decode(&bytes[..cut]).is_none());
            }
            bytes.push(0);
            prop_assert!(decode(&bytes).is_none());
        }

        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            _ = decode(&bytes);
        }
    }
}
