//! Chance, from a seed: SplitMix64 (Steele, Lea and Flood 2014). Its state is a counter, so any
//! message of a sequence can be made without those before it.

/// The step of the counter: 2^64 divided by the golden ratio, made odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

pub(super) struct Random(u64);

impl Random {
    /// The chance of one message of one sequence.
    pub(super) fn new(seed: u64, number: u64) -> Random {
        Random(mix(seed.wrapping_add(STEP)) ^ mix(number))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0, smaller than `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number of this range, both ends included.
    pub(super) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    pub(super) fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    pub(super) fn pick<'t, T>(&mut self, table: &'t [T]) -> &'t T {
        &table[self.below(table.len() as u64) as usize]
    }

    /// One of the entries, each as often as its weight says.
    pub(super) fn weighted<T: Copy>(&mut self, table: &[(u64, T)]) -> T {
        let mut left = self.below(table.iter().map(|(weight, _)| weight).sum());
        for (weight, entry) in table {
            if left < *weight {
                return *entry;
            }
            left -= weight;
        }
        unreachable!("the weights sum up to what was drawn below");
    }

    /// A size: a range by its weight, then a number of it.
    pub(super) fn size(&mut self, table: &[(u64, (u64, u64))]) -> u64 {
        let (first, last) = self.weighted(table);
        self.between(first, last)
    }

    /// `#` becomes a digit, `@` a letter; the rest stays.
    pub(super) fn like(&mut self, pattern: &str) -> String {
        let character = |c| match c {
            '#' => char::from(b'0' + self.below(10) as u8),
            '@' => char::from(b'A' + self.below(26) as u8),
            other => other,
        };
        pattern.chars().map(character).collect()
    }
}

/// Spreads a number over all 64 bits; one to one.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
