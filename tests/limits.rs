//! Every limit of the reader crossed by one document that would be fine one step earlier, and
//! everything that XML or we refuse: a table of documents and the code of their first finding.

use tongguan::config::Config;
use tongguan::gateway;
use tongguan::xml::Limits;

fn limits() -> Limits {
    Limits {
        depth_max: 5,
        attributes_max: 3,
        tag_bytes_max: 200,
        name_bytes_max: 40,
        text_bytes_max: 100,
        elements_max: 50,
        findings_max: 10,
        doctype: false,
    }
}

/// A message with `inside` at the place of a field.
fn with(inside: &str) -> Vec<u8> {
    format!(
        "<InboundForecast xmlns=\"urn:tongguan:aircraft:1\"><Head><MessageID>{inside}</MessageID></Head></InboundForecast>"
    )
    .into_bytes()
}

#[test]
fn what_is_refused_before_any_schema() {
    let catalogue = gateway::catalogue(&Config::default()).expect("families");
    let utf16: Vec<u8> = "\u{feff}<a/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let nested = |depth: usize| with(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    let attributes = |count: usize| {
        with(&format!(
            "<a {}/>",
            (0..count)
                .map(|n| format!("a{n}=\"\" "))
                .collect::<String>()
        ))
    };
    let table: Vec<(&str, Vec<u8>, Option<&str>)> = vec![
        ("as deep as may be", nested(2), None),
        ("too deep", nested(3), Some("xml-depth")),
        ("as many attributes as may be", attributes(3), None),
        ("too many attributes", attributes(4), Some("xml-attributes")),
        (
            "twice the same attribute",
            with("<a b='1' b='2'/>"),
            Some("xml-attributes"),
        ),
        (
            "twice the same by two prefixes",
            with("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>"),
            Some("xml-attributes"),
        ),
        (
            "an empty element closed twice",
            with("<a//>"),
            Some("xml-not-well-formed"),
        ),
        (
            "an XML declaration without a version",
            b"<?xml encoding='UTF-8'?><a/>".to_vec(),
            Some("xml-not-well-formed"),
        ),
        (
            "a second byte order mark",
            b"\xef\xbb\xbf\xef\xbb\xbf<a/>".to_vec(),
            Some("xml-not-well-formed"),
        ),
        (
            "a second byte order mark in UTF-16",
            b"\xfe\xff\xfe\xff\x06\x40".to_vec(),
            Some("xml-not-well-formed"),
        ),
        (
            "an instruction without a name",
            with("<?1?>"),
            Some("xml-not-well-formed"),
        ),
        (
            "a long text in pieces",
            with(&"a&amp;".repeat(51)),
            Some("xml-text"),
        ),
        (
            "a long tag",
            with(&format!("<a b='{}'/>", "x".repeat(150))),
            None,
        ),
        (
            "too long a tag",
            with(&format!("<a b='{}'/>", "x".repeat(200))),
            Some("xml-tag"),
        ),
        ("a long name", with(&format!("<{}/>", "n".repeat(40))), None),
        (
            "too long a name",
            with(&format!("<{}/>", "n".repeat(41))),
            Some("xml-name"),
        ),
        ("a long text", with(&"t".repeat(100)), None),
        ("too long a text", with(&"t".repeat(101)), Some("xml-text")),
        ("many elements", with(&"<a/>".repeat(47)), None),
        (
            "too many elements",
            with(&"<a/>".repeat(48)),
            Some("xml-elements"),
        ),
        (
            "a DOCTYPE",
            [b"<!DOCTYPE a>".to_vec(), with("")].concat(),
            Some("xml-doctype"),
        ),
        (
            "a bomb of entities",
            [b"<!DOCTYPE a [<!ENTITY b \"bb\">]>".to_vec(), with("&b;")].concat(),
            Some("xml-doctype"),
        ),
        ("an entity", with("&nbsp;"), Some("xml-entity")),
        (
            "an entity in an attribute",
            with("<a b='&nbsp;'/>"),
            Some("xml-entity"),
        ),
        (
            "a reference to no character",
            with("&#0;"),
            Some("xml-entity"),
        ),
        ("references that are fine", with("&lt;&#x4e2d;&amp;"), None),
        ("an unbound prefix", with("<p:a/>"), Some("xml-namespace")),
        ("a control character", with("\u{1}"), Some("xml-character")),
        ("a noncharacter", with("\u{ffff}"), Some("xml-character")),
        ("]]> in text", with("]]>"), Some("xml-not-well-formed")),
        (
            "< in an attribute",
            with("<a b='<'/>"),
            Some("xml-not-well-formed"),
        ),
        (
            "attributes that touch",
            with("<a b='1'c='2'/>"),
            Some("xml-not-well-formed"),
        ),
        ("no quotes", with("<a b=1/>"), Some("xml-not-well-formed")),
        (
            "a wrong end tag",
            with("<a></b>"),
            Some("xml-not-well-formed"),
        ),
        (
            "two roots",
            [with(""), with("")].concat(),
            Some("xml-not-well-formed"),
        ),
        (
            "text after the root",
            [with(""), b"x".to_vec()].concat(),
            Some("xml-not-well-formed"),
        ),
        (
            "a declaration not at the start",
            [b" <?xml version='1.0'?>".to_vec(), with("")].concat(),
            Some("xml-not-well-formed"),
        ),
        ("nothing", Vec::new(), Some("xml-not-well-formed")),
        (
            "cut short",
            with("")[..60].to_vec(),
            Some("xml-not-well-formed"),
        ),
        (
            "bytes that are not UTF-8",
            with("").iter().copied().chain([0xff]).collect(),
            Some("xml-encoding"),
        ),
        (
            "a declaration against the mark",
            b"\xef\xbb\xbf<?xml version='1.0' encoding='gbk'?><a/>".to_vec(),
            Some("xml-encoding"),
        ),
        (
            "an encoding of elsewhere",
            b"<?xml version='1.0' encoding='shift_jis'?><a/>".to_vec(),
            Some("xml-encoding"),
        ),
        (
            "UTF-16 with its mark, of no family",
            utf16,
            Some("family-unknown"),
        ),
    ];
    let hostile = |code: &str| code.starts_with("xml-") || code == "family-unknown";
    for (name, bytes, expected) in table {
        let checked = catalogue.check(&bytes, None, &limits());
        let found = checked
            .findings
            .list()
            .iter()
            .map(|finding| finding.code.to_string())
            .find(|code| hostile(code));
        assert_eq!(
            found.as_deref(),
            expected,
            "{name}: {}",
            String::from_utf8_lossy(&bytes)
        );
        assert!(checked.findings.list().len() <= 10, "{name}");
    }
}

#[test]
fn findings_have_an_end() {
    let catalogue = gateway::catalogue(&Config::default()).expect("families");
    let checked = catalogue.check(&with(&"<a/>".repeat(30)), None, &limits());
    assert_eq!(checked.findings.list().len(), 10);
    assert!(checked.findings.omitted() >= 20 && checked.findings.refuse());
}
