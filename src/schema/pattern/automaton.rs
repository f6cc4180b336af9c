//! The automaton of an expression over kinds of characters. All characters that the sets of
//! an expression do not tell apart are one kind, so `\d` with its hundreds of digits costs no
//! more than `[0-9]`, and a text is followed by the character rather than by the byte. The
//! number of states is known from the tree before any is built, which makes the cap cheap.

use std::collections::HashMap;

use super::parse::{Class, Node};
use super::translate;

/// Pages of 256 characters in the Basic Multilingual Plane.
const PAGES: u32 = 256;

/// The kinds of characters that an expression tells apart. Kind 0 is in none of its sets.
#[derive(Debug)]
pub struct Alphabet {
    ascii: [u32; 128],
    /// Where each stretch of one kind begins, ascending from 0, and its kind.
    starts: Vec<u32>,
    kinds: Vec<u32>,
    /// How many of `starts` are at or before the first character of each page of 256, to
    /// the end of the Basic Multilingual Plane, and of all the rest: most pages, such as
    /// those of Chinese, are of one kind, and need no search.
    pages: Vec<u32>,
    /// How many kinds there are.
    pub count: usize,
}

impl Alphabet {
    /// The alphabet of these sets, and for each set the kinds it has.
    pub fn new(classes: &[&Class]) -> (Alphabet, Vec<Vec<u32>>) {
        // Each set changes between in and out at these characters.
        let mut changes = Vec::new();
        for (index, class) in classes.iter().enumerate() {
            for range in translate::set(class).ranges() {
                changes.push((u32::from(range.start()), index));
                changes.push((u32::from(range.end()) + 1, index));
            }
        }
        changes.sort_unstable();
        let mut members = vec![Vec::new(); classes.len()];
        let mut known: HashMap<Vec<usize>, u32> = HashMap::from([(Vec::new(), 0)]);
        let mut inside: Vec<usize> = Vec::new();
        let (mut starts, mut kinds) = (vec![0], vec![0]);
        for group in changes.chunk_by(|left, right| left.0 == right.0) {
            for (_, index) in group {
                match inside.binary_search(index) {
                    Ok(at) => drop(inside.remove(at)),
                    Err(at) => inside.insert(at, *index),
                }
            }
            let next = known.len() as u32;
            let kind = known.get(&inside).copied().unwrap_or_else(|| {
                for index in &inside {
                    members[*index].push(next);
                }
                known.insert(inside.clone(), next);
                next
            });
            if kinds.last() != Some(&kind) {
                starts.push(group[0].0);
                kinds.push(kind);
            }
        }
        let mut pages: Vec<u32> = (0..=PAGES)
            .map(|page| starts.partition_point(|start| *start <= page << 8) as u32)
            .collect();
        pages.push(starts.len() as u32);
        let mut alphabet = Alphabet {
            pages,
            ascii: [0; 128],
            starts,
            kinds,
            count: known.len(),
        };
        alphabet.ascii = std::array::from_fn(|code| alphabet.search(code as u32));
        (alphabet, members)
    }

    fn search(&self, code: u32) -> u32 {
        let page = (code >> 8).min(PAGES) as usize;
        let first = self.pages[page] as usize;
        let within = &self.starts[first..self.pages[page + 1] as usize];
        self.kinds[first + within.partition_point(|start| *start <= code) - 1]
    }

    /// The kind of a character.
    #[inline]
    pub fn kind(&self, character: char) -> u32 {
        let code = u32::from(character);
        match self.ascii.get(code as usize) {
            Some(kind) => *kind,
            None => self.search(code),
        }
    }
}

/// A state of the automaton; numbers are places in `Automaton::states`.
#[derive(Debug)]
pub enum State {
    /// Goes on over one character of the set.
    Step { set: u32, next: u32 },
    /// Goes both ways over no character.
    Fork(u32, u32),
    /// The text may end here.
    Accept,
}

/// A non-deterministic automaton.
#[derive(Debug)]
pub struct Automaton {
    /// Tells characters apart.
    pub alphabet: Alphabet,
    /// For each set, its kinds in ascending order.
    pub members: Vec<Vec<u32>>,
    /// All states; the last to be entered is the start.
    pub states: Vec<State>,
    /// The state before any character.
    pub start: u32,
}

/// How many states `build` makes of a tree, less the accepting one. Saturates.
pub fn size(node: &Node) -> u64 {
    match node {
        Node::Empty => 0,
        Node::Set(_) => 1,
        Node::Sequence(parts) => parts.iter().map(size).fold(0, u64::saturating_add),
        Node::Choice(branches) => branches
            .iter()
            .map(size)
            .fold(branches.len() as u64 - 1, u64::saturating_add),
        Node::Repeat { node, least, most } => {
            let (copies, forks) = match most {
                None => ((*least).max(1), 1),
                Some(most) => (*most, most - least),
            };
            size(node)
                .saturating_mul(u64::from(copies))
                .saturating_add(u64::from(forks))
        }
    }
}

/// Builds the automaton of a tree whose size the caller has judged.
pub fn build(tree: &Node) -> Automaton {
    let mut builder = Builder {
        states: vec![State::Accept],
        classes: Vec::new(),
        numbers: HashMap::new(),
    };
    let start = builder.node(tree, 0);
    let (alphabet, members) = Alphabet::new(&builder.classes);
    Automaton {
        alphabet,
        members,
        states: builder.states,
        start,
    }
}

struct Builder<'t> {
    states: Vec<State>,
    classes: Vec<&'t Class>,
    numbers: HashMap<&'t Class, u32>,
}

impl<'t> Builder<'t> {
    fn push(&mut self, state: State) -> u32 {
        self.states.push(state);
        self.states.len() as u32 - 1
    }

    /// The entry of a part after which `next` follows: built from its end to its beginning.
    fn node(&mut self, node: &'t Node, next: u32) -> u32 {
        match node {
            Node::Empty => next,
            Node::Set(class) => {
                let classes = &mut self.classes;
                let set = *self.numbers.entry(class).or_insert_with(|| {
                    classes.push(class);
                    classes.len() as u32 - 1
                });
                self.push(State::Step { set, next })
            }
            Node::Sequence(parts) => parts
                .iter()
                .rev()
                .fold(next, |next, part| self.node(part, next)),
            Node::Choice(branches) => {
                let entries: Vec<u32> = branches.iter().map(|b| self.node(b, next)).collect();
                entries
                    .into_iter()
                    .reduce(|one, other| self.push(State::Fork(one, other)))
                    .unwrap_or(next)
            }
            Node::Repeat { node, least, most } => {
                let mut entry = next;
                let mut required = *least;
                match most {
                    // One copy that leads back to itself: the last of those required, or one
                    // that may be passed over.
                    None => {
                        let fork = self.push(State::Fork(next, next));
                        let copy = self.node(node, fork);
                        self.states[fork as usize] = State::Fork(copy, next);
                        entry = if required == 0 { fork } else { copy };
                        required = required.saturating_sub(1);
                    }
                    // Each copy beyond the least stands inside the one before it, so that
                    // leaving is one way from each rather than a way to all that follow.
                    Some(most) => {
                        for _ in *least..*most {
                            let copy = self.node(node, entry);
                            entry = self.push(State::Fork(copy, next));
                        }
                    }
                }
                (0..required).fold(entry, |entry, _| self.node(node, entry))
            }
        }
    }
}
