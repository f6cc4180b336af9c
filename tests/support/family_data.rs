//! Families as their folders have them: messages with the trees of their elements, and rules
//! with the paths that they name. For documents and lists; the gateway has its own reader.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use toml::{Table, Value};

use super::xsd_reference::{Element, Files};

/// A folder of `schemas/`.
pub struct Family {
    pub folder: String,
    pub table: Table,
    pub messages: Vec<Message>,
    /// Of every file of rules, in the order in which messages name them.
    pub rules: Vec<Rule>,
}

/// A `[[message]]`.
pub struct Message {
    pub name: String,
    pub role: String,
    /// The path of the element that fields and rules begin at; "" is the root.
    pub inside: String,
    pub table: Table,
    /// The root element.
    pub root: Element,
    /// Its files of rules.
    pub files: Vec<String>,
}

/// A `[[rule]]`.
pub struct Rule {
    pub file: String,
    pub table: Table,
    /// The paths, from where rules begin, that its check names.
    pub checked: Vec<String>,
    /// Those that its conditions name.
    pub conditions: Vec<String>,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn schemas() -> PathBuf {
    root().join("schemas")
}

/// The text under `key`; empty if there is none.
pub fn text<'t>(table: &'t Table, key: &str) -> &'t str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The texts under `key`: one, or a list.
pub fn texts(table: &Table, key: &str) -> Vec<String> {
    match table.get(key) {
        Some(Value::Array(items)) => items.iter().filter_map(string).collect(),
        Some(one) => string(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The tables of a list under `key`.
pub fn tables<'t>(table: &'t Table, key: &str) -> impl Iterator<Item = &'t Table> {
    let items = table.get(key).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_table)
}

/// Every family, by folder.
pub static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    let mut folders: Vec<PathBuf> = fs::read_dir(schemas())
        .expect("a folder of families")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("family.toml").is_file())
        .collect();
    folders.sort();
    folders.iter().map(|folder| family(folder)).collect()
});

fn family(path: &Path) -> Family {
    let table = read(&path.join("family.toml"));
    let folder = path
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let messages: Vec<Message> = tables(&table, "message")
        .map(|own| completed(own, &table))
        .map(|message| {
            let files = Files::load(&schemas(), &folder, text(&message, "schema"));
            Message {
                name: text(&message, "type").to_owned(),
                role: text(&message, "role").to_owned(),
                inside: text(&message, "inside").to_owned(),
                root: files.element(text(&message, "namespace"), text(&message, "root")),
                files: texts(&message, "rules"),
                table: message,
            }
        })
        .collect();
    let mut rules: Vec<Rule> = Vec::new();
    for file in messages.iter().flat_map(|message| &message.files) {
        if !rules.iter().any(|known| known.file == *file) {
            let table = read(&path.join(file));
            rules.extend(tables(&table, "rule").map(|rule| Rule::new(file, rule)));
        }
    }
    Family {
        folder,
        table,
        messages,
        rules,
    }
}

/// A message with what it leaves out taken from the one that it is like.
fn completed(own: &Table, family: &Table) -> Table {
    let same = |other: &&Table, key| text(other, key) == text(own, key);
    let other = tables(family, "message")
        .filter(|other| text(other, "type") == text(own, "like"))
        .find(|other| same(other, "role"));
    let mut table = other.cloned().unwrap_or_default();
    table.extend(own.clone());
    table
}

fn read(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

impl Family {
    /// The rules of a message, in order.
    pub fn rules_of<'f>(&'f self, message: &'f Message) -> impl Iterator<Item = &'f Rule> {
        let files = message.files.iter();
        files.flat_map(|file| self.rules.iter().filter(move |rule| rule.file == *file))
    }
}

impl Message {
    /// The element that fields and rules begin at.
    pub fn start(&self) -> &Element {
        let found = self.root.at(&self.inside);
        found.unwrap_or_else(|| panic!("{}: {} is not there", self.name, self.inside))
    }
}

impl Rule {
    fn new(file: &str, table: &Table) -> Rule {
        let each = text(table, "each");
        let mut checked = Vec::new();
        let mut conditions = fields(tables(table, "when"), each);
        for (primitive, what) in table
            .get("check")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            match what {
                Value::Table(what) => paths(what, primitive, each, &mut checked, &mut conditions),
                list => {
                    let list = list
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str);
                    checked.extend(list.map(|path| join(each, path)));
                }
            }
        }
        Rule {
            file: file.to_owned(),
            table: table.clone(),
            checked,
            conditions,
        }
    }

    pub fn code(&self) -> &str {
        text(&self.table, "code")
    }

    /// The elements of which it refuses another number in every message: their paths, the
    /// fewest and the most.
    pub fn counts(&self) -> impl Iterator<Item = (&str, Option<u32>, Option<u32>)> {
        let count = self.check("count").and_then(Value::as_table);
        let always = self.conditions.is_empty() && text(&self.table, "severity") == "error";
        let count = count.filter(|_| always);
        let number = |key: &str| count?.get(key)?.as_integer()?.try_into().ok();
        let (min, max) = (number("min"), number("max"));
        let of = count.map_or(0, |count| texts(count, "of").len());
        let paths = self.checked.iter().take(of);
        paths.map(move |path| (path.as_str(), min, max))
    }

    /// The table of its check if that is `primitive`.
    pub fn check(&self, primitive: &str) -> Option<&Value> {
        self.table.get("check")?.as_table()?.get(primitive)
    }
}

/// The paths that a check of the form `primitive = { … }` names.
fn paths(
    what: &Table,
    primitive: &str,
    context: &str,
    checked: &mut Vec<String>,
    conditions: &mut Vec<String>,
) {
    let inside = join(context, text(what, "each"));
    let of = join(&inside, text(what, "of"));
    for key in [
        "field", "fields", "left", "right", "first", "then", "to", "of", "equals", "by",
    ] {
        let from = match key {
            "of" => &inside,
            "by" if matches!(primitive, "unique" | "sequence") => &of,
            _ => context,
        };
        checked.extend(texts(what, key).iter().map(|path| join(from, path)));
    }
    let from = match what.contains_key("each") {
        true => &inside,
        false => &of,
    };
    conditions.extend(fields(tables(what, "where"), from));
}

fn fields<'t>(conditions: impl Iterator<Item = &'t Table>, context: &str) -> Vec<String> {
    let named = |condition| [texts(condition, "field"), texts(condition, "same")].concat();
    let all = conditions.flat_map(named);
    all.map(|path| join(context, &path)).collect()
}

/// `path` as seen from the element at `context`; a slash in front begins at the root, and a dot
/// is the element itself.
pub fn join(context: &str, path: &str) -> String {
    let context = if path.starts_with('/') { "" } else { context };
    let steps = context.split('/').chain(path.split('/'));
    let steps: Vec<&str> = steps
        .filter(|step| !step.is_empty() && *step != ".")
        .collect();
    steps.join("/")
}
