//! The operations and background workers that are disturbed: for each the scene it begins in, and the call.
//!
//! A call may be made again, by the same process or by the next one, and then has the effect of one call. Its answer is given in a form
//! that is the same for the call that did it and for one that found it done.

use levada_base::Error;
use levada_store::alphabets::{FailureClass, MissedPolicy};
use levada_store::limits::{CANCEL_BATCH_MAX, DISPATCH_CHUNK_MAX};
use levada_store::{ExecutionId, RunId, ScheduleId};
use levada_tasks::rules::{Claimed, Extended, Membership, Sealed, Written};
use levada_tasks::spec::{
    CancelRun, ClaimRequest, Delay, Fragment, GraphEdge, GraphNode, GroupPolicy, Handle, NewCondition, NewEdge, NewExecution,
    NewRun, NewSchedule, ProgressNote, Recurrence, Renew, Resolution, RestartOptions, RunGraph, Skip, Upstream,
};
use serde::{Deserialize, Serialize};

use super::drain::drain;
use super::node::Node;
use super::scene::{RETENTION_MS, RUN, broken, done, execution, member, race, request, wide_race};

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

/// A claim of the call, whose repetition gives the same.
const CALL: u128 = 77;
/// More than one chunk of losing siblings.
const WIDE: u128 = DISPATCH_CHUNK_MAX as u128 + 5;

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
            Self::Replay => begun_again(tasks.replay(member(RUN, 4), false, "operator").await.map(|_| ()))?,
            Self::Restart => {
                let options = RestartOptions { cascade: true, force: false };
                begun_again(tasks.restart_run_from(RUN, member(RUN, 3), options, "operator").await.map(|_| ()))?
            }
            Self::RetryFailed => begun_again(tasks.retry_failed(RUN, false, "operator").await.map(|_| ()))?,
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

async fn first_claimed(node: &Node) -> Result<Ready, Error> {
    Ok(Ready { handle: Some(node.claim_one(1).await?.handle), revision: 0 })
}

fn held(ready: &Ready) -> Result<Handle, Error> {
    ready.handle.ok_or_else(|| Error::internal("a scene without a handle"))
}

/// The first of the race has won; of what follows nothing is done yet.
async fn won(node: &Node, ready: &Ready) -> Result<(), Error> {
    node.complete_one(held(ready)?).await
}

async fn drained(node: &Node) -> Result<(), Error> {
    drain(node).await.map_err(Error::internal)
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
pub(super) fn shown(claimed: &[Claimed]) -> String {
    let one = |claimed: &Claimed| {
        let Handle { execution, fence, attempt_no, .. } = claimed.handle;
        format!("{execution} fence {fence} attempt {attempt_no} {:?} {:?}", claimed.input, claimed.inputs)
    };
    claimed.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Beginning again has no key: whoever asks again is told that it has begun.
fn begun_again(result: Result<(), Error>) -> Result<String, Error> {
    match result {
        Err(error) if ["LV-T801", "LV-T803"].contains(&error.code().name()) => Ok(String::new()),
        result => result.map(|()| String::new()),
    }
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
