//! The earliest stored time of each kind: the first entry of the kind's index.

use levada_store::DueKind;
use levada_store::limits::BUILD_MS_MAX;

use crate::errors::Result;
use crate::session::Session;

const REQUEST_KEY: &str = "SELECT min(expires_ms) FROM request_key
 WHERE NOT EXISTS (SELECT 1 FROM execution WHERE id = request_key.target)
   AND NOT EXISTS (SELECT 1 FROM run WHERE id = request_key.target)";

/// The earliest time of a kind.
pub(crate) fn earliest(session: &Session<'_>, kind: DueKind) -> Result<Option<i64>> {
    let text = match kind {
        DueKind::Lease => "SELECT min(lease_until_ms) FROM execution WHERE phase = 2",
        DueKind::AttemptDeadline => "SELECT min(attempt_deadline_ms) FROM execution WHERE attempt_deadline_ms IS NOT NULL",
        DueKind::Deadline => "SELECT min(deadline_ms) FROM execution WHERE deadline_ms IS NOT NULL",
        DueKind::Promote => "SELECT min(due_ms) FROM execution WHERE phase = 1 AND hold = 2",
        DueKind::Staged => "SELECT min(created_ms) FROM execution WHERE phase = 0 AND run_id IS NULL",
        DueKind::RetainExecution => {
            "SELECT min(retain_until_ms) FROM execution WHERE retain_until_ms IS NOT NULL AND run_id IS NULL"
        }
        DueKind::RunDeadline => "SELECT min(deadline_ms) FROM run WHERE deadline_ms IS NOT NULL",
        DueKind::Building => "SELECT min(build_deadline_ms) FROM run WHERE phase = 0",
        DueKind::CancelGrace => "SELECT min(cancel_grace_ms) FROM run WHERE cancel_grace_ms IS NOT NULL",
        DueKind::RetainRun => "SELECT min(retain_until_ms) FROM run WHERE retain_until_ms IS NOT NULL",
        DueKind::Condition => "SELECT min(expires_ms) FROM condition WHERE state = 0 AND expires_ms IS NOT NULL",
        DueKind::Schedule => "SELECT min(next_fire_ms) FROM schedule WHERE paused = 0",
        DueKind::RequestKey => REQUEST_KEY,
        DueKind::Worker => "SELECT min(expires_ms) FROM worker WHERE expires_ms IS NOT NULL",
    };
    let earliest = session.number(text, [])?;
    Ok(if kind == DueKind::Staged { earliest.map(|created_ms| created_ms + BUILD_MS_MAX) } else { earliest })
}
