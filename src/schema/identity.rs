//! Identity constraints (XML Schema Part 1, 3.11): the small part of XPath that selectors and
//! fields may use, and the tables of keys that a walk keeps while elements with constraints
//! are open. A document without them pays nothing.

use std::collections::{HashMap, HashSet};

use super::names::{Name, Names, Symbol};
use super::tree::Bindings;
use super::value::{Prefixes, is_nc_name};

/// One `unique`, `key` or `keyref`.
#[derive(Debug)]
pub struct Constraint {
    pub name: String,
    pub kind: ConstraintKind,
    pub selector: Paths,
    pub fields: Vec<Paths>,
}

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    Unique,
    Key,
    /// Refers to the constraint of this number.
    KeyRef(usize),
}

/// Alternative paths.
#[derive(Debug)]
pub struct Paths(Vec<Path>);

#[derive(Debug)]
struct Path {
    /// It begins with `.//`.
    anywhere: bool,
    steps: Vec<Test>,
    attribute: Option<Test>,
}

/// A name test; what is absent is not asked for.
#[derive(Debug, Clone, Copy)]
pub struct Test {
    space: Option<u16>,
    local: Option<Symbol>,
}

/// The name of an open element or attribute, as far as the schema knows it.
pub type Met = (u16, Option<Name>);

impl Test {
    /// The namespace and the local name that it asks for.
    pub(super) fn wants(self) -> (Option<u16>, Option<Symbol>) {
        (self.space, self.local)
    }

    fn fits(self, (space, name): Met) -> bool {
        self.space.is_none_or(|wanted| wanted == space)
            && self
                .local
                .is_none_or(|wanted| name.is_some_and(|name| name.local == wanted))
    }
}

/// Alternatives of one path and steps of one alternative; published ones have up to ten. A
/// walk tries each at every element.
const PATHS_MAX: usize = 1_000;

impl Paths {
    /// Reads the `xpath` of a selector or a field.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(
        text: &str,
        field: bool,
        prefixes: &Bindings,
        names: &mut Names,
    ) -> Result<Paths, String> {
        let paths = text
            .split('|')
            .map(|path| parse_path(path, field, prefixes, names));
        let paths = Paths(paths.collect::<Result<Vec<Path>, String>>()?);
        let long = paths.0.iter().any(|path| path.steps.len() > PATHS_MAX);
        match long || paths.0.len() > PATHS_MAX {
            true => Err(format!(
                "more than {PATHS_MAX} paths or steps are not supported"
            )),
            false => Ok(paths),
        }
    }

    /// How far below an element what they lead to may stand.
    pub fn reach(&self) -> usize {
        let reach = |path: &Path| match path.anywhere {
            true => usize::MAX,
            false => path.steps.len(),
        };
        self.0.iter().map(reach).max().unwrap_or(0)
    }

    /// Of each path whether it may begin anywhere below, its steps, and its attribute: for
    /// the plain walk, which evaluates them itself.
    pub(super) fn alternatives(&self) -> impl Iterator<Item = (bool, &[Test], Option<Test>)> {
        let paths = self.0.iter();
        paths.map(|path| (path.anywhere, &path.steps[..], path.attribute))
    }

    /// Whether some path leads from an element to the last of `trail`, the elements below it.
    fn lead_to(&self, trail: &[Met]) -> bool {
        let mut elements = self.0.iter().filter(|path| path.attribute.is_none());
        elements.any(|path| path.fits(trail))
    }

    /// The attributes of the last of `trail` that some path leads to.
    fn attributes<'p>(&'p self, trail: &'p [Met]) -> impl Iterator<Item = Test> + 'p {
        let paths = self.0.iter().filter(|path| path.fits(trail));
        paths.filter_map(|path| path.attribute)
    }
}

impl Path {
    fn fits(&self, trail: &[Met]) -> bool {
        let Some(above) = trail.len().checked_sub(self.steps.len()) else {
            return false;
        };
        (above == 0 || self.anywhere)
            && self
                .steps
                .iter()
                .zip(&trail[above..])
                .all(|(test, met)| test.fits(*met))
    }
}

fn parse_path(
    text: &str,
    field: bool,
    prefixes: &Bindings,
    names: &mut Names,
) -> Result<Path, String> {
    let compact = text.trim_matches(is_white);
    let mut path = Path {
        anywhere: false,
        steps: Vec::new(),
        attribute: None,
    };
    let mut rest = compact;
    if let Some(after) = rest.strip_prefix('.') {
        let after = after.trim_start_matches(is_white);
        if let Some(after) = after.strip_prefix("//") {
            path.anywhere = true;
            rest = after;
        }
    }
    if rest.contains("//") {
        return Err("// may stand only in .// at the beginning".to_owned());
    }
    let steps: Vec<&str> = rest.split('/').collect();
    for (at, step) in steps.iter().enumerate() {
        let step = step.trim_matches(is_white);
        let axis = |axis: &str| {
            let after = step.strip_prefix(axis)?.trim_start_matches(is_white);
            Some(after.strip_prefix("::")?.trim_start_matches(is_white))
        };
        let attribute = step
            .strip_prefix('@')
            .map(|name| name.trim_start_matches(is_white))
            .or_else(|| axis("attribute"));
        match (step, attribute) {
            (".", _) => {}
            (_, Some(name)) if field && at + 1 == steps.len() => {
                path.attribute = Some(test(name, prefixes, names)?);
            }
            (_, Some(_)) if field => return Err("an attribute comes last".to_owned()),
            (_, Some(_)) => return Err("a selector selects no attributes".to_owned()),
            _ => path
                .steps
                .push(test(axis("child").unwrap_or(step), prefixes, names)?),
        }
    }
    Ok(path)
}

fn test(name: &str, prefixes: &Bindings, names: &mut Names) -> Result<Test, String> {
    if name == "*" {
        return Ok(Test {
            space: None,
            local: None,
        });
    }
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (
            Some(prefix.trim_end_matches(is_white)),
            local.trim_start_matches(is_white),
        ),
        None => (None, name),
    };
    let namespace = match prefix {
        None => "",
        Some(prefix) if is_nc_name(prefix) => prefixes
            .namespace(prefix)
            .ok_or_else(|| format!("the prefix {prefix} is not declared"))?,
        Some(_) => return Err(format!("{name} is not a name")),
    };
    if local == "*" && prefix.is_some() {
        return Ok(Test {
            space: Some(names.intern_space(namespace)),
            local: None,
        });
    }
    if !is_nc_name(local) {
        return Err(format!("{name:?} is not a name"));
    }
    let name = names.intern(namespace, local);
    Ok(Test {
        space: Some(name.space),
        local: Some(name.local),
    })
}

fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// A broken constraint.
pub struct Broken {
    /// Its code in the standard.
    pub code: &'static str,
    /// Offset of the element that was selected.
    pub element: usize,
    /// The values of its fields, or what is missing.
    pub value: String,
    /// The constraint's name.
    pub expected: String,
}

/// Selected elements that are open at once, for every constraint that selects them: a hundred
/// bytes each. Only selected elements inside each other are open at once, so documents that
/// mean well have a handful.
const TARGETS_MAX: usize = 100_000;

/// The keys of the elements that are open.
#[derive(Default)]
pub struct Keys {
    trail: Vec<Met>,
    scopes: Vec<Scope>,
    targets: Vec<Target>,
    /// Fields that are the text of an open element: its depth, target and field.
    awaited: Vec<(usize, usize, usize)>,
    /// How far below a target its fields may stand, of all constraints met so far.
    reach: usize,
    /// There were more targets at once than are followed; said already.
    overfull: bool,
    /// Tables of keys whose elements have ended, while a reference above may ask for them.
    ended: Vec<(usize, usize, Table)>,
    /// What was found wrong since it was last taken.
    pub broken: Vec<Broken>,
}

/// Keys that were met.
type Table = HashSet<String>;

/// An open element with a constraint.
struct Scope {
    constraint: usize,
    depth: usize,
    table: Table,
    /// How many tables had ended when it began: later ones are those of elements inside it.
    ended_before: usize,
    /// Of a key reference: keys, values, and the elements that they belong to.
    references: Vec<(String, String, usize)>,
}

/// An open element that a selector selected.
struct Target {
    scope: usize,
    depth: usize,
    offset: usize,
    /// Key and value of each field.
    fields: Vec<Option<(String, String)>>,
    /// A field was found twice, or is no simple value: said already.
    failed: bool,
}

impl Keys {
    /// An element begins: its name, its constraints, the offset of its `<`, its attributes
    /// with key and value.
    pub fn start(
        &mut self,
        all: &[Constraint],
        met: Met,
        own: &[usize],
        offset: usize,
        attributes: &[(Met, String, String)],
    ) {
        self.trail.push(met);
        let depth = self.trail.len();
        for constraint in own {
            self.scopes.push(Scope {
                constraint: *constraint,
                depth,
                table: Table::new(),
                ended_before: self.ended.len(),
                references: Vec::new(),
            });
            let fields = all[*constraint].fields.iter();
            self.reach = fields.map(Paths::reach).fold(self.reach, usize::max);
        }
        for (number, scope) in self.scopes.iter().enumerate() {
            let constraint = &all[scope.constraint];
            if constraint.selector.lead_to(&self.trail[scope.depth..]) {
                if self.targets.len() == TARGETS_MAX {
                    if !std::mem::replace(&mut self.overfull, true) {
                        self.broken.push(Broken {
                            code: "cvc-identity-constraint",
                            element: offset,
                            value: String::new(),
                            expected: format!("<= {TARGETS_MAX}"),
                        });
                    }
                    break;
                }
                self.targets.push(Target {
                    scope: number,
                    depth,
                    offset,
                    fields: vec![None; constraint.fields.len()],
                    failed: false,
                });
            }
        }
        // Deeper targets come later: those above here have no field as far down as this.
        let reach = self.reach;
        let beyond = |target: &Target| target.depth.saturating_add(reach) < depth;
        for number in self.targets.partition_point(beyond)..self.targets.len() {
            let (scope, from) = (self.targets[number].scope, self.targets[number].depth);
            let constraint = &all[self.scopes[scope].constraint];
            for (at, field) in constraint.fields.iter().enumerate() {
                let below = &self.trail[from..];
                if field.lead_to(below) {
                    self.awaited.push((depth, number, at));
                }
                let mut found = Vec::new();
                for test in field.attributes(below) {
                    found.extend(attributes.iter().filter(|(met, _, _)| test.fits(*met)));
                }
                found.dedup_by_key(|(met, _, _)| *met);
                for (_, key, value) in found {
                    self.fill(all, number, at, key.clone(), value.clone());
                }
            }
        }
    }

    /// Whether the innermost open element's value is a field.
    pub fn awaits(&self) -> bool {
        self.awaited
            .last()
            .is_some_and(|(depth, _, _)| *depth == self.trail.len())
    }

    /// The innermost open element ends. `value` is its key and text; `None` if it is nil or
    /// not simple. `simple` says which of the two; `nillable` what its declaration says.
    pub fn end(
        &mut self,
        all: &[Constraint],
        value: Option<(String, String)>,
        simple: bool,
        nillable: bool,
    ) {
        let depth = self.trail.len();
        while self.awaits() {
            let (_, target, field) = self.awaited.pop().expect("just looked at");
            let kind = all[self.scopes[self.targets[target].scope].constraint].kind;
            if !simple {
                self.fail(all, target, "cvc-identity-constraint.3");
            } else if nillable && kind == ConstraintKind::Key {
                self.fail(all, target, "cvc-identity-constraint.4.2.3");
            } else if let Some((key, value)) = value.clone() {
                self.fill(all, target, field, key, value);
            }
        }
        while let Some(target) = self.targets.pop_if(|target| target.depth == depth) {
            self.settle(all, target);
        }
        while let Some(scope) = self.scopes.pop_if(|scope| scope.depth == depth) {
            match all[scope.constraint].kind {
                ConstraintKind::KeyRef(refers) => {
                    // Keys of this very element may end after the reference does.
                    let own = self
                        .scopes
                        .iter()
                        .find(|other| other.depth == depth && other.constraint == refers)
                        .map(|other| &other.table);
                    let mut own: Vec<&Table> = own.into_iter().collect();
                    // How many elements below have each key; each table is looked at once,
                    // however many references there are.
                    let mut below: HashMap<&str, u32> = HashMap::new();
                    for (key, at, table) in &self.ended[scope.ended_before..] {
                        match *key == refers {
                            true if *at == depth => own.push(table),
                            true => table
                                .iter()
                                .for_each(|key| *below.entry(key).or_default() += 1),
                            false => {}
                        }
                    }
                    for (key, value, element) in scope.references {
                        // Of two elements below with one key neither is in the table above.
                        let once = below.get(key.as_str()) == Some(&1);
                        if !once && !own.iter().any(|table| table.contains(&key)) {
                            self.broken.push(Broken {
                                code: "cvc-identity-constraint.4.3",
                                element,
                                value,
                                expected: all[refers].name.clone(),
                            });
                        }
                    }
                }
                _ => self.ended.push((scope.constraint, depth, scope.table)),
            }
        }
        // Nobody above asks for keys: they can go.
        if self.scopes.is_empty() {
            self.ended.clear();
        }
        self.trail.pop();
    }

    fn fill(
        &mut self,
        all: &[Constraint],
        target: usize,
        field: usize,
        key: String,
        value: String,
    ) {
        if self.targets[target].fields[field].is_some() {
            self.fail(all, target, "cvc-identity-constraint.3");
        } else {
            self.targets[target].fields[field] = Some((key, value));
        }
    }

    fn fail(&mut self, all: &[Constraint], target: usize, code: &'static str) {
        let target = &mut self.targets[target];
        if !std::mem::replace(&mut target.failed, true) {
            self.broken.push(Broken {
                code,
                element: target.offset,
                value: String::new(),
                expected: all[self.scopes[target.scope].constraint].name.clone(),
            });
        }
    }

    /// A selected element has ended: its fields are complete.
    fn settle(&mut self, all: &[Constraint], target: Target) {
        if target.failed {
            return;
        }
        let scope = &mut self.scopes[target.scope];
        let constraint = &all[scope.constraint];
        let complete = target.fields.iter().all(Option::is_some);
        let mut broken = |code, value| {
            self.broken.push(Broken {
                code,
                element: target.offset,
                value,
                expected: constraint.name.clone(),
            });
        };
        if !complete {
            if constraint.kind == ConstraintKind::Key {
                broken("cvc-identity-constraint.4.2.1", String::new());
            }
            return;
        }
        let fields = target.fields.iter().flatten();
        let (mut key, mut values) = (String::new(), Vec::new());
        for (part, value) in fields {
            key += &format!("{}:{part}", part.len());
            values.push(value.as_str());
        }
        let values = values.join(", ");
        match constraint.kind {
            ConstraintKind::KeyRef(_) => scope.references.push((key, values, target.offset)),
            kind => {
                if !scope.table.insert(key) {
                    let code = match kind {
                        ConstraintKind::Unique => "cvc-identity-constraint.4.1",
                        _ => "cvc-identity-constraint.4.2.2",
                    };
                    broken(code, values);
                }
            }
        }
    }
}
