//! `tongguan archive`: moves old segments of the journal to `journal.archive`. They stay
//! readable there, and the gateway may be running.

use crate::clock;
use crate::declaration::Timestamp;
use crate::disk::LocalDisk;
use crate::gateway;
use crate::journal::archive::{self, Policy};

use super::{ConfigArgs, Exit, Outcome};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Segments whose entries are all older than so many days.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    older_than: u32,
    /// Closed segments that stay in any case, the newest ones.
    #[arg(long, value_name = "N", default_value_t = 0)]
    keep: usize,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs it.
pub fn run(args: Args) -> Outcome {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let config = args.config.load()?;
    let policy = Policy {
        before: Timestamp(clock::now().0 - i64::from(args.older_than) * DAY_MS),
        keep: args.keep,
    };
    let settings = gateway::journal_settings(&config);
    let mut count = 0;
    archive::archive(&LocalDisk, &settings, policy, &mut |moved| {
        count += 1;
        println!("{} ({} MB)", moved.to.display(), moved.bytes >> 20);
    })?;
    println!("tongguan: {count} segment(s) moved");
    Ok(Exit::Fine)
}
