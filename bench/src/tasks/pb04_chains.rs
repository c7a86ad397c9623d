//! PB-4: chains of ten, some in flight at a time: from the submit to the event that says the run ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use levada_store::alphabets::{EventKind, PublicState};
use levada_store::{Filter, RunId, Store};
use levada_tasks::Tasks;
use levada_tasks::spec::{GraphEdge, RunGraph};
use tokio::sync::oneshot;

use super::Bench;
use super::figure::{Figures, Target};
use super::pb03_submit::plain;
use super::stores::Stores;
use super::work::{Crew, Watch, call, drain};

const RUNS: usize = 200;
const LENGTH: usize = 10;
const IN_FLIGHT: usize = 8;
const WORKERS: usize = 16;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let (ends, watch) = (Arc::new(Ends::default()), Watch::new());
    let listening = tokio::spawn(listen(node.tasks.clone(), Arc::clone(&ends)));
    let (tasks, waiting) = (node.tasks.clone(), Arc::clone(&ends));
    let before = node.counts();
    let chains = call(IN_FLIGHT, RUNS, move |number| {
        let (tasks, ends, watch) = (tasks.clone(), Arc::clone(&waiting), watch.clone());
        async move {
            let run = RunId(watch.token().0);
            let ended = ends.expect(run);
            tasks.submit_run(RunGraph { id: Some(run), ..chain(number) }).await?;
            ended.await?;
            Ok(())
        }
    });
    let crew = Crew::new(WORKERS, 1).waiting();
    let (chains, drained) = tokio::join!(chains, drain(&node.tasks, &crew, RUNS * LENGTH));
    let (chains, drained) = (chains?, drained?);
    let ended = listening.await??;
    ensure!(ended == RUNS, "{ended} of {RUNS} runs ended");
    node.expect(PublicState::Succeeded, RUNS * LENGTH).await?;
    let rate = bench.target(Target::at_least(50.0, 100.0), Target::at_least(60.0, 120.0));
    figures.add("chains of 10, 8 in flight", "runs/s", chains.per_second(), rate);
    let p50 = bench.target(Target::at_most(150.0, None), Target::at_most(130.0, None));
    let p99 = bench.target(Target::at_most(500.0, None), Target::at_most(400.0, None));
    figures.latency("submit to run_ended", &chains.latencies, p50, p99);
    figures.latency("complete of a member", &drained.ends, None, None);
    node.cost(&mut figures, before, RUNS * LENGTH);
    node.close().await?;
    Ok(figures)
}

fn chain(number: usize) -> RunGraph {
    let name = |step: usize| format!("step{step}");
    RunGraph {
        name: format!("chain{number}"),
        nodes: (0..LENGTH).map(|step| plain(&name(step))).collect(),
        edges: (1..LENGTH).map(|step| GraphEdge::success(&name(step - 1), &name(step))).collect(),
        ..RunGraph::default()
    }
}

/// Who waits for the end of which run.
#[derive(Default)]
struct Ends {
    waiting: Mutex<BTreeMap<RunId, oneshot::Sender<()>>>,
}

impl Ends {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<RunId, oneshot::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, run: RunId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.waiting().insert(run, sender);
        receiver
    }

    fn ended(&self, run: RunId) -> bool {
        let waiting = self.waiting().remove(&run);
        waiting.is_some_and(|waiting| waiting.send(()).is_ok())
    }
}

/// Reads the subscription until all runs ended.
async fn listen<S: Store>(tasks: Tasks<S>, ends: Arc<Ends>) -> Result<usize> {
    let mut feed = tasks.subscribe(Filter { kinds: vec![EventKind::RunEnded], ..Filter::default() }, None);
    let mut count = 0;
    while count < RUNS {
        for run in feed.next().await?.events.into_iter().filter_map(|event| event.run_id) {
            ensure!(ends.ended(run), "run {run} ended twice");
            count += 1;
        }
    }
    Ok(count)
}
