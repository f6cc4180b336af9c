//! Keys that were met, compared one by one while they are few: then nothing is allocated.

use std::collections::HashSet;
use std::hash::Hash;

/// As many keys are kept side by side and compared one by one; most messages have fewer.
const FEW: usize = 16;

/// The keys met so far.
pub struct Seen<K> {
    few: [Option<K>; FEW],
    count: usize,
    many: HashSet<K>,
}

impl<K: Copy + Eq + Hash> Seen<K> {
    /// None yet.
    pub fn new() -> Seen<K> {
        Seen {
            few: [None; FEW],
            count: 0,
            many: HashSet::new(),
        }
    }

    pub fn contains(&self, key: K) -> bool {
        self.few[..self.count.min(FEW)].contains(&Some(key)) || self.many.contains(&key)
    }

    /// False when it was there.
    pub fn insert(&mut self, key: K) -> bool {
        if self.contains(key) {
            return false;
        }
        match self.few.get_mut(self.count) {
            Some(free) => *free = Some(key),
            None => _ = self.many.insert(key),
        }
        self.count += 1;
        true
    }
}
