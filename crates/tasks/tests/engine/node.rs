//! An engine node under a simulated world, and the graphs and calls that most tests need.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use levada_base::{Error, SimClock, World};
use levada_store::alphabets::{EventKind, FailureClass, Outcome, PublicState};
use levada_store::rows::{Event, Facts};
use levada_store::{Cursor, ExecutionFilter, ExecutionId, Filter, MemoryStore, RunId, Store, Token};
use levada_tasks::rules::Claimed;
use levada_tasks::spec::{
    ClaimRequest, Complete, Fail, Failure, GraphEdge, GraphNode, GroupPolicy, Handle, NewExecution, Payload, RunGraph,
};
use levada_tasks::{Settings, Tasks};

pub type Result<T = ()> = std::result::Result<T, Error>;

/// A node without loops, and the clock that moves its time.
pub struct Node<S: Store = MemoryStore> {
    pub tasks: Tasks<S>,
    pub clock: SimClock,
}

/// Tokens of claims: no two claims of a test are one.
static TOKENS: AtomicU64 = AtomicU64::new(1);

impl Node {
    pub async fn open() -> Result<Self> {
        Self::with_inline_run_max(levada_store::limits::INLINE_RUN_MAX).await
    }

    /// Runs with more members are settled by marks.
    pub async fn with_inline_run_max(members: i32) -> Result<Self> {
        let (world, clock) = World::sim(7);
        let store = MemoryStore::with_inline_run_max(world.clone(), members);
        Self::on(store, world, clock, Settings::without_background()).await
    }
}

impl<S: Store> Node<S> {
    pub async fn on(store: S, world: World, clock: SimClock, settings: Settings) -> Result<Self> {
        Ok(Self { tasks: Tasks::open(store, settings, world).await?, clock })
    }

    pub fn advance_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    pub async fn claim(&self, limit: u32) -> Result<Vec<Claimed>> {
        let token = Token(u128::from(TOKENS.fetch_add(1, Ordering::Relaxed)));
        self.tasks.claim(ClaimRequest::of_lane("default", "worker-1", limit, token)).await
    }

    /// Claims the execution of this name; fails the test if another comes.
    pub async fn claim_named(&self, name: &str) -> Result<Handle> {
        let claimed = self.claim(1).await?;
        assert_eq!(claimed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), [name]);
        Ok(claimed[0].handle)
    }

    pub async fn complete(&self, handle: Handle) -> Result {
        let items = vec![Complete { handle, result: Payload::Void, facts: Facts::default() }];
        for result in self.tasks.complete(items, None).await?.0 {
            result?;
        }
        Ok(())
    }

    pub async fn fail(&self, handle: Handle, class: FailureClass) -> Result {
        let failure = Failure { class, code: "code".to_owned(), message: "message".to_owned() };
        for result in self.tasks.fail(vec![Fail { handle, failure }], None).await?.0 {
            result?;
        }
        Ok(())
    }

    pub async fn submit(&self, graph: RunGraph) -> Result<RunId> {
        Ok(self.tasks.submit_run(graph).await?.into_inner().run)
    }

    /// The member of a run with this name.
    pub async fn member(&self, run: RunId, name: &str) -> Result<ExecutionId> {
        let graph = self.tasks.graph(run).await?;
        let found = graph.executions.iter().find(|row| row.name == name);
        Ok(found.unwrap_or_else(|| panic!("no member \"{name}\"")).id)
    }

    pub async fn state(&self, id: ExecutionId) -> Result<PublicState> {
        Ok(self.tasks.describe_execution(id).await?.public_state)
    }

    pub async fn outcome(&self, run: RunId) -> Result<Option<Outcome>> {
        Ok(self.tasks.describe_run(run).await?.run.outcome)
    }

    /// How many members of a run are in each public state that occurs.
    pub async fn states(&self, run: RunId) -> Result<BTreeMap<&'static str, usize>> {
        let mut counts = BTreeMap::new();
        let filter = ExecutionFilter { run: Some(run), ..ExecutionFilter::default() };
        let mut after = None;
        loop {
            let page = self.tasks.list_executions(filter.clone(), after, 1_000).await?;
            for view in &page.items {
                *counts.entry(view.public_state.word()).or_default() += 1;
            }
            after = page.next;
            if after.is_none() {
                return Ok(counts);
            }
        }
    }

    /// Steps of every background worker until none has anything to do at this moment.
    pub async fn drain(&self) -> Result {
        loop {
            let reports = self.tasks.tick_all().await?;
            let worked = reports.iter().filter(|(name, _)| *name != "node_heartbeat").any(|(_, report)| !report.is_idle());
            if !worked {
                return Ok(());
            }
        }
    }

    /// All events so far, of one kind.
    pub async fn events(&self, kind: EventKind) -> Result<Vec<Event>> {
        let filter = Filter { kinds: vec![kind], ..Filter::default() };
        let mut feed = self.tasks.subscribe(filter, Some(Cursor::default()));
        let mut all = Vec::new();
        while let Some(page) = feed.poll().await? {
            all.extend(page.events);
        }
        Ok(all)
    }
}

pub fn node(name: &str) -> GraphNode {
    GraphNode { execution: NewExecution::of_kind("work").named(name), group: None }
}

/// Members that wait for nothing.
pub fn wide(members: usize) -> RunGraph {
    RunGraph { name: "wide".to_owned(), nodes: (0..members).map(|n| node(&format!("m{n}"))).collect(), ..RunGraph::default() }
}

/// Each member waits for the one before.
pub fn chain(members: usize) -> RunGraph {
    let edges = (1..members).map(|n| GraphEdge::success(&format!("m{}", n - 1), &format!("m{n}"))).collect();
    RunGraph { edges, name: "chain".to_owned(), ..wide(members) }
}

/// `join` waits for one of `m0`, `m1`, …; the others are cancelled then.
pub fn any_of(members: usize) -> RunGraph {
    let mut graph = wide(members);
    graph.nodes.push(GraphNode { group: Some(GroupPolicy::any_of()), ..node("join") });
    graph.edges = (0..members).map(|n| GraphEdge::success(&format!("m{n}"), "join")).collect();
    graph
}

/// The code of an error.
pub fn code<T>(result: Result<T>) -> String {
    result.map_or_else(|error| error.code().to_string(), |_| "none".to_owned())
}
