//! Every rule of every family has a case in `tests/rules/<family>/`: a message for which it
//! speaks and holds, and one that it alone breaks. A rule without a case fails the build.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tongguan::family::{Catalogue, render};
use tongguan::finding::Findings;
use tongguan::xml::Limits;

use support::edit::{Change, changed};

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rule: String,
    /// A message below `tests/messages`; below `answers` there it is an authority's.
    base: String,
    /// Changes after which the rule speaks and holds.
    #[serde(default)]
    good: Vec<Change>,
    /// Further changes after which it does not.
    bad: Vec<Change>,
    /// Codes that cannot be avoided beside it.
    #[serde(default)]
    also: Vec<String>,
}

fn cases() -> Vec<(PathBuf, Case)> {
    let mut found = Vec::new();
    for family in fs::read_dir("tests/rules").expect("the folder of cases") {
        for file in fs::read_dir(family.expect("a family").path()).expect("a folder") {
            let path = file.expect("a file").path();
            let text = fs::read_to_string(&path).expect("reads");
            let cases: Cases = toml::from_str(&text)
                .unwrap_or_else(|mistake| panic!("{}: {mistake}", path.display()));
            found.extend(cases.case.into_iter().map(|case| (path.clone(), case)));
        }
    }
    found
}

fn findings(catalogue: &Catalogue, base: &str, message: &str) -> Findings {
    let limits = Limits::default();
    if !base.contains("/answers/") {
        return catalogue.check(message.as_bytes(), None, &limits).findings;
    }
    match catalogue.answer(message.as_bytes(), None, &limits) {
        Ok(answer) => answer.warnings,
        Err(findings) => findings,
    }
}

/// What is wrong with a case.
fn judge(catalogue: &Catalogue, case: &Case) -> Result<(), String> {
    let path = Path::new("tests/messages").join(&case.base);
    let base = fs::read_to_string(&path).map_err(|fault| format!("{}: {fault}", case.base))?;
    let good = changed(&base, &case.good).map_err(|text| format!("good: {text}"))?;
    let found = findings(catalogue, &case.base, &good);
    if !found.is_empty() {
        return Err(format!("good has findings:\n{}", render(&found)));
    }
    if !catalogue
        .spoken(good.as_bytes(), &Limits::default())
        .contains(&case.rule.as_str())
    {
        return Err("good: the rule has nothing to judge".to_owned());
    }
    let bad = changed(&good, &case.bad).map_err(|text| format!("bad: {text}"))?;
    let found = findings(catalogue, &case.base, &bad);
    let codes: BTreeSet<&str> = found.list().iter().map(|finding| &*finding.code).collect();
    let also = case.also.iter().map(String::as_str);
    let expected: BTreeSet<&str> = also.chain([case.rule.as_str()]).collect();
    if codes != expected {
        return Err(format!(
            "bad should break {expected:?} and has:\n{}",
            render(&found)
        ));
    }
    Ok(())
}

#[test]
fn every_rule_has_a_case_that_passes_and_one_that_fails() {
    let catalogue = support::catalogue();
    let cases = cases();
    let mut wrong = Vec::new();
    for (file, case) in &cases {
        if let Err(text) = judge(&catalogue, case) {
            wrong.push(format!("{}: {}: {text}", file.display(), case.rule));
        }
    }
    let covered: BTreeSet<&str> = cases.iter().map(|(_, case)| case.rule.as_str()).collect();
    let rules: BTreeSet<&str> = catalogue.rules().map(|rule| rule.code).collect();
    for code in rules.difference(&covered) {
        wrong.push(format!("the rule {code} has no case"));
    }
    for code in covered.difference(&rules) {
        wrong.push(format!(
            "a case names the rule {code}, which does not exist"
        ));
    }
    // `FAMILY=DEC` looks at the codes that begin so, for whoever works on one family.
    let only = std::env::var("FAMILY").unwrap_or_default();
    wrong.retain(|text| text.contains(&format!(" {only}")));
    assert!(
        wrong.is_empty(),
        "{}\n{} mistakes",
        wrong.join("\n"),
        wrong.len()
    );
    println!("{} cases, {} rules", cases.len(), rules.len());
}
