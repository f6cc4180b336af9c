//! `tongguan verify`: whether a receipt or a checkpoint holds, without asking anybody. Code 0
//! says that a known key signed everything that was shown; without `--key` the code is 1,
//! because then nothing says who made it.

use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::journal::{note, receipt};

use super::{Exit, Outcome, read};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The receipt, or a checkpoint, as the gateway handed it out; `-` reads standard input.
    receipt: PathBuf,
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
    let evidence = read(&args.receipt)?;
    let message = args.message.as_deref().map(read).transpose()?;
    let keys = args.key.as_deref().map(public_keys).transpose()?;
    let examined = receipt::examine(&evidence, message.as_deref(), keys.as_deref());
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
