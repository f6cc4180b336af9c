//! From bytes as sent to a [`Document`] of UTF-8, and from places there back to the bytes.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use crate::finding::{Findings, Place};

use super::refusal::Refusal;
use super::scan;

/// Bytes at the start in which an XML declaration has to end.
const DECLARATION_BYTES_MAX: usize = 256;

/// The declaration that nearly every message begins with: taking it to pieces cost a twentieth
/// of a small message's validation.
pub(super) const USUAL_DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// A message in UTF-8 that remembers how it was sent.
#[derive(Debug)]
pub struct Document<'a> {
    /// The text, without a byte order mark.
    pub text: Cow<'a, str>,
    encoding: &'static Encoding,
    mark_bytes: usize,
    /// Where the first character stands that XML does not admit.
    pub(super) unfit: Option<usize>,
}

impl<'a> Document<'a> {
    /// Finds the encoding and decodes. A byte order mark, the `charset` of the transport and
    /// the XML declaration have to agree; whichever is there decides, UTF-8 if none is.
    /// Gives `None` and a finding when they do not, when the encoding is another than UTF-8,
    /// UTF-16, GBK and GB18030, or when bytes do not fit it. Nothing is ever replaced.
    pub fn decode(
        bytes: &'a [u8],
        charset: Option<&str>,
        findings: &mut Findings,
    ) -> Option<Document<'a>> {
        match Document::try_decode(bytes, charset) {
            Ok(document) => Some(document),
            Err(wrong) => {
                let line = 1 + bytes[..wrong.offset]
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count();
                let place = Place {
                    line: line as u32,
                    column: 1,
                    offset: wrong.offset as u64,
                };
                findings.push(Refusal::Encoding.finding(place, wrong.value, wrong.expected));
                None
            }
        }
    }

    /// A document that is UTF-8 already, as schemas are.
    pub fn from_text(text: &'a str) -> Document<'a> {
        let mark_bytes = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let text = &text[mark_bytes..];
        Document {
            text: Cow::Borrowed(text),
            encoding: UTF_8,
            mark_bytes,
            unfit: scan::unfit(text),
        }
    }

    /// Line, column and offset in the bytes as sent of an offset into `text`. For findings:
    /// it looks at everything before the place.
    pub fn place(&self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let before = &self.text[..offset];
        // A lone CR ends a line too; CR LF ends one.
        let bytes = before.as_bytes();
        let mut line = 1 + memchr::memchr_iter(b'\n', bytes).count();
        let mut line_start = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        for at in memchr::memchr_iter(b'\r', bytes) {
            if self.text.as_bytes().get(at + 1) != Some(&b'\n') {
                line += 1;
                line_start = line_start.max(at + 1);
            }
        }
        let column = 1 + before[line_start..].chars().count();
        Place {
            line: line as u32,
            column: column as u32,
            offset: self.offset_as_sent(before) as u64,
        }
    }

    fn offset_as_sent(&self, before: &str) -> usize {
        let body = if self.encoding == UTF_8 {
            before.len()
        } else if self.encoding == UTF_16LE || self.encoding == UTF_16BE {
            before
                .chars()
                .map(|character| character.len_utf16() * 2)
                .sum()
        } else {
            self.encoding.encode(before).0.len()
        };
        self.mark_bytes + body
    }

    fn try_decode(bytes: &'a [u8], charset: Option<&str>) -> Result<Document<'a>, Wrong> {
        let (marked, mark_bytes) = match bytes {
            [0xEF, 0xBB, 0xBF, ..] => (Some(UTF_8), 3),
            [0xFF, 0xFE, ..] => (Some(UTF_16LE), 2),
            [0xFE, 0xFF, ..] => (Some(UTF_16BE), 2),
            // Without a mark the first character, `<`, gives UTF-16 away.
            [b'<', 0, ..] => (Some(UTF_16LE), 0),
            [0, b'<', ..] => (Some(UTF_16BE), 0),
            _ => (None, 0),
        };
        let body = &bytes[mark_bytes..];
        let transport = charset.map(known).transpose()?;
        let declared = match marked {
            Some(encoding) if encoding != UTF_8 => None,
            _ => declared_in(body).map(|label| known(&label)).transpose()?,
        };
        let encoding = agreed(agreed(marked, transport)?, declared)?.unwrap_or(UTF_8);
        let text = decode_strictly(encoding, body).map_err(|offset| Wrong {
            offset: mark_bytes + offset,
            value: hexadecimal(&body[offset..]),
            expected: encoding.name().to_owned(),
        })?;
        // A UTF-16 document can be asked for its declaration only now.
        if encoding == UTF_16LE || encoding == UTF_16BE {
            let start = text.floor_char_boundary(DECLARATION_BYTES_MAX);
            let declared = declared_in(text[..start].as_bytes())
                .map(|label| known(&label))
                .transpose()?;
            agreed(Some(encoding), declared)?;
        }
        Ok(Document {
            unfit: scan::unfit(&text),
            text,
            encoding,
            mark_bytes,
        })
    }
}

struct Wrong {
    offset: usize,
    value: String,
    expected: String,
}

fn known(label: &str) -> Result<&'static Encoding, Wrong> {
    let encoding = Encoding::for_label(label.as_bytes());
    encoding
        .filter(|encoding| [UTF_8, UTF_16LE, UTF_16BE, GBK, GB18030].contains(encoding))
        .ok_or_else(|| Wrong {
            offset: 0,
            value: label.to_owned(),
            expected: "UTF-8, UTF-16, GBK, GB18030".to_owned(),
        })
}

/// Both, when they agree: the name UTF-16 stands for either order of bytes, and GBK is a part
/// of GB18030.
fn agreed(
    first: Option<&'static Encoding>,
    second: Option<&'static Encoding>,
) -> Result<Option<&'static Encoding>, Wrong> {
    let (Some(a), Some(b)) = (first, second) else {
        return Ok(first.or(second));
    };
    let wide = |encoding| encoding == UTF_16LE || encoding == UTF_16BE;
    let chinese = |encoding| encoding == GBK || encoding == GB18030;
    if a == b || (wide(a) && wide(b)) {
        Ok(Some(a))
    } else if chinese(a) && chinese(b) {
        Ok(Some(GB18030))
    } else {
        Err(Wrong {
            offset: 0,
            value: b.name().to_owned(),
            expected: a.name().to_owned(),
        })
    }
}

/// The encoding that an XML declaration at the start of ASCII-compatible bytes names.
fn declared_in(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(USUAL_DECLARATION.as_bytes()) {
        return Some(UTF_8.name().to_owned());
    }
    let start = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let end = start
        .starts_with(b"<?xml")
        .then(|| memchr::memmem::find(start, b"?>"))??;
    let declaration = std::str::from_utf8(&start[..end]).ok()?;
    let value = declaration
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..]
        .split_once(quote)
        .map(|(label, _)| label.to_owned())
}

/// The text, or the offset of the first byte that does not fit.
fn decode_strictly<'a>(
    encoding: &'static Encoding,
    bytes: &'a [u8],
) -> Result<Cow<'a, str>, usize> {
    if encoding == UTF_8 {
        return std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|error| error.valid_up_to());
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.unwrap_or(bytes.len().saturating_mul(3)));
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(Cow::Owned(text)),
        (DecoderResult::Malformed(bad, after), read) => {
            Err(read.saturating_sub(usize::from(bad) + usize::from(after)))
        }
        (DecoderResult::OutputFull, read) => Err(read),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02X}"))
        .collect();
    shown.join(" ")
}
