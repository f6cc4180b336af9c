//! The attributes of an element during a walk: those that speak to a validator (`xsi:type`,
//! `xsi:nil`), those that its type declares, and IDs.

use std::collections::{HashMap, HashSet};

use crate::finding;
use crate::xml::{Attribute, Reader};

use super::Sink;
use super::identity::Met;
use super::names::UNKNOWN_SPACE;
use super::simple::Simple;
use super::tables::*;
use super::value::{Identity, Prefixes, White, is_nc_name, normalise};
use super::violation::Violation;
use super::walk::{Walk, bounded};

/// The namespace of attributes that speak to a validator.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// IDs that were met, and references to IDs.
#[derive(Default)]
pub(super) struct Ids {
    /// IDs, and the elements that have them.
    known: HashMap<String, usize>,
    /// References, the elements that hold them, what follows their paths, and where they stand.
    references: Vec<(String, usize, String, usize)>,
    /// References that were noted already: one finding for each is enough.
    noted: HashSet<String>,
}

impl<'a, 's, S: Sink> Walk<'a, 's, S> {
    /// The type that `xsi:type` gives.
    fn given_type(
        &mut self,
        reader: &Reader<'a>,
        attribute: &Attribute<'a>,
        offset: usize,
    ) -> Option<TypeId> {
        let value = normalise(White::Collapse, &attribute.value);
        let (prefix, local) = value.split_once(':').unwrap_or(("", &value));
        let namespace = Prefixes::namespace(reader, prefix)
            .filter(|_| is_nc_name(local) && (is_nc_name(prefix) || !value.contains(':')));
        let Some(namespace) = namespace else {
            self.violate_attribute("cvc-elt.4.1", offset, attribute, "QName".to_owned());
            return None;
        };
        let name = self.schema.names.find(namespace, local);
        let found = name.and_then(|name| self.schema.named_types.get(&name).copied());
        if found.is_none() {
            self.violate_attribute("cvc-elt.4.2", offset, attribute, String::new());
        }
        found
    }

    /// The type by which an element is checked: the given one if it may replace the declared.
    pub fn actual_type(
        &mut self,
        reader: &Reader<'a>,
        element: Option<&Element>,
        declared: TypeId,
        offset: usize,
    ) -> TypeId {
        let schema = self.schema;
        let Some(attribute) = speaking(reader, "type") else {
            return declared;
        };
        let Some(given) = self.given_type(reader, attribute, offset) else {
            return declared;
        };
        let without = element
            .map_or(Derivations::default(), |element| element.block)
            .and(schema.types[declared].block);
        if schema.derives(given, declared, without) {
            return given;
        }
        let expected = schema.type_name(&schema.types[declared]).to_owned();
        self.violate_attribute("cvc-elt.4.3", offset, attribute, expected);
        declared
    }

    /// Whether `xsi:nil` says that the element has no value, and may say so.
    pub fn nil(&mut self, reader: &Reader<'a>, element: Option<&Element>, offset: usize) -> bool {
        let Some(attribute) = speaking(reader, "nil") else {
            return false;
        };
        let Some(declared) = element else {
            return false;
        };
        let value = normalise(White::Collapse, &attribute.value);
        let nil = matches!(&*value, "true" | "1");
        if !nil && !matches!(&*value, "false" | "0") {
            let expected = "true, false".to_owned();
            self.violate_attribute("cvc-datatype-valid.1.2.1", offset, attribute, expected);
        } else if !declared.nillable {
            self.violate_attribute("cvc-elt.3.1", offset, attribute, String::new());
            return false;
        } else if nil && declared.value.as_ref().is_some_and(|value| value.fixed) {
            self.violate_attribute("cvc-elt.3.2.2", offset, attribute, String::new());
        }
        nil
    }

    /// Checks the attributes of the element that just began, and begins its keys.
    pub fn attributes(&mut self, reader: &Reader<'a>, met: Met, offset: usize) {
        let schema = self.schema;
        let frame = self.frames.last().expect("just pushed");
        let (ty, element) = (frame.ty, frame.element);
        let present = reader.attributes();
        let keyed = self.keyed();
        let mut keys = Vec::new();
        let mut wild_ids = 0;
        for attribute in present {
            let namespace = reader.attribute_namespace(attribute);
            if namespace == XSI && SPEAKING.contains(&attribute.local) {
                continue;
            }
            let name = schema.names.find(namespace, attribute.local);
            let declared = name.and_then(|name| {
                let mut uses = ty.attributes.iter();
                uses.find(|declared| declared.name == name)
            });
            let space = schema.names.space(namespace).unwrap_or(UNKNOWN_SPACE);
            let declared = match (declared, &ty.any_attribute) {
                (Some(declared), _) => Some(declared),
                (None, Some(any)) if any.spaces.admit(space) => {
                    let global = name.and_then(|name| schema.attributes.get(&name));
                    match (any.process, global) {
                        (Process::Skip, _) | (Process::Lax, None) => None,
                        (_, Some(global)) => {
                            if schema.simples[global.simple].identity == Identity::Id {
                                self.wild_id(ty, &mut wild_ids, attribute, offset);
                            }
                            Some(global)
                        }
                        (Process::Strict, None) => {
                            let code = "cvc-complex-type.3.2.2.c";
                            self.violate_attribute(code, offset, attribute, String::new());
                            None
                        }
                    }
                }
                _ => {
                    // What is only counted needs no advice: looking for it would cost the
                    // attributes present times those declared, for each that is wrong.
                    let expected = match self.is_full() {
                        true => String::new(),
                        false => {
                            let absent =
                                |name: &&str| !present.iter().any(|other| other.local == *name);
                            let names = ty.attributes.iter();
                            let names = names.map(|declared| schema.name(declared.name.local));
                            let names: Vec<&str> = names.filter(absent).collect();
                            finding::meant(attribute.local, &names)
                        }
                    };
                    let code = match ty.complex {
                        true => "cvc-complex-type.3.2.2",
                        false => "cvc-type.3.1.1",
                    };
                    self.violate_attribute(code, offset, attribute, expected);
                    continue;
                }
            };
            let key = match declared {
                Some(declared) => self.attribute(reader, declared, attribute, offset),
                None => Some(format!("s{}", attribute.value)),
            };
            if keyed && let Some(key) = key {
                keys.push(((space, name), key, attribute.value.to_string()));
            }
        }
        if ty.watches_attributes {
            self.absent(reader, ty, offset, &mut keys);
        }
        if keyed {
            let own = element.map_or(&[][..], |element| &element.constraints);
            self.keys
                .start(&schema.constraints, met, own, offset, &keys);
        }
    }

    /// An attribute of type ID that a wildcard admits has to be the only one.
    fn wild_id(&mut self, ty: &Type, met: &mut u32, attribute: &Attribute<'a>, offset: usize) {
        *met += 1;
        let simples = &self.schema.simples;
        let mut declared = ty.attributes.iter();
        let code = if *met > 1 {
            "cvc-complex-type.5.1"
        } else if declared.any(|declared| simples[declared.simple].identity == Identity::Id) {
            "cvc-complex-type.5.2"
        } else {
            return;
        };
        self.violate_attribute(code, offset, attribute, String::new());
    }

    /// Checks one attribute; gives its key if somebody may ask for it.
    fn attribute(
        &mut self,
        reader: &Reader<'a>,
        declared: &AttributeUse,
        attribute: &Attribute<'a>,
        offset: usize,
    ) -> Option<String> {
        let schema = self.schema;
        let simple = &schema.simples[declared.simple];
        let value = match simple.check(&schema.simples, &attribute.value, reader) {
            Ok(value) => value,
            Err(misfit) => {
                let expected = misfit.expected(&attribute.value);
                self.violate_attribute(misfit.code, offset, attribute, expected);
                return None;
            }
        };
        if simple.identified {
            self.identify(
                simple,
                &value,
                reader,
                offset,
                &below(attribute),
                attribute.offset,
            );
        }
        let fixed = declared.value.as_ref().filter(|value| value.fixed);
        let key = if fixed.is_some() || self.keyed() {
            simple.key(&schema.simples, &attribute.value, reader)
        } else {
            None
        };
        if let Some(fixed) = fixed.filter(|fixed| key.as_ref() != Some(&fixed.key)) {
            let expected = fixed.text.clone();
            self.violate_attribute("cvc-complex-type.3.1", offset, attribute, expected);
        }
        if self.frames.last().is_some_and(|frame| frame.told) {
            self.sink
                .attribute(declared.name.local, &value, attribute.offset);
        }
        key
    }

    /// Attributes that are not there: required ones, and those with a default.
    fn absent(
        &mut self,
        reader: &Reader<'a>,
        ty: &Type,
        offset: usize,
        keys: &mut Vec<(Met, String, String)>,
    ) {
        let schema = self.schema;
        for declared in ty.attributes.iter() {
            let there = reader.attributes().iter().any(|attribute| {
                attribute.local == schema.name(declared.name.local)
                    && reader.attribute_namespace(attribute)
                        == schema.names.space_name(declared.name.space)
            });
            if there {
                continue;
            }
            let name = schema.name(declared.name.local);
            if declared.required {
                self.push(Violation {
                    code: "cvc-complex-type.4",
                    element: offset,
                    below: format!("/@{name}"),
                    offset,
                    value: String::new(),
                    expected: name.to_owned(),
                });
            } else if let Some(value) = &declared.value {
                if self.keyed() {
                    let met = (declared.name.space, Some(declared.name));
                    keys.push((met, value.key.clone(), value.text.clone()));
                }
                let simple = &schema.simples[declared.simple];
                if simple.identified {
                    let text = normalise(White::Collapse, &value.text);
                    let below = format!("/@{name}");
                    self.identify(simple, &text, reader, offset, &below, offset);
                }
                if self.frames.last().is_some_and(|frame| frame.told) {
                    let text = normalise(schema.simples[declared.simple].white, &value.text);
                    self.sink.attribute(declared.name.local, &text, offset);
                }
            }
        }
    }

    /// Notes IDs and references to them in a value.
    pub fn identify(
        &mut self,
        simple: &Simple,
        value: &str,
        prefixes: &dyn Prefixes,
        element: usize,
        below: &str,
        offset: usize,
    ) {
        let mut found = Vec::new();
        simple.identities(&self.schema.simples, value, prefixes, &mut found);
        for (identity, word) in found {
            match identity {
                Identity::None => {}
                Identity::Id => {
                    let owner = *self.ids.known.entry(word.to_owned()).or_insert(element);
                    // The same element may say its ID twice only in one place.
                    if owner != element || !self.ids.noted.insert(format!("{word} {element}")) {
                        self.push(Violation {
                            code: "cvc-id.2",
                            element,
                            below: below.to_owned(),
                            offset,
                            value: bounded(word),
                            expected: String::new(),
                        });
                    }
                }
                Identity::IdRef => {
                    if !self.ids.known.contains_key(word) {
                        let reference = (word.to_owned(), element, below.to_owned(), offset);
                        self.ids.references.push(reference);
                    }
                }
                // Without a document type declaration no entity is declared.
                Identity::Entity => self.push(Violation {
                    code: "cvc-datatype-valid.1.2.1",
                    element,
                    below: below.to_owned(),
                    offset,
                    value: bounded(word),
                    expected: "ENTITY".to_owned(),
                }),
            }
        }
    }

    /// References to IDs that nothing has; the document is at its end.
    pub fn unresolved(&mut self) {
        for (word, element, below, offset) in std::mem::take(&mut self.ids.references) {
            if !self.ids.known.contains_key(&word) {
                self.push(Violation {
                    code: "cvc-id.1",
                    element,
                    below,
                    offset,
                    value: bounded(&word),
                    expected: String::new(),
                });
            }
        }
    }

    pub fn violate_attribute(
        &mut self,
        code: &'static str,
        element: usize,
        attribute: &Attribute<'_>,
        expected: String,
    ) {
        self.push(Violation {
            code,
            element,
            below: below(attribute),
            offset: attribute.offset,
            value: bounded(&attribute.value),
            expected,
        });
    }
}

const SPEAKING: [&str; 4] = ["type", "nil", "schemaLocation", "noNamespaceSchemaLocation"];

/// Whether the element that just began names its type.
pub fn has_type(reader: &Reader<'_>) -> bool {
    !reader.attributes().is_empty() && speaking(reader, "type").is_some()
}

/// An attribute that speaks to a validator.
fn speaking<'r, 'a>(reader: &'r Reader<'a>, local: &str) -> Option<&'r Attribute<'a>> {
    let mut attributes = reader.attributes().iter();
    attributes
        .find(|attribute| attribute.local == local && reader.attribute_namespace(attribute) == XSI)
}

fn below(attribute: &Attribute<'_>) -> String {
    format!("/@{}", attribute.local)
}

impl Schema {
    /// The local name of a type, or that of its nearest named base.
    pub(super) fn type_name(&self, ty: &Type) -> &str {
        let mut at = ty;
        loop {
            match at.name {
                Some(name) => return self.name(name.local),
                None => at = &self.types[at.base],
            }
        }
    }
}
