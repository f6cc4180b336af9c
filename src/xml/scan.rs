//! Looking at bytes: names, texts and ends of tags, one table look-up a byte, and by words of
//! the machine where it pays.

/// A text has a CR in it.
pub const RETURN: u8 = 1;
/// A text has a `]` in it.
pub const BRACKET: u8 = 2;
/// A text has something other than white space in it, or was too long to say.
pub const INK: u8 = 4;
/// A text has white space in it, or was too long to say.
pub const SPACE: u8 = 8;
const STOP: u8 = 16;

/// What each byte means in text.
const TEXT: [u8; 256] = {
    let mut table = [INK; 256];
    table[b'<' as usize] = STOP;
    table[b'&' as usize] = STOP;
    table[b'\r' as usize] = RETURN;
    table[b'\n' as usize] = SPACE;
    table[b'\t' as usize] = SPACE;
    table[b' ' as usize] = SPACE;
    table[b']' as usize] = BRACKET | INK;
    table
};

/// Bytes that are looked at one by one before the rest of a text is searched: most values
/// are shorter, and a search costs more to begin.
const SHORT: usize = 32;

/// Where the text that begins at `from` ends, at a `<`, a `&` or the end of all, and which of
/// [`RETURN`], [`BRACKET`], [`INK`] and [`SPACE`] are in it.
pub fn text(bytes: &[u8], from: usize) -> (usize, u8) {
    let mut met = 0;
    let short = &bytes[from..bytes.len().min(from + SHORT)];
    for (at, byte) in short.iter().enumerate() {
        let class = TEXT[*byte as usize];
        if class & STOP != 0 {
            return (from + at, met);
        }
        met |= class;
    }
    met |= INK | SPACE;
    let rest = &bytes[from + short.len()..];
    let length = memchr::memchr2(b'<', b'&', rest).unwrap_or(rest.len());
    let rest = &rest[..length];
    if memchr::memchr(b'\r', rest).is_some() {
        met |= RETURN;
    }
    if memchr::memchr(b']', rest).is_some() {
        met |= BRACKET;
    }
    (from + short.len() + length, met)
}

const NAME: u8 = 1;
const NAME_START: u8 = 2;
const OTHER: u8 = 4;

/// What each byte means in a name: a colon, and what is not ASCII, is for others to judge.
const NAMES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let it = byte as u8;
        table[byte] = match it {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => NAME | NAME_START,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>' => 0,
            _ => OTHER,
        };
        byte += 1;
    }
    table
};

/// Where the name of a tag that begins at `from` ends, at white space, `/`, `>` or the end of
/// all, and whether it is a name of ASCII without a colon.
pub fn name(bytes: &[u8], from: usize) -> (usize, bool) {
    let mut any = 0;
    let mut at = from;
    loop {
        at += letters(&bytes[at.min(bytes.len())..]);
        let Some(byte) = bytes.get(at) else { break };
        let class = NAMES[*byte as usize];
        if class == 0 {
            break;
        }
        any |= class;
        at += 1;
    }
    let begins = at > from && NAMES[bytes[from] as usize] & NAME_START != 0;
    (at, begins && any & OTHER == 0)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many letters of ASCII come first, looked at by eights; others may follow.
fn letters(bytes: &[u8]) -> usize {
    let mut count = 0;
    for word in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        // In small letters without the high bit a letter lies from `a` on and not beyond `z`;
        // adding what is missing to 128 sets the high bit of those that lie beyond.
        let small = (word | (ONES * 0x20)) & !HIGHS;
        let from_a = small + ONES * (0x80 - b'a' as u64);
        let beyond_z = small + ONES * (0x80 - b'z' as u64 - 1);
        let letters = from_a & !beyond_z & !word & HIGHS;
        if letters != HIGHS {
            return count + ((letters ^ HIGHS).trailing_zeros() / 8) as usize;
        }
        count += 8;
    }
    count
}

/// Whether every byte lies above the space: no white space, no control character.
pub fn has_no_space(bytes: &[u8]) -> bool {
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        // A byte below 0x21 borrows from its high bit; one above 0x7F has it set itself.
        if word.wrapping_sub(ONES * 0x21) & !word & HIGHS != 0 {
            return false;
        }
    }
    words.remainder().iter().all(|byte| *byte > b' ')
}

/// Where the tag that `from` is inside ends: at the first `>` outside quotes.
pub fn tag_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr3(b'>', b'"', b'\'', &bytes[at..])?;
        match bytes[at] {
            b'>' => return Some(at),
            quote => at += 1 + memchr::memchr(quote, &bytes[at + 1..])? + 1,
        }
    }
}

/// How long a document type declaration is, its internal subset included: up to the first `>`
/// outside quotes, comments, instructions and brackets.
pub fn doctype_end(bytes: &[u8]) -> Option<usize> {
    let mut at = "<!DOCTYPE".len();
    let mut inside = false;
    loop {
        let rest = bytes.get(at..)?;
        let skip = |open: usize, close: &[u8]| {
            memchr::memmem::find(rest.get(open..)?, close).map(|found| open + found + close.len())
        };
        at += match rest.first()? {
            b'"' => skip(1, b"\"")?,
            b'\'' => skip(1, b"'")?,
            b'<' if rest.starts_with(b"<!--") => skip(4, b"-->")?,
            b'<' if rest.starts_with(b"<?") => skip(2, b"?>")?,
            b'>' if !inside => return Some(at + 1),
            byte => {
                inside = (inside || *byte == b'[') && *byte != b']';
                1
            }
        };
    }
}

/// Bytes that are looked at together when all of a text is looked over.
const BLOCK: usize = 64;

/// The first character that XML does not admit.
pub fn unfit(text: &str) -> Option<usize> {
    // Control characters, or the lead byte of U+FFFE and U+FFFF: everything else is XML.
    let suspect = |byte: u8| {
        let control = (byte < b' ') & (byte != b'\n') & (byte != b'\t') & (byte != b'\r');
        control | (byte == 0xEF)
    };
    let bytes = text.as_bytes();
    let mut from = 0;
    for block in bytes.chunks(BLOCK) {
        // Of a whole block the length is known, and the compiler looks at many bytes at once.
        let any = match <&[u8; BLOCK]>::try_from(block) {
            Ok(block) => block.iter().fold(false, |any, byte| any | suspect(*byte)),
            Err(_) => true,
        };
        if any {
            for (at, byte) in block.iter().enumerate() {
                let at = from + at;
                if suspect(*byte)
                    && !text[at..]
                        .chars()
                        .next()
                        .is_some_and(super::attributes::is_xml)
                {
                    return Some(at);
                }
            }
        }
        from += block.len();
    }
    None
}
