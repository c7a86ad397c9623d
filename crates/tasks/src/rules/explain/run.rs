//! The reasons of a run, and its members that have not ended.

use std::collections::BTreeMap;

use levada_store::RunId;
use levada_store::alphabets::{ConditionState, Outcome, Phase, PublicState, RunPhase};
use levada_store::limits::{REASONS_CONDITIONS_MAX, REASONS_LISTED_MAX};
use levada_store::rows::Run;

use super::edges::Tree;
use super::execution::{run_paused, settling};
use super::{Cancelled, End, Members, Operation, Owner, Reason, Trigger, View, Waiting, Why, cancel};

impl View<'_> {
    /// What holds the run as a whole; its members stand beside it.
    pub(super) fn of_run(&self, run: &Run) -> Waiting {
        let mut waiting = self.header(run);
        waiting.reasons.extend((run.phase == RunPhase::Building).then(|| not_sealed(run)));
        waiting.reasons.extend(run.paused.then(|| run_paused(run, None)));
        waiting.reasons.extend((run.phase == RunPhase::Cancelling).then(|| cancel::of_run(run)));
        if run.phase == RunPhase::Running {
            let conditions = self.rows.conditions.values();
            let open = conditions.filter(|row| row.run_id == run.id && row.state == ConditionState::Open);
            let listed = open.take(REASONS_CONDITIONS_MAX as usize).map(|row| self.condition(row, run.sealed_ms));
            let listed: Vec<_> = listed.collect();
            waiting.more = (self.counted("conditions", None) - i64::try_from(listed.len()).unwrap_or(i64::MAX)).max(0);
            waiting.reasons.extend(listed);
        }
        let oldest = self.rows.marks.values().filter(|mark| mark.run_id == run.id).map(|mark| mark.made_ms).min();
        waiting.reasons.extend(oldest.map(|made_ms| settling(self.counted("marks", None).max(1), Some(made_ms))));
        waiting.end = (run.phase == RunPhase::Ended).then(|| end_of_run(run));
        waiting
    }

    /// Members that have not ended: those that somebody works on first, those that wait for others last.
    pub(super) fn members_of(&self, run: RunId) -> Vec<Members> {
        let mut first: BTreeMap<PublicState, Vec<Waiting>> = BTreeMap::new();
        let mut tree = Tree::new(*self);
        let open = self.rows.executions.values().filter(|row| row.run_id == Some(run) && row.phase != Phase::Ended);
        for row in open {
            let listed = first.entry(row.public_state()).or_default();
            if listed.len() < REASONS_LISTED_MAX as usize {
                listed.push(tree.of_execution(row, 1));
            }
        }
        let mut members: Vec<_> = PublicState::ALL
            .iter()
            .map(|state| Members {
                state: *state,
                count: self.counted("members", Some(state.word())),
                listed: first.remove(state).unwrap_or_default(),
            })
            .filter(|members| members.count > 0)
            .collect();
        members.sort_by_key(|members| place(members.state));
        members
    }
}

fn place(state: PublicState) -> u8 {
    match state {
        PublicState::Active => 0,
        PublicState::Ready => 1,
        PublicState::WaitingEdges => 3,
        _ => 2,
    }
}

fn not_sealed(run: &Run) -> Reason {
    let why = Why::NotSealed { run: Some(run.id) };
    Reason::new(why, Some(run.created_ms), Owner::Caller, Trigger::Seal)
        .expected(run.build_deadline_ms)
        .ended_by(Operation::SealRun { run: run.id, revision: run.revision })
}

fn end_of_run(run: &Run) -> End {
    let cancelled = |by: &String| Cancelled { by: by.clone(), reason: run.cancel_reason.clone().unwrap_or_default() };
    End {
        outcome: run.outcome,
        cause: run.cause,
        at_ms: run.ended_ms,
        decided_by: None,
        failure: None,
        cancelled: run.cancel_actor.as_ref().map(cancelled),
        again: (run.outcome == Some(Outcome::Failed)).then_some(Operation::RetryFailed { run: run.id }),
    }
}
