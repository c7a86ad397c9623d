//! The closed alphabets: every word that a row may hold, its small integer in the store, and its text.
//!
//! Integers never change their meaning; a new word gets a new integer. One that is not listed is damaged data (`LV-T710`), never
//! a default.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::{Field, Kind, Value};

macro_rules! alphabet {
    ($(#[$doc:meta])* $Name:ident { $($(#[$wdoc:meta])* $Word:ident = $code:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $Name { $($(#[$wdoc])* $Word,)* }

        impl $Name {
            /// Every word, in the order of its integer.
            pub const ALL: &[Self] = &[$(Self::$Word),*];

            /// The integer in the store.
            #[must_use]
            pub const fn code(self) -> i16 {
                match self { $(Self::$Word => $code,)* }
            }

            /// The word of an integer; none if it is not one of this alphabet.
            #[must_use]
            pub const fn from_code(code: i64) -> Option<Self> {
                match code { $($code => Some(Self::$Word),)* _ => None }
            }

            /// The word as shown.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$Word => $text,)* }
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.word())
            }
        }

        impl Field for $Name {
            const KIND: Kind = Kind::Small;
            const WORDS: usize = Self::ALL.len();
            fn to_value(&self) -> Value {
                Value::Int(i64::from(self.code()))
            }
            fn from_value(value: Value) -> Result<Self, Value> {
                match value {
                    Value::Int(code) => Self::from_code(code).ok_or(Value::Int(code)),
                    other => Err(other),
                }
            }
        }
    };
}

alphabet!(
    /// Where an execution is in its life.
    Phase { Staged = 0 "staged", Runnable = 1 "runnable", Active = 2 "active", Suspended = 3 "suspended", Ended = 4 "ended", }
);
alphabet!(
    /// Why a runnable execution may not be claimed yet.
    Hold { None = 0 "none", Edges = 1 "edges", Time = 2 "time", Operator = 3 "operator", Budget = 4 "budget", Quota = 5 "quota",
        Concurrency = 6 "concurrency", }
);
alphabet!(
    /// How an execution or a run ended. A run is never `expired` by itself alone nor `skipped`: see its rules.
    Outcome { Succeeded = 0 "succeeded", Failed = 1 "failed", Cancelled = 2 "cancelled", Expired = 3 "expired",
        Skipped = 4 "skipped", }
);
alphabet!(
    /// What brought the end.
    Cause { Worker = 0 "worker", RetriesExhausted = 1 "retries_exhausted", PermanentFailure = 2 "permanent_failure",
        AttemptTimeout = 3 "attempt_timeout", CrashLimit = 4 "crash_limit", Deadline = 5 "deadline",
        SuspensionTimeout = 6 "suspension_timeout", ApprovalRejected = 7 "approval_rejected", Operator = 8 "operator",
        RunCancelled = 9 "run_cancelled", RunExpired = 10 "run_expired", GroupSatisfied = 11 "group_satisfied",
        GroupImpossible = 12 "group_impossible", GroupWithdrawn = 13 "group_withdrawn", EdgesImpossible = 14 "edges_impossible",
        ConditionTimeout = 15 "condition_timeout", NeverSealed = 16 "never_sealed", }
);
alphabet!(
    /// The state of one try.
    AttemptState { Running = 0 "running", Parked = 1 "parked", Succeeded = 2 "succeeded", Failed = 3 "failed",
        TimedOut = 4 "timed_out", Crashed = 5 "crashed", Revoked = 6 "revoked", Cancelled = 7 "cancelled", Skipped = 8 "skipped", }
);
alphabet!(
    /// Why a try was begun.
    AttemptCause { First = 0 "first", Retry = 1 "retry", CrashRecovery = 2 "crash_recovery", Revocation = 3 "revocation",
        Replay = 4 "replay", }
);
alphabet!(
    /// What sort of failure it was; decides whether it is tried again.
    FailureClass { Transient = 0 "transient", Permanent = 1 "permanent", Timeout = 2 "timeout", Crash = 3 "crash",
        Resource = 4 "resource", }
);
alphabet!(
    /// The call of a worker that closed or parked an attempt.
    Call { Complete = 0 "complete", Fail = 1 "fail", Skip = 2 "skip", Delay = 3 "delay", }
);
alphabet!(
    /// What users see: derived from phase, hold and outcome by [`crate::rows::Execution::public_state`].
    PublicState { Staged = 0 "staged", Ready = 1 "ready", WaitingEdges = 2 "waiting_edges", Delayed = 3 "delayed", Held = 4 "held",
        Limited = 5 "limited", Active = 6 "active", Suspended = 7 "suspended", Succeeded = 8 "succeeded", Failed = 9 "failed",
        Cancelled = 10 "cancelled", Expired = 11 "expired", Skipped = 12 "skipped", }
);
alphabet!(
    /// Where a run is in its life.
    RunPhase { Building = 0 "building", Running = 1 "running", Cancelling = 2 "cancelling", Ended = 3 "ended", }
);
alphabet!(
    /// What becomes of a run when an essential member fails.
    OnFailure { Continue = 0 "continue", CancelPending = 1 "cancel_pending", CancelAll = 2 "cancel_all", }
);
alphabet!(
    /// How thoroughly a run is cancelled; a later one is stronger.
    CancelPolicy { MarkOnly = 0 "mark_only", CancelPending = 1 "cancel_pending", CancelAll = 2 "cancel_all", }
);
alphabet!(
    /// Which end of its upstream satisfies an edge.
    EdgeWhen { Success = 0 "success", Failure = 1 "failure", Done = 2 "done", Skipped = 3 "skipped", NotFailed = 4 "not_failed", }
);

impl EdgeWhen {
    /// Whether an upstream that ended so meets it: the table of the contract, §3.3.
    #[must_use]
    pub fn is_met_by(self, outcome: Outcome) -> bool {
        match self {
            Self::Success => outcome == Outcome::Succeeded,
            Self::Failure => matches!(outcome, Outcome::Failed | Outcome::Expired),
            Self::Done => true,
            Self::Skipped => outcome == Outcome::Skipped,
            Self::NotFailed => matches!(outcome, Outcome::Succeeded | Outcome::Skipped),
        }
    }
}

alphabet!(
    /// The state of an edge.
    EdgeState { Staged = 0 "staged", Open = 1 "open", Satisfied = 2 "satisfied", Missed = 3 "missed", }
);
alphabet!(
    /// How many of its edges a group needs.
    Need { AllOf = 0 "all_of", AnyOf = 1 "any_of", Quorum = 2 "quorum", }
);
alphabet!(
    /// What happens to the rest once a group fired.
    OnFired { CancelRemaining = 0 "cancel_remaining", LetRun = 1 "let_run", }
);
alphabet!(
    /// The state of an edge group.
    GroupState { Open = 0 "open", Satisfied = 1 "satisfied", Impossible = 2 "impossible", Withdrawn = 3 "withdrawn", }
);
alphabet!(
    /// Whether a fired group's siblings are still to be cancelled.
    CancelState { None = 0 "none", Pending = 1 "pending", Done = 2 "done", }
);
alphabet!(
    /// The state of an outside fact that edges wait for.
    ConditionState { Open = 0 "open", Satisfied = 1 "satisfied", Missed = 2 "missed", }
);
alphabet!(
    /// What becomes of the children of a condition that nobody resolved in time.
    OnTimeout { Miss = 0 "miss", Fail = 1 "fail", }
);
alphabet!(
    /// What a lane lets through.
    LaneState { Open = 0 "open", Paused = 1 "paused", Draining = 2 "draining", Disabled = 3 "disabled", }
);
alphabet!(
    /// The state of a registered worker.
    WorkerState { Live = 0 "live", Draining = 1 "draining", Dead = 2 "dead", }
);
alphabet!(
    /// How bytes are kept: none, here, or elsewhere under a name.
    Storage { Void = 0 "void", Inline = 1 "inline", Reference = 2 "reference", }
);
alphabet!(
    /// What a schedule does about fires that it missed.
    MissedPolicy { Skip = 0 "skip", One = 1 "one", All = 2 "all", }
);
alphabet!(
    /// What a request key stands for.
    KeyOf { Execution = 0 "execution", Run = 1 "run", Fragment = 2 "fragment", }
);
alphabet!(
    /// What happened, one word per event.
    EventKind { ExecutionCreated = 0 "execution_created", Claimed = 1 "claimed", Parked = 2 "parked", Resumed = 3 "resumed",
        LeaseExpired = 4 "lease_expired", Revoked = 5 "revoked", Ended = 6 "ended", Replayed = 7 "replayed", Held = 8 "held",
        Released = 9 "released", PriorityChanged = 10 "priority_changed", RetryScheduled = 11 "retry_scheduled",
        AttemptTimedOut = 12 "attempt_timed_out", SuspensionTimedOut = 13 "suspension_timed_out", Escalated = 14 "escalated",
        TokenReissued = 15 "token_reissued", OperatorAction = 16 "operator_action", RunCreated = 17 "run_created",
        RunSealed = 18 "run_sealed", RunExtended = 19 "run_extended", RunPaused = 20 "run_paused", RunResumed = 21 "run_resumed",
        RunCancelRequested = 22 "run_cancel_requested", RunEnded = 23 "run_ended", RunReopened = 24 "run_reopened",
        GroupFired = 25 "group_fired", GroupWithdrawn = 26 "group_withdrawn", SiblingsCancelled = 27 "siblings_cancelled",
        ConditionResolved = 28 "condition_resolved", SignalReceived = 29 "signal_received",
        ApprovalRequested = 30 "approval_requested", ApprovalVoted = 31 "approval_voted", ApprovalDecided = 32 "approval_decided",
        BudgetExhausted = 33 "budget_exhausted", BudgetReset = 34 "budget_reset", ScheduleFired = 35 "schedule_fired",
        ScheduleSkipped = 36 "schedule_skipped", ScheduleMissed = 37 "schedule_missed", LaneChanged = 38 "lane_changed",
        WorkerRegistered = 39 "worker_registered", WorkerLost = 40 "worker_lost", KeyRotated = 41 "key_rotated", }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_outside_its_alphabet_is_no_word() {
        for phase in Phase::ALL {
            assert_eq!(Phase::from_value(phase.to_value()), Ok(*phase));
        }
        assert_eq!(Phase::from_code(5), None);
        let text = Value::Text("staged".into());
        assert_eq!(Phase::from_value(text.clone()), Err(text));
    }
}
