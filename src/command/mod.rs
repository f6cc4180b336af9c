//! The commands: one file each, all of one shape: `Args` says what can be given, `run` does
//! it. Exit codes: 0 fine, 1 findings or a negative answer, 2 a fault.

pub mod archive;
pub mod check;
pub mod demo;
pub mod findings;
pub mod keys;
pub mod rebuild;
pub mod schema;
pub mod serve;
pub mod simulate;
pub mod status;
pub mod submit;
pub mod validate;
pub mod verify;

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::fault::Fault;
use crate::http::{Client, Settings};

/// How a command ended when nothing went wrong with the command itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Code 0.
    Fine,
    /// Code 1: findings, a refusal, a receipt that does not hold.
    Negative,
}

/// What a command gives: an [`Exit`], or a fault with code 2.
pub type Outcome = Result<Exit, Fault>;

/// Which configuration a command works with.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgs {
    /// The TOML file; without it the defaults and the environment hold.
    #[arg(long, value_name = "FILE", env = "TONGGUAN_CONFIG")]
    pub config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Loads it.
    ///
    /// # Errors
    /// A fault that names every mistake, one a line.
    pub fn load(&self) -> Result<Config, Fault> {
        // These belong to the command line; everything else with the prefix is a setting.
        const ARGUMENTS: [&str; 6] = [
            "TONGGUAN_CONFIG",
            "TONGGUAN_URL",
            "TONGGUAN_KEY",
            "TONGGUAN_CA",
            "TONGGUAN_SIMULATOR_TOKEN",
            "TONGGUAN_CALLBACK_KEY",
        ];
        let environment = std::env::vars().filter(|(name, _)| !ARGUMENTS.contains(&name.as_str()));
        Config::load(self.config.as_deref(), environment).map_err(|mistakes| {
            let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Fault::operator(format!(
                "the configuration has {} mistake(s)\n{}",
                lines.len(),
                lines.join("\n")
            ))
        })
    }
}

/// A gateway somewhere, seen by a trader.
#[derive(Debug, Clone, clap::Args)]
pub struct RemoteArgs {
    /// Where the gateway listens.
    #[arg(long, default_value = "https://127.0.0.1:8443", env = "TONGGUAN_URL")]
    pub url: String,
    /// The trader's API key.
    #[arg(long, env = "TONGGUAN_KEY", hide_env_values = true)]
    pub key: String,
    /// PEM file of the CA to trust instead of the system's.
    #[arg(long, value_name = "FILE", env = "TONGGUAN_CA")]
    pub ca: Option<PathBuf>,
}

impl RemoteArgs {
    /// A client that trusts what the arguments say.
    ///
    /// # Errors
    /// An unreadable CA file.
    pub fn client(&self) -> Result<Client, Fault> {
        let ca = self.ca.as_deref().map(read).transpose()?;
        Client::new(&Settings {
            ca,
            body_bytes_max: MESSAGE_BYTES_MAX,
            ..Settings::default()
        })
    }

    /// The value of the `Authorization` header.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }
}

/// Bytes of a file or an answer that a command reads: above every limit of the gateway.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// A whole file, or standard input for `-`.
///
/// # Errors
/// A fault of the operator that names the file; one that is too large is not cut.
pub fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let result = if path == Path::new("-") {
        std::io::stdin()
            .take(MESSAGE_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| {
            file.take(MESSAGE_BYTES_MAX as u64 + 1)
                .read_to_end(&mut bytes)
        })
    };
    let wrong = match result {
        Ok(_) if bytes.len() > MESSAGE_BYTES_MAX => {
            format!("more than {MESSAGE_BYTES_MAX} bytes")
        }
        Ok(_) => return Ok(bytes),
        Err(error) => error.to_string(),
    };
    Err(Fault::operator(format!("{}: {wrong}", path.display())))
}

/// Runs a future on a new runtime, to its end.
///
/// # Errors
/// A runtime that cannot start, or what the future gives.
pub fn block_on<T>(future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::ours(format!("starting the runtime: {error}")))?
        .block_on(future)
}

/// Resolves at Ctrl-C or SIGTERM.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => _ = tokio::signal::ctrl_c().await,
    }
}
