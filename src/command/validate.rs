//! `tongguan validate`: the check of the gateway, without a gateway; with `--schema`, that of
//! any XSD (see `schema`).

use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fault::Fault;
use crate::finding::{Findings, Language};
use crate::gateway;

use super::{ConfigArgs, Exit, Outcome, findings, read, schema};

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

/// Runs it: code 0 when every message may be recorded, 1 when one would be refused. A file
/// that cannot be read is named at once, the others are checked all the same.
///
/// # Errors
/// A wrong configuration, a wrong or unsupported schema, unreadable files.
pub fn run(mut args: Args) -> Outcome {
    if args.schema.is_empty() {
        by_families(&mut args)
    } else {
        by_schema(&args)
    }
}

fn by_families(args: &mut Args) -> Outcome {
    let config = args.config.load()?;
    let catalogue = gateway::catalogue(&config)?;
    if args.files.is_empty() {
        args.files.push(PathBuf::from("-"));
    }
    let (language, json) = (args.language(), args.json);
    each(
        &args.files,
        |bytes| catalogue.check(bytes, None, &config.xml),
        |checked| checked.findings.refuse(),
        |file, checked| match json {
            true => {
                let message = checked.message.as_ref();
                let mut object = findings::object(file, &checked.findings, language, true);
                object["kind"] = json!(message.map(|message| &*message.kind));
                object["message_type"] = json!(message.map(|message| &*message.message_type));
                format!("{object}\n")
            }
            false => {
                let what = match &checked.message {
                    Some(message) => format!("{} ({})", message.message_type, message.kind),
                    None if checked.is_unknown() => "of no known family".to_owned(),
                    None => "before its family was known".to_owned(),
                };
                let verdict = match checked.findings.refuse() {
                    true => "refused",
                    false => "valid",
                };
                let list = findings::text(file, &checked.findings, language, true);
                format!("{file}: {verdict}, {what}\n{list}")
            }
        },
    )
}

fn by_schema(args: &Args) -> Outcome {
    let compiled = schema::compile(&args.schema)?;
    if args.files.is_empty() {
        let (elements, types, simples) = compiled.size();
        eprintln!(
            "the schemas are right: {elements} elements, {types} types ({simples} simple), the built-in ones included"
        );
        return Ok(Exit::Fine);
    }
    let limits = schema::limits(args.findings);
    let (language, json) = (args.language(), args.json);
    each(
        &args.files,
        |bytes| schema::check(&compiled, bytes, &limits),
        Findings::refuse,
        |file, found| match json {
            true => format!("{}\n", findings::object(file, found, language, false)),
            false => {
                let verdict = if found.refuse() { "invalid" } else { "valid" };
                let list = findings::text(file, found, language, false);
                format!("{file}: {verdict}\n{list}")
            }
        },
    )
}

impl Args {
    fn language(&self) -> Language {
        match self.language.as_str() {
            "zh" => Language::Zh,
            _ => Language::En,
        }
    }
}

/// Checks each file and shows what came of it; many end with a line about the throughput.
fn each<C>(
    files: &[PathBuf],
    check: impl Fn(&[u8]) -> C,
    refuses: impl Fn(&C) -> bool,
    show: impl Fn(&str, &C) -> String,
) -> Outcome {
    let mut tally = Tally::default();
    for file in files {
        let bytes = match read(file) {
            Ok(bytes) => bytes,
            Err(fault) if files.len() == 1 => return Err(fault),
            Err(fault) => {
                eprintln!("tongguan: {fault}");
                tally.unreadable += 1;
                continue;
            }
        };
        let start = Instant::now();
        let checked = check(&bytes);
        tally.checking += start.elapsed();
        tally.bytes += bytes.len();
        tally.checked += 1;
        tally.invalid += usize::from(refuses(&checked));
        if !say(&show(&file.display().to_string(), &checked))? {
            break;
        }
    }
    if files.len() > 1 {
        eprintln!("{tally}");
    }
    match tally.unreadable {
        0 if tally.invalid == 0 => Ok(Exit::Fine),
        0 => Ok(Exit::Negative),
        unreadable => Err(Fault::operator(format!(
            "{unreadable} of {} files could not be read",
            files.len()
        ))),
    }
}

/// Writes to standard output; false when nobody reads it any more, as with `| head`.
fn say(text: &str) -> Result<bool, Fault> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Fault::operator(format!("standard output: {error}"))),
    }
}

/// What came of many files.
#[derive(Default)]
struct Tally {
    checked: usize,
    invalid: usize,
    unreadable: usize,
    bytes: usize,
    checking: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.checking.as_secs_f64().max(1e-9);
        let megabytes = self.bytes as f64 / 1e6;
        let given = self.checked + self.unreadable;
        write!(f, "{given} files, {} invalid", self.invalid)?;
        if self.unreadable > 0 {
            write!(f, ", {} unreadable", self.unreadable)?;
        }
        write!(
            f,
            ", {megabytes:.3} MB in {seconds:.3} s of validation: {:.1} MB/s, {:.0} files/s",
            megabytes / seconds,
            self.checked as f64 / seconds
        )
    }
}
