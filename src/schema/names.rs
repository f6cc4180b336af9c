//! Names and namespaces by number. A document's names are looked up once for every element,
//! so the hash is a quick one; only names of schemas are ever stored, so a document cannot
//! make it slow.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A map with a quick hash, for keys that only schemas choose.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

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

/// Names and their numbers.
pub struct Names {
    locals: Map<String, u32>,
    list: Vec<String>,
    spaces: Vec<String>,
    space_numbers: Map<String, u16>,
    overfull: bool,
}

impl Names {
    pub fn new() -> Names {
        Names {
            locals: Map::default(),
            list: Vec::new(),
            spaces: vec![String::new()],
            space_numbers: Map::from_iter([(String::new(), 0)]),
            overfull: false,
        }
    }

    /// The number of a name, a new one if it has none yet.
    pub fn intern(&mut self, namespace: &str, local: &str) -> Name {
        let space = self.intern_space(namespace);
        let local = match self.locals.get(local) {
            Some(number) => *number,
            None => {
                let number = self.list.len() as u32;
                self.locals.insert(local.to_owned(), number);
                self.list.push(local.to_owned());
                number
            }
        };
        Name {
            space,
            local: Symbol(local),
        }
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
        self.locals.get(local).copied().map(Symbol)
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
