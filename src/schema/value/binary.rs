//! The octet types `hexBinary` and `base64Binary` (Part 2 sections 3.2.15 and
//! 3.2.16).
//!
//! Both have sequences of octets as their values, and their length facets count
//! octets; but they are different primitives, so their values are never equal.
//! Every check runs over the bytes of the text: all that is allowed is ASCII.

/// Whether the text is an even number of hexadecimal digits.
pub(super) fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The octets of a `hexBinary`; upper and lower case mean the same.
pub(super) fn parse_hex(text: &str) -> Option<Vec<u8>> {
    if !is_hex(text) {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?))
        .collect()
}

/// The octets written as `hexBinary`, in the upper case of its canonical form.
pub(super) fn write_hex(octets: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for octet in octets {
        out.push(char::from(DIGITS[usize::from(octet >> 4)]));
        out.push(char::from(DIGITS[usize::from(octet & 15)]));
    }
}

/// The worth of one hexadecimal digit.
fn hex_digit(byte: u8) -> Option<u8> {
    let worth = char::from(byte).to_digit(16)?;
    u8::try_from(worth).ok()
}

/// The worth of one base64 character (RFC 2045, table 1).
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Runs over a `base64Binary`, handing each octet to `take`; false when the text
/// does not follow the grammar of section 3.2.16.
///
/// Any two characters may have one space between them, but none may stand at
/// either end (white space is collapsed before). Characters come in fours. In
/// the last four "=" may replace the fourth, or the third and fourth; the
/// character before it must then leave its unused bits zero, so that every value
/// is written in one way apart from spaces.
fn decode_base64(text: &str, mut take: impl FnMut(u8)) -> bool {
    let mut held: u8 = 0;
    let mut place = 0;
    let mut padding = 0;
    let mut after_space = true;
    for byte in text.bytes() {
        if byte == b' ' {
            if after_space {
                return false;
            }
            after_space = true;
            continue;
        }
        after_space = false;
        if byte == b'=' {
            // `held` is what the characters before have left over.
            if place < 2 || place + padding >= 4 || held != 0 {
                return false;
            }
            padding += 1;
            continue;
        }
        let Some(bits) = sextet(byte) else {
            return false;
        };
        if padding > 0 {
            return false;
        }
        match place {
            0 => held = bits << 2,
            1 => {
                take(held | bits >> 4);
                held = bits << 4;
            }
            2 => {
                take(held | bits >> 2);
                held = bits << 6;
            }
            _ => {
                take(held | bits);
                held = 0;
            }
        }
        place = (place + 1) % 4;
    }
    let whole = if padding > 0 {
        place + padding == 4
    } else {
        place == 0
    };
    whole && (text.is_empty() || !after_space)
}

/// Whether the text is in the lexical space of `base64Binary`.
pub(super) fn is_base64(text: &str) -> bool {
    decode_base64(text, |_| ())
}

/// The octets of a `base64Binary`.
pub(super) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    decode_base64(text, |octet| octets.push(octet)).then_some(octets)
}

/// How many octets a valid `hexBinary` stands for.
pub(super) fn hex_length(text: &str) -> usize {
    text.len() / 2
}

/// How many octets a valid `base64Binary` stands for, by the formula of section
/// 3.2.16: three quarters of the characters that carry bits.
pub(super) fn base64_length(text: &str) -> usize {
    text.bytes().filter(|b| !matches!(b, b' ' | b'=')).count() * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex() {
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("", Some(b"")),
            ("0FB7", Some(&[0x0f, 0xb7])),
            ("0fb7", Some(&[0x0f, 0xb7])),
            ("ffFF00", Some(&[255, 255, 0])),
            ("0", None),
            ("0FB", None),
            ("0G", None),
            ("0F B7", None),
            ("é", None),
            ("+1", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse_hex(text).as_deref(), *want, "{text}");
            assert_eq!(is_hex(text), want.is_some(), "{text}");
            if let Some(octets) = want {
                assert_eq!(hex_length(text), octets.len());
                let mut written = String::new();
                write_hex(octets, &mut written);
                assert_eq!(written, text.to_uppercase());
            }
        }
    }

    #[test]
    fn base64() {
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("", Some(b"")),
            ("TWFu", Some(b"Man")),
            ("TWE=", Some(b"Ma")),
            ("TQ==", Some(b"M")),
            ("T W F u", Some(b"Man")),
            ("T Q = =", Some(b"M")),
            ("T W E =", Some(b"Ma")),
            ("TWFuTWFu TWE=", Some(b"ManManMa")),
            ("/+8=", Some(&[0xff, 0xef])),
            ("T", None),
            ("TW", None),
            ("TWF", None),
            ("TWF=", None), // the unused bits of F are not zero
            ("TWE", None),
            ("TR==", None), // nor those of R
            ("TQ=", None),
            ("TQ===", None),
            ("TWE==", None),
            ("T===", None),
            ("=", None),
            ("====", None),
            ("TQ==TWFu", None),
            ("TWE=TWE=", None),
            ("TWFu=", None),
            ("AAAA==", None),
            ("A=A=", None),
            ("AA=A", None),
            (" TWFu", None),
            ("TWFu ", None),
            ("TW  Fu", None),
            ("TQ== ", None),
            (" ", None),
            ("TW-u", None),
            ("TWF_", None),
            ("TWF\u{e9}", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse_base64(text).as_deref(), *want, "{text}");
            assert_eq!(is_base64(text), want.is_some(), "{text}");
            if let Some(octets) = want {
                assert_eq!(base64_length(text), octets.len(), "{text}");
            }
        }
    }

    #[test]
    fn only_some_characters_may_stand_before_the_padding() {
        for byte in 0u8..128 {
            let letter = char::from(byte);
            let one = format!("AA{letter}=");
            let expected = "AEIMQUYcgkosw048".contains(letter);
            // "AA==" itself is the two-character padding.
            assert_eq!(is_base64(&one), expected || letter == '=', "{one}");
            let two = format!("A{letter}==");
            assert_eq!(is_base64(&two), "AQgw".contains(letter), "{two}");
        }
    }
}
