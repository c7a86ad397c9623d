//! Graphs that are refused, with nothing left behind, and children that wait for their parents.

use levada_base::Error;
use levada_store::alphabets::{EdgeWhen, Outcome, PublicState};
use levada_store::rows::{Comparison, Fact, Predicate, Predicates};
use levada_store::{ExecutionId, State};
use levada_tasks::rules::{AddExecution, CreateExecution, CreateRun, SealRun, StageEdge};
use levada_tasks::spec::{GraphEdge, GroupPolicy, NewEdge, NewExecution, NewRun, RunGraph};

use crate::world::{World, graph, node};

/// Submits what must be refused.
#[track_caller]
fn refusal(graph: &RunGraph) -> Error {
    let mut world = World::new();
    let Err(error) = world.try_submit(graph) else { panic!("it was not refused") };
    let left = State { now_ms: 0, ..world.ring.state().clone() };
    assert_eq!(left, State::default(), "nothing is left behind");
    error
}

#[track_caller]
fn refused(graph: &RunGraph) -> &'static str {
    refusal(graph).code().name()
}

fn ring(n: usize) -> RunGraph {
    let name = |i: usize| format!("n{i}");
    RunGraph {
        nodes: (0..n).map(|i| node(&name(i))).collect(),
        edges: (0..n).map(|i| GraphEdge::success(&name(i), &name((i + 1) % n))).collect(),
        ..RunGraph::default()
    }
}

#[test]
fn t_023_cycles_are_named() {
    assert_eq!(refused(&ring(1)), "LV-T205");
    let error = refusal(&ring(3));
    assert_eq!(error.code().name(), "LV-T206");
    let rotations = ["n0 → n1 → n2 → n0", "n1 → n2 → n0 → n1", "n2 → n0 → n1 → n2"];
    assert!(rotations.iter().any(|names| error.message().ends_with(names)), "{error}");
    assert_eq!(refused(&ring(2)), "LV-T206");
}

#[test]
fn t_023_a_long_cycle_is_refused() {
    let error = refusal(&ring(5_000));
    assert_eq!(error.code().name(), "LV-T206");
    assert!(error.details().contains(&("length", "5000".to_owned())));
    assert!(error.message().len() < 1_000, "its names are cut");
}

#[test]
fn t_023_graphs_beyond_the_limits_are_refused() {
    let nodes = |n: usize| RunGraph { nodes: (0..n).map(|i| node(&format!("n{i}"))).collect(), ..RunGraph::default() };
    assert_eq!(refused(&nodes(50_001)), "LV-T213");
    let mut many_edges = nodes(2);
    many_edges.edges = vec![GraphEdge::success("n0", "n1"); 200_001];
    assert_eq!(refused(&many_edges), "LV-T213");
    let finalizers = |n: usize| {
        let mut graph = nodes(n);
        graph.nodes.iter_mut().for_each(|node| node.execution.finalizer = true);
        graph
    };
    assert_eq!(refused(&finalizers(501)), "LV-T213");
    World::new().submit(&finalizers(500));
}

#[test]
fn t_023_edges_and_names_that_do_not_fit_are_refused() {
    let pair = || graph(&["a", "b"], &[("a", "b")]);
    let with = |change: fn(&mut RunGraph)| {
        let mut graph = pair();
        change(&mut graph);
        graph
    };
    assert_eq!(refused(&with(|graph| graph.edges.push(GraphEdge::success("a", "b")))), "LV-T207");
    assert_eq!(refused(&with(|graph| graph.edges.push(GraphEdge::success("a", "b").when(EdgeWhen::Done)))), "LV-T207");
    assert_eq!(refused(&with(|graph| graph.edges.push(GraphEdge::success("nobody", "b")))), "LV-T208");
    assert_eq!(refused(&with(|graph| graph.edges.push(GraphEdge::success("a", "nobody")))), "LV-T208");
    assert_eq!(refused(&with(|graph| graph.nodes.push(node("a")))), "LV-T214");
    assert_eq!(refused(&with(|graph| graph.nodes.push(node("")))), "LV-T001");
    assert_eq!(refused(&with(|graph| graph.nodes[1].group = Some(GroupPolicy::quorum(2)))), "LV-T209");
    assert_eq!(refused(&with(|graph| graph.nodes[1].group = Some(GroupPolicy::quorum(0)))), "LV-T209");
    assert_eq!(refused(&with(|graph| graph.nodes[0].group = Some(GroupPolicy::any_of()))), "LV-T209");
    assert_eq!(refused(&with(|graph| graph.nodes[0].execution.request_key = Some("k".to_owned()))), "LV-T005");
    assert_eq!(refused(&with(|graph| graph.nodes[0].execution.namespace = "other".to_owned())), "LV-T001");
    assert_eq!(refused(&with(|graph| graph.nodes[0].execution.priority = 9_001)), "LV-T001");
    assert_eq!(refused(&with(|graph| graph.options.deadline_ms = Some(0))), "LV-T001");
    let predicate = Predicate { fact: "rows".to_owned(), op: Comparison::Equal, literal: Fact::Int(0) };
    let mut predicates = pair();
    predicates.edges[0].predicates = Predicates(vec![predicate; 9]);
    assert_eq!(refused(&predicates), "LV-T003");
    let mut inputs = graph(&["a", "b", "c"], &[]);
    inputs.edges = ["a", "b"].map(|from| GraphEdge::success(from, "c").as_input("rows")).into();
    assert_eq!(refused(&inputs), "LV-T219");
}

#[test]
fn t_023_ids_that_are_taken_are_refused() {
    let mut world = World::new();
    let id = world.execution_id();
    world.must(&CreateExecution { id, new: NewExecution::of_kind("test") });
    let mut taken = graph(&["a"], &[]);
    taken.nodes[0].execution.id = Some(id);
    let event = world.submit_event(&taken);
    assert_eq!(world.refused(&event), "LV-T004");
}

#[test]
fn t_023_a_seal_that_is_refused_leaves_the_run_building() {
    let mut world = World::new();
    let run = world.run_id();
    world.must(&CreateRun { id: run, new: NewRun::default() });
    let ids: Vec<ExecutionId> = ["a", "b"].iter().map(|name| staged(&mut world, name)).collect();
    for execution in &ids {
        world.must(&AddExecution { run, execution: *execution });
    }
    let policy = GroupPolicy::quorum(2);
    world.must(&levada_tasks::rules::SetGroupPolicy { run, child: ids[1], policy });
    world.must(&StageEdge { run, expected: 2, edge: NewEdge::success(ids[0], ids[1]) });
    assert_eq!(world.refused(&SealRun { run, expected: 3, epoch: None }), "LV-T209");
}

fn staged(world: &mut World, name: &str) -> ExecutionId {
    let id = world.execution_id();
    world.must(&CreateExecution { id, new: NewExecution { staged: true, ..NewExecution::of_kind("test").named(name) } });
    id
}

#[test]
fn t_003_a_child_is_never_offered_before_its_parents_ended() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let names = ["a", "b", "c", "d"];
        let edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")];
        let run = world.run_id();
        world.must(&CreateRun { id: run, new: NewRun::default() });
        let mut ids = std::collections::BTreeMap::new();
        for name in names {
            let execution = staged(&mut world, name);
            ids.insert(name, execution);
            assert!(world.claim(10).is_empty());
            world.must(&AddExecution { run, execution });
            assert!(world.claim(10).is_empty());
        }
        for (from, to) in edges {
            let expected = world.run(run).revision;
            world.must(&StageEdge { run, expected, edge: NewEdge::success(ids[from], ids[to]) });
            assert!(world.claim(10).is_empty());
        }
        let expected = world.run(run).revision;
        world.must(&SealRun { run, expected, epoch: None });
        let mut ended: Vec<String> = Vec::new();
        while ended.len() < names.len() {
            let claimed = world.claim(10);
            for claimed in &claimed {
                let parents = edges.iter().filter(|(_, to)| *to == claimed.name);
                assert!(
                    parents.into_iter().all(|(from, _)| ended.iter().any(|name| name == from)),
                    "{} too early",
                    claimed.name
                );
            }
            for claimed in claimed {
                assert!(world.claim(10).is_empty());
                world.finish(&claimed, Outcome::Succeeded);
                ended.push(claimed.name);
            }
            world.drain();
        }
        assert_eq!(world.ended(run), Outcome::Succeeded);
    }
}

#[test]
fn t_003_a_submitted_child_waits() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
    assert_eq!(world.public(run, "b"), PublicState::WaitingEdges);
    let claimed = world.claim(10);
    assert_eq!(claimed.len(), 1);
    assert!(world.claim(10).is_empty());
    world.finish(&claimed[0], Outcome::Succeeded);
    assert_eq!(world.claim(10)[0].name, "b");
}
