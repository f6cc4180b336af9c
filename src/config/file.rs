//! Reads the TOML file, keeping the line of every key.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::authority;
use crate::finding::{Severity, nearest};
use crate::http;
use crate::routing::Route;

use super::{Config, Mistake, settings};

/// A file longer than this is not a configuration.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads the file at `path` into `config`; what is wrong goes to `mistakes`.
pub fn read(path: &Path, config: &mut Config, mistakes: &mut Vec<Mistake>) {
    let source = path.display().to_string();
    let text = std::fs::metadata(path).and_then(|file| match file.len() {
        0..=FILE_BYTES_MAX => std::fs::read_to_string(path),
        _ => Err(std::io::Error::other(format!(
            "longer than {FILE_BYTES_MAX} bytes"
        ))),
    });
    match text {
        Ok(text) => Reader {
            source,
            text: &text,
            config,
            mistakes,
        }
        .read(),
        Err(error) => {
            let text = format!("cannot read the configuration: {error}");
            mistakes.push(Mistake {
                source,
                line: 0,
                key: String::new(),
                text,
            });
        }
    }
}

struct Reader<'a> {
    source: String,
    text: &'a str,
    config: &'a mut Config,
    mistakes: &'a mut Vec<Mistake>,
}

type Table<'t> = DeTable<'t>;
type Node<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    fn read(mut self) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.mistake(at, "", error.message().to_owned());
        }
        for (key, node) in table.get_ref() {
            let at = key.span().start;
            match (key.get_ref().as_ref(), node.get_ref()) {
                ("authority", DeValue::Array(_)) => self.authorities(node),
                ("route", DeValue::Array(_)) => self.routes(node),
                ("rules", DeValue::Table(rules)) => self.rules(rules),
                (name @ ("authority" | "route"), _) => {
                    self.mistake(at, name, format!("expected a list: write [[{name}]]"));
                }
                (name, DeValue::Table(section)) => self.section(name, section),
                (name, _) => self.setting(at, name, node),
            }
        }
    }

    fn section(&mut self, section: &str, table: &Table<'_>) {
        for (key, node) in table {
            let name = format!("{section}.{}", key.get_ref());
            self.setting(key.span().start, &name, node);
        }
    }

    fn setting(&mut self, at: usize, key: &str, node: &Node<'_>) {
        let result = match node.get_ref() {
            DeValue::String(text) => settings::set(self.config, key, text, settings::Shape::Text),
            DeValue::Integer(number) => {
                settings::set(self.config, key, number.as_str(), settings::Shape::Integer)
            }
            DeValue::Boolean(flag) => settings::set(
                self.config,
                key,
                &flag.to_string(),
                settings::Shape::Boolean,
            ),
            other => settings::set(self.config, key, "", settings::Shape::Text).and_then(|()| {
                Err(format!(
                    "expected a plain value, found {}",
                    other.type_str()
                ))
            }),
        };
        if let Err(text) = result {
            self.mistake(at, key, text);
        }
    }

    fn authorities(&mut self, list: &Node<'_>) {
        self.config.authorities.clear();
        for (at, table) in self.tables("authority", list) {
            let (mut name, mut authority) = (
                String::new(),
                authority::http::Config {
                    url: String::new(),
                    token: String::new(),
                    callback: String::new(),
                    client: http::Settings::default(),
                },
            );
            for (key, node) in table {
                let (at, key) = (key.span().start, key.get_ref().as_ref());
                let text = self.text_of(at, &format!("authority.{key}"), node);
                match key {
                    "name" => name = text,
                    "url" => authority.url = text,
                    "token" => authority.token = text,
                    "callback" => authority.callback = text,
                    "ca" => match std::fs::read(&text) {
                        Ok(pem) => authority.client.ca = Some(pem),
                        Err(error) => {
                            self.mistake(at, "authority.ca", format!("cannot read {text}: {error}"))
                        }
                    },
                    other => {
                        let text = unknown(other, &["name", "url", "token", "callback", "ca"]);
                        self.mistake(at, &format!("authority.{other}"), text);
                    }
                }
            }
            let named = !name.is_empty() && name.len() <= 64 && name.bytes().all(name_byte);
            if !named {
                let text = "expected a name of 1 to 64 letters, digits, '.', '_' or '-'".to_owned();
                self.mistake(at, "authority.name", text);
            }
            if !authority.url.starts_with("http://") && !authority.url.starts_with("https://") {
                let text = format!(
                    "expected an address that begins with http:// or https://, found {:?}",
                    authority.url
                );
                self.mistake(at, "authority.url", text);
            }
            if named
                && self
                    .config
                    .authorities
                    .insert(name.clone(), authority)
                    .is_some()
            {
                self.mistake(at, "authority.name", format!("{name} is there twice"));
            }
        }
    }

    fn routes(&mut self, list: &Node<'_>) {
        self.config.routes.clear();
        for (_, table) in self.tables("route", list) {
            let mut route = Route::default();
            for (key, node) in table {
                let (at, key) = (key.span().start, key.get_ref().as_ref());
                let text = self.text_of(at, &format!("route.{key}"), node);
                match key {
                    "kind" => route.kind = text,
                    "message_type" => route.message_type = text,
                    "office" => route.office = text,
                    "authority" => route.authority = text,
                    other => {
                        let text = unknown(other, &["kind", "message_type", "office", "authority"]);
                        self.mistake(at, &format!("route.{other}"), text);
                    }
                }
            }
            self.config.routes.push(route);
        }
    }

    fn rules(&mut self, table: &Table<'_>) {
        for (code, node) in table {
            let (at, code) = (code.span().start, code.get_ref().as_ref());
            let severity = match self.text_of(at, &format!("rules.{code}"), node).as_str() {
                "error" => Some(Severity::Error),
                "warning" => Some(Severity::Warning),
                "off" => None,
                other => {
                    let text =
                        format!("expected \"error\", \"warning\" or \"off\", found {other:?}");
                    self.mistake(at, &format!("rules.{code}"), text);
                    continue;
                }
            };
            self.config.rules.insert(code.to_owned(), severity);
        }
    }

    /// The tables of a list, each with its place.
    fn tables<'t>(&mut self, key: &str, list: &'t Node<'t>) -> Vec<(usize, &'t Table<'t>)> {
        let mut tables = Vec::new();
        for node in list.get_ref().as_array().into_iter().flatten() {
            match node.get_ref().as_table() {
                Some(table) => tables.push((node.span().start, table)),
                None => self.mistake(
                    node.span().start,
                    key,
                    format!("expected a table: write [[{key}]]"),
                ),
            }
        }
        tables
    }

    fn text_of(&mut self, at: usize, key: &str, node: &Node<'_>) -> String {
        match node.get_ref() {
            DeValue::String(text) => text.to_string(),
            other => {
                self.mistake(
                    at,
                    key,
                    format!("expected a string, found {}", other.type_str()),
                );
                String::new()
            }
        }
    }

    fn mistake(&mut self, at: usize, key: &str, text: String) {
        let line = 1 + self.text.as_bytes()[..at.min(self.text.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.mistakes.push(Mistake {
            source: self.source.clone(),
            line,
            key: key.to_owned(),
            text,
        });
    }
}

fn name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// What to say about a word that is not one of `known`.
pub fn unknown(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("not a setting; did you mean {near}?"),
        None => format!("not a setting; expected one of {}", known.join(", ")),
    }
}
