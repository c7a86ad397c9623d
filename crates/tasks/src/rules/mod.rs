//! The rules: pure decisions and arithmetic. Nothing here awaits, reads a clock, draws a number or knows the `World`; times, random
//! words and new ids arrive inside of the event.
//!
//! An event is a struct with the rows it needs ([`Rule::scope`]) and what follows from it ([`Rule::decide`]), each in a file of its
//! own. A decision works on a [`Draft`] of its slice; what differs at the end are the commands. `run` files execute events against a
//! store; tests feed them to [`decide`].

mod build;
mod cancel_execution;
mod cancel_run;
mod candidates;
mod claim;
mod create;
mod dispatch;
mod draft;
mod edge;
mod end;
mod errors;
pub mod explain;
mod failure;
mod finish;
mod forget_events;
mod fused;
mod group;
mod handle;
mod hold;
mod inputs;
mod intern;
mod joint;
mod lanes;
mod lease;
mod nodes;
mod operator;
mod overdue;
mod postpone;
mod reconcile;
mod renew;
mod replay;
mod retention;
mod retry;
mod revoke;
pub mod schedule;
mod schedules;
mod settle;
mod sweep;
mod tags;
mod validate;
mod workers;
mod write;

pub(crate) use errors::{beyond, invalid, unknown, used_otherwise};
pub(crate) use intern::route;

use levada_base::Error;
use levada_store::{Command, Fused, Scope, State};
use serde::{Deserialize, Serialize};

pub use build::{
    AddExecution, AppliedEdge, ApplyEdge, CreateRun, DueConditions, ExpireCondition, ExtendRun, Extended, Membership, PauseRun,
    PolicySet, ResolveCondition, ResumeRun, RunState, RunsSwept, SealRun, Sealed, SetGroupPolicy, StageEdge, StagedEdge,
    SubmitRun, SweepRuns,
};
pub use cancel_execution::CancelExecution;
pub use cancel_run::{BacklogStep, CancelBacklog, CancelRun, RunCancelled};
pub use claim::{Claim, Claimed, ClaimedInput};
pub use create::{CreateExecution, Created};
pub use dispatch::{DispatchGroup, Dispatched};
pub use draft::Draft;
pub use forget_events::ForgetEvents;
pub(crate) use joint::decide_whole;
pub use lanes::{ChangeLane, LaneChange};
pub use nodes::{GONE_NODE_KEPT_MS, NodeAlive, NodeSeen, OUTAGE_MS};
pub use operator::{ChangePriority, HoldExecution, OverrideOutcome, ReleaseExecution, RunNow};
pub(crate) use overdue::GRACE_MS_MAX;
pub use postpone::PostponeGroup;
pub use reconcile::{ReconcileGroup, Reconciled};
pub use renew::{RecordProgress, RenewLeases, Renewed};
pub use replay::{ReplayExecution, Replayed, RestartRun, Restarted, RetryFailed};
pub use retention::{ExpireRequestKeys, KeysSwept, RetainExecutions, RetainRuns};
pub use revoke::{RevokeLease, Revoked};
pub(crate) use schedules::next_fires;
pub use schedules::{CreateSchedule, DeleteSchedule, FireSchedule, Fired, PauseSchedule, ResumeSchedule};
pub use settle::{SettleRun, Settled};
pub use sweep::{SweepExecutions, Swept};
pub use tags::{ChangeTags, TagOwner};
pub use workers::{
    DEAD_WORKER_KEPT_MS, DrainWorker, HeartbeatWorker, MarkWorkerDead, RegisterWorker, Registered, SweepWorkers, WorkersSwept,
};
pub use write::{CompleteExecutions, DelayExecutions, Ended, EndedAndClaimed, FailExecutions, SkipExecutions, Written};

/// Something that happened or is asked for, with everything that the decision about it needs besides rows.
pub trait Rule: Clone + Into<Event> {
    /// What the caller is told once the commands are committed.
    type Answer;

    /// The rows that the decision needs.
    fn scope(&self) -> Scope;

    /// The namespace in which it makes something: whoever asks for that sees what is there, whichever namespaces its node serves.
    fn namespace(&self) -> Option<&str> {
        None
    }

    /// What is decided if nothing stands in the way, for stores that can do it in one statement.
    fn usual(&self) -> Option<Fused> {
        None
    }

    /// Draws every consequence inside the slice.
    ///
    /// # Errors
    /// What is refused; then the draft is thrown away.
    fn decide(&self, draft: &mut Draft) -> Result<Self::Answer, Error>;
}

/// The commands and the answer of an event on a slice.
///
/// # Errors
/// What the event's rules refuse.
pub fn answer<R: Rule>(state: &State, rule: &R) -> Result<(Vec<Command>, R::Answer), Error> {
    let mut draft = Draft::new(state);
    let answer = rule.decide(&mut draft)?;
    Ok((draft.commands(), answer))
}

/// `LV-T001` for a setting of a worker or an engine.
pub(crate) fn invalid_setting(field: &str, value: impl std::fmt::Display, rule: &str) -> Error {
    errors::invalid(field, value, rule)
}

/// Whether a claim is within the limits.
pub(crate) fn check_claim(request: &crate::spec::ClaimRequest) -> Result<(), Error> {
    validate::claim(request)
}

/// An idempotent outcome: the effect is there, brought about now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applied {
    Applied,
    AlreadyApplied,
}

macro_rules! events {
    ($($Event:ident,)*) => {
        /// Every event, for traces that are recorded and replayed.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Event { $($Event($Event),)* }

        $(impl From<$Event> for Event {
            fn from(event: $Event) -> Self {
                Self::$Event(event)
            }
        })*

        /// What follows from an event on a slice. Deterministic and total: an error means no command, an empty list that there is
        /// nothing to do.
        ///
        /// # Errors
        /// What the event's rules refuse.
        pub fn decide(state: &State, event: &Event) -> Result<Vec<Command>, Error> {
            match event { $(Event::$Event(event) => answer(state, event).map(|(commands, _)| commands),)* }
        }

        impl Event {
            /// The rows that the decision needs.
            #[must_use]
            pub fn scope(&self) -> Scope {
                match self { $(Self::$Event(event) => event.scope(),)* }
            }

            /// See [`Rule::namespace`].
            pub(crate) fn namespace(&self) -> Option<&str> {
                match self { $(Self::$Event(event) => event.namespace(),)* }
            }
        }
    };
}

events! {
    CreateExecution,
    Claim,
    RenewLeases,
    RecordProgress,
    CompleteExecutions,
    FailExecutions,
    SkipExecutions,
    DelayExecutions,
    CancelExecution,
    CancelRun,
    CancelBacklog,
    RevokeLease,
    SweepExecutions,
    SettleRun,
    DispatchGroup,
    ReconcileGroup,
    CreateRun,
    AddExecution,
    StageEdge,
    ApplyEdge,
    SetGroupPolicy,
    SealRun,
    SubmitRun,
    ExtendRun,
    ResolveCondition,
    ExpireCondition,
    DueConditions,
    PauseRun,
    ResumeRun,
    SweepRuns,
    PostponeGroup,
    ChangeTags,
    ForgetEvents,
    HoldExecution,
    ReleaseExecution,
    ChangePriority,
    RunNow,
    OverrideOutcome,
    ReplayExecution,
    RestartRun,
    RetryFailed,
    ChangeLane,
    RegisterWorker,
    HeartbeatWorker,
    DrainWorker,
    MarkWorkerDead,
    SweepWorkers,
    NodeAlive,
    RetainRuns,
    RetainExecutions,
    ExpireRequestKeys,
    CreateSchedule,
    PauseSchedule,
    ResumeSchedule,
    DeleteSchedule,
    FireSchedule,
}
