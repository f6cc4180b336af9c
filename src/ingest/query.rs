//! The query of an address: what follows the question mark.

/// Everything but the cursor.
pub fn without_cursor(query: &str) -> String {
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("after="))
        .collect();
    kept.join("&")
}

/// A value as it was meant; `None` if it was written wrongly.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                (digit(rest.next())? * 16 + digit(rest.next())?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A number that is given once.
pub fn number(query: &str, name: &str) -> Option<u64> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => value.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_queries_say() {
        assert_eq!(
            percent_decoded("a%2Fb+c%E4%B8%AD"),
            Some("a/b c中".to_owned())
        );
        assert_eq!(percent_decoded("%G0"), None);
        assert_eq!(without_cursor("kind=a&after=x&&limit=2"), "kind=a&limit=2");
        let numbers = [
            ("from=7&to=9", Some(7)),
            ("to=9", None),
            ("from=7&from=8", None),
            ("from=-7", None),
            ("from=", None),
            ("xfrom=7", None),
        ];
        for (query, expected) in numbers {
            assert_eq!(number(query, "from"), expected, "{query}");
        }
    }
}
