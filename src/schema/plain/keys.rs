//! Identity constraints by their definition (XML Schema Part 1, 3.11.4): node sets are found
//! by trying the paths on every node of the tree, and tables of keys go up the tree one
//! element at a time.

use std::collections::HashMap;

use super::tree::Numbered;
use super::{Known, Plain, Stop, require};
use crate::schema::identity::{Constraint, ConstraintKind, Paths};

/// The values of the fields of a node.
type Keys = Vec<String>;

/// The nodes that have keys, of one constraint at one element.
type Table = HashMap<Keys, usize>;

/// A node that a field found.
enum Field {
    Element(usize),
    /// An attribute by its number among those known.
    Attribute(usize, usize),
}

impl Plain<'_> {
    /// cvc-identity-constraint of every element, children before their parents.
    pub(super) fn identity_constraints(&self) -> Result<(), Stop> {
        // The table of each node, for each constraint.
        let mut tables: HashMap<(usize, usize), Table> = HashMap::new();
        for node in (0..self.tree.nodes.len()).rev() {
            let Some(known) = &self.known[node] else {
                continue;
            };
            let own = known.element.map_or(&[][..], |element| {
                &self.schema.elements[element].constraints
            });
            let mut qualified: HashMap<usize, Vec<(Keys, usize)>> = HashMap::new();
            for number in own {
                let constraint = &self.schema.constraints[*number];
                qualified.insert(*number, self.qualified(constraint, node)?);
            }
            for number in 0..self.schema.constraints.len() {
                let mut table = Table::new();
                // 3.11.5: what children have goes up, unless keys of two nodes conflict.
                let mut conflicts = Vec::new();
                for child in &self.tree.nodes[node].children {
                    for (keys, target) in tables.remove(&(*child, number)).unwrap_or_default() {
                        if table.insert(keys.clone(), target).is_some() {
                            conflicts.push(keys);
                        }
                    }
                }
                for keys in conflicts {
                    table.remove(&keys);
                }
                // What the element itself has goes before what its children have.
                if !matches!(
                    self.schema.constraints[number].kind,
                    ConstraintKind::KeyRef(_)
                ) {
                    let own = qualified.get(&number).into_iter().flatten();
                    table.extend(own.cloned());
                }
                if !table.is_empty() {
                    tables.insert((node, number), table);
                }
            }
            for number in own {
                if let ConstraintKind::KeyRef(refers) = self.schema.constraints[*number].kind {
                    for (keys, _) in &qualified[number] {
                        // cvc-identity-constraint.4.3: the table of this element has the key.
                        let table = tables.get(&(node, refers));
                        require(table.is_some_and(|table| table.contains_key(keys)))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The qualified node set of a constraint of the element `node`, with keys.
    fn qualified(&self, constraint: &Constraint, node: usize) -> Result<Vec<(Keys, usize)>, Stop> {
        let mut qualified: Vec<(Keys, usize)> = Vec::new();
        // cvc-identity-constraint.1 and .2: the selector selects elements.
        for target in self.within(node) {
            if !self.leads(&constraint.selector, node, target) {
                continue;
            }
            let mut keys = Keys::new();
            for paths in &constraint.fields {
                // cvc-identity-constraint.3: each field finds one node of a simple type, or none.
                let found = self.field(paths, target);
                require(found.len() <= 1)?;
                match found.first() {
                    None => {}
                    Some(Field::Attribute(node, number)) => {
                        keys.push(self.known(*node).attributes[*number].1.clone());
                    }
                    Some(Field::Element(node)) => {
                        let known = self.known(*node);
                        require(known.simple)?;
                        // cvc-identity-constraint.4.2.3: nothing nillable is part of a key.
                        let nillable = known
                            .element
                            .is_some_and(|element| self.schema.elements[element].nillable);
                        require(!(nillable && constraint.kind == ConstraintKind::Key))?;
                        // Nil has no value: as if it were not there.
                        keys.extend(known.key.clone());
                    }
                }
            }
            if keys.len() == constraint.fields.len() {
                // cvc-identity-constraint.4.1 and 4.2.2: no two nodes have the same key.
                let twice = qualified.iter().any(|(other, _)| *other == keys);
                let repeats = matches!(constraint.kind, ConstraintKind::KeyRef(_));
                require(repeats || !twice)?;
                qualified.push((keys, target));
            } else {
                // cvc-identity-constraint.4.2.1: of a key every node has all fields.
                require(constraint.kind != ConstraintKind::Key)?;
            }
        }
        Ok(qualified)
    }

    /// What a field finds, seen from `target`.
    fn field(&self, paths: &Paths, target: usize) -> Vec<Field> {
        let mut found = Vec::new();
        for node in self.within(target) {
            if self.leads(paths, target, node) {
                found.push(Field::Element(node));
            }
            for (number, (name, _)) in self.known(node).attributes.iter().enumerate() {
                let fits = paths.alternatives().any(|(anywhere, steps, attribute)| {
                    attribute.is_some_and(|test| fits(test.wants(), *name))
                        && self.path(
                            anywhere,
                            steps.iter().map(|test| test.wants()),
                            target,
                            node,
                        )
                });
                if fits {
                    found.push(Field::Attribute(node, number));
                }
            }
        }
        found
    }

    /// Whether a path without an attribute leads from `from` to `to`.
    fn leads(&self, paths: &Paths, from: usize, to: usize) -> bool {
        paths.alternatives().any(|(anywhere, steps, attribute)| {
            attribute.is_none()
                && self.path(anywhere, steps.iter().map(|test| test.wants()), from, to)
        })
    }

    /// Whether the steps lead from `from` to `to`: the last one to `to`, the one before it to
    /// its parent, and so on up to `from`, or to anything inside it.
    fn path(
        &self,
        anywhere: bool,
        steps: impl DoubleEndedIterator<Item = (Option<u16>, Option<super::Symbol>)>,
        from: usize,
        to: usize,
    ) -> bool {
        let mut at = to;
        for wanted in steps.rev() {
            let parent = self.tree.nodes[at].parent.filter(|_| at != from);
            match parent {
                Some(parent) if fits(wanted, self.known(at).name) => at = parent,
                _ => return false,
            }
        }
        at == from || anywhere
    }

    /// A node and all that is assessed inside it: what a wildcard skips is not seen.
    fn within(&self, node: usize) -> impl Iterator<Item = usize> {
        let inside = move |other: usize| {
            let mut at = Some(other);
            while let Some(above) = at
                && above > node
            {
                at = self.tree.nodes[above].parent;
            }
            at == Some(node)
        };
        (node..self.tree.nodes.len())
            .take_while(move |other| inside(*other))
            .filter(|other| self.known[*other].is_some())
    }

    fn known(&self, node: usize) -> &Known {
        self.known[node].as_ref().expect("only assessed nodes")
    }
}

/// A name test; what is absent is not asked for.
fn fits(wanted: (Option<u16>, Option<super::Symbol>), name: Numbered) -> bool {
    wanted.0.is_none_or(|space| space == name.0)
        && wanted.1.is_none_or(|local| Some(local) == name.1)
}
