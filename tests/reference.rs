//! What `docs/messages/` and `docs/rules.md` say is what the families say: every page is made
//! from the schemas, `family.toml` and the rules. `UPDATE=1 cargo test --test reference` writes
//! them anew; the change is then reviewed as a diff. And every element says what it means.

#[path = "support/family_data.rs"]
mod family_data;
#[path = "support/pages.rs"]
mod pages;
#[path = "support/rules_page.rs"]
mod rules_page;
#[path = "support/xml_nodes.rs"]
mod xml_nodes;
#[path = "support/xsd_reference.rs"]
mod xsd_reference;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tongguan::config::Config;
use tongguan::gateway;

use family_data::{FAMILIES, root, schemas};
use xml_nodes::parse;

#[test]
fn the_pages_are_what_the_families_say() {
    let pages = pages::pages(&FAMILIES);
    let docs = root().join("docs");
    let mut there = files_below(&docs.join("messages"), "md");
    there.push(docs.join("rules.md"));
    let name = |file: &PathBuf| {
        file.strip_prefix(&docs)
            .map(|name| name.display().to_string())
    };
    let there = there.iter().filter_map(|file| name(file).ok());
    let stale: Vec<String> = there.filter(|name| !pages.contains_key(name)).collect();
    if std::env::var_os("UPDATE").is_some() {
        for name in stale {
            fs::remove_file(docs.join(name)).expect("removed");
        }
        for (name, page) in pages {
            let path = docs.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, page).expect("a page");
        }
        return;
    }
    let stale = stale
        .iter()
        .map(|name| format!("docs/{name}: of no message"));
    let mut wrong: Vec<String> = stale.collect();
    for (name, page) in &pages {
        let is = fs::read_to_string(docs.join(name)).unwrap_or_default();
        let differs = is
            .lines()
            .zip(page.lines())
            .find(|(is, should)| is != should);
        match differs {
            Some((is, should)) => {
                wrong.push(format!("docs/{name}:\n  is     {is}\n  should {should}"))
            }
            None if is != *page => wrong.push(format!("docs/{name}: another number of lines")),
            None => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "UPDATE=1 cargo test --test reference writes the pages anew\n{}",
        wrong.join("\n")
    );
}

/// The pages have every family, message and rule of the gateway, and no others.
#[test]
fn no_message_and_no_rule_is_left_out() {
    let catalogue = gateway::catalogue(&Config::default()).expect("families");
    let mut known = BTreeSet::new();
    for family in catalogue.families() {
        let names = family
            .messages
            .iter()
            .map(|(role, name)| format!("{name} {role:?}"));
        known.extend(names);
    }
    for rule in catalogue.rules() {
        let text = rule.text;
        known.insert(format!(
            "{} {} {} {}",
            rule.message_type, rule.code, text.zh, text.en
        ));
    }
    let mut read = BTreeSet::new();
    for family in FAMILIES.iter() {
        for message in family
            .messages
            .iter()
            .filter(|message| message.role != "wrapper")
        {
            let name = &message.name;
            read.insert(match message.role.as_str() {
                "answer" => format!("{name} Answer"),
                _ => format!("{name} Declaration"),
            });
            for rule in family.rules_of(message) {
                let text = |key| family_data::text(&rule.table, key);
                read.insert(format!(
                    "{name} {} {} {}",
                    rule.code(),
                    text("zh"),
                    text("en")
                ));
            }
        }
    }
    let only = |a: &BTreeSet<String>, b| a.difference(b).cloned().collect::<Vec<String>>();
    assert_eq!(only(&known, &read), only(&read, &known));
}

/// Rules and fields name elements that the trees have: what a page says of rules is all of them.
#[test]
fn every_path_of_a_rule_is_in_the_tree() {
    let mut wrong = Vec::new();
    for family in FAMILIES.iter() {
        for message in &family.messages {
            let start = message.start();
            for rule in family.rules_of(message) {
                for path in rule.checked.iter().chain(&rule.conditions) {
                    if start.at(path).is_none() {
                        wrong.push(format!("{}: {} names {path}", message.name, rule.code()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_element_says_what_it_means_in_both_languages() {
    let mut wrong = Vec::new();
    for file in files_below(&schemas(), "xsd") {
        let text = fs::read_to_string(&file).expect("a schema");
        let name = file.strip_prefix(root()).expect("below it").display();
        let schema = parse(&name.to_string(), &text);
        let declares = |kind: &str| kind == "element" || kind == "attribute";
        for node in schema.all().into_iter().filter(|node| declares(&node.name)) {
            let Some(declared) = node.get("name") else {
                continue;
            };
            let lacks: Vec<&str> = ["zh", "en"]
                .into_iter()
                .filter(|language| node.documentation(language).is_empty())
                .collect();
            if !lacks.is_empty() {
                let line = node.line;
                wrong.push(format!(
                    "{name}:{line}: {declared} lacks {}",
                    lacks.join(" and ")
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} elements without xs:documentation:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Every file of this kind in a folder and below it, in order.
fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flat_map(|entry| {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => files_below(&path, extension),
                false => vec![path],
            }
        })
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}
