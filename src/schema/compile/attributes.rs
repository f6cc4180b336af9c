//! Attributes of complex types, and groups of them.

use crate::schema::load::Kind;
use crate::schema::tables::AttributeUse;
use crate::schema::tree::Node;

use super::{Compiler, Result, Scope};

impl<'s> Compiler<'s> {
    pub(super) fn attributes(&mut self, scope: Scope, node: &'s Node) -> Result<Vec<AttributeUse>> {
        let mut attributes: Vec<AttributeUse> = Vec::new();
        for child in &node.children {
            let more = match child.name.as_str() {
                "attribute" => self.attribute(scope, child)?.into_iter().collect(),
                "attributeGroup" => {
                    let Some(name) = child.attribute("ref") else {
                        return self.refuse(scope, child, "a local attributeGroup");
                    };
                    let (at, found) = self.global(scope, child, Kind::AttributeGroup, name)?;
                    self.deeper(at, found, |this| this.attributes(at, found))?
                }
                "anyAttribute" => return self.refuse(scope, child, "anyAttribute"),
                _ => continue,
            };
            for attribute in more {
                if attributes.iter().any(|known| known.name == attribute.name) {
                    return self.mistake(
                        scope,
                        child,
                        "ct-props-correct.4: an attribute is declared twice",
                    );
                }
                attributes.push(attribute);
            }
        }
        Ok(attributes)
    }

    pub(super) fn attribute(
        &mut self,
        scope: Scope,
        node: &'s Node,
    ) -> Result<Option<AttributeUse>> {
        self.admit(
            scope,
            node,
            &["name", "type", "use", "fixed", "default", "form", "ref"],
        )?;
        let required = match node.attribute("use") {
            None | Some("optional") => false,
            Some("required") => true,
            Some("prohibited") => return Ok(None),
            Some(other) => return self.mistake(scope, node, format!("use {other:?}")),
        };
        let (at, declaration, namespace) = match node.attribute("ref") {
            Some(name) => {
                let (at, found) = self.global(scope, node, Kind::Attribute, name)?;
                (at, found, self.namespace(at))
            }
            None => {
                let form = node.attribute("form").or_else(|| {
                    self.set.files[scope.file]
                        .root
                        .attribute("attributeFormDefault")
                });
                (
                    scope,
                    node,
                    if form == Some("qualified") {
                        self.namespace(scope)
                    } else {
                        ""
                    },
                )
            }
        };
        let local = self.name_of(at, declaration)?;
        let name = self.schema.names.intern(namespace, local);
        let simple = match (declaration.attribute("type"), &declaration.children[..]) {
            (Some(name), []) => self.simple_named(at, declaration, name)?,
            (None, [child]) if child.name == "simpleType" => self.simple(at, child, local)?,
            (None, []) => self.built_in(at, declaration, "string")?,
            (_, [child, ..]) => {
                return self.refuse(at, child, &format!("{} in attribute", child.name));
            }
        };
        let fixed = node
            .attribute("fixed")
            .or_else(|| declaration.attribute("fixed"))
            .map(str::to_owned);
        Ok(Some(AttributeUse {
            name,
            simple,
            required,
            fixed,
        }))
    }
}
