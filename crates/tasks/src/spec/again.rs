//! How what ended is begun again.

use serde::{Deserialize, Serialize};

/// How a run is begun again from a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestartOptions {
    /// All descendants too.
    pub cascade: bool,
    /// Active or suspended descendants are cancelled first instead of refusing.
    pub force: bool,
    /// The generation of the member that the caller wants to leave: who asks again once the next has begun is told so. None: the one
    /// that it is in when the call is made.
    pub generation: Option<i32>,
}

/// How an execution is begun again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayOptions {
    /// Although its edges say that it cannot be begun.
    pub ignore_edges: bool,
    /// The generation that ended: who asks again once the next has begun is told so. None: the one that it is in when the call is made.
    pub generation: Option<i32>,
}
