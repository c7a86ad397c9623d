//! Conditions on `run:<id>` and `execution:<id>`: what waits in another run goes on when that run or execution has ended.

use levada_base::World;
use levada_store::alphabets::{ConditionState, EventKind, Outcome, PublicState};
use levada_store::rows::Fact;
use levada_store::{MemoryStore, RunId, Store};
use levada_tasks::spec::{ExecutionPolicy, GraphEdge, NewExecution, RunGraph};
use levada_tasks::{BackgroundSettings, Settings, Tasks};

use crate::node::{Node, Result, code, wide};

/// A run of one member that waits for something outside.
pub fn waiting_for(key: &str) -> RunGraph {
    let edge = GraphEdge { is_condition: true, ..GraphEdge::success(key, "m0") };
    RunGraph { edges: vec![edge], ..wide(1) }
}

async fn condition<S: Store>(node: &Node<S>, run: RunId) -> Result<ConditionState> {
    Ok(node.tasks.graph(run).await?.conditions[0].state)
}

/// Ends of both kinds, before and after the condition is there.
pub async fn ends_resolve_conditions<S: Store>(node: Node<S>) -> Result {
    let upstream = node.submit(wide(1)).await?;
    let single = node.tasks.create_execution(NewExecution::of_kind("work").named("single")).await?.into_inner().0;
    let after_run = node.submit(waiting_for(&format!("run:{upstream}"))).await?;
    let after_single = node.submit(waiting_for(&format!("execution:{single}"))).await?;
    assert!(node.tasks.tick("awaited_ends").await?.is_idle(), "nothing has ended");
    let handle = node.claim_named("m0").await?;
    node.complete(handle).await?;
    assert_eq!(node.tasks.tick("awaited_ends").await?.count("satisfied"), 1);
    let graph = node.tasks.graph(after_run).await?;
    assert_eq!(graph.executions[0].public_state(), PublicState::Ready);
    assert_eq!(graph.conditions[0].facts.0.get("outcome"), Some(&Fact::Text("succeeded".to_owned())));
    assert_eq!(condition(&node, after_single).await?, ConditionState::Open);
    node.tasks.cancel_execution(single, "test").await?;
    let late = node.submit(waiting_for(&format!("execution:{single}"))).await?;
    assert_eq!(node.tasks.tick("awaited_ends").await?.count("missed"), 2, "also where it had ended before");
    for run in [after_single, late] {
        assert_eq!(condition(&node, run).await?, ConditionState::Missed);
        assert_eq!(node.outcome(run).await?, Some(Outcome::Succeeded), "a branch that is not taken fails nothing");
    }
    assert!(node.tasks.tick("awaited_ends").await?.is_idle(), "each once");
    assert_eq!(node.events(EventKind::ConditionResolved).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn t_028_ends_resolve_conditions_of_other_runs() -> Result {
    ends_resolve_conditions(Node::open().await?).await
}

/// BW-13: what is kept for no time at all is kept until those who wait for its end know of it.
#[tokio::test]
async fn t_042_an_end_that_is_awaited_is_not_removed_before_it_is_told() -> Result {
    let node = Node::open().await?;
    let mut graph = wide(1);
    graph.options.retention_ms = 0;
    let upstream = node.submit(graph).await?;
    let mut new = NewExecution::of_kind("work").named("single");
    new.policy.retention_ms = 0;
    let single = node.tasks.create_execution(new).await?.into_inner().0;
    let waiting = [
        node.submit(waiting_for(&format!("run:{upstream}"))).await?,
        node.submit(waiting_for(&format!("execution:{single}"))).await?,
    ];
    for name in ["m0", "single"] {
        let handle = node.claim_named(name).await?;
        node.complete(handle).await?;
    }
    assert_eq!(node.tasks.tick("retention").await?.count("deleted"), 0);
    assert_eq!(node.tasks.tick("awaited_ends").await?.count("satisfied"), 2);
    for run in waiting {
        assert_eq!(condition(&node, run).await?, ConditionState::Satisfied);
    }
    node.advance_ms(2_000);
    assert_eq!(node.tasks.tick("retention").await?.count("deleted"), 2);
    Ok(())
}

#[tokio::test]
async fn t_060_a_condition_on_an_end_names_another_run_or_an_execution() -> Result {
    let node = Node::open().await?;
    let id = RunId(7);
    for key in ["run:", "run:seven", "execution:7-8"] {
        assert_eq!(code(node.tasks.submit_run(waiting_for(key)).await), "LV-T001", "{key}");
    }
    let own = RunGraph { id: Some(id), ..waiting_for(&format!("run:{id}")) };
    assert_eq!(code(node.tasks.submit_run(own).await), "LV-T001");
    Ok(())
}

#[tokio::test]
async fn t_037_an_end_wakes_what_waits_for_it() -> Result {
    let world = World::real();
    let background = BackgroundSettings { ticks: false, ..BackgroundSettings::default() };
    let settings = Settings { background, ..Settings::default() };
    let tasks = Tasks::open(MemoryStore::new(world.clone()), settings, world).await?;
    let policy = ExecutionPolicy::default();
    let single = tasks.create_execution(NewExecution { policy, ..NewExecution::of_kind("work") }).await?.into_inner().0;
    let run = tasks.submit_run(waiting_for(&format!("execution:{single}"))).await?.into_inner().run;
    let filter = levada_store::Filter { kinds: vec![EventKind::RunEnded], run: Some(run), ..Default::default() };
    let mut feed = tasks.subscribe(filter, None);
    tasks.cancel_execution(single, "test").await?;
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), feed.next()).await;
    assert_eq!(ended.unwrap_or_else(|_| panic!("the run still waits"))?.events.len(), 1);
    tasks.close(std::time::Duration::from_secs(10)).await
}
