//! `tongguan check`: the configuration in force, and every mistake in it and in the families.

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
    let catalogue = gateway::catalogue(&config)?;
    gateway::routes(&config)?;
    print!("{}", config.effective());
    println!("\n# Families");
    for family in catalogue.families() {
        let types: Vec<&str> = family
            .messages
            .iter()
            .map(|(_, message_type)| &**message_type)
            .collect();
        println!(
            "# {} {} ({} {}): {}",
            family.name,
            family.version,
            family.title.zh,
            family.title.en,
            types.join(", ")
        );
    }
    Ok(Exit::Fine)
}
