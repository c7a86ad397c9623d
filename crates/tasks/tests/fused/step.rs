//! Steps of random histories: what workers do, well and badly, and what comes between.

use std::collections::BTreeSet;

use levada_store::alphabets::FailureClass;
use levada_store::rows::{Fact, Facts};
use levada_store::{ExecutionId, RunId, Token};
use levada_tasks::rules::{Claimed, LaneChange};
use levada_tasks::spec::{
    ClaimRequest, Complete, Delay, ExecutionPolicy, Fail, Failure, GraphEdge, GraphNode, Handle, NewExecution, Payload, Renew,
    RetryPolicy, RunGraph, Skip,
};

use crate::dice::Dice;

/// Stands for the store that a step is played on.
pub const OURS: Token = Token(1);
const FOREIGN: Token = Token(2);
const LANES: [&str; 2] = ["mail", "print"];

/// Calls at once are a list of calls.
#[derive(Debug, Clone)]
pub enum Step {
    Create(Box<NewExecution>),
    Submit(Box<RunGraph>),
    Claim(Vec<ClaimRequest>),
    Renew(Vec<Vec<Renew>>),
    Complete(Vec<Vec<Complete>>),
    Fail(Vec<Vec<Fail>>),
    Skip(Vec<Vec<Skip>>),
    Delay(Vec<Delay>),
    Advance(u64),
    Tick,
    Lane(String, LaneChange),
    Pause(RunId),
    Resume(RunId),
    Cancel(ExecutionId),
    Revoke(ExecutionId),
    Replay(ExecutionId),
}

impl Step {
    /// The same with the handles of a store.
    pub fn of_store(mut self, store: Token) -> Self {
        let set = |handle: &mut Handle| {
            if handle.store == OURS {
                handle.store = store;
            }
        };
        match &mut self {
            Self::Renew(calls) => calls.iter_mut().flatten().for_each(|item| set(&mut item.handle)),
            Self::Complete(calls) => calls.iter_mut().flatten().for_each(|item| set(&mut item.handle)),
            Self::Fail(calls) => calls.iter_mut().flatten().for_each(|item| set(&mut item.handle)),
            Self::Skip(calls) => calls.iter_mut().flatten().for_each(|item| set(&mut item.handle)),
            Self::Delay(items) => items.iter_mut().for_each(|item| set(&mut item.handle)),
            _ => {}
        }
        self
    }
}

/// What happened so far, as far as it helps to choose what happens next.
#[derive(Default)]
pub struct Past {
    pub claimed: Vec<Claimed>,
    claims: u64,
    created: u128,
    runs: Vec<RunId>,
}

/// Handles that are still worth a call, most of them live.
const HANDLES_KEPT: usize = 14;

/// The next step. With `at_once`, several calls of a kind may be made at the same time.
pub fn next(dice: &mut Dice, past: &mut Past, now_ms: i64, at_once: bool) -> Step {
    let from = past.claimed.len().saturating_sub(HANDLES_KEPT);
    past.claimed.drain(..from);
    match dice.below(40) {
        0..=5 => Step::Create(Box::new(execution(dice, past))),
        6..=8 => Step::Submit(Box::new(graph(dice, past))),
        9..=16 => Step::Claim(claims(dice, past, at_once)),
        17..=20 => Step::Renew(calls(dice, past, at_once, |dice, handle| {
            let ttl_ms = dice.of(&[1_000, 5_000, 20_000, 30_000, 3_600_000]).unwrap_or(1_000);
            Renew { handle, ttl_ms: if dice.one_in(15) { 1 } else { ttl_ms } }
        })),
        21..=25 => Step::Complete(calls(dice, past, at_once, |dice, handle| {
            let facts = (0..dice.below(3)).map(|n| (format!("f{n}"), Fact::Int(7))).collect();
            Complete { handle, result: payload(dice), facts: Facts(facts) }
        })),
        26..=28 => Step::Fail(calls(dice, past, at_once, |dice, handle| {
            let classes = [FailureClass::Permanent, FailureClass::Permanent, FailureClass::Transient, FailureClass::Crash];
            let class = dice.of(&classes).unwrap_or(FailureClass::Timeout);
            Fail { handle, failure: Failure { class, code: "c".to_owned(), message: "it broke".to_owned() } }
        })),
        29..=30 => Step::Skip(calls(dice, past, at_once, |_, handle| Skip { handle, reason: "none".to_owned() })),
        31 => {
            let until_ms = now_ms + 500 + i64::try_from(dice.below(4_000)).unwrap_or(0);
            let handle = past.claimed.get(dice.below(past.claimed.len())).map(|claimed| claimed.handle);
            Step::Delay(handle.into_iter().map(|handle| Delay { handle, until_ms }).collect())
        }
        32..=33 => Step::Advance(dice.of(&[1, 300, 900, 5_000, 31_000]).unwrap_or(1)),
        34..=35 => Step::Tick,
        other => disturbance(dice, past, other),
    }
}

fn disturbance(dice: &mut Dice, past: &Past, kind: usize) -> Step {
    let execution = past.claimed.get(dice.below(past.claimed.len())).map(|claimed| claimed.handle.execution);
    let run = dice.of(&past.runs);
    match (kind, execution, run) {
        (36, ..) => {
            let changes =
                [LaneChange::Pause, LaneChange::Resume, LaneChange::SetMaxActive(Some(3)), LaneChange::SetMaxActive(None)];
            Step::Lane(LANES[0].to_owned(), dice.of(&changes).unwrap_or(LaneChange::Resume))
        }
        (37, _, Some(run)) => {
            if dice.one_in(2) {
                Step::Pause(run)
            } else {
                Step::Resume(run)
            }
        }
        (38, Some(execution), _) => {
            if dice.one_in(2) {
                Step::Cancel(execution)
            } else {
                Step::Revoke(execution)
            }
        }
        (39, Some(execution), _) => Step::Replay(execution),
        _ => Step::Advance(1),
    }
}

fn payload(dice: &mut Dice) -> Payload {
    match dice.below(4) {
        0 => Payload::Void,
        1 => Payload::Reference("bucket/key".to_owned()),
        _ => Payload::Inline(vec![7; dice.below(200)]),
    }
}

fn execution(dice: &mut Dice, past: &mut Past) -> NewExecution {
    past.created += 1;
    let retry = RetryPolicy { max_retries: Some(i32::try_from(dice.below(3)).unwrap_or(0)), ..RetryPolicy::default() };
    let policy = ExecutionPolicy {
        retry,
        attempt_timeout_ms: dice.one_in(3).then_some(8_000),
        deadline_ms: dice.one_in(6).then_some(60_000),
        lease_ttl_max_ms: dice.of(&[3_600_000, 20_000]).unwrap_or(3_600_000),
        ..ExecutionPolicy::default()
    };
    let capabilities = if dice.one_in(5) { BTreeSet::from(["gpu".to_owned()]) } else { BTreeSet::new() };
    let lane = dice.of(&LANES).unwrap_or(LANES[0]);
    let priority = i32::try_from(dice.below(3)).unwrap_or(0);
    let input = payload(dice);
    NewExecution { policy, capabilities, priority, input, ..NewExecution::of_kind("work").in_lane(lane) }
}

/// Runs of two to five members, so that with an inline limit of three some are settled where they end and some are not.
fn graph(dice: &mut Dice, past: &mut Past) -> RunGraph {
    let id = RunId(1 << 80 | dice.next() as u128);
    past.runs.push(id);
    let members = 2 + dice.below(4);
    let nodes = (0..members).map(|n| GraphNode { execution: execution(dice, past).named(&format!("m{n}")), group: None });
    let nodes: Vec<_> = nodes.collect();
    let edge = |n: usize| {
        let mut edge = GraphEdge::success(&format!("m{}", n - 1), &format!("m{n}"));
        edge.input = Some("before".to_owned());
        edge
    };
    let edges = (1..members).filter(|_| dice.one_in(2)).map(edge).collect();
    RunGraph { id: Some(id), name: "graph".to_owned(), nodes, edges, ..RunGraph::default() }
}

fn claims(dice: &mut Dice, past: &mut Past, at_once: bool) -> Vec<ClaimRequest> {
    let lanes: Vec<_> = LANES.iter().map(|lane| (*lane).to_owned()).take(1 + dice.below(2)).collect();
    let capabilities = if dice.one_in(2) { BTreeSet::from(["gpu".to_owned()]) } else { BTreeSet::new() };
    let calls = if at_once { 1 + dice.below(4) } else { 1 };
    let claim = |_| {
        past.claims += 1;
        let again = dice.one_in(5);
        let number = if again { 1 + dice.next() % past.claims } else { past.claims };
        let instance = format!("w{}", number % 3);
        let limit = if dice.one_in(30) { 0 } else { 1 + u32::try_from(dice.below(4)).unwrap_or(0) };
        let ttl_ms = if dice.one_in(20) { 5 } else { 20_000 };
        ClaimRequest {
            lanes: lanes.clone(),
            capabilities: capabilities.clone(),
            worker: "worker".to_owned(),
            ttl_ms,
            ..ClaimRequest::of_lane("", &instance, limit, Token(number.into()))
        }
    };
    (0..calls).map(claim).collect()
}

/// Calls on handles that were given: no execution in two of them, now and then twice in one, with a damaged handle among them.
fn calls<T>(dice: &mut Dice, past: &Past, at_once: bool, item: impl Fn(&mut Dice, Handle) -> T) -> Vec<Vec<T>> {
    let mut seen = BTreeSet::new();
    let handles = past.claimed.iter().rev().map(|claimed| claimed.handle).filter(|handle| seen.insert(handle.execution));
    let mut handles: Vec<_> = handles.filter(|_| dice.one_in(3)).collect();
    let count = if at_once { 1 + dice.below(4) } else { 1 };
    let mut calls: Vec<Vec<T>> = (0..count).map(|_| Vec::new()).collect();
    for (number, handle) in handles.drain(..).enumerate() {
        let call = &mut calls[number % count];
        let changed = match dice.below(40) {
            0 => Handle { fence: handle.fence - 1, ..handle },
            1 => Handle { store: FOREIGN, ..handle },
            2 => Handle { execution: ExecutionId(9), ..handle },
            3 => {
                call.push(item(dice, handle));
                handle
            }
            _ => handle,
        };
        call.push(item(dice, changed));
    }
    calls
}
