//! Known bugs that a test puts back, to show that it finds them.
//!
//! A bug spoils the slice that a decision sees or the commands that it made, between load and commit; the rules know nothing of it.

use levada_store::alphabets::{AttemptState, Cause, EventKind, GroupState, Hold, Outcome, Phase, RunPhase};
use levada_store::rows::{Execution, Row};
use levada_store::{Command, Record, RecordKey, State};
use levada_tasks::rules::Event;

/// A bug of the kind that execution engines have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// An end in a run that is settled later leaves no mark.
    LostMark,
    /// A mark goes without its consequences.
    MarkSettledInVain,
    /// A worker's write is taken although its fence was replaced.
    FenceNotChecked,
    /// A late completion overwrites an end.
    LateCompletionOverwrites,
    /// A retry is not counted.
    RetryNotCounted,
    /// A crash is not counted.
    CrashNotCounted,
    /// An end does not raise the fence.
    FenceNotRaised,
    /// The row that asks for losing siblings to be cancelled is not written.
    SiblingsForgotten,
    /// It is not noted that siblings were spared, so nobody comes back for them.
    SparedNotNoted,
    /// A resolved edge is counted twice.
    EdgeCountedTwice,
    /// The end of a member is not counted in its run.
    EndNotCounted,
    /// A run ends when its last member but one does.
    RunEndsEarly,
    /// The ends that a skip brings further down are not drawn.
    CascadeStops,
    /// A pause leaves what is ready in line.
    PauseForgetsHold,
    /// An end writes its event twice.
    EndedTwice,
    /// Pinned inputs are not kept.
    InputsNotPinned,
    /// The attempt of a cancelled execution is not closed.
    AttemptLeftOpen,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::LostMark,
        Self::MarkSettledInVain,
        Self::FenceNotChecked,
        Self::LateCompletionOverwrites,
        Self::RetryNotCounted,
        Self::CrashNotCounted,
        Self::FenceNotRaised,
        Self::SiblingsForgotten,
        Self::SparedNotNoted,
        Self::EdgeCountedTwice,
        Self::EndNotCounted,
        Self::RunEndsEarly,
        Self::CascadeStops,
        Self::PauseForgetsHold,
        Self::EndedTwice,
        Self::InputsNotPinned,
        Self::AttemptLeftOpen,
    ];

    /// Changes what a decision sees.
    pub fn spoil_slice(self, event: &Event, slice: &mut State) {
        match (self, event) {
            // What the worker brings is taken for the fence that is stored.
            (Self::FenceNotChecked, Event::CompleteExecutions(event)) => {
                for item in &event.items {
                    let row = slice.executions.get_mut(&item.handle.execution);
                    if let Some(row) = row.filter(|row| row.phase == Phase::Active && row.fence > item.handle.fence) {
                        row.fence = item.handle.fence;
                    }
                }
            }
            (Self::SparedNotNoted, Event::DispatchGroup(_)) => spare_nobody(slice),
            _ => {}
        }
    }

    /// Changes what a decision made.
    pub fn spoil_commands(self, event: &Event, before: &State, commands: &mut Vec<Command>) {
        match self {
            Self::LostMark => commands.retain(|command| !matches!(command, Command::Put(Record::Mark(_)))),
            Self::MarkSettledInVain if matches!(event, Event::SettleRun(_)) => {
                commands.retain(|command| matches!(command, Command::Delete(RecordKey::Mark(_))));
            }
            Self::SiblingsForgotten => {
                commands.retain(|command| !matches!(command, Command::Put(Record::CancelPending(_))));
            }
            Self::InputsNotPinned => commands.retain(|command| !matches!(command, Command::Put(Record::Pin(_)))),
            Self::EndedTwice => ended_twice(commands),
            Self::CascadeStops => cascade_stops(before, commands),
            Self::LateCompletionOverwrites => late_completion(event, before, commands),
            _ => commands.iter_mut().for_each(|command| self.spoil(event, before, command)),
        }
    }

    /// Changes one row that is put.
    fn spoil(self, event: &Event, before: &State, command: &mut Command) {
        let Command::Put(record) = command else { return };
        match (self, record) {
            (Self::RetryNotCounted, Record::Execution(row)) if row.phase != Phase::Ended => {
                row.retry_used = before.executions.get(&row.id).map_or(0, |old| old.retry_used);
            }
            (Self::CrashNotCounted, Record::Execution(row)) if row.phase != Phase::Ended => {
                row.crash_used = before.executions.get(&row.id).map_or(0, |old| old.crash_used);
            }
            (Self::FenceNotRaised, Record::Execution(row)) if row.phase == Phase::Ended => {
                row.fence = before.executions.get(&row.id).map_or(row.fence, |old| old.fence);
            }
            (Self::EdgeCountedTwice, Record::Group(group)) if group.state == GroupState::Open && group.satisfied > 0 => {
                group.satisfied = (group.satisfied + 1).min(group.n - group.missed);
            }
            (Self::EndNotCounted, Record::Run(run)) if run.phase != RunPhase::Ended && run.settled_succeeded > 0 => {
                run.settled_succeeded -= 1;
            }
            (Self::RunEndsEarly, Record::Run(run)) if run.phase == RunPhase::Running && run.open() == 1 => {
                run.phase = RunPhase::Ended;
                run.outcome = Some(Outcome::Succeeded);
            }
            (Self::PauseForgetsHold, Record::Execution(row)) if matches!(event, Event::PauseRun(_)) => {
                row.hold = if row.hold == Hold::Operator { Hold::None } else { row.hold };
            }
            (Self::AttemptLeftOpen, Record::Attempt(attempt)) if attempt.state == AttemptState::Cancelled => {
                attempt.state = AttemptState::Running;
            }
            _ => {}
        }
    }
}

/// The dispatcher does not learn of those who live because another open group needs them.
fn spare_nobody(slice: &mut State) {
    slice.spared.values_mut().for_each(|spared| *spared = 0);
}

fn ended_twice(commands: &mut Vec<Command>) {
    let last = commands.iter().rev().find_map(|command| match command {
        Command::Put(Record::Event(event)) => Some(event.id),
        _ => None,
    });
    let ended = commands.iter().find_map(|command| match command {
        Command::Put(Record::Event(event)) if event.kind == EventKind::Ended => Some(event.clone()),
        _ => None,
    });
    if let (Some(last), Some(mut event)) = (last, ended) {
        event.id = last + 1;
        commands.push(Command::Put(event.into()));
    }
}

/// Executions that are skipped because of their edges stay as they were, with everything else about them.
fn cascade_stops(before: &State, commands: &mut Vec<Command>) {
    let skipped: Vec<_> = commands.iter().filter_map(skipped_by_edges).collect();
    commands.retain(|command| {
        skipped_by_edges(command).is_none_or(|id| !before.executions.contains_key(&id) || !skipped.contains(&id))
    });
}

fn skipped_by_edges(command: &Command) -> Option<levada_store::ExecutionId> {
    match command {
        Command::Put(Record::Execution(row)) if row.cause == Some(Cause::EdgesImpossible) => Some(row.id),
        _ => None,
    }
}

/// A completion that was refused is written all the same.
fn late_completion(event: &Event, before: &State, commands: &mut Vec<Command>) {
    let Event::CompleteExecutions(event) = event else { return };
    for item in &event.items {
        let ended = |row: &&Execution| row.phase == Phase::Ended && row.outcome != Some(Outcome::Succeeded);
        if let Some(row) = before.executions.get(&item.handle.execution).filter(ended) {
            let row = Execution { outcome: Some(Outcome::Succeeded), cause: Some(Cause::Worker), ..row.clone() };
            commands.retain(|command| !matches!(command, Command::Put(Record::Execution(other)) if other.key() == row.key()));
            commands.push(Command::Put(row.into()));
        }
    }
}
