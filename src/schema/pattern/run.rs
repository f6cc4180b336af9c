//! Two ways to run an automaton over a text, both in time linear in its length: a table with
//! one look-up a character, where the subsets of states are few, and otherwise the set of
//! states carried from character to character.

use std::collections::HashMap;

use super::automaton::{Alphabet, Automaton, State};

/// Cells of a table at most: a cell is the place of a row, and two bytes hold 65,536 places.
/// That is 128 KiB; tables of published patterns need less than a tenth of it.
const CELLS_MAX: usize = 1 << 16;

/// States entered at most while a table is built, which takes some ten milliseconds. A
/// pattern that needs more has subsets without end and is better run without a table.
const WORK_MAX: usize = 1 << 20;

/// A deterministic automaton: one row for each subset of states, one cell for each kind of
/// character and a last cell that is 1 where the text may end.
#[derive(Debug)]
pub struct Table {
    cells: Vec<u16>,
    start: u16,
    width: usize,
}

impl Table {
    /// Builds the table, unless it would be too large.
    pub fn build(automaton: &Automaton) -> Option<Table> {
        let width = automaton.alphabet.count + 1;
        let mut front = Front::new(automaton);
        // Row 0 is the empty subset, from which nothing fits.
        let mut cells = vec![0; width];
        let mut rows: HashMap<Vec<u32>, u16> = HashMap::from([(Vec::new(), 0)]);
        let mut waiting = Vec::new();
        let mut targets: Vec<Vec<u32>> = vec![Vec::new(); automaton.alphabet.count];
        let mut row_of = |front: &mut Front, waiting: &mut Vec<_>, cells: &mut Vec<u16>| {
            front.steps.sort_unstable();
            let mut key = front.steps.clone();
            key.extend(front.accepts.then_some(u32::MAX));
            if let Some(row) = rows.get(&key) {
                return Some(*row);
            }
            if cells.len() + width > CELLS_MAX {
                return None;
            }
            let row = cells.len() as u16;
            cells.resize(cells.len() + width, 0);
            cells[usize::from(row) + width - 1] = u16::from(front.accepts);
            waiting.push((row, front.steps.clone()));
            rows.insert(key, row);
            Some(row)
        };
        front.enter(automaton.start);
        let start = row_of(&mut front, &mut waiting, &mut cells)?;
        while let Some((row, steps)) = waiting.pop() {
            for step in steps {
                if let State::Step { set, next } = &automaton.states[step as usize] {
                    for kind in &automaton.members[*set as usize] {
                        targets[*kind as usize].push(*next);
                        front.work += 1;
                    }
                }
            }
            for (kind, targets) in targets.iter_mut().enumerate() {
                if !targets.is_empty() {
                    front.clear();
                    targets.drain(..).for_each(|target| front.enter(target));
                    if front.work > WORK_MAX {
                        return None;
                    }
                    let target = row_of(&mut front, &mut waiting, &mut cells)?;
                    cells[usize::from(row) + kind] = target;
                }
            }
        }
        Some(Table {
            cells,
            start,
            width,
        })
    }

    /// Whether the whole of `text` fits.
    #[inline]
    pub fn is_match(&self, alphabet: &Alphabet, text: &str) -> bool {
        let mut row = self.start;
        for character in text.chars() {
            row = self.cells[usize::from(row) + alphabet.kind(character) as usize];
            if row == 0 {
                return false;
            }
        }
        self.cells[usize::from(row) + self.width - 1] == 1
    }
}

/// Whether the whole of `text` fits, by the set of states. A character costs at most one
/// visit to each state, and the cap bounds those.
pub fn is_match(automaton: &Automaton, text: &str) -> bool {
    let mut now = Front::new(automaton);
    let mut then = Front::new(automaton);
    now.enter(automaton.start);
    for character in text.chars() {
        let kind = automaton.alphabet.kind(character);
        then.clear();
        for step in &now.steps {
            if let State::Step { set, next } = &automaton.states[*step as usize]
                && automaton.members[*set as usize]
                    .binary_search(&kind)
                    .is_ok()
            {
                then.enter(*next);
            }
        }
        std::mem::swap(&mut now, &mut then);
        if now.steps.is_empty() && !now.accepts {
            return false;
        }
    }
    now.accepts
}

/// A subset of the states of an automaton: those that read a character, and whether one
/// accepts.
struct Front<'a> {
    automaton: &'a Automaton,
    steps: Vec<u32>,
    accepts: bool,
    /// The round in which each state was last entered.
    seen: Vec<u32>,
    round: u32,
    todo: Vec<u32>,
    /// States entered in all rounds.
    work: usize,
}

impl<'a> Front<'a> {
    fn new(automaton: &'a Automaton) -> Front<'a> {
        Front {
            automaton,
            steps: Vec::new(),
            accepts: false,
            seen: vec![0; automaton.states.len()],
            round: 1,
            todo: Vec::new(),
            work: 0,
        }
    }

    fn clear(&mut self) {
        self.steps.clear();
        self.accepts = false;
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.seen.fill(0);
            self.round = 1;
        }
    }

    /// Adds a state and all that it reaches over no character.
    fn enter(&mut self, state: u32) {
        self.todo.push(state);
        while let Some(state) = self.todo.pop() {
            self.work += 1;
            let seen = &mut self.seen[state as usize];
            if *seen == self.round {
                continue;
            }
            *seen = self.round;
            match &self.automaton.states[state as usize] {
                State::Step { .. } => self.steps.push(state),
                State::Fork(one, other) => self.todo.extend([*other, *one]),
                State::Accept => self.accepts = true,
            }
        }
    }
}
