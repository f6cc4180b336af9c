//! A family of two small messages, so that the doors and the checks are the real ones and cost
//! little.

use std::sync::{Arc, OnceLock};

use tongguan::family::Catalogue;
use tongguan::schema::Files;

const FAMILY: &str = r#"
name = "simulation"
zh = "模拟"
en = "simulation"
version = "1"
source = "the simulation"

[[message]]
type = "D"
role = "declaration"
schema = "d.xsd"
root = "D"
namespace = "urn:simulation:d"
rules = []
[message.fields]
identity = ["N"]
reference = ["N"]

[[message]]
type = "A"
role = "answer"
schema = "a.xsd"
root = "A"
namespace = "urn:simulation:a"
rules = []
[message.fields]
reference = ["N"]
authority_reference = ["I"]
code = ["C"]
[message.status]
"REC" = "received"
"ACC" = "accepted"
"INS" = "inspection"
"PAY" = "duty_payable"
"REJ" = "rejected"
"REL" = "released"
"CLO" = "closed"
"*" = "unchanged"
"#;

fn schema(name: &str, elements: &[&str]) -> String {
    let elements: String = elements
        .iter()
        .map(|element| format!(r#"<xs:element name="{element}" type="xs:string"/>"#))
        .collect();
    let space = name.to_lowercase();
    format!(
        r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:simulation:{space}" elementFormDefault="qualified"><xs:element name="{name}"><xs:complexType><xs:sequence>{elements}</xs:sequence></xs:complexType></xs:element></xs:schema>"#
    )
}

/// The codes of answers.
pub const CODES: [&str; 8] = ["REC", "ACC", "INS", "PAY", "REJ", "REL", "CLO", "ODD"];

/// Compiled once for all runs: nothing changes it.
pub fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    let compile = || {
        let files = [
            ("family.toml", FAMILY.to_owned()),
            ("d.xsd", schema("D", &["N", "T"])),
            ("a.xsd", schema("A", &["N", "I", "C", "S"])),
        ];
        let files: Files = files
            .into_iter()
            .map(|(name, text)| (format!("simulation/{name}"), text.into_bytes()))
            .collect();
        let compiled = Catalogue::compile(&files, &Default::default());
        Arc::new(compiled.unwrap_or_else(|mistakes| panic!("{mistakes:?}")))
    };
    CATALOGUE.get_or_init(compile).clone()
}
