//! Bugs in what a decision made.

use levada_store::alphabets::{
    AttemptState, CancelPolicy, CancelState, Cause, EdgeState, EventKind, GroupState, Hold, Outcome, Phase, RunPhase,
};
use levada_store::rows::{Execution, Group, Row, Run};
use levada_store::{Command, DueKind, ExecutionId, Record, RecordKey, State};
use levada_tasks::rules::Event;

use super::Bug;

/// Longer than nothing, shorter than a lease.
const OTHER_CLOCK_MS: i64 = 500;

pub(super) fn spoil(bug: Bug, event: &Event, before: &State, made: &mut Vec<Command>) {
    match (bug, event) {
        (Bug::LostMark, _) => forget(made, |record| matches!(record, Record::Mark(_))),
        (Bug::MarkSettledInVain, Event::SettleRun(_)) => {
            made.retain(|command| matches!(command, Command::Delete(RecordKey::Mark(_))));
        }
        (Bug::SiblingsForgotten, _) => forget(made, |record| matches!(record, Record::CancelPending(_))),
        (Bug::InputsNotPinned, _) => forget(made, |record| matches!(record, Record::Pin(_))),
        (Bug::ImpossibleSparesSurvivors, _) => spare_survivors(made),
        (Bug::EndSaysNothing, Event::CancelRun(_) | Event::CancelExecution(_) | Event::DispatchGroup(_)) => {
            forget(made, |record| matches!(record, Record::Event(event) if event.kind == EventKind::Ended));
        }
        (Bug::DeadlineNeverFires, Event::SweepExecutions(sweep)) if sweep.kind == DueKind::Deadline => made.clear(),
        (Bug::PromotionNeverFires, Event::SweepExecutions(sweep)) if sweep.kind == DueKind::Promote => made.clear(),
        (Bug::CancelPendingDoesNothing, Event::CancelRun(cancel)) if cancel.policy == CancelPolicy::CancelPending => {
            forget(made, |record| matches!(record, Record::Execution(_)));
        }
        (Bug::ResultLostByReplay, Event::ReplayExecution(replay)) => {
            let results = before.results.keys().filter(|(id, _)| *id == replay.execution);
            made.extend(results.map(|key| Command::Delete(RecordKey::ResultRow(*key))));
        }
        (Bug::GroupsNotReset, Event::RestartRun(_) | Event::RetryFailed(_)) => {
            forget(made, |record| matches!(record, Record::Group(_)));
        }
        (Bug::EndedTwice, _) => ended_twice(made),
        (Bug::CascadeStops, _) => cascade_stops(before, made),
        (Bug::LateCompletionOverwrites, Event::CompleteExecutions(_)) => late_completion(event, before, made),
        (Bug::LateEndRearms, _) => late_end_rearms(before, made),
        (Bug::CancelRewritesEnds, Event::CancelRun(cancel)) => rewrite_ends(cancel.run, before, made),
        _ => made.iter_mut().for_each(|command| spoil_row(bug, event, before, command)),
    }
}

fn forget(made: &mut Vec<Command>, which: impl Fn(&Record) -> bool) {
    made.retain(|command| !matches!(command, Command::Put(record) if which(record)));
}

/// Changes one row that is put.
fn spoil_row(bug: Bug, event: &Event, before: &State, command: &mut Command) {
    let Command::Put(record) = command else { return };
    match record {
        Record::Execution(row) => spoil_execution(bug, event, before.executions.get(&row.id), row),
        Record::Run(run) => spoil_run(bug, run),
        Record::Group(group) => spoil_group(bug, group),
        Record::Attempt(attempt) if bug == Bug::AttemptLeftOpen && attempt.state == AttemptState::Cancelled => {
            attempt.state = AttemptState::Running;
        }
        Record::Attempt(attempt) if bug == Bug::CrashCalledTimeout && attempt.state == AttemptState::Crashed => {
            attempt.state = AttemptState::TimedOut;
        }
        Record::Event(event) if bug == Bug::EventWithoutRun && event.execution_id.is_some() => event.run_id = None,
        _ => {}
    }
}

fn spoil_execution(bug: Bug, event: &Event, old: Option<&Execution>, row: &mut Execution) {
    let open = row.phase != Phase::Ended;
    match (bug, event) {
        (Bug::RetryNotCounted, _) if open => row.retry_used = old.map_or(0, |old| old.retry_used),
        (Bug::CrashNotCounted, _) if open => row.crash_used = old.map_or(0, |old| old.crash_used),
        (Bug::FenceNotRaised, _) if !open => row.fence = old.map_or(row.fence, |old| old.fence),
        (Bug::PauseForgetsHold, Event::PauseRun(_)) | (Bug::HoldForgotten, Event::HoldExecution(_)) => {
            row.hold = if row.hold == Hold::Operator { Hold::None } else { row.hold };
        }
        (Bug::CreatedNotReady, Event::CreateExecution(_)) if row.hold == Hold::None && row.phase == Phase::Runnable => {
            row.hold = Hold::Edges;
        }
        (Bug::DueTimeDropped, Event::CreateExecution(_) | Event::SubmitRun(_)) => {
            row.due_ms = None;
            row.hold = if row.hold == Hold::Time { Hold::None } else { row.hold };
        }
        (Bug::ChildBeforeParents, Event::SubmitRun(_) | Event::SealRun(_)) => {
            row.hold = if row.hold == Hold::Edges { Hold::None } else { row.hold };
        }
        (Bug::RetryAtOnce, Event::FailExecutions(_)) if row.hold == Hold::Time => (row.hold, row.due_ms) = (Hold::None, None),
        (Bug::TokenForgotten, Event::Claim(_)) => row.claim_token = None,
        (Bug::AttemptNumberLags, Event::Claim(_)) if row.attempt_no > 1 => row.attempt_no -= 1,
        (Bug::LeaseByOtherClock, Event::Claim(_) | Event::RenewLeases(_)) => {
            row.lease_until_ms = row.lease_until_ms.map(|until| until + OTHER_CLOCK_MS);
        }
        _ => {}
    }
}

fn spoil_run(bug: Bug, run: &mut Run) {
    match bug {
        Bug::EndNotCounted if run.phase != RunPhase::Ended && run.settled_succeeded > 0 => run.settled_succeeded -= 1,
        Bug::RunEndsEarly if run.phase == RunPhase::Running && run.open() == 1 => {
            run.phase = RunPhase::Ended;
            run.outcome = Some(Outcome::Succeeded);
        }
        Bug::RunNeverEnds if run.phase == RunPhase::Ended => (run.phase, run.outcome) = (RunPhase::Running, None),
        Bug::RunStaysOpen if run.phase == RunPhase::Ended => run.phase = RunPhase::Running,
        _ => {}
    }
}

fn spoil_group(bug: Bug, group: &mut Group) {
    match bug {
        Bug::EdgeCountedTwice if group.state == GroupState::Open && group.satisfied > 0 => {
            group.satisfied = (group.satisfied + 1).min(group.n - group.missed);
        }
        Bug::FixedReason => group.cancel_cause = group.cancel_cause.map(|_| Cause::GroupSatisfied),
        _ => {}
    }
}

fn spare_survivors(made: &mut Vec<Command>) {
    let mut spared = Vec::new();
    for command in made.iter_mut() {
        if let Command::Put(Record::Group(group)) = command
            && group.state == GroupState::Impossible
        {
            (group.cancel_state, group.cancel_cause) = (CancelState::None, None);
            spared.push(group.child);
        }
    }
    forget(made, |record| matches!(record, Record::CancelPending(row) if spared.contains(&row.child)));
}

fn ended_twice(made: &mut Vec<Command>) {
    let last = made.iter().rev().find_map(|command| match command {
        Command::Put(Record::Event(event)) => Some(event.id),
        _ => None,
    });
    let ended = made.iter().find_map(|command| match command {
        Command::Put(Record::Event(event)) if event.kind == EventKind::Ended => Some(event.clone()),
        _ => None,
    });
    if let (Some(last), Some(mut event)) = (last, ended) {
        event.id = last + 1;
        made.push(Command::Put(event.into()));
    }
}

/// Executions that are skipped because of their edges stay as they were, with everything else about them.
fn cascade_stops(before: &State, made: &mut Vec<Command>) {
    made.retain(|command| skipped_by_edges(command).is_none_or(|id| !before.executions.contains_key(&id)));
}

fn skipped_by_edges(command: &Command) -> Option<ExecutionId> {
    match command {
        Command::Put(Record::Execution(row)) if row.cause == Some(Cause::EdgesImpossible) => Some(row.id),
        _ => None,
    }
}

/// A completion that was refused is written all the same.
fn late_completion(event: &Event, before: &State, made: &mut Vec<Command>) {
    let Event::CompleteExecutions(event) = event else { return };
    for item in &event.items {
        let ended = |row: &&Execution| row.phase == Phase::Ended && row.outcome != Some(Outcome::Succeeded);
        if let Some(row) = before.executions.get(&item.handle.execution).filter(ended) {
            let row = Execution { outcome: Some(Outcome::Succeeded), cause: Some(Cause::Worker), ..row.clone() };
            put_instead(made, row);
        }
    }
}

fn put_instead(made: &mut Vec<Command>, row: Execution) {
    forget(made, |record| matches!(record, Record::Execution(other) if other.key() == row.key()));
    made.push(Command::Put(Execution { cancelled_by_call: false, ..row }.into()));
}

/// A child whose group fired long ago is ready again, whatever it does now.
fn late_end_rearms(before: &State, made: &mut Vec<Command>) {
    let children: Vec<_> = made
        .iter()
        .filter_map(|command| match command {
            Command::Put(Record::Edge(edge)) if edge.state == EdgeState::Satisfied => Some(edge.child),
            _ => None,
        })
        .filter(|child| before.groups.get(child).is_some_and(|group| group.state == GroupState::Satisfied))
        .collect();
    for row in children.iter().filter_map(|child| before.executions.get(child)) {
        let again = Execution {
            phase: Phase::Runnable,
            hold: Hold::None,
            outcome: None,
            cause: None,
            ended_ms: None,
            lease_id: None,
            worker: None,
            instance: None,
            lease_until_ms: None,
            ..row.clone()
        };
        put_instead(made, again);
    }
}

fn rewrite_ends(run: levada_store::RunId, before: &State, made: &mut Vec<Command>) {
    let ended = before.executions.values().filter(|row| row.run_id == Some(run) && row.outcome == Some(Outcome::Succeeded));
    for row in ended {
        put_instead(made, Execution { outcome: Some(Outcome::Cancelled), cause: Some(Cause::RunCancelled), ..row.clone() });
    }
}
