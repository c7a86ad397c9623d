//! Sealing, submitting, extending, resolving and pausing: twice, with other content, in every phase of the run.

use levada_store::alphabets::{CancelPolicy, Outcome, PublicState, RunPhase};
use levada_store::rows::Facts;
use levada_tasks::rules::{
    Applied, Created, ExtendRun, Extended, PauseRun, ResolveCondition, ResumeRun, SealRun, Sealed, StageEdge, SubmitRun,
};
use levada_tasks::spec::{Fragment, GraphEdge, NewEdge, Resolution, Upstream};

use crate::built::{Built, cancel};
use crate::world::{World, graph, node};

#[test]
fn t_060_seal_twice_and_in_every_phase() {
    for phase in [RunPhase::Running, RunPhase::Cancelling, RunPhase::Ended] {
        let mut built = Built::new().bring(phase);
        let run = built.run;
        let again = built.world.must(&SealRun { run, expected: 3, epoch: None });
        assert!(matches!(again, Sealed::Existing(state) if state.phase == phase));
    }
    let mut built = Built::new();
    let run = built.run;
    built.world.must(&cancel(run, CancelPolicy::CancelAll));
    built.world.drain();
    assert_eq!(built.world.ended(run), Outcome::Cancelled);
    assert_eq!(built.world.refused(&SealRun { run, expected: 3, epoch: None }), "LV-T203");
}

#[test]
fn t_060_the_epoch_is_fixed_by_the_seal() {
    let mut built = Built::new();
    let run = built.run;
    built.world.must(&SealRun { run, expected: 3, epoch: Some(41) });
    built.world.must(&SealRun { run, expected: 3, epoch: Some(42) });
    assert_eq!(built.world.run(run).epoch, Some(41));
}

#[test]
fn t_060_submit_twice_by_id_and_by_key() {
    let mut world = World::new();
    let mut graph = graph(&["a", "b"], &[("a", "b")]);
    graph.request_key = Some("once".to_owned());
    let event = world.submit_event(&graph);
    let Created::Created(first) = world.must(&event) else { panic!("it is new") };
    assert_eq!(world.must(&event), Created::Existing(first));
    let another = world.submit_event(&graph);
    assert_eq!(world.must(&another).into_inner().run, first.run, "by its key");
    let mut other = graph.clone();
    other.nodes.pop();
    other.edges.pop();
    assert_eq!(world.refused(&SubmitRun { graph: other, ..another }), "LV-T004");
    world.work(|_| Outcome::Succeeded);
    let Created::Existing(ended) = world.must(&event) else { panic!("it is there") };
    assert_eq!(ended.outcome, Some(Outcome::Succeeded));
}

fn fragment(key: &str) -> Fragment {
    Fragment { key: key.to_owned(), nodes: vec![node("more")], edges: vec![GraphEdge::success("up", "more")] }
}

#[test]
fn t_060_extend_twice_and_in_every_phase() {
    let mut built = Built::new().bring(RunPhase::Running);
    let (run, expected) = (built.run, built.revision());
    let ids = vec![built.world.execution_id()];
    let event = ExtendRun { run, expected, ids, fragment: fragment("first"), fence: None };
    let Extended::Extended { revision, executions } = built.world.must(&event) else { panic!("it is new") };
    assert_eq!((revision, executions.len()), (expected + 1, 1));
    assert_eq!(built.world.must(&event), Extended::Existing { revision });
    let other = Fragment { edges: Vec::new(), ..fragment("first") };
    assert_eq!(built.world.refused(&ExtendRun { fragment: other, ..event.clone() }), "LV-T004");
    assert_eq!(built.world.refused(&ExtendRun { fragment: fragment("second"), ..event.clone() }), "LV-T204");
    let named_again = ExtendRun { expected: revision, fragment: fragment("second"), ..event };
    assert_eq!(built.world.refused(&named_again), "LV-T214");
    let phases = [(RunPhase::Building, "LV-T105"), (RunPhase::Cancelling, "LV-T217"), (RunPhase::Ended, "LV-T203")];
    for (phase, code) in phases {
        let mut built = Built::new().bring(phase);
        let ids = vec![built.world.execution_id()];
        let (run, expected) = (built.run, built.revision());
        assert_eq!(built.world.refused(&ExtendRun { run, expected, ids, fragment: fragment("first"), fence: None }), code);
    }
}

#[test]
fn t_060_an_extension_leads_into_new_executions_only() {
    let mut built = Built::new().bring(RunPhase::Running);
    let (run, expected) = (built.run, built.revision());
    let ids = vec![built.world.execution_id()];
    let mut refused = |edge: GraphEdge| {
        let fragment = Fragment { edges: vec![edge], ..fragment("first") };
        built.world.refused(&ExtendRun { run, expected, ids: ids.clone(), fragment, fence: None })
    };
    assert_eq!(refused(GraphEdge::success("more", "down")), "LV-T212");
    assert_eq!(refused(GraphEdge::success("nobody", "more")), "LV-T208");
    assert_eq!(refused(GraphEdge::success("more", "nobody")), "LV-T208");
    assert_eq!(refused(GraphEdge::success("more", "more")), "LV-T205");
}

#[test]
fn t_060_an_extension_by_a_lease_that_is_lost_is_refused() {
    let mut built = Built::new().bring(RunPhase::Running);
    let (run, expected) = (built.run, built.revision());
    let claimed = built.world.claim_named("up");
    let ids = vec![built.world.execution_id()];
    let event = ExtendRun { run, expected, ids, fragment: fragment("first"), fence: Some(claimed.handle) };
    let mut late = built.world.ring.clone();
    late.advance(30_001);
    assert_eq!(late.act(&event).expect_err("the lease is over").code().name(), "LV-T102");
    assert!(matches!(built.world.must(&event), Extended::Extended { .. }));
    built.world.finish(&claimed, Outcome::Succeeded);
    let stale = ExtendRun { expected: expected + 1, fragment: fragment("second"), ..event };
    assert_eq!(built.world.refused(&stale), "LV-T104");
}

#[test]
fn t_060_resolve_condition_twice_and_otherwise() {
    let mut built = Built::new();
    let (run, up) = (built.run, built.up);
    let upstream = Upstream::Condition("ready".to_owned());
    let expected = built.revision();
    built.world.must(&StageEdge { run, expected, edge: NewEdge { upstream, ..NewEdge::success(up, up) } });
    built.seal();
    assert_eq!(built.world.public(run, "up"), PublicState::WaitingEdges);
    let event = |key: &str, resolution| ResolveCondition { run, key: key.to_owned(), resolution };
    let satisfied = Resolution::Satisfied(Facts::default());
    assert_eq!(built.world.refused(&event("other", satisfied.clone())), "LV-T215");
    assert_eq!(built.world.must(&event("ready", satisfied.clone())), Applied::Applied);
    assert_eq!(built.world.public(run, "up"), PublicState::Ready);
    assert_eq!(built.world.must(&event("ready", satisfied.clone())), Applied::AlreadyApplied);
    assert_eq!(built.world.refused(&event("ready", Resolution::Missed)), "LV-T216");
    built.world.work(|_| Outcome::Succeeded);
    assert_eq!(built.world.must(&event("ready", satisfied)), Applied::AlreadyApplied);
}

#[test]
fn t_060_pause_and_resume_twice_and_in_every_phase() {
    for phase in [RunPhase::Building, RunPhase::Running] {
        let mut built = Built::new().bring(phase);
        let (run, actor) = (built.run, "ann".to_owned());
        let (pause, resume) = (PauseRun { run, actor: actor.clone() }, ResumeRun { run, actor });
        assert_eq!(built.world.must(&resume), Applied::AlreadyApplied);
        assert_eq!(built.world.must(&pause), Applied::Applied);
        assert_eq!(built.world.must(&pause), Applied::AlreadyApplied);
        assert_eq!(built.world.must(&resume), Applied::Applied);
    }
    for (phase, code) in [(RunPhase::Cancelling, "LV-T217"), (RunPhase::Ended, "LV-T203")] {
        let mut built = Built::new().bring(phase);
        let (run, actor) = (built.run, "ann".to_owned());
        assert_eq!(built.world.refused(&PauseRun { run, actor: actor.clone() }), code);
        assert_eq!(built.world.refused(&ResumeRun { run, actor }), code);
    }
}
