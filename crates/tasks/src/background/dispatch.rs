//! BW-02: the losing siblings of fired groups are cancelled, one transaction per group.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, Kind};
use levada_store::rows::CancelPending;
use levada_store::{ExecutionId, Query, Scope, Store, Wake};

use super::postponed::{Outages, Postponed};
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::{DispatchGroup, Dispatched, PostponeGroup, ReconcileGroup};

/// Groups of one step.
const GROUPS_MAX: u32 = 50;

/// The edge-cancel dispatcher.
#[derive(Default)]
pub(super) struct Dispatch {
    /// Groups that cannot even be postponed in the store, because it was away or their rows cannot be loaded.
    postponed: Postponed<ExecutionId>,
}

impl<S: Store> BackgroundWorker<S> for Dispatch {
    fn name(&self) -> &'static str {
        "edge_cancel_dispatch"
    }

    fn wakes(&self, wake: &Wake) -> bool {
        matches!(wake, Wake::Dispatch(_))
    }

    fn tick_ms(&self) -> u64 {
        1_000
    }

    fn batch(&self) -> u32 {
        GROUPS_MAX
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        self.step(engine, batch).boxed()
    }
}

impl Dispatch {
    async fn step<S: Store>(&self, engine: &Engine<S>, batch: u32) -> Result<Report, Error> {
        let mut report = Report::default();
        let since_ms = engine.about_now();
        let left_alone = self.postponed.waiting(since_ms);
        let mut outages = Outages::default();
        let pending = pending(engine, 0, batch, &left_alone).await?;
        let full = pending.len() >= batch as usize;
        for row in pending {
            match dispatch(engine, row.child, &mut report).await {
                Ok(outcome) => {
                    outages.over();
                    self.postponed.forget(row.child);
                    metrics::dispatch_tick(outcome);
                    report.add(outcome, 1_u64);
                }
                Err(error) => {
                    metrics::dispatch_tick("errors");
                    report.add("errors", 1_u64);
                    self.postpone(engine, row.child, error, &mut outages).await?;
                }
            }
        }
        self.postponed.end(outages)?;
        // Groups that were skipped are still there, so only progress is a reason to go on at once.
        report.more = full && report.count("dispatched") + report.count("orphaned") + report.count("errors") > 0;
        report.again_at(self.postponed.next_ms(since_ms));
        report.left_alone = self.postponed.waiting(engine.about_now());
        Ok(report)
    }

    /// Leaves a group alone for a while: for all nodes, or for this one if the store was away or cannot load what belongs to it.
    async fn postpone<S: Store>(
        &self,
        engine: &Engine<S>,
        group: ExecutionId,
        error: Error,
        outages: &mut Outages<ExecutionId>,
    ) -> Result<(), Error> {
        let failed = match error.kind() {
            Kind::Unavailable => Err(error),
            _ => engine.act("postpone_group", PostponeGroup { group }).await,
        };
        match failed {
            Ok(_) => {
                outages.over();
                self.postponed.forget(group);
                Ok(())
            }
            Err(error) => self.postponed.failed(group, error, engine.about_now(), outages),
        }
    }
}

/// The oldest pending rows that may be tried now, without some.
pub(super) async fn pending<S: Store>(
    engine: &Engine<S>,
    older_than_ms: i64,
    limit: u32,
    except: &[ExecutionId],
) -> Result<Vec<CancelPending>, Error> {
    let namespaces = engine.settings.namespaces.clone();
    let limit_of_all = limit.saturating_add(u32::try_from(except.len()).unwrap_or(u32::MAX));
    let page = engine.read(Query::PendingCancels { namespaces, older_than_ms, limit: limit_of_all }).await?;
    let mut rows: Vec<_> = page.rows.cancel_pending.into_values().filter(|row| !except.contains(&row.child)).collect();
    rows.sort_by_key(|row| (row.enqueued_ms, row.child));
    rows.truncate(limit as usize);
    Ok(rows)
}

/// Drains one group, chunk by chunk; the counter of what came of it.
async fn dispatch<S: Store>(engine: &Engine<S>, group: ExecutionId, report: &mut Report) -> Result<&'static str, Error> {
    loop {
        match engine.act("edge_cancel_dispatch", DispatchGroup { group }).await? {
            Dispatched::Dispatched { cancelled, already_ended, kept, more } => {
                report.add("cancelled", cancelled);
                if !more {
                    report.add("already_ended", already_ended);
                    report.add("kept", kept);
                    return Ok("dispatched");
                }
            }
            Dispatched::SkippedForReconciler => return Ok("skipped_for_reconciler"),
            Dispatched::Gone => return Ok("gone"),
            Dispatched::NotLocked => return not_locked(engine, group).await,
        }
    }
}

/// A group that could not be locked is held by somebody else, or it does not exist and its row is an orphan.
async fn not_locked<S: Store>(engine: &Engine<S>, group: ExecutionId) -> Result<&'static str, Error> {
    if exists(engine, group).await? {
        return Ok("skipped_locked");
    }
    engine.act("edge_cancel_dispatch", ReconcileGroup { group, is_absent: true }).await?;
    Ok("orphaned")
}

/// Whether a group is there, whoever holds it.
pub(super) async fn exists<S: Store>(engine: &Engine<S>, group: ExecutionId) -> Result<bool, Error> {
    Ok(engine.read(Query::Scope(Scope::Group(group))).await?.rows.groups.contains_key(&group))
}
