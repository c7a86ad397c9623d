//! The scene of each operation: everything up to the moment before the call.

use levada_base::Error;
use levada_store::ScheduleId;
use levada_store::alphabets::{FailureClass, MissedPolicy};
use levada_store::limits::{CANCEL_BATCH_MAX, DISPATCH_CHUNK_MAX};
use levada_tasks::spec::{
    CancelRun, ClaimRequest, Delay, GraphEdge, GraphNode, Handle, NewCondition, NewSchedule, Recurrence, RunGraph,
};

use super::{Operation, Ready};
use crate::chaos::drain::drain;
use crate::chaos::node::Node;
use crate::chaos::scene::{RETENTION_MS, RUN, broken, execution, member, race, request, wide_race};

/// More than one chunk of losing siblings.
const WIDE: u128 = DISPATCH_CHUNK_MAX as u128 + 5;

impl Operation {
    /// Plays up to the moment before the call.
    ///
    /// # Errors
    /// What the engine says: nothing is disturbed yet.
    pub async fn prepare(self, node: &Node) -> Result<Ready, Error> {
        match self {
            Self::Create | Self::Submit | Self::Build => Ok(Ready::default()),
            Self::CompleteAlone | Self::FailAlone => {
                node.tasks.create_execution(execution(RUN, 0, "alone")).await?;
                first_claimed(node).await
            }
            Self::AttemptTimeout | Self::Deadline => {
                timed(node, self == Self::AttemptTimeout).await?;
                let ready = first_claimed(node).await?;
                node.pass(5_000);
                Ok(ready)
            }
            Self::Resolve | Self::ConditionExpiry => {
                node.tasks.submit_run(conditional(node.tasks.now().await? + 5_000)).await?;
                node.pass(if self == Self::Resolve { 0 } else { 6_000 });
                Ok(Ready::default())
            }
            Self::ScheduleFire => {
                node.tasks.create_schedule(minutely()).await?;
                node.pass(61_000);
                Ok(Ready::default())
            }
            Self::DispatchChunks => {
                node.tasks.submit_run(wide_race(RUN, WIDE)).await?;
                let ready = first_claimed(node).await?;
                won(node, &ready).await?;
                node.tasks.tick("settle").await?;
                Ok(ready)
            }
            Self::Backlog => {
                node.tasks.submit_run(wide_race(RUN, CANCEL_BATCH_MAX as u128 + 5)).await?;
                node.tasks.cancel_run(RUN, CancelRun::all("enough", "operator")).await?;
                Ok(Ready::default())
            }
            _ => self.prepare_race(node).await,
        }
    }

    async fn prepare_race(self, node: &Node) -> Result<Ready, Error> {
        let made = node.tasks.submit_run(race(RUN)).await?.into_inner();
        if matches!(self, Self::Claim | Self::Extend) {
            return Ok(Ready { revision: made.revision, ..Ready::default() });
        }
        let ready = if self == Self::LeaseExpiry {
            let short = ClaimRequest { ttl_ms: 1_000, ..request(1, 1) };
            let claimed = node.tasks.claim(short).await?;
            Ready { handle: claimed.first().map(|claimed| claimed.handle), revision: 0 }
        } else {
            first_claimed(node).await?
        };
        match self {
            Self::LeaseExpiry => node.pass(2_000),
            Self::Promote => {
                let until_ms = node.tasks.now().await? + 1_000;
                node.tasks.delay(vec![Delay { handle: held(&ready)?, until_ms }]).await?;
                node.pass(2_000);
            }
            Self::Settle | Self::Dispatch => won(node, &ready).await?,
            Self::SettleEnd => {
                won(node, &ready).await?;
                node.tasks.tick("settle").await?;
                node.tasks.cancel_run(RUN, CancelRun::all("enough", "operator")).await?;
                node.tasks.tick("cancel_backlog").await?;
            }
            Self::Reconcile => {
                won(node, &ready).await?;
                // The losers ended without the dispatcher: what it had to do is left over.
                node.tasks.cancel_execution(member(RUN, 1), "operator").await?;
                node.tasks.cancel_execution(member(RUN, 2), "operator").await?;
                node.pass(6_000);
            }
            Self::Retention => {
                drained(node).await?;
                node.pass(RETENTION_MS + 1);
            }
            Self::Replay | Self::Restart => drained(node).await?,
            Self::RetryFailed => {
                let others = node.tasks.claim(request(2, 2)).await?.into_iter().map(|claimed| claimed.handle);
                let all = others.chain([held(&ready)?]).map(|handle| broken(handle, FailureClass::Permanent));
                node.tasks.fail(all.collect(), None).await?;
                drained(node).await?;
            }
            _ => {}
        }
        Ok(ready)
    }
}

async fn first_claimed(node: &Node) -> Result<Ready, Error> {
    Ok(Ready { handle: Some(node.claim_one(1).await?.handle), revision: 0 })
}

pub(super) fn held(ready: &Ready) -> Result<Handle, Error> {
    ready.handle.ok_or_else(|| Error::internal("a scene without a handle"))
}

/// The first of the race has won; of what follows nothing is done yet.
async fn won(node: &Node, ready: &Ready) -> Result<(), Error> {
    node.complete_one(held(ready)?).await
}

async fn drained(node: &Node) -> Result<(), Error> {
    drain(node).await.map_err(Error::internal)
}

async fn timed(node: &Node, attempt: bool) -> Result<(), Error> {
    let mut new = execution(RUN, 0, "timed");
    if attempt {
        new.policy.attempt_timeout_ms = Some(2_000);
    } else {
        new.policy.deadline_ms = Some(2_000);
    }
    node.tasks.create_execution(new).await.map(|_| ())
}

fn conditional(expires_ms: i64) -> RunGraph {
    let mut graph = RunGraph { edges: Vec::new(), ..race(RUN) };
    let condition = NewCondition { expires_ms: Some(expires_ms), ..NewCondition::default() };
    graph.edges.push(GraphEdge { is_condition: true, condition, ..GraphEdge::success("fact", "join") });
    graph.edges.push(GraphEdge::success("join", "then").as_input("winner"));
    graph
}

fn minutely() -> NewSchedule {
    let without_ids = |mut node: GraphNode| {
        node.execution.id = None;
        node
    };
    let graph = race(RUN);
    let nodes = graph.nodes.into_iter().map(without_ids).collect();
    NewSchedule {
        id: Some(ScheduleId(5)),
        namespace: "default".to_owned(),
        name: "minutely".to_owned(),
        when: Recurrence::Every { ms: 60_000, anchor_ms: 0 },
        start_ms: None,
        end_ms: None,
        jitter_ms: 0,
        missed: MissedPolicy::One,
        paused: false,
        graph: RunGraph { id: None, request_key: None, nodes, ..graph },
    }
}
