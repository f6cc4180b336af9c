//! Particles: groups, elements and wildcards with how often they occur (XML Schema Part 1,
//! 3.7 to 3.10). Named groups are made once and shared.

use std::sync::Arc;

use crate::schema::load::Kind;
use crate::schema::tables::*;
use crate::schema::tree::Node;

use super::{Compiler, Result, Scope, is_redefinition};

impl<'s> Compiler<'s> {
    /// A group at the top of a content model: `all` may stand only there.
    pub(super) fn model_group(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
    ) -> Result<Option<Particle>> {
        self.particle(scope, node, true)
    }

    fn particle(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        top: bool,
    ) -> Result<Option<Particle>> {
        let (min, max) = self.occurs(scope, node)?;
        let term = match node.name.as_str() {
            "element" => Term::Element(self.element_particle(scope, node)?),
            "any" => Term::Any(self.wildcard(scope, node)?),
            "sequence" => Term::Sequence(self.items(scope, node)?),
            "choice" => Term::Choice(self.items(scope, node)?),
            "all" => Term::All(self.all(scope, node)?),
            _ => {
                let name = node.attribute("ref").unwrap_or_default();
                let (at, found) = self.global(scope, node, Kind::Group, name)?;
                let Some(group) = self.group(at, found)? else {
                    return Ok(None);
                };
                if matches!(group.term, Term::All(_)) && (!top || max != 1) {
                    let text =
                        "cos-all-limited.1.2: an all group is the whole content of a type, once";
                    return self.mistake(scope, node, text);
                }
                group.term
            }
        };
        Ok(Some(Particle { min, max, term }))
    }

    fn items(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<Arc<[Particle]>> {
        let mut items = Vec::with_capacity(node.children.len());
        for child in &node.children {
            items.extend(self.particle(scope, child, false)?);
        }
        Ok(items.into())
    }

    fn all(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<Arc<[Particle]>> {
        let mut members = Vec::with_capacity(node.children.len());
        for child in &node.children {
            let Some(member) = self.particle(scope, child, false)? else {
                continue;
            };
            if member.max > 1 {
                let text = "cos-all-limited.2: an element of all occurs at most once";
                return self.mistake(scope, child, text);
            }
            members.push(member);
        }
        Ok(members.into())
    }

    /// The content of a named group, once.
    pub(super) fn group(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<Option<Particle>> {
        if let Some(known) = self.groups.get(&std::ptr::from_ref(node)) {
            return Ok(known.clone());
        }
        let made = self.once(scope, node, "mg-props-correct.2", |this| {
            let Some(child) = node.children.first() else {
                let text = "s4s-elt-must-match.2: a group needs all, choice or sequence";
                return this.mistake(scope, node, text);
            };
            let made = this.particle(scope, child, true)?;
            this.redefined_group(scope, node, made.as_ref())?;
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
                if let (Some(made), Some(before)) = (made, before) {
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
