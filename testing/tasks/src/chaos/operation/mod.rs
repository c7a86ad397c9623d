//! The operations and background workers that are disturbed: for each the scene it begins in, and the call.
//!
//! A call may be made again, by the same process or by the next one, and then has the effect of one call. Its answer is given in a form
//! that is the same for the call that did it and for one that found it done.

mod call;
mod prepare;

pub(super) use call::shown;
use levada_tasks::spec::Handle;
use serde::{Deserialize, Serialize};

macro_rules! operations {
    ($($Name:ident $name:literal,)*) => {
        /// What is disturbed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Operation { $($Name,)* }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Name,)*];

            /// A word for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$Name => $name,)* }
            }
        }
    };
}

operations! {
    Create "create",
    Submit "submit_run",
    Build "build_run",
    Extend "extend_run",
    Resolve "resolve_condition",
    Claim "claim",
    Renew "renew",
    Progress "progress",
    CompleteAlone "complete_alone",
    CompleteInline "complete_inline",
    CompleteMarked "complete_marked",
    CompleteAndClaim "complete_and_claim",
    Fail "fail",
    FailForGood "fail_for_good",
    FailAlone "fail_alone",
    Skip "skip",
    Delay "delay",
    Cancel "cancel_execution",
    Revoke "revoke_lease",
    Pause "pause_run",
    CancelRun "cancel_run",
    CancelRunMarked "cancel_run_marked",
    Backlog "cancel_backlog",
    Settle "settle",
    SettleEnd "settle_end",
    Dispatch "edge_cancel_dispatch",
    DispatchChunks "edge_cancel_dispatch_chunks",
    Reconcile "edge_cancel_reconcile",
    LeaseExpiry "lease_expiry",
    AttemptTimeout "attempt_timeout",
    Deadline "deadline",
    Promote "due_promote",
    ConditionExpiry "waitpoint_expiry",
    ScheduleFire "schedule",
    Retention "retention",
    Replay "replay",
    Restart "restart_run_from",
    RetryFailed "retry_failed",
}

/// What a call needs to know of its scene.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ready {
    pub handle: Option<Handle>,
    pub revision: i64,
}

impl Operation {
    /// Runs of at most so many members are settled where they end.
    #[must_use]
    pub fn inline_run_max(self) -> i32 {
        match self {
            Self::CompleteMarked | Self::CancelRunMarked | Self::Backlog | Self::Settle | Self::SettleEnd => 0,
            _ => 64,
        }
    }

    /// Whether its scene has so many members that it is played less often.
    #[must_use]
    pub fn is_wide(self) -> bool {
        matches!(self, Self::DispatchChunks | Self::Backlog)
    }
}
