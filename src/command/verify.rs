//! `tongguan verify`: whether a receipt holds, without asking anybody.

use std::path::PathBuf;

use crate::fault::Fault;
use crate::journal::receipt;

use super::{Exit, Outcome, read};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The receipt, as the gateway handed it out; `-` reads standard input.
    receipt: PathBuf,
    /// The message that it is for, byte for byte as it was sent.
    #[arg(long, value_name = "FILE")]
    message: Option<PathBuf>,
    /// The gateway's public key: the file `journal.pub` in the folder of its journal, or what
    /// the operator published.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Runs it: code 0 when everything holds, 1 when something does not.
pub fn run(args: Args) -> Outcome {
    let receipt = read(&args.receipt)?;
    let message = args.message.as_deref().map(read).transpose()?;
    let key = String::from_utf8(read(&args.key)?)
        .map_err(|_| Fault::operator(format!("{}: not a public key", args.key.display())))?;
    match receipt::verify(&receipt, message.as_deref(), key.trim()) {
        Ok(proved) => {
            print!("{proved}");
            Ok(Exit::Fine)
        }
        Err(disproved) => {
            println!("the receipt does not hold: {disproved}");
            Ok(Exit::Negative)
        }
    }
}
