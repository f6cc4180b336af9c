//! `tongguan keys`: who may call, and the key that signs. A caller's key is shown once, when it
//! is made; the file holds its digest only, and a running gateway sees the change within a
//! second. A new signing key waits for the next start.

use crate::clock;
use crate::ingest::keys::{self, Role};
use crate::journal;

use super::{ConfigArgs, Exit, Outcome};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Makes a key and prints it; it cannot be shown again.
    Add {
        /// Name of the trader, or of the authority that calls back.
        name: String,
        /// `trader` or `authority`.
        #[arg(long, default_value = "trader", value_parser = ["trader", "authority"])]
        role: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Lists names, roles and dates.
    List {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Ends every key of a name.
    Revoke {
        /// Name of the trader or authority.
        name: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Makes a new signing key for checkpoints and prints its public key, to be published
    /// before it comes into force: at the gateway's next start.
    Rotate {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// Runs it.
pub fn run(args: Args) -> Outcome {
    match args.action {
        Action::Add { name, role, config } => {
            let role = if role == "authority" {
                Role::Authority
            } else {
                Role::Trader
            };
            println!(
                "{}",
                keys::add(&config.load()?.keys_file(), &name, role, clock::now())?
            );
        }
        Action::List { config } => {
            for key in keys::list(&config.load()?.keys_file())? {
                let state = match key.revoked {
                    Some(at) => format!("revoked {at}"),
                    None => "in force".to_owned(),
                };
                println!(
                    "{}\t{}\tmade {}\t{state}",
                    key.name,
                    key.role.as_str(),
                    key.created
                );
            }
        }
        Action::Revoke { name, config } => {
            if keys::revoke(&config.load()?.keys_file(), &name, clock::now())? == 0 {
                eprintln!("tongguan: no key in force has the name {name}");
                return Ok(Exit::Negative);
            }
        }
        Action::Rotate { config } => {
            let config = config.load()?;
            let settings = journal::Settings {
                folder: config.journal_folder(),
                ..config.journal.clone()
            };
            println!("{}", journal::rotate(&settings)?);
            eprintln!("tongguan: it signs what is recorded after the gateway's next start");
        }
    }
    Ok(Exit::Fine)
}
