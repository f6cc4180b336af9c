//! The clock and the chance of the pipeline, handed in from outside: inside, time is an
//! argument, and a simulation brings its own of both.

use std::fmt;
use std::sync::Arc;

use crate::clock;
use crate::declaration::Timestamp;

/// What the pipeline may ask the world; cheap to clone.
#[derive(Clone)]
pub struct Edges {
    /// The present moment: the time of events that the gateway itself sees.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Any number: it spreads retries.
    pub random: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Default for Edges {
    /// Those of this machine; zeros when the system gives no random bytes.
    fn default() -> Edges {
        Edges {
            now: Arc::new(clock::now),
            random: Arc::new(|| {
                let mut bytes = [0; 8];
                _ = aws_lc_rs::rand::fill(&mut bytes);
                u64::from_be_bytes(bytes)
            }),
        }
    }
}

impl fmt::Debug for Edges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edges")
    }
}
