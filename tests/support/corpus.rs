//! The corpus of `tests/xsd` as it is written down: schemas with documents, and simple types
//! with texts, in one TOML file a topic.

use std::collections::BTreeMap;

use serde::Deserialize;
use tongguan::schema::Files;

/// One file of the corpus.
#[derive(Deserialize)]
pub struct Topic {
    #[serde(default)]
    pub case: Vec<Case>,
    #[serde(default)]
    pub values: Vec<Values>,
}

/// A schema, and what is to be said of it and of documents.
#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub schema: String,
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    #[allow(dead_code)]
    pub wrong: Option<Wrong>,
    #[serde(default)]
    pub valid: Vec<String>,
    #[serde(default)]
    pub invalid: Vec<Invalid>,
}

/// What is wrong with a schema.
#[derive(Deserialize)]
#[allow(dead_code)]
pub struct Wrong {
    pub constraint: String,
    pub line: u32,
    pub file: Option<String>,
}

/// A document and its findings.
#[derive(Deserialize)]
#[allow(dead_code)]
pub struct Invalid {
    pub document: String,
    pub findings: Vec<String>,
}

/// A simple type, and texts that fit it or not.
#[derive(Deserialize)]
pub struct Values {
    pub name: String,
    #[serde(rename = "type")]
    pub body: String,
    #[serde(default)]
    pub fit: Vec<String>,
    #[serde(default)]
    pub differ: Vec<String>,
}

/// The topics of a folder with their names, sorted.
pub fn topics(folder: &str) -> Vec<(String, Topic)> {
    let mut topics = Vec::new();
    for entry in std::fs::read_dir(folder).expect(folder) {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text file");
        let topic: Topic =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().expect("a name").to_string_lossy();
        topics.push((name.into_owned(), topic));
    }
    topics.sort_by(|a, b| a.0.cmp(&b.0));
    topics
}

impl Case {
    /// Its schema as `main.xsd`, and the files beside it.
    pub fn files(&self) -> Files {
        let beside = self.files.iter();
        let mut files: Files = beside
            .map(|(name, text)| (name.clone(), text.clone().into_bytes()))
            .collect();
        files.insert("main.xsd".to_owned(), self.schema.clone().into_bytes());
        files
    }
}

impl Values {
    /// A schema with an element of the type, as `main.xsd`.
    pub fn files(&self) -> Files {
        let element = if self.body.trim_start().starts_with('<') {
            format!(
                "<xs:element name='r'><xs:simpleType>{}</xs:simpleType></xs:element>",
                self.body
            )
        } else {
            format!("<xs:element name='r' type='{}'/>", self.body)
        };
        let text =
            format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{element}</xs:schema>");
        Files::from([("main.xsd".to_owned(), text.into_bytes())])
    }

    /// A document with this value.
    pub fn document(value: &str) -> String {
        let value = value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('\t', "&#9;")
            .replace('\n', "&#10;")
            .replace('\r', "&#13;");
        format!("<r xmlns:xs='http://www.w3.org/2001/XMLSchema'>{value}</r>")
    }
}
