//! The clock, read at the edges only: where a body is complete, where a lane has an answer,
//! in commands and in the simulator. Everywhere else time is an argument.

use crate::declaration::Timestamp;

/// The present moment.
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
