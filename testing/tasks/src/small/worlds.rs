//! The small worlds: graphs of two or three executions, one of each kind of join.

use levada_store::alphabets::{EdgeWhen, OnFired};
use levada_tasks::spec::{GraphEdge, GraphNode, GroupPolicy, NewExecution, RunGraph};

/// A graph and what it is called in messages.
#[derive(Debug, Clone)]
pub struct World {
    pub name: &'static str,
    pub graph: RunGraph,
}

/// All of them.
#[must_use]
pub fn worlds() -> Vec<World> {
    let into_c = || vec![GraphEdge::success("a", "c").as_input("a"), GraphEdge::success("b", "c").as_input("b")];
    let join = |name, policy| World { name, graph: graph(vec![node("a"), node("b"), grouped("c", policy)], into_c()) };
    let mut finalizer = node("f");
    finalizer.execution.finalizer = true;
    vec![
        World { name: "chain", graph: graph(vec![node("a"), node("b")], vec![GraphEdge::success("a", "b").as_input("a")]) },
        join("any of, cancel the rest", GroupPolicy::any_of()),
        join("any of, let the rest run", GroupPolicy::any_of().with(OnFired::LetRun)),
        join("all of", GroupPolicy::all_of()),
        join("two of two, cancel the rest", GroupPolicy::quorum(2)),
        World {
            name: "a branch for failures",
            graph: graph(
                vec![node("a"), node("b"), node("c")],
                vec![GraphEdge::success("a", "b"), GraphEdge::success("a", "c").when(EdgeWhen::Failure)],
            ),
        },
        World { name: "a finalizer", graph: graph(vec![node("a"), node("b"), finalizer], vec![GraphEdge::success("a", "b")]) },
    ]
}

fn graph(nodes: Vec<GraphNode>, edges: Vec<GraphEdge>) -> RunGraph {
    RunGraph { name: "small".to_owned(), nodes, edges, ..RunGraph::default() }
}

fn node(name: &str) -> GraphNode {
    GraphNode { execution: NewExecution::of_kind("work").named(name), group: None }
}

fn grouped(name: &str, policy: GroupPolicy) -> GraphNode {
    GraphNode { group: Some(policy), ..node(name) }
}
