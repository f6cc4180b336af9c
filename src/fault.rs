//! A fault is ours or a neighbour's, never the trader's (that is a finding).
//! It says whose it is, whether trying again may help, and why.

use std::fmt;

/// Who has to act for the fault to go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This gateway: a bug, a full disk, a damaged file.
    Ours,
    /// The authority or the network on the way to it.
    Authority,
    /// The operator: a wrong setting, a missing file.
    Operator,
}

/// Whether the same thing, tried again later, may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It may: a time-out, a refused connection, a 503.
    Later,
    /// It will not: the answer would be the same.
    Never,
}

/// Something that went wrong on our side or a neighbour's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Who has to act.
    pub whose: Whose,
    /// Whether to try again.
    pub retry: Retry,
    /// One sentence for the log, causes included; never shown to a trader.
    pub why: String,
}

impl Fault {
    /// A fault of this gateway that trying again does not mend.
    pub fn ours(why: impl Into<String>) -> Fault {
        Fault {
            whose: Whose::Ours,
            retry: Retry::Never,
            why: why.into(),
        }
    }

    /// A fault of this gateway that may be over at the next try: a full disk.
    pub fn for_now(why: impl Into<String>) -> Fault {
        Fault {
            retry: Retry::Later,
            ..Fault::ours(why)
        }
    }

    /// A fault of the authority or of the way to it.
    pub fn authority(retry: Retry, why: impl Into<String>) -> Fault {
        Fault {
            whose: Whose::Authority,
            retry,
            why: why.into(),
        }
    }

    /// A mistake in what the operator set up.
    pub fn operator(why: impl Into<String>) -> Fault {
        Fault {
            whose: Whose::Operator,
            retry: Retry::Never,
            why: why.into(),
        }
    }

    /// The same fault with what was being done in front of it.
    pub fn while_doing(mut self, what: impl fmt::Display) -> Fault {
        self.why = format!("{what}: {}", self.why);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Fault {}
