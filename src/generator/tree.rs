//! A message before it is written: elements in an arena, their texts in one string, both used
//! again for the next message. Faults change it here, so that the families need not know of them.

use std::fmt::{Display, Write};

use super::random::Random;

/// An element or an attribute of the tree.
pub(super) type Id = usize;

const NONE: Id = usize::MAX;

pub(super) struct Node {
    /// The name; that of an attribute begins with `@`.
    pub(super) name: &'static str,
    /// Whether a producer may write the children in another order.
    pub(super) free: bool,
    /// Whether it is an element without a value, which some producers write and others do not.
    pub(super) blank: bool,
    /// Whether its text is markup.
    pub(super) markup: bool,
    gone: bool,
    text: (usize, usize),
    parent: Id,
    first: Id,
    last: Id,
    next: Id,
}

#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    text: String,
    open: Vec<Id>,
    pub(super) namespace: &'static str,
}

impl Tree {
    pub(super) const ROOT: Id = 0;

    /// Begins a message.
    pub(super) fn begin(&mut self, root: &'static str, namespace: &'static str) {
        self.nodes.clear();
        self.text.clear();
        self.open.clear();
        self.namespace = namespace;
        self.open(root);
    }

    /// An element whose children may stand in any order.
    pub(super) fn open(&mut self, name: &'static str) {
        let parent = self.open.last().copied().unwrap_or(NONE);
        let id = self.add(parent, name);
        self.nodes[id].free = true;
        self.open.push(id);
    }

    /// An element whose children have to stand as they are given.
    pub(super) fn open_in_order(&mut self, name: &'static str) {
        self.open(name);
        self.in_order();
    }

    /// Makes the open element one whose children have to stand as they are given.
    pub(super) fn in_order(&mut self) {
        if let Some(id) = self.open.last() {
            self.nodes[*id].free = false;
        }
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// An element with a value; without one it is blank.
    pub(super) fn leaf(&mut self, name: &'static str, value: impl Display) {
        let parent = self.open.last().copied().unwrap_or(NONE);
        let id = self.add(parent, name);
        self.set(id, value);
    }

    /// The text of the open element.
    pub(super) fn content(&mut self, value: impl Display) {
        if let Some(id) = self.open.last().copied() {
            self.set(id, value);
        }
    }

    /// A text of the open element that is markup, and is written as it stands.
    pub(super) fn markup(&mut self, text: &str) {
        if let Some(id) = self.open.last().copied() {
            self.set(id, text);
            self.nodes[id].markup = true;
        }
    }

    /// An element that producers either leave out or write empty.
    pub(super) fn blank(&mut self, name: &'static str) {
        self.leaf(name, "");
    }

    /// Elements of which each holds one leaf.
    pub(super) fn within(&mut self, outer: &'static str, name: &'static str, value: impl Display) {
        self.open(outer);
        self.leaf(name, value);
        self.close();
    }

    fn add(&mut self, parent: Id, name: &'static str) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node {
            name,
            free: false,
            blank: false,
            markup: false,
            gone: false,
            text: (0, 0),
            parent,
            first: NONE,
            last: NONE,
            next: NONE,
        });
        if let Some(above) = self.nodes.get_mut(parent) {
            let before = std::mem::replace(&mut above.last, id);
            if before == NONE {
                above.first = id;
            } else {
                self.nodes[before].next = id;
            }
        }
        id
    }

    /// Gives an element another value.
    pub(super) fn set(&mut self, id: Id, value: impl Display) {
        let start = self.text.len();
        // Writing into a string does not fail.
        let _ = write!(self.text, "{value}");
        self.nodes[id].text = (start, self.text.len());
        self.nodes[id].blank = start == self.text.len();
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn text(&self, id: Id) -> &str {
        let (start, end) = self.nodes[id].text;
        &self.text[start..end]
    }

    /// Whether every text is ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// Children and attributes, without those that were removed.
    pub(super) fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        let existing = |id: Id| (id != NONE).then_some(id);
        let all = std::iter::successors(existing(self.nodes[id].first), move |id| {
            existing(self.nodes[*id].next)
        });
        all.filter(|id| !self.nodes[*id].gone)
    }

    /// The first element at this path below another; it may be blank.
    pub(super) fn find(&self, from: Id, path: &str) -> Option<Id> {
        path.split('/').try_fold(from, |id, name| {
            self.children(id)
                .find(|child| self.nodes[*child].name == name)
        })
    }

    /// The value at this path below the root, if it has one.
    pub(super) fn value(&self, path: &str) -> Option<&str> {
        let found = self.find(Tree::ROOT, path).map(|id| self.text(id));
        found.filter(|text| !text.is_empty())
    }

    /// Any of the elements at this path below the root.
    pub(super) fn any(&self, path: &str, random: &mut Random) -> Option<Id> {
        path.split('/').try_fold(Tree::ROOT, |id, name| {
            let named = || {
                self.children(id)
                    .filter(|child| self.nodes[*child].name == name)
            };
            let count = named().count() as u64;
            named().nth(random.below(count.max(1)) as usize)
        })
    }

    /// The path of an element as findings write it.
    pub(super) fn path(&self, id: Id) -> String {
        let node = &self.nodes[id];
        let Some(parent) = self.nodes.get(node.parent).map(|_| node.parent) else {
            return format!("/{}", node.name);
        };
        let alike = self
            .children(parent)
            .filter(|other| self.nodes[*other].name == node.name);
        let before = alike.take_while(|other| *other != id).count();
        let mut path = self.path(parent);
        path.push('/');
        path += node.name;
        if before > 0 {
            let _ = write!(path, "[{}]", before + 1);
        }
        path
    }

    // What faults do. Each gives the path that the finding has to name, or nothing where the
    // message has no such element.

    /// Gives what stands at the path another value.
    pub(super) fn change(&mut self, from: Id, path: &str, value: impl Display) -> Option<String> {
        let id = self.find(from, path).filter(|id| !self.nodes[*id].blank)?;
        self.set(id, value);
        Some(self.path(id))
    }

    /// Takes out what stands at the path; the path is that of what is missing.
    pub(super) fn remove(&mut self, from: Id, path: &str) -> Option<String> {
        let id = self.find(from, path).filter(|id| !self.nodes[*id].blank)?;
        let path = self.path(id);
        self.nodes[id].gone = true;
        Some(path)
    }

    /// Adds an element at the end of another, in place of a blank one of that name.
    pub(super) fn append(
        &mut self,
        parent: Id,
        name: &'static str,
        value: impl Display,
    ) -> Option<String> {
        if let Some(blank) = self.find(parent, name).filter(|id| self.nodes[*id].blank) {
            self.nodes[blank].gone = true;
        }
        let id = self.add(parent, name);
        self.set(id, value);
        Some(self.path(id))
    }

    /// Adds an element with one inside.
    pub(super) fn append_within(
        &mut self,
        parent: Id,
        outer: &'static str,
        name: &'static str,
        value: impl Display,
    ) -> Option<String> {
        let id = self.add(parent, outer);
        self.append(id, name, value)
    }

    /// Puts an element of the root before all others.
    pub(super) fn move_first(&mut self, id: Id) {
        let first = self.nodes[Tree::ROOT].first;
        let before = self
            .children(Tree::ROOT)
            .find(|other| self.nodes[*other].next == id);
        let Some(before) = before else { return };
        self.nodes[before].next = self.nodes[id].next;
        if self.nodes[Tree::ROOT].last == id {
            self.nodes[Tree::ROOT].last = before;
        }
        self.nodes[id].next = first;
        self.nodes[Tree::ROOT].first = id;
    }
}
