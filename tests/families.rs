//! A family's own mistakes are found when it is loaded, each with file and line: a table of
//! changes to a small family that is right. Then what a family may say beside schema and
//! rules: messages inside others, and values in one form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tongguan::family::{Catalogue, Severities};
use tongguan::finding::Finding;
use tongguan::schema::Files;
use tongguan::xml::Limits;

const FAMILY: &str = r#"name = "licence"
zh = "许可证"
en = "licence"
version = "1"
source = "an example"

[[message]]
type = "Licence"
role = "declaration"
schema = "licence.xsd"
root = "Licence"
namespace = "urn:example"
rules = ["licence.rules.toml"]
[message.fields]
identity = ["Number"]
reference = ["Number"]
"#;

const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example" elementFormDefault="qualified">
  <xs:element name="Licence"><xs:complexType><xs:sequence>
    <xs:element name="Number" type="xs:token"/>
    <xs:element name="Item" maxOccurs="9"><xs:complexType><xs:sequence><xs:element name="Weight" type="xs:decimal"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"#;

const RULES: &str = r#"[[rule]]
code = "LIC-1001"
severity = "error"
each = "Item"
check = { compare = { left = "Weight", op = ">", value = "0" } }
zh = "重量必须大于零"
en = "The weight has to be more than zero"
source = "an example"
"#;

fn compile(change: impl Fn(&str, &str) -> String) -> Vec<String> {
    let own = [
        ("family.toml", FAMILY),
        ("licence.xsd", SCHEMA),
        ("licence.rules.toml", RULES),
    ];
    let files =
        own.map(|(name, text)| (format!("licence/{name}"), change(name, text).into_bytes()));
    match Catalogue::compile(&Files::from(files), &Severities::new()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn mistakes_have_file_and_line() {
    assert_eq!(compile(|_, text| text.to_owned()), Vec::<String>::new());
    let (family, schema, rules) = ("family.toml", "licence.xsd", "licence.rules.toml");
    let table = [
        (
            family,
            "reference = [\"Number\"]",
            "reference = [\"Nummer\"]",
            "licence/family.toml:16: Nummer: the schema has no Nummer",
        ),
        (
            family,
            "reference = [\"Number\"]",
            "reference = [\"Item/Number\"]",
            "licence/family.toml:16: Item/Number: the schema has no Number",
        ),
        (
            family,
            "reference = [\"Number\"]",
            "reference = [\"@Number\"]",
            "licence/family.toml:16: @Number: the schema has no @Number",
        ),
        (
            family,
            "identity = [\"Number\"]",
            "",
            "licence/family.toml:7: the field identity is missing",
        ),
        (
            family,
            "root = \"Licence\"",
            "root = \"License\"",
            "licence/family.toml:7: licence/licence.xsd has no element License",
        ),
        (
            family,
            "\"urn:example\"",
            "\"urn:other\"",
            "licence/family.toml:7: licence/licence.xsd has no element Licence in namespace \"urn:other\"",
        ),
        (
            family,
            "role = \"declaration\"",
            "role = \"declaration\"\nlike = \"Permit\"",
            "licence/family.toml:7: like \"Permit\": no message of that type and role",
        ),
        (family, "licence.xsd", "none.xsd", "licence/none.xsd"),
        (
            family,
            "licence.rules.toml",
            "none.rules.toml",
            "licence/none.rules.toml: the file is not there",
        ),
        (
            family,
            "name = \"licence\"",
            "nam = \"licence\"",
            "licence/family.toml:1: ",
        ),
        (
            family,
            "role = \"declaration\"",
            "role = \"declared\"",
            "licence/family.toml:",
        ),
        (
            schema,
            "xs:decimal",
            "xs:decimals",
            "licence/licence.xsd:4: ",
        ),
        (
            schema,
            "</xs:schema>",
            "",
            "licence/licence.xsd:7: xml-not-well-formed",
        ),
        (
            rules,
            "left = \"Weight\"",
            "left = \"Wight\"",
            "licence/licence.rules.toml:5: Wight: the schema has no Wight there",
        ),
        (
            rules,
            "left = \"Weight\"",
            "left = \"Number\"",
            "licence/licence.rules.toml:5: Number: the schema has no Number there",
        ),
        (
            rules,
            "each = \"Item\"",
            "each = \"Items\"",
            "licence/licence.rules.toml:1: Items: the schema has no Items there",
        ),
        (
            rules,
            "compare =",
            "compere =",
            "licence/licence.rules.toml:5: compere is not a primitive; did you mean compare?",
        ),
        (
            rules,
            "each = \"Item\"",
            "each = \"Item\"\nwhen = [{ field = \"Weight\", in = [\"1\"], present = true }]",
            "licence/licence.rules.toml:5: a condition has one of in, not_in, present, matches",
        ),
        (
            rules,
            "\">\"",
            "\"=>\"",
            "licence/licence.rules.toml:5: op \"=>\": expected one of",
        ),
        (
            rules,
            "value = \"0\"",
            "value = \"nought\"",
            "licence/licence.rules.toml:5: \"nought\" is not a number",
        ),
        (
            rules,
            "severity = \"error\"",
            "severity = \"bad\"",
            "licence/licence.rules.toml:1: severity \"bad\"",
        ),
        (rules, "zh = ", "cn = ", "licence/licence.rules.toml:6: "),
    ];
    for (file, from, to, expected) in table {
        let mistakes = compile(|name, text| {
            assert!(name != file || text.contains(from), "{file} has no {from}");
            if name == file {
                text.replacen(from, to, 1)
            } else {
                text.to_owned()
            }
        });
        let said = mistakes.iter().any(|mistake| mistake.starts_with(expected));
        assert!(said, "{from} → {to}: {mistakes:#?} and not {expected}");
    }
}

const WRAPPED: &str = r#"
[[message]]
type = "Licence"
role = "declaration"
schema = "wrapped.xsd"
root = "Import"
namespace = "urn:import"
inside = "Data/Licence"
like = "Licence"
[message.fields]
identity = ["Number"]
reference = ["Number"]
country = ["@country"]
at = ["@at"]
[message.normalise]
country = "country"
at = "time"

[[message]]
type = "Parcel"
role = "wrapper"
schema = "wrapped.xsd"
root = "Parcel"
namespace = "urn:import"
content = "Content"
"#;

const WRAPPED_SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:l="urn:example" targetNamespace="urn:import" elementFormDefault="qualified">
  <xs:import namespace="urn:example" schemaLocation="licence.xsd"/>
  <xs:element name="Import"><xs:complexType><xs:sequence>
    <xs:element name="Number" type="xs:token"/>
    <xs:element name="Data"><xs:complexType><xs:sequence><xs:element ref="l:Licence"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Parcel"><xs:complexType><xs:sequence>
    <xs:element name="Content" type="xs:base64Binary"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"#;

fn wrapping() -> Catalogue {
    let attributes = r#"</xs:sequence><xs:attribute name="country"/><xs:attribute name="at"/></xs:complexType></xs:element>
</xs:schema>"#;
    let (body, _) = SCHEMA
        .rsplit_once("</xs:sequence>")
        .expect("the end of a sequence");
    let files = [
        ("licence/family.toml", format!("{FAMILY}{WRAPPED}")),
        ("licence/licence.xsd", format!("{body}{attributes}")),
        ("licence/wrapped.xsd", WRAPPED_SCHEMA.to_owned()),
        ("licence/licence.rules.toml", RULES.to_owned()),
        (
            "licence/codes/country.csv",
            "code,name_zh,note,same_as\n142,中国,,CHN\nCHN,中国,,\n".to_owned(),
        ),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.into_bytes()));
    Catalogue::compile(&Files::from(files), &Severities::new())
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

const LICENCE: &str = r#"<Licence xmlns="urn:example" country="142" at="20261125101500">
<Number>L-1</Number><Item><Weight>0</Weight></Item></Licence>"#;

#[test]
fn a_message_inside_another_is_found_there_and_its_values_are_normalised() {
    let text = format!(
        r#"<Import xmlns="urn:import"><Number>of the wrapper</Number><Data>{LICENCE}</Data></Import>"#
    );
    let checked = wrapping().check(text.as_bytes(), None, &Limits::default());
    let message = checked.message.expect("it is known");
    assert_eq!(&*message.message_type, "Licence");
    let fields = ["identity", "country", "at"].map(|name| message.field(name));
    let expected = [Some("L-1"), Some("CHN"), Some("20261125101500000")];
    assert_eq!(fields, expected);
    let found = checked.findings.list();
    let places: Vec<(&str, &str, u32)> = found
        .iter()
        .map(|finding| (&*finding.code, &*finding.path, finding.place.line))
        .collect();
    let path = "/Import/Data/Licence/Item/Weight";
    assert_eq!(places, [("LIC-1001", path, 2)]);
}

#[test]
fn a_message_in_a_wrapper_is_taken_out_and_findings_point_into_it() {
    let wrap = |inner: &[u8]| {
        let packed = STANDARD.encode(inner);
        format!(r#"<Parcel xmlns="urn:import"><Content>{packed}</Content></Parcel>"#)
    };
    let check = |text: &str| wrapping().check(text.as_bytes(), None, &Limits::default());
    let places = |text: &str| {
        let findings = check(text).findings;
        let place =
            |finding: &Finding| format!("{} {} {}", finding.code, finding.path, finding.place.line);
        findings.list().iter().map(place).collect::<Vec<_>>()
    };
    let right = LICENCE
        .replace("country=\"142\" ", "")
        .replace(" at=\"20261125101500\"", "");
    let checked = check(&wrap(right.replace(">0<", ">1<").as_bytes()));
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!(
        checked.message.expect("known").field("identity"),
        Some("L-1")
    );
    let inside = "/Parcel/Content/base64()";
    let table = [
        (
            wrap(right.as_bytes()),
            format!("LIC-1001 {inside}/Licence/Item/Weight 2"),
        ),
        (wrap(b"<Licence"), format!("xml-not-well-formed {inside} 1")),
        (
            wrap(b"<Licens/>"),
            format!("family-unknown {inside}/Licens 1"),
        ),
        // A wrapper may not be in another: however deep, it costs one look.
        (
            wrap(wrap(right.as_bytes()).as_bytes()),
            format!("family-unknown {inside}/Parcel 1"),
        ),
        (wrap(b""), "wrapper-content /Parcel/Content 1".to_owned()),
        (
            wrap(right.as_bytes())
                .replace("==<", "<")
                .replace("=<", "<"),
            "cvc-datatype-valid.1.2.1 /Parcel/Content 1".to_owned(),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(places(&text), [expected], "{text}");
    }
}
