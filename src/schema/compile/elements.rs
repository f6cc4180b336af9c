//! Elements: declarations, substitution groups, default and fixed values, identity
//! constraints (XML Schema Part 1, 3.3 and 3.11).

use crate::schema::identity::{Constraint, ConstraintKind, Paths};
use crate::schema::load::Kind;
use crate::schema::tables::*;
use crate::schema::tree::Node;
use crate::schema::value::Identity;

use super::complexes::emptiable;
use super::{CHAIN_MAX, Compiler, Result, Scope, is_true};

impl<'s> Compiler<'s> {
    pub(super) fn global_element(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<ElementId> {
        if let Some(known) = self.elements.get(&std::ptr::from_ref(node)).copied() {
            self.met(scope, node)?;
            return Ok(known);
        }
        let namespace = self.namespace(scope);
        let number = self.once(scope, node, "e-props-correct.6", |this| {
            this.element(scope, node, namespace, true)
        })?;
        self.elements.insert(node, number);
        self.schema
            .roots
            .insert(self.schema.elements[number].name, number);
        Ok(number)
    }

    /// An element that a node declares.
    pub(super) fn element(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        namespace: &str,
        global: bool,
    ) -> Result<ElementId> {
        let Some(local) = node.attribute("name") else {
            return self.mistake(
                scope,
                node,
                "src-element.2.1: an element without name or ref",
            );
        };
        let name = self.schema.names.intern(namespace, local);
        let inline = node
            .children
            .iter()
            .find(|child| matches!(child.name.as_str(), "simpleType" | "complexType"));
        let head = match node.attribute("substitutionGroup") {
            Some(head) => {
                let (at, found) = self.global(scope, node, Kind::Element, head)?;
                Some(self.global_element(at, found)?)
            }
            None => None,
        };
        let ty = match (node.attribute("type"), inline, head) {
            (Some(_), Some(_), _) => {
                return self.mistake(scope, node, "src-element.3: both type and a type inside");
            }
            (Some(named), None, _) => {
                let ty = self.type_named(scope, node, named)?;
                self.typed.push((ty, scope, node));
                ty
            }
            (None, Some(inline), _) => self.type_at(scope, inline, Some(local))?,
            (None, None, Some(head)) => self.schema.elements[head].ty,
            (None, None, None) => ANY_TYPE,
        };
        if node.attributes.contains_key("default") && node.attributes.contains_key("fixed") {
            return self.mistake(scope, node, "src-element.1: both default and fixed");
        }
        let all = [
            Derivation::Extension,
            Derivation::Restriction,
            Derivation::Substitution,
        ];
        let block = self.derivations(scope, node, "block", "blockDefault", &all);
        let finals = match global {
            true => self.derivations(scope, node, "final", "finalDefault", &all[..2]),
            false => Derivations::default(),
        };
        let number = self.schema.elements.len();
        self.schema.elements.push(Element {
            name,
            ty,
            global,
            nillable: is_true(node, "nillable"),
            is_abstract: is_true(node, "abstract"),
            value: None,
            constraints: Vec::new(),
            head,
            block,
            finals,
            stands_for: Vec::new(),
        });
        if head.is_some() {
            self.members.push((number, scope, node));
        }
        if node.attributes.contains_key("default") || node.attributes.contains_key("fixed") {
            self.valued.push((number, scope, node));
        }
        for child in &node.children {
            let kind = match child.name.as_str() {
                "unique" => ConstraintKind::Unique,
                "key" => ConstraintKind::Key,
                "keyref" => ConstraintKind::KeyRef(0),
                _ => continue,
            };
            let constraint = self.constraint(scope, child, kind)?;
            self.schema.elements[number].constraints.push(constraint);
        }
        Ok(number)
    }

    /// Which elements stand for which (cos-equiv-class, e-props-correct.4).
    pub(super) fn substitutions(&mut self) -> Result<()> {
        for number in 0..self.schema.elements.len() {
            self.schema.elements[number].stands_for = vec![number];
        }
        for (member, scope, node) in std::mem::take(&mut self.members) {
            let head = self.schema.elements[member]
                .head
                .expect("members have heads");
            let (ty, head_ty) = (
                self.schema.elements[member].ty,
                self.schema.elements[head].ty,
            );
            let finals = self.schema.elements[head].finals;
            if !self.schema.derives(ty, head_ty, finals) {
                let text = format!(
                    "e-props-correct.4: the type of {} is not derived from that of the head of its substitution group, or that is final",
                    node.attribute("name").unwrap_or_default()
                );
                return self.mistake(scope, node, text);
            }
            let mut at = Some(head);
            let mut steps = 0;
            // Types in between may block what the head does not.
            let mut blocked = Derivations::default();
            while let Some(above) = at {
                let element = &self.schema.elements[above];
                let above_ty = element.ty;
                let head_blocks = element.block;
                at = element.head;
                steps += 1;
                if steps > CHAIN_MAX {
                    let text = format!(
                        "substitution groups of more than {CHAIN_MAX} in a line are not supported"
                    );
                    return self.mistake(scope, node, text);
                }
                blocked = blocked.and(self.schema.types[above_ty].block);
                let between = self.blocks_between(ty, above_ty);
                let without = head_blocks.and(blocked).and(between);
                if !head_blocks.has(Derivation::Substitution)
                    && self.schema.derives(ty, above_ty, without)
                {
                    self.schema.elements[above].stands_for.push(member);
                }
            }
        }
        Ok(())
    }

    /// What the types from `ty` (left out) up to `base` block.
    fn blocks_between(&self, ty: TypeId, base: TypeId) -> Derivations {
        let mut blocks = Derivations::default();
        let mut at = ty;
        while at != base && at != ANY_TYPE {
            at = self.schema.types[at].base;
            blocks = blocks.and(self.schema.types[at].block);
        }
        blocks
    }

    /// Default and fixed values are values of their elements' types (e-props-correct.2).
    pub(super) fn element_values(&mut self) -> Result<()> {
        for (element, scope, node) in std::mem::take(&mut self.valued) {
            let fixed = node.attributes.get("fixed");
            let text = fixed
                .or(node.attributes.get("default"))
                .cloned()
                .unwrap_or_default();
            let ty = self.schema.elements[element].ty;
            let wrong = |this: &Self, text: String| {
                this.mistake(
                    scope,
                    node,
                    format!("e-props-correct.2 (cos-valid-default): {text}"),
                )
            };
            let key = match self.schema.types[ty].content {
                Content::Simple(simple) => {
                    let simple = &self.schema.simples[simple];
                    if simple.identity == Identity::Id {
                        return self.mistake(
                            scope,
                            node,
                            "e-props-correct.5: an ID has neither default nor fixed value",
                        );
                    }
                    let prefixes = self.prefixes(scope, node);
                    match simple.key(&self.schema.simples, &text, &prefixes) {
                        Some(key) => key,
                        None => {
                            return wrong(
                                self,
                                format!("{text:?} is not a value of {}", simple.label),
                            );
                        }
                    }
                }
                _ => match &self.drafts[ty].particle {
                    Some((particle, true)) if emptiable(particle) => text.clone(),
                    Some((_, true)) => {
                        return wrong(
                            self,
                            "cos-valid-default.2.2.2: the type requires elements".to_owned(),
                        );
                    }
                    _ => {
                        return wrong(
                            self,
                            "cos-valid-default.2.1: the type admits no text".to_owned(),
                        );
                    }
                },
            };
            self.schema.elements[element].value = Some(ValueConstraint {
                fixed: fixed.is_some(),
                text,
                key,
            });
        }
        Ok(())
    }

    fn constraint(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        kind: ConstraintKind,
    ) -> Result<usize> {
        let local = node.attribute("name").unwrap_or_default();
        let name = self.schema.names.intern(self.namespace(scope), local);
        let mut selector = None;
        let mut fields = Vec::new();
        for child in &node.children {
            let text = child.attribute("xpath").unwrap_or_default();
            let is_field = child.name == "field";
            match Paths::parse(text, is_field, &child.scope, &mut self.schema.names) {
                Ok(paths) if is_field => fields.push(paths),
                Ok(paths) => selector = Some(paths),
                Err(why) => {
                    let code = if is_field {
                        "c-fields-xpaths"
                    } else {
                        "c-selector-xpath"
                    };
                    return self.mistake(scope, child, format!("{code}: {text:?}: {why}"));
                }
            }
        }
        let (Some(selector), false) = (selector, fields.is_empty()) else {
            let text = format!(
                "s4s-elt-must-match.2: {} needs a selector and fields",
                node.name
            );
            return self.mistake(scope, node, text);
        };
        let number = self.schema.constraints.len();
        if self.constraint_names.insert(name, number).is_some() {
            let text =
                format!("sch-props-correct.2: the identity constraint {local} is declared twice");
            return self.mistake(scope, node, text);
        }
        self.schema.constraints.push(Constraint {
            name: local.to_owned(),
            kind,
            selector,
            fields,
        });
        self.constraints.push((scope, node));
        Ok(number)
    }

    /// What key references refer to.
    pub(super) fn references(&mut self) -> Result<()> {
        for number in 0..self.schema.constraints.len() {
            let (scope, node) = self.constraints[number];
            if !matches!(
                self.schema.constraints[number].kind,
                ConstraintKind::KeyRef(_)
            ) {
                continue;
            }
            let refer = node.attribute("refer").unwrap_or_default();
            let (namespace, local) = self.resolve(scope, node, refer)?;
            let name = self.schema.names.find(namespace, local);
            let found = name.and_then(|name| self.constraint_names.get(&name).copied());
            let Some(found) = found.filter(|found| {
                !matches!(
                    self.schema.constraints[*found].kind,
                    ConstraintKind::KeyRef(_)
                )
            }) else {
                return self.mistake(
                    scope,
                    node,
                    format!("src-resolve: no key or unique {refer} is declared"),
                );
            };
            if self.schema.constraints[found].fields.len()
                != self.schema.constraints[number].fields.len()
            {
                return self.mistake(
                    scope,
                    node,
                    format!("c-props-correct.2: not as many fields as {refer} has"),
                );
            }
            self.schema.constraints[number].kind = ConstraintKind::KeyRef(found);
        }
        Ok(())
    }
}
