//! Wake-ups: hints that follow a commit. Losing one costs time, never work.

use std::collections::BTreeSet;

use tokio::sync::broadcast;

use crate::alphabets::{ConditionState, Hold, Phase, RunPhase};
use crate::ids::{ExecutionId, RunId};
use crate::limits::BUILD_MS_MAX;
use crate::scope::DueKind;
use crate::state::{Command, Record};

/// What may be worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wake {
    /// Something of this route can be claimed.
    Ready(i64),
    /// A run has marks.
    Settle(RunId),
    /// A group's siblings are to be cancelled.
    Dispatch(ExecutionId),
    /// A cancelled run has members left.
    Backlog(RunId),
    /// Something is due at this time.
    Due(DueKind, i64),
    /// A run changed in a way that somebody may wait for.
    Run(RunId),
    /// An execution that was active is not any longer: its holder may have lost it; or it ended.
    Lost(ExecutionId),
    /// Something of this route is not active any longer: if its lane has a limit, there may be room.
    Freed(i64),
    /// A run waits for the end of another, or of an execution.
    Awaited(RunId),
    /// Events were written.
    Events,
    /// Lanes changed, or hints were lost: look at everything.
    All,
}

/// Gets every wake-up from the moment it was made.
pub type WakeReceiver = broadcast::Receiver<Wake>;

/// Sends wake-ups to everybody in this process.
#[derive(Debug, Clone)]
pub struct Waker(broadcast::Sender<Wake>);

/// Wake-ups that a slow receiver can lag behind before it is told to look at everything.
const WAKES_KEPT: usize = 4096;

impl Default for Waker {
    fn default() -> Self {
        Self(broadcast::channel(WAKES_KEPT).0)
    }
}

impl Waker {
    /// A receiver of what is sent from now on.
    #[must_use]
    pub fn subscribe(&self) -> WakeReceiver {
        self.0.subscribe()
    }

    /// Tells everybody who listens.
    pub fn send(&self, wakes: impl IntoIterator<Item = Wake>) {
        for wake in wakes {
            // Nobody listening is fine: it was a hint.
            let _ = self.0.send(wake);
        }
    }
}

/// The wake-ups that follow from committed commands, each once.
#[must_use]
pub fn wakes(commands: &[Command]) -> BTreeSet<Wake> {
    let mut wakes = BTreeSet::new();
    let begun = begun(commands);
    for command in commands {
        match command {
            // F-7: a lease that was renewed ends later than its sweep expects, so nobody is told.
            Command::Put(Record::Execution(row)) if row.phase == Phase::Active && !begun.contains(&row.id) => {}
            Command::Put(record) => of_record(record, &mut wakes),
            Command::Delete(_) | Command::DeleteRun(_) | Command::DeleteExecution(_) | Command::ForgetEvents { .. } => {}
        }
    }
    wakes
}

/// Executions of which an attempt begins or goes on, or is written at least.
fn begun(commands: &[Command]) -> BTreeSet<ExecutionId> {
    let attempts = commands.iter().filter_map(|command| match command {
        Command::Put(Record::Attempt(row)) => Some(row.execution_id),
        _ => None,
    });
    attempts.collect()
}

fn of_record(record: &Record, wakes: &mut BTreeSet<Wake>) {
    match record {
        Record::Execution(row) => {
            match (row.phase, row.hold) {
                (Phase::Runnable, Hold::None) => drop(wakes.insert(Wake::Ready(row.route_id))),
                (Phase::Runnable, Hold::Time) => wakes.extend(row.due_ms.map(|at| Wake::Due(DueKind::Promote, at))),
                (Phase::Active, _) => {
                    wakes.extend(row.lease_until_ms.map(|at| Wake::Due(DueKind::Lease, at)));
                    wakes.extend(row.attempt_deadline_ms.map(|at| Wake::Due(DueKind::AttemptDeadline, at)));
                }
                _ => {}
            }
            if row.phase == Phase::Ended || (row.phase != Phase::Active && row.attempt_no > 0) {
                wakes.insert(Wake::Lost(row.id));
            }
            if row.phase != Phase::Active && row.attempt_no > 0 {
                wakes.insert(Wake::Freed(row.route_id));
            }
            wakes.extend(row.deadline_ms.map(|at| Wake::Due(DueKind::Deadline, at)));
            if row.run_id.is_none() {
                wakes.extend(row.retain_until_ms.map(|at| Wake::Due(DueKind::RetainExecution, at)));
                let staged = row.phase == Phase::Staged;
                wakes.extend(staged.then(|| Wake::Due(DueKind::Staged, row.created_ms.saturating_add(BUILD_MS_MAX))));
            }
        }
        Record::Mark(row) => drop(wakes.insert(Wake::Settle(row.run_id))),
        Record::CancelPending(row) => drop(wakes.insert(Wake::Dispatch(row.child))),
        Record::Run(row) => {
            wakes.insert(Wake::Run(row.id));
            if row.cancel_backlog {
                wakes.insert(Wake::Backlog(row.id));
            }
            wakes.extend(row.deadline_ms.map(|at| Wake::Due(DueKind::RunDeadline, at)));
            wakes.extend(row.cancel_grace_ms.map(|at| Wake::Due(DueKind::CancelGrace, at)));
            wakes.extend(row.retain_until_ms.map(|at| Wake::Due(DueKind::RetainRun, at)));
            if row.phase == RunPhase::Building {
                wakes.extend(row.build_deadline_ms.map(|at| Wake::Due(DueKind::Building, at)));
            }
        }
        Record::Condition(row) if row.state == ConditionState::Open => {
            wakes.extend(row.expires_ms.map(|at| Wake::Due(DueKind::Condition, at)));
            if row.upstream_run.is_some() || row.upstream_execution.is_some() {
                wakes.insert(Wake::Awaited(row.run_id));
            }
        }
        Record::Schedule(row) => wakes.extend(row.next_fire_ms.map(|at| Wake::Due(DueKind::Schedule, at))),
        Record::WorkerRow(row) => wakes.extend(row.expires_ms.map(|at| Wake::Due(DueKind::Worker, at))),
        Record::RequestKey(row) => drop(wakes.insert(Wake::Due(DueKind::RequestKey, row.look_ms))),
        Record::Lane(_) => drop(wakes.insert(Wake::All)),
        Record::Event(_) => drop(wakes.insert(Wake::Events)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::random::state;
    use crate::dues::earliest;
    use crate::state::State;

    /// An execution is claimed together with its attempt.
    fn attempts_of(full: &State, record: &Record) -> Vec<Command> {
        let Record::Execution(row) = record else { return Vec::new() };
        let own = full.attempts.values().filter(|attempt| attempt.execution_id == row.id);
        own.map(|attempt| Command::Put(attempt.clone().into())).collect()
    }

    #[test]
    fn t_032_a_renewal_wakes_nobody() {
        let full = state(1, 1_000_000_000);
        let active: Vec<_> = full.executions.values().filter(|row| row.phase == Phase::Active).cloned().collect();
        assert!(!active.is_empty());
        let renewals: Vec<_> = active.into_iter().map(|row| Command::Put(row.into())).collect();
        assert_eq!(wakes(&renewals), BTreeSet::new());
    }

    #[test]
    fn t_037_every_stored_time_wakes_its_worker() {
        let mut seen = BTreeSet::new();
        for seed in 0..20 {
            let full = state(seed, 1_000_000_000);
            for record in full.records() {
                let mut alone = State::default();
                alone.put(record.clone());
                let told = wakes(&[vec![Command::Put(record.clone())], attempts_of(&full, &record)].concat());
                for kind in DueKind::ALL {
                    let Some(at_ms) = earliest(&alone, *kind) else { continue };
                    assert!(told.contains(&Wake::Due(*kind, at_ms)), "{kind:?} of {record:?}: {told:?}");
                    seen.insert(*kind);
                }
            }
        }
        assert_eq!(seen.len(), DueKind::ALL.len(), "{seen:?}");
    }
}
