//! The keys of open elements during a walk (XML Schema Part 1, 3.11.4 and 3.11.5): what
//! selectors select, what fields hold, and the tables that references look into. A document
//! whose schema has no identity constraints pays nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::identity::{Constraint, ConstraintKind, Met, Paths};

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
    /// For an open element, by its depth, and a constraint: what its children that have ended
    /// leave it, while a reference may ask for it.
    left: Vec<Left>,
    /// What was found wrong since it was last taken.
    pub broken: Vec<Broken>,
}

/// Keys that were met, and the offsets of the elements that they belong to.
type Table = HashMap<String, usize>;

/// Keys that children leave; one that belongs to different elements counts for none.
struct Left {
    depth: usize,
    constraint: usize,
    table: HashMap<String, Option<usize>>,
}

/// An open element with a constraint.
struct Scope {
    constraint: usize,
    depth: usize,
    table: Table,
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
                let fits = |(met, _, _): &&(Met, String, String)| {
                    field.attributes(below).any(|test| test.fits(*met))
                };
                let found: Vec<_> = attributes.iter().filter(fits).collect();
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
        self.end_scopes(all, depth);
        self.trail.pop();
    }

    /// The node tables of an element that ends (3.11.5): what its children leave it, its own
    /// keys before theirs. References look there, and the parent gets what is left.
    fn end_scopes(&mut self, all: &[Constraint], depth: usize) {
        let (mut references, mut finals) = (Vec::new(), Vec::new());
        while let Some(scope) = self.scopes.pop_if(|scope| scope.depth == depth) {
            match all[scope.constraint].kind {
                ConstraintKind::KeyRef(refers) => references.push((refers, scope.references)),
                _ => finals.push(Left {
                    depth,
                    constraint: scope.constraint,
                    table: scope
                        .table
                        .into_iter()
                        .map(|(key, node)| (key, Some(node)))
                        .collect(),
                }),
            }
        }
        while let Some(left) = self.left.pop_if(|left| left.depth == depth) {
            let own = finals
                .iter_mut()
                .find(|own| own.constraint == left.constraint);
            match own {
                Some(own) => {
                    for (key, node) in left.table {
                        own.table.entry(key).or_insert(node);
                    }
                }
                None => finals.push(left),
            }
        }
        for (refers, references) in references {
            let table = finals.iter().find(|left| left.constraint == refers);
            for (key, value, element) in references {
                let found = table.and_then(|left| left.table.get(&key));
                if found.is_none_or(Option::is_none) {
                    self.broken.push(Broken {
                        code: "cvc-identity-constraint.4.3",
                        element,
                        value,
                        expected: all[refers].name.clone(),
                    });
                }
            }
        }
        for left in finals {
            let asked = self
                .scopes
                .iter()
                .any(|scope| all[scope.constraint].kind == ConstraintKind::KeyRef(left.constraint));
            if asked && depth > 1 {
                self.leave(left, depth - 1);
            }
        }
    }

    /// Gives a table to the parent: of two children with one key for different elements the
    /// parent has neither.
    fn leave(&mut self, mut from: Left, depth: usize) {
        from.table.retain(|_, node| node.is_some());
        let known = self
            .left
            .iter_mut()
            .rev()
            .take_while(|left| left.depth == depth)
            .find(|left| left.constraint == from.constraint);
        let Some(known) = known else {
            from.depth = depth;
            self.left.push(from);
            return;
        };
        for (key, node) in from.table {
            match known.table.entry(key) {
                Entry::Vacant(entry) => _ = entry.insert(node),
                Entry::Occupied(mut entry) if *entry.get() != node => _ = entry.insert(None),
                Entry::Occupied(_) => {}
            }
        }
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
                if scope.table.insert(key, target.offset).is_some() {
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
