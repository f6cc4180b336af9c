//! The lists of published fields in `tests/data/` against the schemas: every listed element is
//! at its place, as long, with as many decimals, as often and as needed as published; and what
//! a schema has beyond its list stands here with a reason.

#[path = "support/family_data.rs"]
mod family_data;
#[path = "support/excused_fields.rs"]
mod excused_fields;
#[path = "support/lengths.rs"]
mod lengths;
#[path = "support/xml_nodes.rs"]
mod xml_nodes;
#[path = "support/xsd_reference.rs"]
mod xsd_reference;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use excused_fields::{BEYOND, DEVIATIONS};
use family_data::{FAMILIES, Family, Message, Rule, root};
use lengths::{Range, both, length, may_be_empty, of_pattern};
use xsd_reference::{Element, Value};

#[test]
fn the_goods_declaration_is_as_published() {
    compare_all(&goods());
}

#[test]
fn manifests_are_as_published() {
    compare_all(&items("manifest_fields.csv"));
}

#[test]
fn movements_of_aircraft_are_as_published() {
    compare_all(&items("aircraft_fields.csv"));
}

#[test]
fn the_certificate_of_origin_is_as_published() {
    compare_all(&items("certificate_fields.csv"));
}

#[test]
fn every_excuse_excuses_something() {
    let mut found = differences(&goods());
    for name in ["manifest", "aircraft", "certificate"] {
        for (key, messages) in differences(&items(&format!("{name}_fields.csv"))) {
            found.entry(key).or_default().extend(messages);
        }
    }
    let needless = excuses().filter(|excuse| {
        let declarations = FAMILIES.iter().flat_map(|family| &family.messages);
        let mut names = declarations.map(|message| &message.name);
        let concerned = names.any(|name| fits(excuse.0, name));
        let excused = found
            .iter()
            .any(|(key, names)| names.iter().any(|name| excuse_fits(excuse, key, name)));
        concerned && !excused
    });
    let rows = needless.map(|(messages, path, what)| [messages, path, what].map(str::to_owned));
    let rows: Vec<[String; 3]> = rows.collect();
    assert!(rows.is_empty(), "they excuse nothing: {}", show(&rows));
}

/// A row of a list.
struct Item {
    /// Names; a star at the end stands for any further letters.
    messages: String,
    path: String,
    needed: Needed,
    /// Whether some form of the message may do without.
    optional: bool,
    /// How often at most, where that is published.
    max: Option<Option<u32>>,
    /// `an..35`, `n8`, `n..11,3`, `base64`; empty where it is not published, and with `?` where it
    /// is not confirmed: what it admits may not be refused.
    format: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    No,
    /// In some forms of the message, as a rule says.
    Sometimes,
    /// In every form: the schema says so, or a rule without conditions.
    Always,
}

/// The elements of the goods declaration, whose list has columns of its own, and its blocks.
fn goods() -> Vec<Item> {
    let rows = csv("dec_message_fields.csv").into_iter().map(|row| {
        let [block, element, _, kind, length, decimals, draft, declare] = &row[..] else {
            panic!("eight columns: {row:?}");
        };
        let needed = match (draft.as_str(), declare.as_str()) {
            ("M", _) => Needed::Always,
            (_, "M") => Needed::Sometimes,
            _ => Needed::No,
        };
        let format = match (kind.as_str(), length.as_str()) {
            ("base64", _) => "base64".to_owned(),
            (_, "") => String::new(),
            ("decimal", length) => format!("n..{length},{decimals}"),
            ("integer", length) => format!("n..{length}"),
            (_, length) => format!("an..{length}"),
        };
        Item {
            messages: "DecMessage".to_owned(),
            path: family_data::join(block, element),
            needed,
            optional: draft == "O",
            max: Some(Some(1)),
            format,
        }
    });
    rows.chain(items("dec_message_blocks.csv")).collect()
}

fn csv(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("tests/data").join(name)).expect("a list");
    let rows = text.lines().skip(1).map(|line| {
        // Only `n..11,3` is quoted.
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cells.last_mut().expect("a cell").push(c),
            }
        }
        cells
    });
    rows.collect()
}

/// The rows of a list with the columns `messages,path,zh,occurs,format`.
fn items(name: &str) -> Vec<Item> {
    let rows = csv(name).into_iter().map(|row| {
        let [messages, path, _, occurs, format] = &row[..] else {
            panic!("{name} has five columns: {row:?}");
        };
        let (min, max) = occurs.split_once("..").unwrap_or((occurs, occurs));
        Item {
            messages: messages.clone(),
            path: path.clone(),
            needed: if min == "1" {
                Needed::Sometimes
            } else {
                Needed::No
            },
            optional: min == "0",
            max: (!max.is_empty()).then(|| max.parse().ok()),
            format: format.clone(),
        }
    });
    rows.collect()
}

/// Whether one of `patterns`, separated by spaces and each with at most one star, fits.
fn fits(patterns: &str, name: &str) -> bool {
    patterns
        .split(' ')
        .any(|pattern| match pattern.split_once('*') {
            Some((front, end)) => {
                name.len() >= front.len() + end.len()
                    && name.starts_with(front)
                    && name.ends_with(end)
            }
            None => pattern == name,
        })
}

const IN_NO_LIST: &str = "is in no list";

/// Path and what is found there.
type Difference = (String, String);

/// Messages, path and what is excused there.
type Excuse = (&'static str, &'static str, &'static str);

fn excuses() -> impl Iterator<Item = Excuse> {
    let beyond = BEYOND
        .iter()
        .map(|(messages, path, _)| (*messages, *path, IN_NO_LIST));
    let deviations = DEVIATIONS
        .iter()
        .map(|(messages, path, what, _)| (*messages, *path, *what));
    deviations.chain(beyond)
}

fn excuse_fits(excuse: &Excuse, (path, what): &Difference, message: &str) -> bool {
    let (messages, paths, excused) = *excuse;
    excused == what && fits(paths, path) && fits(messages, message)
}

/// No difference without an excuse.
fn compare_all(items: &[Item]) {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (key, mut messages) in differences(items) {
        messages.retain(|name| !excuses().any(|excuse| excuse_fits(&excuse, &key, name)));
        if !messages.is_empty() {
            let (path, what) = key;
            rows.push([messages.join(" "), path, what]);
        }
    }
    assert!(rows.is_empty(), "{}", show(&rows));
}

/// What is otherwise in the declarations that `items` name, and the messages where it is so.
fn differences(items: &[Item]) -> BTreeMap<Difference, Vec<String>> {
    let declarations: Vec<(&Family, &Message)> = FAMILIES
        .iter()
        .flat_map(|family| family.messages.iter().map(move |message| (family, message)))
        .filter(|(_, message)| message.role == "declaration")
        .collect();
    let mut found: BTreeMap<Difference, Vec<String>> = BTreeMap::new();
    let mut add = |path: &str, what: String, message: &str| {
        let messages = found.entry((path.to_owned(), what)).or_default();
        messages.push(message.to_owned());
    };
    let listed = items.iter().flat_map(|item| item.messages.split(' '));
    let listed: BTreeSet<&str> = listed.filter(|name| *name != "*").collect();
    for name in &listed {
        if !declarations
            .iter()
            .any(|(_, message)| fits(name, &message.name))
        {
            add("", "no family has this message".to_owned(), name);
        }
    }
    let concerned = |name: &str| listed.iter().any(|listed| fits(listed, name));
    for (family, message) in declarations.iter().filter(|(_, m)| concerned(&m.name)) {
        let rules: Vec<&Rule> = family.rules_of(message).collect();
        let own = items
            .iter()
            .filter(|item| fits(&item.messages, &message.name));
        let own: Vec<&Item> = own.collect();
        for path in beyond(message, &own) {
            add(&path, IN_NO_LIST.to_owned(), &message.name);
        }
        for item in own {
            let list = match message.start().at(&item.path) {
                Some(element) => compare(item, element, &rules),
                None => vec!["is not there".to_owned()],
            };
            for what in list {
                add(&item.path, what, &message.name);
            }
        }
    }
    found
}

/// The elements that a schema has and no row names or leads through; of each only the uppermost.
fn beyond(message: &Message, items: &[&Item]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (path, _) in message.start().below() {
        let known = items
            .iter()
            .any(|item| item.path == path || is_inside(&path, &item.path));
        if !known && !found.iter().any(|above| is_inside(above, &path)) {
            found.push(path);
        }
    }
    found
}

/// Whether the element at `path` is inside the one at `above`.
fn is_inside(above: &str, path: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// What is otherwise than listed.
fn compare(item: &Item, element: &Element, rules: &[&Rule]) -> Vec<String> {
    let mut wrong = Vec::new();
    let by_schema = element.min > 0 && !element.value.as_ref().is_some_and(may_be_empty);
    match item.needed {
        Needed::Always if !by_schema && !needed_by(item, rules, true) => {
            wrong.push("is needed in every form, drafts too".to_owned());
        }
        Needed::Sometimes if !by_schema && !needed_by(item, rules, false) => {
            wrong.push("is needed".to_owned());
        }
        _ => {}
    }
    if item.optional && element.min > 0 {
        wrong.push("may be left out; here it is needed".to_owned());
    }
    if let Some(max) = item.max {
        let is = most(item, element, rules);
        if is != max {
            let word = |max: Option<u32>| max.map_or("n".to_owned(), |max| max.to_string());
            wrong.push(format!(
                "may be there {} times; here {}",
                word(max),
                word(is)
            ));
        }
    }
    if let Some(value) = &element.value {
        wrong.extend(format_differs(item, value, rules));
    } else if !item.format.is_empty() {
        wrong.push(format!("is {}; here it has no text", item.format));
    }
    wrong
}

/// Where the goods declaration says what it is, and the code of a draft.
const FORM: (&str, &str) = ("DecSign/OperType", "G");

/// Whether a rule wants the element, or another in its place, to be there: any, or one that concerns drafts too. In a
/// draft an empty block is none, so that its elements are wanted together.
fn needed_by(item: &Item, rules: &[&Rule], drafts: bool) -> bool {
    let wants = |rule: &Rule, path: &String| {
        let count = rule.check("count").and_then(|count| count.get("min"));
        let needs = count.is_some_and(|min| min.as_integer() > Some(0));
        let kinds = ["required", "any"];
        let needs = needs || kinds.iter().any(|kind| rule.check(kind).is_some());
        // What stands inside is wanted, and not only where the element is.
        let around = |other: &String| {
            is_inside(path, other) && !family_data::text(&rule.table, "each").starts_with(path)
        };
        needs
            && rule
                .checked
                .iter()
                .any(|other| other == path || around(other))
    };
    let here = || rules.iter().filter(|rule| !drafts || concerns_drafts(rule));
    // It may belong to one that is wanted.
    let mut together =
        here().filter(|rule| rule.check("together").is_some() && rule.checked.contains(&item.path));
    let wanted = |path: &String| here().any(|rule| wants(rule, path));
    wanted(&item.path) || together.any(|rule| drafts || rule.checked.iter().any(wanted))
}

fn concerns_drafts(rule: &Rule) -> bool {
    let (form, draft) = FORM;
    let mut conditions = family_data::tables(&rule.table, "when");
    conditions.all(|condition| {
        let is = |key| {
            family_data::texts(condition, key)
                .iter()
                .any(|code| code == draft)
        };
        family_data::join("", family_data::text(condition, "field")) != form
            || is("in")
            || (condition.contains_key("not_in") && !is("not_in"))
    })
}

/// How often the element may be there, by its schema and by rules that count it.
fn most(item: &Item, element: &Element, rules: &[&Rule]) -> Option<u32> {
    let counts = rules.iter().flat_map(|rule| rule.counts());
    let counts = counts.filter(|(path, _, _)| *path == item.path);
    let counts = counts.filter_map(|(_, _, max)| max);
    counts.chain(element.max).min()
}

fn format_differs(item: &Item, value: &Value, rules: &[&Rule]) -> Option<String> {
    let format = item.format.as_str();
    if format.is_empty() {
        return None;
    }
    if format == "base64" {
        let is = value
            .alternatives()
            .iter()
            .any(|value| value.base == "base64Binary");
        return (!is).then(|| "is base64; here it is not".to_owned());
    }
    let digits = format.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let (digits, confirmed) = match digits.strip_suffix('?') {
        Some(digits) => (digits, false),
        None => (digits, true),
    };
    let number = |text: &str| {
        text.parse::<usize>()
            .unwrap_or_else(|_| panic!("{format}?"))
    };
    let range = length(value).unwrap_or((0, Some(0)));
    if let Some((total, places)) = digits.split_once(',') {
        let total = total.trim_start_matches('.');
        let should = (number(total), number(places));
        return decimals(format, value, should, confirmed);
    }
    let (most, exactly) = match digits.strip_prefix("..") {
        Some(most) => (number(most), false),
        None => (number(digits), true),
    };
    let fits = |range: Range| match range.1 {
        max if !confirmed => max.is_none_or(|max| max >= most),
        max if exactly => max == Some(most) && (range.0 == most || is_judged(item, rules)),
        max => max == Some(most),
    };
    // The schema may leave it to a rule.
    let ruled = patterns_of(item, rules).fold(range, both);
    let differs = !fits(range) && !fits(ruled);
    differs.then(|| format!("is {format}; here {}", show_range(range)))
}

/// Whether a rule judges the value, whose shape is then for the rule.
fn is_judged(item: &Item, rules: &[&Rule]) -> bool {
    let kinds = ["date", "matches", "list", "values", "digit"];
    rules.iter().any(|rule| {
        rule.checked.contains(&item.path) && kinds.iter().any(|kind| rule.check(kind).is_some())
    })
}

/// How long a text may be by the patterns of rules that always apply.
fn patterns_of(item: &Item, rules: &[&Rule]) -> impl Iterator<Item = Range> {
    rules.iter().filter_map(|rule| {
        let matches = rule.check("matches")?.as_table()?;
        let always = rule.conditions.is_empty() && !matches.contains_key("split");
        let refuses = family_data::text(&rule.table, "severity") == "error";
        let own = rule.checked.contains(&item.path);
        let pattern = family_data::text(matches, "pattern");
        (always && refuses && own).then(|| of_pattern(pattern))
    })
}

fn decimals(
    format: &str,
    value: &Value,
    should: (usize, usize),
    confirmed: bool,
) -> Option<String> {
    let given = value
        .alternatives()
        .into_iter()
        .find(|value| !value.is_empty_text())?;
    let facet = |name| given.number(name);
    let is = (facet("totalDigits"), facet("fractionDigits"));
    let word = |number: Option<usize>| number.map_or("any".to_owned(), |n| n.to_string());
    let differs = match confirmed {
        true => is != (Some(should.0), Some(should.1)),
        false => is.0.is_some_and(|n| n < should.0) || is.1.is_some_and(|n| n < should.1),
    };
    differs.then(|| {
        format!(
            "is {format}; here {} digits, {} decimals",
            word(is.0),
            word(is.1)
        )
    })
}

fn show_range((min, max): Range) -> String {
    match max {
        Some(max) if max == min => format!("{max} characters"),
        Some(max) => format!("{min} to {max} characters"),
        None => format!("{min} characters or more"),
    }
}

/// Rows of messages, path and what is found, as a table.
fn show(rows: &[[String; 3]]) -> String {
    let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (path_wide, what_wide) = (wide(1).unwrap_or(0), wide(2).unwrap_or(0));
    let mut out = format!("{} differences\n", rows.len());
    for [messages, path, what] in rows {
        _ = writeln!(out, "{path:path_wide$}  {what:what_wide$}  {messages}");
    }
    out
}
