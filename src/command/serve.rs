//! `tongguan serve`: the gateway, until it is asked to stop.

use std::io::Write;

use crate::gateway::Gateway;
use crate::telemetry;

use super::{ConfigArgs, Exit, Outcome, asked_to_stop, block_on};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs it.
pub fn run(args: Args) -> Outcome {
    let config = args.config.load()?;
    telemetry::install(&config.telemetry)?;
    block_on(async {
        let gateway = Gateway::start(&config).await?;
        // For whoever started it by hand or from a script: the log is for machines.
        // Nobody has to read it: a closed pipe is no reason to stop.
        let mut out = std::io::stdout();
        _ = writeln!(out, "tongguan: traders at https://{}", gateway.address());
        _ = writeln!(
            out,
            "tongguan: operators at http://{}",
            gateway.operations_address()
        );
        asked_to_stop().await;
        gateway.stop().await?;
        Ok(Exit::Fine)
    })
}
