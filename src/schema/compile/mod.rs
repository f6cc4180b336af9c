//! From the nodes of a set of schema files to the tables of a [`Schema`], in six steps, each
//! over the whole set: declarations and types, what stands for what, values of defaults,
//! content models, restrictions, references of keys. `simples`, `facets`, `complexes`,
//! `attributes`, `elements` and `particles` compile what they are named for; `restriction`
//! compares a content model with the one that it restricts. The first mistake ends it.

mod attributes;
mod complexes;
mod elements;
mod facets;
mod particles;
mod restriction;
mod simples;

use std::collections::HashMap;
use std::sync::Arc;

use super::Mistake;
use super::automaton::Wrong;
use super::load::{Declared, Globals, Kind, Set};
use super::model::Model;
use super::names::{Map, Names, SPACES_MAX};
use super::tables::*;
use super::tree::{Node, XSD};
use super::value::{Prefixes, Primitive};

use attributes::AttributeSet;
use particles::Weight;

type Result<T> = std::result::Result<T, Mistake>;

/// Steps of derivation below each other, members of substitution groups in a line, groups
/// inside groups. Published schemas have up to ten; each costs a call inside another here.
const CHAIN_MAX: usize = 100;

/// Positions and edges of all content models of a set: about twenty bytes each. Types share
/// groups, but each has an automaton of its own.
const MODELS_MAX: usize = 10_000_000;

/// Uses of attributes in all types and groups of a set: some thirty bytes each. Types share
/// groups, but each has a list of its own.
const USES_MAX: usize = 1_000_000;

/// Where a node stands: in which file, and in which redefinition.
#[derive(Clone, Copy)]
struct Scope<'s> {
    file: usize,
    /// A reference to its own name from inside means what it redefines.
    redefinition: Option<&'s Node>,
}

/// What is known of a type beside the tables while it is made.
struct Draft<'s> {
    /// Absent for the built-in ones.
    source: Option<(Scope<'s>, &'s Node)>,
    progress: Progress,
    /// The content model and whether it is mixed, if there is one.
    particle: Option<(Particle, bool)>,
    label: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Waiting,
    Busy,
    Done,
}

struct Compiler<'s> {
    set: &'s Set,
    globals: Globals<'s>,
    schema: Schema,
    /// One for each type.
    drafts: Vec<Draft<'s>>,
    types: HashMap<*const Node, TypeId>,
    elements: HashMap<*const Node, ElementId>,
    groups: HashMap<*const Node, Option<(Particle, Weight)>>,
    /// How many checks of simple types one of a union takes at most, by its list of members.
    looks: HashMap<*const SimpleId, u64>,
    attribute_groups: HashMap<*const Node, AttributeSet>,
    global_attributes: HashMap<*const Node, AttributeUse>,
    /// Uses of attributes in all types and groups.
    uses: usize,
    /// Definitions that are being made, and how many others they need in a line as far as is
    /// known: one that is met again is circular.
    open: Vec<(*const Node, usize)>,
    /// The same number for those that are made.
    depths: HashMap<*const Node, usize>,
    /// Elements with a default or fixed value, and where they stand.
    valued: Vec<(ElementId, Scope<'s>, &'s Node)>,
    /// Elements and attributes with a type by name, and where they stand.
    typed: Vec<(TypeId, Scope<'s>, &'s Node)>,
    /// Elements that name a head.
    members: Vec<(ElementId, Scope<'s>, &'s Node)>,
    /// Redefined groups that have to narrow what they were: those, and where they stand.
    later_restrictions: Vec<(Particle, Particle, Scope<'s>, &'s Node)>,
    /// Where each identity constraint stands.
    constraints: Vec<(Scope<'s>, &'s Node)>,
    constraint_names: HashMap<Name, usize>,
}

/// Compiles a set.
pub fn compile(set: &Set) -> Result<Schema> {
    let mut compiler = Compiler {
        set,
        globals: set.globals()?,
        schema: Schema {
            names: Names::new(),
            elements: Vec::new(),
            only_values: Vec::new(),
            types: Vec::new(),
            simples: Vec::new(),
            roots: Map::default(),
            named_types: Map::default(),
            attributes: Map::default(),
            constraints: Vec::new(),
        },
        drafts: Vec::new(),
        types: HashMap::new(),
        elements: HashMap::new(),
        groups: HashMap::new(),
        looks: HashMap::new(),
        attribute_groups: HashMap::new(),
        global_attributes: HashMap::new(),
        uses: 0,
        open: Vec::new(),
        depths: HashMap::new(),
        valued: Vec::new(),
        typed: Vec::new(),
        members: Vec::new(),
        later_restrictions: Vec::new(),
        constraints: Vec::new(),
        constraint_names: HashMap::new(),
    };
    compiler.built_ins();
    compiler.declarations()?;
    compiler.substitutions()?;
    compiler.element_values()?;
    compiler.notations()?;
    compiler.models()?;
    compiler.restrictions()?;
    compiler.references()?;
    compiler.schema.settle();
    // NOTATION itself is the type of nothing, not even by xsi:type.
    let notation = compiler.schema.names.find(XSD, "NOTATION");
    notation.map(|name| compiler.schema.named_types.remove(&name));
    if compiler.schema.names.is_overfull() {
        return Err(Mistake {
            file: set.files[0].name.clone(),
            line: 0,
            text: format!("more than {SPACES_MAX} namespaces are not supported"),
        });
    }
    Ok(compiler.schema)
}

impl<'s> Compiler<'s> {
    /// Everything that is declared, used or not: a mistake in what nobody uses is one too.
    fn declarations(&mut self) -> Result<()> {
        let mut declared: Vec<Declared<'s>> = self.globals.declared.values().copied().collect();
        declared.extend(self.globals.redefined.values().copied());
        let order = |(file, node): &Declared<'s>| (*file, node.line, node.name.clone());
        declared.sort_by_key(order);
        for (file, node) in declared {
            let scope = self.scope(file, node);
            match Kind::of(node) {
                Some(Kind::Element) => _ = self.global_element(scope, node)?,
                Some(Kind::Type) => _ = self.type_at(scope, node, None)?,
                Some(Kind::Group) => _ = self.group(scope, node)?,
                Some(Kind::Attribute) => _ = self.global_attribute(scope, node)?,
                Some(Kind::AttributeGroup) => _ = self.attribute_group(scope, node)?,
                Some(Kind::Notation) => self.notation(scope, node)?,
                None => {}
            }
        }
        // Making a type meets further ones.
        let mut next = 0;
        while next < self.drafts.len() {
            self.complete(next)?;
            next += 1;
        }
        Ok(())
    }

    /// The content models, and that elements of one name in one model have one type.
    fn models(&mut self) -> Result<()> {
        let mut size = 0;
        for ty in 0..self.drafts.len() {
            let Some((particle, mixed)) = self.drafts[ty].particle.clone() else {
                continue;
            };
            let model = Model::compile(particle, mixed, &self.schema.elements);
            let model = match model {
                Ok(model) => model,
                Err(wrong) => return Err(self.wrong_model(ty, wrong)),
            };
            size += model.size();
            if size > MODELS_MAX {
                let text = "content models of this size together are not supported";
                return Err(self.type_mistake(ty, text));
            }
            self.consistent(ty, &model)?;
            self.schema.types[ty].content = Content::Model(Arc::new(model));
        }
        Ok(())
    }

    fn wrong_model(&self, ty: TypeId, wrong: Wrong) -> Mistake {
        let text = match wrong {
            Wrong::Ambiguous(Some(name)) => format!(
                "cos-nonambig: it cannot be told which particle the element {} belongs to",
                self.schema.names.local(name.local)
            ),
            Wrong::Ambiguous(None) => "cos-nonambig: two wildcards admit the same elements".to_owned(),
            Wrong::TooLarge => "a content model of this size is not supported".to_owned(),
            Wrong::Counts => "so many repetitions inside each other whose counts can be told apart in more than one way are not supported".to_owned(),
        };
        self.type_mistake(ty, text)
    }

    /// Element Declarations Consistent (cos-element-consistent).
    fn consistent(&self, ty: TypeId, model: &Model) -> Result<()> {
        let mut seen: HashMap<Name, TypeId> = HashMap::new();
        for named in model.elements() {
            for stand_in in &self.schema.elements[named].stands_for {
                let element = &self.schema.elements[*stand_in];
                if *seen.entry(element.name).or_insert(element.ty) != element.ty {
                    let name = self.schema.names.local(element.name.local);
                    let text = format!(
                        "cos-element-consistent: elements {name} of different types in one content model"
                    );
                    return Err(self.type_mistake(ty, text));
                }
            }
        }
        Ok(())
    }

    fn scope(&self, file: usize, node: &'s Node) -> Scope<'s> {
        let redefines = self
            .globals
            .redefined
            .contains_key(&std::ptr::from_ref(node));
        Scope {
            file,
            redefinition: redefines.then_some(node),
        }
    }

    /// The namespace of what is declared in a file.
    fn namespace(&self, scope: Scope<'s>) -> &'s str {
        &self.set.files[scope.file].namespace
    }

    /// What a prefixed name in an attribute's value means.
    fn resolve<'n>(
        &self,
        scope: Scope<'s>,
        node: &'n Node,
        name: &'n str,
    ) -> Result<(&'n str, &'n str)>
    where
        's: 'n,
    {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let file = &self.set.files[scope.file];
        let Some(namespace) = node.scope.namespace(prefix) else {
            return self.mistake(
                scope,
                node,
                format!("src-resolve: the prefix {prefix} is not declared"),
            );
        };
        let namespace = if namespace.is_empty() && file.chameleon {
            &file.namespace
        } else {
            namespace
        };
        let visible = namespace == XSD || file.visible.iter().any(|known| known == namespace);
        if !visible {
            let clause = if namespace.is_empty() { 1 } else { 2 };
            let text = format!(
                "src-resolve.4.{clause}: {name}: the namespace {namespace:?} is not imported"
            );
            return self.mistake(scope, node, text);
        }
        Ok((namespace, local))
    }

    /// The global declaration that `name` means.
    fn global(
        &self,
        scope: Scope<'s>,
        node: &'s Node,
        kind: Kind,
        name: &str,
    ) -> Result<(Scope<'s>, &'s Node)> {
        let (namespace, local) = self.resolve(scope, node, name)?;
        if let Some(own) = scope.redefinition
            && Kind::of(own) == Some(kind)
            && own.attribute("name") == Some(local)
            && namespace == self.namespace(scope)
            && let Some((file, node)) = self.globals.redefined.get(&std::ptr::from_ref(own))
        {
            return Ok((self.scope(*file, node), node));
        }
        match self.globals.declared.get(&(kind, namespace, local)) {
            Some((file, found)) => Ok((self.scope(*file, found), found)),
            None => {
                let imports = self.set.files[scope.file].root.children.iter();
                let found = |known: &str| self.set.files.iter().any(|file| file.namespace == known);
                let empty = imports
                    .filter(|child| child.name == "import")
                    .find(|import| {
                        import.attribute("namespace").unwrap_or("") == namespace
                            && !found(namespace)
                    });
                let hint = empty.map_or(String::new(), |import| {
                    format!("; the import in line {} brought no file", import.line)
                });
                let text = format!("src-resolve: {name} is not declared{hint}");
                self.mistake(scope, node, text)
            }
        }
    }

    fn notation(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<()> {
        if node.attribute("public").is_none() && node.attribute("system").is_none() {
            return self.mistake(
                scope,
                node,
                "n-props-correct (s4s-att-must-appear): a notation needs public or system",
            );
        }
        Ok(())
    }

    /// NOTATION itself is the type of nothing: only the names of some notations are.
    fn notations(&self) -> Result<()> {
        for (ty, scope, node) in &self.typed {
            if let Content::Simple(simple) = self.schema.types[*ty].content
                && let simple = &self.schema.simples[simple]
                && simple.primitive() == Some(Primitive::Notation)
                && simple.facets.enumeration.is_none()
            {
                let text =
                    "enumeration-required-notation: a NOTATION needs an enumeration of notations";
                return self.mistake(*scope, node, text);
            }
        }
        Ok(())
    }

    /// Runs `work` for a definition that may not be reached from within itself.
    fn once<T>(
        &mut self,
        scope: Scope<'s>,
        node: &'s Node,
        circular: &str,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        if self.open.iter().any(|(open, _)| std::ptr::eq(*open, node)) {
            let name = node.attribute("name").unwrap_or_default();
            return self.mistake(
                scope,
                node,
                format!("{circular}: {} {name} is circular", node.name),
            );
        }
        if self.open.len() == CHAIN_MAX {
            return self.too_deep(scope, node);
        }
        self.open.push((node, 1));
        let result = work(self);
        let (_, depth) = self.open.pop().expect("just pushed");
        self.depths.insert(node, depth);
        self.met(scope, node)?;
        result
    }

    /// A definition that is made is needed by the innermost one that is not: the order in
    /// which they stand makes no difference to what is refused.
    fn met(&mut self, scope: Scope<'s>, node: &'s Node) -> Result<()> {
        let below = self.depths.get(&std::ptr::from_ref(node));
        let below = below.map_or(0, |below| *below);
        let Some((_, depth)) = self.open.last_mut() else {
            return Ok(());
        };
        *depth = (*depth).max(below + 1);
        match *depth > CHAIN_MAX {
            true => self.too_deep(scope, node),
            false => Ok(()),
        }
    }

    fn too_deep<T>(&self, scope: Scope<'s>, node: &Node) -> Result<T> {
        let text = format!("more than {CHAIN_MAX} definitions inside each other are not supported");
        self.mistake(scope, node, text)
    }

    fn mistake<T>(&self, scope: Scope<'s>, node: &Node, text: impl Into<String>) -> Result<T> {
        Err(node.mistake(&self.set.files[scope.file].name, text))
    }

    /// A mistake where a type stands.
    fn type_mistake(&self, ty: TypeId, text: impl Into<String>) -> Mistake {
        match self.drafts[ty].source {
            Some((scope, node)) => node.mistake(&self.set.files[scope.file].name, text),
            None => Mistake {
                file: String::new(),
                line: 0,
                text: text.into(),
            },
        }
    }

    /// A set of derivations as an attribute gives it, or the default of the file.
    fn derivations(
        &self,
        scope: Scope<'s>,
        node: &Node,
        attribute: &str,
        default: &str,
        admitted: &[Derivation],
    ) -> Derivations {
        let root = &self.set.files[scope.file].root;
        let text = node
            .attribute(attribute)
            .or_else(|| root.attribute(default))
            .unwrap_or_default();
        let mut set = Derivations::default();
        for derivation in admitted {
            let word = match derivation {
                Derivation::Restriction => "restriction",
                Derivation::Extension => "extension",
                Derivation::List => "list",
                Derivation::Union => "union",
                Derivation::Substitution => "substitution",
            };
            if text == "#all" || text.split_ascii_whitespace().any(|given| given == word) {
                set = set.with(*derivation);
            }
        }
        set
    }
}

/// Whether a node is itself a redefinition.
fn is_redefinition(scope: Scope<'_>, node: &Node) -> bool {
    scope
        .redefinition
        .is_some_and(|own| std::ptr::eq(own, node))
}

/// Whether a boolean attribute is true.
fn is_true(node: &Node, attribute: &str) -> bool {
    matches!(node.attribute(attribute), Some("true" | "1"))
}
