//! What may be an `anyURI` (Part 2 section 3.2.17).
//!
//! The standard takes any text that becomes a URI reference of RFC 2396, as
//! amended by RFC 2732, once the characters a URI cannot hold have been escaped
//! the way XLink section 5.4 says. That escaping turns spaces, control
//! characters, non-ASCII characters and the likes of `<`, `{` and `^` into
//! %-escapes, but leaves `%`, `#`, `[` and `]` alone. So those four, and the
//! shape of what stands before the first colon, are all that can go wrong:
//!
//! * `%` must begin an escape of two hexadecimal digits;
//! * there is at most one `#`;
//! * a colon in the first path segment must follow a scheme;
//! * square brackets may not stand in a path, and in an authority only around an
//!   IPv6 address.
//!
//! One liberty is taken: a scheme with nothing after it, such as the namespace
//! "DAV:", is let through, although RFC 2396 wants something there.

/// Whether the text is in the lexical space of `anyURI`.
pub fn is_uri_reference(text: &str) -> bool {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    if fragment.contains('#') || !escapes_are_whole(text) {
        return false;
    }
    let (place, query_mark) = match before.find('?') {
        Some(at) => (&before[..at], true),
        None => (before, false),
    };
    let first_segment = place.split('/').next().unwrap_or("");
    let Some(colon) = first_segment.find(':') else {
        return is_hierarchical(place);
    };
    if !is_scheme(&place[..colon]) {
        return false;
    }
    let rest = &place[colon + 1..];
    // What follows a scheme and no slash is opaque: brackets may stand in it.
    let opaque = !rest.starts_with('/') && (query_mark || !rest.is_empty());
    opaque || is_hierarchical(rest)
}

/// Whether each `%` is followed by two hexadecimal digits.
fn escapes_are_whole(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices('%').all(|(at, _)| {
        let escape = bytes.get(at + 1..at + 3);
        escape.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A scheme: a letter, then letters, digits and `+`, `-`, `.`.
fn is_scheme(text: &str) -> bool {
    let more = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(more)
}

/// An authority (after two slashes) and a path, with brackets only where they
/// belong.
fn is_hierarchical(text: &str) -> bool {
    let path = match text.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            if !is_authority(&rest[..end]) {
                return false;
            }
            &rest[end..]
        }
        None => text,
    };
    !path.contains(['[', ']'])
}

/// An authority. Without brackets anything goes, since RFC 2396 leaves room for
/// names other than those of hosts; with them it must be an IPv6 address, which
/// may have user information before it and a port after it.
fn is_authority(text: &str) -> bool {
    if !text.contains(['[', ']']) {
        return true;
    }
    let host = text.split_once('@').map_or(text, |(_, host)| host);
    let user = &text[..text.len() - host.len()];
    let Some((address, port)) = host.strip_prefix('[').and_then(|h| h.split_once(']')) else {
        return false;
    };
    let in_address = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let port = port.strip_prefix(':').or(port.is_empty().then_some(""));
    !user.contains(['[', ']'])
        && address.contains(':')
        && address.bytes().all(in_address)
        && port.is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for good in [
            "",
            "a b",
            "a:foo",
            "a+b-c.d:e",
            "%41",
            "#",
            "#a",
            "a/b:c",
            "./a:b",
            "?a:b",
            "#a:b",
            "DAV:",
            "urn:x y",
            "http://é.com/é",
            "http://h/<>{}|\\^`\"",
            "http://user@h:80/p?q#f",
            "http://h:99x/",
            "http://",
            "///",
            "http://[::1]/",
            "http://u@[1080::8:800:200C:417A]:80/a",
            "http://[::1]",
            "#[x]",
            "a?[b]",
            "x:a[b]",
            "../..",
        ] {
            assert!(is_uri_reference(good), "{good}");
        }
    }

    #[test]
    fn rejected() {
        for bad in [
            ":foo",
            ":",
            "::",
            "1:foo",
            "12:30",
            "-a:b",
            "a_b:c",
            "é:foo",
            "a b:c",
            "%",
            "%4",
            "%zz",
            "a%4",
            "#a%",
            "?%g0",
            "%é",
            "a#b#c",
            "##",
            "a[b]",
            "http://a[b]",
            "http://[::1",
            "http://[]/",
            "http://[1]/",
            "http://[::1]x/",
            "http://[::1]:p/",
            "http://h/[",
        ] {
            assert!(!is_uri_reference(bad), "{bad}");
        }
    }
}
