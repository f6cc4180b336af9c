//! Content models as deterministic automata (Glushkov's construction). A position is one
//! element or wildcard particle; a state is the position last matched. What repeats a bounded
//! number of times is a loop with a counter and is never unrolled: an edge carries the route
//! that it takes out of loops, round them and into them.
//!
//! A caution for whoever changes this: three things hang together. (1) `Builder` gives every
//! pair of positions all routes between them. (2) `settle` leaves one of them, or several of
//! which the counters admit one at a time. (3) `step` takes the first that is admitted.

use std::collections::HashMap;

use super::tables::{Element, ElementId, Name, Particle, Term, UNBOUNDED, Wildcard};

/// What a position matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// This element, or what stands for it.
    Element(ElementId),
    /// Whatever the wildcard admits.
    Any(Wildcard),
}

/// Why a model cannot be compiled.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Two particles compete, for an element of this name if it is about one: cos-nonambig.
    Ambiguous(Option<Name>),
    /// More positions, or more pairs of them, than are followed.
    TooLarge,
    /// Repetitions inside each other whose counts can be told apart in more than one way.
    Counts,
}

/// Positions of one model. The largest published models have a few hundred.
const POSITIONS_MAX: usize = 20_000;
/// Pairs of neighbouring positions: a repeated choice of 1,400 has that many.
const PAIRS_MAX: usize = 2_000_000;
/// Ops of all routes between those pairs: four bytes each. A counted loop adds two to a route.
const OPS_MAX: usize = 4_000_000;
/// Edges of all states, where a head counts as often as elements may stand for it, and looks
/// at wildcards that may compete with them.
const EDGES_MAX: usize = 2_000_000;
const LOOKS_MAX: usize = 20_000_000;
/// Loops with counters of one model, how many of them inside each other, and how deep the
/// particles of a model nest. Every two routes between two positions are compared, and loops
/// inside each other are routes beside each other.
const LOOPS_MAX: usize = 4_000;
const LOOPS_INSIDE_MAX: usize = 24;
const DEPTH_MAX: usize = 200;

/// A compiled content model. State 0 is the beginning, state n + 1 follows position n.
#[derive(Debug)]
pub struct Automaton {
    leaves: Vec<Leaf>,
    /// The loops around each position, for taking it out of turn.
    around: Vec<Vec<u16>>,
    /// Which list of edges leads on from each state.
    next: Vec<u32>,
    lists: Vec<Edges>,
    /// How a document may end in each state: the loops to leave, if it may at all.
    ends: Vec<Option<u32>>,
    routes: Vec<Vec<Op>>,
    loops: Vec<Loop>,
}

/// What leads on from a state.
#[derive(Debug)]
struct Edges {
    /// Sorted by name.
    named: Vec<Edge>,
    /// Where in `named` a name begins, and one, for lists that are long: a power of two of
    /// places, at least twice as many as edges, looked at one after another from the hash on.
    places: Box<[u32]>,
    /// Positions of wildcards.
    wild: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Edge {
    name: Name,
    element: u32,
    position: u32,
    route: u32,
}

/// A counted loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Loop {
    min: u32,
    max: u32,
}

/// A step of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Op {
    /// Out of a loop that came round often enough.
    Leave(u16),
    /// Round a loop that may come once more.
    Again(u16),
    /// Into a loop.
    Enter(u16),
}

/// What an element means at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'m> {
    /// It is this element.
    Element(ElementId),
    /// A wildcard takes it.
    Any(&'m Wildcard),
}

impl Automaton {
    /// Compiles a model; every element's `stands_for` has to be complete.
    pub fn compile(particle: &Particle, elements: &[Element]) -> Result<Automaton, Wrong> {
        let mut builder = Builder::default();
        let tree = builder.tree(particle, 0)?;
        let whole = builder.part(&tree)?;
        let mut automaton = Automaton {
            leaves: builder.leaves,
            around: Vec::new(),
            next: Vec::new(),
            lists: Vec::new(),
            ends: vec![None; builder.follow.len() + 1],
            routes: Vec::new(),
            loops: builder.loops,
        };
        let mut routes = Routes::default();
        // The empty one is the first, which `step` relies on.
        routes.number(Vec::new());
        let mut known: HashMap<Vec<(u32, u32)>, u32> = HashMap::new();
        let first = whole.first.iter().cloned();
        let states = std::iter::once(first.collect()).chain(builder.follow);
        let (mut edges_all, mut looks) = (0, 0);
        for pairs in states {
            let settled = settle(pairs, &automaton.loops)?;
            let numbered: Vec<(u32, u32)> = settled
                .into_iter()
                .map(|(position, route)| (position, routes.number(route)))
                .collect();
            let list = match known.get(&numbered) {
                Some(list) => *list,
                None => {
                    edges_all += width(&numbered, &automaton.leaves, elements);
                    if edges_all > EDGES_MAX {
                        return Err(Wrong::TooLarge);
                    }
                    let edges = edges(&numbered, &automaton.leaves, elements);
                    looks += edges.wild.len() * (edges.named.len() + edges.wild.len());
                    if looks > LOOKS_MAX {
                        return Err(Wrong::TooLarge);
                    }
                    unambiguous(&edges, &automaton.leaves, &routes.list, &automaton.loops)?;
                    automaton.lists.push(edges);
                    let list = (automaton.lists.len() - 1) as u32;
                    known.insert(numbered, list);
                    list
                }
            };
            automaton.next.push(list);
        }
        if whole.nullable {
            automaton.ends[0] = Some(routes.number(Vec::new()));
        }
        for (position, route) in whole.last {
            automaton.ends[position as usize + 1] = Some(routes.number(route));
        }
        automaton.around = builder.around;
        automaton.routes = routes.list;
        Ok(automaton)
    }

    /// How many counters a walk keeps for it.
    pub fn counters(&self) -> usize {
        self.loops.len()
    }

    /// Positions and edges: what it takes to keep.
    pub fn size(&self) -> usize {
        let edges = |list: &Edges| list.named.len() + list.wild.len();
        self.leaves.len() + self.lists.iter().map(edges).sum::<usize>()
    }

    /// What the positions match, in the order of the model.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter()
    }

    /// Takes an element called `name` (`None`: no schema knows the name) of namespace `space`
    /// at `state`, if it may stand there, and moves on.
    pub fn step(
        &self,
        state: &mut u32,
        counters: &mut [u32],
        name: Option<Name>,
        space: u16,
    ) -> Option<Step<'_>> {
        let edges = &self.lists[self.next[*state as usize] as usize];
        if let Some(name) = name {
            for edge in edges.of(name).iter().take_while(|edge| edge.name == name) {
                if edge.route == 0 {
                    *state = edge.position + 1;
                    return Some(Step::Element(edge.element as ElementId));
                }
                if self.admits(edge.route, counters) {
                    self.take(edge.route, counters);
                    *state = edge.position + 1;
                    return Some(Step::Element(edge.element as ElementId));
                }
            }
        }
        for (position, route) in &edges.wild {
            if let Leaf::Any(wildcard) = &self.leaves[*position as usize]
                && wildcard.spaces.admit(space)
                && self.admits(*route, counters)
            {
                self.take(*route, counters);
                *state = position + 1;
                return Some(Step::Any(wildcard));
            }
        }
        None
    }

    /// The same for an element that stands out of turn: where it stands in the model, after
    /// `state` if it has a place there, else before. Nothing moves.
    pub fn elsewhere(
        &self,
        state: u32,
        name: Name,
        elements: &[Element],
    ) -> Option<(u32, ElementId)> {
        let stand_in = |position: usize| match &self.leaves[position] {
            Leaf::Element(element) => elements[*element]
                .stands_for
                .iter()
                .find(|stand_in| elements[**stand_in].name == name)
                .copied(),
            Leaf::Any(_) => None,
        };
        let turn = state as usize;
        (turn..self.leaves.len())
            .chain(0..turn)
            .find_map(|position| Some((position as u32, stand_in(position)?)))
    }

    /// Moves on behind `position`, whatever it takes.
    pub fn jump(&self, state: &mut u32, counters: &mut [u32], position: u32) {
        let from = match *state {
            0 => &[][..],
            state => &self.around[state as usize - 1],
        };
        for number in &self.around[position as usize] {
            // A loop that goes on keeps its count.
            if !from.contains(number) {
                counters[usize::from(*number)] = 1;
            }
        }
        *state = position + 1;
    }

    /// Whether nothing more is required.
    pub fn may_end(&self, state: u32, counters: &[u32]) -> bool {
        self.ends[state as usize].is_some_and(|route| self.admits(route, counters))
    }

    /// The positions that may come next, in the order of the model.
    pub fn expected(&self, state: u32, counters: &[u32]) -> Vec<u32> {
        let edges = &self.lists[self.next[state as usize] as usize];
        let named = edges.named.iter().map(|edge| (edge.position, edge.route));
        let mut positions: Vec<u32> = named
            .chain(edges.wild.iter().copied())
            .filter(|(_, route)| self.admits(*route, counters))
            .map(|(position, _)| position)
            .collect();
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    /// What a position matches.
    pub fn leaf(&self, position: u32) -> &Leaf {
        &self.leaves[position as usize]
    }

    /// Whether the counters admit a route.
    fn admits(&self, route: u32, counters: &[u32]) -> bool {
        self.routes[route as usize].iter().all(|op| match op {
            Op::Leave(number) => {
                counters[usize::from(*number)] >= self.loops[usize::from(*number)].min
            }
            Op::Again(number) => {
                counters[usize::from(*number)] < self.loops[usize::from(*number)].max
            }
            Op::Enter(_) => true,
        })
    }

    fn take(&self, route: u32, counters: &mut [u32]) {
        for op in &self.routes[route as usize] {
            match op {
                Op::Leave(_) => {}
                // A loop without an end need not count further than its minimum.
                Op::Again(number) => {
                    let counter = &mut counters[usize::from(*number)];
                    *counter = counter.saturating_add(1);
                }
                Op::Enter(number) => counters[usize::from(*number)] = 1,
            }
        }
    }
}

/// Routes by number; 0 is the empty one.
#[derive(Default)]
struct Routes {
    list: Vec<Vec<Op>>,
    numbers: HashMap<Vec<Op>, u32>,
}

impl Routes {
    fn number(&mut self, route: Vec<Op>) -> u32 {
        let next = self.list.len() as u32;
        let number = *self.numbers.entry(route.clone()).or_insert(next);
        if number == next {
            self.list.push(route);
        }
        number
    }
}

/// A position and a route to it, or from it.
type Way = (u32, Vec<Op>);

/// Leaves one route for each position, or such as exclude each other.
fn settle(mut ways: Vec<Way>, loops: &[Loop]) -> Result<Vec<Way>, Wrong> {
    ways.sort_unstable();
    ways.dedup();
    let mut settled: Vec<Way> = Vec::with_capacity(ways.len());
    for (position, route) in ways {
        let others = settled
            .iter()
            .rposition(|(other, _)| *other != position)
            .map_or(0, |at| at + 1);
        let mut place = Some(settled.len());
        let mut at = others;
        while at < settled.len() {
            let other = &settled[at].1;
            if exclude(&route, other, loops) || goes_first(other, &route, loops) {
                at += 1;
            } else if covers(other, &route, loops) {
                place = None;
                break;
            } else if covers(&route, other, loops) {
                settled.remove(at);
                place = place.map(|place| place.min(settled.len()));
            } else if goes_first(&route, other, loops) {
                place = place.map(|place| place.min(at));
                at += 1;
            } else {
                return Err(Wrong::Counts);
            }
        }
        if let Some(place) = place {
            settled.insert(place, (position, route));
        }
    }
    Ok(settled)
}

/// Whether the counters never admit both: one leaves a loop that comes round an exact number
/// of times, the other goes round it once more.
fn exclude(a: &[Op], b: &[Op], loops: &[Loop]) -> bool {
    let exact = |number: u16| {
        let it = loops[usize::from(number)];
        it.min == it.max
    };
    let apart = |a: &[Op], b: &[Op]| {
        a.iter().any(|op| match op {
            Op::Leave(number) => exact(*number) && b.contains(&Op::Again(*number)),
            _ => false,
        })
    };
    apart(a, b) || apart(b, a)
}

/// Whether whatever can come after `b` can come after `a` as well, and `a` is always
/// admitted when `b` is.
fn covers(a: &[Op], b: &[Op], loops: &[Loop]) -> bool {
    let free = |number: u16| loops[usize::from(number)].max == UNBOUNDED;
    let undemanding = |number: u16| loops[usize::from(number)].min <= 1;
    match (round(a), round(b)) {
        // Staying in the same turn of a loop uses up nothing; what the other gains is only a
        // count, and the loop asks for none.
        (None, Some(other)) => undemanding(other),
        // Inner loop without end against an outer one that asks for nothing more.
        (Some(own), Some(other)) if b.contains(&Op::Leave(own)) => free(own) && undemanding(other),
        // Outer loop without end, beginning an inner one afresh that asks for nothing more.
        (Some(own), Some(other)) if a.contains(&Op::Leave(other)) => {
            free(own) && undemanding(other)
        }
        _ => false,
    }
}

/// Whether `a`, as long as its counter admits it, is never worse than `b`: it goes round an
/// inner loop where `b` leaves that and goes round an outer one, and neither asks for a count.
fn goes_first(a: &[Op], b: &[Op], loops: &[Loop]) -> bool {
    let undemanding = |number: u16| loops[usize::from(number)].min <= 1;
    match (round(a), round(b)) {
        (Some(inner), Some(outer)) => {
            b.contains(&Op::Leave(inner)) && undemanding(inner) && undemanding(outer)
        }
        _ => false,
    }
}

/// The loop that a route goes round.
fn round(route: &[Op]) -> Option<u16> {
    route.iter().find_map(|op| match op {
        Op::Again(number) => Some(*number),
        _ => None,
    })
}

/// How many edges lead to these positions.
fn width(ways: &[(u32, u32)], leaves: &[Leaf], elements: &[Element]) -> usize {
    let width = |(position, _): &(u32, u32)| match &leaves[*position as usize] {
        Leaf::Any(_) => 1,
        Leaf::Element(element) => elements[*element].stands_for.len(),
    };
    ways.iter().map(width).sum()
}

fn edges(ways: &[(u32, u32)], leaves: &[Leaf], elements: &[Element]) -> Edges {
    let mut edges = Edges {
        named: Vec::new(),
        places: Box::default(),
        wild: Vec::new(),
    };
    for (position, route) in ways {
        match &leaves[*position as usize] {
            Leaf::Any(_) => edges.wild.push((*position, *route)),
            Leaf::Element(element) => {
                for stand_in in &elements[*element].stands_for {
                    edges.named.push(Edge {
                        name: elements[*stand_in].name,
                        element: *stand_in as u32,
                        position: *position,
                        route: *route,
                    });
                }
            }
        }
    }
    // Of one name and position the routes stay in the order in which they are tried.
    edges.named.sort_by_key(|edge| (edge.name, edge.position));
    edges.spread();
    edges
}

/// Lists up to this long are looked through.
const LOOKED_THROUGH: usize = 4;

impl Edges {
    fn spread(&mut self) {
        if self.named.len() <= LOOKED_THROUGH {
            return;
        }
        let size = (self.named.len() * 2).next_power_of_two();
        self.places = vec![0; size].into();
        for (at, edge) in self.named.iter().enumerate() {
            if at > 0 && self.named[at - 1].name == edge.name {
                continue;
            }
            let mut place = spot(edge.name, size);
            while self.places[place] > 0 {
                place = (place + 1) & (size - 1);
            }
            self.places[place] = at as u32 + 1;
        }
    }

    /// The edges from the first of this name on; none if there is none.
    fn of(&self, name: Name) -> &[Edge] {
        if self.places.is_empty() {
            let first = self.named.iter().position(|edge| edge.name == name);
            return first.map_or(&[], |first| &self.named[first..]);
        }
        let mut place = spot(name, self.places.len());
        loop {
            match self.places[place] {
                0 => return &[],
                found if self.named[found as usize - 1].name == name => {
                    return &self.named[found as usize - 1..];
                }
                _ => place = (place + 1) & (self.places.len() - 1),
            }
        }
    }
}

/// Where a name is looked for first.
fn spot(name: Name, size: usize) -> usize {
    let both = u64::from(name.local.0) | u64::from(name.space) << 32;
    (both.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (size - 1)
}

/// Unique Particle Attribution: no name leads to two positions.
fn unambiguous(
    edges: &Edges,
    leaves: &[Leaf],
    routes: &[Vec<Op>],
    loops: &[Loop],
) -> Result<(), Wrong> {
    let apart = |a: u32, b: u32| exclude(&routes[a as usize], &routes[b as usize], loops);
    let mut from = 0;
    while from < edges.named.len() {
        let name = edges.named[from].name;
        let same = edges.named[from..]
            .iter()
            .take_while(|edge| edge.name == name)
            .count();
        let run = &edges.named[from..from + same];
        for (at, a) in run.iter().enumerate() {
            for b in &run[at + 1..] {
                if a.position != b.position && !apart(a.route, b.route) {
                    return Err(Wrong::Ambiguous(Some(name)));
                }
            }
        }
        for (position, route) in &edges.wild {
            if let Leaf::Any(wildcard) = &leaves[*position as usize]
                && wildcard.spaces.admit(name.space)
                && run.iter().any(|edge| !apart(edge.route, *route))
            {
                return Err(Wrong::Ambiguous(Some(name)));
            }
        }
        from += same;
    }
    for (at, (a, route_a)) in edges.wild.iter().enumerate() {
        for (b, route_b) in &edges.wild[at + 1..] {
            let (Leaf::Any(one), Leaf::Any(other)) = (&leaves[*a as usize], &leaves[*b as usize])
            else {
                continue;
            };
            if a != b && one.spaces.meets(&other.spaces) && !apart(*route_a, *route_b) {
                return Err(Wrong::Ambiguous(None));
            }
        }
    }
    Ok(())
}

/// A particle with everything trivial taken away.
enum Tree {
    Nothing,
    Leaf(u32),
    Sequence(Vec<Tree>),
    Choice(Vec<Tree>),
    /// At least once: what may be absent is an `Optional` around it.
    Repeat(Box<Tree>, u32, u32),
    Optional(Box<Tree>),
}

impl Tree {
    fn nullable(&self) -> bool {
        match self {
            Tree::Nothing | Tree::Optional(_) => true,
            Tree::Leaf(_) => false,
            Tree::Sequence(items) => items.iter().all(Tree::nullable),
            // A choice of nothing can never be made.
            Tree::Choice(items) => items.iter().any(Tree::nullable),
            Tree::Repeat(body, _, _) => body.nullable(),
        }
    }
}

fn repeat(body: Tree, min: u32, max: u32) -> Tree {
    if max == 0 {
        return Tree::Nothing;
    }
    // A turn that may be empty makes up for any that are missing.
    let optional = min == 0 || body.nullable();
    let min = if body.nullable() { 1 } else { min.max(1) };
    let body = match body {
        Tree::Nothing => return Tree::Nothing,
        Tree::Optional(body) => *body,
        body => body,
    };
    let (body, min, max) = match body {
        // a{2,3}{4,5} is a{8,15} when the counts leave no gap between their multiples.
        Tree::Repeat(inner, low, high) if joins(low, high, min, max) => {
            let times = |a: u32, b: u32| {
                if a == UNBOUNDED || b == UNBOUNDED {
                    UNBOUNDED
                } else {
                    a.saturating_mul(b).min(UNBOUNDED - 1)
                }
            };
            (*inner, times(low, min), times(high, max))
        }
        body => (body, min, max),
    };
    let inside = if max == 1 {
        body
    } else {
        Tree::Repeat(Box::new(body), min, max)
    };
    if optional {
        Tree::Optional(Box::new(inside))
    } else {
        inside
    }
}

/// Whether {low, high}, taken `min` to `max` times, gives every count between its ends.
fn joins(low: u32, high: u32, min: u32, max: u32) -> bool {
    let (low, high, min, max) = (
        u64::from(low),
        u64::from(high),
        u64::from(min),
        u64::from(max),
    );
    high == u64::from(UNBOUNDED) || min == max || (min + 1) * low <= min * high + 1
}

#[derive(Default)]
struct Builder {
    leaves: Vec<Leaf>,
    around: Vec<Vec<u16>>,
    follow: Vec<Vec<Way>>,
    loops: Vec<Loop>,
    open: Vec<u16>,
    pairs: usize,
    ops: usize,
}

struct Part {
    nullable: bool,
    first: Vec<Way>,
    last: Vec<Way>,
}

impl Builder {
    fn tree(&mut self, particle: &Particle, depth: usize) -> Result<Tree, Wrong> {
        if depth > DEPTH_MAX {
            return Err(Wrong::TooLarge);
        }
        if particle.max == 0 {
            return Ok(Tree::Nothing);
        }
        let body = match &particle.term {
            Term::Element(element) => self.leaf(Leaf::Element(*element))?,
            Term::Any(wildcard) => self.leaf(Leaf::Any(wildcard.clone()))?,
            Term::Sequence(items) | Term::All(items) => {
                let mut trees = self.trees(items, depth)?;
                trees.retain(|tree| !matches!(tree, Tree::Nothing));
                match trees.len() {
                    0 => Tree::Nothing,
                    1 => trees.remove(0),
                    _ => Tree::Sequence(trees),
                }
            }
            Term::Choice(items) => {
                let mut trees = self.trees(items, depth)?;
                match trees.len() {
                    1 => trees.remove(0),
                    _ => Tree::Choice(trees),
                }
            }
        };
        Ok(repeat(body, particle.min, particle.max))
    }

    fn trees(&mut self, items: &[Particle], depth: usize) -> Result<Vec<Tree>, Wrong> {
        let trees = items.iter().map(|item| self.tree(item, depth + 1));
        trees.collect()
    }

    fn leaf(&mut self, leaf: Leaf) -> Result<Tree, Wrong> {
        if self.leaves.len() == POSITIONS_MAX {
            return Err(Wrong::TooLarge);
        }
        self.leaves.push(leaf);
        self.around.push(Vec::new());
        self.follow.push(Vec::new());
        Ok(Tree::Leaf((self.leaves.len() - 1) as u32))
    }

    fn part(&mut self, tree: &Tree) -> Result<Part, Wrong> {
        match tree {
            Tree::Nothing => Ok(nothing()),
            Tree::Leaf(position) => {
                self.around[*position as usize] = self.open.clone();
                Ok(Part {
                    nullable: false,
                    first: vec![(*position, Vec::new())],
                    last: vec![(*position, Vec::new())],
                })
            }
            Tree::Optional(body) => Ok(Part {
                nullable: true,
                ..self.part(body)?
            }),
            Tree::Sequence(items) => self.sequence(items),
            Tree::Choice(items) => {
                let mut whole = Part {
                    nullable: false,
                    ..nothing()
                };
                for item in items {
                    let part = self.part(item)?;
                    whole.nullable |= part.nullable;
                    whole.first.extend(part.first);
                    whole.last.extend(part.last);
                }
                Ok(whole)
            }
            Tree::Repeat(body, min, max) => self.repeat(body, *min, *max),
        }
    }

    fn sequence(&mut self, items: &[Tree]) -> Result<Part, Wrong> {
        let mut whole = nothing();
        for item in items {
            let part = self.part(item)?;
            self.join(&whole.last, &part.first, None)?;
            if whole.nullable {
                whole.first.extend(part.first);
            }
            if part.nullable {
                whole.last.extend(part.last);
            } else {
                whole.last = part.last;
            }
            whole.nullable &= part.nullable;
        }
        Ok(whole)
    }

    fn repeat(&mut self, body: &Tree, min: u32, max: u32) -> Result<Part, Wrong> {
        if min <= 1 && max == UNBOUNDED {
            let part = self.part(body)?;
            self.join(&part.last, &part.first, None)?;
            return Ok(part);
        }
        if self.loops.len() == LOOPS_MAX || self.open.len() == LOOPS_INSIDE_MAX {
            return Err(Wrong::TooLarge);
        }
        let number = self.loops.len() as u16;
        self.loops.push(Loop { min, max });
        self.open.push(number);
        let mut part = self.part(body)?;
        self.open.pop();
        self.join(&part.last, &part.first, Some(Op::Again(number)))?;
        for (_, route) in &mut part.first {
            route.insert(0, Op::Enter(number));
        }
        for (_, route) in &mut part.last {
            route.push(Op::Leave(number));
        }
        Ok(part)
    }

    /// Every one of `first` may follow every one of `last`, by way of `via`.
    fn join(&mut self, last: &[Way], first: &[Way], via: Option<Op>) -> Result<(), Wrong> {
        let ops = |ways: &[Way]| ways.iter().map(|(_, route)| route.len()).sum::<usize>();
        self.pairs += last.len() * first.len();
        self.ops += ops(last) * first.len() + ops(first) * last.len();
        if self.pairs > PAIRS_MAX || self.ops > OPS_MAX {
            return Err(Wrong::TooLarge);
        }
        for (from, out) in last {
            for (to, into) in first {
                let route = out.iter().copied().chain(via).chain(into.iter().copied());
                self.follow[*from as usize].push((*to, route.collect()));
            }
        }
        Ok(())
    }
}

fn nothing() -> Part {
    Part {
        nullable: true,
        first: Vec::new(),
        last: Vec::new(),
    }
}
