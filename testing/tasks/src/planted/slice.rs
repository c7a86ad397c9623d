//! Bugs in what a decision sees.

use levada_store::State;
use levada_store::alphabets::{ConditionState, Phase, RunPhase};
use levada_tasks::rules::Event;

use super::Bug;

/// Longer than any lease or delay of the histories.
const LONG_MS: i64 = 100_000;

pub(super) fn spoil(bug: Bug, event: &Event, rows: &mut State) {
    match (bug, event) {
        // What the worker brings is taken for the fence that is stored.
        (Bug::FenceNotChecked, Event::CompleteExecutions(event)) => {
            for item in &event.items {
                let row = rows.executions.get_mut(&item.handle.execution);
                if let Some(row) = row.filter(|row| row.phase == Phase::Active && row.fence > item.handle.fence) {
                    row.fence = item.handle.fence;
                }
            }
        }
        // The dispatcher does not learn of those who live because another open group needs them.
        (Bug::SparedNotNoted, Event::DispatchGroup(_)) => rows.spared.values_mut().for_each(|spared| *spared = 0),
        (Bug::EarlyEndForgotten, Event::SealRun(_) | Event::ExtendRun(_)) => forget_what_is_over(rows),
        (Bug::WrongVerdict, Event::SweepExecutions(_)) => {
            rows.executions.values_mut().filter(|row| row.phase == Phase::Active).for_each(|row| row.deadline_ms = None);
        }
        (Bug::CyclesAccepted, Event::StageEdge(_)) => rows.edges.clear(),
        (Bug::RevisionNotChecked, Event::StageEdge(event)) => {
            rows.runs.values_mut().for_each(|run| run.revision = event.expected);
        }
        (Bug::RevisionNotChecked, Event::SealRun(event)) => {
            rows.runs.values_mut().for_each(|run| run.revision = event.expected);
        }
        (Bug::ExpiredLeaseRevived, Event::RenewLeases(_)) => rows.now_ms -= LONG_MS,
        (Bug::GraceForgotten, Event::SweepExecutions(_)) => {
            rows.executions.values_mut().for_each(|row| row.lease_ttl_ms = row.lease_ttl_ms.map(|_| 0));
        }
        (Bug::CancelledRunStarts, Event::Claim(_)) => {
            rows.runs.values_mut().for_each(|run| run.phase = RunPhase::Running);
        }
        _ => {}
    }
}

fn forget_what_is_over(rows: &mut State) {
    rows.conditions.values_mut().for_each(|row| row.state = ConditionState::Open);
    for row in rows.executions.values_mut().filter(|row| row.phase == Phase::Ended) {
        row.phase = Phase::Suspended;
    }
}
