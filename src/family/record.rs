//! What a walk keeps of a message: the elements and attributes that fields and rules name,
//! and nothing else. A [`Shape`] says which those are, a [`Record`] holds them for one message.

use std::cell::Cell;

use crate::schema::{Leaf, Place, Schema, Sink, Symbol};

/// No node.
const NONE: u32 = u32::MAX;

/// The paths that a message type's fields and rules name, as a tree. Node 0 is the root
/// element of the message, which may stand inside another document.
#[derive(Debug)]
pub struct Shape {
    nodes: Vec<ShapeNode>,
    /// The elements on the way from the document's root to the message's, without the first.
    inside: Vec<Symbol>,
}

#[derive(Debug)]
struct ShapeNode {
    place: Place,
    /// Name, whether it is an attribute, and the node.
    children: Vec<(Symbol, bool, u32)>,
    /// The child elements by name, from the least number of a name on: a walk asks for every
    /// element.
    first: u32,
    by_name: Vec<u32>,
}

impl ShapeNode {
    fn new(place: Place) -> ShapeNode {
        ShapeNode {
            place,
            children: Vec::new(),
            first: 0,
            by_name: Vec::new(),
        }
    }

    fn add(&mut self, symbol: Symbol, attribute: bool, node: u32) {
        self.children.push((symbol, attribute, node));
        let elements = || self.children.iter().filter(|(_, attribute, _)| !attribute);
        let numbers = || elements().map(|(symbol, _, _)| symbol.0);
        self.first = numbers().min().unwrap_or(0);
        let last = numbers().max().unwrap_or(0);
        self.by_name = vec![NONE; (last - self.first + 1) as usize];
        for (symbol, _, node) in self.children.iter().filter(|(_, attribute, _)| !attribute) {
            self.by_name[(symbol.0 - self.first) as usize] = *node;
        }
    }
}

/// A path, ready to be followed: from the context or from the root, by nodes of the shape.
#[derive(Debug, Clone)]
pub struct Path {
    /// As written in the rule.
    pub written: String,
    from_root: bool,
    steps: Vec<u32>,
    /// The node of the shape at its end.
    end: u32,
}

impl Path {
    /// The node of the shape at its end; 0 is the root.
    pub fn shape(&self) -> u32 {
        self.end
    }

    /// Drops the last step; false when there is none.
    pub fn pop(&mut self) -> bool {
        let popped = self.steps.pop().is_some();
        self.end = self.steps.last().copied().unwrap_or(self.end);
        popped
    }

    /// The node of the shape that it leads to from where it begins; `None` if it stays there.
    #[inline]
    fn target(&self) -> Option<u32> {
        (!self.steps.is_empty()).then_some(self.end)
    }
}

impl Shape {
    /// Only the root of the message: the element at `inside`, a path below `root`, the
    /// document's.
    ///
    /// # Errors
    /// The first step that the schema does not have there.
    pub fn new(schema: &Schema, root: Place, inside: &str) -> Result<Shape, String> {
        let mut shape = Shape {
            nodes: Vec::new(),
            inside: Vec::new(),
        };
        let mut place = root;
        for step in inside.split('/').filter(|step| !step.is_empty()) {
            let below = schema.below(place, step, false).zip(schema.symbol(step));
            let (below, symbol) = below.ok_or_else(|| step.to_owned())?;
            shape.inside.push(symbol);
            place = below;
        }
        shape.nodes.push(ShapeNode::new(place));
        Ok(shape)
    }

    /// Whether the message stands inside another document.
    pub fn is_inside(&self) -> bool {
        !self.inside.is_empty()
    }

    /// Adds a path below `context` (a node), or below the root if it begins with `/`.
    ///
    /// # Errors
    /// The first step that the schema does not have there.
    pub fn add(&mut self, schema: &Schema, context: u32, written: &str) -> Result<Path, String> {
        let (from_root, rest) = match written.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, written),
        };
        let mut at = if from_root { 0 } else { context };
        let mut steps = Vec::new();
        for step in rest
            .split('/')
            .filter(|step| !step.is_empty() && *step != ".")
        {
            let (name, attribute) = match step.strip_prefix('@') {
                Some(name) => (name, true),
                None => (step, false),
            };
            let place = schema
                .below(self.nodes[at as usize].place, name, attribute)
                .ok_or_else(|| step.to_owned())?;
            let symbol = schema.symbol(name).ok_or_else(|| step.to_owned())?;
            let known = self.nodes[at as usize]
                .children
                .iter()
                .find(|(s, a, _)| (*s, *a) == (symbol, attribute));
            at = match known {
                Some((_, _, node)) => *node,
                None => {
                    let node = self.nodes.len() as u32;
                    self.nodes.push(ShapeNode::new(place));
                    self.nodes[at as usize].add(symbol, attribute, node);
                    node
                }
            };
            steps.push(at);
        }
        Ok(Path {
            written: written.to_owned(),
            from_root,
            steps,
            end: at,
        })
    }

    fn child(&self, node: u32, symbol: Symbol) -> u32 {
        let node = &self.nodes[node as usize];
        let at = symbol.0.wrapping_sub(node.first);
        node.by_name.get(at as usize).copied().unwrap_or(NONE)
    }

    fn attribute(&self, node: u32, symbol: Symbol) -> u32 {
        let mut children = self.nodes[node as usize].children.iter();
        children
            .find(|(known, attribute, _)| *attribute && *known == symbol)
            .map_or(NONE, |(_, _, child)| *child)
    }
}

/// An element or attribute of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node(u32);

/// The root element of the message.
pub const ROOT: Node = Node(0);

#[derive(Debug)]
struct RecordNode {
    shape: u32,
    /// The next node of the same shape in the message.
    next_alike: u32,
    /// The number behind those of what stands inside it.
    end: u32,
    parent: u32,
    /// Of the `<` of the element that it is or belongs to.
    offset: usize,
    /// Of its value.
    value_offset: usize,
    text: (u32, u32),
    misfit: bool,
    /// An element inside it has a value, whether anybody named that or not.
    filled: bool,
}

/// What was kept of one message.
pub struct Record<'s> {
    shape: &'s Shape,
    room: Room,
    /// How many of the open elements are on the way to the message's root.
    on_way: usize,
    /// How many of the open elements are known to have a value inside.
    filled: usize,
}

/// The room that a record needs. A thread keeps it for the next message: making it anew, sized
/// by the shape, cost a tenth of a small message's validation.
#[derive(Default)]
struct Room {
    nodes: Vec<RecordNode>,
    texts: String,
    /// The open elements; [`NONE`] for those that nobody named.
    open: Vec<u32>,
    /// The nodes of each shape; empty for all shapes while no record has the room.
    alike: Vec<Alike>,
}

/// Room beyond this many bytes of texts or nodes is given back after a message: few are so
/// large, and a thread should not hold what only they need.
const ROOM_MAX: usize = 1 << 20;

thread_local! {
    static ROOM: Cell<Room> = Cell::default();
}

/// The nodes of one shape, in the order of the message, which is that of their numbers.
#[derive(Clone)]
struct Alike {
    first: u32,
    last: u32,
    /// The context for which they were asked last, and the first of them behind it: rules
    /// go from one context to the next.
    asked: Cell<(u32, u32)>,
}

impl Alike {
    fn none() -> Alike {
        Alike {
            first: NONE,
            last: NONE,
            asked: Cell::new((NONE, NONE)),
        }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let mut room = std::mem::take(&mut self.room);
        if room.texts.capacity() > ROOM_MAX
            || room.nodes.capacity() * size_of::<RecordNode>() > ROOM_MAX
        {
            return;
        }
        for node in &room.nodes {
            room.alike[node.shape as usize] = Alike::none();
        }
        room.nodes.clear();
        room.texts.clear();
        room.open.clear();
        ROOM.set(room);
    }
}

impl<'s> Record<'s> {
    /// Nothing yet.
    pub fn new(shape: &'s Shape) -> Record<'s> {
        let mut room = ROOM.take();
        if room.alike.len() < shape.nodes.len() {
            room.alike.resize(shape.nodes.len(), Alike::none());
        }
        Record {
            shape,
            room,
            on_way: 0,
            filled: 0,
        }
    }

    /// Whether the root was met.
    pub fn is_rooted(&self) -> bool {
        !self.room.nodes.is_empty()
    }

    /// The value of a node; empty when it has none.
    pub fn text(&self, node: Node) -> &str {
        let (start, end) = self.room.nodes[node.0 as usize].text;
        &self.room.texts[start as usize..end as usize]
    }

    /// Whether the node's text did not fit its type.
    pub fn is_misfit(&self, node: Node) -> bool {
        self.room.nodes[node.0 as usize].misfit
    }

    /// Offset of the `<` of the element that `node` is or belongs to.
    pub fn offset(&self, node: Node) -> usize {
        self.room.nodes[node.0 as usize].offset
    }

    /// Offset of the value of `node`, or of its element if it has none.
    pub fn value_offset(&self, node: Node) -> usize {
        let node = &self.room.nodes[node.0 as usize];
        if node.value_offset > 0 {
            node.value_offset
        } else {
            node.offset
        }
    }

    /// The first element at `path` as seen from `context`.
    pub fn find(&self, context: Node, path: &Path) -> Option<Node> {
        let start = if path.from_root { ROOT } else { context };
        let Some(target) = path.target() else {
            return Some(start);
        };
        let first = self.first(start, target);
        (first < self.room.nodes[start.0 as usize].end).then_some(Node(first))
    }

    /// Every element at `path` as seen from `context`, until `each` says no more.
    pub fn visit(&self, context: Node, path: &Path, mut each: impl FnMut(Node) -> bool) {
        let start = if path.from_root { ROOT } else { context };
        let Some(target) = path.target() else {
            each(start);
            return;
        };
        let mut at = self.first(start, target);
        let end = self.room.nodes[start.0 as usize].end;
        while at < end && each(Node(at)) {
            at = self.room.nodes[at as usize].next_alike;
        }
    }

    /// The first node of a shape behind `start`: a shape is one path from the root, so those of
    /// its nodes that stand inside a context are the ones at that path.
    #[inline]
    fn first(&self, start: Node, shape: u32) -> u32 {
        let alike = &self.room.alike[shape as usize];
        if alike.first == NONE {
            return NONE;
        }
        let (asked, found) = alike.asked.get();
        let mut at = match asked != NONE && asked <= start.0 {
            true => found,
            false => alike.first,
        };
        while at != NONE && at < start.0 {
            at = self.room.nodes[at as usize].next_alike;
        }
        alike.asked.set((start.0, at));
        at
    }

    fn push(&mut self, shape: u32, parent: u32, offset: usize) -> u32 {
        let number = self.room.nodes.len() as u32;
        self.room.nodes.push(RecordNode {
            shape,
            next_alike: NONE,
            end: NONE,
            parent,
            offset,
            value_offset: 0,
            text: (0, 0),
            misfit: false,
            filled: false,
        });
        let alike = &mut self.room.alike[shape as usize];
        match std::mem::replace(&mut alike.last, number) {
            NONE => alike.first = number,
            before => self.room.nodes[before as usize].next_alike = number,
        }
        number
    }

    /// A value stands inside so many of the open elements.
    #[inline]
    fn fill(&mut self, around: usize) {
        if self.filled < around {
            for node in &self.room.open[self.filled..around] {
                if *node != NONE {
                    self.room.nodes[*node as usize].filled = true;
                }
            }
            self.filled = around;
        }
    }

    /// The node of an element that begins, if somebody named it.
    #[inline]
    fn begin(&mut self, name: Symbol, offset: usize) -> u32 {
        match self.room.open.last() {
            None | Some(&NONE) if self.room.nodes.is_empty() => self.root(name, offset),
            None | Some(&NONE) => NONE,
            Some(&parent) => {
                let around = self.room.nodes[parent as usize].shape;
                match self.shape.child(around, name) {
                    NONE => NONE,
                    shape => self.push(shape, parent, offset),
                }
            }
        }
    }

    /// An element that opens before the message's root was met: is it that root?
    fn root(&mut self, name: Symbol, offset: usize) -> u32 {
        let depth = self.room.open.len();
        let inside = &self.shape.inside;
        let is_next = depth == 0 || inside.get(depth - 1) == Some(&name);
        if self.on_way < depth || !is_next {
            return NONE;
        }
        if depth == inside.len() {
            return self.push(0, NONE, offset);
        }
        self.on_way += 1;
        NONE
    }

    fn keep(&mut self, node: u32, value: &str, offset: usize) {
        let start = self.room.texts.len() as u32;
        self.room.texts.push_str(value);
        let node = &mut self.room.nodes[node as usize];
        node.text = (start, self.room.texts.len() as u32);
        node.value_offset = offset;
    }
}

impl Sink for Record<'_> {
    fn start(&mut self, name: Symbol, offset: usize) {
        let node = self.begin(name, offset);
        self.room.open.push(node);
    }

    fn leaf(&mut self, name: Symbol, offset: usize, value: Leaf<'_>) {
        if !matches!(value, Leaf::Text("", _)) {
            self.fill(self.room.open.len());
        }
        let node = self.begin(name, offset);
        if node == NONE {
            return;
        }
        match value {
            Leaf::Text("", _) => {}
            Leaf::Text(text, at) => self.keep(node, text, at),
            Leaf::Misfit => self.room.nodes[node as usize].misfit = true,
        }
        self.room.nodes[node as usize].end = self.room.nodes.len() as u32;
    }

    fn attribute(&mut self, name: Symbol, value: &str, offset: usize) {
        if !value.is_empty() {
            self.fill(self.room.open.len() - 1);
        }
        let Some(&parent) = self.room.open.last().filter(|node| **node != NONE) else {
            return;
        };
        let shape = self
            .shape
            .attribute(self.room.nodes[parent as usize].shape, name);
        if shape != NONE {
            let element = self.room.nodes[parent as usize].offset;
            let node = self.push(shape, parent, element);
            self.keep(node, value, offset);
        }
    }

    fn text(&mut self, value: &str, offset: usize) {
        self.fill(self.room.open.len() - 1);
        if let Some(&node) = self.room.open.last().filter(|node| **node != NONE) {
            self.keep(node, value, offset);
        }
    }

    fn misfit(&mut self) {
        self.fill(self.room.open.len() - 1);
        if let Some(&node) = self.room.open.last().filter(|node| **node != NONE) {
            self.room.nodes[node as usize].misfit = true;
        }
    }

    fn end(&mut self) {
        if let Some(node) = self.room.open.pop().filter(|node| *node != NONE) {
            self.room.nodes[node as usize].end = self.room.nodes.len() as u32;
        }
        let open = self.room.open.len();
        self.on_way = self.on_way.min(open);
        self.filled = self.filled.min(open);
    }
}

impl Record<'_> {
    /// Whether a value stands inside `node`, however deep.
    pub fn is_filled(&self, node: Node) -> bool {
        self.room.nodes[node.0 as usize].filled
    }

    /// The element around `node`; the root is around itself.
    pub fn parent(&self, node: Node) -> Node {
        match self.room.nodes[node.0 as usize].parent {
            NONE => ROOT,
            parent => Node(parent),
        }
    }
}
