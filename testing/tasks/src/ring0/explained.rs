//! G-5 after every step: whatever is not over has a reason, and it is known who acts next and on what. Each execution is asked on its own,
//! so that what it waits for need not be followed.

use levada_store::alphabets::{Phase, RunPhase};
use levada_store::{State, Subject, open_members};
use levada_tasks::rules::explain::{Reasons, View, Why};

use super::play::Wrong;

/// Checks every execution and run that has not ended.
///
/// # Errors
/// The first that nobody would ever move, or of which the explanation says what is not so.
pub(super) fn check(rows: &State, now_ms: i64) -> Result<(), Wrong> {
    let view = View { rows, counts: &[], now_ms };
    for row in rows.executions.values().filter(|row| row.phase != Phase::Ended) {
        let Some(waiting) = view.waiting(row.id, 1) else { return Err(format!("G-5: {} is not there", row.id)) };
        if !waiting.is_answered() {
            return Err(format!("G-5 is broken: nobody moves {} ({}): {waiting:?}", row.name, waiting.state));
        }
        let leased = waiting.reasons.iter().any(|reason| matches!(reason.why, Why::Leased { .. }));
        if leased != (row.phase == Phase::Active) {
            return Err(format!("N-5 is broken: {} is {} and explained by {:?}", row.name, row.phase, waiting.reasons));
        }
    }
    for run in rows.runs.values().filter(|run| run.phase != RunPhase::Ended) {
        let counts = open_members(rows, run.id);
        let reasons = View { counts: &counts, ..view }.explain(Subject::Run(run.id));
        if !reasons.as_ref().is_some_and(Reasons::is_answered) {
            return Err(format!("G-5 is broken: nobody moves run {}: {reasons:?}", run.id));
        }
    }
    Ok(())
}
