//! Content models by Brzozowski's derivatives: what may follow once an element was taken is
//! again a content model. No states, no counters; a model is small, and only its derivatives
//! of repetitions inside each other may grow. The plain walk goes by these alone; the fast one
//! only where the counts of an automaton can be told apart in more than one way.

use std::rc::Rc;

use super::model::Step;
use super::tables::*;

/// A content model, or what is left of one.
#[derive(Debug, PartialEq, Eq)]
pub enum Expr {
    /// Nothing fits, not even no elements.
    Nothing,
    /// No elements.
    Empty,
    Element(ElementId),
    Any(Wildcard),
    /// One after the other.
    Sequence(Vec<Rc<Expr>>),
    /// One of these.
    Choice(Vec<Rc<Expr>>),
    /// From so often to so often.
    Repeat(Rc<Expr>, u32, u32),
    /// These in any order.
    All(Vec<Rc<Expr>>),
}

/// The name of a child: as the schema knows it, and the number of its namespace.
pub type Child = (Option<Name>, u16);

impl Expr {
    /// The content model that a particle describes.
    pub fn new(particle: &Particle) -> Rc<Expr> {
        let items = |items: &[Particle]| items.iter().map(Expr::new).collect();
        let term = match &particle.term {
            Term::Element(element) => Rc::new(Expr::Element(*element)),
            Term::Any(wildcard) => Rc::new(Expr::Any(wildcard.clone())),
            Term::Sequence(particles) => sequence(items(particles)),
            Term::Choice(particles) => choice(items(particles)),
            Term::All(particles) => all(items(particles)),
        };
        repeat(term, particle.min, particle.max)
    }

    /// Whether it may end here.
    pub fn nullable(&self) -> bool {
        match self {
            Expr::Nothing | Expr::Element(_) | Expr::Any(_) => false,
            Expr::Empty => true,
            Expr::Sequence(items) | Expr::All(items) => items.iter().all(|item| item.nullable()),
            Expr::Choice(items) => items.iter().any(|item| item.nullable()),
            Expr::Repeat(item, min, _) => *min == 0 || item.nullable(),
        }
    }

    /// What may follow `child`; what the child is goes to `matches`.
    pub fn derivative(
        &self,
        child: Child,
        elements: &[Element],
        matches: &mut Vec<Step>,
    ) -> Rc<Expr> {
        match self {
            Expr::Nothing | Expr::Empty => Rc::new(Expr::Nothing),
            // cvc-particle.2.3: the element itself, or one of its substitution group.
            Expr::Element(element) => {
                let mut stand_ins = elements[*element].stands_for.iter();
                match stand_ins.find(|stand_in| Some(elements[**stand_in].name) == child.0) {
                    Some(stand_in) => took(Step::Element(*stand_in), matches),
                    None => Rc::new(Expr::Nothing),
                }
            }
            // cvc-particle.2.2, cvc-wildcard.1: a namespace that the wildcard admits.
            Expr::Any(wildcard) => match wildcard.spaces.admit(child.1) {
                true => took(Step::Any(wildcard.process), matches),
                false => Rc::new(Expr::Nothing),
            },
            Expr::Sequence(items) => {
                let mut ways = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    let mut rest = vec![item.derivative(child, elements, matches)];
                    rest.extend(items[at + 1..].iter().cloned());
                    ways.push(sequence(rest));
                    if !item.nullable() {
                        break;
                    }
                }
                choice(ways)
            }
            Expr::Choice(items) => {
                let ways = items.iter();
                choice(
                    ways.map(|item| item.derivative(child, elements, matches))
                        .collect(),
                )
            }
            // An item that may be empty can fill up turns that are missing: this is right for
            // it too.
            Expr::Repeat(item, min, max) => {
                let max = match *max {
                    UNBOUNDED => UNBOUNDED,
                    max => max - 1,
                };
                sequence(vec![
                    item.derivative(child, elements, matches),
                    repeat(item.clone(), min.saturating_sub(1), max),
                ])
            }
            Expr::All(items) => {
                let mut ways = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    let mut rest = items.clone();
                    rest[at] = item.derivative(child, elements, matches);
                    ways.push(all(rest));
                }
                choice(ways)
            }
        }
    }

    /// How large it is.
    pub fn size(&self) -> usize {
        match self {
            Expr::Nothing | Expr::Empty | Expr::Element(_) | Expr::Any(_) => 1,
            Expr::Repeat(item, ..) => 1 + item.size(),
            Expr::Sequence(items) | Expr::Choice(items) | Expr::All(items) => {
                1 + items.iter().map(|item| item.size()).sum::<usize>()
            }
        }
    }
}

fn took(what: Step, matches: &mut Vec<Step>) -> Rc<Expr> {
    if !matches.contains(&what) {
        matches.push(what);
    }
    Rc::new(Expr::Empty)
}

fn sequence(items: Vec<Rc<Expr>>) -> Rc<Expr> {
    let mut flat = Vec::with_capacity(items.len());
    for item in items {
        match &*item {
            Expr::Nothing => return item,
            Expr::Empty => {}
            Expr::Sequence(inner) => flat.extend(inner.iter().cloned()),
            _ => flat.push(item),
        }
    }
    match flat.len() {
        0 => Rc::new(Expr::Empty),
        1 => flat.swap_remove(0),
        _ => Rc::new(Expr::Sequence(flat)),
    }
}

fn choice(items: Vec<Rc<Expr>>) -> Rc<Expr> {
    let mut flat: Vec<Rc<Expr>> = Vec::new();
    for item in items {
        let inner = match &*item {
            Expr::Nothing => continue,
            Expr::Choice(inner) => inner.clone(),
            _ => vec![item],
        };
        for item in inner {
            if !flat.contains(&item) {
                flat.push(item);
            }
        }
    }
    match flat.len() {
        0 => Rc::new(Expr::Nothing),
        1 => flat.swap_remove(0),
        _ => Rc::new(Expr::Choice(flat)),
    }
}

fn all(items: Vec<Rc<Expr>>) -> Rc<Expr> {
    if items.iter().any(|item| **item == Expr::Nothing) {
        return Rc::new(Expr::Nothing);
    }
    let mut left = items;
    left.retain(|item| **item != Expr::Empty);
    match left.len() {
        0 => Rc::new(Expr::Empty),
        _ => Rc::new(Expr::All(left)),
    }
}

fn repeat(item: Rc<Expr>, min: u32, max: u32) -> Rc<Expr> {
    match (&*item, min, max) {
        (_, _, 0) | (Expr::Empty, ..) | (Expr::Nothing, 0, _) => Rc::new(Expr::Empty),
        (Expr::Nothing, ..) | (_, 1, 1) => item,
        _ => Rc::new(Expr::Repeat(item, min, max)),
    }
}
