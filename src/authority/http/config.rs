//! What an operator says about an authority that speaks HTTP.

use crate::http;

/// One authority.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where messages are posted. `{kind}` stands for the family and `{type}` for the
    /// message type.
    pub url: String,
    /// Sent as `Authorization: Bearer …`; empty sends none.
    pub token: String,
    /// Where the authority may send later answers, told to it in `Tongguan-Callback`;
    /// empty tells nothing.
    pub callback: String,
    /// Bounds of the client.
    pub client: http::Settings,
}
