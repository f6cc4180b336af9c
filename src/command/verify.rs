//! `tongguan verify`: whether a receipt or a checkpoint holds, without asking anybody. Code 0
//! says that a known key signed everything that was shown; without `--key` the code is 1,
//! because then nothing says who made it. `verify --journal` looks at the whole journal, also
//! while a gateway is running.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::disk::LocalDisk;
use crate::fault::Fault;
use crate::gateway;
use crate::journal::{self, note, receipt};

use super::{ConfigArgs, Exit, Outcome, read};

/// How often long work says how far it has come.
const SHOWN_EVERY: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The receipt, or a checkpoint, as the gateway handed it out; `-` reads standard input.
    #[arg(required_unless_present = "journal")]
    receipt: Option<PathBuf>,
    /// Everything in the journal of this gateway instead: entries, messages, tree, signatures.
    #[arg(long, conflicts_with = "receipt")]
    journal: bool,
    #[command(flatten)]
    config: ConfigArgs,
    /// The message or the answer that it is for, byte for byte.
    #[arg(long, value_name = "FILE")]
    message: Option<PathBuf>,
    /// The gateway's public keys, one a line: the file `journal.pub` in the folder of its
    /// journal, or what the operator published.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A later checkpoint or receipt: is its log the same one, gone on?
    #[arg(long, value_name = "FILE", requires = "consistency")]
    later: Option<PathBuf>,
    /// The proof of that, as /v1/log/consistency gave it.
    #[arg(long, value_name = "FILE", requires = "later")]
    consistency: Option<PathBuf>,
}

/// Runs it: code 0 when everything holds, 1 when something does not or is signed by nobody
/// known.
pub fn run(args: Args) -> Outcome {
    match &args.receipt {
        Some(path) => evidence(&args, &read(path)?),
        None => journal(&args.config.load()?),
    }
}

/// Looks at the whole journal.
fn journal(config: &Config) -> Outcome {
    let settings = gateway::journal_settings(config);
    let (begun, shown) = (Instant::now(), Mutex::new(Instant::now()));
    let progress = |done: u64, total: u64| {
        if let Ok(mut shown) = shown.try_lock()
            && shown.elapsed() >= SHOWN_EVERY
        {
            *shown = Instant::now();
            eprintln!("verified {} of {} MB", done >> 20, total >> 20);
        }
        true
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found = journal::verify(Arc::new(LocalDisk), &settings, threads, &progress)?;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} segments, {} groups, {} entries, {} bytes in {seconds:.1} s ({:.0} MB/s)",
        found.segments,
        found.groups,
        found.entries,
        found.bytes,
        found.bytes as f64 / 1e6 / seconds
    );
    if let Some(unfinished) = &found.unfinished {
        println!(
            "the last group is not whole ({unfinished}): a gateway is writing it, or a crash tore it and the next start cuts it"
        );
    }
    for damage in &found.damages {
        println!("{damage}");
    }
    match found.damages.len() {
        0 => {
            println!("every entry, message, root and signature holds");
            Ok(Exit::Fine)
        }
        count => {
            println!("{count} damage(s): restore these files from a copy");
            Ok(Exit::Negative)
        }
    }
}

fn evidence(args: &Args, evidence: &[u8]) -> Outcome {
    let message = args.message.as_deref().map(read).transpose()?;
    let keys = args.key.as_deref().map(public_keys).transpose()?;
    let examined = receipt::examine(evidence, message.as_deref(), keys.as_deref());
    let (proved, checkpoint) = match examined {
        Ok(holds) => holds,
        Err(disproved) => return Ok(denied("it", &disproved)),
    };
    print!("{proved}");
    let mut signed = proved.signed;
    if let (Some(later), Some(consistency)) = (&args.later, &args.consistency) {
        let (evidence, proof) = (read(later)?, read(consistency)?);
        let (proved, after) = match receipt::examine(&evidence, None, keys.as_deref()) {
            Ok(holds) => holds,
            Err(disproved) => return Ok(denied("the later one", &disproved)),
        };
        print!("and later:\n{proved}");
        signed &= proved.signed;
        match receipt::verify_continued(&checkpoint, &after, &proof) {
            Ok(continued) => println!("{continued}"),
            Err(disproved) => return Ok(denied("that the log went on", &disproved)),
        }
    }
    Ok(if signed { Exit::Fine } else { Exit::Negative })
}

fn denied(what: &str, disproved: &receipt::Disproved) -> Exit {
    println!("{what} does not hold: {disproved}");
    Exit::Negative
}

/// A file of public keys. One that cannot be read says nothing about the receipt.
fn public_keys(path: &Path) -> Result<String, Fault> {
    let wrong = |what: &str| Fault::operator(format!("{}: {what}", path.display()));
    let text = String::from_utf8(read(path)?).map_err(|_| wrong("not a public key"))?;
    note::keys(&text).map_err(|what| wrong(&what))?;
    Ok(text)
}
