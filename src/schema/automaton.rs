//! Content models as deterministic automata (Glushkov's construction). A position is one
//! element or wildcard particle; a state is the position last matched. What repeats a bounded
//! number of times is a loop with a counter and is never unrolled: an edge carries the route
//! that it takes out of loops, round them and into them.
//!
//! A caution for whoever changes this: three things hang together. (1) `glushkov` gives every
//! pair of positions all routes between them. (2) Its `settle` leaves one of them, or several
//! of which the counters admit one at a time. (3) `step` takes the first that is admitted.

use std::collections::HashMap;

use super::glushkov::{Builder, Loop, Op, Routes, exclude, settle};
use super::model::Step;
use super::names::Places;
use super::tables::{Element, ElementId, Name, Particle, UNBOUNDED, Wildcard};

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
    /// Many repetitions inside each other whose counts can be told apart in more than one way.
    Counts,
}

/// Edges of all states, where a head counts as often as elements may stand for it, and looks
/// at wildcards that may compete with them.
const EDGES_MAX: usize = 2_000_000;
const LOOKS_MAX: usize = 20_000_000;

/// Counts of all loops together, multiplied, of a model whose counts can be told apart in more
/// than one way: what is left of it while it is followed grows with them.
const COUNTS_MAX: u64 = 10_000;

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
    /// Counts can be told apart in more than one way: it knows which particle an element
    /// belongs to, and not when enough have come.
    pub ambiguous: bool,
}

/// What leads on from a state.
#[derive(Debug)]
struct Edges {
    /// Sorted by name.
    named: Vec<Edge>,
    /// Where in `named` a name begins.
    places: Places,
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
            ambiguous: false,
        };
        let mut routes = Routes::default();
        let mut known: HashMap<Vec<(u32, u32)>, u32> = HashMap::new();
        let first = whole.first.iter().cloned();
        let states = std::iter::once(first.collect()).chain(builder.follow);
        let (mut edges_all, mut looks) = (0, 0);
        for pairs in states {
            let settled = settle(&pairs, &automaton.loops).unwrap_or_else(|| {
                automaton.ambiguous = true;
                pairs
            });
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
        let counts = automaton.loops.iter().map(|it| match it.max {
            UNBOUNDED => u64::from(it.min),
            max => u64::from(max),
        });
        if automaton.ambiguous && counts.fold(1, u64::saturating_mul) > COUNTS_MAX {
            return Err(Wrong::Counts);
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
    ) -> Option<Step> {
        let edges = &self.lists[self.next[*state as usize] as usize];
        if let Some(name) = name {
            let from = edges.places.find(name, |at| edges.named[at].name);
            let edges = from.map_or(&[][..], |from| &edges.named[from..]);
            for edge in edges.iter().take_while(|edge| edge.name == name) {
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
                return Some(Step::Any(wildcard.process));
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
        places: Places::default(),
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
    edges.places = Places::of(edges.named.iter().map(|edge| edge.name));
    edges
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
