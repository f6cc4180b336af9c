//! Types as such (their numbers, what they are made from, in which order), and simple types:
//! restriction, list and union.

use std::collections::HashSet;
use std::sync::Arc;

use crate::schema::load::Kind;
use crate::schema::simple::{Bound, Facets, Simple, Variety};
use crate::schema::tables::*;
use crate::schema::tree::{Node, XSD};
use crate::schema::value::{BUILT_INS, BuiltIn, Form, Identity, Primitive, White};

use super::{Compiler, Draft, Progress, Result, Scope, is_redefinition};

/// Checks that one value of a union may take: each of its members, and theirs if they are
/// restricted unions. Unions of restrictions of one union double at every step.
const LOOKS_MAX: u64 = 2_000;

impl<'s> Compiler<'s> {
    /// The types that need no declaration.
    pub(super) fn built_ins(&mut self) {
        let lax = Wildcard {
            spaces: Spaces::Any,
            process: Process::Lax,
        };
        let anything = Particle {
            min: 0,
            max: UNBOUNDED,
            term: Term::Any(lax.clone()),
        };
        let whole = Particle {
            min: 1,
            max: 1,
            term: Term::Sequence(Arc::new([anything])),
        };
        self.built_in("anyType", ANY_TYPE, true, Content::Empty);
        self.schema.types[ANY_TYPE].any_attribute = Some(lax);
        self.drafts[ANY_TYPE].particle = Some((whole, true));
        self.built_in_simple("anySimpleType", ANY_TYPE, Variety::Any);
        for built_in in BUILT_INS {
            let base = self.schema.names.intern(XSD, built_in.base);
            let base = self.schema.named_types.get(&base).copied();
            let base = base.unwrap_or(ANY_SIMPLE_TYPE);
            let variety = match built_in.list_of {
                Some(item) => {
                    let item = self.schema.names.intern(XSD, item);
                    match self.schema.types[self.schema.named_types[&item]].content {
                        Content::Simple(item) => Variety::List(item),
                        _ => Variety::Any,
                    }
                }
                None => Variety::Atomic(built_in.primitive, built_in.form),
            };
            let simple = self.built_in_simple(built_in.name, base, variety);
            let simple = &mut self.schema.simples[simple];
            simple.white = built_in.white;
            simple.identity = built_in.identity;
            simple.contextual = is_contextual(built_in.primitive);
            simple.identified = built_in.identity != Identity::None;
            simple.facets = facets_of(built_in);
        }
    }

    fn built_in_simple(&mut self, name: &str, base: TypeId, variety: Variety) -> SimpleId {
        let simple = self.schema.simples.len();
        let ty = self.built_in(name, base, false, Content::Simple(simple));
        self.schema.simples.push(Simple {
            label: name.to_owned(),
            ty,
            variety,
            white: White::Preserve,
            identity: Identity::None,
            facets: Facets::default(),
            contextual: false,
            identified: false,
        });
        simple
    }

    fn built_in(&mut self, name: &str, base: TypeId, complex: bool, content: Content) -> TypeId {
        let number = self.schema.types.len();
        let named = self.schema.names.intern(XSD, name);
        self.schema.named_types.insert(named, number);
        self.schema.types.push(Type {
            name: Some(named),
            complex,
            base,
            content,
            ..new_type()
        });
        self.drafts.push(Draft {
            source: None,
            progress: Progress::Done,
            particle: None,
            label: name.to_owned(),
        });
        number
    }

    /// The number of the type that a node declares; it is made later. `label` names it if it
    /// has no name.
    pub(super) fn type_at(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        label: Option<&str>,
    ) -> Result<TypeId> {
        if let Some(known) = self.types.get(&std::ptr::from_ref(node)) {
            return Ok(*known);
        }
        let number = self.schema.types.len();
        let own = node.attribute("name");
        let name = own.map(|own| self.schema.names.intern(self.namespace(scope), own));
        if let Some(name) = name
            && !self.schema.named_types.contains_key(&name)
            && self
                .globals
                .declared
                .get(&(Kind::Type, self.namespace(scope), own.unwrap_or("")))
                .is_some_and(|(_, declared)| std::ptr::eq(*declared, node))
        {
            self.schema.named_types.insert(name, number);
        }
        self.schema.types.push(Type {
            name,
            complex: node.name == "complexType",
            ..new_type()
        });
        self.drafts.push(Draft {
            source: Some((scope, node)),
            progress: Progress::Waiting,
            particle: None,
            label: own.or(label).unwrap_or("anonymous").to_owned(),
        });
        self.types.insert(node, number);
        Ok(number)
    }

    /// The number of the type that `name` means.
    pub(super) fn type_named(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        name: &str,
    ) -> Result<TypeId> {
        let (namespace, local) = self.resolve(scope, node, name)?;
        if namespace == XSD {
            let named = self.schema.names.find(XSD, local);
            if let Some(known) = named.and_then(|name| self.schema.named_types.get(&name)) {
                return Ok(*known);
            }
        }
        let (at, found) = self.global(scope, node, Kind::Type, name)?;
        self.type_at(at, found, None)
    }

    /// The simple type that type number `ty` is, made.
    pub(super) fn simple_of(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        ty: TypeId,
    ) -> Result<SimpleId> {
        if self.schema.types[ty].complex {
            let text = format!(
                "src-resolve: {} is not a simple type",
                self.drafts[ty].label
            );
            return self.mistake(scope, node, text);
        }
        self.complete(ty)?;
        match self.schema.types[ty].content {
            Content::Simple(simple) => Ok(simple),
            _ => self.mistake(scope, node, "src-resolve: not a simple type"),
        }
    }

    /// Makes a type, and those that it is made from.
    pub(super) fn complete(&mut self, ty: TypeId) -> Result<()> {
        let Some((scope, node)) = self.drafts[ty].source else {
            return Ok(());
        };
        if self.drafts[ty].progress == Progress::Done {
            return self.met(scope, node);
        }
        let circular = if self.schema.types[ty].complex {
            "ct-props-correct.3"
        } else {
            "st-props-correct.2"
        };
        self.once(scope, node, circular, |this| {
            this.drafts[ty].progress = Progress::Busy;
            if this.schema.types[ty].complex {
                this.complex(ty, scope, node)?;
            } else {
                this.simple(ty, scope, node)?;
            }
            this.drafts[ty].progress = Progress::Done;
            Ok(())
        })
    }

    fn simple(&mut self, ty: TypeId, scope: Scope<'s>, node: &'s Node) -> Result<()> {
        let Some(child) = node.children.first() else {
            return self.mistake(
                scope,
                node,
                "s4s-elt-must-match.2: a simpleType needs restriction, list or union",
            );
        };
        let finals = self.derivations(
            scope,
            node,
            "final",
            "finalDefault",
            &[
                Derivation::Extension,
                Derivation::Restriction,
                Derivation::List,
                Derivation::Union,
            ],
        );
        if is_redefinition(scope, node) && child.name != "restriction" {
            let text = "src-redefine.5: a redefined type is derived from itself";
            return self.mistake(scope, node, text);
        }
        let label = self.drafts[ty].label.clone();
        let (simple, base, by) = match child.name.as_str() {
            "restriction" => {
                let base = self.given_type(scope, child, "base", &label)?;
                if is_redefinition(scope, node)
                    && child
                        .attribute("base")
                        .and_then(|base| base.rsplit(':').next())
                        != node.attribute("name")
                {
                    return self.mistake(
                        scope,
                        child,
                        "src-redefine.5: a redefined type is derived from itself",
                    );
                }
                if self.schema.types[base].complex || base == ANY_SIMPLE_TYPE {
                    let text = format!(
                        "cos-st-restricts.1.1: {} is not a simple type that can be restricted",
                        self.drafts[base].label
                    );
                    return self.mistake(scope, child, text);
                }
                let from = self.simple_of(scope, child, base)?;
                if self.schema.types[base].finals.has(Derivation::Restriction) {
                    let text = format!("st-props-correct.3: {} is final", self.drafts[base].label);
                    return self.mistake(scope, child, text);
                }
                let mut simple = self.schema.simples[from].clone();
                simple.label = label;
                simple.ty = ty;
                self.facets(scope, child, from, &mut simple)?;
                (simple, base, Derivation::Restriction)
            }
            "list" => {
                let item = self.given_type(scope, child, "itemType", &label)?;
                let from = self.simple_of(scope, child, item)?;
                if self.schema.types[item].finals.has(Derivation::List) {
                    let text = format!(
                        "cos-st-restricts.2.3.1.1: {} is final for lists",
                        self.drafts[item].label
                    );
                    return self.mistake(scope, child, text);
                }
                if item == ANY_SIMPLE_TYPE || self.has_list(from) {
                    return self.mistake(
                        scope,
                        child,
                        "cos-st-restricts.2.1: a list of lists (cos-list-of-atomic)",
                    );
                }
                let simple = self.constructed(label, ty, Variety::List(from), &[from]);
                (simple, ANY_SIMPLE_TYPE, Derivation::List)
            }
            _ => {
                let simple = self.union(ty, scope, child, label)?;
                (simple, ANY_SIMPLE_TYPE, Derivation::Union)
            }
        };
        self.schema.simples.push(simple);
        let made = &mut self.schema.types[ty];
        made.content = Content::Simple(self.schema.simples.len() - 1);
        made.base = base;
        made.by = by;
        made.finals = finals;
        Ok(())
    }

    fn union(
        &mut self,
        ty: TypeId,
        scope: Scope<'s>,
        node: &'s Node,
        label: String,
    ) -> Result<Simple> {
        let mut types = Vec::new();
        let named = node.attribute("memberTypes").unwrap_or_default();
        for name in named.split_ascii_whitespace() {
            types.push(self.type_named(scope, node, name)?);
        }
        for inline in &node.children {
            types.push(self.type_at(scope, inline, Some(&label))?);
        }
        if types.is_empty() {
            return self.mistake(
                scope,
                node,
                "src-simple-type.4 (src-union-memberTypes-or-simpleTypes): a union without members",
            );
        }
        let (mut members, mut known) = (Vec::new(), HashSet::new());
        for member in types {
            let simple = self.simple_of(scope, node, member)?;
            if self.schema.types[member].finals.has(Derivation::Union) {
                let text = format!(
                    "cos-st-restricts.3.3.1.1: {} is final for unions",
                    self.drafts[member].label
                );
                return self.mistake(scope, node, text);
            }
            // The members of a union that adds nothing of its own are members themselves
            // (3.14.2), each once: the first that fits counts.
            let found = &self.schema.simples[simple];
            let inside = match found.restricts_nothing() {
                true => found.members(),
                false => &[],
            };
            match inside {
                [] => members.extend(known.insert(simple).then_some(simple)),
                inside => members.extend(inside.iter().filter(|inside| known.insert(**inside))),
            }
        }
        let members: Arc<[SimpleId]> = members.into();
        // The misfit of an only real member is looked for a second time.
        let looks = 2 * members
            .iter()
            .map(|member| self.looks(*member))
            .sum::<u64>();
        if looks > LOOKS_MAX {
            let text = format!(
                "a union of more than {} types is not supported",
                LOOKS_MAX / 2
            );
            return self.mistake(scope, node, text);
        }
        self.looks.insert(members.as_ptr(), looks);
        let variety = Variety::Union(Arc::clone(&members));
        Ok(self.constructed(label, ty, variety, &members))
    }

    /// How many checks of simple types one of this takes at most.
    fn looks(&self, simple: SimpleId) -> u64 {
        match &self.schema.simples[simple].variety {
            Variety::Union(members) => self.looks.get(&members.as_ptr()).copied().unwrap_or(1),
            Variety::List(item) => self.looks(*item),
            _ => 1,
        }
    }

    /// The type that an attribute names or a child declares, one of the two.
    fn given_type(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        attribute: &str,
        label: &str,
    ) -> Result<TypeId> {
        match (node.attribute(attribute), node.child("simpleType")) {
            (Some(name), None) => self.type_named(scope, node, name),
            (None, Some(inline)) => self.type_at(scope, inline, Some(label)),
            _ => {
                let code = match attribute {
                    "base" => "src-simple-type.2",
                    _ => "src-simple-type.3",
                };
                let text = format!("{code}: {} needs {attribute} or one simpleType", node.name);
                self.mistake(scope, node, text)
            }
        }
    }

    /// A list or union of these types.
    fn constructed(
        &self,
        label: String,
        ty: TypeId,
        variety: Variety,
        from: &[SimpleId],
    ) -> Simple {
        let from = || from.iter().map(|simple| &self.schema.simples[*simple]);
        Simple {
            label,
            ty,
            variety,
            white: White::Collapse,
            identity: Identity::None,
            facets: Facets::default(),
            contextual: from().any(|simple| simple.contextual),
            identified: from().any(|simple| simple.identified),
        }
    }

    /// Whether a value may be a list.
    fn has_list(&self, simple: SimpleId) -> bool {
        match &self.schema.simples[simple].variety {
            Variety::List(_) => true,
            Variety::Union(members) => members.iter().any(|member| self.has_list(*member)),
            _ => false,
        }
    }
}

/// A type about which nothing is known yet.
fn new_type() -> Type {
    Type {
        name: None,
        complex: false,
        base: ANY_TYPE,
        by: Derivation::Restriction,
        is_abstract: false,
        block: Derivations::default(),
        finals: Derivations::default(),
        content: Content::Empty,
        attributes: Arc::new([]),
        any_attribute: None,
        watches_attributes: false,
    }
}

fn is_contextual(primitive: Primitive) -> bool {
    matches!(primitive, Primitive::QName | Primitive::Notation)
}

fn facets_of(built_in: &BuiltIn) -> Facets {
    let bound = |text: &str| {
        let value = built_in.primitive.parse(text, &())?;
        Some(Arc::new(Bound {
            inclusive: true,
            text: text.to_owned(),
            value,
        }))
    };
    let integer = matches!(built_in.form, Form::Integer);
    Facets {
        length_min: built_in.list_of.is_some().then_some(1),
        fraction_digits_max: integer.then_some(0),
        lower: built_in.min.and_then(bound),
        upper: built_in.max.and_then(bound),
        fixed: if integer {
            vec!["fractionDigits"]
        } else {
            Vec::new()
        },
        ..Facets::default()
    }
}
