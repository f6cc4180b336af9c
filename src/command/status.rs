//! `tongguan status`: where a declaration stands.

use bytes::Bytes;

use super::{Exit, Outcome, RemoteArgs, block_on};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The number of the declaration, as the receipt gives it.
    id: String,
    /// Its events instead of its state.
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Runs it: code 0 when the gateway has it, 1 when not.
pub fn run(args: Args) -> Outcome {
    block_on(async {
        let client = args.remote.client()?;
        let part = if args.events { "/events" } else { "" };
        let url = format!(
            "{}/v1/declarations/{}{part}",
            args.remote.url.trim_end_matches('/'),
            args.id
        );
        let bearer = args.remote.bearer();
        let response = client
            .send("GET", &url, &[("authorization", &bearer)], Bytes::new())
            .await?;
        println!("{}", String::from_utf8_lossy(&response.body));
        Ok(if response.status == 200 {
            Exit::Fine
        } else {
            Exit::Negative
        })
    })
}
