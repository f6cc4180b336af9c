//! The command line: one arm per command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tongguan::command::{
    Exit, archive, check, demo, keys, rebuild, serve, simulate, status, submit, validate, verify,
};

/// Tongguan: a single-window gateway for trade declarations.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole gateway on this machine, with a customs simulator and sample traffic.
    Demo(demo::Args),
    /// The gateway.
    Serve(serve::Args),
    /// Sends messages to a gateway.
    Submit(submit::Args),
    /// Where a declaration stands.
    Status(status::Args),
    /// Checks messages without a gateway.
    Validate(validate::Args),
    /// Checks a receipt or a checkpoint offline.
    Verify(verify::Args),
    /// The customs simulator alone.
    Simulate(simulate::Args),
    /// Makes, lists and ends API keys; changes the signing key.
    Keys(keys::Args),
    /// Makes the view anew from the journal.
    Rebuild(rebuild::Args),
    /// Moves old segments of the journal to another folder, where they stay readable.
    Archive(archive::Args),
    /// Shows the configuration in force and every mistake in it.
    Check(check::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(args) => demo::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Submit(args) => submit::run(args),
        Command::Status(args) => status::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Rebuild(args) => rebuild::run(args),
        Command::Archive(args) => archive::run(args),
        Command::Check(args) => check::run(args),
    };
    match outcome {
        Ok(Exit::Fine) => ExitCode::SUCCESS,
        Ok(Exit::Negative) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("tongguan: {fault}");
            ExitCode::from(2)
        }
    }
}
