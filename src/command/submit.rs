//! `tongguan submit`: sends messages to a gateway and prints what it answers.

use std::path::PathBuf;

use bytes::Bytes;

use super::{Exit, Outcome, RemoteArgs, block_on, read};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Messages to send; `-` reads standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The idempotency key; without it the message's own number is the key.
    #[arg(long)]
    idempotency_key: Option<String>,
    /// Checks only; nothing is recorded.
    #[arg(long)]
    dry_run: bool,
    /// Language of the texts.
    #[arg(long, default_value = "en", value_parser = ["zh", "en"])]
    language: String,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Runs it: code 0 when every message was taken, 1 when one was not.
pub fn run(args: Args) -> Outcome {
    block_on(async {
        let client = args.remote.client()?;
        let route = if args.dry_run {
            "validations"
        } else {
            "declarations"
        };
        let url = format!("{}/v1/{route}", args.remote.url.trim_end_matches('/'));
        let bearer = args.remote.bearer();
        let mut exit = Exit::Fine;
        for file in &args.files {
            let mut headers = vec![
                ("authorization", bearer.as_str()),
                ("content-type", "application/xml"),
                ("accept-language", args.language.as_str()),
            ];
            if let Some(key) = &args.idempotency_key {
                headers.push(("idempotency-key", key));
            }
            let response = client
                .send("POST", &url, &headers, Bytes::from(read(file)?))
                .await?;
            if response.status / 100 != 2 {
                exit = Exit::Negative;
            }
            println!("{}", String::from_utf8_lossy(&response.body));
        }
        Ok(exit)
    })
}
