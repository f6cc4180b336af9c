//! Receipts as they are handed out. The record thread makes one for every declaration, so the
//! JSON goes straight into one buffer, and what many receipts share is turned into text once:
//! the hashes of a group's tree and its checkpoint. The same receipt has the same bytes, at
//! first, years later and in the hands of whoever verifies it.
//!
//! ```text
//! {"receipt":FORM,"id":…, what happened, "entry":{"index":…,"leaf":…},"proof":[…],"checkpoint":…}
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use crate::declaration::{Digest, Entry, Event, Status, Timestamp};

use super::merkle::Hash;

/// The form of a declaration's receipt. A change of its members is a new form; this one stays.
pub const RECORDED: &str = "tongguan/1";
/// The form of the receipt of a dispatch.
pub const DISPATCHED: &str = "tongguan/1/dispatched";
/// The form of the receipt of an authority's answer.
pub const ANSWERED: &str = "tongguan/1/answered";
/// The form of the receipt of a delivery that was given up.
pub const UNDELIVERABLE: &str = "tongguan/1/undeliverable";

/// Characters of a step of a proof: a comma, and a hash in base64 between quotes.
const STEP: usize = 1 + 1 + 44 + 1;

/// Bytes of everything in a receipt that has a short length: names of members, id, time,
/// digest, numbers.
const FRAME: usize = 448;

/// What the receipts of one checkpoint share.
pub struct Issuer {
    steps: Vec<[u8; STEP]>,
    /// A JSON string.
    checkpoint: Vec<u8>,
}

impl Issuer {
    /// For proofs that are made of these hashes, and this signed note.
    pub fn new(hashes: &[Hash], note: &str) -> Issuer {
        let step = |hash: &Hash| {
            let mut step = [b'"'; STEP];
            step[0] = b',';
            let written = BASE64.encode_slice(hash, &mut step[2..STEP - 1]);
            written.expect("32 bytes are 44 characters");
            step
        };
        let mut checkpoint = Vec::with_capacity(note.len() + 16);
        string(&mut checkpoint, note);
        Issuer {
            steps: hashes.iter().map(step).collect(),
            checkpoint,
        }
    }

    /// The receipt of an entry: its number, its head, the length of its message, and the
    /// places of its proof among the hashes.
    pub fn receipt(
        &self,
        entry: &Entry,
        message_bytes: u64,
        index: u64,
        head: &[u8],
        path: impl Iterator<Item = usize>,
    ) -> Bytes {
        // The head has every text of the receipt, so three times its length is enough for the
        // texts and for its base64, unless much has to be escaped. No proof is longer than 64.
        let steps = path.size_hint().1.unwrap_or(64);
        let room = FRAME + 3 * head.len() + steps * STEP + self.checkpoint.len();
        let mut out = Vec::with_capacity(room);
        event(&mut out, entry, message_bytes);
        out.extend(br#","entry":{"index":"#);
        number(&mut out, index);
        out.extend(br#","leaf":""#);
        let start = out.len();
        out.resize(start + head.len().div_ceil(3) * 4, 0);
        let written = BASE64.encode_slice(head, &mut out[start..]);
        written.expect("three bytes are four characters");
        out.extend(br#""},"proof":["#);
        for (number, place) in path.enumerate() {
            // No comma before the first.
            let from = usize::from(number == 0);
            out.extend(&self.steps[place][from..]);
        }
        out.extend(br#"],"checkpoint":"#);
        out.extend(&self.checkpoint);
        out.push(b'}');
        Bytes::from(out)
    }
}

/// The members before the entry: what happened.
fn event(out: &mut Vec<u8>, entry: &Entry, message_bytes: u64) {
    let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
    let id = entry.id.0.as_hyphenated().encode_lower(&mut id);
    let mut begin = |form: &str| {
        out.extend(br#"{"receipt":""#);
        out.extend(form.as_bytes());
        out.extend(br#"","id":""#);
        out.extend(id.as_bytes());
        out.push(b'"');
    };
    match &entry.event {
        Event::Recorded(recorded) => {
            begin(RECORDED);
            text(out, "trader", &recorded.trader);
            text(out, "kind", &recorded.kind);
            text(out, "message_type", &recorded.message_type);
            text(out, "reference", &recorded.reference);
            text(out, "key", &recorded.key);
            time(out, "recorded_at", entry.at);
            message(out, &recorded.digest, message_bytes);
        }
        Event::Dispatched(dispatched) => {
            begin(DISPATCHED);
            text(out, "authority", &dispatched.authority);
            count(out, "attempts", dispatched.attempts);
            time(out, "dispatched_at", entry.at);
        }
        Event::Answered(answered) => {
            begin(ANSWERED);
            text(out, "authority", &answered.authority);
            text(out, "message_type", &answered.message_type);
            text(out, "code", &answered.code);
            text(out, "text", &answered.text);
            optional(out, "status", answered.status.map(Status::as_str));
            let reference = answered.authority_reference.as_deref();
            optional(out, "authority_reference", reference);
            time(out, "answered_at", entry.at);
            message(out, &answered.digest, message_bytes);
        }
        Event::Undeliverable(undeliverable) => {
            begin(UNDELIVERABLE);
            text(out, "authority", &undeliverable.authority);
            count(out, "attempts", undeliverable.attempts);
            text(out, "reason", &undeliverable.reason);
            time(out, "given_up_at", entry.at);
        }
    }
}

fn member(out: &mut Vec<u8>, name: &str) {
    out.extend(b",\"");
    out.extend(name.as_bytes());
    out.extend(b"\":");
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    member(out, name);
    string(out, value);
}

fn optional(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    match value {
        Some(value) => text(out, name, value),
        None => {
            member(out, name);
            out.extend(b"null");
        }
    }
}

fn count(out: &mut Vec<u8>, name: &str, value: u32) {
    member(out, name);
    number(out, value.into());
}

fn time(out: &mut Vec<u8>, name: &str, at: Timestamp) {
    text(out, name, &at.to_string());
}

fn message(out: &mut Vec<u8>, digest: &Digest, bytes: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [[0; 2]; 32];
    for (digits, byte) in hex.iter_mut().zip(digest.0) {
        *digits = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
    }
    out.extend(br#","message":{"sha256":""#);
    out.extend(hex.as_flattened());
    out.extend(br#"","bytes":"#);
    number(out, bytes);
    out.push(b'}');
}

/// A JSON string, escaped as serde_json does.
fn string(out: &mut Vec<u8>, value: &str) {
    let plain = |byte: u8| (byte >= 0x20) & (byte != b'"') & (byte != b'\\');
    // Every byte is looked at, so that many are at once.
    if value.bytes().fold(true, |all, byte| all & plain(byte)) {
        out.push(b'"');
        out.extend(value.as_bytes());
        out.push(b'"');
    } else {
        serde_json::to_writer(out, value).expect("a text can always be written to memory");
    }
}

fn number(out: &mut Vec<u8>, value: u64) {
    serde_json::to_writer(out, &value).expect("a number can always be written to memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declaration::{Answered, Dispatched, Id, Recorded, Undeliverable};
    use proptest::prelude::*;
    use serde::Serialize;

    /// Receipts as serde writes them: the members of each form, in order.
    #[derive(Serialize)]
    #[serde(tag = "receipt")]
    enum Plain<'a> {
        #[serde(rename = "tongguan/1")]
        Recorded {
            id: String,
            trader: &'a str,
            kind: &'a str,
            message_type: &'a str,
            reference: &'a str,
            key: &'a str,
            recorded_at: String,
            message: Message,
            #[serde(flatten)]
            place: Place,
        },
        #[serde(rename = "tongguan/1/dispatched")]
        Dispatched {
            id: String,
            authority: &'a str,
            attempts: u32,
            dispatched_at: String,
            #[serde(flatten)]
            place: Place,
        },
        #[serde(rename = "tongguan/1/answered")]
        Answered {
            id: String,
            authority: &'a str,
            message_type: &'a str,
            code: &'a str,
            text: &'a str,
            status: Option<&'static str>,
            authority_reference: Option<&'a str>,
            answered_at: String,
            message: Message,
            #[serde(flatten)]
            place: Place,
        },
        #[serde(rename = "tongguan/1/undeliverable")]
        Undeliverable {
            id: String,
            authority: &'a str,
            attempts: u32,
            reason: &'a str,
            given_up_at: String,
            #[serde(flatten)]
            place: Place,
        },
    }

    #[derive(Serialize)]
    struct Message {
        sha256: String,
        bytes: u64,
    }

    #[derive(Serialize, Clone)]
    struct Place {
        entry: Leaf,
        proof: Vec<String>,
        checkpoint: String,
    }

    #[derive(Serialize, Clone)]
    struct Leaf {
        index: u64,
        leaf: String,
    }

    fn plain(entry: &Entry, bytes: u64, place: Place) -> Vec<u8> {
        let (id, at) = (entry.id.to_string(), entry.at.to_string());
        let message = |digest: Digest| Message {
            sha256: digest.to_string(),
            bytes,
        };
        let receipt = match &entry.event {
            Event::Recorded(recorded) => Plain::Recorded {
                id,
                trader: &recorded.trader,
                kind: &recorded.kind,
                message_type: &recorded.message_type,
                reference: &recorded.reference,
                key: &recorded.key,
                recorded_at: at,
                message: message(recorded.digest),
                place,
            },
            Event::Dispatched(dispatched) => Plain::Dispatched {
                id,
                authority: &dispatched.authority,
                attempts: dispatched.attempts,
                dispatched_at: at,
                place,
            },
            Event::Answered(answered) => Plain::Answered {
                id,
                authority: &answered.authority,
                message_type: &answered.message_type,
                code: &answered.code,
                text: &answered.text,
                status: answered.status.map(Status::as_str),
                authority_reference: answered.authority_reference.as_deref(),
                answered_at: at,
                message: message(answered.digest),
                place,
            },
            Event::Undeliverable(undeliverable) => Plain::Undeliverable {
                id,
                authority: &undeliverable.authority,
                attempts: undeliverable.attempts,
                reason: &undeliverable.reason,
                given_up_at: at,
                place,
            },
        };
        serde_json::to_vec(&receipt).expect("it can be written")
    }

    fn events(texts: &[String], kind: u8, number: u32) -> Event {
        let text = |at: usize| texts[at].clone();
        match kind {
            0 => Event::Recorded(Recorded {
                trader: text(0),
                key: text(1),
                kind: text(2),
                message_type: text(3),
                reference: text(4),
                authority: text(5),
                fields: Vec::new(),
                charset: None,
                digest: Digest::of(texts[0].as_bytes()),
                message: Bytes::new(),
            }),
            1 => Event::Dispatched(Dispatched {
                authority: text(0),
                attempts: number,
            }),
            2 => Event::Answered(Answered {
                authority: text(0),
                message_type: text(1),
                code: text(2),
                text: text(3),
                status: Status::ALL.get(number as usize % 13).copied(),
                authority_reference: number.is_multiple_of(2).then(|| text(4)),
                facts: Vec::new(),
                digest: Digest::of(texts[1].as_bytes()),
                message: Bytes::new(),
            }),
            _ => Event::Undeliverable(Undeliverable {
                authority: text(0),
                attempts: number,
                reason: text(1),
            }),
        }
    }

    proptest! {
        #[test]
        fn the_same_bytes_as_serde(
            (id, at, bytes, index) in any::<(u128, i64, u64, u64)>(),
            texts in proptest::collection::vec(any::<String>(), 6),
            (kind, number) in (0u8..4, any::<u32>()),
            head in proptest::collection::vec(any::<u8>(), 0..200),
            hashes in proptest::collection::vec(any::<Hash>(), 0..64),
            note in any::<String>(),
        ) {
            let event = events(&texts, kind, number);
            let entry = Entry { id: Id(uuid::Uuid::from_u128(id)), at: Timestamp(at), event };
            let issuer = Issuer::new(&hashes, &note);
            let given = issuer.receipt(&entry, bytes, index, &head, 0..hashes.len());
            let place = Place {
                entry: Leaf { index, leaf: BASE64.encode(&head) },
                proof: hashes.iter().map(|hash| BASE64.encode(hash)).collect(),
                checkpoint: note,
            };
            let expected = plain(&entry, bytes, place);
            prop_assert_eq!(String::from_utf8_lossy(&given), String::from_utf8_lossy(&expected));
        }
    }
}
