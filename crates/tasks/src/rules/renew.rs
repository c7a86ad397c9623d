//! Keeping a lease, and saying how far the work is. Neither writes an event.

use levada_base::Error;
use levada_store::alphabets::{Phase, RunPhase};
use levada_store::rows::Progress;
use levada_store::{Fused, Scope};
use serde::{Deserialize, Serialize};

use super::handle::{Want, access};
use super::{Draft, Rule, errors, fused, validate};
use crate::spec::{ProgressNote, Renew};

/// Renew leases; each item has its own result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewLeases {
    pub items: Vec<Renew>,
    /// When the first engine node came back after an outage: leases that could not be renewed during it still can be.
    #[serde(default)]
    pub back_since_ms: Option<i64>,
}

/// Note progress; each item has its own result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordProgress {
    pub items: Vec<ProgressNote>,
}

/// What a renewal brings back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    pub lease_until_ms: i64,
    /// The run is being cancelled: the handler may finish, but nothing follows.
    pub run_cancelling: bool,
}

impl Rule for RenewLeases {
    type Answer = Vec<Result<Renewed, Error>>;

    fn scope(&self) -> Scope {
        Scope::Leases(self.items.iter().map(|item| (item.handle.execution, item.handle.fence)).collect())
    }

    fn usual(&self) -> Option<Fused> {
        fused::renew(self)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Self::Answer, Error> {
        validate::batch(self.items.len())?;
        Ok(self.items.iter().map(|item| renew(draft, item, self.back_since_ms)).collect())
    }
}

fn renew(draft: &mut Draft, item: &Renew, back_since_ms: Option<i64>) -> Result<Renewed, Error> {
    access(draft, &item.handle, Want::Renew { back_since_ms })?;
    let row = draft.execution(item.handle.execution)?;
    validate::ttl(item.ttl_ms, draft.policy(row)?.lease_ttl_max_ms)?;
    let run_cancelling = draft.run_of(row).is_some_and(|run| run.phase == RunPhase::Cancelling);
    let lease_until_ms = draft.now().saturating_add(item.ttl_ms);
    let row = draft.execution_mut(item.handle.execution)?;
    row.lease_until_ms = Some(lease_until_ms);
    row.lease_ttl_ms = Some(item.ttl_ms);
    Ok(Renewed { lease_until_ms, run_cancelling })
}

impl Rule for RecordProgress {
    type Answer = Vec<Result<(), Error>>;

    fn scope(&self) -> Scope {
        Scope::Leases(self.items.iter().map(|item| (item.handle.execution, item.handle.fence)).collect())
    }

    fn decide(&self, draft: &mut Draft) -> Result<Self::Answer, Error> {
        validate::batch(self.items.len())?;
        Ok(self.items.iter().map(|item| note(draft, item)).collect())
    }
}

fn note(draft: &mut Draft, item: &ProgressNote) -> Result<(), Error> {
    access(draft, &item.handle, Want::Write)?;
    if item.permille.is_some_and(|permille| !(0..=1_000).contains(&permille)) {
        return Err(errors::invalid("permille", item.permille.unwrap_or_default(), "within 0 … 1000"));
    }
    validate::name("note", &item.note, validate::NOTE)?;
    let row = draft.execution(item.handle.execution)?;
    debug_assert_eq!(row.phase, Phase::Active, "only a live lease gets here");
    let progress = Progress {
        execution_id: row.id,
        attempt_no: row.attempt_no,
        permille: item.permille,
        note: item.note.clone(),
        at_ms: draft.now(),
    };
    draft.state.progress.insert(progress.execution_id, progress);
    Ok(())
}
