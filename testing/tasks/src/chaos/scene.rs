//! The runs that operations are tried on: small, with fixed ids and without anything drawn by lot, so that a history repeats itself.

use levada_base::Error;
use levada_store::alphabets::FailureClass;
use levada_store::{ExecutionId, RunId, Token};
use levada_tasks::rules::Claimed;
use levada_tasks::spec::{
    Backoff, ClaimRequest, Complete, ExecutionPolicy, Fail, Failure, GraphEdge, GraphNode, GroupPolicy, Handle, NewExecution,
    Payload, RunGraph, RunOptions,
};

use super::node::Node;

/// The run of most scenes.
pub const RUN: RunId = RunId(1 << 64);
/// How long a scene's run is kept.
pub const RETENTION_MS: i64 = 100_000;

/// The n-th member of a run.
#[must_use]
pub fn member(run: RunId, n: u128) -> ExecutionId {
    ExecutionId(run.0 + 1 + n)
}

/// An execution without anything drawn by lot.
#[must_use]
pub fn execution(run: RunId, n: u128, name: &str) -> NewExecution {
    let id = Some(member(run, n));
    let mut policy = ExecutionPolicy::default();
    policy.retry.backoff = Backoff { jitter_permille: 0, ..Backoff::default() };
    let input = Payload::Inline(name.as_bytes().to_vec());
    NewExecution { id, policy, input, ..NewExecution::of_kind("work").named(name) }
}

/// Three that race, of which `join` needs one; `then` follows with its result; `last` is a finalizer.
#[must_use]
pub fn race(run: RunId) -> RunGraph {
    let any_of = Some(GroupPolicy::any_of());
    let names = [("a", None), ("b", None), ("c", None), ("join", any_of), ("then", None), ("last", None)];
    let node = |(n, (name, group)): (u128, (&str, Option<GroupPolicy>))| {
        let execution = NewExecution { finalizer: name == "last", ..execution(run, n, name) };
        GraphNode { execution, group }
    };
    RunGraph {
        id: Some(run),
        name: "race".to_owned(),
        options: RunOptions { retention_ms: RETENTION_MS, ..RunOptions::default() },
        request_key: Some(format!("race {run}")),
        nodes: (0..).zip(names).map(node).collect(),
        edges: vec![
            GraphEdge::success("a", "join"),
            GraphEdge::success("b", "join"),
            GraphEdge::success("c", "join"),
            GraphEdge::success("join", "then").as_input("winner"),
        ],
    }
}

/// A race of many, of which one is enough.
#[must_use]
pub fn wide_race(run: RunId, width: u128) -> RunGraph {
    let racers = (0..width).map(|n| format!("r{n}"));
    let mut graph = RunGraph { nodes: Vec::new(), edges: Vec::new(), ..race(run) };
    for (n, name) in (0..).zip(racers) {
        graph.nodes.push(GraphNode { execution: execution(run, n, &name), group: None });
        graph.edges.push(GraphEdge::success(&name, "join"));
    }
    let execution = execution(run, width, "join");
    graph.nodes.push(GraphNode { execution, group: Some(GroupPolicy::any_of()) });
    graph
}

/// What a worker asks for in a scene; every token is another worker's.
#[must_use]
pub fn request(token: u128, limit: u32) -> ClaimRequest {
    ClaimRequest::of_lane("default", &format!("worker-{token}"), limit, Token(token))
}

#[must_use]
pub fn done(handle: Handle) -> Complete {
    Complete { handle, result: Payload::Inline(b"result".to_vec()), facts: Default::default() }
}

#[must_use]
pub fn broken(handle: Handle, class: FailureClass) -> Fail {
    Fail { handle, failure: Failure { class, code: "broken".to_owned(), message: "it broke".to_owned() } }
}

impl Node {
    /// Claims one execution.
    ///
    /// # Errors
    /// What the store says, or that there was none.
    pub async fn claim_one(&self, token: u128) -> Result<Claimed, Error> {
        let claimed = self.tasks.claim(request(token, 1)).await?;
        claimed.into_iter().next().ok_or_else(|| Error::internal("a scene has nothing to claim"))
    }

    /// Completes it.
    ///
    /// # Errors
    /// What the store or the engine says.
    pub async fn complete_one(&self, handle: Handle) -> Result<(), Error> {
        let (results, _) = self.tasks.complete(vec![done(handle)], None).await?;
        results.into_iter().try_for_each(|result| result.map(|_| ()))
    }
}
