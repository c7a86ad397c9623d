//! Random runs: up to 30 nodes with all policies, predicates, conditions, inputs, finalizers and answers to failure.

use levada_store::alphabets::{EdgeWhen, FailureClass, Need, OnFailure, OnFired, OnTimeout};
use levada_store::rows::{Comparison, Fact, Predicate, Predicates};
use levada_tasks::spec::{
    ExecutionPolicy, GraphEdge, GraphNode, GroupPolicy, NewCondition, NewExecution, RunGraph, RunOptions,
};

use super::dice::Dice;

/// The lanes of all worlds.
pub const LANES: [&str; 2] = ["default", "other"];
/// The capability that some executions need.
pub const CAPABILITY: &str = "gpu";
/// The fact that predicates look at.
pub const FACT: &str = "rows";

/// A run that is good: `now_ms` is when it will be submitted, about.
pub fn random(dice: &mut Dice, now_ms: i64, nodes_max: usize) -> RunGraph {
    let n = dice.up_to(nodes_max.max(1)) + 1;
    let finalizers = if dice.one_in(3) { dice.up_to(3).min(n - 1) } else { 0 };
    let conditions = conditions(dice, now_ms);
    let mut graph = RunGraph { name: "random".to_owned(), options: options(dice), ..RunGraph::default() };
    let plain = dice.one_in(3);
    for node in 0..n {
        let is_finalizer = node + finalizers >= n;
        let mut execution = execution(dice, now_ms, plain);
        execution.name = name(node);
        execution.finalizer = is_finalizer;
        let before = graph.edges.len();
        let from = if is_finalizer { n - finalizers } else { 0 };
        edges_into(dice, &mut graph.edges, node, from..node, &conditions);
        let fan_in = graph.edges.len() - before;
        let group = (fan_in > 0 && !dice.one_in(4)).then(|| group(dice, fan_in));
        graph.nodes.push(GraphNode { execution, group });
    }
    graph
}

fn name(node: usize) -> String {
    format!("n{node}")
}

/// What a run does when a member fails, and its deadline.
pub fn options(dice: &mut Dice) -> RunOptions {
    let on_failure = dice.pick(&[
        OnFailure::Continue,
        OnFailure::Continue,
        OnFailure::Continue,
        OnFailure::CancelPending,
        OnFailure::CancelAll,
    ]);
    let deadline_ms = dice.one_in(8).then(|| dice.between(100, 20_000));
    RunOptions { on_failure, deadline_ms, ..RunOptions::default() }
}

fn conditions(dice: &mut Dice, now_ms: i64) -> Vec<(String, NewCondition)> {
    let count = if dice.one_in(3) { dice.up_to(2) + 1 } else { 0 };
    let one = |index: usize| {
        let expires_ms = dice.one_in(2).then(|| now_ms + dice.between(50, 10_000));
        let answers: &[_] = if expires_ms.is_some() { &[OnTimeout::Miss, OnTimeout::Fail] } else { &[OnTimeout::Miss] };
        let on_timeout = dice.pick(answers);
        (format!("fact{index}"), NewCondition { expires_ms, on_timeout })
    };
    (0..count).map(one).collect()
}

/// Edges of one child from some of the nodes before it and some conditions.
fn edges_into(
    dice: &mut Dice,
    edges: &mut Vec<GraphEdge>,
    node: usize,
    upstreams: std::ops::Range<usize>,
    conditions: &[(String, NewCondition)],
) {
    let mut left: Vec<_> = upstreams.collect();
    let wanted = dice.pick(&[0, 1, 1, 1, 2, 2, 3, 4]);
    for _ in 0..wanted {
        if left.is_empty() {
            break;
        }
        let from = left.swap_remove(dice.up_to(left.len()));
        edges.push(edge(dice, &name(from), node, edges.len()));
    }
    for (key, condition) in conditions {
        if dice.one_in(5) {
            let on_condition = edge(dice, key, node, edges.len());
            edges.push(GraphEdge {
                is_condition: true,
                condition: *condition,
                satisfied_by: EdgeWhen::Success,
                ..on_condition
            });
        }
    }
}

/// An edge by names, with everything that an edge can say.
pub fn edge(dice: &mut Dice, from: &str, node: usize, number: usize) -> GraphEdge {
    let satisfied_by = match dice.up_to(10) {
        0..5 => EdgeWhen::Success,
        5 => EdgeWhen::Failure,
        6 => EdgeWhen::Done,
        7 => EdgeWhen::Skipped,
        _ => EdgeWhen::NotFailed,
    };
    let predicates = if dice.one_in(6) { vec![predicate(dice)] } else { Vec::new() };
    GraphEdge {
        satisfied_by,
        predicates: Predicates(predicates),
        input: dice.one_in(3).then(|| format!("in{number}")),
        ..GraphEdge::success(from, &name(node))
    }
}

fn predicate(dice: &mut Dice) -> Predicate {
    let op = dice.pick(&[
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ]);
    Predicate { fact: FACT.to_owned(), op, literal: Fact::Int(dice.between(0, 2)) }
}

/// A policy that so many edges can satisfy.
pub fn group(dice: &mut Dice, fan_in: usize) -> GroupPolicy {
    let need = dice.pick(&[Need::AllOf, Need::AllOf, Need::AnyOf, Need::Quorum]);
    let quorum = match need {
        Need::Quorum => i32::try_from(dice.up_to(fan_in) + 1).unwrap_or(1),
        Need::AllOf | Need::AnyOf => 0,
    };
    GroupPolicy { need, quorum, on_fired: dice.pick(&[OnFired::CancelRemaining, OnFired::LetRun]) }
}

/// An execution; a plain one has nothing that time alone can bring about.
pub fn execution(dice: &mut Dice, now_ms: i64, plain: bool) -> NewExecution {
    let mut new = NewExecution::of_kind("work");
    new.lane = (if dice.one_in(5) { LANES[1] } else { LANES[0] }).to_owned();
    new.priority = if dice.one_in(4) { dice.pick(&[1, 2, 9000]) } else { 0 };
    new.essential = !dice.one_in(5);
    if dice.one_in(8) {
        new.capabilities.insert(CAPABILITY.to_owned());
    }
    new.policy = policy(dice, plain);
    if !plain && dice.one_in(8) {
        new.due_ms = Some(now_ms + dice.between(-10, 5_000));
    }
    new
}

fn policy(dice: &mut Dice, plain: bool) -> ExecutionPolicy {
    let mut policy = ExecutionPolicy::default();
    policy.retry.max_retries = dice.pick(&[Some(0), Some(0), Some(1), Some(2), None]);
    policy.retry.backoff.initial_ms = dice.pick(&[1, 100, 1_000]);
    policy.retry.backoff.jitter_permille = if dice.one_in(3) { 200 } else { 0 };
    if dice.one_in(4) {
        policy.retry.retry_on.remove(&FailureClass::Timeout);
    }
    policy.crash.crashes_max = dice.pick(&[0, 1, 2, 20]);
    if !plain {
        policy.attempt_timeout_ms = dice.one_in(4).then(|| dice.between(10, 3_000));
        policy.deadline_ms = dice.one_in(6).then(|| dice.between(20, 10_000));
        if policy.deadline_ms.is_some() {
            // Whether a retry is due before the deadline must follow from the contract alone.
            policy.retry.backoff.jitter_permille = 0;
        }
    }
    policy
}
