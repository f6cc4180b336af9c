//! A compiled schema: numbered names, elements, types and what they are made of. Everything
//! that a walk needs is found by number; nothing in here is changed after compiling.

use std::sync::Arc;

use super::glance::OnlyValue;
use super::identity::Constraint;
use super::model::Model;
use super::names::{Map, Names};
use super::simple::Simple;

pub use super::names::{Name, Symbol};

/// The number of an element declaration.
pub type ElementId = usize;
/// The number of a type.
pub type TypeId = usize;
/// The number of a simple type.
pub type SimpleId = usize;

/// The type that every type is derived from.
pub const ANY_TYPE: TypeId = 0;
/// The type that every simple type is derived from.
pub const ANY_SIMPLE_TYPE: TypeId = 1;

/// No end to `maxOccurs`.
pub const UNBOUNDED: u32 = u32::MAX;

/// A place in the structure that a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An element, by its number.
    Element(usize),
    /// An attribute: nothing stands below it.
    Attribute,
}

/// A compiled set of schema files.
pub struct Schema {
    pub(super) names: Names,
    pub(super) elements: Vec<Element>,
    /// For each element, whether it is a value and nothing else.
    pub(super) only_values: Vec<Option<OnlyValue>>,
    pub(super) types: Vec<Type>,
    pub(super) simples: Vec<Simple>,
    /// Global elements.
    pub(super) roots: Map<Name, ElementId>,
    /// Global types, for `xsi:type`; the built-in ones too.
    pub(super) named_types: Map<Name, TypeId>,
    /// Global attributes, for wildcards.
    pub(super) attributes: Map<Name, AttributeUse>,
    /// Identity constraints of all elements.
    pub(super) constraints: Vec<Constraint>,
}

/// One element declaration.
#[derive(Debug)]
pub struct Element {
    pub name: Name,
    pub ty: TypeId,
    pub global: bool,
    pub nillable: bool,
    pub is_abstract: bool,
    /// `default` or `fixed`.
    pub value: Option<ValueConstraint>,
    /// Numbers of its identity constraints.
    pub constraints: Vec<usize>,
    /// The element whose substitution group it belongs to.
    pub head: Option<ElementId>,
    /// What may not be used in its place: derivations of its type, substitution.
    pub block: Derivations,
    /// Derivations whose elements may not name it as their head.
    pub finals: Derivations,
    /// What may stand where it is named: itself unless it is abstract, and the members of its
    /// substitution group that are not blocked. Empty until the set is complete.
    pub stands_for: Vec<ElementId>,
}

/// A type, simple or complex.
#[derive(Debug)]
pub struct Type {
    /// Absent when it has none of its own.
    pub name: Option<Name>,
    pub complex: bool,
    pub base: TypeId,
    /// How it was made from its base.
    pub by: Derivation,
    pub is_abstract: bool,
    pub block: Derivations,
    pub finals: Derivations,
    pub content: Content,
    pub attributes: Arc<[AttributeUse]>,
    pub any_attribute: Option<Wildcard>,
    /// Whether some attribute has to be there or has a default: then a walk has to look even
    /// at an element without attributes.
    pub watches_attributes: bool,
}

/// What may stand inside an element.
#[derive(Debug, Clone)]
pub enum Content {
    /// Nothing, not even white space.
    Empty,
    /// Text of a simple type.
    Simple(SimpleId),
    /// Elements, with text between them if it is mixed.
    Model(Arc<Model>),
}

/// A `default` or `fixed` value.
#[derive(Debug, Clone)]
pub struct ValueConstraint {
    pub fixed: bool,
    /// As written.
    pub text: String,
    /// The value, to be compared with others of its type.
    pub key: String,
}

/// An attribute of a complex type, or a global one.
#[derive(Debug, Clone)]
pub struct AttributeUse {
    pub name: Name,
    pub simple: SimpleId,
    pub required: bool,
    /// Shared by every type that has the attribute: it can be long.
    pub value: Option<Arc<ValueConstraint>>,
}

/// How a type is made from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    Restriction,
    Extension,
    List,
    Union,
    /// Of elements only: by a substitution group.
    Substitution,
}

/// A set of derivations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Derivations(u8);

impl Derivations {
    /// This one too.
    pub fn with(self, derivation: Derivation) -> Derivations {
        Derivations(self.0 | 1 << derivation as u8)
    }

    /// Those of both.
    pub fn and(self, other: Derivations) -> Derivations {
        Derivations(self.0 | other.0)
    }

    /// Whether it is among them.
    pub fn has(self, derivation: Derivation) -> bool {
        self.0 & (1 << derivation as u8) != 0
    }

    /// Whether all of `other` are among them.
    pub fn contains(self, other: Derivations) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A particle of a content model.
#[derive(Debug, Clone)]
pub struct Particle {
    pub min: u32,
    pub max: u32,
    pub term: Term,
}

/// What a particle repeats.
#[derive(Debug, Clone)]
pub enum Term {
    Element(ElementId),
    Any(Wildcard),
    Sequence(Arc<[Particle]>),
    Choice(Arc<[Particle]>),
    All(Arc<[Particle]>),
}

/// `any` or `anyAttribute`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    pub spaces: Spaces,
    pub process: Process,
}

/// The namespaces that a wildcard admits, by number; 0 is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spaces {
    Any,
    /// Any but this one, and not none.
    Not(u16),
    /// These, sorted.
    These(Vec<u16>),
}

impl Spaces {
    /// Whether a name of this namespace is admitted.
    pub fn admit(&self, space: u16) -> bool {
        match self {
            Spaces::Any => true,
            Spaces::Not(not) => space != *not && space != 0,
            Spaces::These(spaces) => spaces.binary_search(&space).is_ok(),
        }
    }
}

impl Spaces {
    /// Whether some name is admitted by both.
    pub fn meets(&self, other: &Spaces) -> bool {
        match (self, other) {
            (Spaces::These(spaces), other) | (other, Spaces::These(spaces)) => {
                spaces.iter().any(|space| other.admit(*space))
            }
            // There are more namespaces than two.
            _ => true,
        }
    }
}

/// What is done with an element or attribute that a wildcard admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Process {
    /// Nothing.
    Skip,
    /// It is checked if it is declared.
    Lax,
    /// It has to be declared.
    Strict,
}

impl Schema {
    /// The symbol of a local name, if an element or attribute of the schema has it.
    pub fn symbol(&self, local: &str) -> Option<Symbol> {
        self.names.symbol(local)
    }

    /// The local name of a symbol of this schema; empty for any other.
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names.local(symbol)
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
        let ty = &self.types[self.elements[element].ty];
        let symbol = self.symbol(local)?;
        if attribute {
            let mut names = ty.attributes.iter().map(|declared| declared.name);
            return names
                .any(|name| name.local == symbol)
                .then_some(Place::Attribute);
        }
        let Content::Model(model) = &ty.content else {
            return None;
        };
        let mut children = model
            .elements()
            .flat_map(|element| &self.elements[element].stands_for);
        children
            .find(|child| self.elements[**child].name.local == symbol)
            .map(|child| Place::Element(*child))
    }

    /// Local names of the global elements, sorted.
    pub fn roots(&self) -> Vec<&str> {
        let mut roots: Vec<&str> = self
            .roots
            .keys()
            .map(|name| self.name(name.local))
            .collect();
        roots.sort_unstable();
        roots
    }

    /// How much there is: elements, types, and simple types among them.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.elements.len(), self.types.len(), self.simples.len())
    }

    /// Whether `ty` is `base` or derived from it, using none of `without`.
    pub(super) fn derives(&self, ty: TypeId, base: TypeId, without: Derivations) -> bool {
        derives(&self.types, &self.simples, ty, base, without)
    }
}

/// Type Derivation OK (cos-ct-derived-ok, cos-st-derived-ok): whether `ty` is `base` or is
/// derived from it by steps that are not in `without`.
pub fn derives(
    types: &[Type],
    simples: &[Simple],
    ty: TypeId,
    base: TypeId,
    without: Derivations,
) -> bool {
    let mut at = ty;
    loop {
        if at == base {
            return true;
        }
        // A member type of a union may stand for the union.
        if !types[at].complex
            && !without.has(Derivation::Restriction)
            && let Content::Simple(union) = types[base].content
            && !types[base].complex
            && simples[union].restricts_nothing()
        {
            let members = simples[union].members();
            if members
                .iter()
                .any(|member| derives(types, simples, at, simples[*member].ty, without))
            {
                return true;
            }
        }
        // However a simple type is made, it restricts (cos-st-derived-ok.2.1).
        let by = match types[at].complex {
            true => types[at].by,
            false => Derivation::Restriction,
        };
        let blocked = without.has(by);
        if at == ANY_TYPE || blocked {
            return false;
        }
        at = types[at].base;
    }
}
