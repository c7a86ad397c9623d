//! Known bugs that a test puts back, to show that it finds them: the correctness findings of the contract, as far as rules alone can
//! have them, and others of their kind.
//!
//! A bug spoils the slice that a decision sees ([`slice`]) or the commands that it made ([`commands`]), between load and commit; the
//! rules know nothing of it. Not here: what only a store can do wrong, like waiting for locks in another order.

mod commands;
mod slice;

use levada_store::{Command, State};
use levada_tasks::rules::Event;

macro_rules! bugs {
    ($($(#[$doc:meta])* $Bug:ident $finding:literal,)*) => {
        /// A bug of the kind that execution engines have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Bug { $($(#[$doc])* $Bug,)* }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Bug,)*];

            /// The test of the contract that is about it.
            #[must_use]
            pub const fn finding(self) -> &'static str {
                match self { $(Self::$Bug => $finding,)* }
            }
        }
    };
}

bugs! {
    /// An end in a run that is settled later leaves no mark.
    LostMark "T-004",
    /// A mark goes without its consequences.
    MarkSettledInVain "T-004",
    /// A worker's write is taken although its fence was replaced.
    FenceNotChecked "T-007",
    /// A late completion overwrites an end.
    LateCompletionOverwrites "T-007",
    /// A retry is not counted.
    RetryNotCounted "T-012",
    /// A crash is not counted.
    CrashNotCounted "T-014",
    /// An end does not raise the fence.
    FenceNotRaised "T-009",
    /// The row that asks for losing siblings to be cancelled is not written.
    SiblingsForgotten "T-011",
    /// It is not noted that siblings were spared, so nobody comes back for them.
    SparedNotNoted "T-011",
    /// A resolved edge is counted twice.
    EdgeCountedTwice "T-006",
    /// The end of a member is not counted in its run.
    EndNotCounted "T-028",
    /// A run ends when its last member but one does.
    RunEndsEarly "T-028",
    /// The ends that a skip brings further down are not drawn.
    CascadeStops "T-004",
    /// A pause leaves what is ready in line.
    PauseForgetsHold "T-003",
    /// An end writes its event twice.
    EndedTwice "T-006",
    /// Pinned inputs are not kept.
    InputsNotPinned "T-024",
    /// The attempt of a cancelled execution is not closed.
    AttemptLeftOpen "T-009",
    /// What is created waits for somebody who never comes.
    CreatedNotReady "T-001",
    /// The time before which something must not start is dropped when it is created.
    DueTimeDropped "T-002",
    /// A member is ready although its edges are open.
    ChildBeforeParents "T-003",
    /// Conditions and upstreams that were over before an edge was opened never resolve it.
    EarlyEndForgotten "T-005",
    /// An edge that resolves after its group fired makes the child ready again.
    LateEndRearms "T-008",
    /// Cancelling a run rewrites the ends of its members.
    CancelRewritesEnds "T-009",
    /// A cancel of what is pending cancels nothing.
    CancelPendingDoesNothing "T-009",
    /// The end of a cancelled execution writes no event.
    EndSaysNothing "T-010",
    /// Only groups that were satisfied cancel the rest.
    ImpossibleSparesSurvivors "T-011",
    /// The rest is always cancelled for the same reason.
    FixedReason "T-011",
    /// A retry does not wait.
    RetryAtOnce "T-012",
    /// Nobody looks at deadlines.
    DeadlineNeverFires "T-013",
    /// Nobody looks at what was delayed.
    PromotionNeverFires "T-013",
    /// A crash is taken for a timeout.
    CrashCalledTimeout "T-014",
    /// Of a deadline and a lease that are both over the lease is taken.
    WrongVerdict "T-014",
    /// A run whose members are over is not.
    RunStaysOpen "T-017",
    /// A claim that is repeated gives something else.
    TokenForgotten "T-018",
    /// The execution and its attempts disagree about the number of the attempt.
    AttemptNumberLags "T-019",
    /// Events of members do not name their run.
    EventWithoutRun "T-021",
    /// An edge that closes a cycle is taken.
    CyclesAccepted "T-023",
    /// Whoever builds need not know the graph.
    RevisionNotChecked "T-023",
    /// A lease is measured by another clock than the store's.
    LeaseByOtherClock "T-027",
    /// A lease that is over can be renewed.
    ExpiredLeaseRevived "T-027",
    /// The transaction of its last member does not end a run.
    RunNeverEnds "T-028",
    /// A replay loses the result of the generation before.
    ResultLostByReplay "T-076",
    /// A restart leaves groups as they fired.
    GroupsNotReset "T-076",
    /// Leases do not wait after an outage.
    GraceForgotten "T-055",
    /// Members of a run that is being cancelled are given to workers.
    CancelledRunStarts "T-048",
    /// What an operator holds stays in line.
    HoldForgotten "T-046",
}

impl Bug {
    /// Changes what a decision sees.
    pub fn spoil_slice(self, event: &Event, rows: &mut State) {
        slice::spoil(self, event, rows);
    }

    /// Changes what a decision made.
    pub fn spoil_commands(self, event: &Event, before: &State, made: &mut Vec<Command>) {
        commands::spoil(self, event, before, made);
    }
}
