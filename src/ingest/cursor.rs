//! Cursors of lists: where the next page goes on, bound to the trader and the filter that they
//! were made for. A cursor that was changed, or taken from another list, is not one.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

/// Bytes of the tag that are kept: enough that nobody guesses one.
const TAG_BYTES: usize = 16;

/// Makes and reads cursors.
pub struct Cursors {
    key: hmac::Key,
}

impl Cursors {
    /// With a secret that stays the same over restarts.
    pub fn new(secret: &[u8; 32]) -> Cursors {
        Cursors {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// The cursor of a list that goes on before entry `before`.
    pub fn make(&self, list: &str, before: u64) -> String {
        let mut bytes = before.to_be_bytes().to_vec();
        bytes.extend(self.tag(list, before));
        BASE64.encode(bytes)
    }

    /// Where a cursor of this list goes on.
    pub fn read(&self, list: &str, cursor: &str) -> Option<u64> {
        let bytes = BASE64.decode(cursor).ok()?;
        let (before, tag) = bytes.split_at_checked(8)?;
        let before = u64::from_be_bytes(before.try_into().ok()?);
        let own = self.tag(list, before);
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(tag, &own).is_ok();
        same.then_some(before)
    }

    fn tag(&self, list: &str, before: u64) -> Vec<u8> {
        let text = format!("{before} {list}");
        hmac::sign(&self.key, text.as_bytes()).as_ref()[..TAG_BYTES].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let cursors = Cursors::new(&[7; 32]);
        let cursor = cursors.make("acme goods", 42);
        assert_eq!(cursors.read("acme goods", &cursor), Some(42));
        for (list, cursor) in [
            ("other goods", cursor.as_str()),
            ("acme goods", ""),
            ("acme goods", "AAAA"),
            ("acme goods", "%%"),
        ] {
            assert_eq!(cursors.read(list, cursor), None, "{list} {cursor}");
        }
        let mut bytes = BASE64.decode(&cursor).expect("base64");
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(
                cursors.read("acme goods", &BASE64.encode(&bytes)),
                None,
                "byte {at}"
            );
            bytes[at] ^= 1;
        }
    }
}
