//! Who acts next.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Owner {
    /// A background worker of any engine node, by its name.
    Background { name: Cow<'static, str> },
    /// Somebody who operates the engine.
    Operator,
    /// The worker that holds the lease.
    Worker { worker: String, instance: String },
    /// Whichever worker claims next.
    AnyWorker,
    /// The program or person that builds the run, or that knows the outside fact.
    Caller,
    /// What is waited for; it has an explanation of its own.
    Upstream,
}

impl Owner {
    pub(super) fn background(name: &'static str) -> Self {
        Self::Background { name: Cow::Borrowed(name) }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Background { name } => write!(out, "background worker {name}"),
            Self::Operator => out.write_str("an operator"),
            Self::Worker { worker, instance } if worker == instance => write!(out, "worker \"{worker}\""),
            Self::Worker { worker, instance } => write!(out, "worker \"{worker}\" ({instance})"),
            Self::AnyWorker => out.write_str("any worker"),
            Self::Caller => out.write_str("the caller"),
            Self::Upstream => out.write_str("what it waits for"),
        }
    }
}
