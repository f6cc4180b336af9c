//! The fields of a message: what the gateway extracts of it, by the names and the order of its
//! `family.toml`. How a value is brought to one form is said there too.

use std::borrow::Cow;
use std::sync::Arc;

use super::record::{Path, ROOT, Record};
use super::rules::Codes;

/// The fields that a message type has.
#[derive(Debug, Default)]
pub struct Fields {
    names: Arc<[Arc<str>]>,
    fields: Vec<Field>,
}

/// Where one field is found: the first path with a value wins.
#[derive(Debug)]
pub struct Field {
    pub paths: Vec<Path>,
    pub form: Form,
}

/// How the value of a field is brought to one form.
#[derive(Debug)]
pub enum Form {
    AsSent,
    /// What `same_as` of the list says.
    Code(Codes),
    /// Digits of a time: as many noughts behind as are missing for `yyyyMMddHHmmssSSS`.
    Time,
}

impl Form {
    fn of<'v>(&'v self, value: &'v str) -> Cow<'v, str> {
        match self {
            Form::Code(codes) => codes
                .same_as
                .get(value)
                .map_or(value, String::as_str)
                .into(),
            Form::Time if is_time(value) => format!("{value:0<17}").into(),
            Form::AsSent | Form::Time => value.into(),
        }
    }
}

fn is_time(value: &str) -> bool {
    matches!(value.len(), 8 | 12 | 14) && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Room for the value of a field; few are longer, and most messages leave some fields out.
const VALUE_BYTES: usize = 16;

impl Fields {
    /// Fields by name, in this order.
    pub fn new(fields: Vec<(Arc<str>, Field)>) -> Fields {
        let (names, fields): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        Fields {
            names: names.into(),
            fields,
        }
    }

    /// The values that a message has.
    pub fn read(&self, record: &Record<'_>) -> Values {
        let mut values = Values {
            names: self.names.clone(),
            text: String::with_capacity(self.fields.len() * VALUE_BYTES),
            ends: Vec::with_capacity(self.fields.len()),
        };
        for field in &self.fields {
            let found = field
                .paths
                .iter()
                .filter_map(|path| record.find(ROOT, path));
            let mut texts = found.map(|node| record.text(node));
            if let Some(text) = texts.find(|text| !text.is_empty()) {
                values.text.push_str(&field.form.of(text));
            }
            values.ends.push(values.text.len() as u32);
        }
        values
    }
}

/// The values of one message's fields: one text, and where each ends in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    names: Arc<[Arc<str>]>,
    text: String,
    ends: Vec<u32>,
}

impl Values {
    /// Every field that has a value, and its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        let values = ranges.map(|(start, end)| &self.text[start as usize..*end as usize]);
        let names = self.names.iter().map(|name| &**name);
        names.zip(values).filter(|(_, value)| !value.is_empty())
    }

    /// The value of the field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}
