//! Nodes that serve some namespaces, beside others on the same store.

use levada_base::{World, codes};
use levada_store::alphabets::PublicState;
use levada_store::{ExecutionId, MemoryStore, RunId, ScheduleId, Store, Token};
use levada_tasks::rules::{CreateExecution, Created};
use levada_tasks::spec::{ClaimRequest, NewExecution, NewRun, NewSchedule, Recurrence, RunGraph, RunOptions};
use levada_tasks::{Settings, Tasks};

use crate::node::Result;

/// Nodes of one store, each for one namespace.
async fn nodes<const N: usize>(names: [&str; N]) -> Result<[Tasks<MemoryStore>; N]> {
    let (world, _clock) = World::sim(7);
    let store = MemoryStore::new(world.clone());
    let mut nodes = Vec::new();
    for name in names {
        let settings = Settings { namespaces: Some(vec![name.to_owned()]), ..Settings::without_background() };
        nodes.push(Tasks::open(store.clone(), settings, world.clone()).await?);
    }
    Ok(nodes.try_into().unwrap_or_else(|_| panic!("as many nodes as names")))
}

fn execution_in(namespace: &str, id: u128) -> NewExecution {
    NewExecution { id: Some(ExecutionId(id)), namespace: namespace.to_owned(), ..NewExecution::of_kind("work") }
}

fn options(namespace: &str) -> RunOptions {
    RunOptions { namespace: namespace.to_owned(), ..RunOptions::default() }
}

fn schedule_in(namespace: &str) -> NewSchedule {
    NewSchedule {
        id: Some(ScheduleId(9)),
        namespace: namespace.to_owned(),
        name: "nightly".to_owned(),
        when: Recurrence::Every { ms: 60_000, anchor_ms: 0 },
        start_ms: None,
        end_ms: None,
        jitter_ms: 0,
        missed: levada_store::alphabets::MissedPolicy::One,
        paused: false,
        graph: RunGraph { options: options(namespace), ..RunGraph::default() },
    }
}

/// Ids are the same for all namespaces: what another node cannot see it cannot overwrite either.
#[tokio::test]
async fn t_021_an_id_that_is_taken_elsewhere_is_taken() -> Result {
    let [a, b] = nodes(["a", "b"]).await?;
    a.create_execution(execution_in("a", 1)).await?;
    a.create_run(NewRun { id: Some(RunId(2)), options: options("a"), ..NewRun::default() }).await?;
    a.create_schedule(schedule_in("a")).await?;
    let before = a.store().dump().await?;
    let refusals = [
        b.create_execution(execution_in("b", 1)).await.map(drop),
        b.create_run(NewRun { id: Some(RunId(2)), options: options("b"), ..NewRun::default() }).await.map(drop),
        b.submit_run(RunGraph { id: Some(RunId(2)), options: options("b"), ..RunGraph::default() }).await.map(drop),
        b.create_schedule(schedule_in("b")).await.map(drop),
        b.plan(CreateExecution { id: ExecutionId(1), new: execution_in("b", 1) }).await.map(drop),
    ];
    assert_eq!(refusals.map(|refused| refused.map_err(|error| error.code())), [Err(codes::LV_T004); 5]);
    assert_eq!(a.store().dump().await?, before);
    Ok(())
}

/// G-6: a node may make something for others, and is told the same when it asks again.
#[tokio::test]
async fn t_021_what_is_made_for_others_is_repeated() -> Result {
    let [a, b] = nodes(["a", "b"]).await?;
    let keyed = NewExecution { id: None, request_key: Some("key".to_owned()), ..execution_in("b", 0) };
    let Created::Created(made) = a.create_execution(keyed.clone()).await? else { panic!("it is new") };
    assert_eq!(a.create_execution(keyed).await?, Created::Existing(made));
    assert_eq!(made.1, PublicState::Ready);
    let graph = RunGraph { request_key: Some("run".to_owned()), options: options("b"), ..RunGraph::default() };
    let Created::Created(run) = a.submit_run(graph.clone()).await? else { panic!("it is new") };
    assert_eq!(a.submit_run(graph).await?.into_inner().run, run.run);
    let described = a.describe_execution(made.0).await.map_err(|error| error.code());
    assert_eq!(described.map(drop), Err(codes::LV_T002), "it does not serve it");
    let claim = |token| ClaimRequest::of_lane("default", "w", 10, Token(token));
    assert_eq!((a.claim(claim(1)).await?.len(), b.claim(claim(2)).await?.len()), (0, 1));
    Ok(())
}
