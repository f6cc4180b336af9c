//! From a gathered set of schema files to tables. Types are compiled on first use, so that
//! they may name each other in any order and a type may contain itself.

mod attributes;
mod simples;

use std::collections::HashMap;

use crate::schema::Mistake;
use crate::schema::content::{Automaton, Particle, UNBOUNDED, Wrong};
use crate::schema::load::{Globals, Kind, Set, unsupported};
use crate::schema::tables::{
    AttributeUse, Complex, Content, Element, Member, Name, Names, Schema, Type,
};
use crate::schema::tree::{Node, XSD};

/// Groups inside groups and types made from types; beyond it they form a cycle.
const NESTING_MAX: usize = 200;

/// Compiles a set.
pub fn compile(set: &Set) -> Result<Schema> {
    let mut compiler = Compiler {
        set,
        globals: set.globals()?,
        schema: Schema {
            names: Names::new(),
            elements: Vec::new(),
            types: Vec::new(),
            simples: Vec::new(),
            roots: HashMap::new(),
        },
        types: HashMap::new(),
        simples: HashMap::new(),
        elements: HashMap::new(),
        models: HashMap::new(),
        depth: 0,
    };
    // In the order of the files, so that numbers are the same at every start.
    for (number, file) in set.files.iter().enumerate() {
        for node in &file.root.children {
            let scope = Scope { file: number };
            match node.name.as_str() {
                "element" => {
                    let element = compiler.global_element(scope, node)?;
                    let name = compiler.schema.elements[element].name;
                    compiler.schema.roots.insert(name, element);
                }
                "simpleType" => _ = compiler.named_simple(scope, node)?,
                "complexType" => _ = compiler.named_complex(scope, node)?,
                "group" => _ = compiler.group(scope, node)?,
                "attributeGroup" => _ = compiler.attributes(scope, node)?,
                _ => {}
            }
        }
    }
    Ok(compiler.schema)
}

struct Compiler<'s> {
    set: &'s Set,
    globals: Globals<'s>,
    schema: Schema,
    types: HashMap<*const Node, usize>,
    simples: HashMap<*const Node, usize>,
    elements: HashMap<*const Node, usize>,
    /// Models of complex types, for those that extend them.
    models: HashMap<usize, Option<Particle>>,
    depth: usize,
}

/// Where a node stands: in which file of the set.
#[derive(Clone, Copy)]
struct Scope {
    file: usize,
}

type Result<T> = std::result::Result<T, Mistake>;

impl<'s> Compiler<'s> {
    fn mistake<T>(&self, scope: Scope, node: &Node, text: impl Into<String>) -> Result<T> {
        Err(Mistake {
            file: self.set.files[scope.file].name.clone(),
            line: node.line,
            text: text.into(),
        })
    }

    fn refuse<T>(&self, scope: Scope, node: &Node, construct: &str) -> Result<T> {
        Err(unsupported(&self.set.files[scope.file], node, construct))
    }

    /// Only `admitted` attributes may stand on `node`; others are constructs we do not have.
    fn admit(&self, scope: Scope, node: &Node, admitted: &[&str]) -> Result<()> {
        match node
            .attributes
            .keys()
            .find(|name| *name != "id" && !admitted.contains(&name.as_str()))
        {
            Some(name) => self.refuse(scope, node, &format!("attribute {name} of {}", node.name)),
            None => Ok(()),
        }
    }

    /// What a qualified name in an attribute of `node` means: a namespace and a local name.
    fn resolve<'n>(
        &self,
        scope: Scope,
        node: &'n Node,
        name: &'n str,
    ) -> Result<(&'s str, &'n str)> {
        let file = &self.set.files[scope.file];
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let namespace = match node.prefixes.get(prefix).map(String::as_str) {
            Some(XSD) => return Ok((XSD, local)),
            Some("") | None if prefix.is_empty() && file.chameleon => file.namespace.as_str(),
            Some("") | None if prefix.is_empty() => "",
            Some(namespace) if namespace == file.namespace => file.namespace.as_str(),
            Some(namespace) => {
                return self.mistake(
                    scope,
                    node,
                    format!("src-resolve: namespace {namespace} is not part of this schema"),
                );
            }
            None => {
                return self.mistake(
                    scope,
                    node,
                    format!("src-resolve: prefix {prefix} is not declared"),
                );
            }
        };
        Ok((namespace, local))
    }

    fn global(
        &self,
        scope: Scope,
        node: &Node,
        kind: Kind,
        name: &str,
    ) -> Result<(Scope, &'s Node)> {
        let (namespace, local) = self.resolve(scope, node, name)?;
        match self.globals.get(&(kind, namespace, local)) {
            Some((file, found)) => Ok((Scope { file: *file }, *found)),
            None => self.mistake(scope, node, format!("src-resolve: {name} is not declared")),
        }
    }

    fn deeper<T>(
        &mut self,
        scope: Scope,
        node: &Node,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        if self.depth == NESTING_MAX {
            return self.mistake(
                scope,
                node,
                "circular definition (ct-props-correct.3, st-props-correct.2, mg-props-correct.2)",
            );
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn namespace(&self, scope: Scope) -> &'s str {
        &self.set.files[scope.file].namespace
    }

    fn name_of<'n>(&self, scope: Scope, node: &'n Node) -> Result<&'n str> {
        match node.attribute("name") {
            Some(name) if crate::xml::is_name(name) => Ok(name),
            _ => self.mistake(scope, node, format!("{} without a proper name", node.name)),
        }
    }

    // --- elements ---

    fn global_element(&mut self, scope: Scope, node: &'s Node) -> Result<usize> {
        self.admit(scope, node, &["name", "type", "fixed"])?;
        let namespace = self.namespace(scope);
        self.element(scope, node, namespace)
    }

    fn element(&mut self, scope: Scope, node: &'s Node, namespace: &str) -> Result<usize> {
        if let Some(known) = self.elements.get(&std::ptr::from_ref(node)) {
            return Ok(*known);
        }
        let local = self.name_of(scope, node)?;
        let name = self.schema.names.intern(namespace, local);
        let number = self.schema.elements.len();
        let fixed = node.attribute("fixed").map(str::to_owned);
        self.schema.elements.push(Element {
            name,
            ty: usize::MAX,
            fixed,
        });
        self.elements.insert(node, number);
        let ty = match (node.attribute("type"), &node.children[..]) {
            (Some(name), []) => self.type_named(scope, node, name)?,
            (None, [child]) if child.name == "simpleType" => {
                let simple = self.simple(scope, child, local)?;
                self.push_type(Type::Simple(simple))
            }
            (None, [child]) if child.name == "complexType" => self.complex(scope, child)?,
            (_, [child, ..]) => {
                return self.refuse(scope, child, &format!("{} in element", child.name));
            }
            (None, []) => return self.refuse(scope, node, "an element without a type (anyType)"),
        };
        self.schema.elements[number].ty = ty;
        Ok(number)
    }

    fn push_type(&mut self, ty: Type) -> usize {
        self.schema.types.push(ty);
        self.schema.types.len() - 1
    }

    fn type_named(&mut self, scope: Scope, node: &Node, name: &str) -> Result<usize> {
        let (namespace, local) = self.resolve(scope, node, name)?;
        if namespace == XSD {
            let simple = self.built_in(scope, node, local)?;
            return Ok(self.push_type(Type::Simple(simple)));
        }
        let (scope, found) = self.global(scope, node, Kind::Type, name)?;
        if found.name == "simpleType" {
            let simple = self.named_simple(scope, found)?;
            return Ok(self.push_type(Type::Simple(simple)));
        }
        self.named_complex(scope, found)
    }

    // --- complex types ---

    fn named_complex(&mut self, scope: Scope, node: &'s Node) -> Result<usize> {
        self.complex(scope, node)
    }

    fn complex(&mut self, scope: Scope, node: &'s Node) -> Result<usize> {
        if let Some(known) = self.types.get(&std::ptr::from_ref(node)) {
            return Ok(*known);
        }
        self.admit(scope, node, &["name", "mixed"])?;
        if node
            .attribute("mixed")
            .is_some_and(|mixed| mixed == "true" || mixed == "1")
        {
            return self.refuse(scope, node, "mixed content");
        }
        // Reserved first: the type may contain itself.
        let number = self.push_type(Type::Complex(Complex {
            content: Content::Empty,
            attributes: Vec::new(),
        }));
        self.types.insert(node, number);
        self.deeper(scope, node, |this| this.fill_complex(scope, node, number))?;
        Ok(number)
    }

    fn fill_complex(&mut self, scope: Scope, node: &'s Node, number: usize) -> Result<()> {
        let derived = node
            .children
            .iter()
            .find(|child| matches!(child.name.as_str(), "simpleContent" | "complexContent"));
        let (content, attributes, model) = match derived {
            Some(child) => self.extension(scope, child)?,
            None => {
                let attributes = self.attributes(scope, node)?;
                let (content, model) = self.content(scope, node, None)?;
                (content, attributes, model)
            }
        };
        self.models.insert(number, model);
        self.schema.types[number] = Type::Complex(Complex {
            content,
            attributes,
        });
        Ok(())
    }

    /// `simpleContent` or `complexContent` by extension.
    fn extension(
        &mut self,
        scope: Scope,
        node: &'s Node,
    ) -> Result<(Content, Vec<AttributeUse>, Option<Particle>)> {
        let [child] = &node.children[..] else {
            return self.mistake(scope, node, format!("{} needs one child", node.name));
        };
        if child.name != "extension" {
            return self.refuse(scope, child, &format!("{} by {}", node.name, child.name));
        }
        let Some(base) = child.attribute("base") else {
            return self.mistake(scope, child, "extension without base");
        };
        let own = self.attributes(scope, child)?;
        let base_type = self.type_named(scope, child, base)?;
        let (base_content, mut attributes) = match &self.schema.types[base_type] {
            Type::Simple(simple) => (Some(*simple), Vec::new()),
            Type::Complex(complex) => {
                let text = match complex.content {
                    Content::Text(simple) => Some(simple),
                    _ => None,
                };
                (text, complex.attributes.iter().map(copy_of).collect())
            }
        };
        for attribute in own {
            if attributes
                .iter()
                .any(|known: &AttributeUse| known.name == attribute.name)
            {
                return self.mistake(
                    scope,
                    child,
                    "ct-props-correct.4: an attribute is declared twice",
                );
            }
            attributes.push(attribute);
        }
        match (node.name.as_str(), base_content) {
            ("simpleContent", Some(simple)) => Ok((Content::Text(simple), attributes, None)),
            ("complexContent", None) => {
                let Some(model) = self.models.get(&base_type).cloned() else {
                    return self.mistake(
                        scope,
                        child,
                        "ct-props-correct.3: a type that extends itself",
                    );
                };
                if matches!(
                    &self.schema.types[base_type],
                    Type::Complex(Complex {
                        content: Content::All { .. },
                        ..
                    })
                ) {
                    return self.refuse(scope, child, "extension of a type with all");
                }
                let (content, model) = self.content(scope, child, model)?;
                Ok((content, attributes, model))
            }
            _ => self.mistake(
                scope,
                child,
                format!("src-ct: {} cannot extend {base}", node.name),
            ),
        }
    }

    /// The model of a type or extension; `before` is what an extended type has already.
    fn content(
        &mut self,
        scope: Scope,
        node: &'s Node,
        before: Option<Particle>,
    ) -> Result<(Content, Option<Particle>)> {
        let mut own = None;
        for child in &node.children {
            match child.name.as_str() {
                "attribute" | "attributeGroup" => {}
                "sequence" | "choice" | "group" | "all" if own.is_none() => own = Some(child),
                other => return self.refuse(scope, child, &format!("{other} in {}", node.name)),
            }
        }
        if let Some(all) = own.filter(|child| child.name == "all") {
            if before.is_some() {
                return self.mistake(
                    scope,
                    all,
                    "cos-all-limited: all cannot follow other content",
                );
            }
            return Ok((self.all(scope, all)?, None));
        }
        let own = own.map(|child| self.particle(scope, child)).transpose()?;
        let model = match (before, own) {
            (Some(before), Some(own)) => Some(Particle::Sequence {
                items: vec![before, own],
                min: 1,
                max: 1,
            }),
            (before, own) => before.or(own),
        };
        let Some(particle) = &model else {
            return Ok((Content::Empty, None));
        };
        let automaton = match Automaton::compile(particle) {
            Ok(automaton) => automaton,
            Err(Wrong::Ambiguous((_, symbol))) => {
                let name = self.schema.name(symbol).to_owned();
                return self.mistake(
                    scope,
                    node,
                    format!("cos-nonambig: two particles compete for {name}"),
                );
            }
            Err(Wrong::CountedGroup) => {
                return self.refuse(
                    scope,
                    node,
                    "a group with a maxOccurs other than 1 and unbounded",
                );
            }
            Err(Wrong::TooLarge) => {
                return self.refuse(scope, node, "a content model of this size");
            }
        };
        Ok((Content::Model(automaton), model))
    }

    fn all(&mut self, scope: Scope, node: &'s Node) -> Result<Content> {
        self.admit(scope, node, &["minOccurs", "maxOccurs"])?;
        let (min, max) = self.occurs(scope, node)?;
        if max != 1 {
            return self.mistake(scope, node, "cos-all-limited.1.2: all occurs at most once");
        }
        let mut members: Vec<Member> = Vec::new();
        for child in &node.children {
            if child.name != "element" {
                return self.mistake(
                    scope,
                    child,
                    "cos-all-limited: only elements may stand in all",
                );
            }
            let Particle::Element {
                element,
                name,
                min,
                max,
            } = self.element_particle(scope, child)?
            else {
                continue;
            };
            if max > 1 {
                return self.mistake(
                    scope,
                    child,
                    "cos-all-limited.2: an element of all occurs at most once",
                );
            }
            if members.iter().any(|member| member.name == name) {
                return self.mistake(
                    scope,
                    child,
                    "cos-nonambig: two members of all have one name",
                );
            }
            if max == 1 {
                members.push(Member {
                    name,
                    element,
                    required: min == 1,
                });
            }
        }
        members.sort_by_key(|member| member.name);
        Ok(Content::All {
            members,
            optional: min == 0,
        })
    }

    fn particle(&mut self, scope: Scope, node: &'s Node) -> Result<Particle> {
        match node.name.as_str() {
            "element" => self.element_particle(scope, node),
            "sequence" | "choice" => {
                self.admit(scope, node, &["minOccurs", "maxOccurs"])?;
                let (min, max) = self.occurs(scope, node)?;
                let items = node
                    .children
                    .iter()
                    .map(|child| self.particle(scope, child));
                let items = items.collect::<Result<Vec<Particle>>>()?;
                Ok(match node.name.as_str() {
                    "sequence" => Particle::Sequence { items, min, max },
                    _ => Particle::Choice { items, min, max },
                })
            }
            "group" => {
                self.admit(scope, node, &["ref", "minOccurs", "maxOccurs"])?;
                let Some(name) = node.attribute("ref") else {
                    return self.refuse(scope, node, "a local group");
                };
                let (min, max) = self.occurs(scope, node)?;
                let (at, found) = self.global(scope, node, Kind::Group, name)?;
                let item = self.deeper(at, found, |this| this.group(at, found))?;
                Ok(Particle::Sequence {
                    items: vec![item],
                    min,
                    max,
                })
            }
            other => self.refuse(scope, node, other),
        }
    }

    fn group(&mut self, scope: Scope, node: &'s Node) -> Result<Particle> {
        match &node.children[..] {
            [child] if matches!(child.name.as_str(), "sequence" | "choice") => {
                self.particle(scope, child)
            }
            [child, ..] => self.refuse(scope, child, &format!("{} in a named group", child.name)),
            [] => self.mistake(scope, node, "an empty group"),
        }
    }

    fn element_particle(&mut self, scope: Scope, node: &'s Node) -> Result<Particle> {
        let (min, max) = self.occurs(scope, node)?;
        let element = match node.attribute("ref") {
            Some(name) => {
                self.admit(scope, node, &["ref", "minOccurs", "maxOccurs"])?;
                let (at, found) = self.global(scope, node, Kind::Element, name)?;
                self.deeper(at, found, |this| this.global_element(at, found))?
            }
            None => {
                self.admit(
                    scope,
                    node,
                    &["name", "type", "fixed", "form", "minOccurs", "maxOccurs"],
                )?;
                let file = &self.set.files[scope.file];
                let form = node
                    .attribute("form")
                    .or_else(|| file.root.attribute("elementFormDefault"));
                let namespace = if form == Some("qualified") {
                    self.namespace(scope)
                } else {
                    ""
                };
                self.deeper(scope, node, |this| this.element(scope, node, namespace))?
            }
        };
        Ok(Particle::Element {
            element,
            name: self.schema.elements[element].name,
            min,
            max,
        })
    }

    fn occurs(&self, scope: Scope, node: &Node) -> Result<(u32, u32)> {
        let number = |name: &str| -> Result<u32> {
            match node.attribute(name) {
                None => Ok(1),
                Some("unbounded") if name == "maxOccurs" => Ok(UNBOUNDED),
                Some(text) => match text.parse() {
                    Ok(number) if number < UNBOUNDED => Ok(number),
                    _ => self.mistake(scope, node, format!("{name} {text:?} is not a number")),
                },
            }
        };
        let (min, max) = (number("minOccurs")?, number("maxOccurs")?);
        if min > max {
            return self.mistake(
                scope,
                node,
                "p-props-correct.2.1: minOccurs is greater than maxOccurs",
            );
        }
        Ok((min, max))
    }
}

fn copy_of(attribute: &AttributeUse) -> AttributeUse {
    let name: Name = attribute.name;
    AttributeUse {
        name,
        simple: attribute.simple,
        required: attribute.required,
        fixed: attribute.fixed.clone(),
    }
}
