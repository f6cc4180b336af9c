//! Names and namespaces by number. A document's names are looked up once for every element,
//! so the hash is a quick one; only names of schemas are ever stored, so a document cannot
//! make it slow.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A map with a quick hash, for keys that only schemas choose.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// A set with a quick hash, for keys that only schemas and code lists choose.
pub type Set<K> = HashSet<K, BuildHasherDefault<Quick>>;

/// The number of a local name in a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// A name with its namespace, numbered. Namespace 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// Its namespace.
    pub space: u16,
    /// Its local name.
    pub local: Symbol,
}

/// A namespace that no schema of the set mentions.
pub const UNKNOWN_SPACE: u16 = u16::MAX;

/// Namespaces of one set; the largest published ones have some dozens.
pub const SPACES_MAX: usize = 10_000;

/// Names and their numbers. Local names lie in a table of their own, since every element of a
/// document is looked up there: a name is its first and its last eight bytes and its length,
/// and only of a longer one the rest is compared.
pub struct Names {
    list: Vec<String>,
    spaces: Vec<String>,
    /// A power of two, at least four times as many as names.
    table: Vec<Entry>,
    space_numbers: Map<String, u16>,
    overfull: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Entry {
    key: Key,
    /// The number and one; 0 is a free place.
    number: u32,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Key {
    first: u64,
    last: u64,
    length: u32,
}

impl Key {
    fn of(name: &str) -> Key {
        let bytes = name.as_bytes();
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        let half =
            |bytes: &[u8]| u64::from(u32::from_le_bytes(bytes.try_into().expect("four bytes")));
        let (first, last) = match bytes.len() {
            length @ 8.. => (word(&bytes[..8]), word(&bytes[length - 8..])),
            length @ 4.. => (half(&bytes[..4]), half(&bytes[length - 4..])),
            _ => (
                bytes
                    .iter()
                    .fold(0, |all, byte| all << 8 | u64::from(*byte)),
                0,
            ),
        };
        Key {
            first,
            last,
            length: bytes.len() as u32,
        }
    }

    /// Where in a table of so many places it is looked for first.
    fn place(self, places: usize) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(29) ^ u64::from(self.length) << 56)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as usize & (places - 1)
    }
}

/// Names of this length and less are their key.
const KEY_BYTES: usize = 16;

impl Names {
    pub fn new() -> Names {
        Names {
            list: Vec::new(),
            spaces: vec![String::new()],
            table: vec![Entry::default(); 64],
            space_numbers: Map::from_iter([(String::new(), 0)]),
            overfull: false,
        }
    }

    /// The number of a name, a new one if it has none yet.
    pub fn intern(&mut self, namespace: &str, local: &str) -> Name {
        let space = self.intern_space(namespace);
        let local = self.symbol(local).unwrap_or_else(|| self.add(local));
        Name { space, local }
    }

    fn add(&mut self, local: &str) -> Symbol {
        self.list.push(local.to_owned());
        if self.list.len() * 4 > self.table.len() {
            self.table = vec![Entry::default(); self.table.len() * 2];
            for number in 0..self.list.len() {
                self.enter(number);
            }
        } else {
            self.enter(self.list.len() - 1);
        }
        Symbol((self.list.len() - 1) as u32)
    }

    fn enter(&mut self, number: usize) {
        let key = Key::of(&self.list[number]);
        let mut at = key.place(self.table.len());
        while self.table[at].number > 0 {
            at = (at + 1) & (self.table.len() - 1);
        }
        self.table[at] = Entry {
            key,
            number: number as u32 + 1,
        };
    }

    /// Whether there were more namespaces than have numbers; then nothing may be compiled.
    pub fn is_overfull(&self) -> bool {
        self.overfull
    }

    /// The number of a namespace, a new one if it has none yet.
    pub fn intern_space(&mut self, namespace: &str) -> u16 {
        if let Some(known) = self.space(namespace) {
            return known;
        }
        if self.spaces.len() == SPACES_MAX {
            self.overfull = true;
            return UNKNOWN_SPACE;
        }
        let number = self.spaces.len() as u16;
        self.spaces.push(namespace.to_owned());
        self.space_numbers.insert(namespace.to_owned(), number);
        number
    }

    /// The number of a namespace.
    pub fn space(&self, namespace: &str) -> Option<u16> {
        self.space_numbers.get(namespace).copied()
    }

    /// A namespace by its number.
    pub fn space_name(&self, space: u16) -> &str {
        self.spaces.get(usize::from(space)).map_or("", |name| name)
    }

    /// The number of a local name.
    pub fn symbol(&self, local: &str) -> Option<Symbol> {
        let key = Key::of(local);
        let mut at = key.place(self.table.len());
        loop {
            let entry = self.table[at];
            if entry.number == 0 {
                return None;
            }
            let number = entry.number - 1;
            if entry.key == key && (local.len() <= KEY_BYTES || self.list[number as usize] == local)
            {
                return Some(Symbol(number));
            }
            at = (at + 1) & (self.table.len() - 1);
        }
    }

    /// A local name by its number.
    pub fn local(&self, symbol: Symbol) -> &str {
        self.list.get(symbol.0 as usize).map_or("", |name| name)
    }

    /// The number of a name, if it has one.
    pub fn find(&self, namespace: &str, local: &str) -> Option<Name> {
        Some(Name {
            space: self.space(namespace)?,
            local: self.symbol(local)?,
        })
    }
}

/// Where names begin in a list that is sorted by name: a short one is looked through, a longer
/// one has a power of two of places, at least twice as many as names, which are looked at one
/// after another from the hash on. A place is where the name begins, and one.
#[derive(Debug, Default)]
pub struct Places {
    length: usize,
    places: Box<[u32]>,
}

/// Lists up to this long are looked through.
const LOOKED_THROUGH: usize = 4;

impl Places {
    /// Of the names of a sorted list.
    pub fn of(names: impl Iterator<Item = Name>) -> Places {
        let names: Vec<Name> = names.collect();
        let mut places = Places {
            length: names.len(),
            places: Box::default(),
        };
        if names.len() > LOOKED_THROUGH {
            let size = (names.len() * 2).next_power_of_two();
            places.places = vec![0; size].into();
            for (at, name) in names.iter().enumerate() {
                if at == 0 || names[at - 1] != *name {
                    let mut place = spot(*name, size);
                    while places.places[place] > 0 {
                        place = (place + 1) & (size - 1);
                    }
                    places.places[place] = at as u32 + 1;
                }
            }
        }
        places
    }

    /// Where `name` begins; `at` gives the names of the list.
    pub fn find(&self, name: Name, at: impl Fn(usize) -> Name) -> Option<usize> {
        if self.places.is_empty() {
            return (0..self.length).find(|place| at(*place) == name);
        }
        let mut place = spot(name, self.places.len());
        loop {
            let found = self.places[place].checked_sub(1)? as usize;
            if at(found) == name {
                return Some(found);
            }
            place = (place + 1) & (self.places.len() - 1);
        }
    }
}

/// Where a name is looked for first.
fn spot(name: Name, size: usize) -> usize {
    let both = u64::from(name.local.0) | u64::from(name.space) << 32;
    (both.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (size - 1)
}

/// Multiplies and rotates eight bytes at a time.
#[derive(Default, Clone, Copy)]
pub struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.add(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        }
        let mut rest = 0;
        for byte in chunks.remainder() {
            rest = rest << 8 | u64::from(*byte);
        }
        self.add(rest ^ (bytes.len() as u64) << 56);
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn write_u16(&mut self, number: u16) {
        self.add(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes its bits from both ends.
        self.0 ^ self.0 >> 32
    }
}
