//! An entry as bytes: a head with everything but the message, and the message. The head holds
//! the message's digest and length, so that the head alone is what a Merkle leaf hashes and
//! what a receipt carries. Numbers are big-endian; strings and lists have their length before
//! them. Decoding accepts exactly what encoding writes.

use bytes::Bytes;

use crate::declaration::{
    Answered, Digest, Dispatched, Entry, Event, Id, Recorded, Status, Timestamp, Undeliverable,
};

/// First byte of a head. A later version gets a later number; this one stays readable.
const VERSION: u8 = 1;

/// What the digest is of. 0: the message as it was sent.
const PLAIN: u8 = 0;

const RECORDED: u8 = 1;
const DISPATCHED: u8 = 2;
const ANSWERED: u8 = 3;
const UNDELIVERABLE: u8 = 4;

/// Appends the head of `entry` to `out`.
pub fn encode_head(entry: &Entry, out: &mut Vec<u8>) {
    let kind = match entry.event {
        Event::Recorded(_) => RECORDED,
        Event::Dispatched(_) => DISPATCHED,
        Event::Answered(_) => ANSWERED,
        Event::Undeliverable(_) => UNDELIVERABLE,
    };
    out.extend([VERSION, kind, PLAIN]);
    out.extend(entry.id.0.as_bytes());
    out.extend(entry.at.0.to_be_bytes());
    match &entry.event {
        Event::Recorded(recorded) => {
            let texts = [
                &recorded.trader,
                &recorded.key,
                &recorded.kind,
                &recorded.message_type,
                &recorded.reference,
                &recorded.authority,
            ];
            texts.into_iter().for_each(|text| put(out, text));
            put_pairs(out, &recorded.fields);
            put(out, recorded.charset.as_deref().unwrap_or(""));
            put_message(out, &recorded.digest, &recorded.message);
        }
        Event::Dispatched(dispatched) => {
            put(out, &dispatched.authority);
            out.extend(dispatched.attempts.to_be_bytes());
        }
        Event::Answered(answered) => {
            let texts = [
                &answered.authority,
                &answered.message_type,
                &answered.code,
                &answered.text,
            ];
            texts.into_iter().for_each(|text| put(out, text));
            put(out, answered.status.map_or("", Status::as_str));
            out.push(u8::from(answered.authority_reference.is_some()));
            put(out, answered.authority_reference.as_deref().unwrap_or(""));
            put_pairs(out, &answered.facts);
            put_message(out, &answered.digest, &answered.message);
        }
        Event::Undeliverable(undeliverable) => {
            put(out, &undeliverable.authority);
            out.extend(undeliverable.attempts.to_be_bytes());
            put(out, &undeliverable.reason);
        }
    }
}

/// The message of `entry`; empty for events without one.
pub fn message(entry: &Entry) -> &Bytes {
    static NONE: Bytes = Bytes::new();
    match &entry.event {
        Event::Recorded(recorded) => &recorded.message,
        Event::Answered(answered) => &answered.message,
        Event::Dispatched(_) | Event::Undeliverable(_) => &NONE,
    }
}

/// The entry of a head and a message.
pub fn decode(head: &[u8], message: Bytes) -> Result<Entry, String> {
    let (mut entry, length) = decode_head(head)?;
    if length != message.len() as u64 {
        return Err(format!(
            "the message has {} bytes, its head says {length}",
            message.len()
        ));
    }
    match &mut entry.event {
        Event::Recorded(recorded) => recorded.message = message,
        Event::Answered(answered) => answered.message = message,
        Event::Dispatched(_) | Event::Undeliverable(_) => {}
    }
    Ok(entry)
}

/// The entry of a head alone, its message left empty, and the message's length.
pub fn decode_head(head: &[u8]) -> Result<(Entry, u64), String> {
    let mut from = Cursor { rest: head };
    let [version, kind, form] = from.array::<3>()?;
    if version != VERSION || form != PLAIN {
        return Err(format!("an entry of version {version}, form {form}"));
    }
    let id = Id(uuid::Uuid::from_bytes(from.array()?));
    let at = Timestamp(i64::from_be_bytes(from.array()?));
    let (event, length) = match kind {
        RECORDED => {
            let mut recorded = Recorded {
                trader: from.text()?,
                key: from.text()?,
                kind: from.text()?,
                message_type: from.text()?,
                reference: from.text()?,
                authority: from.text()?,
                fields: from.pairs()?,
                charset: Some(from.text()?).filter(|charset| !charset.is_empty()),
                digest: Digest([0; 32]),
                message: Bytes::new(),
            };
            let length = from.message(&mut recorded.digest)?;
            (Event::Recorded(recorded), length)
        }
        DISPATCHED => {
            let authority = from.text()?;
            (
                Event::Dispatched(Dispatched {
                    authority,
                    attempts: u32::from_be_bytes(from.array()?),
                }),
                0,
            )
        }
        ANSWERED => {
            let (authority, message_type, code, text) =
                (from.text()?, from.text()?, from.text()?, from.text()?);
            let status = match from.text()?.as_str() {
                "" => None,
                word => Some(Status::parse(word).ok_or_else(|| format!("status {word:?}"))?),
            };
            let carries = from.array::<1>()?[0];
            let authority_reference = match (carries, from.text()?) {
                (1, reference) => Some(reference),
                (0, reference) if reference.is_empty() => None,
                _ => return Err("an authority's reference that is and is not there".to_owned()),
            };
            let facts = from.pairs()?;
            let mut digest = Digest([0; 32]);
            let length = from.message(&mut digest)?;
            let message = Bytes::new();
            let answered = Answered {
                authority,
                message_type,
                code,
                text,
                status,
                authority_reference,
                facts,
                digest,
                message,
            };
            (Event::Answered(answered), length)
        }
        UNDELIVERABLE => {
            let authority = from.text()?;
            let attempts = u32::from_be_bytes(from.array()?);
            (
                Event::Undeliverable(Undeliverable {
                    authority,
                    attempts,
                    reason: from.text()?,
                }),
                0,
            )
        }
        other => return Err(format!("an event of kind {other}")),
    };
    if !from.rest.is_empty() {
        return Err(format!(
            "{} bytes after the end of the head",
            from.rest.len()
        ));
    }
    Ok((Entry { id, at, event }, length))
}

/// Decodes any bytes as a head; what can be decoded has to encode to the same bytes.
/// For the fuzzer.
pub fn fuzz_codec(bytes: &[u8]) {
    if let Ok((entry, _)) = decode_head(bytes) {
        // The length of a message that is not here cannot be written again.
        let mut again = Vec::new();
        encode_head(&entry, &mut again);
        let tail = if message_tail(&entry) { 8 } else { 0 };
        assert_eq!(again[..again.len() - tail], bytes[..bytes.len() - tail]);
    }
}

fn message_tail(entry: &Entry) -> bool {
    matches!(entry.event, Event::Recorded(_) | Event::Answered(_))
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_be_bytes());
    out.extend(text.as_bytes());
}

fn put_pairs(out: &mut Vec<u8>, pairs: &[(String, String)]) {
    out.extend((pairs.len() as u32).to_be_bytes());
    for (name, value) in pairs {
        put(out, name);
        put(out, value);
    }
}

fn put_message(out: &mut Vec<u8>, digest: &Digest, message: &[u8]) {
    out.extend(digest.0);
    out.extend((message.len() as u64).to_be_bytes());
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or("cut short")?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(self.take(N)?.try_into().expect("taken N bytes"))
    }

    fn text(&mut self) -> Result<String, String> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| "text that is not UTF-8".to_owned())
    }

    fn pairs(&mut self) -> Result<Vec<(String, String)>, String> {
        let count = u32::from_be_bytes(self.array()?);
        // Not reserved: the count is only believed as far as bytes follow.
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push((self.text()?, self.text()?));
        }
        Ok(pairs)
    }

    fn message(&mut self, digest: &mut Digest) -> Result<u64, String> {
        *digest = Digest(self.array()?);
        Ok(u64::from_be_bytes(self.array()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts() -> impl Strategy<Value = Vec<(String, String)>> {
        proptest::collection::vec((".{0,12}", ".{0,12}"), 0..4)
    }

    fn events() -> impl Strategy<Value = Event> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from);
        prop_oneof![
            (
                proptest::collection::vec(".{0,20}", 6),
                texts(),
                proptest::option::of(".{1,9}"),
                bytes()
            )
                .prop_map(|(t, fields, charset, message)| {
                    Event::Recorded(Recorded {
                        trader: t[0].clone(),
                        key: t[1].clone(),
                        kind: t[2].clone(),
                        message_type: t[3].clone(),
                        reference: t[4].clone(),
                        authority: t[5].clone(),
                        fields,
                        charset,
                        digest: Digest::of(&message),
                        message,
                    })
                }),
            (".{0,20}", any::<u32>()).prop_map(|(authority, attempts)| Event::Dispatched(
                Dispatched {
                    authority,
                    attempts
                }
            )),
            (".{0,20}", any::<u32>(), ".{0,20}").prop_map(|(authority, attempts, reason)| {
                Event::Undeliverable(Undeliverable {
                    authority,
                    attempts,
                    reason,
                })
            }),
            (
                proptest::collection::vec(".{0,20}", 4),
                0usize..13,
                proptest::option::of(".{0,9}"),
                texts(),
                bytes()
            )
                .prop_map(|(t, status, authority_reference, facts, message)| {
                    Event::Answered(Answered {
                        authority: t[0].clone(),
                        message_type: t[1].clone(),
                        code: t[2].clone(),
                        text: t[3].clone(),
                        status: Status::ALL.get(status).copied(),
                        authority_reference,
                        facts,
                        digest: Digest::of(&message),
                        message,
                    })
                }),
        ]
    }

    proptest! {
        #[test]
        fn an_entry_survives_the_round_trip(id in any::<u128>(), at in any::<i64>(), event in events()) {
            let entry = Entry { id: Id(uuid::Uuid::from_u128(id)), at: Timestamp(at), event };
            let mut head = Vec::new();
            encode_head(&entry, &mut head);
            prop_assert_eq!(decode(&head, message(&entry).clone()).expect("decodes"), entry);
            // A head cut short, or with a byte more, is not a head.
            for cut in 0..head.len() {
                prop_assert!(decode_head(&head[..cut]).is_err());
            }
            head.push(0);
            prop_assert!(decode_head(&head).is_err());
        }

        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_codec(&bytes);
        }
    }
}
