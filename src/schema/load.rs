//! A set of schema files: the entry and everything that it includes, and the global
//! declarations in them. Nothing is fetched; a location leads to one of the files given.

use std::collections::HashMap;

use super::tree::{Node, parse};
use super::{Files, Mistake};

/// One file of a set, under the namespace that it has there: an included file without a
/// namespace of its own takes that of the file that includes it.
pub struct File {
    /// Its name in [`Files`].
    pub name: String,
    /// The namespace of its global declarations.
    pub namespace: String,
    /// Whether its own target namespace is absent, so that unprefixed references mean
    /// `namespace` as well.
    pub chameleon: bool,
    /// Its `schema` element.
    pub root: Node,
}

/// A gathered set.
pub struct Set {
    /// The entry first.
    pub files: Vec<File>,
}

/// What a global declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `element`.
    Element,
    /// `simpleType` or `complexType`: the two share their names.
    Type,
    /// `group`.
    Group,
    /// `attribute`.
    Attribute,
    /// `attributeGroup`.
    AttributeGroup,
}

/// Global declarations by kind, namespace and name.
pub type Globals<'s> = HashMap<(Kind, &'s str, &'s str), (usize, &'s Node)>;

/// Files of one set; published ones have a few dozen.
const FILES_MAX: usize = 1000;

/// Gathers the set that begins with `entry`.
pub fn load(entry: &str, files: &Files) -> Result<Set, Mistake> {
    let mut set = Set { files: Vec::new() };
    // What is still to be read, with the namespace of the includer and the place of the include.
    let mut queue = vec![(entry.to_owned(), None::<String>, (entry.to_owned(), 0))];
    while let Some((name, includer, (at, line))) = queue.pop() {
        let mistake = |text: String| Mistake {
            file: at.clone(),
            line,
            text,
        };
        let bytes = files
            .get(&name)
            .ok_or_else(|| mistake(format!("the schema file {name} is not there")))?;
        let root = parse(&name, bytes)?;
        if root.name != "schema" {
            return Err(Mistake {
                file: name,
                line: root.line,
                text: format!("{} instead of schema", root.name),
            });
        }
        let own = root.attribute("targetNamespace").map(str::to_owned);
        let namespace = match (&own, &includer) {
            (Some(own), Some(includer)) if own != includer => {
                return Err(mistake(format!(
                    "src-include.2.1: {name} has the target namespace {own}, not {includer}"
                )));
            }
            (Some(own), _) => own.clone(),
            (None, Some(includer)) => includer.clone(),
            (None, None) => String::new(),
        };
        if set
            .files
            .iter()
            .any(|file| file.name == name && file.namespace == namespace)
        {
            continue;
        }
        if set.files.len() == FILES_MAX {
            return Err(mistake(format!("more than {FILES_MAX} files")));
        }
        for child in root.children.iter().filter(|child| child.name == "include") {
            let location = child.attribute("schemaLocation").unwrap_or_default();
            let target = beside(&name, location).ok_or_else(|| Mistake {
                file: name.clone(),
                line: child.line,
                text: format!("include: {location:?} leads out of the folder"),
            })?;
            queue.push((target, Some(namespace.clone()), (name.clone(), child.line)));
        }
        let chameleon = own.is_none() && !namespace.is_empty();
        set.files.push(File {
            name,
            namespace,
            chameleon,
            root,
        });
    }
    Ok(set)
}

impl Set {
    /// The global declarations of all files.
    pub fn globals(&self) -> Result<Globals<'_>, Mistake> {
        let mut globals = Globals::new();
        for (number, file) in self.files.iter().enumerate() {
            for node in &file.root.children {
                let kind = match node.name.as_str() {
                    "include" => continue,
                    "element" => Kind::Element,
                    "simpleType" | "complexType" => Kind::Type,
                    "group" => Kind::Group,
                    "attribute" => Kind::Attribute,
                    "attributeGroup" => Kind::AttributeGroup,
                    other => return Err(unsupported(file, node, other)),
                };
                let name = node.attribute("name").ok_or_else(|| Mistake {
                    file: file.name.clone(),
                    line: node.line,
                    text: format!("a global {} without a name", node.name),
                })?;
                if globals
                    .insert((kind, file.namespace.as_str(), name), (number, node))
                    .is_some()
                {
                    let text = format!(
                        "sch-props-correct.2: {} {name} is declared twice",
                        node.name
                    );
                    return Err(Mistake {
                        file: file.name.clone(),
                        line: node.line,
                        text,
                    });
                }
            }
        }
        Ok(globals)
    }
}

/// The mistake of using `construct`.
pub fn unsupported(file: &File, node: &Node, construct: &str) -> Mistake {
    Mistake {
        file: file.name.clone(),
        line: node.line,
        text: format!("{construct} is not supported"),
    }
}

/// The name that `location`, as written in the file `name`, has in the set; `None` if it
/// leads out of the folder of the entry.
fn beside(name: &str, location: &str) -> Option<String> {
    if location.is_empty() || location.starts_with('/') || location.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = name.split('/').collect();
    let floor = parts.len() - 1;
    parts.pop();
    for part in location.split('/') {
        match part {
            "." => {}
            ".." if parts.len() > floor => _ = parts.pop(),
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
