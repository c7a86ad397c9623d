//! Claims beside other calls, and what they bring along.

use levada_store::alphabets::{OnFailure, Outcome, RunPhase};
use levada_store::rows::Facts;
use levada_store::{SLICE_BYTES_MAX, Scope, Token, limits};
use levada_tasks::rules::{Claim, CompleteExecutions, Rule, answer};
use levada_tasks::spec::{ClaimRequest, Complete, GraphEdge, NewExecution, Payload, RunGraph};

use crate::world::{World, graph, node};

/// ST-5: calls that share a transaction share their slice, so a claim may meet the whole of a run that it ends a candidate of.
#[test]
fn l_05_a_candidate_that_ends_in_a_shared_slice_is_settled() {
    let mut world = World::new();
    let mut graph = graph(&["a", "b", "c"], &[]);
    graph.options.on_failure = OnFailure::CancelPending;
    let run = world.submit(&graph);
    let claimed = world.claim(2);
    world.finish(&claimed[0], Outcome::Failed);
    assert_eq!(world.run(run).phase, RunPhase::Cancelling);
    let token = world.token();
    let claim: Claim = world.claim_event(ClaimRequest::of_lane("default", "worker-2", 5, token));
    let beside = CompleteExecutions {
        items: vec![Complete { handle: claimed[1].handle, result: Payload::Void, facts: Facts::default() }],
        next: None,
    };
    let slice = world.ring.cut(&Scope::All(vec![beside.scope(), claim.scope()]));
    let (commands, given) = answer(&slice, &claim).expect("it is a claim");
    assert!(given.is_empty());
    world.ring.commit(&commands).expect("it keeps the rules");
    world.finish(&claimed[1], Outcome::Succeeded);
    world.drain();
    assert_eq!(world.ended(run), Outcome::Failed);
    assert_eq!(world.run(run).settled_cancelled, 1);
}

/// `n` upstreams whose results are named inputs of `last`.
fn fan_in(n: usize) -> RunGraph {
    let names: Vec<String> = (0..n).map(|number| format!("up{number}")).collect();
    let mut graph = graph(&[], &[]);
    graph.nodes = names.iter().map(|name| node(name)).chain([node("last")]).collect();
    graph.edges = names.iter().map(|name| GraphEdge::success(name, "last").as_input(name)).collect();
    graph
}

/// I-4: as many inputs of the longest length that travels as fit into 8 MiB come with the claim; one more, and all are to be read.
#[test]
fn i_04_inputs_that_are_too_many_together_are_to_be_read() {
    let fitting = usize::try_from(limits::CLAIM_INPUT_BYTES_MAX / SLICE_BYTES_MAX).expect("a small number");
    let longest = usize::try_from(SLICE_BYTES_MAX).expect("a small number");
    for (n, travels) in [(fitting, true), (fitting + 1, false)] {
        let mut world = World::new();
        world.submit(&fan_in(n));
        let claimed = world.claim(500);
        let items: Vec<_> = claimed
            .iter()
            .map(|one| Complete { handle: one.handle, result: Payload::Inline(vec![7; longest]), facts: Facts::default() })
            .collect();
        world.must(&CompleteExecutions { items, next: None });
        world.drain();
        let last = world.claim_named("last");
        assert_eq!(last.inputs.len(), n);
        assert!(last.inputs.values().all(|input| input.payload.is_some() == travels), "{n} inputs");
    }
}

#[test]
fn l_1_no_input_takes_no_row_and_is_no_input_to_be_read() {
    let mut world = World::new();
    world.create(&NewExecution::of_kind("mail"));
    assert_eq!(world.ring.state().inputs.len(), 0);
    let request = ClaimRequest::of_lane("default", "worker-1", 1, Token(7));
    for lease in [8, 9] {
        let claim = Claim { request: request.clone(), leases: vec![Token(lease)], store: Token(0) };
        assert_eq!(world.must(&claim)[0].input, Some(Payload::Void), "given, and repeated");
    }
}
