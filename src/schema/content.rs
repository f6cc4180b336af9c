//! Content models as deterministic automata (Glushkov's construction). A position is one
//! element particle; a state is the position last matched. Repetition of an element is a
//! counter on its position and is never unrolled.

use super::tables::Name;

/// A content model as written.
#[derive(Debug, Clone)]
pub enum Particle {
    /// An element, `min` to `max` times.
    Element {
        element: usize,
        name: Name,
        min: u32,
        max: u32,
    },
    /// All of these, in order.
    Sequence {
        items: Vec<Particle>,
        min: u32,
        max: u32,
    },
    /// One of these.
    Choice {
        items: Vec<Particle>,
        min: u32,
        max: u32,
    },
}

/// No end to `maxOccurs`.
pub const UNBOUNDED: u32 = u32::MAX;

/// One element particle of a model.
#[derive(Debug)]
pub struct Position {
    pub name: Name,
    pub element: usize,
    pub min: u32,
    pub max: u32,
}

/// A compiled content model. State 0 is the beginning, state n + 1 follows position n.
#[derive(Debug)]
pub struct Automaton {
    pub positions: Vec<Position>,
    /// For each state the positions that may come next, sorted by name.
    next: Vec<Vec<(Name, u16)>>,
    /// Whether a document may end in a state (its counter aside).
    accepts: Vec<bool>,
}

/// Why a model cannot be compiled.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Two particles compete for an element of this name: cos-nonambig.
    Ambiguous(Name),
    /// A group that repeats a bounded number of times.
    CountedGroup,
    /// More element particles than a state has bits for.
    TooLarge,
}

/// Positions of one model: states are 16 bits wide.
const POSITIONS_MAX: usize = 60_000;

/// Where a document stands in a model: a state, and how often its position was matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    pub state: u16,
    pub run: u32,
}

/// What an element means at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It may stand here.
    Fits { position: u16, at: At },
    /// It may stand later in the model; something that is required before it is missing.
    Later { position: u16, at: At },
    /// The model has it, but earlier, or not again.
    Misplaced { position: u16 },
    /// The model does not have it.
    Unknown,
}

impl Automaton {
    /// Compiles a model.
    pub fn compile(particle: &Particle) -> Result<Automaton, Wrong> {
        let mut builder = Builder {
            positions: Vec::new(),
            follow: Vec::new(),
        };
        let whole = builder.add(particle)?;
        let mut next = vec![whole.first.clone()];
        next.extend(builder.follow);
        let mut accepts = vec![whole.nullable];
        accepts.extend(
            (0..builder.positions.len() as u16).map(|position| whole.last.contains(&position)),
        );
        let mut table = Vec::with_capacity(next.len());
        for mut positions in next {
            positions.sort_unstable();
            positions.dedup();
            let name = |position: u16| builder.positions[usize::from(position)].name;
            let mut named: Vec<(Name, u16)> = positions
                .into_iter()
                .map(|position| (name(position), position))
                .collect();
            named.sort_unstable();
            if let Some(pair) = named.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(Wrong::Ambiguous(pair[0].0));
            }
            table.push(named);
        }
        Ok(Automaton {
            positions: builder.positions,
            next: table,
            accepts,
        })
    }

    /// What an element called `name` means at `at`.
    pub fn step(&self, at: At, name: Name) -> Step {
        let state = usize::from(at.state);
        if let Ok(found) = self.next[state].binary_search_by_key(&name, |(name, _)| *name) {
            let position = self.next[state][found].1;
            let again = state == usize::from(position) + 1;
            let fits = if again {
                at.run < self.positions[usize::from(position)].max
            } else {
                self.may_leave(at)
            };
            let run = if again { at.run + 1 } else { 1 };
            if fits {
                return Step::Fits {
                    position,
                    at: At {
                        state: position + 1,
                        run,
                    },
                };
            }
            if !again {
                return Step::Later {
                    position,
                    at: At {
                        state: position + 1,
                        run,
                    },
                };
            }
        }
        let mut named = self
            .positions
            .iter()
            .enumerate()
            .filter(|(_, position)| position.name == name);
        let mut earlier = None;
        match named.find(|(number, _)| {
            let later = *number >= state;
            if !later {
                earlier = Some(*number as u16);
            }
            later
        }) {
            Some((number, _)) => {
                let position = number as u16;
                Step::Later {
                    position,
                    at: At {
                        state: position + 1,
                        run: 1,
                    },
                }
            }
            None => earlier.map_or(Step::Unknown, |position| Step::Misplaced { position }),
        }
    }

    /// Whether nothing more is required at `at`.
    pub fn may_end(&self, at: At) -> bool {
        self.accepts[usize::from(at.state)] && self.may_leave(at)
    }

    /// The names that may come at `at`, in the order of the model.
    pub fn expected(&self, at: At) -> Vec<Name> {
        let mut positions: Vec<u16> = self.next[usize::from(at.state)]
            .iter()
            .map(|(_, position)| *position)
            .collect();
        positions.sort_unstable();
        let fits = |position: &u16| {
            let again = at.state == position + 1;
            if again {
                at.run < self.positions[usize::from(*position)].max
            } else {
                self.may_leave(at)
            }
        };
        positions
            .into_iter()
            .filter(fits)
            .map(|position| self.positions[usize::from(position)].name)
            .collect()
    }

    /// Whether the position last matched came often enough.
    fn may_leave(&self, at: At) -> bool {
        at.state == 0 || at.run >= self.positions[usize::from(at.state) - 1].min
    }
}

struct Builder {
    positions: Vec<Position>,
    follow: Vec<Vec<u16>>,
}

struct Part {
    nullable: bool,
    first: Vec<u16>,
    last: Vec<u16>,
}

impl Builder {
    fn add(&mut self, particle: &Particle) -> Result<Part, Wrong> {
        match particle {
            Particle::Element {
                element,
                name,
                min,
                max,
            } => self.element(*element, *name, *min, *max),
            Particle::Sequence { items, min, max } | Particle::Choice { items, min, max } => {
                // A group around one plain element lends it its counters.
                if let (
                    [
                        Particle::Element {
                            element,
                            name,
                            min: 1,
                            max: 1,
                        },
                    ],
                    true,
                ) = (&items[..], *max > 1)
                {
                    return self.element(*element, *name, *min, *max);
                }
                let sequence = matches!(particle, Particle::Sequence { .. });
                let mut part = if sequence {
                    self.sequence(items)?
                } else {
                    self.choice(items)?
                };
                match (*min, *max) {
                    (0 | 1, 1) => {}
                    (_, 0) => return Ok(nothing()),
                    (0 | 1, UNBOUNDED) => self.repeat(&part)?,
                    _ => return Err(Wrong::CountedGroup),
                }
                part.nullable |= *min == 0;
                Ok(part)
            }
        }
    }

    fn element(&mut self, element: usize, name: Name, min: u32, max: u32) -> Result<Part, Wrong> {
        if max == 0 {
            return Ok(nothing());
        }
        if self.positions.len() == POSITIONS_MAX {
            return Err(Wrong::TooLarge);
        }
        let position = self.positions.len() as u16;
        self.positions.push(Position {
            name,
            element,
            min,
            max,
        });
        self.follow
            .push(if max > 1 { vec![position] } else { Vec::new() });
        Ok(Part {
            nullable: min == 0,
            first: vec![position],
            last: vec![position],
        })
    }

    fn sequence(&mut self, items: &[Particle]) -> Result<Part, Wrong> {
        let mut whole = nothing();
        for item in items {
            let part = self.add(item)?;
            for last in &whole.last {
                self.follow[usize::from(*last)].extend(&part.first);
            }
            if whole.nullable {
                whole.first.extend(&part.first);
            }
            if part.nullable {
                whole.last.extend(&part.last);
            } else {
                whole.last = part.last;
            }
            whole.nullable &= part.nullable;
        }
        Ok(whole)
    }

    fn choice(&mut self, items: &[Particle]) -> Result<Part, Wrong> {
        let mut whole = Part {
            nullable: items.is_empty(),
            ..nothing()
        };
        for item in items {
            let part = self.add(item)?;
            whole.nullable |= part.nullable;
            whole.first.extend(part.first);
            whole.last.extend(part.last);
        }
        Ok(whole)
    }

    fn repeat(&mut self, part: &Part) -> Result<(), Wrong> {
        for last in &part.last {
            let position = &self.positions[usize::from(*last)];
            // A bounded run inside an unbounded repetition could be counted in two ways.
            if position.max > 1 && position.max != UNBOUNDED && part.first.contains(last) {
                return Err(Wrong::Ambiguous(position.name));
            }
            self.follow[usize::from(*last)].extend(&part.first);
        }
        // One that repeats by the group alone may run on without end.
        for first in part.first.iter().filter(|first| part.last.contains(first)) {
            let position = &mut self.positions[usize::from(*first)];
            if position.max == 1 {
                position.max = UNBOUNDED;
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
