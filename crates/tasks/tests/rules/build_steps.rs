//! Building step by step: every step twice, with other content, in every phase of the run, and by two builders at once.

use levada_store::ExecutionId;
use levada_store::alphabets::{EdgeWhen, Need, OnFired, OnTimeout, Outcome, PublicState, RunPhase};
use levada_tasks::rules::{
    AddExecution, Applied, ApplyEdge, CreateExecution, CreateRun, Created, Membership, PolicySet, SealRun, SetGroupPolicy,
    StageEdge,
};
use levada_tasks::spec::{GroupPolicy, NewCondition, NewEdge, NewExecution, NewRun, Upstream};

use crate::built::{Built, CLOSED};
use crate::world::World;

#[test]
fn t_060_create_run_twice_and_with_other_content() {
    let mut world = World::new();
    let id = world.run_id();
    let new = NewRun { request_key: Some("once".to_owned()), ..NewRun::default() };
    let Created::Created(first) = world.must(&CreateRun { id, new: new.clone() }) else { panic!("it is new") };
    assert_eq!((first.revision, first.phase), (0, RunPhase::Building));
    assert_eq!(world.must(&CreateRun { id, new: new.clone() }), Created::Existing(first));
    let another = world.run_id();
    assert_eq!(world.must(&CreateRun { id: another, new: new.clone() }), Created::Existing(first), "by its key");
    let other = NewRun { name: "other".to_owned(), ..new };
    assert_eq!(world.refused(&CreateRun { id: another, new: other.clone() }), "LV-T004");
    assert_eq!(world.refused(&CreateRun { id, new: NewRun { request_key: None, ..other } }), "LV-T004");
}

#[test]
fn t_060_add_execution_twice_and_in_every_phase() {
    for phase in [RunPhase::Building, RunPhase::Running, RunPhase::Cancelling, RunPhase::Ended] {
        let mut built = Built::new().bring(phase);
        let (run, revision) = (built.run, built.revision());
        let again = built.world.must(&AddExecution { run, execution: built.up });
        assert_eq!(again, Membership::AlreadyMember { revision });
        let execution = built.create("third");
        let event = AddExecution { run, execution };
        match CLOSED.iter().find(|(closed, _)| *closed == phase) {
            Some((_, code)) => assert_eq!(built.world.refused(&event), *code),
            None => assert_eq!(built.world.must(&event), Membership::Added { revision: revision + 1 }),
        }
    }
}

#[test]
fn t_060_what_cannot_become_a_member() {
    let mut built = Built::new();
    let run = built.run;
    let unknown = built.world.execution_id();
    assert_eq!(built.world.refused(&AddExecution { run, execution: unknown }), "LV-T002");
    let nowhere = built.world.run_id();
    let execution = built.create("third");
    assert_eq!(built.world.refused(&AddExecution { run: nowhere, execution }), "LV-T002");
    let other = built.world.run_id();
    built.world.must(&CreateRun { id: other, new: NewRun::default() });
    let taken = built.up;
    assert_eq!(built.world.refused(&AddExecution { run: other, execution: taken }), "LV-T211");
    let namesake = built.create("up");
    assert_eq!(built.world.refused(&AddExecution { run, execution: namesake }), "LV-T214");
    let elsewhere = built.world.execution_id();
    let new = NewExecution { staged: true, namespace: "elsewhere".to_owned(), ..NewExecution::of_kind("test") };
    built.world.must(&CreateExecution { id: elsewhere, new });
    assert_eq!(built.world.refused(&AddExecution { run, execution: elsewhere }), "LV-T001");
}

#[test]
fn t_060_what_waits_to_be_claimed_becomes_staged_when_it_is_added() {
    let mut built = Built::new();
    let id = built.world.execution_id();
    built.world.must(&CreateExecution { id, new: NewExecution::of_kind("test").named("ready") });
    assert_eq!(built.world.execution(id).public_state(), PublicState::Ready);
    built.world.must(&AddExecution { run: built.run, execution: id });
    assert_eq!(built.world.execution(id).public_state(), PublicState::Staged);
    assert!(built.world.claim(10).is_empty());
    built.seal();
    assert_eq!(built.world.execution(id).public_state(), PublicState::Ready);
}

#[test]
fn t_060_stage_edge_twice_and_with_other_content() {
    for phase in [RunPhase::Building, RunPhase::Running, RunPhase::Cancelling, RunPhase::Ended] {
        let mut built = Built::new().bring(phase);
        let (run, revision, edge) = (built.run, built.revision(), built.edge());
        // The revision that the first caller knew: a repetition is recognised before it is compared.
        let again = built.world.must(&StageEdge { run, expected: 2, edge: edge.clone() });
        assert_eq!((again.applied, again.revision), (Applied::AlreadyApplied, revision));
        let other = NewEdge { satisfied_by: EdgeWhen::Done, ..edge };
        let event = StageEdge { run, expected: revision, edge: other };
        let code = CLOSED.iter().find(|(closed, _)| *closed == phase).map_or("LV-T207", |(_, code)| code);
        assert_eq!(built.world.refused(&event), code);
    }
}

#[test]
fn t_060_edges_that_are_refused() {
    let mut built = Built::new();
    let (run, revision) = (built.run, built.revision());
    let mut refused = |edge: NewEdge| built.world.refused(&StageEdge { run, expected: revision, edge });
    let (up, down, stranger) = (built.up, built.down, ExecutionId(999));
    assert_eq!(refused(NewEdge::success(up, up)), "LV-T205");
    assert_eq!(refused(NewEdge::success(down, up)), "LV-T206");
    assert_eq!(refused(NewEdge::success(stranger, down)), "LV-T208");
    assert_eq!(refused(NewEdge::success(up, stranger)), "LV-T208");
    let on_condition = |key: &str| NewEdge { upstream: Upstream::Condition(key.to_owned()), ..NewEdge::success(up, down) };
    assert_eq!(refused(NewEdge { satisfied_by: EdgeWhen::Done, ..on_condition("k") }), "LV-T005");
    let endless = NewCondition { expires_ms: None, on_timeout: OnTimeout::Fail };
    assert_eq!(refused(NewEdge { condition: endless, ..on_condition("k") }), "LV-T001");
    assert_eq!(
        refused(NewEdge { condition: NewCondition { expires_ms: Some(1), ..endless }, ..NewEdge::success(down, up) }),
        "LV-T005"
    );
    assert_eq!(refused(on_condition("")), "LV-T001");
    let edge = on_condition("k");
    assert_eq!(built.world.refused(&StageEdge { run, expected: revision - 1, edge }), "LV-T204");
}

#[test]
fn t_060_two_builders_race_on_one_revision() {
    let mut built = Built::new();
    let third = built.add("third");
    let (run, revision) = (built.run, built.revision());
    let mine = StageEdge { run, expected: revision, edge: NewEdge::success(built.up, third) };
    let theirs = StageEdge { run, expected: revision, edge: NewEdge::success(built.down, third) };
    assert_eq!(built.world.must(&mine).revision, revision + 1);
    assert_eq!(built.world.refused(&theirs), "LV-T204");
    assert_eq!(built.world.refused(&SealRun { run, expected: revision, epoch: None }), "LV-T204");
    assert_eq!(built.world.must(&StageEdge { expected: revision + 1, ..theirs }).revision, revision + 2);
}

#[test]
fn t_060_a_child_that_has_begun_takes_no_edge_but_gives_some() {
    let mut built = Built::new();
    let id = built.world.execution_id();
    built.world.must(&CreateExecution { id, new: NewExecution::of_kind("test").named("active") });
    let claimed = built.world.claim_named("active");
    let run = built.run;
    built.world.must(&AddExecution { run, execution: id });
    let (expected, up, down) = (built.revision(), built.up, built.down);
    assert_eq!(built.world.refused(&StageEdge { run, expected, edge: NewEdge::success(up, id) }), "LV-T212");
    assert_eq!(built.world.refused(&SetGroupPolicy { run, child: id, policy: GroupPolicy::any_of() }), "LV-T212");
    built.world.must(&StageEdge { run, expected, edge: NewEdge::success(id, down) });
    built.seal();
    assert_eq!(built.world.public(run, "down"), PublicState::WaitingEdges);
    built.world.finish(&claimed, Outcome::Succeeded);
    assert_eq!(built.world.work(|_| Outcome::Succeeded), ["up", "down"]);
    assert_eq!(built.world.ended(run), Outcome::Succeeded);
}

#[test]
fn t_060_input_names_are_used_once_on_a_child() {
    let mut built = Built::new();
    let third = built.add("third");
    let (run, up, down) = (built.run, built.up, built.down);
    let named = |upstream| NewEdge { input: Some("rows".to_owned()), ..NewEdge::success(upstream, third) };
    let expected = built.revision();
    built.world.must(&StageEdge { run, expected, edge: named(up) });
    assert_eq!(built.world.refused(&StageEdge { run, expected: expected + 1, edge: named(down) }), "LV-T219");
}

#[test]
fn t_060_apply_edge_counts_once() {
    let mut built = Built::new();
    let (run, child) = (built.run, built.down);
    let event = ApplyEdge { run, upstream: Upstream::Execution(built.up), child };
    let first = built.world.must(&event);
    assert_eq!((first.applied, first.unsatisfied), (Applied::Applied, 1));
    let again = built.world.must(&event);
    assert_eq!((again.applied, again.unsatisfied), (Applied::AlreadyApplied, 1));
    let unknown = ApplyEdge { upstream: Upstream::Condition("none".to_owned()), ..event.clone() };
    assert_eq!(built.world.refused(&unknown), "LV-T002");
    let policy = GroupPolicy::any_of();
    assert_eq!(built.world.refused(&SetGroupPolicy { run, child, policy }), "LV-T210");
    let same = GroupPolicy::all_of();
    assert_eq!(built.world.must(&SetGroupPolicy { run, child, policy: same }), PolicySet::AlreadySet);
    built.seal();
    assert_eq!(built.world.group(child).n, 1, "sealing does not count an applied edge again");
    assert_eq!(built.world.must(&event).applied, Applied::AlreadyApplied);
}

#[test]
fn t_060_policies_are_set_once_and_within_reach() {
    let mut built = Built::new();
    let (run, child) = (built.run, built.down);
    let set = |policy| SetGroupPolicy { run, child, policy };
    assert_eq!(built.world.refused(&set(GroupPolicy::quorum(0))), "LV-T209");
    assert_eq!(built.world.refused(&set(GroupPolicy { quorum: 2, ..GroupPolicy::any_of() })), "LV-T005");
    assert_eq!(built.world.refused(&SetGroupPolicy { child: ExecutionId(999), ..set(GroupPolicy::any_of()) }), "LV-T208");
    assert_eq!(built.world.must(&set(GroupPolicy::any_of())), PolicySet::Set);
    assert_eq!(built.world.must(&set(GroupPolicy::any_of())), PolicySet::AlreadySet);
    assert_eq!(built.world.must(&set(GroupPolicy::quorum(2).with(OnFired::LetRun))), PolicySet::Set);
    let group = built.world.group(child);
    assert_eq!((group.need, group.quorum, group.on_fired), (Need::Quorum, 2, OnFired::LetRun));
    let expected = built.revision();
    assert_eq!(built.world.refused(&SealRun { run, expected, epoch: None }), "LV-T209", "2 of 1");
    built.world.must(&set(GroupPolicy::any_of()));
    built.seal();
    assert_eq!(built.world.refused(&set(GroupPolicy::all_of())), "LV-T202");
}

#[test]
fn t_060_a_group_without_edges_is_satisfied_if_it_needs_all_of_them() {
    let mut built = Built::new();
    let (run, child) = (built.run, built.up);
    built.world.must(&SetGroupPolicy { run, child, policy: GroupPolicy::any_of() });
    let expected = built.revision();
    assert_eq!(built.world.refused(&SealRun { run, expected, epoch: None }), "LV-T209");
    built.world.must(&SetGroupPolicy { run, child, policy: GroupPolicy::all_of() });
    built.seal();
    assert_eq!(built.world.public(run, "up"), PublicState::Ready);
}
