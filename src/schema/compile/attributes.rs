//! Attributes: global ones, uses of them, groups, wildcards, and what becomes of them when a
//! type is derived (XML Schema Part 1, 3.2, 3.4, 3.6 and 3.10).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::schema::instance::XSI;
use crate::schema::load::Kind;
use crate::schema::tables::*;
use crate::schema::tree::{Node, XSD};
use crate::schema::value::Identity;
use crate::xml::XML;

use super::{Compiler, Result, Scope, USES_MAX, is_redefinition};

/// The attributes that a type, a step of derivation or a group states.
#[derive(Debug, Clone, Default)]
pub(super) struct AttributeSet {
    pub uses: Vec<AttributeUse>,
    /// Those that a restriction takes away.
    pub prohibited: Vec<Name>,
    pub any: Option<Wildcard>,
}

impl<'s> Compiler<'s> {
    /// The attributes stated below `node`.
    pub(super) fn attributes(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<AttributeSet> {
        let mut set = AttributeSet::default();
        let mut known = HashSet::new();
        let mut own = None;
        let mut of_groups: Vec<Wildcard> = Vec::new();
        let mut met: Vec<*const Node> = Vec::new();
        for child in &node.children {
            match child.name.as_str() {
                "attribute" => match self.attribute(scope, child)? {
                    (found, false) => self.add(scope, child, &mut set.uses, &mut known, found)?,
                    (found, true) => set.prohibited.push(found.name),
                },
                "attributeGroup" => {
                    let name = child.attribute("ref").unwrap_or_default();
                    let (at, found) = self.global(scope, child, Kind::AttributeGroup, name)?;
                    let group = self.attribute_group(at, found)?;
                    // The uses are a set: a group that is named twice adds nothing.
                    if met.contains(&std::ptr::from_ref(found)) {
                        continue;
                    }
                    met.push(found);
                    for found in group.uses {
                        self.add(scope, child, &mut set.uses, &mut known, found)?;
                    }
                    of_groups.extend(group.any);
                }
                "anyAttribute" => own = Some(self.wildcard(scope, child)?),
                _ => {}
            }
        }
        // The wildcard in force admits what all of them admit (3.4.2, complete wildcard).
        let process = match (&own, of_groups.first()) {
            (Some(own), _) => Some(own.process),
            (None, first) => first.map(|first| first.process),
        };
        let mut spaces: Option<Spaces> = None;
        for wildcard in own.iter().chain(&of_groups) {
            spaces = Some(match spaces {
                None => wildcard.spaces.clone(),
                Some(spaces) => match intersection(&spaces, &wildcard.spaces) {
                    Some(spaces) => spaces,
                    None => return self.mistake(scope, node, "src-ct.4 (cos-aw-intersect): the namespaces that two wildcards have in common cannot be expressed"),
                },
            });
        }
        set.any = spaces
            .zip(process)
            .map(|(spaces, process)| Wildcard { spaces, process });
        self.count_uses(scope, node, set.uses.len())?;
        Ok(set)
    }

    pub(super) fn count_uses(&mut self, scope: Scope<'s>, node: &Node, more: usize) -> Result<()> {
        self.uses += more;
        match self.uses > USES_MAX {
            true => self.mistake(scope, node, "so many uses of attributes are not supported"),
            false => Ok(()),
        }
    }

    fn add(
        &self,
        scope: Scope<'s>,
        node: &'s Node,
        uses: &mut Vec<AttributeUse>,
        known: &mut HashSet<Name>,
        found: AttributeUse,
    ) -> Result<()> {
        let name = self.schema.names.local(found.name.local);
        if !known.insert(found.name) {
            let text = format!(
                "ct-props-correct.4 (ag-props-correct.2): the attribute {name} is there twice"
            );
            return self.mistake(scope, node, text);
        }
        let is_id =
            |found: &AttributeUse| self.schema.simples[found.simple].identity == Identity::Id;
        if is_id(&found) && uses.iter().any(is_id) {
            return self.mistake(
                scope,
                node,
                "ct-props-correct.5 (ag-props-correct.3): two attributes of type ID",
            );
        }
        uses.push(found);
        Ok(())
    }

    pub(super) fn attribute_group(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
    ) -> Result<AttributeSet> {
        if let Some(known) = self
            .attribute_groups
            .get(&std::ptr::from_ref(node))
            .cloned()
        {
            self.met(scope, node)?;
            return Ok(known);
        }
        let set = self.once(scope, node, "src-attribute_group.3", |this| {
            let own_references = this.own_attribute_references(scope, node)?;
            let set = this.attributes(scope, node)?;
            if is_redefinition(scope, node) && own_references == 0 {
                this.redefined_attributes(scope, node, &set)?;
            }
            Ok(set)
        })?;
        self.attribute_groups.insert(node, set.clone());
        Ok(set)
    }

    /// How often a redefined attribute group refers to itself: at most once.
    fn own_attribute_references(&self, scope: Scope<'s>, node: &'s Node) -> Result<usize> {
        if !is_redefinition(scope, node) {
            return Ok(0);
        }
        let name = node.attribute("name").unwrap_or_default();
        let mut own_references = 0;
        for child in node
            .children
            .iter()
            .filter(|child| child.name == "attributeGroup")
        {
            let (namespace, local) =
                self.resolve(scope, child, child.attribute("ref").unwrap_or_default())?;
            own_references += usize::from(local == name && namespace == self.namespace(scope));
        }
        match own_references {
            0 | 1 => Ok(own_references),
            _ => self.mistake(
                scope,
                node,
                "src-redefine.7.1: more than one reference to itself",
            ),
        }
    }

    /// One that does not refer to itself restricts what it was.
    fn redefined_attributes(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        set: &AttributeSet,
    ) -> Result<()> {
        let (file, before) = self.globals.redefined[&std::ptr::from_ref(node)];
        let before = self.attribute_group(self.scope(file, before), before)?;
        // Unlike a type, a group inherits nothing: what it does not state it takes away.
        let (mut set, names) = (set.clone(), before.uses.iter().map(|before| before.name));
        let stated: HashSet<Name> = set.uses.iter().map(|found| found.name).collect();
        set.prohibited
            .extend(names.filter(|name| !stated.contains(name)));
        match self.narrows(&set, &before.uses, before.any.as_ref(), false) {
            Some(text) => self.mistake(scope, node, format!("src-redefine.7.2.2: {text}")),
            None => Ok(()),
        }
    }

    /// A global attribute.
    pub(super) fn global_attribute(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
    ) -> Result<AttributeUse> {
        if let Some(known) = self.global_attributes.get(&std::ptr::from_ref(node)) {
            return Ok(known.clone());
        }
        let namespace = self.namespace(scope);
        let made = self.declared_attribute(scope, node, namespace)?;
        self.schema.attributes.insert(made.name, made.clone());
        self.global_attributes.insert(node, made.clone());
        Ok(made)
    }

    fn declared_attribute(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        namespace: &str,
    ) -> Result<AttributeUse> {
        let Some(local) = node.attribute("name") else {
            return self.mistake(
                scope,
                node,
                "src-attribute.3.1: an attribute without name or ref",
            );
        };
        if local == "xmlns" {
            return self.mistake(scope, node, "no-xmlns: an attribute cannot be called xmlns");
        }
        if namespace == XSI {
            return self.mistake(
                scope,
                node,
                "no-xsi: no attributes can be declared in this namespace",
            );
        }
        let name = self.schema.names.intern(namespace, local);
        let simple = match (node.attribute("type"), node.child("simpleType")) {
            (Some(_), Some(_)) => {
                return self.mistake(scope, node, "src-attribute.4: both type and simpleType");
            }
            (Some(named), None) => {
                let ty = self.type_named(scope, node, named)?;
                self.typed.push((ty, scope, node));
                self.simple_of(scope, node, ty)?
            }
            (None, Some(inline)) => {
                let ty = self.type_at(scope, inline, Some(local))?;
                self.simple_of(scope, node, ty)?
            }
            (None, None) => 0,
        };
        let value = self.attribute_value(scope, node, simple)?;
        Ok(AttributeUse {
            name,
            simple,
            required: false,
            value,
        })
    }

    /// The `default` or `fixed` of an attribute, which has to be a value of its type.
    fn attribute_value(
        &self,
        scope: Scope<'s>,
        node: &'s Node,
        simple: SimpleId,
    ) -> Result<Option<Arc<ValueConstraint>>> {
        let (text, fixed) = match (node.attributes.get("default"), node.attributes.get("fixed")) {
            (Some(_), Some(_)) => {
                return self.mistake(scope, node, "src-attribute.1: both default and fixed");
            }
            (Some(text), None) => (text, false),
            (None, Some(text)) => (text, true),
            (None, None) => return Ok(None),
        };
        let usage = node.attribute("use");
        if !fixed && usage.is_some_and(|usage| usage != "optional") {
            return self.mistake(
                scope,
                node,
                "src-attribute.2: an attribute with a default is optional",
            );
        }
        let found = &self.schema.simples[simple];
        if found.identity == Identity::Id {
            return self.mistake(
                scope,
                node,
                "a-props-correct.3: an ID has neither default nor fixed value",
            );
        }
        match found.key(&self.schema.simples, text, &self.prefixes(scope, node)) {
            Some(key) => Ok(Some(Arc::new(ValueConstraint {
                fixed,
                text: text.clone(),
                key,
            }))),
            None => {
                let text = format!(
                    "a-props-correct.2: {text:?} is not a value of {}",
                    found.label
                );
                self.mistake(scope, node, text)
            }
        }
    }

    /// A use of an attribute, and whether it is prohibited.
    fn attribute(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<(AttributeUse, bool)> {
        let mut made = match (node.attribute("ref"), node.attribute("name")) {
            (Some(_), Some(_)) => {
                return self.mistake(scope, node, "src-attribute.3.1: both name and ref");
            }
            (Some(reference), None) => {
                let more = ["type", "form"]
                    .iter()
                    .any(|name| node.attributes.contains_key(*name));
                if more || node.child("simpleType").is_some() {
                    return self.mistake(
                        scope,
                        node,
                        "src-attribute.3.2: ref together with type, form or simpleType",
                    );
                }
                let mut made = self.referenced_attribute(scope, node, reference)?;
                let value = self.attribute_value(scope, node, made.simple)?;
                if let (Some(before), value) = (&made.value, &value)
                    && before.fixed
                    && value
                        .as_ref()
                        .is_some_and(|value| !value.fixed || value.key != before.key)
                {
                    return self.mistake(
                        scope,
                        node,
                        "au-props-correct.2: another value than the fixed one of the attribute",
                    );
                }
                made.value = value.or(made.value);
                made
            }
            (None, _) => {
                let file = &self.set.files[scope.file];
                let form = node
                    .attribute("form")
                    .or_else(|| file.root.attribute("attributeFormDefault"));
                let namespace = if form == Some("qualified") {
                    self.namespace(scope)
                } else {
                    ""
                };
                self.declared_attribute(scope, node, namespace)?
            }
        };
        made.required = node.attribute("use") == Some("required");
        Ok((made, node.attribute("use") == Some("prohibited")))
    }

    /// A global attribute by its name; those of the namespace of XML need no declaration.
    fn referenced_attribute(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        reference: &str,
    ) -> Result<AttributeUse> {
        let (namespace, local) = self.resolve(scope, node, reference)?;
        let declared = self
            .globals
            .declared
            .contains_key(&(Kind::Attribute, namespace, local));
        let built_in = match (namespace, local) {
            _ if declared => None,
            (XML, "lang") => Some("language"),
            (XML, "space") => Some("NCName"),
            (XML, "base") => Some("anyURI"),
            (XML, "id") => Some("ID"),
            _ => None,
        };
        let Some(built_in) = built_in else {
            let (at, found) = self.global(scope, node, Kind::Attribute, reference)?;
            return self.global_attribute(at, found);
        };
        let name = self.schema.names.intern(XML, local);
        let ty = self.schema.names.find(XSD, built_in);
        let ty = ty.and_then(|ty| self.schema.named_types.get(&ty).copied());
        let simple = self.simple_of(scope, node, ty.unwrap_or(ANY_SIMPLE_TYPE))?;
        Ok(AttributeUse {
            name,
            simple,
            required: false,
            value: None,
        })
    }

    /// `any` or `anyAttribute`.
    pub(super) fn wildcard(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<Wildcard> {
        let process = match node.attribute("processContents") {
            Some("skip") => Process::Skip,
            Some("lax") => Process::Lax,
            _ => Process::Strict,
        };
        let own = self.namespace(scope);
        let spaces = match node.attribute("namespace").unwrap_or("##any") {
            "##any" => Spaces::Any,
            "##other" => Spaces::Not(self.schema.names.intern_space(own)),
            list => {
                let mut spaces: Vec<u16> = list
                    .split_ascii_whitespace()
                    .map(|word| match word {
                        "##local" => 0,
                        "##targetNamespace" => self.schema.names.intern_space(own),
                        namespace => self.schema.names.intern_space(namespace),
                    })
                    .collect();
                spaces.sort_unstable();
                spaces.dedup();
                Spaces::These(spaces)
            }
        };
        Ok(Wildcard { spaces, process })
    }

    pub(super) fn extended_attributes(
        &mut self,
        ty: TypeId,
        base: TypeId,
        own: AttributeSet,
    ) -> Result<(Vec<AttributeUse>, Option<Wildcard>)> {
        let from = &self.schema.types[base];
        let mut uses = from.attributes.to_vec();
        let mut known: HashSet<Name> = uses.iter().map(|known| known.name).collect();
        for found in own.uses {
            if !known.insert(found.name) {
                let name = self.schema.names.local(found.name.local);
                let text = format!("ct-props-correct.4: the base has the attribute {name} already");
                return Err(self.type_mistake(ty, text));
            }
            uses.push(found);
        }
        let any = match (own.any, &from.any_attribute) {
            (None, base) => base.clone(),
            (own, None) => own,
            (Some(own), Some(base)) => match union(&own.spaces, &base.spaces) {
                Some(spaces) => Some(Wildcard {
                    spaces,
                    process: own.process,
                }),
                None => {
                    let text = "src-ct.5 (cos-aw-union): the namespaces of the two wildcards together cannot be expressed";
                    return Err(self.type_mistake(ty, text));
                }
            },
        };
        Ok((uses, any))
    }

    pub(super) fn restricted_attributes(
        &mut self,
        ty: TypeId,
        base: TypeId,
        own: AttributeSet,
    ) -> Result<(Vec<AttributeUse>, Option<Wildcard>)> {
        let from = &self.schema.types[base];
        if let Some(text) = self.narrows(
            &own,
            &from.attributes,
            from.any_attribute.as_ref(),
            base == ANY_TYPE,
        ) {
            return Err(self.type_mistake(ty, format!("derivation-ok-restriction.{text}")));
        }
        let mut uses = own.uses;
        let stated = uses.iter().map(|known| known.name);
        let gone: HashSet<Name> = stated.chain(own.prohibited).collect();
        for inherited in from.attributes.iter() {
            if !gone.contains(&inherited.name) {
                uses.push(inherited.clone());
            }
        }
        Ok((uses, own.any))
    }

    /// What is wrong, if anything, with attributes that restrict others: the number of the
    /// clause of derivation-ok-restriction, and words.
    fn narrows(
        &self,
        own: &AttributeSet,
        uses: &[AttributeUse],
        any: Option<&Wildcard>,
        from_any_type: bool,
    ) -> Option<String> {
        let local = |name: Name| self.schema.names.local(name.local);
        let known: HashMap<Name, &AttributeUse> =
            uses.iter().map(|known| (known.name, known)).collect();
        for found in &own.uses {
            let Some(base) = known.get(&found.name) else {
                if !any.is_some_and(|any| any.spaces.admit(found.name.space)) {
                    return Some(format!(
                        "2.2: the base has no attribute {}",
                        local(found.name)
                    ));
                }
                continue;
            };
            if base.required && !found.required {
                return Some(format!(
                    "2.1.1: the attribute {} is required by the base",
                    local(found.name)
                ));
            }
            let (ty, base_ty) = (
                self.schema.simples[found.simple].ty,
                self.schema.simples[base.simple].ty,
            );
            let none = Derivations::default();
            if !derives(&self.schema.types, &self.schema.simples, ty, base_ty, none) {
                return Some(format!(
                    "2.1.2: the type of the attribute {} is not derived from that of the base",
                    local(found.name)
                ));
            }
            if let Some(fixed) = base.value.as_ref().filter(|value| value.fixed)
                && !found
                    .value
                    .as_ref()
                    .is_some_and(|value| value.fixed && value.key == fixed.key)
            {
                return Some(format!(
                    "2.1.3: the attribute {} is fixed by the base",
                    local(found.name)
                ));
            }
        }
        let prohibited: HashSet<Name> = own.prohibited.iter().copied().collect();
        for base in uses.iter().filter(|base| base.required) {
            if prohibited.contains(&base.name) {
                return Some(format!(
                    "3: the attribute {} is required by the base",
                    local(base.name)
                ));
            }
        }
        if let Some(own) = &own.any {
            let Some(base) = any else {
                return Some("4.1: the base has no anyAttribute".to_owned());
            };
            if !subset(&own.spaces, &base.spaces) {
                return Some("4.2: anyAttribute admits more than that of the base".to_owned());
            }
            if own.process < base.process && !from_any_type {
                return Some("4.3: anyAttribute asks for less than that of the base".to_owned());
            }
        }
        None
    }
}

/// Whether whatever `a` admits `b` admits too (cos-ns-subset).
pub(super) fn subset(a: &Spaces, b: &Spaces) -> bool {
    match (a, b) {
        (_, Spaces::Any) => true,
        (Spaces::Not(a), Spaces::Not(b)) => a == b,
        (Spaces::These(spaces), b) => spaces.iter().all(|space| b.admit(*space)),
        _ => false,
    }
}

/// What either admits (cos-aw-union); `None` if that cannot be expressed.
fn union(a: &Spaces, b: &Spaces) -> Option<Spaces> {
    Some(match (a, b) {
        (Spaces::Any, _) | (_, Spaces::Any) => Spaces::Any,
        (Spaces::These(a), Spaces::These(b)) => {
            let mut both: Vec<u16> = a.iter().chain(b).copied().collect();
            both.sort_unstable();
            both.dedup();
            Spaces::These(both)
        }
        (Spaces::Not(a), Spaces::Not(b)) if a == b => Spaces::Not(*a),
        // Not this namespace, or not that one: all but none.
        (Spaces::Not(_), Spaces::Not(_)) => Spaces::Not(0),
        (Spaces::Not(not), Spaces::These(these)) | (Spaces::These(these), Spaces::Not(not)) => {
            match (these.contains(not), these.contains(&0)) {
                (true, true) => Spaces::Any,
                (true, false) => Spaces::Not(0),
                (false, true) if *not == 0 => Spaces::Any,
                (false, true) => return None,
                (false, false) => Spaces::Not(*not),
            }
        }
    })
}

/// What both admit (cos-aw-intersect); `None` if that cannot be expressed.
fn intersection(a: &Spaces, b: &Spaces) -> Option<Spaces> {
    Some(match (a, b) {
        (Spaces::Any, other) | (other, Spaces::Any) => other.clone(),
        (Spaces::These(a), other) | (other, Spaces::These(a)) => Spaces::These(
            a.iter()
                .copied()
                .filter(|space| other.admit(*space))
                .collect(),
        ),
        (Spaces::Not(a), Spaces::Not(b)) if a == b => Spaces::Not(*a),
        // Every `Not` excludes none already.
        (Spaces::Not(0), Spaces::Not(other)) | (Spaces::Not(other), Spaces::Not(0)) => {
            Spaces::Not(*other)
        }
        _ => return None,
    })
}
