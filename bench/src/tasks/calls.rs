//! What single operations need of the store, one caller at a time: statements, and round trips where the store is elsewhere.

use anyhow::{Result, ensure};
use levada_base::World;
use levada_store::Token;
use levada_tasks::spec::{ClaimRequest, GraphEdge, NewExecution, Renew, RunGraph};
use levada_tasks::{Settings, Tasks};
use levada_testing_postgres::Proxy;

use super::Bench;
use super::figure::{Figures, Target};
use super::pb03_submit::plain;
use super::stores::{Place, Stores};
use super::work::{Watch, complete};

/// How often each operation is called.
const CALLS: u32 = 50;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let place = bench.stores.place().await?;
    let (store, proxy) = place.open_counted().await?;
    let tasks = Tasks::open(store, Settings::without_background(), World::real()).await?;
    let mut counter = Counter::<S::Place> { tasks: tasks.clone(), proxy, figures: Figures::default() };
    let watch = Watch::new();
    let claim = |limit| ClaimRequest { token: watch.token(), ..ClaimRequest::of_lane("default", "worker", limit, Token(0)) };

    // The first of each kind also meets empty tables and prepares its statements.
    tasks.create_execution(NewExecution::of_kind("bench")).await?;
    complete(&tasks, tasks.claim(claim(1)).await?, None).await?;

    counter.empty_claims(&watch).await?;
    let before = counter.now();
    for _ in 0..CALLS {
        tasks.create_execution(NewExecution::of_kind("bench")).await?;
    }
    counter.add("create_execution", before, None);
    let (mut claims, mut renewals, mut ends) = (Seen::default(), Seen::default(), Seen::default());
    for _ in 0..CALLS {
        let before = counter.now();
        let claimed = tasks.claim(claim(1)).await?;
        ensure!(claimed.len() == 1, "{} claimed", claimed.len());
        claims += counter.since(before);
        let before = counter.now();
        for result in tasks.renew(vec![Renew { handle: claimed[0].handle, ttl_ms: 30_000 }]).await? {
            result?;
        }
        renewals += counter.since(before);
        let before = counter.now();
        complete(&tasks, claimed, None).await?;
        ends += counter.since(before);
    }
    counter.put("claim of 1", claims, Some(1.0));
    counter.put("renew", renewals, Some(1.0));
    counter.put("complete, stand-alone", ends, Some(1.0));
    counter.runs(&watch).await?;
    tasks.close(super::CLOSE_LIMIT).await?;
    Ok(counter.figures)
}

/// Statements, and round trips where they are counted.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    statements: u64,
    trips: Option<u64>,
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.statements += other.statements;
        self.trips = other.trips.map(|trips| trips + self.trips.unwrap_or(0));
    }
}

struct Counter<P: Place> {
    tasks: Tasks<P::Store>,
    proxy: Option<Proxy>,
    figures: Figures,
}

impl<P: Place> Counter<P> {
    fn now(&self) -> Seen {
        let statements = P::counts(self.tasks.store()).statements.unwrap_or(0);
        Seen { statements, trips: self.proxy.as_ref().map(|proxy| proxy.counts().round_trips) }
    }

    fn since(&self, before: Seen) -> Seen {
        let now = self.now();
        let trips = now.trips.zip(before.trips).map(|(now, before)| now - before);
        Seen { statements: now.statements - before.statements, trips }
    }

    fn add(&mut self, operation: &str, before: Seen, budget: Option<f64>) {
        self.put(operation, self.since(before), budget);
    }

    /// Means of all calls. The budget is what ST-6 allows.
    fn put(&mut self, operation: &str, seen: Seen, budget: Option<f64>) {
        let target = budget.map(|budget| Target::at_most(budget, None));
        self.figures.add(format!("{operation}, statements"), "", seen.statements as f64 / f64::from(CALLS), target);
        if let Some(trips) = seen.trips {
            self.figures.add(format!("{operation}, round trips"), "", trips as f64 / f64::from(CALLS), None);
        }
    }

    async fn empty_claims(&mut self, watch: &Watch) -> Result<()> {
        let before = self.now();
        for _ in 0..CALLS {
            let request = ClaimRequest::of_lane("empty", "worker", 1, watch.token());
            ensure!(self.tasks.claim(request).await?.is_empty(), "an empty lane gave work");
        }
        self.add("empty claim", before, Some(1.0));
        Ok(())
    }

    /// Runs of two nodes, one after the other: small enough to be settled where they end.
    async fn runs(&mut self, watch: &Watch) -> Result<()> {
        let (mut submits, mut ends) = (Seen::default(), Seen::default());
        for _ in 0..CALLS {
            let before = self.now();
            let edges = vec![GraphEdge::success("first", "second")];
            let nodes = vec![plain("first"), plain("second")];
            self.tasks.submit_run(RunGraph { name: "pair".to_owned(), nodes, edges, ..RunGraph::default() }).await?;
            submits += self.since(before);
            for _ in 0..2 {
                let claimed = self.tasks.claim(ClaimRequest::of_lane("default", "worker", 1, watch.token())).await?;
                ensure!(claimed.len() == 1, "{} claimed of a run", claimed.len());
                let before = self.now();
                complete(&self.tasks, claimed, None).await?;
                ends += self.since(before);
            }
        }
        self.put("submit_run of two nodes", submits, Some(12.0));
        let halved = Seen { statements: ends.statements / 2, trips: ends.trips.map(|trips| trips / 2) };
        self.put("complete in a small run", halved, Some(4.0));
        Ok(())
    }
}
