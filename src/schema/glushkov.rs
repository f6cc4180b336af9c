//! Glushkov's construction: the positions of a content model, and the routes that lead from
//! one to the next through loops that count. `automaton` makes tables of them.

use std::collections::HashMap;

use super::automaton::{Leaf, Wrong};
use super::tables::{Particle, Term, UNBOUNDED};

/// Positions of one model. The largest published models have a few hundred.
const POSITIONS_MAX: usize = 20_000;
/// Pairs of neighbouring positions: a repeated choice of 1,400 has that many.
const PAIRS_MAX: usize = 2_000_000;
/// Ops of all routes between those pairs: four bytes each. A counted loop adds two to a route.
const OPS_MAX: usize = 4_000_000;
/// Loops with counters of one model, how many of them inside each other, and how deep the
/// particles of a model nest. Every two routes between two positions are compared, and loops
/// inside each other are routes beside each other.
const LOOPS_MAX: usize = 4_000;
const LOOPS_INSIDE_MAX: usize = 24;
const DEPTH_MAX: usize = 200;

/// A counted loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loop {
    pub min: u32,
    pub max: u32,
}

/// A step of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// Out of a loop that came round often enough.
    Leave(u16),
    /// Round a loop that may come once more.
    Again(u16),
    /// Into a loop.
    Enter(u16),
}

/// A particle with everything trivial taken away.
pub enum Tree {
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

/// Gathers positions, the ways between them, and loops.
#[derive(Default)]
pub struct Builder {
    pub leaves: Vec<Leaf>,
    /// The loops around each position.
    pub around: Vec<Vec<u16>>,
    /// What may follow each position, all routes.
    pub follow: Vec<Vec<Way>>,
    pub loops: Vec<Loop>,
    open: Vec<u16>,
    pairs: usize,
    ops: usize,
}

/// What a part of a model begins and ends with.
pub struct Part {
    pub nullable: bool,
    pub first: Vec<Way>,
    pub last: Vec<Way>,
}

impl Builder {
    /// Takes a particle apart; its positions are numbered from here on.
    pub fn tree(&mut self, particle: &Particle, depth: usize) -> Result<Tree, Wrong> {
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

    /// The positions that a part begins and ends with; the ways inside it are noted.
    pub fn part(&mut self, tree: &Tree) -> Result<Part, Wrong> {
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

/// Routes by number; 0 is the empty one.
#[derive(Default)]
pub struct Routes {
    pub list: Vec<Vec<Op>>,
    numbers: HashMap<Vec<Op>, u32>,
}

impl Routes {
    pub fn number(&mut self, route: Vec<Op>) -> u32 {
        let next = self.list.len() as u32;
        let number = *self.numbers.entry(route.clone()).or_insert(next);
        if number == next {
            self.list.push(route);
        }
        number
    }
}

/// A position and a route to it, or from it.
pub type Way = (u32, Vec<Op>);

/// Leaves one route for each position, or such as exclude each other; `None` if the counts can
/// be told apart in more than one way.
pub fn settle(ways: &[Way], loops: &[Loop]) -> Option<Vec<Way>> {
    let mut ways = ways.to_vec();
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
                return None;
            }
        }
        if let Some(place) = place {
            settled.insert(place, (position, route));
        }
    }
    Some(settled)
}

/// Whether the counters never admit both: one leaves a loop that comes round an exact number
/// of times, the other goes round it once more.
pub fn exclude(a: &[Op], b: &[Op], loops: &[Loop]) -> bool {
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
pub fn covers(a: &[Op], b: &[Op], loops: &[Loop]) -> bool {
    let free = |number: u16| loops[usize::from(number)].max == UNBOUNDED;
    // A loop that `a` alone leaves and begins afresh must ask for nothing, at either end.
    let at_will = a.iter().all(|op| match op {
        Op::Leave(number) => undemanding(*number, loops) || b.contains(op),
        Op::Again(_) | Op::Enter(_) => true,
    });
    at_will
        && match (round(a), round(b)) {
            // Staying in the same turn of a loop uses up nothing; what the other gains is
            // only a count, and the loop asks for none.
            (None, Some(other)) => undemanding(other, loops),
            // Inner loop without end against an outer one that asks for nothing more.
            (Some(own), Some(other)) if b.contains(&Op::Leave(own)) => {
                free(own) && undemanding(other, loops)
            }
            // Outer loop without end, beginning the inner one afresh.
            (Some(own), Some(other)) => free(own) && a.contains(&Op::Leave(other)),
            _ => false,
        }
}

/// Whether `a`, as long as its counter admits it, is never worse than `b`: it goes round an
/// inner loop where `b` leaves that and goes round an outer one, and neither asks for a count.
pub fn goes_first(a: &[Op], b: &[Op], loops: &[Loop]) -> bool {
    match (round(a), round(b)) {
        (Some(inner), Some(outer)) => {
            b.contains(&Op::Leave(inner)) && undemanding(inner, loops) && undemanding(outer, loops)
        }
        _ => false,
    }
}

/// Whether one turn of the loop is enough.
fn undemanding(number: u16, loops: &[Loop]) -> bool {
    loops[usize::from(number)].min <= 1
}

/// The loop that a route goes round.
pub fn round(route: &[Op]) -> Option<u16> {
    route.iter().find_map(|op| match op {
        Op::Again(number) => Some(*number),
        _ => None,
    })
}
