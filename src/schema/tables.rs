//! A compiled schema: numbered names, elements and types.

use std::collections::HashMap;

use super::content::Automaton;
use super::simple::Simple;

/// The number of a local name in a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// A place in the structure that a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An element, by its number.
    Element(usize),
    /// An attribute: nothing stands below it.
    Attribute,
}

/// A name with its namespace, numbered. Namespace 0 is none.
pub(super) type Name = (u16, Symbol);

/// A compiled set of schema files.
pub struct Schema {
    pub(super) names: Names,
    pub(super) elements: Vec<Element>,
    pub(super) types: Vec<Type>,
    pub(super) simples: Vec<Simple>,
    /// Global elements.
    pub(super) roots: HashMap<Name, usize>,
}

impl Schema {
    /// The symbol of a local name, if an element or attribute of the schema has it.
    pub fn symbol(&self, local: &str) -> Option<Symbol> {
        self.names.locals.get(local).copied().map(Symbol)
    }

    /// The local name of a symbol of this schema; empty for any other.
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names
            .list
            .get(symbol.0 as usize)
            .map_or("", |name| name)
    }

    /// Where the root element of this name stands.
    pub fn place(&self, namespace: &str, local: &str) -> Option<Place> {
        let name = self.names.find(namespace, local)?;
        self.roots.get(&name).copied().map(Place::Element)
    }

    /// Where the child element, or the attribute, of this local name below `place` stands;
    /// `None` if its type has none.
    pub fn below(&self, place: Place, local: &str, attribute: bool) -> Option<Place> {
        let Place::Element(element) = place else {
            return None;
        };
        let Type::Complex(complex) = &self.types[self.elements[element].ty] else {
            return None;
        };
        let symbol = self.symbol(local)?;
        if attribute {
            let mut names = complex.attributes.iter().map(|declared| declared.name);
            return names
                .any(|name| name.1 == symbol)
                .then_some(Place::Attribute);
        }
        let found = match &complex.content {
            Content::Empty | Content::Text(_) => None,
            Content::Model(model) => {
                let mut positions = model.positions.iter();
                positions
                    .find(|position| position.name.1 == symbol)
                    .map(|found| found.element)
            }
            Content::All { members, .. } => {
                let mut members = members.iter();
                members
                    .find(|member| member.name.1 == symbol)
                    .map(|found| found.element)
            }
        };
        found.map(Place::Element)
    }

    /// Local names of the global elements, sorted.
    pub fn roots(&self) -> Vec<&str> {
        let mut roots: Vec<&str> = self
            .roots
            .keys()
            .map(|(_, symbol)| self.name(*symbol))
            .collect();
        roots.sort_unstable();
        roots
    }
}

/// One element declaration.
pub(super) struct Element {
    pub name: Name,
    pub ty: usize,
    /// The only value admitted.
    pub fixed: Option<String>,
}

/// The type of an element.
pub(super) enum Type {
    /// Text of a simple type, no attributes.
    Simple(usize),
    /// Everything else.
    Complex(Complex),
}

/// A complex type.
pub(super) struct Complex {
    pub content: Content,
    pub attributes: Vec<AttributeUse>,
}

/// What may stand inside an element.
pub(super) enum Content {
    /// Nothing.
    Empty,
    /// Text of a simple type.
    Text(usize),
    /// Elements in the order of a model.
    Model(Automaton),
    /// Each of these elements at most once, in any order, sorted by name.
    All {
        members: Vec<Member>,
        optional: bool,
    },
}

/// A member of an all group.
pub(super) struct Member {
    pub name: Name,
    pub element: usize,
    pub required: bool,
}

/// An attribute of a complex type.
pub(super) struct AttributeUse {
    pub name: Name,
    pub simple: usize,
    pub required: bool,
    pub fixed: Option<String>,
}

/// Names and their numbers.
#[derive(Default)]
pub(super) struct Names {
    pub locals: HashMap<String, u32>,
    pub list: Vec<String>,
    pub namespaces: Vec<String>,
}

impl Names {
    pub fn new() -> Names {
        Names {
            namespaces: vec![String::new()],
            ..Names::default()
        }
    }

    pub fn intern(&mut self, namespace: &str, local: &str) -> Name {
        let space = match self.namespace(namespace) {
            Some(space) => space,
            None => {
                self.namespaces.push(namespace.to_owned());
                (self.namespaces.len() - 1) as u16
            }
        };
        let next = self.list.len() as u32;
        let number = *self.locals.entry(local.to_owned()).or_insert(next);
        if number == next {
            self.list.push(local.to_owned());
        }
        (space, Symbol(number))
    }

    pub fn namespace(&self, namespace: &str) -> Option<u16> {
        self.namespaces
            .iter()
            .position(|known| known == namespace)
            .map(|at| at as u16)
    }

    pub fn find(&self, namespace: &str, local: &str) -> Option<Name> {
        Some((self.namespace(namespace)?, Symbol(*self.locals.get(local)?)))
    }
}
