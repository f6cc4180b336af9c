//! Documents made from a compiled schema, for tests: a random global element, and below it
//! whatever its type admits, until a budget is spent; from there on the least that will do.
//!
//! `content` follows particles, `value` makes texts of simple types and `expression` texts that fit a pattern. Keys and
//! references between them come by luck, for nothing here plans a document; one that breaks
//! only those is thrown away. Anything else that the walk finds is a disagreement between
//! this file and the walk, and stays in the document for a test to see.

mod content;
mod expression;
mod random;
mod value;

pub use random::Random;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use regex_syntax::hir::Hir;

use crate::finding::Findings;
use crate::xml::{Document, Limits, XML};

use super::instance::XSI;
use super::names::UNKNOWN_SPACE;
use super::tables::*;
use super::value::{Identity, Prefixes};

/// Elements below each other before only the least is written, and where it ends for good.
const DEEP: usize = 7;
const DEPTH_MAX: usize = 40;
/// Elements of one document before only the least is written: up to so many.
const BUDGET_MAX: u64 = 130;
/// A document that needs more elements than this is not written.
const ELEMENTS_MAX: usize = 1_500;
/// Documents that are tried until one keeps the keys.
const ATTEMPTS: usize = 12;
/// More elements than any document has: there is no least document.
const ENDLESS: u32 = 1 << 20;

/// Namespaces and prefixes of what no schema declares.
const FOREIGN: &str = "urn:foreign";

impl Schema {
    /// A valid document of 1 to about 200 elements. `None` if no global element can stand
    /// alone, if every document has no end, if some value cannot be made, or if luck did not
    /// bring keys that fit; another try may succeed.
    pub fn sample(&self, random: &mut Random) -> Option<String> {
        (0..ATTEMPTS).find_map(|_| {
            let budget = 1 + random.below(BUDGET_MAX) as usize;
            let mut sampler = Sampler {
                schema: self,
                random,
                budget,
                out: String::new(),
                elements: 0,
                default_space: 0,
                used: BTreeSet::new(),
                least: None,
                derived: HashMap::new(),
                expressions: HashMap::new(),
                ids: Vec::new(),
                ids_made: 0,
            };
            let text = sampler.document()?;
            (!self.breaks_only_keys(&text)).then_some(text)
        })
    }

    fn breaks_only_keys(&self, text: &str) -> bool {
        let mut findings = Findings::new(100);
        let document = Document::from_text(text);
        self.walk(&document, &Limits::default(), &mut (), &mut findings);
        let of_keys = |code: &str| code.starts_with("cvc-id");
        !findings.is_empty() && findings.list().iter().all(|found| of_keys(&found.code))
    }
}

/// A document on its way.
struct Sampler<'s, 'r> {
    schema: &'s Schema,
    random: &'r mut Random,
    budget: usize,
    out: String,
    elements: usize,
    /// The namespace of names without prefix here; 0 is none.
    default_space: u16,
    /// Namespaces whose prefixes have to be declared.
    used: BTreeSet<u16>,
    /// The least number of elements below an element of each type.
    least: Option<Arc<[u32]>>,
    /// What `xsi:type` may say at an element.
    derived: HashMap<ElementId, Arc<[TypeId]>>,
    expressions: HashMap<&'s str, Arc<Hir>>,
    /// IDs that were written, and how many were made.
    ids: Vec<String>,
    ids_made: usize,
}

/// The prefixes that a document declares: `n` and the number of the namespace.
struct Declared<'s> {
    schema: &'s Schema,
    default_space: u16,
}

impl Prefixes for Declared<'_> {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        let names = &self.schema.names;
        match prefix {
            "" => Some(names.space_name(self.default_space)),
            "xml" => Some(XML),
            _ => {
                let number = prefix.strip_prefix('n')?.parse().ok()?;
                Some(names.space_name(number)).filter(|name| !name.is_empty())
            }
        }
    }
}

impl<'s> Sampler<'s, '_> {
    fn document(&mut self) -> Option<String> {
        let schema = self.schema;
        let mut roots: Vec<(Name, ElementId)> =
            schema.roots.iter().map(|(name, at)| (*name, *at)).collect();
        roots.retain(|(_, root)| !schema.elements[*root].is_abstract);
        roots.sort_unstable();
        let (name, root) = *self.random.pick(&roots)?;
        let default = name.space != 0 && self.random.one_in(3);
        if default {
            self.default_space = name.space;
        }
        self.element(root, 0)?;
        let head = 1 + self.qualified(name).len();
        let mut declarations = String::new();
        for space in std::mem::take(&mut self.used) {
            let (prefix, namespace) = match space {
                UNKNOWN_SPACE => ("f".to_owned(), FOREIGN),
                space => (format!("n{space}"), schema.names.space_name(space)),
            };
            declarations += &format!(" xmlns:{prefix}=\"{}\"", escape(namespace));
        }
        if default {
            let namespace = escape(schema.names.space_name(name.space));
            declarations += &format!(" xmlns=\"{namespace}\"");
        }
        if self.out.contains(" xsi:") {
            declarations += &format!(" xmlns:xsi=\"{XSI}\"");
        }
        self.out.insert_str(head, &declarations);
        Some(std::mem::take(&mut self.out))
    }

    fn prefixes(&self) -> Declared<'s> {
        Declared {
            schema: self.schema,
            default_space: self.default_space,
        }
    }

    /// Only the least is written from here on.
    fn brief(&self, level: usize) -> bool {
        level >= DEEP || self.elements >= self.budget
    }

    /// One element, with everything in it.
    fn element(&mut self, element: ElementId, level: usize) -> Option<()> {
        let schema = self.schema;
        self.elements += 1;
        if level > DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return None;
        }
        let declared = &schema.elements[element];
        let given = self.given_type(element, level)?;
        let ty = given.unwrap_or(declared.ty);
        let fixed = declared.value.as_ref().is_some_and(|value| value.fixed);
        let outer = self.default_space;
        let name = self.open(declared.name);
        if let Some(name) = given.and_then(|given| schema.types[given].name) {
            // An unprefixed type would be looked up in the default namespace.
            let name = match (name.space, self.default_space) {
                (0, 1..) => return None,
                _ => self.qualified(name),
            };
            self.out += &format!(" xsi:type=\"{name}\"");
        }
        let nil = declared.nillable && !fixed && self.random.one_in(4);
        if nil {
            self.out += " xsi:nil=\"true\"";
        } else if declared.nillable && self.random.one_in(8) {
            self.out += " xsi:nil=\"0\"";
        }
        self.attributes(&schema.types[ty], self.brief(level))?;
        self.out.push('>');
        let start = self.out.len();
        match (&schema.types[ty].content, &declared.value) {
            _ if nil => {}
            (Content::Empty, _) => {}
            (Content::Simple(_), Some(_)) if self.random.one_in(3) => {}
            (Content::Simple(simple), Some(value)) if value.fixed => {
                if !schema.simples[*simple].contextual {
                    self.out += &escape(&value.text);
                }
            }
            (Content::Simple(simple), _) => {
                let text = self.value(*simple)?;
                self.out += &escape(&text);
            }
            (Content::Model(_), Some(value)) if value.fixed => {
                if self.random.one_in(2) {
                    self.out += &escape(&value.text);
                }
            }
            (Content::Model(model), _) => self.particle(&model.particle, model.mixed, level)?,
        }
        self.default_space = outer;
        if self.out.len() == start && self.random.one_in(2) {
            self.out.pop();
            self.out += "/>";
        } else {
            self.out += &format!("</{name}>");
        }
        Some(())
    }

    /// Writes `<name`; inside an element of no namespace there is no default namespace.
    fn open(&mut self, name: Name) -> String {
        let undeclare = name.space == 0 && self.default_space != 0;
        if undeclare {
            self.default_space = 0;
        }
        let name = self.qualified(name);
        self.out += &format!("<{name}");
        if undeclare {
            self.out += " xmlns=\"\"";
        }
        name
    }

    /// The name with its prefix, which is declared in the end.
    fn qualified(&mut self, name: Name) -> String {
        let local = self.schema.names.local(name.local);
        match name.space {
            space if space == self.default_space => local.to_owned(),
            space => self.prefixed(space, local),
        }
    }

    fn prefixed(&mut self, space: u16, local: &str) -> String {
        if space == 0 {
            return local.to_owned();
        }
        if self.schema.names.space_name(space) == XML {
            return format!("xml:{local}");
        }
        self.used.insert(space);
        match space {
            UNKNOWN_SPACE => format!("f:{local}"),
            _ => format!("n{space}:{local}"),
        }
    }

    /// What `xsi:type` says, if it is written: it has to be where the type is abstract.
    fn given_type(&mut self, element: ElementId, level: usize) -> Option<Option<TypeId>> {
        let schema = self.schema;
        let declared = &schema.elements[element];
        let forced = schema.types[declared.ty].is_abstract;
        // A default value would have to fit the given type.
        let wanted = declared.value.is_none() && !self.brief(level) && self.random.one_in(5);
        if !forced && !wanted {
            return Some(None);
        }
        let given = self.derived(element);
        let chosen = match self.brief(level) {
            true => {
                let least = self.least();
                given.iter().min_by_key(|ty| least[**ty])
            }
            false => self.random.pick(&given),
        };
        match chosen {
            Some(chosen) => Some(Some(*chosen)),
            None if forced => None,
            None => Some(None),
        }
    }

    /// Named types that may take the place of an element's own.
    fn derived(&mut self, element: ElementId) -> Arc<[TypeId]> {
        let schema = self.schema;
        if let Some(known) = self.derived.get(&element) {
            return known.clone();
        }
        let declared = &schema.elements[element];
        let without = declared.block.and(schema.types[declared.ty].block);
        let mut types: Vec<TypeId> = schema.named_types.values().copied().collect();
        types.retain(|ty| {
            !schema.types[*ty].is_abstract && schema.derives(*ty, declared.ty, without)
        });
        types.sort_unstable();
        let types: Arc<[TypeId]> = types.into();
        self.derived.insert(element, types.clone());
        types
    }

    fn attributes(&mut self, ty: &'s Type, brief: bool) -> Option<()> {
        let schema = self.schema;
        for declared in ty.attributes.iter() {
            if !declared.required && (brief || self.random.one_in(2)) {
                continue;
            }
            let text = match &declared.value {
                Some(value) if value.fixed => Some(value.text.clone()),
                _ => self.value(declared.simple),
            };
            let Some(text) = text else {
                match declared.required {
                    true => return None,
                    false => continue,
                }
            };
            self.attribute(declared.name, &text);
        }
        let Some(any) = ty.any_attribute.as_ref().filter(|_| self.random.one_in(3)) else {
            return Some(());
        };
        if any.process == Process::Skip || (any.process == Process::Lax && self.random.one_in(2)) {
            if let Some(space) = self.space_of(&any.spaces) {
                let name = self.prefixed(space, "stranger");
                self.out += &format!(" {name}=\"any & all\"").replace('&', "&amp;");
            }
            return Some(());
        }
        let mut globals: Vec<Name> = schema.attributes.keys().copied().collect();
        globals.retain(|name| {
            let identity = schema.simples[schema.attributes[name].simple].identity;
            any.spaces.admit(name.space)
                && identity != Identity::Id
                && ty.attributes.iter().all(|declared| declared.name != *name)
        });
        globals.sort_unstable();
        if let Some(name) = self.random.pick(&globals).copied() {
            let global = &schema.attributes[&name];
            let text = match &global.value {
                Some(value) if value.fixed => Some(value.text.clone()),
                _ => self.value(global.simple),
            };
            if let Some(text) = text {
                self.attribute(name, &text);
            }
        }
        Some(())
    }

    fn attribute(&mut self, name: Name, text: &str) {
        // The default namespace is not that of attributes.
        let name = self.prefixed(name.space, self.schema.names.local(name.local));
        self.out += &format!(" {name}=\"{}\"", escape(text));
    }

    /// A namespace that a wildcard admits.
    fn space_of(&mut self, spaces: &Spaces) -> Option<u16> {
        match spaces {
            Spaces::Any | Spaces::Not(_) => Some(UNKNOWN_SPACE),
            Spaces::These(these) => self.random.pick(these).copied(),
        }
    }
}

/// Text as it is written in a document.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            // A parser would make something else of them.
            '\t' => out += "&#9;",
            '\n' => out += "&#10;",
            '\r' => out += "&#13;",
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Files;
    use super::*;

    fn schema(inside: &str) -> Schema {
        let head = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>";
        let text = format!("{head}{inside}</xs:schema>").into_bytes();
        Schema::compile("a.xsd", &Files::from([("a.xsd".to_owned(), text)])).expect("a schema")
    }

    #[test]
    fn one_seed_gives_one_document() {
        let schema = schema(
            "<xs:element name='a'><xs:complexType><xs:choice maxOccurs='9'>\
             <xs:element name='b' type='xs:string'/>\
             <xs:any namespace='##other' processContents='skip'/></xs:choice>\
             </xs:complexType></xs:element>",
        );
        let sample = |seed| schema.sample(&mut Random::new(seed));
        assert!(sample(1).is_some());
        assert_eq!(sample(1), sample(1));
        assert!((2..50).any(|seed| sample(seed) != sample(1)));
    }

    #[test]
    fn recursion_ends_where_it_can() {
        let tree = "<xs:element name='a'><xs:complexType><xs:sequence>\
                    <xs:element ref='a' minOccurs='LEAST' maxOccurs='unbounded'/>\
                    </xs:sequence></xs:complexType></xs:element>";
        let (some, none) = (
            schema(&tree.replace("LEAST", "0")),
            schema(&tree.replace("LEAST", "1")),
        );
        for seed in 0..50 {
            println!("SEED={seed}");
            let text = some.sample(&mut Random::new(seed)).expect("a document");
            assert!(text.matches("<a").count() < 400, "{text}");
            assert_eq!(none.sample(&mut Random::new(seed)), None);
        }
    }

    #[test]
    fn references_find_their_ids_or_there_is_no_document() {
        let schema = schema(
            "<xs:element name='r' type='xs:IDREF'/><xs:element name='a'><xs:complexType>\
             <xs:sequence><xs:element ref='r'/></xs:sequence>\
             <xs:attribute name='id' type='xs:ID' use='required'/></xs:complexType></xs:element>",
        );
        let mut made = 0;
        for seed in 0..50 {
            println!("SEED={seed}");
            if let Some(text) = schema.sample(&mut Random::new(seed)) {
                assert!(text.contains(" id=\""), "{text}");
                made += 1;
            }
        }
        assert!(made > 40, "{made}");
    }
}
