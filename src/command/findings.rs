//! Findings as a command prints them: lines for people, objects for programs.

use serde_json::{Value, json};

use crate::finding::{Finding, Findings, Language, Severity};

/// One finding, two to four lines: where it stands and what it is, how to mend it, what was
/// found and what was expected. `weighed` says whether its severity is told: a schema alone
/// knows only errors.
pub fn lines(file: &str, finding: &Finding, language: Language, weighed: bool) -> String {
    let place = finding.place;
    let severity = match finding.severity {
        _ if !weighed => "",
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let what = [severity, &finding.code, &finding.name, &finding.path];
    let what: Vec<&str> = what.into_iter().filter(|part| !part.is_empty()).collect();
    let mut out = format!(
        "  {file}:{}:{} {}\n    {}\n",
        place.line,
        place.column,
        what.join(" "),
        finding.text.in_language(language)
    );
    for (label, text) in [("found", &finding.value), ("expected", &finding.expected)] {
        if !text.is_empty() {
            out += &format!("    {label}: {text}\n");
        }
    }
    out
}

/// All of them, and how many more there were.
pub fn text(file: &str, findings: &Findings, language: Language, weighed: bool) -> String {
    let list = findings.list().iter();
    let mut out: String = list
        .map(|finding| lines(file, finding, language, weighed))
        .collect();
    if findings.omitted() > 0 {
        out += &format!("  and {} more\n", findings.omitted());
    }
    out
}

/// All of them as one object for a file.
pub fn object(file: &str, findings: &Findings, language: Language, weighed: bool) -> Value {
    let list = findings.list().iter().map(|finding| {
        let mut object = json!({
            "code": finding.code, "name": finding.name, "path": finding.path,
            "line": finding.place.line, "column": finding.place.column,
            "offset": finding.place.offset, "value": finding.value,
            "expected": finding.expected, "text": finding.text.in_language(language),
        });
        if weighed {
            object["severity"] = json!(finding.severity);
        }
        object
    });
    json!({
        "file": file,
        "valid": !findings.refuse(),
        "findings": list.collect::<Vec<_>>(),
        "findings_omitted": findings.omitted(),
    })
}
