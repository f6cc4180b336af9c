//! `tongguan rebuild`: the view made anew from the journal, with the gateway stopped. The old
//! view is put aside, not deleted.

use crate::gateway;

use super::{ConfigArgs, Exit, Outcome};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs it.
pub fn run(args: Args) -> Outcome {
    let config = args.config.load()?;
    let entries = gateway::rebuild(&config, &mut |progress| eprintln!("tongguan: {progress}"))?;
    println!("tongguan: the view was rebuilt from {entries} journal entries");
    Ok(Exit::Fine)
}
