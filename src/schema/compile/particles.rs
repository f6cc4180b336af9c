//! Particles: groups, elements and wildcards with how often they occur (XML Schema Part 1,
//! 3.7 to 3.10). Named groups are made once and shared.

use std::sync::Arc;

use crate::schema::load::Kind;
use crate::schema::tables::*;
use crate::schema::tree::Node;

use super::{Compiler, Result, Scope, is_redefinition};

/// Particles of one content model, each group counted as often as it is referred to. What
/// follows looks at every particle of a model; an automaton has a fifth of this at most.
const SIZE_MAX: u64 = 100_000;
/// Particles inside each other: what follows goes down a model by calling itself.
const DEPTH_MAX: u32 = 200;

/// How much there is of a particle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    depth: u32,
    size: u64,
}

impl Weight {
    const ONE: Weight = Weight { depth: 1, size: 1 };

    /// That of a group of which `self` is known so far, with one more particle.
    fn with(self, item: Weight) -> Weight {
        Weight {
            depth: self.depth.max(item.depth + 1),
            size: self.size.saturating_add(item.size),
        }
    }
}

impl<'s> Compiler<'s> {
    /// A group at the top of a content model: `all` may stand only there.
    pub(super) fn model_group(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
    ) -> Result<Option<Particle>> {
        let made = self.particle(scope, node, true)?;
        Ok(made.map(|(particle, _)| particle))
    }

    fn particle(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        top: bool,
    ) -> Result<Option<(Particle, Weight)>> {
        let (min, max) = self.occurs(scope, node)?;
        let (term, weight) = match node.name.as_str() {
            "element" => {
                let element = self.element_particle(scope, node)?;
                (Term::Element(element), Weight::ONE)
            }
            "any" => (Term::Any(self.wildcard(scope, node)?), Weight::ONE),
            "sequence" => {
                let (items, weight) = self.items(scope, node)?;
                (Term::Sequence(items), weight)
            }
            "choice" => {
                let (items, weight) = self.items(scope, node)?;
                (Term::Choice(items), weight)
            }
            "all" => {
                let (members, weight) = self.all(scope, node)?;
                (Term::All(members), weight)
            }
            _ => {
                let name = node.attribute("ref").unwrap_or_default();
                let (at, found) = self.global(scope, node, Kind::Group, name)?;
                let Some((group, weight)) = self.group(at, found)? else {
                    return Ok(None);
                };
                if matches!(group.term, Term::All(_)) && max > 0 && (!top || max != 1) {
                    let text =
                        "cos-all-limited.1.2: an all group is the whole content of a type, once";
                    return self.mistake(scope, node, text);
                }
                (group.term, weight)
            }
        };
        if weight.size > SIZE_MAX || weight.depth > DEPTH_MAX {
            let text = "a content model of this size is not supported";
            return self.mistake(scope, node, text);
        }
        // What never occurs is no particle.
        Ok((max > 0).then_some((Particle { min, max, term }, weight)))
    }

    fn items(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<(Arc<[Particle]>, Weight)> {
        let mut items = Vec::with_capacity(node.children.len());
        let mut weight = Weight::ONE;
        for child in &node.children {
            if let Some((item, of_item)) = self.particle(scope, child, false)? {
                items.push(item);
                weight = weight.with(of_item);
            }
        }
        Ok((items.into(), weight))
    }

    fn all(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<(Arc<[Particle]>, Weight)> {
        let mut members = Vec::with_capacity(node.children.len());
        let mut weight = Weight::ONE;
        for child in &node.children {
            let Some((member, of_member)) = self.particle(scope, child, false)? else {
                continue;
            };
            if member.max > 1 {
                let text = "cos-all-limited.2: an element of all occurs at most once";
                return self.mistake(scope, child, text);
            }
            members.push(member);
            weight = weight.with(of_member);
        }
        Ok((members.into(), weight))
    }

    /// The content of a named group, once.
    pub(super) fn group(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
    ) -> Result<Option<(Particle, Weight)>> {
        if let Some(known) = self.groups.get(&std::ptr::from_ref(node)).cloned() {
            self.met(scope, node)?;
            return Ok(known);
        }
        let made = self.once(scope, node, "mg-props-correct.2", |this| {
            let Some(child) = node.children.first() else {
                let text = "s4s-elt-must-match.2: a group needs all, choice or sequence";
                return this.mistake(scope, node, text);
            };
            let made = this.particle(scope, child, true)?;
            let particle = made.as_ref().map(|(particle, _)| particle);
            this.redefined_group(scope, node, particle)?;
            Ok(made)
        })?;
        self.groups.insert(node, made.clone());
        Ok(made)
    }

    /// A redefined group refers to itself at most once, and then exactly once.
    fn redefined_group(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        made: Option<&Particle>,
    ) -> Result<()> {
        if !is_redefinition(scope, node) {
            return Ok(());
        }
        let mut references = Vec::new();
        self.own_references(scope, node, node, &mut references)?;
        match references[..] {
            [] => {
                let (file, before) = self.globals.redefined[&std::ptr::from_ref(node)];
                let before = self.group(self.scope(file, before), before)?;
                if let (Some(made), Some((before, _))) = (made, before) {
                    self.later_restrictions
                        .push((made.clone(), before, scope, node));
                }
                Ok(())
            }
            [reference] => match self.occurs(scope, reference)? {
                (1, 1) => Ok(()),
                _ => self.mistake(
                    scope,
                    reference,
                    "src-redefine.6.1.2: the reference to itself occurs once",
                ),
            },
            _ => self.mistake(
                scope,
                node,
                "src-redefine.6.1.1: more than one reference to itself",
            ),
        }
    }

    fn own_references(
        &self,
        scope: Scope<'s>,
        group: &'s Node,
        node: &'s Node,
        found: &mut Vec<&'s Node>,
    ) -> Result<()> {
        for child in &node.children {
            if let Some(name) = child.attribute("ref").filter(|_| child.name == "group") {
                let (namespace, local) = self.resolve(scope, child, name)?;
                if Some(local) == group.attribute("name") && namespace == self.namespace(scope) {
                    found.push(child);
                }
            }
            if matches!(child.name.as_str(), "sequence" | "choice" | "all") {
                self.own_references(scope, group, child, found)?;
            }
        }
        Ok(())
    }

    fn element_particle(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<ElementId> {
        let Some(reference) = node.attribute("ref") else {
            let file = &self.set.files[scope.file];
            let form = node
                .attribute("form")
                .or_else(|| file.root.attribute("elementFormDefault"));
            let namespace = if form == Some("qualified") {
                self.namespace(scope)
            } else {
                ""
            };
            return self.element(scope, node, namespace, false);
        };
        if node.attributes.contains_key("name") {
            return self.mistake(scope, node, "src-element.2.1: both name and ref");
        }
        let only = ["ref", "minOccurs", "maxOccurs", "id"];
        let more = node
            .attributes
            .keys()
            .find(|name| !only.contains(&name.as_str()));
        if let Some(more) = more {
            return self.mistake(
                scope,
                node,
                format!("src-element.2.2: ref together with {more}"),
            );
        }
        if let Some(child) = node.children.first() {
            let text = format!("src-element.2.2: ref together with {}", child.name);
            return self.mistake(scope, node, text);
        }
        let (at, found) = self.global(scope, node, Kind::Element, reference)?;
        self.global_element(at, found)
    }

    fn occurs(&self, scope: Scope<'s>, node: &'s Node) -> Result<(u32, u32)> {
        // What is greater than any document is long is as good as the greatest number.
        let number = |name: &str| match node.attribute(name) {
            None => 1,
            Some("unbounded") => UNBOUNDED,
            Some(text) => {
                let digits = text.trim_start_matches(['+', '-']);
                digits.parse().unwrap_or(UNBOUNDED - 1).min(UNBOUNDED - 1)
            }
        };
        let (min, max) = (number("minOccurs"), number("maxOccurs"));
        let digits = |name: &str| {
            let text = node.attribute(name).unwrap_or("1");
            text.trim_start_matches(['+', '-']).trim_start_matches('0')
        };
        // Of two that were cut to the greatest number the digits still tell which is greater.
        let (least, most) = (digits("minOccurs"), digits("maxOccurs"));
        let cut = min == UNBOUNDED - 1 && max == min;
        if min > max || (cut && (least.len(), least) > (most.len(), most)) {
            let text = "p-props-correct.2.1: minOccurs is greater than maxOccurs";
            return self.mistake(scope, node, text);
        }
        Ok((min, max))
    }
}
