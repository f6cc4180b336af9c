//! The inside of a start tag: a name and attributes, read strictly, and the namespaces in
//! force. Borrowed from the document; text is made only where a reference has to be resolved.

use std::borrow::Cow;

/// One attribute that is not a namespace declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its prefix, empty if it has none.
    pub prefix: &'a str,
    /// Its local name.
    pub local: &'a str,
    /// Its value, references resolved and white space normalised to spaces.
    pub value: Cow<'a, str>,
    /// Offset of its name.
    pub offset: usize,
}

/// What is wrong with a start tag, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Not as XML wants it.
    Form(usize),
    /// More than the limit.
    TooMany,
    /// Twice the same.
    Twice(usize),
    /// An entity that is not one of the five, or a reference to no character.
    Entity(usize),
}

/// One `name="value"`.
pub struct Raw<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub offset: usize,
}

/// Splits what follows the element's name into attributes.
pub fn split<'a>(
    tag: &'a str,
    from: usize,
    attributes_max: usize,
    into: &mut Vec<Raw<'a>>,
) -> Result<(), Wrong> {
    into.clear();
    let bytes = tag.as_bytes();
    let mut at = from;
    loop {
        let gap = skip_white(bytes, at);
        if gap == bytes.len() {
            return Ok(());
        }
        if gap == at {
            return Err(Wrong::Form(at));
        }
        if into.len() == attributes_max {
            return Err(Wrong::TooMany);
        }
        let name_end = gap
            + bytes[gap..]
                .iter()
                .take_while(|byte| !is_white(**byte) && **byte != b'=')
                .count();
        let equals = skip_white(bytes, name_end);
        if bytes.get(equals) != Some(&b'=') {
            return Err(Wrong::Form(gap));
        }
        let open = skip_white(bytes, equals + 1);
        let quote = *bytes
            .get(open)
            .filter(|byte| matches!(byte, b'"' | b'\''))
            .ok_or(Wrong::Form(gap))?;
        let length = memchr::memchr(quote, &bytes[open + 1..]).ok_or(Wrong::Form(gap))?;
        let value = &tag[open + 1..open + 1 + length];
        if value.contains('<') {
            return Err(Wrong::Form(gap));
        }
        into.push(Raw {
            name: &tag[gap..name_end],
            value,
            offset: gap,
        });
        at = open + 1 + length + 1;
    }
}

/// An attribute's value with references resolved and white space made spaces.
pub fn value<'a>(raw: &Raw<'a>) -> Result<Cow<'a, str>, Wrong> {
    if !raw.value.bytes().any(|byte| byte == b'&' || (byte < b' ')) {
        return Ok(Cow::Borrowed(raw.value));
    }
    let mut text = String::with_capacity(raw.value.len());
    let mut rest = raw.value;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        text.push_str(&rest[..at]);
        if rest.as_bytes()[at] == b'&' {
            let end = rest[at..].find(';').ok_or(Wrong::Entity(raw.offset))?;
            text.push(reference(&rest[at + 1..at + end]).ok_or(Wrong::Entity(raw.offset))?);
            rest = &rest[at + end + 1..];
        } else {
            text.push(' ');
            let pair = rest[at..].starts_with("\r\n");
            rest = &rest[at + 1 + usize::from(pair)..];
        }
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

/// The character that `&name;` stands for: one of the five, or a character reference.
pub fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let (digits, radix) = match number.strip_prefix('x') {
                Some(digits) => (digits, 16),
                None => (number, 10),
            };
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let character = plain.then(|| u32::from_str_radix(digits, radix).ok())??;
            char::from_u32(character).filter(|character| is_xml(*character))
        }
    }
}

/// Whether XML admits the character.
pub fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Splits a qualified name; `None` if it is not one.
pub fn qualified(name: &str) -> Option<(&str, &str)> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    let fine = is_name(local) && prefix.is_none_or(is_name);
    fine.then_some((prefix.unwrap_or(""), local))
}

/// Whether this is an NCName.
pub fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_character)
}

fn is_name_start(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '_' => true,
        c if c.is_ascii() => false,
        '\u{d7}' | '\u{f7}' | '\u{37e}' => false,
        '\u{c0}'..='\u{2ff}'
        | '\u{370}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' => true,
        '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' => true,
        '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}' => true,
        _ => false,
    }
}

fn is_name_character(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Whether this may stand between `<?xml` and `?>`.
pub fn is_declaration(text: &str) -> bool {
    fn white(c: char) -> bool {
        matches!(c, ' ' | '\t' | '\n' | '\r')
    }
    fn pair<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
        let after = text.trim_start_matches(white);
        let rest = after
            .strip_prefix(name)
            .filter(|_| after.len() < text.len())?;
        let rest = rest.trim_start_matches(white).strip_prefix('=')?;
        let rest = rest.trim_start_matches(white);
        let quote = rest
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))?;
        rest[1..].split_once(quote)
    }
    let Some((version, mut rest)) = pair(text, "version") else {
        return false;
    };
    let minor = version.strip_prefix("1.");
    let mut fine = minor.is_some_and(|minor| {
        !minor.is_empty() && minor.bytes().all(|digit| digit.is_ascii_digit())
    });
    if let Some((encoding, after)) = pair(rest, "encoding") {
        rest = after;
        fine &= encoding.starts_with(|first: char| first.is_ascii_alphabetic())
            && encoding
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    }
    if let Some((standalone, after)) = pair(rest, "standalone") {
        rest = after;
        fine &= matches!(standalone, "yes" | "no");
    }
    fine && rest.trim_start_matches(white).is_empty()
}

/// White space as XML has it.
pub fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn skip_white(bytes: &[u8], from: usize) -> usize {
    from + bytes[from.min(bytes.len())..]
        .iter()
        .take_while(|byte| is_white(**byte))
        .count()
}
