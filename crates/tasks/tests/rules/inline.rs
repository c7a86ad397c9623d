//! Settled where it ends, or by the settle worker: the same rows and the same events.

use std::collections::BTreeMap;

use levada_store::alphabets::{CancelPolicy, EdgeWhen, EventKind, OnFailure, OnFired, Outcome};
use levada_store::rows::{Event, Facts};
use levada_store::{Record, RowMap, RunId, State, canonical};
use levada_tasks::rules::{CancelExecution, CancelRun, ExtendRun, PauseRun, ResolveCondition, ResumeRun};
use levada_tasks::spec::{Fragment, GraphEdge, GroupPolicy, Resolution, RunGraph};

use crate::world::{World, node};

/// Numbers from a seed (splitmix64, by Sebastiano Vigna).
struct Dice(u64);

impl Dice {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.word() % n as u64).expect("small")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// A graph of up to a dozen nodes with edges of all kinds, groups of all policies, a condition and perhaps a finalizer.
fn random_graph(dice: &mut Dice) -> RunGraph {
    let n = 2 + dice.below(11);
    let mut graph = RunGraph::default();
    graph.options.on_failure = [OnFailure::Continue, OnFailure::CancelPending, OnFailure::CancelAll][dice.below(3)];
    for child in 0..n {
        let mut node = node(&format!("n{child:02}"));
        node.execution.essential = dice.chance(80);
        let upstreams: Vec<usize> = (0..child).filter(|_| dice.chance(30)).collect();
        for upstream in &upstreams {
            let when = EdgeWhen::ALL[if dice.chance(60) { 0 } else { dice.below(EdgeWhen::ALL.len()) }];
            let mut edge = GraphEdge::success(&format!("n{upstream:02}"), &format!("n{child:02}")).when(when);
            edge.input = dice.chance(40).then(|| format!("in{upstream}"));
            graph.edges.push(edge);
        }
        let has_condition = dice.chance(15);
        if has_condition {
            graph.edges.push(GraphEdge { is_condition: true, ..GraphEdge::success("outside", &format!("n{child:02}")) });
        }
        let edges = upstreams.len() + usize::from(has_condition);
        if edges > 0 && dice.chance(60) {
            let k = i32::try_from(1 + dice.below(edges)).expect("small");
            let policy = [GroupPolicy::all_of(), GroupPolicy::any_of(), GroupPolicy::quorum(k)][dice.below(3)];
            node.group = Some(policy.with([OnFired::CancelRemaining, OnFired::LetRun][dice.below(2)]));
        }
        graph.nodes.push(node);
    }
    if dice.chance(30) {
        let mut last = node("last");
        last.execution.finalizer = true;
        graph.nodes.push(last);
    }
    graph
}

/// One step of a history, the same for both worlds: what happens depends on rows only.
fn step(world: &mut World, run: RunId, dice: &mut Dice) {
    let actor = "ann".to_owned();
    match dice.below(100) {
        0..75 => {
            let outcome = [Outcome::Succeeded, Outcome::Succeeded, Outcome::Failed, Outcome::Skipped][dice.below(4)];
            if let Some(claimed) = world.claim(1).first() {
                world.finish(claimed, outcome);
            }
        }
        75..80 => {
            let open: Vec<_> =
                world.ring.state().executions.values().filter(|row| row.outcome.is_none()).map(|row| row.id).collect();
            if let Some(execution) = open.get(dice.below(open.len().max(1))) {
                world.must(&CancelExecution { execution: *execution, actor });
            }
        }
        80..85 => {
            let resolution = if dice.chance(70) { Resolution::Satisfied(Facts::default()) } else { Resolution::Missed };
            let _ = world.act(&ResolveCondition { run, key: "outside".to_owned(), resolution });
        }
        85..90 => {
            // Refused in a run that is over, in both worlds.
            let _ = world.act(&PauseRun { run, actor });
        }
        90..96 => {
            let _ = world.act(&ResumeRun { run, actor });
        }
        96..98 => {
            let key = format!("{}", dice.word());
            let nodes = vec![node(&format!("x{key}"))];
            let edges = vec![GraphEdge::success("n00", &nodes[0].execution.name)];
            let (expected, ids) = (world.run(run).revision, vec![world.execution_id()]);
            let _ = world.act(&ExtendRun { run, expected, ids, fragment: Fragment { key, nodes, edges }, fence: None });
        }
        _ => {
            let policy = CancelPolicy::ALL[dice.below(CancelPolicy::ALL.len())];
            let reason = "enough".to_owned();
            world.must(&CancelRun { run, policy, reason, actor, include_finalizers: dice.chance(30), grace_ms: 1_000 });
        }
    }
    world.drain();
}

/// Brings a run to its end, whatever was decided before.
fn finish(world: &mut World, run: RunId) {
    let actor = "ann".to_owned();
    let _ = world.act(&ResumeRun { run, actor: actor.clone() });
    let _ = world.act(&ResolveCondition { run, key: "outside".to_owned(), resolution: Resolution::Missed });
    world.work(|_| Outcome::Succeeded);
    let reason = String::new();
    let cancel = CancelRun { run, policy: CancelPolicy::CancelAll, reason, actor, include_finalizers: false, grace_ms: 0 };
    world.must(&cancel);
    world.work(|_| Outcome::Succeeded);
    world.ended(run);
}

fn history(seed: u64, inline: i32) -> State {
    let mut dice = Dice(seed);
    let mut world = World::settling_up_to(inline);
    let run = world.submit(&random_graph(&mut dice));
    for _ in 0..dice.below(30) {
        step(&mut world, run, &mut dice);
    }
    finish(&mut world, run);
    canonical(world.ring.state().clone())
}

/// Events as a set: how often each happened. How often the dispatcher looked and found nobody to cancel depends on when it looked.
fn events(state: &State) -> BTreeMap<String, usize> {
    let mut events = BTreeMap::new();
    let in_vain = |event: &&Event| event.kind == EventKind::SiblingsCancelled && event.detail.contains("\"cancelled\":0");
    for event in state.events.values().filter(|event| !in_vain(event)) {
        let mut event = event.clone();
        event.id = 0;
        *events.entry(format!("{event:?}")).or_default() += 1;
    }
    events
}

#[test]
fn t_064_inline_equals_deferred() {
    for seed in 0..400 {
        let (inline, deferred) = (history(seed, i32::MAX), history(seed, 0));
        let rows = |state: &State| state.records().filter(|row| !matches!(row, Record::Event(_))).collect::<Vec<_>>();
        for (here, there) in rows(&inline).iter().zip(&rows(&deferred)) {
            assert_eq!(here, there, "seed {seed}");
        }
        let (here, there) = (events(&inline), events(&deferred));
        let only = |a: &BTreeMap<String, usize>, b: &BTreeMap<String, usize>| {
            a.iter()
                .filter(|(event, n)| b.get(*event) != Some(*n))
                .map(|(event, n)| format!("{n} × {event}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(only(&here, &there), only(&there, &here), "seed {seed}");
        let without_events = |state: State| State { events: RowMap::default(), ..state };
        assert_eq!(without_events(inline), without_events(deferred), "seed {seed}");
    }
}
