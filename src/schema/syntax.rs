//! Whether a schema file is written as the schema for schemas wants it (XML Schema Part 1,
//! appendix A): which attributes an element has and what their values look like, which
//! children it has and in which order. What the values mean is left to `compile`.

use std::collections::HashSet;

use super::Mistake;
use super::tree::Node;
use super::value::{is_nc_name, is_uri_reference};

/// What an attribute's value looks like.
#[derive(Clone, Copy)]
enum Kind {
    Anything,
    NcName,
    QName,
    QNames,
    Boolean,
    Count,
    CountOrUnbounded,
    CountOf(&'static [i64]),
    OneOf(&'static [&'static str]),
    /// `#all`, or a list of these.
    AllOrSome(&'static [&'static str]),
    Spaces,
    Uri,
}

/// An attribute: its name, whether it has to be there, its values.
type Attribute = (&'static str, bool, Kind);

/// What may come next among the children: these names, so many times.
type Slot = (&'static [&'static str], usize);

const MANY: usize = usize::MAX;
const FORM: Kind = Kind::OneOf(&["qualified", "unqualified"]);
const BLOCK_ELEMENT: Kind = Kind::AllOrSome(&["extension", "restriction", "substitution"]);
const DERIVATION: Kind = Kind::AllOrSome(&["extension", "restriction"]);
const FINAL_SIMPLE: Kind = Kind::AllOrSome(&["list", "union", "restriction"]);
const FINAL_DEFAULT: Kind = Kind::AllOrSome(&["extension", "restriction", "list", "union"]);
const PROCESS: Kind = Kind::OneOf(&["skip", "lax", "strict"]);
const USE: Kind = Kind::OneOf(&["optional", "prohibited", "required"]);
const OCCURS: [Attribute; 2] = [
    ("minOccurs", false, Kind::Count),
    ("maxOccurs", false, Kind::CountOrUnbounded),
];

const TOP: &[&str] = &[
    "simpleType",
    "complexType",
    "group",
    "attributeGroup",
    "element",
    "attribute",
    "notation",
];
const MODEL: &[&str] = &["element", "group", "choice", "sequence", "any"];
const GROUPS: &[&str] = &["group", "all", "choice", "sequence"];
const ATTRIBUTES: &[&str] = &["attribute", "attributeGroup"];
const FACETS: &[&str] = &[
    "minExclusive",
    "minInclusive",
    "maxExclusive",
    "maxInclusive",
    "totalDigits",
    "fractionDigits",
    "length",
    "minLength",
    "maxLength",
    "enumeration",
    "whiteSpace",
    "pattern",
];
const IDENTITY: &[&str] = &["unique", "key", "keyref"];

/// What one element of a schema file may have.
struct Form {
    attributes: Vec<Attribute>,
    children: Vec<Slot>,
}

/// Checks a whole file.
pub fn check(file: &str, root: &Node) -> Result<(), Mistake> {
    let mut ids = HashSet::new();
    check_node(file, root, None, &mut ids)
}

fn check_node<'n>(
    file: &str,
    node: &'n Node,
    parent: Option<&Node>,
    ids: &mut HashSet<&'n str>,
) -> Result<(), Mistake> {
    let inside = parent.map_or("", |parent| parent.name.as_str());
    let Some(form) = form(node, inside) else {
        let text = format!(
            "s4s-elt-invalid-content.1: {} may not stand here",
            node.name
        );
        return Err(node.mistake(file, text));
    };
    for (name, value) in &node.attributes {
        if name == "id" && !matches!(node.name.as_str(), "appinfo" | "documentation") {
            if !is_nc_name(value.trim()) {
                return Err(node.mistake(file, format!("s4s-att-invalid-value: id {value:?}")));
            }
            if !ids.insert(value.trim()) {
                let text = format!("s4s-att-invalid-value: id {value:?} is there twice");
                return Err(node.mistake(file, text));
            }
            continue;
        }
        let known = form.attributes.iter().find(|(known, _, _)| known == name);
        let Some((_, _, kind)) = known else {
            let text = format!("s4s-att-not-allowed: {name} on {}", node.name);
            return Err(node.mistake(file, text));
        };
        if !fits(*kind, value.trim()) {
            let text = format!("s4s-att-invalid-value: {name}={value:?} on {}", node.name);
            return Err(node.mistake(file, text));
        }
    }
    for (name, _, _) in form.attributes.iter().filter(|(_, required, _)| *required) {
        if !node.attributes.contains_key(*name) {
            let text = format!("s4s-att-must-appear: {} without {name}", node.name);
            return Err(node.mistake(file, text));
        }
    }
    let anywhere = matches!(node.name.as_str(), "schema" | "redefine");
    for (number, (at, annotation)) in node.annotations.iter().enumerate() {
        if !anywhere && (number > 0 || *at > 0) {
            let text = format!(
                "s4s-elt-invalid-content.1: one annotation, before everything else, may stand in {}",
                node.name
            );
            return Err(annotation.mistake(file, text));
        }
        check_node(file, annotation, Some(node), ids)?;
    }
    check_children(file, node, &form.children)?;
    for child in &node.children {
        check_node(file, child, Some(node), ids)?;
    }
    Ok(())
}

fn check_children(file: &str, node: &Node, slots: &[Slot]) -> Result<(), Mistake> {
    let (mut at, mut count) = (0, 0);
    for child in &node.children {
        while at < slots.len()
            && (count == slots[at].1 || !slots[at].0.contains(&child.name.as_str()))
        {
            at += 1;
            count = 0;
        }
        if at == slots.len() {
            let text = format!(
                "s4s-elt-must-match.1 (s4s-elt-invalid-content): {} may not stand here in {}",
                child.name, node.name
            );
            return Err(child.mistake(file, text));
        }
        count += 1;
    }
    Ok(())
}

/// What an element may have, by its name and that of its parent; `None` if it may not stand
/// there at all.
fn form(node: &Node, inside: &str) -> Option<Form> {
    let top = matches!(inside, "schema" | "redefine");
    let mut attributes: Vec<Attribute> = Vec::new();
    let children: Vec<Slot> = match node.name.as_str() {
        "schema" if inside.is_empty() => {
            attributes.extend([
                ("targetNamespace", false, Kind::Uri),
                ("version", false, Kind::Anything),
                ("finalDefault", false, FINAL_DEFAULT),
                ("blockDefault", false, BLOCK_ELEMENT),
                ("attributeFormDefault", false, FORM),
                ("elementFormDefault", false, FORM),
            ]);
            vec![(&["include", "import", "redefine"], MANY), (TOP, MANY)]
        }
        "include" if inside == "schema" => {
            attributes.push(("schemaLocation", true, Kind::Uri));
            vec![]
        }
        "import" if inside == "schema" => {
            attributes.push(("namespace", false, Kind::Uri));
            attributes.push(("schemaLocation", false, Kind::Uri));
            vec![]
        }
        "redefine" if inside == "schema" => {
            attributes.push(("schemaLocation", true, Kind::Uri));
            vec![(
                &["simpleType", "complexType", "group", "attributeGroup"],
                MANY,
            )]
        }
        "notation" if top => {
            attributes.push(("name", true, Kind::NcName));
            attributes.push(("public", false, Kind::Anything));
            attributes.push(("system", false, Kind::Uri));
            vec![]
        }
        "element" => {
            attributes.extend([
                ("default", false, Kind::Anything),
                ("fixed", false, Kind::Anything),
                ("nillable", false, Kind::Boolean),
                ("block", false, BLOCK_ELEMENT),
                ("type", false, Kind::QName),
                ("name", top, Kind::NcName),
            ]);
            if top {
                attributes.extend([
                    ("substitutionGroup", false, Kind::QName),
                    ("final", false, DERIVATION),
                    ("abstract", false, Kind::Boolean),
                ]);
            } else {
                attributes.extend(OCCURS);
                attributes.push(("ref", false, Kind::QName));
                attributes.push(("form", false, FORM));
            }
            vec![(&["simpleType", "complexType"], 1), (IDENTITY, MANY)]
        }
        "attribute" => {
            attributes.extend([
                ("default", false, Kind::Anything),
                ("fixed", false, Kind::Anything),
                ("type", false, Kind::QName),
                ("name", top, Kind::NcName),
            ]);
            if !top {
                attributes.push(("ref", false, Kind::QName));
                attributes.push(("use", false, USE));
                attributes.push(("form", false, FORM));
            }
            vec![(&["simpleType"], 1)]
        }
        "attributeGroup" if top => {
            attributes.push(("name", true, Kind::NcName));
            vec![(ATTRIBUTES, MANY), (&["anyAttribute"], 1)]
        }
        "attributeGroup" => {
            attributes.push(("ref", true, Kind::QName));
            vec![]
        }
        "group" if top => {
            attributes.push(("name", true, Kind::NcName));
            vec![(&["all", "choice", "sequence"], 1)]
        }
        "group" => {
            attributes.push(("ref", true, Kind::QName));
            attributes.extend(OCCURS);
            vec![]
        }
        "all" => {
            if inside == "group" {
                return Some(Form {
                    attributes,
                    children: vec![(&["element"], MANY)],
                });
            }
            attributes.push(("minOccurs", false, Kind::CountOf(&[0, 1])));
            attributes.push(("maxOccurs", false, Kind::CountOf(&[1])));
            vec![(&["element"], MANY)]
        }
        "choice" | "sequence" => {
            if inside != "group" {
                attributes.extend(OCCURS);
            }
            vec![(MODEL, MANY)]
        }
        "any" => {
            attributes.extend(OCCURS);
            attributes.push(("namespace", false, Kind::Spaces));
            attributes.push(("processContents", false, PROCESS));
            vec![]
        }
        "anyAttribute" => {
            attributes.push(("namespace", false, Kind::Spaces));
            attributes.push(("processContents", false, PROCESS));
            vec![]
        }
        "complexType" => {
            attributes.push(("mixed", false, Kind::Boolean));
            if top {
                attributes.extend([
                    ("name", true, Kind::NcName),
                    ("abstract", false, Kind::Boolean),
                    ("final", false, DERIVATION),
                    ("block", false, DERIVATION),
                ]);
            }
            if node.child("simpleContent").is_some() || node.child("complexContent").is_some() {
                vec![(&["simpleContent", "complexContent"], 1)]
            } else {
                vec![(GROUPS, 1), (ATTRIBUTES, MANY), (&["anyAttribute"], 1)]
            }
        }
        "complexContent" => {
            attributes.push(("mixed", false, Kind::Boolean));
            vec![(&["restriction", "extension"], 1)]
        }
        "simpleContent" => vec![(&["restriction", "extension"], 1)],
        "restriction" if inside == "simpleContent" => {
            attributes.push(("base", true, Kind::QName));
            vec![
                (&["simpleType"], 1),
                (FACETS, MANY),
                (ATTRIBUTES, MANY),
                (&["anyAttribute"], 1),
            ]
        }
        "restriction" if inside == "simpleType" => {
            attributes.push(("base", false, Kind::QName));
            vec![(&["simpleType"], 1), (FACETS, MANY)]
        }
        "extension" if inside == "simpleContent" => {
            attributes.push(("base", true, Kind::QName));
            vec![(ATTRIBUTES, MANY), (&["anyAttribute"], 1)]
        }
        "restriction" | "extension" => {
            attributes.push(("base", true, Kind::QName));
            vec![(GROUPS, 1), (ATTRIBUTES, MANY), (&["anyAttribute"], 1)]
        }
        "simpleType" => {
            if top {
                attributes.push(("name", true, Kind::NcName));
                attributes.push(("final", false, FINAL_SIMPLE));
            }
            vec![(&["restriction", "list", "union"], 1)]
        }
        "list" => {
            attributes.push(("itemType", false, Kind::QName));
            vec![(&["simpleType"], 1)]
        }
        "union" => {
            attributes.push(("memberTypes", false, Kind::QNames));
            vec![(&["simpleType"], MANY)]
        }
        "unique" | "key" => {
            attributes.push(("name", true, Kind::NcName));
            vec![(&["selector"], 1), (&["field"], MANY)]
        }
        "keyref" => {
            attributes.push(("name", true, Kind::NcName));
            attributes.push(("refer", true, Kind::QName));
            vec![(&["selector"], 1), (&["field"], MANY)]
        }
        "selector" | "field" => {
            attributes.push(("xpath", true, Kind::Anything));
            vec![]
        }
        "annotation" => vec![(&["appinfo", "documentation"], MANY)],
        "appinfo" | "documentation" => {
            attributes.push(("source", false, Kind::Uri));
            vec![]
        }
        name if FACETS.contains(&name) => {
            attributes.push(("value", true, Kind::Anything));
            if !matches!(name, "pattern" | "enumeration") {
                attributes.push(("fixed", false, Kind::Boolean));
            }
            vec![]
        }
        _ => return None,
    };
    Some(Form {
        attributes,
        children,
    })
}

fn fits(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::Anything => true,
        Kind::NcName => is_nc_name(value),
        Kind::QName => is_qualified(value),
        Kind::QNames => value.split_ascii_whitespace().all(is_qualified),
        Kind::Boolean => matches!(value, "true" | "false" | "1" | "0"),
        Kind::Count => is_count(value),
        Kind::CountOrUnbounded => value == "unbounded" || is_count(value),
        Kind::CountOf(counts) => value.parse().is_ok_and(|count| counts.contains(&count)),
        Kind::OneOf(values) => values.contains(&value),
        Kind::AllOrSome(values) => {
            value == "#all"
                || value
                    .split_ascii_whitespace()
                    .all(|word| values.contains(&word))
        }
        Kind::Spaces => {
            matches!(value, "##any" | "##other")
                || value.split_ascii_whitespace().all(|word| {
                    matches!(word, "##targetNamespace" | "##local") || is_uri_reference(word)
                })
        }
        Kind::Uri => is_uri_reference(value),
    }
}

fn is_count(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or(value);
    let zero = value
        .strip_prefix('-')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte == b'0'));
    zero || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_qualified(value: &str) -> bool {
    match value.split_once(':') {
        Some((prefix, local)) => is_nc_name(prefix) && is_nc_name(local),
        None => is_nc_name(value),
    }
}
