//! Complex types (XML Schema Part 1, 3.4): simple and complex content, by extension and by
//! restriction. Whether a restricted model admits only what its base admits is asked later,
//! by `restriction`, when all models are there.

use std::sync::Arc;

use crate::schema::simple::Simple;
use crate::schema::tables::*;
use crate::schema::tree::Node;

use super::attributes::AttributeSet;
use super::{Compiler, Result, Scope, is_redefinition, is_true};

impl<'s> Compiler<'s> {
    pub(super) fn complex(&mut self, ty: TypeId, scope: Scope<'s>, node: &'s Node) -> Result<()> {
        let both = [Derivation::Extension, Derivation::Restriction];
        let block = self.derivations(scope, node, "block", "blockDefault", &both);
        let finals = self.derivations(scope, node, "final", "finalDefault", &both);
        let made = &mut self.schema.types[ty];
        made.is_abstract = is_true(node, "abstract");
        made.block = block;
        made.finals = finals;
        let mixed = is_true(node, "mixed");
        match node.children.first() {
            Some(child) if child.name == "simpleContent" => {
                self.simple_content(ty, scope, node, child)
            }
            Some(child) if child.name == "complexContent" => {
                let mixed = match child.attribute("mixed") {
                    Some(_) => is_true(child, "mixed"),
                    None => mixed,
                };
                self.complex_content(ty, scope, node, child, mixed)
            }
            _ if is_redefinition(scope, node) => {
                let text = "src-redefine.5: a redefined type is derived from itself";
                self.mistake(scope, node, text)
            }
            _ => {
                let particle = self.effective(scope, node, mixed)?;
                self.drafts[ty].particle = particle.map(|particle| (particle, mixed));
                let own = self.attributes(scope, node)?;
                self.settle_attributes(ty, own)
            }
        }
    }

    /// The step of derivation below `simpleContent` or `complexContent`, and its base.
    fn step(
        &mut self,
        ty: TypeId,
        scope: Scope<'s>,
        node: &'s Node,
        content: &'s Node,
    ) -> Result<(&'s Node, TypeId)> {
        let Some(step) = content.children.first() else {
            let text = format!(
                "s4s-elt-must-match.2 (s4s-elt-invalid-content): {} needs restriction or extension",
                content.name
            );
            return self.mistake(scope, content, text);
        };
        let base = step.attribute("base").unwrap_or_default();
        if is_redefinition(scope, node) && base.rsplit(':').next() != node.attribute("name") {
            return self.mistake(
                scope,
                step,
                "src-redefine.5: a redefined type is derived from itself",
            );
        }
        let base = self.type_named(scope, step, base)?;
        self.complete(base)?;
        let by = match step.name.as_str() {
            "extension" => Derivation::Extension,
            _ => Derivation::Restriction,
        };
        if self.schema.types[base].finals.has(by) {
            let code = match by {
                Derivation::Extension => "cos-ct-extends.1.1",
                _ => "derivation-ok-restriction.1",
            };
            let text = format!("{code}: {} is final", self.drafts[base].label);
            return self.mistake(scope, step, text);
        }
        let made = &mut self.schema.types[ty];
        made.base = base;
        made.by = by;
        Ok((step, base))
    }

    fn simple_content(
        &mut self,
        ty: TypeId,
        scope: Scope<'s>,
        node: &'s Node,
        content: &'s Node,
    ) -> Result<()> {
        let (step, base) = self.step(ty, scope, node, content)?;
        let extends = step.name == "extension";
        let from = &self.schema.types[base];
        let emptiable_mixed = match &self.drafts[base].particle {
            Some((particle, true)) => emptiable(particle),
            _ => false,
        };
        let simple = match from.content {
            Content::Simple(simple) if from.complex || extends => Some(simple),
            _ if from.complex && emptiable_mixed && !extends => None,
            _ => {
                let text = format!(
                    "src-ct.2.1: {} has no simple content to {} from",
                    self.drafts[base].label,
                    if extends { "extend" } else { "restrict" }
                );
                return self.mistake(scope, step, text);
            }
        };
        let simple = if extends {
            simple.expect("an extension has a simple base")
        } else {
            self.restricted_content(ty, scope, step, simple)?
        };
        self.schema.types[ty].content = Content::Simple(simple);
        let own = self.attributes(scope, step)?;
        self.settle_attributes(ty, own)
    }

    /// The simple type of restricted simple content: that of the base, or the one declared
    /// inside, with further facets.
    fn restricted_content(
        &mut self,
        ty: TypeId,
        scope: Scope<'s>,
        step: &'s Node,
        base: Option<SimpleId>,
    ) -> Result<SimpleId> {
        let label = self.drafts[ty].label.clone();
        let inline = match step.child("simpleType") {
            Some(inline) => {
                let inline = self.type_at(scope, inline, Some(&label))?;
                let simple = self.simple_of(scope, step, inline)?;
                let fits = base.is_none_or(|base| {
                    let base = self.schema.simples[base].ty;
                    let none = Derivations::default();
                    derives(&self.schema.types, &self.schema.simples, inline, base, none)
                });
                if !fits {
                    let text = "derivation-ok-restriction.5.2.2.1: the simple type inside is not derived from that of the base";
                    return self.mistake(scope, step, text);
                }
                Some(simple)
            }
            None => None,
        };
        let Some(from) = inline.or(base) else {
            let text = "src-ct.2.2: a mixed base restricted to simple content needs a simpleType";
            return self.mistake(scope, step, text);
        };
        let mut simple: Simple = self.schema.simples[from].clone();
        simple.label = label;
        self.facets(scope, step, from, &mut simple)?;
        self.schema.simples.push(simple);
        Ok(self.schema.simples.len() - 1)
    }

    fn complex_content(
        &mut self,
        ty: TypeId,
        scope: Scope<'s>,
        node: &'s Node,
        content: &'s Node,
        mixed: bool,
    ) -> Result<()> {
        let (step, base) = self.step(ty, scope, node, content)?;
        if !self.schema.types[base].complex {
            let text = format!(
                "src-ct.1: {} is not a complex type",
                self.drafts[base].label
            );
            return self.mistake(scope, step, text);
        }
        let own = self.effective(scope, step, mixed)?;
        if step.name == "restriction" {
            self.drafts[ty].particle = own.map(|particle| (particle, mixed));
        } else {
            self.extend(ty, scope, step, base, own, mixed)?;
        }
        let own = self.attributes(scope, step)?;
        self.settle_attributes(ty, own)
    }

    /// The content of an extension: that of the base, then its own (cos-ct-extends.1.4).
    fn extend(
        &mut self,
        ty: TypeId,
        scope: Scope<'s>,
        step: &'s Node,
        base: TypeId,
        own: Option<Particle>,
        mixed: bool,
    ) -> Result<()> {
        let from = self.drafts[base].particle.clone();
        let simple = match self.schema.types[base].content {
            Content::Simple(simple) => Some(simple),
            _ => None,
        };
        let (particle, mixed) = match (from, own) {
            (None, None) => {
                if let Some(simple) = simple {
                    self.schema.types[ty].content = Content::Simple(simple);
                }
                return Ok(());
            }
            (Some(from), None) => from,
            (None, Some(_)) if simple.is_some() => {
                return self.mistake(scope, step, "cos-ct-extends.1.4.3.2.2.1: a base with simple content cannot be extended with elements");
            }
            (None, Some(own)) => (own, mixed),
            (Some((from, from_mixed)), Some(own)) => {
                if from_mixed != mixed {
                    let text = "cos-ct-extends.1.4.3.2.2.1: a mixed type extends a mixed one, another one another";
                    return self.mistake(scope, step, text);
                }
                for particle in [&from, &own] {
                    if crate::schema::model::all_of(particle).is_some() {
                        let text =
                            "cos-all-limited.1.2: an all group cannot be extended, nor extend";
                        let group = step.children.first().unwrap_or(step);
                        return self.mistake(scope, group, text);
                    }
                }
                let empty = |particle: &Particle| matches!(&particle.term, Term::Sequence(items) if items.is_empty());
                if empty(&own) {
                    (from, mixed)
                } else if empty(&from) {
                    (own, mixed)
                } else {
                    let whole = Particle {
                        min: 1,
                        max: 1,
                        term: Term::Sequence(Arc::new([from, own])),
                    };
                    (whole, mixed)
                }
            }
        };
        self.drafts[ty].particle = Some((particle, mixed));
        Ok(())
    }

    /// The content that a type, or a step of derivation, states: `None` for none.
    fn effective(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        mixed: bool,
    ) -> Result<Option<Particle>> {
        let group = node
            .children
            .iter()
            .find(|child| matches!(child.name.as_str(), "group" | "all" | "choice" | "sequence"));
        let particle = match group {
            Some(group) => {
                let particle = self.model_group(scope, group)?;
                // A choice of nothing that has to be made is not empty: it cannot be made.
                particle.filter(|particle| match group.name.as_str() {
                    "sequence" | "all" => !group.children.is_empty(),
                    "choice" => !group.children.is_empty() || particle.min > 0,
                    _ => true,
                })
            }
            None => None,
        };
        let nothing = || Particle {
            min: 1,
            max: 1,
            term: Term::Sequence(Arc::new([])),
        };
        Ok(match particle {
            None if mixed => Some(nothing()),
            particle => particle,
        })
    }

    /// The attributes of a type: its own, and what its base leaves it.
    fn settle_attributes(&mut self, ty: TypeId, own: AttributeSet) -> Result<()> {
        let made = &self.schema.types[ty];
        let (base, by) = (made.base, made.by);
        let (uses, any) = match by {
            Derivation::Extension => self.extended_attributes(ty, base, own)?,
            _ => self.restricted_attributes(ty, base, own)?,
        };
        if let Some((scope, node)) = self.drafts[ty].source {
            self.count_uses(scope, node, uses.len())?;
        }
        let mut ids = uses.iter().filter(|declared| {
            self.schema.simples[declared.simple].identity == crate::schema::value::Identity::Id
        });
        if ids.next().is_some() && ids.next().is_some() {
            return Err(self.type_mistake(ty, "ct-props-correct.5: two attributes of type ID"));
        }
        let made = &mut self.schema.types[ty];
        made.watches_attributes = uses
            .iter()
            .any(|declared| declared.required || declared.value.is_some());
        made.attributes = uses.into();
        made.any_attribute = any;
        Ok(())
    }
}

/// Whether a particle can be satisfied by nothing (cos-group-emptiable).
pub(super) fn emptiable(particle: &Particle) -> bool {
    particle.min == 0 || least(particle) == 0
}

/// How few elements a particle needs.
pub(super) fn least(particle: &Particle) -> u64 {
    let term = match &particle.term {
        Term::Element(_) | Term::Any(_) => 1,
        Term::Sequence(items) | Term::All(items) => {
            items.iter().map(least).fold(0, u64::saturating_add)
        }
        Term::Choice(items) => items.iter().map(least).min().unwrap_or(0),
    };
    term.saturating_mul(u64::from(particle.min))
}
