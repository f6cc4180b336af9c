//! Schemas that are wrong or use what is not supported are refused with file, line and name;
//! nothing is skipped. A table of schema bodies, the line and the words of the mistake.

use tongguan::schema::{Files, Schema};

fn compile(body: &str) -> Result<(), (u32, String)> {
    let text =
        format!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n{body}\n</xs:schema>");
    let files = Files::from([("a.xsd".to_owned(), text.into_bytes())]);
    Schema::compile("a.xsd", &files)
        .map(|_| ())
        .map_err(|mistake| {
            assert_eq!(mistake.file, "a.xsd");
            (mistake.line, mistake.text)
        })
}

#[test]
fn wrong_schemas_are_refused_by_name() {
    let element = |model: &str| {
        format!("<xs:element name='r'>\n<xs:complexType>\n{model}\n</xs:complexType></xs:element>")
    };
    let a = "<xs:element name='a' type='xs:string'/>";
    let table: Vec<(String, u32, &str)> = vec![
        ("<xs:element name='r' type='xs:strin'/>".to_owned(), 2, "built-in type strin"),
        ("<xs:element name='r' type='t'/>".to_owned(), 2, "src-resolve"),
        ("<xs:import namespace='u'/>".to_owned(), 2, "import is not supported"),
        ("<xs:redefine schemaLocation='b.xsd'/>".to_owned(), 2, "redefine is not supported"),
        ("<xs:include schemaLocation='b.xsd'/>".to_owned(), 2, "b.xsd is not there"),
        ("<xs:include schemaLocation='../b.xsd'/>".to_owned(), 2, "out of the folder"),
        (element(&format!("<xs:sequence>{a}<xs:any/></xs:sequence>")), 4, "any is not supported"),
        (element(&format!("<xs:sequence><xs:element name='a' type='xs:string' minOccurs='0'/>{a}</xs:sequence>")), 3, "cos-nonambig"),
        (element(&format!("<xs:choice>{a}{a}</xs:choice>")), 3, "cos-nonambig"),
        (element(&format!("<xs:all>{a}{a}</xs:all>")), 4, "cos-nonambig"),
        (element("<xs:all><xs:element name='a' type='xs:string' maxOccurs='2'/></xs:all>"), 4, "cos-all-limited"),
        (element("<xs:sequence><xs:element name='a' type='xs:string' minOccurs='3' maxOccurs='2'/></xs:sequence>"), 4, "p-props-correct"),
        ("<xs:element name='r' type='xs:string' nillable='true'/>".to_owned(), 2, "nillable"),
        ("<xs:element name='r' type='xs:string'/><xs:element name='r' type='xs:string'/>".to_owned(), 2, "sch-props-correct"),
        ("<xs:simpleType name='t'><xs:restriction base='t'/></xs:simpleType>".to_owned(), 2, "circular"),
        ("<xs:simpleType name='t'><xs:restriction base='xs:string'>\n<xs:pattern value='[a'/></xs:restriction></xs:simpleType>".to_owned(), 3, "pattern-valid"),
        ("<xs:simpleType name='t'><xs:restriction base='xs:decimal'>\n<xs:enumeration value='x'/></xs:restriction></xs:simpleType>".to_owned(), 3, "enumeration-valid-restriction"),
        ("<xs:simpleType name='t'><xs:restriction base='xs:string'><xs:minLength value='3'/><xs:maxLength value='2'/></xs:restriction></xs:simpleType>".to_owned(), 2, "minLength-less-than-equal-to-maxLength"),
        ("<xs:group name='g'><xs:sequence><xs:group ref='g'/></xs:sequence></xs:group>".to_owned(), 2, "circular"),
        ("<xs:element".to_owned(), 3, "xml-not-well-formed"),
    ];
    let mut wrong = Vec::new();
    for (body, line, words) in table {
        let (at, text) = compile(&body).expect_err(&body);
        if !text.contains(words) || at != line {
            wrong.push(format!("{body}: line {at} {text}, not line {line} {words}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    compile(&format!(
        "{}<!-- fine -->",
        element(&format!(
            "<xs:sequence minOccurs='0' maxOccurs='unbounded'>{a}</xs:sequence>"
        ))
    ))
    .expect("is fine");
}
