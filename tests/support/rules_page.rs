//! The page `docs/rules.md`, made from the families.

use std::collections::BTreeMap;
use std::fmt::Write;

use toml::Table;

use super::family_data::{Family, Rule, tables, text, texts};
use super::pages::{cell, code};

pub const HEAD: &str = "# The rules\n\n\
    Made from the folders of `schemas/` by `UPDATE=1 cargo test --test reference`; the words of rules are explained in\n\
    [messages.md](messages.md). A rule of severity `error` refuses a message, one of `warning` does not; an operator can\n\
    change that by the code. When: *each* is every element there, and all that follows has to be so.\n";

/// The tables of a family, one for each file; `files` has the page of each message by role and
/// name.
pub fn of_family(family: &Family, files: &BTreeMap<(&str, &str), String>) -> String {
    let mut out = String::new();
    let mut last = "";
    for rule in &family.rules {
        if rule.file != last {
            last = &rule.file;
            let own = family
                .messages
                .iter()
                .filter(|message| message.files.contains(&rule.file));
            let links: Vec<String> = own
                .map(|message| {
                    let page = &files[&(message.role.as_str(), message.name.as_str())];
                    format!("[{}](messages/{page})", message.name)
                })
                .collect();
            let heading = heading(family, last);
            _ = writeln!(out, "\n## {heading}\n\nOf {}.\n", links.join(", "));
            out += "| code | severity | when | what has to hold | English | 中文 | source |\n\
                |---|---|---|---|---|---|---|\n";
        }
        let table = &rule.table;
        _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            rule.code(),
            text(table, "severity"),
            applies(table),
            check(rule),
            cell(text(table, "en")),
            cell(text(table, "zh")),
            cell(text(table, "source")),
        );
    }
    out
}

fn heading(family: &Family, file: &str) -> String {
    format!("{} {file}", family.folder)
}

/// The anchor of a file of rules on the page.
pub fn anchor(family: &Family, file: &str) -> String {
    heading(family, file)
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// When a rule applies, in words.
fn applies(rule: &Table) -> String {
    let mut parts = Vec::new();
    match text(rule, "each") {
        "" => {}
        each => parts.push(format!("each {}", code(each))),
    }
    parts.extend(tables(rule, "when").map(condition));
    match &parts[..] {
        [] => "always".to_owned(),
        parts => parts.join("; "),
    }
}

fn condition(condition: &Table) -> String {
    let field = code(text(condition, "field"));
    let list = |key| {
        let values = texts(condition, key);
        let values: Vec<String> = values.iter().map(|value| code(value)).collect();
        values.join(", ")
    };
    if condition.contains_key("in") {
        format!("{field} is {}", list("in"))
    } else if condition.contains_key("not_in") {
        format!("{field} is not {}", list("not_in"))
    } else if condition.contains_key("matches") {
        format!("{field} fits {}", list("matches"))
    } else if condition.contains_key("not_matches") {
        format!("{field} does not fit {}", list("not_matches"))
    } else if condition.contains_key("same") {
        format!("{field} is the same as {}", list("same"))
    } else {
        let there = condition.get("present").and_then(toml::Value::as_bool);
        let there = there.unwrap_or_else(|| panic!("a condition of a new kind: {condition}"));
        format!("{field} is {}", if there { "there" } else { "absent" })
    }
}

/// The check as its file has it, on one line.
fn check(rule: &Rule) -> String {
    let check = rule.table.get("check").and_then(toml::Value::as_table);
    let parts = check
        .into_iter()
        .flatten()
        .map(|(name, what)| format!("{name} = {what}"));
    code(&parts.collect::<Vec<String>>().join(", "))
}
