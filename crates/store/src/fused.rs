//! What a call usually does, as data: what a store may do in one statement instead of loading a slice, planning and writing it.
//!
//! Not a decision: whoever calls says what the rules will decide *if nothing stands in the way*, and the store does it only where
//! that is so ("fits"); the plan is then given the rows as they were, and what it answers is what the caller is told. A call of
//! which one item does not fit is left untouched and takes the ordinary way, so that all its items share one transaction.

use crate::alphabets::{AttemptState, Call, Cause, FailureClass, Outcome, Storage};
use crate::ids::{ExecutionId, Token};
use crate::rows::Facts;
use crate::scope::ClaimScope;

/// The usual effect of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fused {
    Renew(Vec<FusedRenew>),
    End(Vec<FusedEnd>),
    Claim(FusedClaim),
}

/// A lease that is kept. It fits if it is live and the execution's policy allows its span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FusedRenew {
    pub execution: ExecutionId,
    pub fence: i64,
    pub ttl_ms: i64,
}

/// An end that its worker brings. It fits if the lease is live and the execution either stands alone or is a member of a run that is
/// settled later; then it is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FusedEnd {
    pub execution: ExecutionId,
    pub fence: i64,
    pub call: Call,
    /// What the attempt remembers of the call.
    pub digest: Option<i64>,
    pub attempt: AttemptState,
    pub outcome: Outcome,
    pub cause: Cause,
    /// Of the event `ended`.
    pub detail: String,
    pub result: Option<FusedResult>,
    pub failure: Option<FusedFailure>,
}

/// The result that an end leaves, under the generation that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FusedResult {
    pub storage: Storage,
    pub digest: i64,
    pub facts: Facts,
    pub bytes: Vec<u8>,
}

/// A failure; it fits only if the policy never tries such a one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FusedFailure {
    pub class: FailureClass,
    /// The bit of the class in [`crate::rows::Policy::retry_on`].
    pub retry_bit: i32,
    pub code: String,
    pub message: String,
}

/// A claim: each candidate, in their order, begins or resumes an attempt under the next lease. It fits if no lane of the claim has a
/// limit, the runs of all candidates let them start, and their inputs are no more than one claim may bring. A repeated one fits, too,
/// and takes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FusedClaim {
    pub scope: ClaimScope,
    pub worker: String,
    pub ttl_ms: i64,
    /// At least as many as the scope's limit.
    pub leases: Vec<Token>,
}

impl Fused {
    /// Whether two calls can be done by one statement.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Renew(_), Self::Renew(_)) | (Self::End(_), Self::End(_)) => true,
            (Self::Claim(one), Self::Claim(other)) => {
                let (one, other) = (&one.scope, &other.scope);
                (&one.lanes, &one.namespaces, &one.capabilities) == (&other.lanes, &other.namespaces, &other.capabilities)
            }
            _ => false,
        }
    }

    /// What no two calls of one statement may share: the executions, or a claim's token.
    pub fn keys(&self) -> impl Iterator<Item = u128> + '_ {
        let (renewed, ended, claimed) = match self {
            Self::Renew(items) => (items.as_slice(), &[][..], None),
            Self::End(items) => (&[][..], items.as_slice(), None),
            Self::Claim(claim) => (&[][..], &[][..], Some(claim.scope.token.0)),
        };
        renewed.iter().map(|item| item.execution.0).chain(ended.iter().map(|item| item.execution.0)).chain(claimed)
    }
}
