//! A node without loops on which situations are set up, and somebody who does what an explanation says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use levada_base::{Error, SimClock, World};
use levada_store::alphabets::{FailureClass, Outcome};
use levada_store::rows::Facts;
use levada_store::{ExecutionId, MemoryStore, RunId, Store, Subject, Token};
use levada_tasks::rules::explain::{Operation, Reason, Reasons, Why};
use levada_tasks::rules::{Claimed, LaneChange, RegisterWorker};
use levada_tasks::spec::{
    CancelRun, ClaimRequest, Complete, Fail, Failure, GraphEdge, GraphNode, Handle, NewExecution, NewRun, Payload,
    ReplayOptions, Resolution, RunGraph,
};
use levada_tasks::{Settings, Tasks};

pub type Result<T = ()> = std::result::Result<T, Error>;

/// The run of a situation.
pub const RUN: RunId = RunId(0xfff_fff);

/// 2026-01-01 00:00 UTC, when every situation begins.
pub const START_MS: i64 = 1_767_225_600_000;

pub struct Scene<S: Store = MemoryStore> {
    pub tasks: Tasks<S>,
    clock: SimClock,
    /// Ids as printed, and what stands for them in expected texts.
    names: Vec<(String, String)>,
}

static NUMBERS: AtomicU64 = AtomicU64::new(1);

fn number() -> u64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

pub async fn in_memory() -> Result<Scene> {
    let (world, clock) = World::sim(7);
    Scene::on(MemoryStore::new(world.clone()), world, clock).await
}

impl<S: Store> Scene<S> {
    pub async fn on(store: S, world: World, clock: SimClock) -> Result<Self> {
        let tasks = Tasks::open(store, Settings::without_background(), world).await?;
        Ok(Self { tasks, clock, names: vec![(RUN.to_string(), "<run>".to_owned())] })
    }

    pub fn wait_s(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Creates an execution that belongs to no run, called `work`.
    pub async fn create(&mut self, new: NewExecution) -> Result<ExecutionId> {
        let id = ExecutionId(1);
        self.names.push((id.to_string(), "<work>".to_owned()));
        self.tasks.create_execution(NewExecution { id: Some(id), name: "work".to_owned(), ..new }).await?;
        Ok(id)
    }

    /// Submits a graph as [`RUN`]; its members are 1, 2, … in their order.
    pub async fn submit(&mut self, mut graph: RunGraph) -> Result {
        for (at, node) in (1..).zip(&mut graph.nodes) {
            let id = ExecutionId(at);
            node.execution.id = Some(id);
            self.names.push((id.to_string(), format!("<{}>", node.execution.name)));
        }
        self.tasks.submit_run(RunGraph { id: Some(RUN), name: "nightly".to_owned(), ..graph }).await?;
        Ok(())
    }

    /// A worker `w1` claims what is ready in a lane.
    pub async fn claim_of(&self, lane: &str, limit: u32, capabilities: &[String]) -> Result<Vec<Claimed>> {
        let mut request = ClaimRequest::of_lane(lane, "w1", limit, Token(u128::from(number())));
        request.capabilities = capabilities.iter().cloned().collect();
        self.tasks.claim(request).await
    }

    /// Claims one execution of the default lane; fails the test if it is another.
    pub async fn claim(&self, name: &str) -> Result<Handle> {
        let claimed = self.claim_of("default", 1, &[]).await?;
        assert_eq!(claimed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), [name]);
        Ok(claimed[0].handle)
    }

    pub async fn complete(&self, handle: Handle) -> Result {
        let items = vec![Complete { handle, result: Payload::Void, facts: Facts::default() }];
        self.tasks.complete(items, None).await?.0.into_iter().try_for_each(|result| result.map(drop))
    }

    pub async fn fail(&self, handle: Handle, class: FailureClass) -> Result {
        let failure = Failure { class, code: "no_disk".to_owned(), message: "the disk is full".to_owned() };
        self.tasks.fail(vec![Fail { handle, failure }], None).await?.0.into_iter().try_for_each(|result| result.map(drop))
    }

    pub async fn register(&self, instance: &str, lane: &str, capabilities: &[String], places: i32) -> Result {
        let worker = RegisterWorker {
            worker: instance.to_owned(),
            instance: instance.to_owned(),
            lanes: [lane.to_owned()].into(),
            capabilities: capabilities.iter().cloned().collect(),
            max_concurrent: places,
            ttl_ms: 600_000,
        };
        self.tasks.register_worker(worker).await.map(drop)
    }

    pub async fn lane(&self, lane: &str, change: LaneChange) -> Result {
        self.tasks.change_lane(lane, change, "ann").await.map(drop)
    }

    pub async fn explain(&self, subject: Subject) -> Result<Reasons> {
        let reasons = self.tasks.explain(subject).await?;
        let json = serde_json::to_string(&reasons).expect("plain data");
        assert_eq!(serde_json::from_str::<Reasons>(&json).expect("the same"), reasons, "it comes back from {json}");
        Ok(reasons)
    }

    /// The explanation with everything, ids replaced by names.
    pub async fn expect(&self, subject: Subject, expected: &[&str]) -> Result {
        let said = self.named(&format!("{:#}", self.explain(subject).await?));
        assert_eq!(said.lines().collect::<Vec<_>>(), expected);
        Ok(())
    }

    fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
    }

    /// Does what the first reason of an execution names, as often as there is one, until a worker has it. What was done must have ended
    /// its reason. Returns what was done.
    pub async fn follow(&mut self, id: ExecutionId) -> Result<Vec<String>> {
        let mut done = Vec::new();
        while done.len() < 20 {
            let before = self.explain(Subject::Execution(id)).await?;
            if before.waiting.state == "active" {
                return Ok(done);
            }
            let reason = before.waiting.reasons.first().unwrap_or_else(|| panic!("no reason:\n{before:#}"));
            let operation = way_out(reason).unwrap_or_else(|| panic!("no way out:\n{before:#}"));
            self.perform(&operation).await?;
            let after = self.explain(Subject::Execution(id)).await?;
            let is_left = after.waiting.reasons.iter().any(|left| is_same(&left.why, &reason.why));
            assert!(!is_left, "{operation} did not end it:\n{before:#}\n{after:#}");
            done.push(self.named(&operation.to_string()));
        }
        panic!("it is never claimed: {done:?}")
    }

    /// A table: one row per operation.
    pub async fn perform(&mut self, operation: &Operation) -> Result {
        match operation.clone() {
            Operation::SealRun { run, revision } => self.tasks.seal_run(run, revision, None).await.map(drop),
            Operation::AddExecutionToRun { execution } => {
                let new = NewRun { id: Some(RUN), name: "nightly".to_owned(), ..NewRun::default() };
                self.tasks.create_run(new).await?;
                self.tasks.add_execution_to_run(RUN, execution).await.map(drop)
            }
            Operation::OverrideOutcome { execution, outcome } => {
                let result = (outcome == Outcome::Succeeded).then(|| (Payload::Void, Facts::default()));
                self.tasks.override_outcome(execution, outcome, result, "ann").await.map(drop)
            }
            Operation::ResolveCondition { run, key } => {
                self.tasks.resolve_condition(run, &key, Resolution::Satisfied(Facts::default())).await.map(drop)
            }
            Operation::RunNow { execution } => self.tasks.run_now(execution, "ann").await.map(drop),
            Operation::ResumeRun { run } => self.tasks.resume_run(run, "ann").await.map(drop),
            Operation::Release { execution } => self.tasks.release(execution, "ann").await.map(drop),
            Operation::ResumeLane { lane } => self.lane(&lane, LaneChange::Resume).await,
            Operation::SetMaxActive { lane, above } => self.lane(&lane, LaneChange::SetMaxActive(Some(above + 1))).await,
            Operation::RegisterWorker { lane, capabilities } => {
                self.register(&format!("new {}", number()), &lane, &capabilities, 1).await
            }
            Operation::Claim { lane, capabilities } => self.claim_of(&lane, 500, &capabilities).await.map(drop),
            Operation::RevokeLease { execution } => self.tasks.revoke_lease(execution, "ann").await.map(drop),
            Operation::CancelRun { run } => self.tasks.cancel_run(run, CancelRun::all("no use", "ann")).await.map(drop),
            Operation::Tick { worker } => self.tasks.tick(&worker).await.map(drop),
            Operation::Replay { execution } => self.tasks.replay(execution, ReplayOptions::default(), "ann").await.map(drop),
            Operation::RetryFailed { run } => self.tasks.retry_failed(run, false, "ann").await.map(drop),
            other => panic!("nobody knows how to {other}"),
        }
    }
}

/// What ends a reason: its own operation, or for an edge whose upstream is over that of the upstream.
fn way_out(reason: &Reason) -> Option<Operation> {
    match (&reason.unblock, &reason.why) {
        (None, Why::EdgeOpen { upstream, .. }) => upstream.reasons.first().and_then(way_out),
        (operation, _) => operation.clone(),
    }
}

/// Whether both stand for the same obstacle.
fn is_same(one: &Why, other: &Why) -> bool {
    match (one, other) {
        (Why::EdgeOpen { upstream: one, .. }, Why::EdgeOpen { upstream: other, .. }) => one.subject == other.subject,
        (Why::ConditionOpen { key: one, .. }, Why::ConditionOpen { key: other, .. }) => one == other,
        (Why::NotSealed { run: one }, Why::NotSealed { run: other }) => one == other,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

pub fn work(name: &str) -> NewExecution {
    NewExecution::of_kind("work").named(name)
}

pub fn node(name: &str) -> GraphNode {
    GraphNode { execution: work(name), group: None }
}

/// Nodes and success edges.
pub fn graph(nodes: &[&str], edges: &[(&str, &str)]) -> RunGraph {
    RunGraph {
        nodes: nodes.iter().map(|name| node(name)).collect(),
        edges: edges.iter().map(|(from, to)| GraphEdge::success(from, to)).collect(),
        ..RunGraph::default()
    }
}

/// A member by its place in the graph, from 1.
pub fn member(place: u128) -> Subject {
    Subject::Execution(ExecutionId(place))
}
