//! The call of each operation, and its answer.

use levada_base::Error;
use levada_store::alphabets::FailureClass;
use levada_store::{ExecutionId, RunId};
use levada_tasks::rules::{Claimed, Extended, Membership, Sealed, Written};
use levada_tasks::spec::{
    CancelRun, Delay, Fragment, GraphEdge, GraphNode, GroupPolicy, Handle, NewEdge, NewExecution, NewRun, ProgressNote, Renew,
    ReplayOptions, Resolution, RestartOptions, Skip, Upstream,
};

use super::prepare::held;
use super::{Operation, Ready};
use crate::chaos::node::Node;
use crate::chaos::scene::{RUN, broken, done, execution, member, race, request};

/// A claim of the call, whose repetition gives the same.
const CALL: u128 = 77;

impl Operation {
    /// Makes the call.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn call(self, node: &Node, ready: &Ready) -> Result<String, Error> {
        let tasks = &node.tasks;
        Ok(match self {
            Self::Create => {
                let new = NewExecution { request_key: Some("key".to_owned()), ..execution(RUN, 0, "alone") };
                format!("{:?}", tasks.create_execution(new).await?.into_inner())
            }
            Self::Submit => format!("{:?}", tasks.submit_run(race(RUN)).await?.into_inner()),
            Self::Build => build(node).await?,
            Self::Extend => extend(node, ready.revision).await?,
            Self::Resolve => {
                tasks.resolve_condition(RUN, "fact", Resolution::Satisfied(Default::default())).await?;
                String::new()
            }
            Self::Cancel => {
                tasks.cancel_execution(member(RUN, 1), "operator").await?;
                String::new()
            }
            Self::Revoke => {
                tasks.revoke_lease(member(RUN, 0), "operator").await?;
                String::new()
            }
            Self::Pause => {
                tasks.pause_run(RUN, "operator").await?;
                String::new()
            }
            Self::CancelRun | Self::CancelRunMarked => {
                format!("{:?}", tasks.cancel_run(RUN, CancelRun::all("enough", "operator")).await?.policy)
            }
            Self::Replay => {
                let options = ReplayOptions { generation: Some(0), ..ReplayOptions::default() };
                format!("generation {}", tasks.replay(member(RUN, 4), options, "operator").await?.generation)
            }
            Self::Restart => {
                let options = RestartOptions { cascade: true, force: false, generation: Some(0) };
                format!("{:?}", tasks.restart_run_from(RUN, member(RUN, 3), options, "operator").await?.members)
            }
            Self::RetryFailed => {
                // Repeated, it finds no failure to begin again.
                tasks.retry_failed(RUN, false, "operator").await?;
                String::new()
            }
            Self::SettleEnd => ticked(node, "settle").await?,
            Self::Backlog
            | Self::Settle
            | Self::Dispatch
            | Self::Reconcile
            | Self::LeaseExpiry
            | Self::AttemptTimeout
            | Self::Deadline
            | Self::Promote
            | Self::ConditionExpiry
            | Self::ScheduleFire
            | Self::Retention => ticked(node, self.name()).await?,
            Self::DispatchChunks => ticked(node, Self::Dispatch.name()).await?,
            _ => self.worker_call(node, ready).await?,
        })
    }

    async fn worker_call(self, node: &Node, ready: &Ready) -> Result<String, Error> {
        let tasks = &node.tasks;
        if self == Self::Claim {
            return Ok(shown(&tasks.claim(request(CALL, 2)).await?));
        }
        let handle = held(ready)?;
        Ok(match self {
            Self::Renew => format!("{:?}", one(tasks.renew(vec![Renew { handle, ttl_ms: 60_000 }]).await?)?),
            Self::Progress => {
                let note = ProgressNote { handle, permille: Some(500), note: "half".to_owned() };
                format!("{:?}", one(tasks.progress(vec![note]).await?)?)
            }
            Self::CompleteAndClaim => {
                let (results, claimed) = tasks.complete(vec![done(handle)], Some(request(CALL, 2))).await?;
                format!("{} {}", written(one(results)?), shown(&claimed))
            }
            Self::Fail => written(one(tasks.fail(vec![broken(handle, FailureClass::Transient)], None).await?.0)?),
            Self::FailForGood | Self::FailAlone => {
                written(one(tasks.fail(vec![broken(handle, FailureClass::Permanent)], None).await?.0)?)
            }
            Self::Skip => written(one(tasks.skip(vec![Skip { handle, reason: "no need".to_owned() }]).await?)?),
            Self::Delay => {
                let until_ms = node.world.now().millis() + 5_000;
                written(one(tasks.delay(vec![Delay { handle, until_ms }]).await?)?)
            }
            _ => written(one(tasks.complete(vec![done(handle)], None).await?.0)?),
        })
    }
}

async fn ticked(node: &Node, worker: &str) -> Result<String, Error> {
    while node.tasks.tick(worker).await?.more {}
    Ok(String::new())
}

fn one<T>(results: Vec<Result<T, Error>>) -> Result<T, Error> {
    results.into_iter().next().unwrap_or_else(|| Err(Error::internal("a call without a result")))
}

fn written(written: Written) -> String {
    match written {
        Written::Applied(ended) | Written::AlreadyApplied(ended) => format!("{ended:?}"),
    }
}

/// Who got what: a lease's id is drawn by lot.
pub(in crate::chaos) fn shown(claimed: &[Claimed]) -> String {
    let one = |claimed: &Claimed| {
        let Handle { execution, fence, attempt_no, .. } = claimed.handle;
        format!("{execution} fence {fence} attempt {attempt_no} {:?} {:?}", claimed.input, claimed.inputs)
    };
    claimed.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A run of three, step by step: each step knows what was done before.
async fn build(node: &Node) -> Result<String, Error> {
    let tasks = &node.tasks;
    let run = RunId(RUN.0);
    let ids: Vec<ExecutionId> = (0..3).map(|n| member(run, n)).collect();
    tasks.create_run(NewRun { id: Some(run), name: "built".to_owned(), ..NewRun::default() }).await?;
    let mut revision = 0;
    for (n, name) in (0..).zip(["a", "b", "join"]) {
        tasks.create_execution(NewExecution { staged: true, ..execution(run, n, name) }).await?;
        match tasks.add_execution_to_run(run, member(run, n)).await? {
            Membership::Added { revision: now } | Membership::AlreadyMember { revision: now } => revision = now,
        }
    }
    tasks.set_edge_group_policy(run, ids[2], GroupPolicy::any_of()).await?;
    for upstream in &ids[..2] {
        revision = tasks.stage_dependency_edge(run, revision, NewEdge::success(*upstream, ids[2])).await?.revision;
        tasks.apply_dependency_to_child(run, Upstream::Execution(*upstream), ids[2]).await?;
    }
    match tasks.seal_run(run, revision, None).await? {
        Sealed::Sealed(state) | Sealed::Existing(state) => Ok(format!("{state:?}")),
    }
}

async fn extend(node: &Node, revision: i64) -> Result<String, Error> {
    let nodes = vec![GraphNode { execution: execution(RUN, 20, "more"), group: None }];
    let fragment = Fragment { key: "more".to_owned(), nodes, edges: vec![GraphEdge::success("a", "more")] };
    match node.tasks.extend_run(RUN, revision, fragment, None).await? {
        Extended::Extended { revision, .. } | Extended::Existing { revision } => Ok(format!("revision {revision}")),
    }
}
