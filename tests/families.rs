//! A family's own mistakes are found when it is loaded, each with file and line: a table of
//! changes to a small family that is right.

use tongguan::family::{Catalogue, Severities};
use tongguan::schema::Files;

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
