//! The run of an order.

use std::collections::BTreeMap;

use levada_store::alphabets::EdgeWhen;
use levada_tasks::spec::{GraphEdge, GraphNode, GroupPolicy, NewExecution, Payload, RunGraph, RunOptions};

/// Ten executions:
///
/// ```text
///            ┌▶ quote_north ─┐
/// receive ───┼▶ quote_south ─┼─ 2 of 3 ─▶ choose ─▶ charge ─┐
///            └▶ quote_west ──┘                              ├─▶ ship      report (at the end, whatever happened)
/// pack ─────────────────────────────────────────────────────┤
/// loyalty ── done, even if it fails ────────────────────────┘
/// ```
pub fn order(number: &str) -> RunGraph {
    RunGraph {
        name: format!("order-{number}"),
        options: RunOptions { tags: BTreeMap::from([("shop.order".to_owned(), number.to_owned())]), ..RunOptions::default() },
        request_key: Some(format!("order-{number}")),
        nodes: vec![
            node("receive", "receive", number),
            node("quote_north", "quote", "310"),
            node("quote_south", "quote", "295"),
            node("quote_west", "quote", "slow"),
            GraphNode { group: Some(GroupPolicy::quorum(2)), ..node("choose", "choose", "") },
            node("charge", "charge", ""),
            in_lane("packing", node("pack", "pack", "")),
            node("loyalty", "loyalty", ""),
            node("ship", "ship", ""),
            finalizer(node("report", "report", "")),
        ],
        edges: vec![
            GraphEdge::success("receive", "quote_north"),
            GraphEdge::success("receive", "quote_south"),
            GraphEdge::success("receive", "quote_west"),
            GraphEdge::success("quote_north", "choose").as_input("north"),
            GraphEdge::success("quote_south", "choose").as_input("south"),
            GraphEdge::success("quote_west", "choose").as_input("west"),
            GraphEdge::success("choose", "charge").as_input("price"),
            GraphEdge::success("charge", "ship").as_input("receipt"),
            GraphEdge::success("pack", "ship").as_input("parcel"),
            // The failure of this one is absorbed: shipping waits for its end, not for its success.
            GraphEdge::success("loyalty", "ship").when(EdgeWhen::Done),
        ],
        ..RunGraph::default()
    }
}

fn node(name: &str, kind: &str, input: &str) -> GraphNode {
    let mut execution = NewExecution::of_kind(kind).named(name);
    if !input.is_empty() {
        execution.input = Payload::Inline(input.as_bytes().to_vec());
    }
    // So that the example ends soon: a failed attempt is tried again after a tenth of a second.
    execution.policy.retry.backoff.initial_ms = 100;
    GraphNode { execution, group: None }
}

fn in_lane(lane: &str, mut node: GraphNode) -> GraphNode {
    node.execution = node.execution.in_lane(lane);
    node
}

fn finalizer(mut node: GraphNode) -> GraphNode {
    node.execution.finalizer = true;
    node
}
