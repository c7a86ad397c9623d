//! Leaving a group's pending cancel alone for a while, because dispatching it failed.

use levada_base::Error;
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};

use super::{Draft, Rule};

/// Try a group's pending cancel again later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostponeGroup {
    pub group: ExecutionId,
}

const WAIT_MS_MIN: i64 = 100;
const WAIT_MS_MAX: i64 = 30_000;
/// Doublings beyond which the longest wait is reached anyhow.
const DOUBLINGS_MAX: i32 = 20;

impl Rule for PostponeGroup {
    /// When it is tried again; none if nothing is pending any longer.
    type Answer = Option<i64>;

    fn scope(&self) -> Scope {
        Scope::Group(self.group)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Option<i64>, Error> {
        let now_ms = draft.now();
        let Some(row) = draft.state.cancel_pending.get_mut(&self.group) else { return Ok(None) };
        let wait_ms = (WAIT_MS_MIN << row.tries.clamp(0, DOUBLINGS_MAX)).min(WAIT_MS_MAX);
        row.tries = row.tries.saturating_add(1);
        row.not_before_ms = now_ms.saturating_add(wait_ms);
        Ok(Some(row.not_before_ms))
    }
}
