//! `tongguan simulate`: the customs simulator alone, for a gateway of your own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::gateway;
use crate::simulator::{Settings, Simulator};
use crate::telemetry;

use super::{ConfigArgs, Exit, Outcome, asked_to_stop, block_on, read};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where it listens; the gateway's default configuration expects it here.
    #[arg(long, default_value = "127.0.0.1:8600")]
    listen: SocketAddr,
    /// The token that the gateway has to show (`token` of its `[[authority]]`).
    #[arg(
        long,
        default_value = "",
        env = "TONGGUAN_SIMULATOR_TOKEN",
        hide_env_values = true
    )]
    token: String,
    /// The key to show at callbacks, made by `tongguan keys add NAME --role authority`.
    #[arg(
        long,
        default_value = "",
        env = "TONGGUAN_CALLBACK_KEY",
        hide_env_values = true
    )]
    callback_key: String,
    /// PEM file of the CA that vouches for the gateway.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Milliseconds between one answer and the next.
    #[arg(long, default_value_t = 200)]
    step_ms: u64,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs it until it is asked to stop.
pub fn run(args: Args) -> Outcome {
    let config = args.config.load()?;
    telemetry::install(&config.telemetry)?;
    let catalogue = Arc::new(gateway::catalogue(&config)?);
    let settings = Settings {
        listen: args.listen,
        token: args.token,
        callback_token: args.callback_key,
        ca: args.ca.as_deref().map(read).transpose()?,
        step: Duration::from_millis(args.step_ms),
        ..Settings::default()
    };
    block_on(async {
        let simulator = Simulator::start(settings, catalogue).await?;
        println!(
            "tongguan: customs simulator at http://{}",
            simulator.address()
        );
        asked_to_stop().await;
        Ok(Exit::Fine)
    })
}
