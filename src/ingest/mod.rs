//! The traders' door: HTTPS. `server` accepts connections within limits, `tls` holds the
//! certificate, `keys` knows who calls, `routes` says what each path does, `body` gathers a
//! message under size and time limits, `query` and `cursor` are parts of an address, `log`
//! shows the journal's tree to whoever watches it, `reply` is the one table from outcome to
//! response. `operations` is the operators' door, on a listener of its own. What a message means
//! is left to the pipeline; an adapter is never named here.

mod body;
mod cursor;
pub mod keys;
mod log;
pub mod operations;
mod query;
mod reply;
mod routes;
mod server;
pub mod tls;

pub use server::Server;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::family::{Catalogue, Role};

/// Limits of the traders' door.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate.
    pub tls: tls::Settings,
    /// Bytes of a message, also after decompression. The largest published one, a manifest of
    /// 9,999 waybills, stays below.
    pub body_bytes_max: usize,
    /// A body has to be complete after this: 10 MiB over a slow line.
    pub body_timeout_s: Duration,
    /// Bytes a second that a body has to make, after the first five seconds; slower is not a
    /// slow line but a held one.
    pub body_rate_min: usize,
    /// A request's head has to be complete after this; it is also how long an idle
    /// connection is kept.
    pub header_timeout_s: Duration,
    /// A TLS handshake has to be complete after this.
    pub handshake_timeout_s: Duration,
    /// Connections at once; each may hold tens of kilobytes.
    pub connections_max: u32,
    /// Requests at once: each may hold a body.
    pub requests_max: usize,
    /// Requests of one trader at once, so that one cannot take all of them.
    pub requests_per_trader_max: usize,
    /// Streams of one HTTP/2 connection at once.
    pub streams_max: u32,
    /// How long stopping waits for requests under way.
    pub stop_wait_s: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            tls: tls::Settings::default(),
            body_bytes_max: 10 << 20,
            body_timeout_s: Duration::from_secs(60),
            body_rate_min: 1024,
            header_timeout_s: Duration::from_secs(10),
            handshake_timeout_s: Duration::from_secs(5),
            connections_max: 1024,
            requests_max: 256,
            requests_per_trader_max: 128,
            streams_max: 128,
            stop_wait_s: Duration::from_secs(20),
        }
    }
}

/// The body of `/v1/families`: what this gateway takes.
pub fn families(catalogue: &Catalogue) -> Bytes {
    let families = catalogue.families().iter().map(|family| {
        let own = family.messages.iter().filter(|(role, _)| *role == Role::Declaration);
        let types: Vec<_> = own
            .map(|(_, name)| json!({ "message_type": &**name, "title": catalogue.title(name) }))
            .collect();
        json!({ "kind": &*family.name, "title": family.title, "version": family.version, "messages": types })
    });
    Bytes::from(json!({ "families": families.collect::<Vec<_>>() }).to_string())
}
