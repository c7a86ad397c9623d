//! Callers and workers: many at a time, through the public operations alone, each call timed, each result checked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use levada_base::World;
use levada_store::alphabets::Outcome;
use levada_store::rows::Facts;
use levada_store::{ExecutionId, Store, Token};
use levada_tasks::Tasks;
use levada_tasks::rules::{Claimed, Created, Ended, Written};
use levada_tasks::spec::{ClaimRequest, Complete, NewExecution, Payload};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::latency::Latencies;

/// The longest that a crew may take; a store that loses work must not stop the benchmark for ever.
const DRAIN_LIMIT: Duration = Duration::from_secs(300);

/// A steady clock.
#[derive(Clone)]
pub struct Watch(World);

impl Watch {
    pub fn new() -> Self {
        Self(World::real())
    }

    pub fn now(&self) -> Duration {
        self.0.clock().elapsed()
    }

    pub fn token(&self) -> Token {
        Token((u128::from(self.0.random()) << 64) | u128::from(self.0.random()))
    }
}

/// Many calls of one kind.
#[derive(Debug, Default)]
pub struct Calls {
    pub wall: Duration,
    pub latencies: Latencies,
}

impl Calls {
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.wall.as_secs_f64().max(1e-9)
    }
}

/// `callers` at a time create `count` executions, each by a call of its own.
pub async fn submit<S: Store>(
    tasks: &Tasks<S>,
    callers: usize,
    count: usize,
    make: impl Fn(usize) -> NewExecution + Send + Sync + 'static,
) -> Result<Calls> {
    let (tasks, make) = (tasks.clone(), Arc::new(make));
    call(callers, count, move |number| {
        let (tasks, make) = (tasks.clone(), Arc::clone(&make));
        async move {
            let created = tasks.create_execution(make(number)).await?;
            ensure!(matches!(created, Created::Created(_)), "execution {number} was there already");
            Ok(())
        }
    })
    .await
}

/// `callers` at a time make `count` calls.
pub async fn call<F>(callers: usize, count: usize, one: impl Fn(usize) -> F + Clone + Send + 'static) -> Result<Calls>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let watch = Watch::new();
    let began = watch.now();
    let mut set = JoinSet::new();
    for caller in 0..callers {
        let (watch, one) = (watch.clone(), one.clone());
        set.spawn(async move {
            let mut latencies = Latencies::default();
            for number in (caller..count).step_by(callers) {
                let began = watch.now();
                one(number).await?;
                latencies.add(watch.now() - began);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Latencies::default();
    while let Some(done) = set.join_next().await {
        latencies.extend(done??);
    }
    Ok(Calls { wall: watch.now() - began, latencies })
}

/// Workers that claim, and complete what they got at once.
#[derive(Clone)]
pub struct Crew {
    pub workers: usize,
    /// Each completion carries the claim of what comes next.
    pub carry: bool,
    /// What each worker asks for; its token is made anew for each call.
    pub request: Arc<dyn Fn(usize) -> ClaimRequest + Send + Sync>,
}

impl Crew {
    /// Workers of the default lane that claim, and complete, so many by one call.
    pub fn new(workers: usize, batch: u32) -> Self {
        let request = move |worker| ClaimRequest::of_lane("default", &format!("worker-{worker}"), batch, Token(0));
        Self { workers, carry: false, request: Arc::new(request) }
    }

    /// The same, waiting for work that is not there yet.
    pub fn waiting(self) -> Self {
        let request = Arc::clone(&self.request);
        Self { request: Arc::new(move |worker| ClaimRequest { wait_ms: 30_000, ..request(worker) }), ..self }
    }
}

/// What a crew did.
#[derive(Debug, Default)]
pub struct Drained {
    /// From the first claim to the last end.
    pub wall: Duration,
    pub claims: Latencies,
    pub ends: Latencies,
    /// A claim and the end of what it gave, without what lies between.
    pub pairs: Latencies,
    pub ended: Vec<ExecutionId>,
}

impl Drained {
    pub fn per_second(&self) -> f64 {
        self.ended.len() as f64 / self.wall.as_secs_f64().max(1e-9)
    }
}

/// Has the crew end `count` executions, and checks that it were as many different ones.
pub async fn drain<S: Store>(tasks: &Tasks<S>, crew: &Crew, count: usize) -> Result<Drained> {
    let watch = Watch::new();
    let began = watch.now();
    let left = Arc::new(Left { count: AtomicUsize::new(count), none: watch::Sender::new(count == 0) });
    let mut set = JoinSet::new();
    for number in 0..crew.workers {
        let worker = Worker { tasks: tasks.clone(), crew: crew.clone(), number, watch: watch.clone(), left: Arc::clone(&left) };
        set.spawn(worker.run());
    }
    let mut all = Drained::default();
    let collect = async {
        while let Some(done) = set.join_next().await {
            let one = done??;
            all.claims.extend(one.claims);
            all.ends.extend(one.ends);
            all.pairs.extend(one.pairs);
            all.ended.extend(one.ended);
            all.wall = all.wall.max(one.wall);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(DRAIN_LIMIT, collect).await.with_context(|| format!("{count} executions were not drained"))??;
    all.wall -= began;
    let different: BTreeSet<_> = all.ended.iter().collect();
    ensure!(different.len() == all.ended.len(), "{} executions ended twice", all.ended.len() - different.len());
    ensure!(all.ended.len() == count, "{} of {count} executions ended", all.ended.len());
    Ok(all)
}

/// What is left to be ended.
struct Left {
    count: AtomicUsize,
    none: watch::Sender<bool>,
}

struct Worker<S: Store> {
    tasks: Tasks<S>,
    crew: Crew,
    number: usize,
    watch: Watch,
    left: Arc<Left>,
}

impl<S: Store> Worker<S> {
    /// `wall` of the answer is the moment of the last end.
    async fn run(self) -> Result<Drained> {
        let mut done = Drained::default();
        let mut carried: Vec<Claimed> = Vec::new();
        let mut over = self.left.none.subscribe();
        while !*over.borrow() {
            let began = self.watch.now();
            let claimed = if carried.is_empty() {
                let claim = self.tasks.claim(self.request());
                tokio::select! {
                    claimed = claim => claimed?,
                    _ = over.wait_for(|over| *over) => break,
                }
            } else {
                std::mem::take(&mut carried)
            };
            let got = self.watch.now();
            done.claims.add(got - began);
            if claimed.is_empty() {
                // Others have the rest; without a waiting claim it must not be asked for again and again.
                tokio::task::yield_now().await;
                continue;
            }
            let ids: Vec<_> = claimed.iter().map(|claimed| claimed.handle.execution).collect();
            carried = self.end(claimed).await?;
            let ended = self.watch.now();
            done.ends.add(ended - got);
            done.pairs.add(ended - began);
            done.wall = ended;
            let count = ids.len();
            done.ended.extend(ids);
            if self.left.count.fetch_sub(count, Ordering::Relaxed) == count {
                self.left.none.send_replace(true);
            }
        }
        Ok(done)
    }

    fn request(&self) -> ClaimRequest {
        ClaimRequest { token: self.watch.token(), ..(self.crew.request)(self.number) }
    }

    async fn end(&self, claimed: Vec<Claimed>) -> Result<Vec<Claimed>> {
        let next = self.crew.carry.then(|| ClaimRequest { wait_ms: 0, ..self.request() });
        complete(&self.tasks, claimed, next).await
    }
}

/// Completes everything with 16 bytes; an item that is refused is an error.
pub async fn complete<S: Store>(tasks: &Tasks<S>, claimed: Vec<Claimed>, next: Option<ClaimRequest>) -> Result<Vec<Claimed>> {
    let item =
        |claimed: Claimed| Complete { handle: claimed.handle, result: Payload::Inline(vec![7; 16]), facts: Facts::default() };
    let (results, next) = tasks.complete(claimed.into_iter().map(item).collect(), next).await?;
    for result in results {
        let written = result?;
        ensure!(
            matches!(written, Written::Applied(Ended::Ended { outcome: Outcome::Succeeded, .. })),
            "a completion answered {written:?}"
        );
    }
    Ok(next)
}
