//! How a run ends: the table of §3.8 on small graphs.

use levada_store::alphabets::{EdgeWhen, OnFailure, Outcome};
use levada_tasks::spec::{GraphEdge, GroupPolicy, RunGraph};

use crate::world::{World, graph};

/// A graph, how each member's worker ends it, and how the run ends.
struct Case {
    what: &'static str,
    graph: RunGraph,
    fails: &'static [&'static str],
    skips: &'static [&'static str],
    expected: Outcome,
}

fn case(what: &'static str, graph: RunGraph, fails: &'static [&'static str], expected: Outcome) -> Case {
    Case { what, graph, fails, skips: &[], expected }
}

fn with_edge(mut graph: RunGraph, from: &str, to: &str, when: EdgeWhen) -> RunGraph {
    graph.edges.push(GraphEdge::success(from, to).when(when));
    graph
}

fn with_policy(mut graph: RunGraph, child: &str, policy: GroupPolicy) -> RunGraph {
    for node in graph.nodes.iter_mut().filter(|node| node.execution.name == child) {
        node.group = Some(policy);
    }
    graph
}

fn not_essential(mut graph: RunGraph, name: &str) -> RunGraph {
    for node in graph.nodes.iter_mut().filter(|node| node.execution.name == name) {
        node.execution.essential = false;
    }
    graph
}

fn answering(mut graph: RunGraph, on_failure: OnFailure) -> RunGraph {
    graph.options.on_failure = on_failure;
    graph
}

/// Three sources into one join.
fn fan_in() -> RunGraph {
    graph(&["a", "b", "c", "join"], &[("a", "join"), ("b", "join"), ("c", "join")])
}

fn cases() -> Vec<Case> {
    use EdgeWhen as W;
    use Outcome::{Failed, Succeeded};
    let pair = || graph(&["a", "b"], &[("a", "b")]);
    let alone = || graph(&["a", "b"], &[]);
    let failure_branch = || with_edge(graph(&["a", "ok", "mend"], &[("a", "ok")]), "a", "mend", W::Failure);
    let diamond = || graph(&["a", "b", "c", "d"], &[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]);
    let any = || with_policy(fan_in(), "join", GroupPolicy::any_of());
    let two_of_three = || with_policy(fan_in(), "join", GroupPolicy::quorum(2));
    vec![
        case("no members", graph(&[], &[]), &[], Succeeded),
        case("one member", graph(&["a"], &[]), &[], Succeeded),
        case("one failure", graph(&["a"], &[]), &["a"], Failed),
        case("one of two independent ones fails", alone(), &["b"], Failed),
        case("what is not essential may fail", not_essential(alone(), "b"), &["b"], Succeeded),
        case("a pair", pair(), &[], Succeeded),
        case("the first of a pair fails, the second is skipped", pair(), &["a"], Failed),
        case("the last of a pair fails", pair(), &["b"], Failed),
        case("an inessential first fails, what waited is skipped", not_essential(pair(), "a"), &["a"], Succeeded),
        case("the failure branch is not taken", failure_branch(), &[], Succeeded),
        case("the failure branch absorbs the failure", failure_branch(), &["a"], Succeeded),
        case("the failure branch fails itself", failure_branch(), &["a", "mend"], Failed),
        case("a done edge absorbs", with_edge(graph(&["a", "b"], &[]), "a", "b", W::Done), &["a"], Succeeded),
        case("a not_failed edge does not", with_edge(graph(&["a", "b"], &[]), "a", "b", W::NotFailed), &["a"], Failed),
        case("a diamond", diamond(), &[], Succeeded),
        case("one side of a diamond fails", diamond(), &["c"], Failed),
        case("all of: one fails", fan_in(), &["b"], Failed),
        case("any of: the first wins, losers are cancelled", any(), &[], Succeeded),
        case("any of: a failed sibling is absorbed", any(), &["a"], Succeeded),
        case("any of: all fail", any(), &["a", "b", "c"], Failed),
        case("quorum: one loser fails", two_of_three(), &["a"], Succeeded),
        case("quorum: too many fail", two_of_three(), &["a", "b"], Failed),
        case("on_failure cancels the rest: still failed", answering(alone(), OnFailure::CancelAll), &["a"], Failed),
        Case { what: "a worker skips, its branch is not taken", graph: pair(), fails: &[], skips: &["a"], expected: Succeeded },
    ]
}

#[test]
fn t_074_outcome_rules() {
    let cases = cases();
    assert_eq!(cases.len(), 24);
    for inline in [0, 64] {
        for case in &cases {
            let mut world = World::settling_up_to(inline);
            let run = world.submit(&case.graph);
            world.work(|name| match name {
                name if case.fails.contains(&name) => Outcome::Failed,
                name if case.skips.contains(&name) => Outcome::Skipped,
                _ => Outcome::Succeeded,
            });
            assert_eq!(world.ended(run), case.expected, "{} (inline up to {inline})", case.what);
        }
    }
}

#[test]
fn t_074_what_an_operator_cancels_fails_its_run() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[]));
    let execution = world.named(run, "a").id;
    world.must(&levada_tasks::rules::CancelExecution { execution, actor: "ann".to_owned() });
    world.work(|_| Outcome::Succeeded);
    assert_eq!(world.ended(run), Outcome::Failed);
}
