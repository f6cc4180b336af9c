//! Schema files as a tree of the elements that a message may have, for documents and lists:
//! path, how often, what stands inside in words, what it means. The engine is not asked, so
//! that what it says of a schema and what a page says come from two readers.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tongguan::schema::beside;

use super::xml_nodes::{Node, parse};

const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// The files of one schema.
pub struct Files {
    documents: Vec<Document>,
}

struct Document {
    /// Name below the folder of families.
    file: String,
    /// What its global components are in; of an including file, if it has none of its own.
    namespace: String,
    root: Node,
}

/// An element or attribute of a message, with what stands inside.
#[derive(Debug, Clone)]
pub struct Element {
    /// Local name; `@Name` of an attribute, `*` of any element.
    pub name: String,
    pub min: u32,
    /// `None`: without limit.
    pub max: Option<u32>,
    pub zh: String,
    pub en: String,
    /// What its text may be, if it may have one.
    pub value: Option<Value>,
    pub default: Option<String>,
    pub children: Vec<Element>,
    /// Whether all of them may be left out, even those that have to be there otherwise.
    pub may_be_empty: bool,
    /// The type that it is inside of already: the tree ends here.
    pub again: Option<String>,
}

impl Element {
    /// The element at a path of local names; the path "" is this one.
    pub fn at(&self, path: &str) -> Option<&Element> {
        let mut steps = path.split('/').filter(|step| !step.is_empty());
        steps.try_fold(self, |element, step| {
            element.children.iter().find(|child| child.name == step)
        })
    }

    /// Every element below with its path.
    pub fn below(&self) -> Vec<(String, &Element)> {
        let mut all = Vec::new();
        for child in &self.children {
            all.push((child.name.clone(), child));
            let inside = child.below();
            all.extend(
                inside
                    .into_iter()
                    .map(|(path, e)| (format!("{}/{path}", child.name), e)),
            );
        }
        all
    }
}

/// A simple type.
#[derive(Debug, Clone, Default)]
pub struct Value {
    /// The built-in type that it is made from.
    pub base: String,
    pub facets: BTreeMap<String, String>,
    /// One of each group has to fit.
    pub patterns: Vec<Vec<String>>,
    pub enumeration: Vec<Code>,
    /// Of a union.
    pub members: Vec<Value>,
    /// Of a list.
    pub item: Option<Box<Value>>,
}

/// A value of an enumeration.
#[derive(Debug, Clone)]
pub struct Code {
    pub value: String,
    pub zh: String,
    pub en: String,
}

impl Value {
    pub fn number(&self, facet: &str) -> Option<usize> {
        self.facets.get(facet).and_then(|value| value.parse().ok())
    }

    /// Whether only the empty text is one.
    pub fn is_empty_text(&self) -> bool {
        let is_one = |code: &Code| code.value.is_empty();
        self.number("maxLength").or(self.number("length")) == Some(0)
            || (!self.enumeration.is_empty() && self.enumeration.iter().all(is_one))
    }

    /// The alternatives: the members of a union, or itself.
    pub fn alternatives(&self) -> Vec<&Value> {
        match &self.members[..] {
            [] => vec![self],
            members => members.iter().flat_map(Value::alternatives).collect(),
        }
    }
}

impl Files {
    /// Reads `entry` of `folder` below `families` and what it includes and imports.
    pub fn load(families: &Path, folder: &str, entry: &str) -> Files {
        let mut files = Files {
            documents: Vec::new(),
        };
        files.add(families, &format!("{folder}/{entry}"), "");
        files
    }

    fn add(&mut self, families: &Path, file: &str, includer: &str) {
        let text = fs::read_to_string(families.join(file));
        let root = parse(
            file,
            &text.unwrap_or_else(|error| panic!("{file}: {error}")),
        );
        let namespace = root.get("targetNamespace").unwrap_or(includer).to_owned();
        let known = |other: &Document| other.file == file && other.namespace == namespace;
        if self.documents.iter().any(known) {
            return;
        }
        let mut further = Vec::new();
        for child in &root.children {
            let inside = match child.name.as_str() {
                "include" | "redefine" => namespace.clone(),
                "import" => String::new(),
                _ => continue,
            };
            let found = child
                .get("schemaLocation")
                .and_then(|location| beside(file, location));
            further.extend(found.map(|found| (found, inside)));
        }
        self.documents.push(Document {
            file: file.to_owned(),
            namespace,
            root,
        });
        for (found, inside) in further {
            self.add(families, &found, &inside);
        }
    }

    /// The tree below the global element `name` of `namespace`.
    pub fn element(&self, namespace: &str, name: &str) -> Element {
        let (document, found) = self
            .find("element", namespace, name)
            .unwrap_or_else(|| panic!("there is no element {name} in {namespace:?}"));
        let mut out = Vec::new();
        self.particle(document, found, (1, Some(1)), &mut Vec::new(), &mut out);
        out.remove(0)
    }

    fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<(&Document, &Node)> {
        let own = || self.documents.iter().filter(|d| d.namespace == namespace);
        let redefined = own().flat_map(|document| components(document, true));
        redefined
            .chain(own().flat_map(|document| components(document, false)))
            .find(|(_, node)| node.name == kind && node.get("name") == Some(name))
    }

    /// The component that `node` redefines, if it does; else itself.
    fn redefined<'f>(&'f self, document: &'f Document, node: &'f Node) -> (&'f Document, &'f Node) {
        let own = self
            .documents
            .iter()
            .filter(|d| d.namespace == document.namespace);
        own.flat_map(|document| components(document, false))
            .find(|(_, other)| other.name == node.name && other.get("name") == node.get("name"))
            .unwrap_or((document, node))
    }

    /// The component that `name`, as written in `document`, refers to; `Err` is a built-in type.
    fn refer<'f>(
        &'f self,
        document: &Document,
        kinds: &[&str],
        name: &str,
    ) -> Result<(&'f Document, &'f Node), String> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declaration = match prefix {
            "" => "xmlns".to_owned(),
            prefix => format!("xmlns:{prefix}"),
        };
        let namespace = match document.root.get(&declaration) {
            Some(XSD) => return Err(local.to_owned()),
            Some(namespace) => namespace,
            None => "",
        };
        // What an including file makes of names without a namespace.
        [namespace, &document.namespace]
            .iter()
            .flat_map(|namespace| kinds.iter().map(move |kind| (*namespace, *kind)))
            .find_map(|(namespace, kind)| self.find(kind, namespace, local))
            .ok_or_else(|| panic!("{}: there is no {name}", document.file))
    }

    /// Adds the elements of a particle, which stands so often, to `out`.
    fn particle<'f>(
        &'f self,
        document: &'f Document,
        node: &'f Node,
        (min, max): (u32, Option<u32>),
        open: &mut Vec<&'f Node>,
        out: &mut Vec<Element>,
    ) {
        let (own_min, own_max) = occurs(node);
        let min = min * own_min;
        let max = max.zip(own_max).map(|(max, own)| max * own);
        match node.name.as_str() {
            "sequence" | "all" | "group" | "choice" => {
                self.group(document, node, (min, max), open, out);
            }
            "element" => {
                let (at, declared) = match node.get("ref") {
                    Some(name) => self.refer(document, &["element"], name).expect("one"),
                    None => (document, node),
                };
                let mut element = self.declared(at, declared, min, max, open);
                for (own, language) in [(&mut element.zh, "zh"), (&mut element.en, "en")] {
                    let here = node.documentation(language);
                    if !here.is_empty() {
                        *own = here;
                    }
                }
                out.push(element);
            }
            "any" => out.push(Element {
                name: "*".to_owned(),
                min,
                max,
                zh: node.documentation("zh"),
                en: node.documentation("en"),
                value: None,
                default: None,
                children: Vec::new(),
                may_be_empty: false,
                again: None,
            }),
            other => panic!("{}:{}: {other} is not read here", document.file, node.line),
        }
    }

    /// Adds the elements of a group, which stands so often, to `out`.
    fn group<'f>(
        &'f self,
        document: &'f Document,
        node: &'f Node,
        (min, max): (u32, Option<u32>),
        open: &mut Vec<&'f Node>,
        out: &mut Vec<Element>,
    ) {
        let (document, group) = match node.get("ref") {
            Some(name) => self.refer(document, &["group"], name).expect("a group"),
            None => (document, node),
        };
        let parts = |node: &&Node| node.name != "annotation";
        let several = group.children.iter().filter(parts).count() > 1;
        let one_of = node.name == "choice" && several;
        let min = if one_of { 0 } else { min };
        for child in group.children.iter().filter(parts) {
            self.particle(document, child, (min, max), open, out);
        }
    }

    /// What a declaration of an element or attribute says.
    fn declared<'f>(
        &'f self,
        document: &'f Document,
        node: &'f Node,
        min: u32,
        max: Option<u32>,
        open: &mut Vec<&'f Node>,
    ) -> Element {
        let mut element = Element {
            name: node.get("name").expect("a name").to_owned(),
            min,
            max,
            zh: node.documentation("zh"),
            en: node.documentation("en"),
            value: None,
            default: node.get("default").or(node.get("fixed")).map(str::to_owned),
            children: Vec::new(),
            may_be_empty: false,
            again: None,
        };
        let kinds = ["complexType", "simpleType"];
        let own = node
            .children
            .iter()
            .find(|c| kinds.contains(&c.name.as_str()));
        let found = match (own, node.get("type")) {
            (Some(own), _) => Ok((document, own)),
            (None, Some(name)) => self.refer(document, &kinds, name),
            (None, None) => Err("anyType".to_owned()),
        };
        match found {
            Err(base) => {
                element.value = Some(Value {
                    base,
                    ..Value::default()
                })
            }
            Ok((document, definition)) => {
                for (own, language) in [(&mut element.zh, "zh"), (&mut element.en, "en")] {
                    if own.is_empty() {
                        *own = definition.documentation(language);
                    }
                }
                self.fill(&mut element, document, definition, open);
            }
        }
        element
    }

    /// Gives an element the content of its type.
    fn fill<'f>(
        &'f self,
        element: &mut Element,
        document: &'f Document,
        definition: &'f Node,
        open: &mut Vec<&'f Node>,
    ) {
        if definition.name == "simpleType" {
            element.value = Some(self.value(document, definition));
            return;
        }
        if open.iter().any(|other| std::ptr::eq(*other, definition)) {
            element.again = Some(definition.get("name").unwrap_or_default().to_owned());
            return;
        }
        open.push(definition);
        if definition.get("mixed") == Some("true") {
            element.value = Some(Value {
                base: "string".to_owned(),
                ..Value::default()
            });
        }
        self.content(element, document, definition, open);
        open.pop();
    }

    /// What stands in a complex type, an extension or a restriction.
    fn content<'f>(
        &'f self,
        element: &mut Element,
        document: &'f Document,
        node: &'f Node,
        open: &mut Vec<&'f Node>,
    ) {
        for child in &node.children {
            match child.name.as_str() {
                "simpleContent" | "complexContent" => {
                    self.content(element, document, child, open);
                }
                "extension" | "restriction" => {
                    let base = child.get("base").expect("a base");
                    match self.refer(document, &["complexType", "simpleType"], base) {
                        Ok((at, base)) => {
                            let own = open.last().is_some_and(|open| std::ptr::eq(*open, base));
                            let (at, base) = if own {
                                self.redefined(at, base)
                            } else {
                                (at, base)
                            };
                            self.fill(element, at, base, open);
                        }
                        Err(base) if base == "anyType" => {}
                        Err(base) => {
                            element.value = Some(Value {
                                base,
                                ..Value::default()
                            })
                        }
                    }
                    if child.name == "restriction" {
                        element.children.retain(|below| below.name.starts_with('@'));
                        if let Some(value) = &mut element.value {
                            facets(value, child);
                        }
                    }
                    self.content(element, document, child, open);
                }
                "sequence" | "choice" | "all" | "group" => {
                    let (min, max) = occurs(child);
                    element.may_be_empty = min == 0;
                    self.group(document, child, (1, max), open, &mut element.children);
                }
                "attribute" => {
                    let (at, declared) = match child.get("ref") {
                        Some(name) => match self.refer(document, &["attribute"], name) {
                            Ok(found) => found,
                            Err(_) => continue,
                        },
                        None => (document, child),
                    };
                    let min = u32::from(child.get("use") == Some("required"));
                    let mut attribute = self.declared(at, declared, min, Some(1), open);
                    attribute.name.insert(0, '@');
                    element
                        .children
                        .retain(|below| below.name != attribute.name);
                    element.children.push(attribute);
                }
                "attributeGroup" => {
                    let name = child.get("ref").expect("a reference");
                    let (at, group) = self
                        .refer(document, &["attributeGroup"], name)
                        .expect("a group");
                    self.content(element, at, group, open);
                }
                _ => {}
            }
        }
    }

    fn value(&self, document: &Document, definition: &Node) -> Value {
        let named = |name: &str| match self.refer(document, &["simpleType"], name) {
            Ok((at, found)) if std::ptr::eq(found, definition) => {
                let (at, found) = self.redefined(at, found);
                self.value(at, found)
            }
            Ok((at, found)) => self.value(at, found),
            Err(base) => Value {
                base,
                ..Value::default()
            },
        };
        let inside = |node: &Node| {
            let own = node.children.iter().filter(|c| c.name == "simpleType");
            own.map(|own| self.value(document, own))
                .collect::<Vec<Value>>()
        };
        if let Some(restriction) = definition.child("restriction") {
            let mut value = match restriction.get("base") {
                Some(base) => named(base),
                None => inside(restriction).remove(0),
            };
            facets(&mut value, restriction);
            value
        } else if let Some(list) = definition.child("list") {
            let item = list.get("itemType").map(named);
            Value {
                base: "list".to_owned(),
                item: item.or_else(|| inside(list).pop()).map(Box::new),
                ..Value::default()
            }
        } else {
            let union = definition.child("union").expect("a union");
            let names = union.get("memberTypes").unwrap_or_default();
            let mut members: Vec<Value> = names.split_whitespace().map(named).collect();
            members.extend(inside(union));
            Value {
                base: "union".to_owned(),
                members,
                ..Value::default()
            }
        }
    }
}

/// How often a particle may stand there.
fn occurs(node: &Node) -> (u32, Option<u32>) {
    let number = |name| node.get(name).map(str::parse);
    let max = match node.get("maxOccurs") {
        Some("unbounded") => None,
        _ => Some(number("maxOccurs").map_or(1, |n| n.expect("a number"))),
    };
    (number("minOccurs").map_or(1, |n| n.expect("a number")), max)
}

/// The components of a document: those in its `redefine` elements, or the others.
fn components(document: &Document, redefining: bool) -> Vec<(&Document, &Node)> {
    let all = document.root.children.iter();
    let nodes: Vec<&Node> = match redefining {
        true => {
            let blocks = all.filter(|node| node.name == "redefine");
            blocks.flat_map(|block| &block.children).collect()
        }
        false => all.collect(),
    };
    nodes.into_iter().map(|node| (document, node)).collect()
}

/// Adds the facets of a restriction.
fn facets(value: &mut Value, restriction: &Node) {
    let mut patterns = Vec::new();
    let mut enumeration = Vec::new();
    for facet in &restriction.children {
        let Some(given) = facet.get("value") else {
            continue;
        };
        match facet.name.as_str() {
            "pattern" => patterns.push(given.to_owned()),
            "enumeration" => enumeration.push(Code {
                value: given.to_owned(),
                zh: facet.documentation("zh"),
                en: facet.documentation("en"),
            }),
            name => {
                value.facets.insert(name.to_owned(), given.to_owned());
            }
        }
    }
    if !patterns.is_empty() {
        value.patterns.push(patterns);
    }
    if !enumeration.is_empty() {
        value.enumeration = enumeration;
    }
}
