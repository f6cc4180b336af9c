//! The lists of published fields in `tests/data/` against the schemas: every listed element is
//! at its place, as long, with as many decimals, as often and as needed as published; and what
//! a schema has beyond its list stands here with a reason.

#[path = "support/family_data.rs"]
mod family_data;
#[path = "support/lengths.rs"]
mod lengths;
#[path = "support/xsd_reference.rs"]
mod xsd_reference;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use family_data::{FAMILIES, Family, Message, Rule, root};
use lengths::{Range, length, may_be_empty};
use xsd_reference::{Element, Value};

/// What is otherwise than a list says: messages, path, what is found, and why it is right.
const DEVIATIONS: &[(&str, &str, &str, &str)] = &[];

/// What a schema has and no list: messages, path, and why.
const BEYOND: &[(&str, &str, &str)] = &[];

#[test]
fn the_goods_declaration_is_as_published() {
    let rows = csv("dec_message_fields.csv");
    let items = rows.iter().map(|row| {
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
            max: Some(Some(1)),
            format,
        }
    });
    check(&items.collect::<Vec<Item>>());
}

#[test]
fn manifests_are_as_published() {
    check(&items("manifest_fields.csv"));
}

#[test]
fn movements_of_aircraft_are_as_published() {
    check(&items("aircraft_fields.csv"));
}

#[test]
fn the_certificate_of_origin_is_as_published() {
    check(&items("certificate_fields.csv"));
}

/// A row of a list.
struct Item {
    /// Names; a star at the end stands for any further letters.
    messages: String,
    path: String,
    needed: Needed,
    /// How often at most, where that is published.
    max: Option<Option<u32>>,
    /// `an..35`, `n8`, `n..11,3`, `base64`; empty where it is not published.
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
            max: (!max.is_empty()).then(|| max.parse().ok()),
            format: format.clone(),
        }
    });
    rows.collect()
}

/// Whether one of `patterns`, separated by spaces, is the name of a message.
fn names(patterns: &str, message: &str) -> bool {
    patterns
        .split(' ')
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(front) => message.starts_with(front),
            None => pattern == message,
        })
}

/// Compares the declarations that `items` name with their schemas and rules.
fn check(items: &[Item]) {
    let declarations: Vec<(&Family, &Message)> = FAMILIES
        .iter()
        .flat_map(|family| family.messages.iter().map(move |message| (family, message)))
        .filter(|(_, message)| message.role == "declaration")
        .collect();
    let listed: BTreeSet<&str> = items
        .iter()
        .flat_map(|item| item.messages.split(' '))
        .filter(|name| *name != "*")
        .collect();
    // Path and what is found, and the messages where it is so.
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for name in &listed {
        let mut own = declarations
            .iter()
            .filter(|(_, message)| names(name, &message.name))
            .peekable();
        if own.peek().is_none() {
            let key = (String::new(), "no family has this message".to_owned());
            found.entry(key).or_default().push((*name).to_owned());
        }
        for (family, message) in own {
            let rules: Vec<&Rule> = family.rules_of(message).collect();
            let own: Vec<&Item> = items
                .iter()
                .filter(|item| names(&item.messages, &message.name))
                .collect();
            let mut differences = beyond(message, &own);
            for item in own {
                let element = message.start().at(&item.path);
                let list = match element {
                    Some(element) => compare(item, element, &rules),
                    None => vec!["is not there".to_owned()],
                };
                differences.extend(list.into_iter().map(|what| (item.path.clone(), what)));
            }
            for key in differences {
                let messages = found.entry(key).or_default();
                if !messages.contains(&message.name) {
                    messages.push(message.name.clone());
                }
            }
        }
    }
    // What is excused, and excuses that excuse nothing.
    let excuses = DEVIATIONS
        .iter()
        .map(|(messages, path, what, _)| (*messages, *path, *what))
        .chain(
            BEYOND
                .iter()
                .map(|(messages, path, _)| (*messages, *path, BEYOND_THE_LIST)),
        );
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (messages, path, what) in excuses {
        let concerns = declarations.iter().any(|(_, message)| {
            names(messages, &message.name) && listed.iter().any(|name| names(name, &message.name))
        });
        let key = (path.to_owned(), what.to_owned());
        let before = found.get(&key).map_or(0, Vec::len);
        if let Some(all) = found.get_mut(&key) {
            all.retain(|message| !names(messages, message));
        }
        if concerns && before == found.get(&key).map_or(0, Vec::len) {
            rows.push([
                messages.to_owned(),
                path.to_owned(),
                format!("an excuse for nothing: {what}"),
            ]);
        }
    }
    for ((path, what), messages) in found
        .into_iter()
        .filter(|(_, messages)| !messages.is_empty())
    {
        rows.push([messages.join(" "), path, what]);
    }
    assert!(rows.is_empty(), "{}", show(&rows));
}

const BEYOND_THE_LIST: &str = "is in no list";

/// The elements that a schema has and no row names or leads through; of each only the uppermost.
fn beyond(message: &Message, items: &[&Item]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (path, _) in message.start().below() {
        let inside = format!("{path}/");
        let known = items
            .iter()
            .any(|item| item.path == path || item.path.starts_with(&inside));
        let below = found
            .iter()
            .any(|(above, _)| path.starts_with(&format!("{above}/")));
        if !known && !below {
            found.push((path, BEYOND_THE_LIST.to_owned()));
        }
    }
    found
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

/// Whether a rule wants the element to be there: any, or one that always applies.
fn needed_by(item: &Item, rules: &[&Rule], always: bool) -> bool {
    let wants = |rule: &&&Rule| {
        let count = rule.check("count").and_then(|count| count.get("min"));
        rule.check("required").is_some() || count.is_some_and(|min| min.as_integer() > Some(0))
    };
    let mut wanting = rules
        .iter()
        .filter(wants)
        .filter(|rule| rule.checked.contains(&item.path));
    wanting.any(|rule| !always || rule.conditions.is_empty())
}

/// How often the element may be there, by its schema and by rules that count it.
fn most(item: &Item, element: &Element, rules: &[&Rule]) -> Option<u32> {
    let counts = rules.iter().filter_map(|rule| rule.counts());
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
    let number = |text: &str| {
        text.parse::<usize>()
            .unwrap_or_else(|_| panic!("{format}?"))
    };
    let range = length(value).unwrap_or((0, Some(0)));
    if let Some((total, places)) = digits.split_once(',') {
        let total = total.trim_start_matches('.');
        return decimals(format, value, (number(total), number(places)));
    }
    let is = show_range(range);
    match digits.strip_prefix("..") {
        Some(most) => (range.1 != Some(number(most))).then(|| format!("is {format}; here {is}")),
        None => {
            let exact = Some(number(digits));
            let spoken = rules.iter().any(|rule| {
                let kinds = ["date", "matches", "list", "values", "digit"];
                rule.checked.contains(&item.path)
                    && kinds.iter().any(|kind| rule.check(kind).is_some())
            });
            let fits = range.1 == exact && (Some(range.0) == exact || spoken);
            (!fits).then(|| format!("is {format}; here {is}"))
        }
    }
}

fn decimals(format: &str, value: &Value, should: (usize, usize)) -> Option<String> {
    let given = value
        .alternatives()
        .into_iter()
        .find(|value| !value.is_empty_text())?;
    let facet = |name| given.number(name);
    let is = (facet("totalDigits"), facet("fractionDigits"));
    let word = |number: Option<usize>| number.map_or("any".to_owned(), |n| n.to_string());
    let differs = is != (Some(should.0), Some(should.1));
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
