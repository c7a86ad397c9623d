//! Taking a lease away.

use levada_base::Error;
use levada_store::alphabets::{AttemptState, EventKind, Phase};
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};

use super::handle::{Want, access};
use super::{Draft, Rule, errors, validate};
use crate::spec::Handle;

/// Take the lease of an execution away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeLease {
    pub execution: ExecutionId,
    /// The holder gives it back by its handle; counted as a crash. None: an operator takes it.
    pub by: Option<Handle>,
    /// Only the lease of this fence, as an operator read it: who asks again finds it gone. None: whichever there is.
    #[serde(default)]
    pub fence: Option<i64>,
    pub actor: String,
}

/// What a revocation found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    Revoked,
    NoLease,
}

impl Rule for RevokeLease {
    type Answer = Revoked;

    fn scope(&self) -> Scope {
        match &self.by {
            None => Scope::Executions(vec![self.execution]),
            // What this fence closed before is brought too: its holder is told so.
            Some(handle) => Scope::Handles(vec![(self.execution, handle.fence)]),
        }
    }

    fn decide(&self, draft: &mut Draft) -> Result<Revoked, Error> {
        validate::actor(&self.actor)?;
        if let Some(handle) = self.by.filter(|handle| handle.execution != self.execution) {
            return Err(errors::invalid("by", handle.execution, "a handle of the execution whose lease it gives back"));
        }
        let row = draft.execution(self.execution)?;
        if row.phase != Phase::Active || self.fence.is_some_and(|fence| fence != row.fence) {
            return Ok(Revoked::NoLease);
        }
        match &self.by {
            None => draft.revoked(self.execution, &self.actor)?,
            Some(handle) => {
                access(draft, handle, Want::Write)?;
                draft.crashed(self.execution, AttemptState::Revoked, EventKind::Revoked)?;
            }
        }
        draft.settle()?;
        Ok(Revoked::Revoked)
    }
}
