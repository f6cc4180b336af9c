//! Reads the TOML files of a family, keeping lines: everything that is wrong becomes a
//! mistake with file, line and the nearest valid word.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::nearest;
use crate::schema::Mistake;

/// A TOML value with its place.
pub type Node<'t> = Spanned<DeValue<'t>>;

/// One table with its place, and the table that has what it leaves out.
#[derive(Clone, Copy)]
pub struct Table<'t> {
    table: &'t DeTable<'t>,
    at: usize,
    like: Option<&'t DeTable<'t>>,
}

/// Reads tables of one file and collects what is wrong.
pub struct Source<'m> {
    file: String,
    text: String,
    mistakes: &'m mut Vec<Mistake>,
}

impl<'m> Source<'m> {
    /// A reader of `file` that reports to `mistakes`.
    pub fn new(file: &str, text: &str, mistakes: &'m mut Vec<Mistake>) -> Source<'m> {
        Source {
            file: file.to_owned(),
            text: text.to_owned(),
            mistakes,
        }
    }

    /// The root table of `text`.
    pub fn root<'t>(
        &mut self,
        table: &'t Spanned<DeTable<'t>>,
        errors: Vec<toml::de::Error>,
    ) -> Table<'t> {
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.mistake(at, error.message());
        }
        Table {
            table: table.get_ref(),
            at: 0,
            like: None,
        }
    }

    /// Adds a mistake at an offset.
    pub fn mistake(&mut self, at: usize, text: impl Into<String>) {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = 1 + memchr::memchr_iter(b'\n', before).count() as u32;
        self.mistakes.push(Mistake {
            file: self.file.clone(),
            line,
            text: text.into(),
        });
    }

    /// Every key of `table` has to be one of `known`.
    pub fn only(&mut self, table: Table<'_>, known: &[&str]) {
        for key in table
            .table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
        {
            let word = key.get_ref();
            let text = match nearest(word, known.iter().copied()) {
                Some(near) => format!("{word} is not known here; did you mean {near}?"),
                None => format!("{word} is not known here; expected {}", known.join(", ")),
            };
            self.mistake(key.span().start, text);
        }
    }

    /// A string that may be absent.
    pub fn maybe(&mut self, table: Table<'_>, key: &str) -> Option<String> {
        let node = table.get(key)?;
        match node.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            other => {
                self.mistake(
                    node.span().start,
                    format!("{key}: expected a string, found {}", other.type_str()),
                );
                None
            }
        }
    }

    /// A string that has to be there; empty if it is not.
    pub fn string(&mut self, table: Table<'_>, key: &str) -> String {
        if table.get(key).is_none() {
            self.mistake(table.at, format!("{key} is missing"));
        }
        self.maybe(table, key).unwrap_or_default()
    }

    /// A whole number that may be absent.
    pub fn number(&mut self, table: Table<'_>, key: &str) -> Option<u64> {
        let node = table.get(key)?;
        let number = match node.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.mistake(node.span().start, format!("{key}: expected a whole number"));
        }
        number
    }

    /// Whole numbers of a list; none if the key is absent or they are not.
    pub fn numbers(&mut self, table: Table<'_>, key: &str) -> Vec<u64> {
        let items = table.get(key).and_then(|node| node.get_ref().as_array());
        let number = |item: &Node<'_>| match item.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let numbers = items.map(|items| items.iter().map(number).collect::<Option<_>>());
        numbers.flatten().unwrap_or_default()
    }

    /// true or false, which may be absent.
    pub fn flag(&mut self, table: Table<'_>, key: &str) -> Option<bool> {
        let node = table.get(key)?;
        let flag = node.get_ref().as_bool();
        if flag.is_none() {
            self.mistake(node.span().start, format!("{key}: expected true or false"));
        }
        flag
    }

    /// Strings; none if the key is absent.
    pub fn strings(&mut self, table: Table<'_>, key: &str) -> Vec<String> {
        let Some(node) = table.get(key) else {
            return Vec::new();
        };
        self.strings_of(node, key)
    }

    /// Strings of a list, or one that stands alone.
    pub fn strings_of(&mut self, node: &Node<'_>, key: &str) -> Vec<String> {
        if let Some(text) = node.get_ref().as_str() {
            return vec![text.to_owned()];
        }
        let Some(items) = node.get_ref().as_array() else {
            self.mistake(
                node.span().start,
                format!("{key}: expected a list of strings"),
            );
            return Vec::new();
        };
        let mut strings = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => strings.push(text.to_owned()),
                None => self.mistake(item.span().start, format!("{key}: expected a string")),
            }
        }
        strings
    }

    /// The tables of a list; none if the key is absent.
    pub fn tables<'t>(&mut self, table: Table<'t>, key: &str) -> Vec<Table<'t>> {
        let Some(node) = table.get(key) else {
            return Vec::new();
        };
        let Some(items) = node.get_ref().as_array() else {
            self.mistake(
                node.span().start,
                format!("{key}: expected a list of tables"),
            );
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| self.table_of(item, key))
            .collect()
    }

    /// A table that may be absent.
    pub fn table<'t>(&mut self, table: Table<'t>, key: &str) -> Option<Table<'t>> {
        let node = table.get(key)?;
        self.table_of(node, key)
    }

    /// A value that has to be a table.
    pub fn table_of<'t>(&mut self, node: &'t Node<'t>, key: &str) -> Option<Table<'t>> {
        match node.get_ref().as_table() {
            Some(table) => Some(Table {
                table,
                at: node.span().start,
                like: None,
            }),
            None => {
                self.mistake(node.span().start, format!("{key}: expected a table"));
                None
            }
        }
    }
}

impl<'t> Table<'t> {
    /// Where it begins.
    pub fn at(&self) -> usize {
        self.at
    }

    /// This table with what it leaves out taken from `other`.
    pub fn like(self, other: Table<'t>) -> Table<'t> {
        Table {
            like: Some(other.table),
            ..self
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'t Node<'t>> {
        let tables = [Some(self.table), self.like].into_iter().flatten();
        tables
            .flat_map(|table| table.iter())
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, node)| node)
    }

    /// Keys and values in the order of the file.
    pub fn entries(&self) -> Vec<(&'t str, &'t Node<'t>)> {
        let mut entries: Vec<(&Spanned<_>, &Node<'_>)> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, node)| (key.get_ref().as_ref(), node))
            .collect()
    }
}
