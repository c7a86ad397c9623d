//! T-103: the calls that are made at the same moment, and the scene they are made in. What comes of two of them is in `meeting`.

use levada_base::Error;
use levada_store::RunId;
use levada_store::alphabets::{CancelPolicy, FailureClass};
use levada_tasks::spec::{CancelRun, Delay, Fragment, GraphEdge, GraphNode, Handle, Renew, ReplayOptions};

use super::drain::drain;
use super::node::Node;
use super::operation::shown;
use super::outcome::said;
use super::scene::{RETENTION_MS, RUN, broken, done, execution, member, race, request};

/// One of the two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Claim,
    Renew,
    Complete,
    Fail,
    Delay,
    /// An attempt that took too long.
    Timeout,
    LeaseExpiry,
    Cancel,
    CancelRun,
    /// By the policy that leaves active members to finish.
    CancelPending,
    Revoke,
    Replay,
    Extend,
    Dispatch,
    Reconcile,
    Settle,
    Retention,
    Pause,
    /// Of a run that is paused.
    Resume,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Claim,
        Self::Renew,
        Self::Complete,
        Self::Fail,
        Self::Delay,
        Self::Timeout,
        Self::LeaseExpiry,
        Self::Cancel,
        Self::CancelRun,
        Self::CancelPending,
        Self::Revoke,
        Self::Replay,
        Self::Extend,
        Self::Dispatch,
        Self::Reconcile,
        Self::Settle,
        Self::Retention,
        Self::Pause,
        Self::Resume,
    ];

    /// Whether it passes over rows that somebody else has locked.
    pub(super) fn skips_locked(self) -> bool {
        matches!(self, Self::Claim) || self.worker().is_some()
    }

    fn worker(self) -> Option<&'static str> {
        Some(match self {
            Self::Timeout => "attempt_timeout",
            Self::LeaseExpiry => "lease_expiry",
            Self::Dispatch => "edge_cancel_dispatch",
            Self::Reconcile => "edge_cancel_reconcile",
            Self::Settle => "settle",
            Self::Retention => "retention",
            _ => return None,
        })
    }

    /// Makes the call; `side` tells the two apart.
    pub(super) async fn make(self, node: &Node, held: Held, side: u128) -> String {
        let tasks = &node.tasks;
        let handle = held.handle;
        if let Some(worker) = self.worker() {
            return answer(tasks.tick(worker).await.map(|_| String::new()));
        }
        answer(match self {
            Self::Claim => tasks.claim(request(50 + side, 1)).await.map(|claimed| shown(&claimed)),
            Self::Renew => each(tasks.renew(vec![Renew { handle, ttl_ms: 60_000 }]).await),
            Self::Complete => each(tasks.complete(vec![done(handle)], None).await.map(|(results, _)| results)),
            Self::Fail => {
                let item = broken(handle, FailureClass::Transient);
                each(tasks.fail(vec![item], None).await.map(|(results, _)| results))
            }
            Self::Delay => {
                let until_ms = node.world.now().millis() + 5_000;
                each(tasks.delay(vec![Delay { handle, until_ms }]).await)
            }
            Self::Cancel => tasks.cancel_execution(handle.execution, "operator").await.map(|said| format!("{said:?}")),
            Self::CancelRun | Self::CancelPending => {
                let policy = if self == Self::CancelRun { CancelPolicy::CancelAll } else { CancelPolicy::CancelPending };
                let cancel = CancelRun { policy, ..CancelRun::all("enough", "operator") };
                tasks.cancel_run(RUN, cancel).await.map(|said| format!("{:?} {:?}", said.applied, said.policy))
            }
            Self::Revoke => tasks.revoke_lease(handle.execution, "operator").await.map(|said| format!("{said:?}")),
            Self::Replay => {
                let options = ReplayOptions { generation: Some(0), ..ReplayOptions::default() };
                tasks.replay(member(RUN, 0), options, "operator").await.map(|said| format!("{said:?}"))
            }
            Self::Extend => tasks.extend_run(RUN, held.revision, fragment(), None).await.map(|said| format!("{said:?}")),
            Self::Resume => tasks.resume_run(RUN, "operator").await.map(|said| format!("{said:?}")),
            _ => tasks.pause_run(RUN, "operator").await.map(|said| format!("{said:?}")),
        })
    }
}

/// One more member, which follows the one that has ended.
fn fragment() -> Fragment {
    let nodes = vec![GraphNode { execution: execution(RUN, 20, "more"), group: None }];
    Fragment { key: "more".to_owned(), nodes, edges: vec![GraphEdge::success("a", "more")] }
}

fn answer(result: Result<String, Error>) -> String {
    result.unwrap_or_else(|error| error.code().to_string())
}

fn each<T: std::fmt::Debug>(results: Result<Vec<Result<T, Error>>, Error>) -> Result<String, Error> {
    let shown = results?.into_iter().map(|result| answer(result.map(|said| format!("{said:?}"))));
    Ok(shown.collect::<Vec<_>>().join(", "))
}

/// What the calls of a scene name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub handle: Handle,
    /// Of the run's graph.
    pub revision: i64,
}

/// A busy run: the first has won the race, the second is held by a worker although it has lost, the third has lost or left a mark.
pub(super) async fn scene(node: &Node, calls: [Call; 2], inline_run_max: i32) -> Result<Held, String> {
    prepare(node, calls, inline_run_max).await.map_err(|error| said(&error))
}

async fn prepare(node: &Node, calls: [Call; 2], inline_run_max: i32) -> Result<Held, Error> {
    if calls.contains(&Call::Retention) {
        node.tasks.submit_run(race(RunId(RUN.0 * 2))).await?;
        drain(node).await.map_err(Error::internal)?;
        node.pass(RETENTION_MS + 1);
    }
    let mut graph = race(RUN);
    if calls.contains(&Call::Timeout) {
        graph.nodes.iter_mut().for_each(|node| node.execution.policy.attempt_timeout_ms = Some(5_000));
    }
    let revision = node.tasks.submit_run(graph).await?.into_inner().revision;
    let winner = node.claim_one(1).await?.handle;
    node.complete_one(winner).await?;
    node.tasks.tick("settle").await?;
    let handle = node.claim_one(2).await?.handle;
    if inline_run_max == 0 {
        let third = node.claim_one(3).await?.handle;
        node.complete_one(third).await?;
    }
    if calls.contains(&Call::Resume) {
        node.tasks.pause_run(RUN, "operator").await?;
    }
    node.pass(if calls.contains(&Call::LeaseExpiry) { 31_000 } else { 6_000 });
    Ok(Held { handle, revision })
}
