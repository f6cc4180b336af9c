//! A set of schema files: those given and everything that they include, import or redefine,
//! and the global declarations in them. Nothing is fetched: a location leads to a file that
//! the [`Source`] has, or nowhere.

use std::collections::{HashMap, HashSet};

use super::syntax;
use super::tree::{Node, parse};
use super::{Mistake, Source};

/// One file of a set, under the namespace that it has there: an included file without a
/// namespace of its own takes that of the file that includes it.
pub struct File {
    /// Its name in the [`Source`].
    pub name: String,
    /// The namespace of its global declarations.
    pub namespace: String,
    /// Whether its own target namespace is absent, so that unprefixed references mean
    /// `namespace` as well.
    pub chameleon: bool,
    /// Namespaces that it may refer to: its own, and those that it imports.
    pub visible: Vec<String>,
    /// The files that it includes or redefines, by number.
    pub parts: Vec<usize>,
    /// Its `schema` element.
    pub root: Node,
}

/// A gathered set.
pub struct Set {
    /// In the order in which they were met; those given first.
    pub files: Vec<File>,
    /// Which `redefine` of which file is about which file.
    redefines: Vec<(usize, usize, usize)>,
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
    /// `notation`.
    Notation,
}

impl Kind {
    /// That of a child of `schema`.
    pub fn of(node: &Node) -> Option<Kind> {
        Some(match node.name.as_str() {
            "element" => Kind::Element,
            "simpleType" | "complexType" => Kind::Type,
            "group" => Kind::Group,
            "attribute" => Kind::Attribute,
            "attributeGroup" => Kind::AttributeGroup,
            "notation" => Kind::Notation,
            _ => return None,
        })
    }
}

/// Where a declaration stands: the number of its file, and its node.
pub type Declared<'s> = (usize, &'s Node);

/// The global declarations of a set.
#[derive(Default)]
pub struct Globals<'s> {
    /// By kind, namespace and name.
    pub declared: HashMap<(Kind, &'s str, &'s str), Declared<'s>>,
    /// What a redefinition stands in the place of.
    pub redefined: HashMap<*const Node, Declared<'s>>,
}

/// Files of one set; published ones have a few hundred.
const FILES_MAX: usize = 2000;

/// What is still to be read, and why.
struct Wanted {
    name: String,
    why: Why,
    /// The file and line that ask for it.
    by: String,
    line: u32,
}

enum Why {
    /// It was given.
    Given,
    /// It is part of the file of this number; the second is the number of the `redefine`.
    Part(usize, Option<usize>),
    /// Its namespace is imported.
    Import(String),
}

/// Gathers the set that begins with `given`.
pub fn load(given: &[&str], source: &dyn Source) -> Result<Set, Mistake> {
    let mut set = Set {
        files: Vec::new(),
        redefines: Vec::new(),
    };
    let given = given.iter().map(|name| Wanted {
        name: (*name).to_owned(),
        why: Why::Given,
        by: (*name).to_owned(),
        line: 0,
    });
    let mut queue: std::collections::VecDeque<Wanted> = given.collect();
    while let Some(wanted) = queue.pop_front() {
        set.add(wanted, source, &mut queue)?;
    }
    Ok(set)
}

impl Set {
    fn add(
        &mut self,
        wanted: Wanted,
        source: &dyn Source,
        queue: &mut std::collections::VecDeque<Wanted>,
    ) -> Result<(), Mistake> {
        let mistake = |text: String| Mistake {
            file: wanted.by.clone(),
            line: wanted.line,
            text,
        };
        // Only what a file is made of has to be there: an import is a hint.
        let includer = match &wanted.why {
            Why::Part(number, _) => Some(self.files[*number].namespace.clone()),
            Why::Given | Why::Import(_) => None,
        };
        let same = |file: &File| {
            file.name == wanted.name
                && match &includer {
                    Some(namespace) => file.namespace == *namespace,
                    None => !file.chameleon,
                }
        };
        if let Some(known) = self.files.iter().position(same) {
            if let Why::Import(namespace) = &wanted.why
                && self.files[known].namespace != *namespace
            {
                return Err(mistake(wrong_import(
                    &wanted.name,
                    &self.files[known].namespace,
                    namespace,
                )));
            }
            self.join(&wanted.why, known);
            return Ok(());
        }
        let bytes = match source.read(&wanted.name) {
            Ok(Some(bytes)) => bytes,
            Ok(None) if matches!(wanted.why, Why::Import(_)) => return Ok(()),
            Ok(None) => {
                let code = match wanted.why {
                    Why::Part(_, Some(_)) => "src-redefine.1",
                    _ => "src-include.1",
                };
                let name = &wanted.name;
                return Err(mistake(format!(
                    "{code}: the schema file {name} is not there"
                )));
            }
            Err(text) => return Err(mistake(text)),
        };
        let root = parse(&wanted.name, &bytes).map_err(|wrong| match &wanted.why {
            Why::Part(..) if wrong.text.starts_with("s4s-elt-schema-ns") => mistake(format!(
                "src-include.1: {} is not a schema file",
                wanted.name
            )),
            _ => wrong,
        })?;
        if root.name != "schema" {
            let text = format!("s4s-elt-schema-ns: {} instead of schema", root.name);
            return Err(root.mistake(&wanted.name, text));
        }
        syntax::check(&wanted.name, &root)?;
        let own = root.attribute("targetNamespace").map(str::to_owned);
        if own.as_deref() == Some("") {
            let text = "s4s-att-invalid-value: an empty targetNamespace";
            return Err(root.mistake(&wanted.name, text));
        }
        let namespace = match (&own, &wanted.why) {
            (own, Why::Import(namespace)) if own.as_deref().unwrap_or("") != namespace => {
                let own = own.as_deref().unwrap_or("");
                return Err(mistake(wrong_import(&wanted.name, own, namespace)));
            }
            (Some(own), Why::Part(..)) if Some(own) != includer.as_ref() => {
                let code = match wanted.why {
                    Why::Part(_, Some(_)) => "src-redefine.3.1",
                    _ => "src-include.2.1",
                };
                return Err(mistake(format!(
                    "{code}: {} has the target namespace {own}, not that of the file that includes it",
                    wanted.name
                )));
            }
            (Some(own), _) => own.clone(),
            (None, _) => includer.unwrap_or_default(),
        };
        if self.files.len() == FILES_MAX {
            return Err(mistake(format!("more than {FILES_MAX} schema files")));
        }
        let number = self.files.len();
        let chameleon = own.is_none() && !namespace.is_empty();
        let visible = self.gather(number, &wanted.name, &namespace, &root, source, queue)?;
        self.files.push(File {
            name: wanted.name,
            namespace,
            chameleon,
            visible,
            parts: Vec::new(),
            root,
        });
        self.join(&wanted.why, number);
        Ok(())
    }

    /// Notes which file a part belongs to.
    fn join(&mut self, why: &Why, part: usize) {
        if let Why::Part(whole, redefine) = why {
            self.files[*whole].parts.push(part);
            if let Some(node) = redefine {
                self.redefines.push((*whole, *node, part));
            }
        }
    }

    /// Queues what a file includes, imports and redefines; gives the namespaces that it may
    /// refer to.
    fn gather(
        &self,
        number: usize,
        name: &str,
        namespace: &str,
        root: &Node,
        source: &dyn Source,
        queue: &mut std::collections::VecDeque<Wanted>,
    ) -> Result<Vec<String>, Mistake> {
        let mut visible = vec![namespace.to_owned()];
        for (at, child) in root.children.iter().enumerate() {
            let location = child.attribute("schemaLocation");
            let why = match child.name.as_str() {
                "include" => Why::Part(number, None),
                "redefine" => Why::Part(number, Some(at)),
                "import" => {
                    let imported = child.attribute("namespace").unwrap_or("");
                    if child.attribute("namespace") == Some("") {
                        return Err(child.mistake(
                            name,
                            "src-import.3.1 (s4s-att-invalid-value): an empty namespace",
                        ));
                    }
                    if imported == namespace {
                        let text = if imported.is_empty() {
                            "src-import.1.2: a file without a target namespace imports that of none"
                        } else {
                            "src-import.1.1: a file imports its own namespace"
                        };
                        return Err(child.mistake(name, text));
                    }
                    visible.push(imported.to_owned());
                    Why::Import(imported.to_owned())
                }
                _ => continue,
            };
            let is_import = matches!(why, Why::Import(_));
            let Some(location) = location else {
                continue;
            };
            let Some(target) = source.locate(name, location) else {
                if is_import && location.contains(':') {
                    continue;
                }
                let text = format!(
                    "{}: {location:?} leads out of the folders given; nothing is fetched",
                    child.name
                );
                return Err(child.mistake(name, text));
            };
            queue.push_back(Wanted {
                name: target,
                why,
                by: name.to_owned(),
                line: child.line,
            });
        }
        Ok(visible)
    }

    /// The global declarations of all files, redefinitions in the place of what they redefine.
    pub fn globals(&self) -> Result<Globals<'_>, Mistake> {
        let mut globals = Globals::default();
        for (number, file) in self.files.iter().enumerate() {
            for node in &file.root.children {
                let Some(kind) = Kind::of(node) else { continue };
                let name = node.attribute("name").unwrap_or_default();
                let key = (kind, file.namespace.as_str(), name);
                if let Some((other, _)) = globals.declared.insert(key, (number, node)) {
                    let text = format!(
                        "sch-props-correct.2: {} {name} is declared twice, also in {}",
                        node.name, self.files[other].name
                    );
                    return Err(node.mistake(&file.name, text));
                }
            }
        }
        // The innermost first: what includes was met before what it includes.
        for (whole, at, part) in self.redefines.iter().rev() {
            self.redefine(
                &mut globals,
                *whole,
                &self.files[*whole].root.children[*at],
                *part,
            )?;
        }
        Ok(globals)
    }

    fn redefine<'s>(
        &'s self,
        globals: &mut Globals<'s>,
        whole: usize,
        redefine: &'s Node,
        part: usize,
    ) -> Result<(), Mistake> {
        let file = &self.files[whole];
        let reachable = self.reachable(part);
        for node in &redefine.children {
            let Some(kind) = Kind::of(node) else { continue };
            let name = node.attribute("name").unwrap_or_default();
            let key = (kind, file.namespace.as_str(), name);
            match globals.declared.get(&key) {
                Some((at, known)) if reachable.contains(at) && known.name == node.name => {
                    globals
                        .redefined
                        .insert(std::ptr::from_ref(node), (*at, *known));
                    globals.declared.insert(key, (whole, node));
                }
                Some((_, known)) if globals.redefined.contains_key(&std::ptr::from_ref(*known)) => {
                    let text = format!("sch-props-correct.2: {name} is redefined twice");
                    return Err(node.mistake(&file.name, text));
                }
                _ => {
                    let text = format!(
                        "src-resolve: {} {name} is not declared in what is redefined",
                        node.name
                    );
                    return Err(node.mistake(&file.name, text));
                }
            }
        }
        Ok(())
    }

    /// A file and all its parts, and theirs.
    fn reachable(&self, from: usize) -> HashSet<usize> {
        let mut found = HashSet::from([from]);
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            let parts = self.files[file].parts.iter().copied();
            open.extend(parts.filter(|part| found.insert(*part)));
        }
        found
    }
}

fn wrong_import(file: &str, has: &str, wanted: &str) -> String {
    let clause = if wanted.is_empty() { 2 } else { 1 };
    format!("src-import.3.{clause}: {file} has the target namespace {has:?}, not {wanted:?}")
}

/// The name that `location`, as written in the file `name`, leads to: `/` separates, `.` and
/// `..` are resolved. `None` for an address, an absolute path, or one above the root of names.
pub fn beside(name: &str, location: &str) -> Option<String> {
    let location = location.trim();
    if location.is_empty() || location.starts_with('/') || location.contains([':', '\\']) {
        return None;
    }
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in location.split('/') {
        match part {
            "." | "" => {}
            ".." => _ = parts.pop().filter(|part| !matches!(*part, "" | ".."))?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
