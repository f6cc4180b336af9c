//! Simple types: restriction with its facets, list and union.

use crate::schema::load::Kind;
use crate::schema::pattern::Pattern;
use crate::schema::simple::{Bound, BoundFacet, Enumeration, Simple, Variety, normalise};
use crate::schema::tree::{Node, XSD};
use crate::schema::value::{White, built_in};

use super::{Compiler, Result, Scope};

impl<'s> Compiler<'s> {
    pub(super) fn built_in(&mut self, scope: Scope, node: &Node, name: &str) -> Result<usize> {
        match built_in(name) {
            Some(found) => {
                self.schema.simples.push(Simple::built_in(name, &found));
                Ok(self.schema.simples.len() - 1)
            }
            None => self.refuse(scope, node, &format!("the built-in type {name}")),
        }
    }

    pub(super) fn simple_named(&mut self, scope: Scope, node: &Node, name: &str) -> Result<usize> {
        let (namespace, local) = self.resolve(scope, node, name)?;
        if namespace == XSD {
            return self.built_in(scope, node, local);
        }
        let (at, found) = self.global(scope, node, Kind::Type, name)?;
        if found.name != "simpleType" {
            return self.mistake(
                scope,
                node,
                format!("src-resolve: {name} is not a simple type"),
            );
        }
        self.named_simple(at, found)
    }

    pub(super) fn named_simple(&mut self, scope: Scope, node: &'s Node) -> Result<usize> {
        let name = self.name_of(scope, node)?;
        self.simple(scope, node, name)
    }

    pub(super) fn simple(&mut self, scope: Scope, node: &'s Node, label: &str) -> Result<usize> {
        if let Some(known) = self.simples.get(&std::ptr::from_ref(node)) {
            return Ok(*known);
        }
        self.admit(scope, node, &["name"])?;
        let simple = self.deeper(scope, node, |this| this.make_simple(scope, node, label))?;
        self.schema.simples.push(simple);
        let number = self.schema.simples.len() - 1;
        self.simples.insert(node, number);
        Ok(number)
    }

    pub(super) fn make_simple(
        &mut self,
        scope: Scope,
        node: &'s Node,
        label: &str,
    ) -> Result<Simple> {
        let [child] = &node.children[..] else {
            return self.mistake(scope, node, "a simpleType needs restriction, list or union");
        };
        match child.name.as_str() {
            "restriction" => self.restriction(scope, child, label),
            "list" => {
                let item = self.base_or_inline(scope, child, "itemType", label)?;
                Ok(Simple::constructed(label, Variety::List(item)))
            }
            "union" => {
                let mut members = Vec::new();
                for name in child
                    .attribute("memberTypes")
                    .unwrap_or_default()
                    .split_whitespace()
                {
                    members.push(self.simple_named(scope, child, name)?);
                }
                for inline in &child.children {
                    if inline.name != "simpleType" {
                        return self.refuse(scope, inline, &format!("{} in union", inline.name));
                    }
                    members.push(self.simple(scope, inline, label)?);
                }
                if members.is_empty() {
                    return self.mistake(
                        scope,
                        child,
                        "src-simple-type.4: a union without members",
                    );
                }
                Ok(Simple::constructed(label, Variety::Union(members)))
            }
            other => self.refuse(scope, child, &format!("{other} in simpleType")),
        }
    }

    pub(super) fn base_or_inline(
        &mut self,
        scope: Scope,
        node: &'s Node,
        attribute: &str,
        label: &str,
    ) -> Result<usize> {
        let inline = node
            .children
            .iter()
            .find(|child| child.name == "simpleType");
        match (node.attribute(attribute), inline) {
            (Some(name), None) => self.simple_named(scope, node, name),
            (None, Some(inline)) => self.simple(scope, inline, label),
            _ => self.mistake(
                scope,
                node,
                format!("{} needs {attribute} or one simpleType", node.name),
            ),
        }
    }

    pub(super) fn restriction(
        &mut self,
        scope: Scope,
        node: &'s Node,
        label: &str,
    ) -> Result<Simple> {
        self.admit(scope, node, &["base"])?;
        let base = self.base_or_inline(scope, node, "base", label)?;
        let base = self.schema.simples[base].clone();
        let mut simple = Simple {
            label: label.to_owned(),
            ..base.clone()
        };
        let mut patterns = Vec::new();
        let mut values = Vec::new();
        for facet in node
            .children
            .iter()
            .filter(|child| child.name != "simpleType")
        {
            self.admit(scope, facet, &["value", "fixed"])?;
            let Some(value) = facet.attributes.get("value").map(String::as_str) else {
                return self.mistake(scope, facet, format!("{} without value", facet.name));
            };
            let size = || match value.trim().parse::<u64>() {
                Ok(number) => Ok(number),
                Err(_) => self.mistake(
                    scope,
                    facet,
                    format!("{} {value:?} is not a number", facet.name),
                ),
            };
            match facet.name.as_str() {
                "length" => simple.length = Some(size()?),
                "minLength" => simple.length_min = Some(size()?.max(base.length_min.unwrap_or(0))),
                "maxLength" => {
                    simple.length_max = Some(size()?.min(base.length_max.unwrap_or(u64::MAX)))
                }
                "totalDigits" => simple.digits_max = Some(size()?),
                "fractionDigits" => simple.fraction_digits_max = Some(size()?),
                "pattern" => match Pattern::compile(value) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(text) => {
                        return self.mistake(scope, facet, format!("pattern-valid: {text}"));
                    }
                },
                "enumeration" => {
                    let value = normalise(base.white, value).into_owned();
                    if base.check(&self.schema.simples, &value).is_err() {
                        let text = format!(
                            "enumeration-valid-restriction: {value:?} is not a value of the base type"
                        );
                        return self.mistake(scope, facet, text);
                    }
                    values.push(value);
                }
                "whiteSpace" => {
                    let white = match value {
                        "preserve" => White::Preserve,
                        "replace" => White::Replace,
                        "collapse" => White::Collapse,
                        _ => return self.mistake(scope, facet, format!("whiteSpace {value:?}")),
                    };
                    if white < base.white {
                        return self.mistake(
                            scope,
                            facet,
                            "whiteSpace-valid-restriction: weaker than the base type",
                        );
                    }
                    simple.white = white;
                }
                "minInclusive" | "minExclusive" | "maxInclusive" | "maxExclusive" => {
                    let bound = match facet.name.as_str() {
                        "minInclusive" => BoundFacet::MinInclusive,
                        "minExclusive" => BoundFacet::MinExclusive,
                        "maxInclusive" => BoundFacet::MaxInclusive,
                        _ => BoundFacet::MaxExclusive,
                    };
                    let ordered = base.primitive().is_some_and(|primitive| {
                        primitive.is_ordered() && primitive.admits(value.trim())
                    });
                    if !ordered {
                        let text = format!("{} {value:?} does not fit the base type", facet.name);
                        return self.mistake(scope, facet, text);
                    }
                    simple.bounds.push(Bound {
                        facet: bound,
                        value: value.trim().to_owned(),
                    });
                }
                other => return self.refuse(scope, facet, &format!("{other} in restriction")),
            }
        }
        if simple
            .length_min
            .zip(simple.length_max)
            .is_some_and(|(min, max)| min > max)
        {
            return self.mistake(scope, node, "minLength-less-than-equal-to-maxLength");
        }
        if simple
            .fraction_digits_max
            .zip(simple.digits_max)
            .is_some_and(|(fraction, total)| fraction > total)
        {
            return self.mistake(
                scope,
                node,
                "fractionDigits-totalDigits: more fraction digits than digits",
            );
        }
        if !patterns.is_empty() {
            simple.patterns.push(patterns);
        }
        if !values.is_empty() {
            simple.enumeration = Some(Enumeration::new(values));
        }
        Ok(simple)
    }
}
