//! `tongguan validate`: the check of the gateway, without a gateway; with `--schema`, that of
//! any XSD (see `schema`).

use std::path::PathBuf;

use serde_json::json;

use crate::family::Checked;
use crate::finding::{Language, Severity};
use crate::gateway;

use super::{ConfigArgs, Exit, Outcome, read, schema};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Messages to check; `-` or nothing reads standard input. With --schema nothing means
    /// that the schemas are only compiled.
    files: Vec<PathBuf>,
    /// Checks by this XSD instead of the families; repeat it for several. A folder may be
    /// read for what they include and import, as their own folders may.
    #[arg(long, value_name = "FILE")]
    schema: Vec<PathBuf>,
    /// Findings reported for a file with --schema; more are counted.
    #[arg(long, default_value_t = 100, requires = "schema")]
    findings: usize,
    /// One JSON object a file and line.
    #[arg(long)]
    json: bool,
    /// Language of the texts.
    #[arg(long, default_value = "en", value_parser = ["zh", "en"])]
    language: String,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs it: code 0 when every message may be recorded, 1 when one would be refused.
pub fn run(args: Args) -> Outcome {
    let language = if args.language == "zh" {
        Language::Zh
    } else {
        Language::En
    };
    if !args.schema.is_empty() {
        return schema::run(
            &args.schema,
            &args.files,
            language,
            args.json,
            args.findings,
        );
    }
    let config = args.config.load()?;
    let catalogue = gateway::catalogue(&config)?;
    let files = if args.files.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        args.files
    };
    let mut exit = Exit::Fine;
    for file in files {
        let bytes = read(&file)?;
        let checked = catalogue.check(&bytes, None, &config.xml);
        let name = file.display().to_string();
        if args.json {
            println!("{}", as_json(&name, &checked, language));
        } else {
            print!("{}", as_text(&name, &checked, language));
        }
        if checked.findings.refuse() {
            exit = Exit::Negative;
        }
    }
    Ok(exit)
}

fn as_json(file: &str, checked: &Checked, language: Language) -> serde_json::Value {
    let findings = checked.findings.list().iter().map(|finding| {
        json!({
            "code": finding.code, "name": finding.name, "severity": finding.severity, "path": finding.path, "line": finding.place.line,
            "column": finding.place.column, "offset": finding.place.offset, "value": finding.value,
            "expected": finding.expected, "text": finding.text.in_language(language),
        })
    });
    json!({
        "file": file,
        "valid": !checked.findings.refuse(),
        "kind": checked.message.as_ref().map(|message| &*message.kind),
        "message_type": checked.message.as_ref().map(|message| &*message.message_type),
        "findings": findings.collect::<Vec<_>>(),
        "findings_omitted": checked.findings.omitted(),
    })
}

fn as_text(file: &str, checked: &Checked, language: Language) -> String {
    let what = match &checked.message {
        Some(message) => format!("{} ({})", message.message_type, message.kind),
        None => "of no known family".to_owned(),
    };
    let verdict = if checked.findings.refuse() {
        "refused"
    } else {
        "valid"
    };
    let mut out = format!("{file}: {verdict}, {what}\n");
    for finding in checked.findings.list() {
        let severity = if finding.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let place = finding.place;
        out += &format!(
            "  {}:{} {severity} {} {}\n",
            place.line, place.column, finding.code, finding.path
        );
        out += &format!("    {}\n", finding.text.in_language(language));
        if !finding.value.is_empty() {
            out += &format!("    found: {}\n", finding.value);
        }
        if !finding.expected.is_empty() {
            out += &format!("    expected: {}\n", finding.expected);
        }
    }
    if checked.findings.omitted() > 0 {
        out += &format!("  and {} more\n", checked.findings.omitted());
    }
    out
}
