//! What is settled of a run while dispatchers cancel siblings.

use std::cell::Cell;

use levada_store::alphabets::{CancelState, Cause, EdgeState, EdgeWhen, GroupState, Need, OnFired, Outcome, Phase};
use levada_store::conformance::random;
use levada_store::rows::{Condition, Edge, Execution, Group, Mark, Predicates, condition_node};
use levada_store::{ExecutionId, Record, Scope, State, Store};
use levada_testing_postgres::database;

use crate::runs::{RUN, member, run, staged};
use crate::support::{awaited, settings};

/// An upstream that failed; a group that is impossible by that; and one that fired, whose siblings are still to be cancelled.
fn graph() -> Vec<Record> {
    let some = random::state(1, 1_000);
    let group = Group {
        run_id: RUN,
        need: Need::AllOf,
        on_fired: OnFired::CancelRemaining,
        n: 2,
        satisfied: 0,
        missed: 0,
        ..some.groups.values().next().cloned().unwrap()
    };
    let open =
        Group { child: ExecutionId(2), state: GroupState::Open, cancel_state: CancelState::None, kept: 0, ..group.clone() };
    let fired =
        Group { child: ExecutionId(3), state: GroupState::Satisfied, cancel_state: CancelState::Pending, kept: 0, ..group };
    let edge = Edge {
        run_id: RUN,
        child: ExecutionId(2),
        upstream: ExecutionId(1),
        condition_key: None,
        satisfied_by: EdgeWhen::Success,
        predicates: Predicates(Vec::new()),
        input: None,
        state: EdgeState::Open,
        resolved_ms: None,
    };
    let failed = Execution {
        phase: Phase::Ended,
        outcome: Some(Outcome::Failed),
        cause: Some(Cause::Worker),
        ended_ms: Some(1),
        ..member(1)
    };
    let mark = Mark { execution_id: ExecutionId(1), run_id: RUN, generation: 0, made_ms: 1, seq: 1 };
    let condition = some.conditions.into_values().next().unwrap();
    let condition = Condition { run_id: RUN, key: "c".to_owned(), ..condition };
    let on_condition = Edge { upstream: condition_node(RUN, "c"), condition_key: Some("c".to_owned()), ..edge.clone() };
    let rows = [failed.into(), member(2).into(), member(3).into(), open.into(), fired.into(), edge.into(), mark.into()];
    rows.into_iter().chain([run().into(), condition.into(), on_condition.into()]).collect()
}

#[tokio::test]
async fn t_070_what_a_dispatcher_spares_is_seen_by_whoever_closes_the_group_it_was_spared_for() {
    let Some(database) = database() else { return };
    for scope in [Scope::Marks(RUN), Scope::Condition(RUN, "c".to_owned())] {
        let settings = settings(database.url());
        let (store, dispatcher) = staged(&settings, graph()).await;
        dispatcher.batch_execute("BEGIN; SELECT FROM edge_group WHERE cancel_state = 1 FOR UPDATE").await.unwrap();
        let is_over = Cell::new(false);
        let settled = async {
            let plan = |state: &State| Ok((Vec::new(), state.groups.get(&ExecutionId(3)).map(|group| group.kept)));
            let kept = store.transact(scope.clone(), plan).await.unwrap();
            is_over.set(true);
            kept
        };
        let dispatched = async {
            awaited(&dispatcher, || is_over.get()).await;
            let sql = "UPDATE edge_group SET cancel_state = 2, kept = 1 WHERE cancel_state = 1; COMMIT";
            dispatcher.batch_execute(sql).await.unwrap();
        };
        assert_eq!(futures::join!(settled, dispatched).0, Some(1), "siblings that were spared, for {scope:?}");
    }
}
