//! What can be looked at: each of the system tables that this release can fill, by the read that will be its source.

use levada_store::alphabets::PublicState;
use levada_store::{Cursor, ExecutionFilter, Filter, RunFilter, Store};
use levada_tasks::spec::NewExecution;

use crate::node::{Node, Result};

/// How many rows each view has, on a node on which everything has happened.
pub async fn every_view_has_rows<S: Store>(node: &Node<S>) -> Result {
    let tasks = &node.tasks;
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    let leased = node.claim(1).await?[0].handle.execution;
    let runs = tasks.list_runs(RunFilter::default(), None, 1_000).await?.items;
    let (mut edges, mut groups) = (0, 0);
    for view in &runs {
        let listed = tasks.list_edges(view.run.id, None, 1_000).await?;
        edges += listed.len();
        groups += listed.iter().filter(|view| view.group.is_some()).count();
    }
    let active = ExecutionFilter { states: vec![PublicState::Active], ..ExecutionFilter::default() };
    let leases = tasks.list_executions(active, None, 10).await?.items;
    assert_eq!(leases.iter().map(|view| view.execution.id).collect::<Vec<_>>(), [leased]);
    assert!(leases.iter().all(|view| view.execution.worker.is_some() && view.execution.lease_until_ms.is_some()));
    let views = [
        ("runs", runs.len()),
        ("executions", tasks.list_executions(ExecutionFilter::default(), None, 1_000).await?.items.len()),
        ("attempts", tasks.attempts(leased).await?.len()),
        ("edges", edges),
        ("edge_groups", groups),
        ("leases", leases.len()),
        ("lanes", tasks.lanes().await?.len()),
        ("workers", tasks.workers().await?.len()),
        ("schedules", tasks.schedules().await?.len()),
        ("engine_nodes", tasks.nodes().await?.len()),
        ("task_events", tasks.events(Cursor::default(), &Filter::default(), 1_000).await?.events.len()),
    ];
    for (view, rows) in views {
        assert!(rows > 0, "{view}");
    }
    Ok(())
}
