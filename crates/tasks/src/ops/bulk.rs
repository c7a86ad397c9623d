//! The same verb on many executions: ids, or all that a filter finds; with a dry run that only counts.

use futures::StreamExt;
use levada_base::Error;
use levada_store::{ExecutionFilter, ExecutionId, Query, Store};

use super::Tasks;
use crate::rules::Applied;
use crate::spec::ReplayOptions;

/// Executions of one bulk call.
pub const BULK_EXECUTIONS_MAX: usize = 100_000;
/// Refusals that a report lists.
pub const BULK_REFUSALS_MAX: usize = 1_000;
/// Calls in flight; the store merges them.
const IN_FLIGHT: usize = 64;
const PAGE: u32 = 1_000;

/// What is done to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkVerb {
    Cancel,
    Replay { ignore_edges: bool },
    Hold,
    Release,
    ChangePriority(i32),
}

/// To which executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    Ids(Vec<ExecutionId>),
    /// All that it finds when the call begins.
    Filter(ExecutionFilter),
}

/// What a bulk call did, or would do.
#[derive(Debug, Default)]
pub struct BulkReport {
    /// Executions that were selected.
    pub matched: u64,
    pub applied: u64,
    pub already_applied: u64,
    pub refused: u64,
    /// The first of these and why.
    pub refusals: Vec<(ExecutionId, Error)>,
}

impl<S: Store> Tasks<S> {
    /// Does `verb` to every selected execution, each in its own right: one that is refused does not stop the others. A dry run only
    /// counts what is selected.
    ///
    /// # Errors
    /// `LV-T003` for too many; what the store says when it is asked for them.
    pub async fn bulk(&self, verb: BulkVerb, selection: Selection, dry_run: bool, actor: &str) -> Result<BulkReport, Error> {
        let ids = self.selected(selection).await?;
        let mut report = BulkReport { matched: u64::try_from(ids.len()).unwrap_or(u64::MAX), ..BulkReport::default() };
        if dry_run {
            return Ok(report);
        }
        let calls = futures::stream::iter(ids).map(|id| async move { (id, self.one(verb, id, actor).await) });
        let mut results = calls.buffer_unordered(IN_FLIGHT);
        while let Some((id, result)) = results.next().await {
            match result {
                Ok(Applied::Applied) => report.applied += 1,
                Ok(Applied::AlreadyApplied) => report.already_applied += 1,
                Err(error) => {
                    report.refused += 1;
                    if report.refusals.len() < BULK_REFUSALS_MAX {
                        report.refusals.push((id, error));
                    }
                }
            }
        }
        report.refusals.sort_by_key(|(id, _)| *id);
        Ok(report)
    }

    async fn one(&self, verb: BulkVerb, id: ExecutionId, actor: &str) -> Result<Applied, Error> {
        match verb {
            BulkVerb::Cancel => self.cancel_execution(id, actor).await,
            BulkVerb::Replay { ignore_edges } => {
                let options = ReplayOptions { ignore_edges, generation: None };
                self.replay(id, options, actor).await.map(|_| Applied::Applied)
            }
            BulkVerb::Hold => self.hold(id, actor).await,
            BulkVerb::Release => self.release(id, actor).await,
            BulkVerb::ChangePriority(priority) => self.change_priority(id, priority, actor).await,
        }
    }

    async fn selected(&self, selection: Selection) -> Result<Vec<ExecutionId>, Error> {
        let filter = match selection {
            Selection::Ids(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                return within_limit(ids);
            }
            Selection::Filter(mut filter) => {
                filter.namespaces = self.engine.settings.narrowed(filter.namespaces);
                filter
            }
        };
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = self.engine.read(Query::Executions(filter.clone(), after, PAGE)).await?;
            ids.extend(page.rows.executions.values().map(|row| row.id));
            after = page.next;
            if after.is_none() || ids.len() > BULK_EXECUTIONS_MAX {
                return within_limit(ids);
            }
        }
    }
}

fn within_limit(ids: Vec<ExecutionId>) -> Result<Vec<ExecutionId>, Error> {
    if ids.len() <= BULK_EXECUTIONS_MAX {
        return Ok(ids);
    }
    let n = format!("more than {BULK_EXECUTIONS_MAX} executions");
    Err(crate::rules::beyond("bulk call", n, "BULK_EXECUTIONS_MAX", BULK_EXECUTIONS_MAX, "narrow the filter, or split the ids"))
}
