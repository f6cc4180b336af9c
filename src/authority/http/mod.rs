//! An authority that takes messages by HTTP POST and may answer in the body of its response;
//! later answers come to the gateway as callbacks.

mod adapter;
mod config;

pub use adapter::Http;
pub use config::Config;
