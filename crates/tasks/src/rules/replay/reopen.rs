//! Reopening a run that has ended, because members of it begin again.

use std::collections::BTreeSet;

use levada_base::{Error, codes};
use levada_store::alphabets::{Cause, EventKind, RunPhase};
use levada_store::{ExecutionId, RunId, limits};
use serde_json::json;

use super::generation::replayed_too_often;
use crate::rules::{Draft, errors};

impl Draft<'_> {
    /// Makes sure that the run of these members runs: one that has ended gets its next generation. Returns whether it had ended.
    pub(super) fn reopen_run(&mut self, id: RunId, again: &BTreeSet<ExecutionId>, actor: &str) -> Result<bool, Error> {
        let run = self.run(id)?;
        match run.phase {
            RunPhase::Running => return Ok(false),
            RunPhase::Cancelling => return Err(errors::run_cancelling(id)),
            RunPhase::Building => {
                let message = format!("a replay is not possible while run \"{id}\" is building");
                return Err(Error::new(codes::LV_T105, message).with_hint("seal the run first"));
            }
            RunPhase::Ended if run.sealed_ms.is_none() => {
                return Err(errors::run_ended(run).with_hint("its graph was never sealed: submit a new run"));
            }
            RunPhase::Ended if run.generation >= limits::REPLAYS_MAX => {
                return Err(replayed_too_often("run", id, run.generation));
            }
            RunPhase::Ended => {}
        }
        // What a cancel ended and nobody begins again still tells how the run came out.
        let kept: BTreeSet<_> = self.members(id).filter(|row| !again.contains(&row.id)).filter_map(|row| row.cause).collect();
        let now_ms = self.now();
        let run = self.run_mut(id)?;
        run.generation += 1;
        run.phase = RunPhase::Running;
        run.outcome = None;
        run.ended_ms = None;
        run.retain_until_ms = None;
        run.deadline_ms = run.deadline_span_ms.map(|span| now_ms.saturating_add(span));
        run.expired &= kept.contains(&Cause::RunExpired);
        run.cancel_ended_any &= kept.contains(&Cause::RunCancelled);
        run.cause = run.cause.filter(|_| run.expired || run.cancel_ended_any);
        run.cancel_policy = None;
        run.cancel_reason = None;
        run.cancel_actor = None;
        run.cancel_finalizers = false;
        let detail = json!({ "generation": run.generation });
        self.run_event(EventKind::RunReopened, id, Some(actor), &detail);
        Ok(true)
    }
}
