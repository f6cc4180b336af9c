//! What `docs/schema.md` says about the schema engine is so: its tables are made from the codes
//! of the engine, from the corpus of `tests/xsd`, from the constants in the sources and from what
//! the engine says, and its commands are run. `UPDATE=1 cargo test --test schema_doc` writes all
//! of it anew; the change is then reviewed as a diff.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use tongguan::finding::Findings;
use tongguan::schema::{Files, MESSAGES, Schema};
use tongguan::xml::{Document, Limits};

#[test]
fn the_page_is_what_the_code_and_the_corpus_say() {
    let path = root().join("docs/schema.md");
    let page = fs::read_to_string(&path).expect("docs/schema.md");
    let corpus = corpus();
    let mut new = page.clone();
    for (name, content) in [
        ("codes", codes()),
        ("components", constructs(&corpus, COMPONENTS)),
        ("facets", constructs(&corpus, FACETS)),
        ("datatypes", constructs(&corpus, DATATYPES)),
        ("refused", refused()),
        ("limits", limits()),
        ("validators", validators(&corpus)),
    ] {
        new = between(&new, name, &content);
    }
    new = commands(&new);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, new).expect("docs/schema.md");
        return;
    }
    for (is, should) in page.lines().zip(new.lines()) {
        assert_eq!(
            is, should,
            "UPDATE=1 cargo test --test schema_doc writes it anew"
        );
    }
    assert_eq!(page.lines().count(), new.lines().count());
}

/// Every construct of the corpus stands in one of the three tables.
#[test]
fn no_construct_is_left_out() {
    let known = [COMPONENTS, FACETS, DATATYPES].map(|names| names.split("; "));
    let known: Vec<&str> = known.into_iter().flatten().collect();
    for case in corpus() {
        for construct in &case.constructs {
            assert!(
                known.contains(&construct.as_str()),
                "{} shows {construct}, which is in no table",
                case.name
            );
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The page with `content` between the two comments that name `part`.
fn between(page: &str, part: &str, content: &str) -> String {
    let begin = format!("<!-- {part}: generated -->\n");
    let end = format!("<!-- {part}: end -->");
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{begin:?} is not in the page"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{end:?} is not in the page"));
    format!("{before}{begin}{content}{end}{after}")
}

/// Every code that a walk can find.
fn codes() -> String {
    let mut rows: Vec<(&str, &str, &str)> = MESSAGES
        .iter()
        .map(|(code, name, _, en)| {
            // A letter tells cases apart for which the standard has one constraint.
            let (front, last) = code.rsplit_once('.').unwrap_or((code, ""));
            let letter = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_lowercase());
            (if letter { front } else { *code }, *name, *en)
        })
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let mut out = "| code | name | text |\n|---|---|---|\n".to_owned();
    for (code, name, en) in rows {
        _ = writeln!(out, "| `{code}` | `{name}` | {en} |");
    }
    out
}

#[derive(Deserialize)]
struct Topic {
    #[serde(default)]
    case: Vec<Entry>,
    #[serde(default)]
    values: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    construct: Option<String>,
    #[serde(rename = "type", default)]
    body: String,
    note: Option<String>,
    #[serde(default)]
    valid: Vec<String>,
    #[serde(default)]
    fit: Vec<String>,
}

/// A case of the corpus.
struct Case {
    /// File and name: `import/import-simple`.
    name: String,
    topic: String,
    constructs: Vec<String>,
    note: String,
    /// Whether a right document is among what it shows.
    positive: bool,
}

fn corpus() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut paths: Vec<PathBuf> = ["structures", "datatypes"]
        .iter()
        .flat_map(|folder| fs::read_dir(root().join("tests/xsd").join(folder)).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == "toml"))
        .collect();
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a text file");
        let topic: Topic = toml::from_str(&text).expect("a topic");
        let name = path.file_stem().expect("a name").to_string_lossy();
        for entry in topic.case.into_iter().chain(topic.values) {
            cases.push(Case {
                name: format!("{name}/{}", entry.name),
                topic: name.to_string(),
                constructs: match entry.construct {
                    Some(construct) => vec![construct],
                    None => constructs_of_type(&entry.body),
                },
                note: entry.note.unwrap_or_default(),
                positive: !entry.valid.is_empty() || !entry.fit.is_empty(),
            });
        }
    }
    cases
}

/// What the definition of a simple type shows: its facets, lists and unions, and the built-in
/// types that it names.
fn constructs_of_type(body: &str) -> Vec<String> {
    let mut found: Vec<String> = body
        .split("xs:")
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric());
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .filter(|name| !["simpleType", "restriction"].contains(&name.as_str()))
        .collect();
    found.sort();
    found.dedup();
    found
}

const COMPONENTS: &str = "schema; include; import; redefine; annotation; names of declarations; \
    references to declarations; circular definitions; element; root element; \
    elementFormDefault; form; default; fixed; nillable; abstract; substitutionGroup; block; \
    blockDefault; final; finalDefault; xsi:type; simpleType; restriction of a simple type; \
    list; union; complexType; simpleContent; extension of a complex type; \
    restriction of a complex type; mixed; empty content; sequence; choice; all; group; any; \
    minOccurs, maxOccurs; Unique Particle Attribution; Element Declarations Consistent; \
    attribute; use; attributeGroup; anyAttribute; key; keyref; unique; selector; field; \
    notation";
const FACETS: &str = "length; minLength; maxLength; pattern; enumeration; whiteSpace; minInclusive; \
    minExclusive; maxInclusive; maxExclusive; totalDigits; fractionDigits; fixed of a facet";
const DATATYPES: &str = "string; normalizedString; token; language; Name; NCName; NMTOKEN; NMTOKENS; ID; IDREF; \
    IDREFS; ENTITY; ENTITIES; boolean; decimal; integer; nonPositiveInteger; \
    negativeInteger; long; int; short; byte; nonNegativeInteger; unsignedLong; unsignedInt; \
    unsignedShort; unsignedByte; positiveInteger; float; double; duration; dateTime; time; \
    date; gYearMonth; gYear; gMonthDay; gDay; gMonth; hexBinary; base64Binary; anyURI; \
    QName; NOTATION";

/// What is to be said of a construct beside that it is supported.
const REMARKS: [(&str, &str); 6] = [
    ("include", "yes; the file has to be there"),
    ("import", "yes; a file that is not there is passed over"),
    ("minOccurs, maxOccurs", "yes, counted; see the limits"),
    ("pattern", "yes; see the limits"),
    (
        "ENTITY",
        "a value is always wrong: it names an entity of a DTD, and there is none",
    ),
    ("ENTITIES", "a value is always wrong, as of ENTITY"),
];

/// Construct, supported, shown by.
fn constructs(corpus: &[Case], names: &str) -> String {
    let mut out = "| construct | supported | shown by |\n|---|---|---|\n".to_owned();
    for name in names.split("; ") {
        let cases: Vec<&Case> = corpus
            .iter()
            .filter(|case| case.constructs.iter().any(|construct| *construct == name))
            .collect();
        let example = cases.iter().find(|case| case.positive).or(cases.first());
        let Some(example) = example else {
            panic!("no case shows {name}");
        };
        let remark = REMARKS.iter().find(|(construct, _)| *construct == name);
        let remark = remark.map_or("yes", |(_, remark)| remark);
        let count = match cases.len() {
            1 => "1 case".to_owned(),
            count => format!("{count} cases"),
        };
        _ = writeln!(out, "| {name} | {remark} | {count}; `{}` |", example.name);
    }
    out
}

/// What is refused, or read and limited: construct, a child of `schema` that has it, a document
/// where the schema is right.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "`assert` (XSD 1.1)",
        "<xs:complexType name='t'><xs:sequence/><xs:assert test='true()'/></xs:complexType>",
        "",
    ),
    (
        "`assertion` (XSD 1.1)",
        "<xs:simpleType name='t'><xs:restriction base='xs:int'><xs:assertion test='true()'/></xs:restriction></xs:simpleType>",
        "",
    ),
    (
        "`explicitTimezone` (XSD 1.1)",
        "<xs:simpleType name='t'><xs:restriction base='xs:date'><xs:explicitTimezone value='required'/></xs:restriction></xs:simpleType>",
        "",
    ),
    (
        "`alternative` (XSD 1.1)",
        "<xs:element name='r'><xs:alternative type='xs:int'/></xs:element>",
        "",
    ),
    (
        "`openContent` (XSD 1.1)",
        "<xs:complexType name='t'><xs:openContent><xs:any/></xs:openContent></xs:complexType>",
        "",
    ),
    (
        "`override` (XSD 1.1)",
        "<xs:override schemaLocation='other.xsd'/>",
        "",
    ),
    (
        "`notNamespace` (XSD 1.1)",
        "<xs:complexType name='t'><xs:anyAttribute notNamespace='urn:x'/></xs:complexType>",
        "",
    ),
    (
        "`dateTimeStamp` and other types of XSD 1.1",
        "<xs:element name='r' type='xs:dateTimeStamp'/>",
        "",
    ),
    (
        "an element of `all` more than once (XSD 1.1)",
        "<xs:complexType name='t'><xs:all><xs:element name='a' maxOccurs='2'/></xs:all></xs:complexType>",
        "",
    ),
    (
        "an `include` that leads to no file",
        "<xs:include schemaLocation='gone.xsd'/>",
        "",
    ),
    (
        "an `include` of an address",
        "<xs:include schemaLocation='https://example.org/x.xsd'/>",
        "",
    ),
    (
        "counts that can be told apart in more than one way (seven `a` of `(a{3,4}){0,3}` are 3 and 4 or 4 and 3) and multiply to more than 10,000",
        "<xs:complexType name='t'><xs:sequence minOccurs='0' maxOccurs='300'><xs:element name='a' minOccurs='300' maxOccurs='301'/></xs:sequence></xs:complexType>",
        "",
    ),
    (
        "a pattern of too many states",
        "<xs:simpleType name='t'><xs:restriction base='xs:string'><xs:pattern value='([a-z]{1,300},){1,300}'/></xs:restriction></xs:simpleType>",
        "",
    ),
    ("a `DOCTYPE` in a schema", "<!DOCTYPE>", ""),
    (
        "a `DOCTYPE` in a document",
        "<xs:element name='r'/>",
        "<!DOCTYPE r><r/>",
    ),
    (
        "a value of `ENTITY`",
        "<xs:element name='r' type='xs:ENTITY'/>",
        "<r>logo</r>",
    ),
];

/// Construct, and what is said when it is met: by the engine itself, here and now.
fn refused() -> String {
    let mut out = "| met | said |\n|---|---|\n".to_owned();
    for (construct, child, document) in REFUSED {
        let text = match *child {
            "<!DOCTYPE>" => "<!DOCTYPE xs:schema><xs:schema/>".to_owned(),
            child => format!(
                "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\n{child}\n</xs:schema>"
            ),
        };
        let files = Files::from([("your.xsd".to_owned(), text.into_bytes())]);
        let said = match Schema::compile("your.xsd", &files) {
            Err(mistake) if document.is_empty() => mistake.text,
            Ok(schema) if !document.is_empty() => finding(&schema, document),
            Err(mistake) => panic!("{construct}: {mistake}"),
            Ok(_) => panic!("{construct} is not refused"),
        };
        _ = writeln!(out, "| {construct} | `{said}` |");
    }
    out
}

fn finding(schema: &Schema, document: &str) -> String {
    let mut findings = Findings::new(10);
    let document = Document::from_text(document);
    schema.walk(&document, &Limits::default(), &mut (), &mut findings);
    match findings.list() {
        [finding] => format!("{}: {}", finding.code, finding.text.en),
        other => panic!("{other:?}"),
    }
}

/// Constant, file below `src`, what it bounds.
const BOUNDS: &[(&str, &str, &str)] = &[
    ("FILES_MAX", "schema/load.rs", "files of one set"),
    (
        "DEPTH_MAX",
        "schema/tree.rs",
        "elements of a schema file inside each other",
    ),
    (
        "CHAIN_MAX",
        "schema/compile/mod.rs",
        "definitions that lead to each other: bases, groups, a line of substitution groups",
    ),
    (
        "POSITIONS_MAX",
        "schema/glushkov.rs",
        "elements and wildcards of one content model, groups written out",
    ),
    (
        "PAIRS_MAX",
        "schema/glushkov.rs",
        "pairs of them that may follow each other",
    ),
    (
        "LOOPS_MAX",
        "schema/glushkov.rs",
        "repetitions with a count in one content model",
    ),
    (
        "DEPTH_MAX",
        "schema/glushkov.rs",
        "groups of one content model inside each other",
    ),
    (
        "LOOKS_MAX",
        "schema/compile/restriction.rs",
        "comparisons of particles between a restriction and its base",
    ),
    (
        "STATES_MAX",
        "schema/pattern/mod.rs",
        "states of one pattern",
    ),
    (
        "DEPTH_MAX",
        "schema/pattern/parse.rs",
        "groups of one pattern inside each other",
    ),
    (
        "BINDINGS_MAX",
        "xml/tag.rs",
        "namespace prefixes bound at one place",
    ),
];

/// The limits with their values, read from the sources.
fn limits() -> String {
    let mut out = "| at most | of | constant |\n|---|---|---|\n".to_owned();
    for (name, file, what) in BOUNDS {
        let source = fs::read_to_string(root().join("src").join(file)).expect("a source");
        let declared = format!("const {name}: ");
        let value = source
            .split(&declared)
            .nth(1)
            .and_then(|rest| rest.split_once(" = ")?.1.split_once(';'))
            .unwrap_or_else(|| panic!("{file} has no {name}"))
            .0
            .replace('_', "");
        let value: u64 = match value.split_once(" << ") {
            Some((one, places)) => {
                one.parse::<u64>().expect("a number") << places.parse::<u32>().expect("a number")
            }
            None => value.parse().expect("a number"),
        };
        let digits = value.to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        _ = writeln!(out, "| {grouped} | {what} | `{name}` in `src/{file}` |");
    }
    out
}

/// For each other validator the number of cases in which its verdict is another one, by file.
fn validators(corpus: &[Case]) -> String {
    const VERBS: [&str; 7] = [
        "accepts ",
        "accept ",
        "rejects ",
        "refuses ",
        "refuse ",
        "fails ",
        "runs out ",
    ];
    let mut out = "| validator | cases | files of the corpus |\n|---|---|---|\n".to_owned();
    for validator in ["libxml2", "Xerces-J", "Python xmlschema"] {
        let differs = |case: &&Case| {
            case.note.split(validator).skip(1).any(|rest| {
                let rest = rest.trim_start();
                // "libxml2 and Python xmlschema accept this schema"
                let rest = rest.strip_prefix("and ").map_or(rest, |rest| {
                    rest.trim_start_matches("Python ")
                        .split_once(' ')
                        .map_or("", |(_, rest)| rest)
                });
                VERBS.iter().any(|verb| rest.starts_with(verb))
            })
        };
        let mut topics: BTreeMap<&str, usize> = BTreeMap::new();
        for case in corpus.iter().filter(differs) {
            *topics.entry(&case.topic).or_default() += 1;
        }
        let all: usize = topics.values().sum();
        let list: Vec<String> = topics
            .iter()
            .map(|(topic, count)| format!("{topic} {count}"))
            .collect();
        _ = writeln!(
            out,
            "| {validator} | {all} of {} | {} |",
            corpus.len(),
            list.join(", ")
        );
    }
    out
}

/// Runs the commands of the page (`$ tongguan …`, in fences of `console`) in the folder of the
/// example, and gives the page with what they say.
fn commands(page: &str) -> String {
    let folder = root().join("docs/examples/declaration");
    let mut out = String::new();
    let mut parts = page.split("```console\n");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (block, after) = part.split_once("```").expect("a fence ends");
        out.push_str("```console\n");
        for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let said = run(&folder, command);
            // How fast it was is as it was when the page was written.
            let said = said.lines().map(|line| {
                let known = block
                    .lines()
                    .find(|known| timed(line).is_some() && timed(known) == timed(line));
                known.unwrap_or(line)
            });
            _ = writeln!(out, "$ {command}");
            for line in said {
                _ = writeln!(out, "{line}");
            }
        }
        out.push_str("```");
        out.push_str(after);
    }
    out
}

/// What stands before the measured numbers of a line about throughput.
fn timed(line: &str) -> Option<&str> {
    line.contains(" s of validation: ")
        .then(|| line.split(" MB in ").next().unwrap_or_default())
}

/// Standard output, standard error and, if asked for, the exit code of a command.
fn run(folder: &Path, command: &str) -> String {
    let (words, code) = match command.strip_suffix("; echo $?") {
        Some(words) => (words, true),
        None => (command, false),
    };
    let mut words = words.split(' ').filter(|word| !word.is_empty());
    assert_eq!(words.next(), Some("tongguan"), "{command}");
    let output = Command::new(env!("CARGO_BIN_EXE_tongguan"))
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("runs");
    let mut said = String::from_utf8(output.stdout).expect("UTF-8");
    said.push_str(&String::from_utf8(output.stderr).expect("UTF-8"));
    if code {
        _ = writeln!(said, "{}", output.status.code().expect("a code"));
    }
    said
}
