//! The plain walk: the clauses of XML Schema Part 1 in their order, over a tree of the whole
//! document. It is slow and obvious; it says only whether a document is valid, and is the
//! oracle of the fast walk in tests and under fuzzing. The two share the compiled tables
//! (elements, types, particles, simple types, wildcards) and nothing of how they are followed.
//!
//! ```text
//!  document ─▶ tree ─▶ element by element: element, type, attributes ─▶ IDs ─▶ keys
//!                                 └─▶ derivative of the content model
//! ```

mod keys;
mod tree;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::xml::{Document, Limits};

use super::derivative::Expr;
use super::instance::XSI;
use super::model::Step;
use super::names::{Symbol, UNKNOWN_SPACE};
use super::simple::Variety;
use super::tables::*;
use super::value::{Identity, Prefixes, White, is_nc_name, normalise};
use tree::{Numbered, Tree, numbered};

/// The attributes of [`XSI`] that speak to a validator.
const SPEAKING: [&str; 4] = ["type", "nil", "schemaLocation", "noNamespaceSchemaLocation"];

/// How large a content model may grow, beyond a few times what it was.
const GROWTH_MAX: usize = 20_000;

/// Why a walk ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// A clause is not satisfied.
    Invalid,
    /// A content model grew too large, or an element could be two things.
    Undecided,
}

/// A clause of the standard.
fn require(satisfied: bool) -> Result<(), Stop> {
    match satisfied {
        true => Ok(()),
        false => Err(Stop::Invalid),
    }
}

/// See [`Schema::plain_verdict`].
pub fn verdict(schema: &Schema, document: &Document<'_>, limits: &Limits) -> Option<bool> {
    let Some(tree) = Tree::read(document, limits) else {
        return Some(false);
    };
    let mut plain = Plain {
        schema,
        known: tree.nodes.iter().map(|_| None).collect(),
        tree,
        models: HashMap::new(),
        ids: HashSet::new(),
        references: Vec::new(),
    };
    match plain.document() {
        Ok(()) => Some(true),
        Err(Stop::Invalid) => Some(false),
        Err(Stop::Undecided) => None,
    }
}

struct Plain<'s> {
    schema: &'s Schema,
    tree: Tree,
    /// What assessing found out about each node; nothing of those that wildcards skip.
    known: Vec<Option<Known>>,
    /// The content model of each type that was met.
    models: HashMap<TypeId, Rc<Expr>>,
    ids: HashSet<String>,
    references: Vec<String>,
}

/// What identity constraints ask about a node.
struct Known {
    element: Option<ElementId>,
    name: Numbered,
    /// Whether its content is of a simple type.
    simple: bool,
    /// Its value; nil has none.
    key: Option<String>,
    /// Its attributes and their values, those with defaults too.
    attributes: Vec<(Numbered, String)>,
}

/// Elements that wait for their turn, with their declarations if they have one.
type Waiting = Vec<(usize, Option<ElementId>)>;

impl Plain<'_> {
    fn document(&mut self) -> Result<(), Stop> {
        let names = &self.schema.names;
        // cvc-assess-elt.1.1: a declaration, or else a type that the root itself names.
        let declared = self.tree.name(0, names);
        let declared = declared.and_then(|name| self.schema.roots.get(&name).copied());
        let typed = self.tree.attribute(0, XSI, "type").is_some();
        require(declared.is_some() || typed)?;
        let mut waiting = vec![(0, declared)];
        while let Some((node, element)) = waiting.pop() {
            self.element(node, element, &mut waiting)?;
        }
        // cvc-elt.7, cvc-id.1: whatever is referred to is there.
        let mut references = self.references.iter();
        require(references.all(|reference| self.ids.contains(reference)))?;
        // cvc-elt.6
        self.identity_constraints()
    }

    /// Element Locally Valid (Element), or by its type alone if nothing declares it.
    fn element(
        &mut self,
        node: usize,
        element: Option<ElementId>,
        waiting: &mut Waiting,
    ) -> Result<(), Stop> {
        let schema = self.schema;
        let declaration = element.map(|element| &schema.elements[element]);
        // cvc-elt.2: no abstract element.
        require(declaration.is_none_or(|declaration| !declaration.is_abstract))?;
        let constraint = declaration.and_then(|declaration| declaration.value.as_ref());
        // cvc-elt.3
        let mut nil = false;
        if let (Some(value), Some(declaration)) =
            (self.tree.attribute(node, XSI, "nil"), declaration)
        {
            // cvc-elt.3.1
            require(declaration.nillable)?;
            let value = normalise(White::Collapse, value);
            require(["true", "1", "false", "0"].contains(&&*value))?;
            nil = ["true", "1"].contains(&&*value);
            // cvc-elt.3.2.1
            require(!nil || self.bare(node))?;
            // cvc-elt.3.2.2
            require(!nil || constraint.is_none_or(|constraint| !constraint.fixed))?;
        }
        // cvc-elt.4
        let declared = declaration.map_or(ANY_TYPE, |declaration| declaration.ty);
        let given = self.given_type(node)?;
        if let Some(given) = given {
            // cvc-elt.4.3
            let block = declaration.map_or(Derivations::default(), |declaration| declaration.block);
            let without = block.and(schema.types[declared].block);
            require(self.derived(given, declared, without))?;
        }
        let ty = given.unwrap_or(declared);
        // cvc-elt.5.1: what is empty has the value of its declaration.
        let default = constraint.filter(|_| !nil && self.bare(node));
        if let (Some(default), Some(given)) = (default, given) {
            // cvc-elt.5.1.1
            self.default_fits(node, given, &default.text)?;
        }
        let text = match default {
            Some(default) => default.text.clone(),
            None => self.tree.nodes[node].text.clone(),
        };
        // cvc-elt.5.1.2, 5.2.1
        let attributes = self.of_type(node, ty, nil, &text, waiting)?;
        // cvc-elt.5.2.2
        let fixed = constraint.filter(|constraint| constraint.fixed && !nil && default.is_none());
        let mut known = Known {
            element,
            name: self.numbered(node),
            simple: false,
            key: None,
            attributes,
        };
        match &schema.types[ty].content {
            Content::Simple(simple) => {
                known.simple = true;
                if !nil {
                    let prefixes = self.tree.prefixes(node);
                    known.key = schema.simples[*simple].key(&schema.simples, &text, &prefixes);
                }
                // cvc-elt.5.2.2.2.2: the same value.
                require(fixed.is_none_or(|fixed| known.key.as_ref() == Some(&fixed.key)))?;
            }
            Content::Model(model) => {
                // cvc-elt.5.2.2.1
                require(fixed.is_none() || self.tree.nodes[node].children.is_empty())?;
                // cvc-elt.5.2.2.2.1: the same text.
                require(fixed.is_none_or(|fixed| !model.mixed || fixed.text == text))?;
            }
            Content::Empty => {}
        }
        self.known[node] = Some(known);
        Ok(())
    }

    /// Whether an element has neither elements nor characters inside.
    fn bare(&self, node: usize) -> bool {
        self.tree.nodes[node].children.is_empty() && self.tree.nodes[node].text.is_empty()
    }

    fn numbered(&self, node: usize) -> Numbered {
        let node = &self.tree.nodes[node];
        numbered(&self.schema.names, &node.namespace, &node.local)
    }

    /// The type that `xsi:type` names.
    fn given_type(&self, node: usize) -> Result<Option<TypeId>, Stop> {
        let Some(value) = self.tree.attribute(node, XSI, "type") else {
            return Ok(None);
        };
        // cvc-elt.4.1: a QName.
        let value = normalise(White::Collapse, value);
        let (prefix, local) = value.split_once(':').unwrap_or(("", &value));
        require(is_nc_name(local) && (is_nc_name(prefix) || !value.contains(':')))?;
        let prefixes = self.tree.prefixes(node);
        let namespace = prefixes.namespace(prefix).ok_or(Stop::Invalid)?;
        // cvc-elt.4.2: of a type. Laxly assessed elements may not name what is not there either.
        let name = self.schema.names.find(namespace, local);
        let ty = name.and_then(|name| self.schema.named_types.get(&name).copied());
        ty.map(Some).ok_or(Stop::Invalid)
    }

    /// Type Derivation OK: cos-ct-derived-ok for complex types, cos-st-derived-ok for simple
    /// ones, with `without` as the subset.
    fn derived(&self, ty: TypeId, base: TypeId, without: Derivations) -> bool {
        let schema = self.schema;
        let own = &schema.types[ty];
        if ty == base {
            return true;
        }
        if own.complex {
            // cos-ct-derived-ok.1 and .2
            return ty != ANY_TYPE && !without.has(own.by) && self.derived(own.base, base, without);
        }
        // cos-st-derived-ok.2.1
        if without.has(Derivation::Restriction) {
            return false;
        }
        // cos-st-derived-ok.2.2.1 to .3
        if base == ANY_TYPE || base == ANY_SIMPLE_TYPE {
            return true;
        }
        if ty == ANY_SIMPLE_TYPE {
            return false;
        }
        // cos-st-derived-ok.2.2.4: a member of a union; of one with facets of its own it would
        // escape them.
        let members = match &schema.types[base].content {
            Content::Simple(union) if !schema.types[base].complex => {
                match &schema.simples[*union].variety {
                    Variety::Union(members) if schema.simples[*union].restricts_nothing() => {
                        &members[..]
                    }
                    _ => &[],
                }
            }
            _ => &[],
        };
        members
            .iter()
            .any(|member| self.derived(ty, schema.simples[*member].ty, without))
            || self.derived(own.base, base, without)
    }

    /// Element Default Valid (cos-valid-default), of a type that the element names itself.
    fn default_fits(&self, node: usize, ty: TypeId, text: &str) -> Result<(), Stop> {
        let schema = self.schema;
        match &schema.types[ty].content {
            Content::Simple(simple) => {
                let prefixes = self.tree.prefixes(node);
                let simple = &schema.simples[*simple];
                require(simple.check(&schema.simples, text, &prefixes).is_ok())
            }
            Content::Model(model) => require(model.mixed && Expr::new(&model.particle).nullable()),
            Content::Empty => Err(Stop::Invalid),
        }
    }

    /// Element Locally Valid (Type); gives its attributes.
    fn of_type(
        &mut self,
        node: usize,
        ty: TypeId,
        nil: bool,
        text: &str,
        waiting: &mut Waiting,
    ) -> Result<Vec<(Numbered, String)>, Stop> {
        let schema = self.schema;
        // cvc-type.2
        require(!schema.types[ty].is_abstract)?;
        // cvc-type.3.1.2, 3.1.3, cvc-complex-type.2
        match &schema.types[ty].content {
            _ if nil => {}
            // cvc-complex-type.2.1
            Content::Empty => require(self.bare(node))?,
            // cvc-complex-type.2.2
            Content::Simple(simple) => {
                require(self.tree.nodes[node].children.is_empty())?;
                self.value(node, *simple, text)?;
            }
            Content::Model(model) => {
                // cvc-complex-type.2.3
                let blank = |text: &str| text.trim_matches([' ', '\t', '\n', '\r']).is_empty();
                require(model.mixed || blank(text))?;
                // cvc-complex-type.2.4
                let models = self.models.entry(ty);
                let expr = models.or_insert_with(|| Expr::new(&model.particle)).clone();
                self.children(node, expr, waiting)?;
            }
        }
        // cvc-type.3.1.1, cvc-complex-type.3
        self.attributes(node, ty)
    }

    /// The children of an element against its content model: Element Sequence Valid.
    fn children(&self, node: usize, model: Rc<Expr>, waiting: &mut Waiting) -> Result<(), Stop> {
        let schema = self.schema;
        let size_max = model.size().saturating_mul(4).saturating_add(GROWTH_MAX);
        let mut left = model;
        for child in &self.tree.nodes[node].children {
            let name = self.tree.name(*child, &schema.names);
            let (space, _) = self.numbered(*child);
            let mut matches = Vec::new();
            left = left.derivative((name, space), &schema.elements, &mut matches);
            if left.size() > size_max {
                return Err(Stop::Undecided);
            }
            require(*left != Expr::Nothing)?;
            match matches[..] {
                [Step::Element(element)] => waiting.push((*child, Some(element))),
                // cvc-wildcard, cvc-assess-elt
                [Step::Any(process)] => {
                    let global = name.and_then(|name| schema.roots.get(&name).copied());
                    let typed = self.tree.attribute(*child, XSI, "type").is_some();
                    match (process, global) {
                        (Process::Skip, _) => {}
                        (Process::Strict, None) if !typed => return Err(Stop::Invalid),
                        (_, global) => waiting.push((*child, global)),
                    }
                }
                _ => return Err(Stop::Undecided),
            }
        }
        require(left.nullable())
    }

    /// cvc-complex-type.3 to .5, or cvc-type.3.1.1 of a simple type, which has no attributes.
    fn attributes(&mut self, node: usize, ty: TypeId) -> Result<Vec<(Numbered, String)>, Stop> {
        let schema = self.schema;
        let ty = &schema.types[ty];
        let mut known = Vec::new();
        let mut met = Vec::new();
        let mut wild_ids = 0;
        for (namespace, local, value) in self.tree.nodes[node].attributes.clone() {
            if namespace == XSI && SPEAKING.contains(&local.as_str()) {
                continue;
            }
            let name = schema.names.find(&namespace, &local);
            let number = numbered(&schema.names, &namespace, &local);
            // cvc-complex-type.3.1: a use of the type has its name.
            let mut uses = ty.attributes.iter();
            if let Some(of_type) = uses.find(|of_type| Some(of_type.name) == name) {
                met.push(of_type.name);
                known.push((number, self.attribute(node, of_type, &value)?));
                continue;
            }
            // cvc-complex-type.3.2: the wildcard admits it.
            let space = schema.names.space(&namespace).unwrap_or(UNKNOWN_SPACE);
            let any = ty.any_attribute.as_ref();
            let any = any.filter(|any| any.spaces.admit(space));
            let process = any.map(|any| any.process).ok_or(Stop::Invalid)?;
            let global = name.and_then(|name| schema.attributes.get(&name));
            match (process, global) {
                // What has no type is compared as text.
                (Process::Skip, _) | (Process::Lax, None) => {
                    known.push((number, format!("s{value}")));
                }
                (Process::Strict, None) => return Err(Stop::Invalid),
                (_, Some(global)) => {
                    wild_ids += u32::from(self.is_id(global));
                    known.push((number, self.attribute(node, global, &value)?));
                }
            }
        }
        for of_type in ty.attributes.iter() {
            if met.contains(&of_type.name) {
                continue;
            }
            // cvc-complex-type.4
            require(!of_type.required)?;
            // 3.4.5: an attribute with a default is there even if it is not written.
            if let Some(default) = &of_type.value {
                let number = (of_type.name.space, Some(of_type.name.local));
                known.push((number, default.key.clone()));
                self.identities(node, of_type.simple, &default.text)?;
            }
        }
        // cvc-complex-type.5.1
        require(wild_ids <= 1)?;
        // cvc-complex-type.5.2
        let mut uses = ty.attributes.iter();
        require(wild_ids == 0 || !uses.any(|of_type| self.is_id(of_type)))?;
        Ok(known)
    }

    fn is_id(&self, attribute: &AttributeUse) -> bool {
        self.schema.simples[attribute.simple].identity == Identity::Id
    }

    /// Attribute Locally Valid (cvc-attribute), and that of its use (cvc-au); gives its value.
    fn attribute(
        &mut self,
        node: usize,
        declared: &AttributeUse,
        value: &str,
    ) -> Result<String, Stop> {
        let simples = &self.schema.simples;
        // cvc-attribute.3
        self.value(node, declared.simple, value)?;
        let key = simples[declared.simple].key(simples, value, &self.tree.prefixes(node));
        let key = key.ok_or(Stop::Invalid)?;
        // cvc-attribute.4, cvc-au
        let fixed = declared.value.as_ref().filter(|value| value.fixed);
        require(fixed.is_none_or(|fixed| fixed.key == key))?;
        Ok(key)
    }

    /// String Valid (cvc-simple-type), and what it says of IDs.
    fn value(&mut self, node: usize, simple: SimpleId, text: &str) -> Result<(), Stop> {
        let simples = &self.schema.simples;
        let prefixes = self.tree.prefixes(node);
        let fits = simples[simple].check(simples, text, &prefixes).is_ok();
        require(fits)?;
        self.identities(node, simple, text)
    }

    /// IDs and references in a value that fits.
    fn identities(&mut self, node: usize, simple: SimpleId, text: &str) -> Result<(), Stop> {
        let simples = &self.schema.simples;
        let prefixes = self.tree.prefixes(node);
        let Ok(text) = simples[simple].check(simples, text, &prefixes) else {
            return Ok(());
        };
        let mut found = Vec::new();
        simples[simple].identities(simples, &text, &prefixes, &mut found);
        for (identity, word) in found {
            match identity {
                Identity::None => {}
                // cvc-id.2: no two of them, wherever they are.
                Identity::Id => require(self.ids.insert(word.to_owned()))?,
                Identity::IdRef => self.references.push(word.to_owned()),
                // cvc-simple-type.2.3: without a document type declaration there is none.
                Identity::Entity => return Err(Stop::Invalid),
            }
        }
        Ok(())
    }
}
