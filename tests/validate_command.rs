//! `tongguan validate --schema`, as an integrator runs it: the built binary, its exit codes, and
//! every line that it writes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A schema of one namespace that imports another.
const ORDER: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:types" targetNamespace="urn:order" elementFormDefault="qualified">
  <xs:import namespace="urn:types"/>
  <xs:element name="order">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="number" type="t:number"/>
        <xs:element name="amount" type="xs:decimal" maxOccurs="unbounded"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
"#;

const TYPES: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:types">
  <xs:simpleType name="number">
    <xs:restriction base="xs:string">
      <xs:maxLength value="4"/>
    </xs:restriction>
  </xs:simpleType>
</xs:schema>
"#;

const VALID: &str =
    "<order xmlns=\"urn:order\"><number>A-17</number><amount>1.50</amount></order>\n";
const INVALID: &str = "<order xmlns=\"urn:order\">\n  <number>A-1780</number>\n  <amount>1.50</amount>\n  <amount>much</amount>\n</order>\n";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A folder with files, and the command in it.
struct Bench(TempDir);

impl Bench {
    fn new(files: &[(&str, &str)]) -> Bench {
        let bench = Bench(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            let path = bench.path(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        bench
    }

    /// The two schemas, a valid and an invalid order.
    fn orders() -> Bench {
        Bench::new(&[
            ("order.xsd", ORDER),
            ("types.xsd", TYPES),
            ("valid.xml", VALID),
            ("invalid.xml", INVALID),
        ])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tongguan"))
            .arg("validate")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        // Whoever reads no input may be gone already.
        _ = child
            .stdin
            .take()
            .expect("its input")
            .write_all(input.as_bytes());
        let output = child.wait_with_output().expect("ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

const BOTH: [&str; 4] = ["--schema", "order.xsd", "--schema", "types.xsd"];

fn with_both(more: &[&'static str]) -> Vec<&'static str> {
    BOTH.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn exit_codes_tell_valid_from_invalid_from_impossible() {
    let bench = Bench::orders();
    let ran = bench.run(&with_both(&["valid.xml"]));
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "valid.xml: valid\n")
    );
    assert_eq!(ran.err, "");
    let ran = bench.run(&with_both(&["invalid.xml"]));
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.out,
        "invalid.xml: invalid\n  \
           invalid.xml:2:11 cvc-maxLength-valid too-long /order/number\n    \
             The value is too long; shorten it\n    \
             found: A-1780\n    \
             expected: maxLength 4\n  \
           invalid.xml:4:11 cvc-datatype-valid.1.2.1 wrong-form /order/amount[2]\n    \
             The value does not have the form of its type; write it as expected\n    \
             found: much\n    \
             expected: decimal\n"
    );
    let ran = bench.run(&with_both(&["gone.xml"]));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.starts_with("tongguan: gone.xml: "), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
}

#[test]
fn without_documents_the_schemas_are_only_compiled() {
    let bench = Bench::orders();
    let ran = bench.run(&with_both(&[]));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    assert!(
        ran.err.starts_with("the schemas are right: 3 elements, "),
        "{}",
        ran.err
    );
    // Alone the first lacks a type: an import without a file brings nothing.
    let ran = bench.run(&["--schema", "order.xsd"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert_eq!(
        ran.err,
        "tongguan: order.xsd:6: src-resolve: t:number is not declared; the import in line 2 brought no file\n"
    );
}

#[test]
fn a_wrong_schema_is_named_with_file_line_and_constraint() {
    let wrong = TYPES.replace("value=\"4\"", "value=\"four\"");
    let bench = Bench::new(&[
        ("order.xsd", ORDER),
        ("types.xsd", &wrong),
        ("valid.xml", VALID),
    ]);
    let ran = bench.run(&with_both(&["valid.xml"]));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(
        ran.err
            .starts_with("tongguan: types.xsd:4: s4s-att-invalid-value"),
        "{}",
        ran.err
    );
    let ran = bench.run(&["--schema", "gone.xsd", "valid.xml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.starts_with("tongguan: gone.xsd: "), "{}", ran.err);
    assert!(!ran.err.contains("src-include"), "{}", ran.err);
}

#[test]
fn locations_lead_only_into_the_folders_given() {
    let order = ORDER.replace(
        "namespace=\"urn:types\"/>",
        "namespace=\"urn:types\" schemaLocation=\"../common/types.xsd\"/>",
    );
    let bench = Bench::new(&[
        ("own/order.xsd", &order),
        ("common/types.xsd", TYPES),
        ("valid.xml", VALID),
    ]);
    let ran = bench.run(&["--schema", "own/order.xsd", "valid.xml"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert_eq!(
        ran.err,
        "tongguan: own/order.xsd:2: import: \"../common/types.xsd\" leads out of the folders given; nothing is fetched\n"
    );
    let ran = bench.run(&[
        "--schema",
        "own/order.xsd",
        "--schema",
        "common",
        "valid.xml",
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let ran = bench.run(&["--schema", "common", "valid.xml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("name a schema file too"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folders_leads_out() {
    let order = ORDER.replace(
        "namespace=\"urn:types\"/>",
        "namespace=\"urn:types\" schemaLocation=\"types.xsd\"/>",
    );
    let bench = Bench::new(&[("own/order.xsd", &order), ("common/types.xsd", TYPES)]);
    std::os::unix::fs::symlink("../common/types.xsd", bench.path("own/types.xsd")).expect("a link");
    let ran = bench.run(&["--schema", "own/order.xsd"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("leads out"), "{}", ran.err);
}

#[test]
fn where_an_include_leads_there_has_to_be_a_file_an_import_is_a_hint() {
    let with = |child: &str| {
        format!(
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n  {child}\n  <xs:element name=\"r\" type=\"xs:int\"/>\n</xs:schema>\n"
        )
    };
    let bench = Bench::new(&[]);
    let code = |child: &str| {
        fs::write(bench.path("main.xsd"), with(child)).expect("written");
        let ran = bench.run(&["--schema", "main.xsd"]);
        (ran.code.expect("a code"), ran.err)
    };
    let right = [
        r#"<xs:import namespace="urn:x"/>"#,
        r#"<xs:import namespace="urn:x" schemaLocation="gone.xsd"/>"#,
        r#"<xs:import namespace="urn:x" schemaLocation="https://example.org/x.xsd"/>"#,
    ];
    for child in right {
        assert_eq!(code(child).0, 0, "{child}");
    }
    let (code_of, err) = code(r#"<xs:include schemaLocation="gone.xsd"/>"#);
    assert_eq!(code_of, 2);
    assert_eq!(
        err,
        "tongguan: main.xsd:2: src-include.1: the schema file gone.xsd is not there\n"
    );
    let (code_of, err) = code(r#"<xs:include schemaLocation="https://example.org/x.xsd"/>"#);
    assert_eq!(code_of, 2);
    assert!(err.contains("nothing is fetched"), "{err}");
}

#[test]
fn a_space_in_a_location_may_be_escaped() {
    let with = |location: &str| {
        format!(
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:include schemaLocation=\"{location}\"/></xs:schema>"
        )
    };
    let part = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"/>";
    let bench = Bench::new(&[("own/the part.xsd", part), ("part.xsd", part)]);
    for (location, code) in [
        ("the%20part.xsd", 0),
        ("the part.xsd", 0),
        ("the%2part.xsd", 2),
        ("%2E%2E/part.xsd", 2),
        ("..%2Fpart.xsd", 2),
    ] {
        fs::write(bench.path("own/main.xsd"), with(location)).expect("written");
        let ran = bench.run(&["--schema", "own/main.xsd"]);
        assert_eq!(ran.code, Some(code), "{location}: {}", ran.err);
    }
}

#[test]
fn the_document_does_not_choose_its_schema() {
    let own = "<order xmlns=\"urn:order\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:order mine.xsd\"><number>A-1780</number><amount>1</amount></order>";
    let bench = Bench::new(&[
        ("order.xsd", ORDER),
        ("types.xsd", TYPES),
        ("mine.xsd", &ORDER.replace("t:number", "xs:string")),
        ("own.xml", own),
    ]);
    assert_eq!(bench.run(&with_both(&["own.xml"])).code, Some(1));
}

#[test]
fn standard_input_is_a_file_too() {
    let bench = Bench::orders();
    let ran = bench.run_with(&with_both(&["-"]), VALID);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "-: valid\n"));
    let ran = bench.run_with(&with_both(&["-"]), INVALID);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.contains("  -:2:11 cvc-maxLength-valid"),
        "{}",
        ran.out
    );
    let ran = bench.run_with(&with_both(&["-"]), "");
    assert_eq!(ran.code, Some(1), "nothing is not a document");
}

#[test]
fn an_unreadable_file_does_not_keep_the_others_from_being_checked() {
    let bench = Bench::orders();
    fs::create_dir(bench.path("folder")).expect("made");
    let ran = bench.run(&with_both(&[
        "valid.xml",
        "gone.xml",
        "invalid.xml",
        "folder",
        "valid.xml",
    ]));
    assert_eq!(ran.code, Some(2));
    let verdicts: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert_eq!(
        verdicts,
        [
            "valid.xml: valid",
            "invalid.xml: invalid",
            "valid.xml: valid"
        ]
    );
    let faults: Vec<&str> = ran.err.lines().collect();
    assert!(faults[0].starts_with("tongguan: gone.xml: "), "{faults:?}");
    assert!(faults[1].starts_with("tongguan: folder: "), "{faults:?}");
    assert!(
        faults[2].starts_with("5 files, 1 invalid, 2 unreadable, "),
        "{faults:?}"
    );
    assert_eq!(faults[3], "tongguan: 2 of 5 files could not be read");
    assert_eq!(faults.len(), 4);
}

#[test]
fn many_files_end_with_a_line_about_the_throughput() {
    let bench = Bench::orders();
    let ran = bench.run(&with_both(&["valid.xml", "invalid.xml", "valid.xml"]));
    assert_eq!(ran.code, Some(1));
    let line = ran.err.trim_end();
    assert!(
        line.starts_with("3 files, 1 invalid, 0.000 MB in "),
        "{line}"
    );
    assert!(line.ends_with(" files/s"), "{line}");
    assert!(
        line.contains(" s of validation: ") && line.contains(" MB/s, "),
        "{line}"
    );
    // One file has none.
    assert_eq!(bench.run(&with_both(&["valid.xml"])).err, "");
}

#[test]
fn json_has_exactly_these_members() {
    let bench = Bench::orders();
    let ran = bench.run(&with_both(&["--json", "invalid.xml", "valid.xml"]));
    assert_eq!(ran.code, Some(1));
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0],
        serde_json::json!({
            "file": "invalid.xml",
            "valid": false,
            "findings": [
                {
                    "code": "cvc-maxLength-valid", "name": "too-long", "path": "/order/number",
                    "line": 2, "column": 11, "offset": 36, "value": "A-1780",
                    "expected": "maxLength 4", "text": "The value is too long; shorten it",
                },
                {
                    "code": "cvc-datatype-valid.1.2.1", "name": "wrong-form",
                    "path": "/order/amount[2]", "line": 4, "column": 11, "offset": 86,
                    "value": "much", "expected": "decimal",
                    "text": "The value does not have the form of its type; write it as expected",
                },
            ],
            "findings_omitted": 0,
        })
    );
    assert_eq!(
        lines[1],
        serde_json::json!({"file": "valid.xml", "valid": true, "findings": [], "findings_omitted": 0})
    );
    // What is not XML has the same members, with an empty name.
    let ran = bench.run_with(&with_both(&["--json", "-"]), "<order");
    let line: Value = serde_json::from_str(&ran.out).expect("JSON");
    let members = |value: &Value| -> BTreeSet<String> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(
        members(&line["findings"][0]),
        members(&lines[0]["findings"][0])
    );
    assert_eq!(line["findings"][0]["code"], "xml-not-well-formed");
    assert_eq!(line["findings"][0]["name"], "");
}

#[test]
fn findings_beyond_the_cap_are_counted() {
    let bench = Bench::orders();
    let ran = bench.run(&with_both(&["--json", "--findings", "1", "invalid.xml"]));
    let line: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(line["findings"].as_array().expect("a list").len(), 1);
    assert_eq!(line["findings_omitted"], 1);
    let ran = bench.run(&with_both(&["--findings", "1", "invalid.xml"]));
    assert!(ran.out.ends_with("  and 1 more\n"), "{}", ran.out);
    // None wanted: the verdict stays.
    let ran = bench.run(&with_both(&["--findings", "0", "invalid.xml"]));
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert_eq!(ran.out, "invalid.xml: invalid\n  and 2 more\n");
}

#[test]
fn the_texts_are_there_in_chinese() {
    let bench = Bench::orders();
    let ran = bench.run(&with_both(&["--language", "zh", "invalid.xml"]));
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("值过长，请缩短"), "{}", ran.out);
    let ran = bench.run(&with_both(&["--language", "zh", "--json", "invalid.xml"]));
    let line: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(line["findings"][0]["text"], "值过长，请缩短");
    assert_eq!(line["findings"][0]["name"], "too-long");
}

/// Whoever has read enough ends the command; it says nothing about it.
#[test]
fn a_reader_may_leave_early() {
    let bench = Bench::orders();
    let many: Vec<&str> = with_both(&["--json"])
        .into_iter()
        .chain(std::iter::repeat_n("invalid.xml", 500))
        .collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tongguan"))
        .arg("validate")
        .args(many)
        .current_dir(bench.0.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("panicked"), "{err}");
    assert_eq!(output.status.code(), Some(1), "{err}");
}

/// Without `--schema` the families check, and the files are gone through in the same way.
#[test]
fn families_check_the_rest_when_a_file_cannot_be_read() {
    let bench = Bench::new(&[(
        "goods.xml",
        include_str!("messages/goods/broken/missing-mandatory.xml"),
    )]);
    let ran = bench.run(&["gone.xml", "goods.xml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.starts_with("tongguan: gone.xml: "), "{}", ran.err);
    assert!(
        ran.out
            .starts_with("goods.xml: refused, DecMessage (goods)\n  goods.xml:"),
        "{}",
        ran.out
    );
    let json = bench.run(&["--json", "goods.xml"]);
    let line: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json.code, Some(1));
    assert_eq!(line["message_type"], "DecMessage");
    assert_eq!(line["findings"][0]["severity"], "error");
}
