//! What a transaction changed, as metrics see it: found out inside of the transaction by comparing its commands with the rows before,
//! recorded once it is committed. So every operation and background worker counts the same way, on every store.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use levada_store::alphabets::{AttemptState, Cause, FailureClass, GroupState, Hold, Need, Outcome, Phase, RunPhase};
use levada_store::rows::{Attempt, Execution, Group, Run, Schedule};
use levada_store::{Command, Record, RecordKey, State};
use metrics::{counter, histogram};

use super::seconds;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Created { lane: String },
    Claimed { lane: String, kind: String, waited_ms: i64 },
    Ended { lane: String, outcome: Outcome, cause: Cause },
    AttemptClosed { lane: String, state: AttemptState },
    Retried { class: FailureClass },
    RunEnded { outcome: Outcome, ms: i64 },
    GroupFired { policy: Need, result: GroupState },
    SiblingCancelled { reason: Cause, lag_ms: Option<i64> },
    SiblingsSpared { reason: Cause, count: u64 },
    Hop { ms: i64 },
    Late { worker: &'static str, ms: i64 },
}

/// What the commands of a decision on `before` change.
pub(crate) fn observe(before: &State, commands: &[Command]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let observer = Observer { before, commands, written: OnceCell::new(), fired: OnceCell::new(), marked: OnceCell::new() };
    for command in commands {
        if let Command::Put(record) = command {
            observer.record(record, &mut seen);
        }
    }
    seen
}

/// What is asked for row by row is looked for once: a transaction may have very many commands.
struct Observer<'a> {
    before: &'a State,
    commands: &'a [Command],
    /// The lanes of routes that are written.
    written: OnceCell<BTreeMap<i64, &'a str>>,
    fired: OnceCell<Option<i64>>,
    marked: OnceCell<i64>,
}

impl<'a> Observer<'a> {
    fn record(&self, record: &Record, seen: &mut Vec<Seen>) {
        match record {
            Record::Execution(row) => self.execution(row, seen),
            Record::Attempt(row) => self.attempt(row, seen),
            Record::Run(row) => self.run(row, seen),
            Record::Group(row) => self.group(row, seen),
            Record::Schedule(row) => self.schedule(row, seen),
            _ => {}
        }
    }

    fn lane(&self, route: i64) -> String {
        let known = self.before.routes.get(&route).map(|row| row.lane.as_str());
        let written = || self.written.get_or_init(|| self.written_lanes()).get(&route).copied();
        known.or_else(written).unwrap_or_default().to_owned()
    }

    fn written_lanes(&self) -> BTreeMap<i64, &'a str> {
        let lane = |command: &'a Command| match command {
            Command::Put(Record::Route(row)) => Some((row.id, row.lane.as_str())),
            _ => None,
        };
        self.commands.iter().filter_map(lane).collect()
    }

    fn execution(&self, row: &Execution, seen: &mut Vec<Seen>) {
        let now_ms = self.before.now_ms;
        let Some(old) = self.before.executions.get(&row.id) else {
            return seen.push(Seen::Created { lane: self.lane(row.route_id) });
        };
        if old.phase != Phase::Active && row.phase == Phase::Active {
            // What the call that claimed it made ready did not wait.
            let was_ready = (old.phase, old.hold) == (Phase::Runnable, Hold::None);
            let waited_ms = if was_ready { now_ms - old.since_ms } else { 0 };
            seen.push(Seen::Claimed { lane: self.lane(row.route_id), kind: row.kind.clone(), waited_ms });
        }
        if let (false, Some(outcome), Some(cause)) = (old.phase == Phase::Ended, row.outcome, row.cause) {
            seen.push(Seen::Ended { lane: self.lane(row.route_id), outcome, cause });
            if matches!(cause, Cause::GroupSatisfied | Cause::GroupImpossible) {
                seen.push(Seen::SiblingCancelled { reason: cause, lag_ms: self.since_fired() });
            }
            if let (Cause::Deadline, Some(due_ms)) = (cause, old.deadline_ms) {
                seen.push(Seen::Late { worker: "deadline", ms: now_ms - due_ms });
            }
        }
        let became_ready = (row.phase, row.hold) == (Phase::Runnable, Hold::None) || row.phase == Phase::Active;
        match (old.phase, old.hold, old.due_ms) {
            (Phase::Runnable, Hold::Edges, _) if became_ready => seen.push(Seen::Hop { ms: self.since_marked() }),
            (Phase::Runnable, Hold::Time, Some(due_ms)) if became_ready && due_ms <= now_ms => {
                seen.push(Seen::Late { worker: "due_promote", ms: now_ms - due_ms });
            }
            _ => {}
        }
    }

    /// How long ago the group fired whose siblings this transaction cancels.
    fn since_fired(&self) -> Option<i64> {
        let last = || self.before.groups.values().filter_map(|group| group.fired_ms).max();
        self.fired.get_or_init(last).map(|at| self.before.now_ms - at)
    }

    /// How long ago the first of the ends that this transaction settles was committed; nothing if it settles its own.
    fn since_marked(&self) -> i64 {
        let mark = |command: &Command| match command {
            Command::Delete(RecordKey::Mark(id)) => self.before.marks.get(id).map(|mark| mark.made_ms),
            _ => None,
        };
        let first = || self.commands.iter().filter_map(mark).min();
        *self.marked.get_or_init(|| first().map_or(0, |at| self.before.now_ms - at))
    }

    fn attempt(&self, row: &Attempt, seen: &mut Vec<Seen>) {
        let open = |state| matches!(state, AttemptState::Running | AttemptState::Parked);
        let was_open = self.before.attempts.get(&(row.execution_id, row.attempt_no)).is_some_and(|old| open(old.state));
        let Some(old) = self.before.executions.get(&row.execution_id).filter(|_| was_open && !open(row.state)) else { return };
        seen.push(Seen::AttemptClosed { lane: self.lane(old.route_id), state: row.state });
        if let (Some(class), Some(_)) = (row.failure_class, row.next_due_ms) {
            seen.push(Seen::Retried { class });
        }
        let due = match row.state {
            AttemptState::Crashed => old.lease_until_ms.map(|at| ("lease_expiry", at)),
            AttemptState::TimedOut => old.attempt_deadline_ms.map(|at| ("attempt_timeout", at)),
            _ => None,
        };
        seen.extend(due.map(|(worker, at)| Seen::Late { worker, ms: self.before.now_ms - at }));
    }

    fn run(&self, row: &Run, seen: &mut Vec<Seen>) {
        let was_open = self.before.runs.get(&row.id).is_none_or(|old| old.phase != RunPhase::Ended);
        if let (true, Some(outcome), Some(ended_ms)) = (was_open, row.outcome, row.ended_ms) {
            seen.push(Seen::RunEnded { outcome, ms: ended_ms - row.created_ms });
        }
    }

    fn group(&self, row: &Group, seen: &mut Vec<Seen>) {
        let old = self.before.groups.get(&row.child);
        let was_open = old.is_none_or(|old| old.state == GroupState::Open);
        if was_open && matches!(row.state, GroupState::Satisfied | GroupState::Impossible) {
            seen.push(Seen::GroupFired { policy: row.need, result: row.state });
        }
        let spared = row.kept - old.map_or(0, |old| old.kept);
        if let (Ok(count @ 1..), Some(reason)) = (u64::try_from(spared), row.cancel_cause) {
            seen.push(Seen::SiblingsSpared { reason, count });
        }
    }

    fn schedule(&self, row: &Schedule, seen: &mut Vec<Seen>) {
        let due = self.before.schedules.get(&row.id).and_then(|old| old.next_fire_ms);
        let fired = due.filter(|at| *at <= self.before.now_ms && row.next_fire_ms != Some(*at));
        seen.extend(fired.map(|at| Seen::Late { worker: "schedule", ms: self.before.now_ms - at }));
    }
}

/// Counts what was committed.
pub(crate) fn record(seen: Vec<Seen>) {
    for one in seen {
        match one {
            Seen::Created { lane } => counter!("levada_tasks_created_total", "lane" => lane).increment(1),
            Seen::Claimed { lane, kind, waited_ms } => {
                counter!("levada_tasks_claimed_total", "lane" => lane.clone(), "kind" => kind).increment(1);
                histogram!("levada_tasks_ready_to_claim_seconds", "lane" => lane).record(seconds(waited_ms));
            }
            Seen::Ended { lane, outcome, cause } => {
                let labels = [("lane", lane), ("outcome", outcome.to_string()), ("cause", cause.to_string())];
                counter!("levada_tasks_ended_total", &labels).increment(1);
            }
            Seen::AttemptClosed { lane, state } => {
                counter!("levada_tasks_attempts_total", "lane" => lane, "state" => state.word()).increment(1);
            }
            Seen::Retried { class } => counter!("levada_tasks_retries_total", "class" => class.word()).increment(1),
            Seen::RunEnded { outcome, ms } => {
                histogram!("levada_tasks_run_seconds", "outcome" => outcome.word()).record(seconds(ms));
            }
            Seen::GroupFired { policy, result } => {
                let labels = [("policy", policy.word()), ("result", result.word())];
                counter!("levada_tasks_groups_fired_total", &labels).increment(1);
            }
            Seen::SiblingCancelled { reason, lag_ms } => {
                siblings("cancelled", reason, 1);
                if let Some(ms) = lag_ms {
                    histogram!("levada_tasks_cancel_lag_seconds").record(seconds(ms));
                }
            }
            Seen::SiblingsSpared { reason, count } => siblings("kept", reason, count),
            Seen::Hop { ms } => histogram!("levada_tasks_hop_seconds").record(seconds(ms)),
            Seen::Late { worker, ms } => {
                histogram!("levada_tasks_due_lateness_seconds", "worker" => worker).record(seconds(ms));
            }
        }
    }
}

fn siblings(disposition: &'static str, reason: Cause, count: u64) {
    let labels = [("disposition", disposition), ("reason", reason.word())];
    counter!("levada_tasks_siblings_total", &labels).increment(count);
}
