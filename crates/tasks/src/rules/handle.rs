//! What the holder of a handle may still do: the table of the contract, §2.3.

use levada_base::Error;
use levada_store::ExecutionId;
use levada_store::alphabets::{AttemptState, Call, Phase};
use levada_store::rows::{Attempt, Execution};

use super::overdue::lease_end;
use super::{Draft, errors};
use crate::spec::Handle;

/// A handle that may write, or that wrote the same before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// The lease is live.
    Live,
    /// This fence closed or parked the attempt by the same call.
    Repeated(Box<Attempt>),
}

/// What a worker wants to do: one of the calls that close or park, or something else that only a live lease may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Write,
    /// The same; after an outage a lease that waits to expire can be kept.
    Renew {
        back_since_ms: Option<i64>,
    },
    /// The call and, for a delay, a digest of what it asks for.
    Close(Call, Option<i64>),
}

/// Whether `handle` may do what its holder wants.
///
/// # Errors
/// `LV-T002`, `LV-T101` … `LV-T104` as the contract's table says.
pub(crate) fn access(draft: &Draft, handle: &Handle, want: Want) -> Result<Access, Error> {
    let row = draft.execution(handle.execution)?;
    if row.phase == Phase::Active && row.fence == handle.fence {
        let back_since_ms = if let Want::Renew { back_since_ms } = want { back_since_ms } else { None };
        return match lease_end(row, back_since_ms) {
            Some(end) if end > draft.now() => Ok(Access::Live),
            _ => Err(errors::lease_over(row.lease_until_ms.unwrap_or_default(), draft.now())),
        };
    }
    if let Some(attempt) = closed_through(draft, handle) {
        return repeated(row, attempt, want);
    }
    if row.fence == handle.fence && matches!(row.phase, Phase::Runnable | Phase::Suspended) {
        return Err(errors::given_up(row));
    }
    Err(errors::replaced(handle.fence, row, why(draft, row)))
}

/// The attempt that was closed or parked through this fence.
fn closed_through<'a>(draft: &'a Draft, handle: &Handle) -> Option<&'a Attempt> {
    let all = (handle.execution, 0)..=(handle.execution, i32::MAX);
    draft.state.attempts.range(all).map(|(_, attempt)| attempt).find(|attempt| attempt.last_fence == Some(handle.fence))
}

fn repeated(row: &Execution, attempt: &Attempt, want: Want) -> Result<Access, Error> {
    match (attempt.last_call, want) {
        (Some(Call::Delay), Want::Close(Call::Delay, digest)) if attempt.last_digest == digest => {
            Ok(Access::Repeated(Box::new(attempt.clone())))
        }
        (Some(Call::Delay), _) => Err(errors::given_up(row)),
        (Some(did), Want::Close(call, _)) if did == call => Ok(Access::Repeated(Box::new(attempt.clone()))),
        _ => Err(errors::closed(row, Some(attempt))),
    }
}

/// Why a fence no longer counts, for people.
fn why(draft: &Draft, row: &Execution) -> &'static str {
    match row.phase {
        Phase::Staged => "it was never claimed",
        Phase::Active => "it is leased again",
        Phase::Suspended => "it is suspended",
        Phase::Ended => row.cause.map_or("it ended", |cause| cause.word()),
        Phase::Runnable => match last_state(draft, row.id, row.attempt_no) {
            Some(AttemptState::Crashed) => "lease expired",
            Some(AttemptState::Revoked) => "lease revoked",
            Some(AttemptState::TimedOut) => "attempt timed out",
            Some(AttemptState::Failed) => "attempt failed",
            _ => "it waits to be claimed",
        },
    }
}

fn last_state(draft: &Draft, id: ExecutionId, number: i32) -> Option<AttemptState> {
    draft.state.attempts.get(&(id, number)).map(|attempt| attempt.state)
}
