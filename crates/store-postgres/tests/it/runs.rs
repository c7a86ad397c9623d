//! What is decided about members while others change their run.

use levada_base::World;
use levada_store::alphabets::{AttemptState, RunPhase};
use levada_store::conformance::random;
use levada_store::rows::{Execution, Run};
use levada_store::{DueKind, Record, RunId, Scope, State, Store};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::database;
use tokio_postgres::Client;

use crate::support::{attempt, awaited, claimed, connect, policy, put, ready, route, settings};

pub const RUN: RunId = RunId(100);

/// A run that is settled after its members' ends.
pub fn run() -> Run {
    let some = random::state(1, 1_000).runs.into_values().next().unwrap();
    let counts = Run { members: 1_000, finalizers: 0, finalizers_settled: 0, settled_succeeded: 0, settled_failed: 0, ..some };
    let counts = Run { settled_cancelled: 0, settled_expired: 0, settled_skipped: 0, ..counts };
    Run { id: RUN, phase: RunPhase::Running, paused: false, outcome: None, ..counts }
}

pub fn member(number: u128) -> Execution {
    Execution { run_id: Some(RUN), ..ready(number, 1) }
}

/// A store with these rows, and a connection of somebody else.
pub async fn staged(settings: &Settings, rows: impl IntoIterator<Item = Record>) -> (PostgresStore, Client) {
    let store = PostgresStore::open(settings.clone(), World::real()).await.unwrap();
    put(&store, [policy().into(), route(1, "default", "").into()].into_iter().chain(rows)).await.unwrap();
    (store, connect(settings).await)
}

/// Whoever looks at an execution waits in the middle of the statement, until this connection gives the lock back.
async fn gate(client: &Client) {
    let sql = "CREATE FUNCTION gate() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_advisory_xact_lock_shared(7);
            RETURN true;
        END $$;
        CREATE POLICY gate ON execution USING (gate());
        ALTER TABLE execution ENABLE ROW LEVEL SECURITY;
        ALTER TABLE execution FORCE ROW LEVEL SECURITY;
        SELECT pg_advisory_lock(7)";
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn t_103_a_sweep_decides_on_the_run_as_it_is_when_it_holds_the_member() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let row = claimed(member(1), 9, 50);
    let last = attempt(&row, AttemptState::Running);
    let (store, other) = staged(&settings, [Run { paused: true, ..run() }.into(), last.into(), row.into()]).await;
    gate(&other).await;
    let swept = async {
        let plan = |state: &State| Ok((Vec::new(), state.runs.get(&RUN).map(|run| run.paused)));
        store.transact(Scope::Due(DueKind::Lease, 10.into()), plan).await.unwrap()
    };
    let resumed = async {
        awaited(&other, || false).await;
        // As the run is resumed: all members are locked, those that are active stay as they are.
        let sql = "BEGIN; SELECT FROM run FOR UPDATE; SELECT FROM execution FOR UPDATE; UPDATE run SET paused = 0; COMMIT;
            SELECT pg_advisory_unlock(7)";
        other.batch_execute(sql).await.unwrap();
    };
    assert_eq!(futures::join!(swept, resumed).0, Some(false), "whether the run of the member is paused");
}
