//! Reopening a run that has ended, because members of it begin again.

use levada_base::{Error, codes};
use levada_store::alphabets::{Cause, EventKind, RunPhase};
use levada_store::{RunId, limits};
use serde_json::json;

use super::generation::replayed_too_often;
use crate::rules::{Draft, errors};

impl Draft<'_> {
    /// Makes sure that a run whose members begin again runs: one that has ended gets its next generation. Returns whether it had ended.
    pub(super) fn reopen_run(&mut self, id: RunId, actor: &str) -> Result<bool, Error> {
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
        let now_ms = self.now();
        let run = self.run_mut(id)?;
        run.generation += 1;
        run.phase = RunPhase::Running;
        run.outcome = None;
        run.ended_ms = None;
        run.retain_until_ms = None;
        run.deadline_ms = run.deadline_span_ms.map(|span| now_ms.saturating_add(span));
        run.cause = None;
        run.cancel_policy = None;
        run.cancel_reason = None;
        run.cancel_actor = None;
        run.cancel_finalizers = false;
        let detail = json!({ "generation": run.generation });
        self.run_event(EventKind::RunReopened, id, Some(actor), &detail);
        Ok(true)
    }

    /// What a cancel or a deadline ended and nobody began again still tells how a run comes out; what begins again does not.
    pub(super) fn recall_cancel(&mut self, id: RunId) -> Result<(), Error> {
        let by_call = self.members(id).any(|row| row.cancelled_by_call);
        let expired = self.members(id).any(|row| row.cause == Some(Cause::RunExpired));
        let run = self.run_mut(id)?;
        run.cancel_ended_any = by_call;
        run.expired &= expired;
        Ok(())
    }
}
