//! A customs authority to develop and test against: its own HTTP server, which takes messages
//! as the real one would, gives the import answer at once and the business answers one by one
//! later, in the real forms of each family, as callbacks. It shares the reading of messages
//! with the gateway and nothing else: what it says is written in `answers`, when and in which
//! order in `script`.
//!
//! It keeps what it took in memory only. The same dispatch sent twice has one effect and gets
//! the same import answer twice, which is what the gateway counts on.

mod answers;
mod script;
mod server;

pub use server::Simulator;

use std::net::SocketAddr;
use std::time::Duration;

/// How the simulator behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The bearer token that a gateway has to show; empty admits everyone.
    pub token: String,
    /// Shown to the gateway with every callback.
    pub callback_token: String,
    /// PEM of the CA that vouches for the gateway's certificate; `None`: the system's.
    pub ca: Option<Vec<u8>>,
    /// Between one answer and the next. Long enough to be watched, short enough for a demo.
    pub step: Duration,
    /// Bytes of a message: what the gateway admits by default.
    pub body_bytes_max: usize,
    /// Dispatches whose answers are still being sent; beyond it the simulator says 503, as a
    /// busy authority would.
    pub open_max: usize,
    /// Attempts to hand over one callback before the simulator gives it up.
    pub callback_attempts_max: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: String::new(),
            callback_token: String::new(),
            ca: None,
            step: Duration::from_millis(200),
            body_bytes_max: 10 << 20,
            open_max: 100_000,
            callback_attempts_max: 100,
        }
    }
}
