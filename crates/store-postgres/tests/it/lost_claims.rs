//! A claim whose connection was lost while the server goes on with it takes nothing twice.

use std::cell::Cell;

use levada_base::Error;
use levada_store::alphabets::{AttemptState, Phase};
use levada_store::{ExecutionId, Fused, FusedClaim, Scope, State, Store, Token};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::{Proxy, database};
use tokio_postgres::Client;

use crate::support::{attempt, awaited, claim, claimed, connect, open, policy, put, puts, ready, route, settings};

const TOKEN: u128 = 5;
const TTL_MS: i64 = 30_000;

/// Takes the first execution that is offered, or gives what was taken before.
async fn take(store: &PostgresStore, fused: bool) -> Result<Vec<ExecutionId>, Error> {
    let Scope::Claim(scope) = claim(1, TOKEN) else { return Err(Error::internal("no claim")) };
    let usual = FusedClaim { scope: scope.clone(), worker: "w".to_owned(), ttl_ms: TTL_MS, leases: vec![Token(TOKEN)] };
    match fused {
        true => store.transact_fused(Scope::Claim(scope), Fused::Claim(usual), plan).await,
        false => store.transact(Scope::Claim(scope), plan).await,
    }
}

fn plan(state: &State) -> Result<(Vec<levada_store::Command>, Vec<ExecutionId>), Error> {
    let again: Vec<_> =
        state.executions.values().filter(|row| row.claim_token == Some(Token(TOKEN))).map(|row| row.id).collect();
    if !again.is_empty() {
        return Ok((Vec::new(), again));
    }
    let offered = state.candidates.iter().filter_map(|id| state.executions.get(id)).min_by_key(|row| row.seq);
    let taken: Vec<_> = offered.map(|row| claimed(row.clone(), TOKEN, state.now_ms + TTL_MS)).into_iter().collect();
    let records = taken.iter().flat_map(|row| [row.clone().into(), attempt(row, AttemptState::Running).into()]);
    Ok((puts(records), taken.iter().map(|row| row.id).collect()))
}

/// The attempt of the first execution begins only when this connection gives the lock back.
async fn gate(client: &Client) {
    let sql = format!(
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_advisory_xact_lock_shared(7);
            RETURN NEW;
        END $$;
        CREATE TRIGGER gate BEFORE INSERT ON attempt FOR EACH ROW WHEN (NEW.execution_id = '{}') EXECUTE FUNCTION gate();
        SELECT pg_advisory_lock(7)",
        ExecutionId(1)
    );
    client.batch_execute(&sql).await.unwrap();
}

/// The server process that waits for this connection, if one does.
async fn waiting(client: &Client) -> Option<i32> {
    let sql = "SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))";
    client.query_opt(sql, &[]).await.unwrap().map(|row| row.get(0))
}

async fn takes_one(fused: bool) {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let settings = settings(database.url());
    let store = open(&Settings { url: proxy.url(&database), ..settings.clone() }).await;
    let rows = [policy().into(), route(1, "default", "").into(), ready(1, 1).into(), ready(2, 1).into()];
    put(&store, rows).await.unwrap();
    let other = connect(&settings).await;
    gate(&other).await;
    let is_over = Cell::new(false);
    let taken = async {
        let taken = take(&store, fused).await;
        is_over.set(true);
        taken
    };
    let lost = async {
        awaited(&other, || is_over.get()).await;
        let first = waiting(&other).await;
        proxy.cut();
        // The server does not notice. The second try either takes something else, or ends the first and waits in its place.
        while !is_over.get() && waiting(&other).await.is_none_or(|pid| Some(pid) == first) {
            tokio::task::yield_now().await;
        }
        other.batch_execute("SELECT pg_advisory_unlock(7)").await.unwrap();
        first
    };
    let (taken, first) = futures::join!(taken, lost);
    // What the first try may have done is done when its process has ended.
    let sql = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)";
    while other.query_one(sql, &[&first]).await.unwrap().get::<_, bool>(0) {}
    let active = store.dump().await.unwrap().executions.into_values().filter(|row| row.phase == Phase::Active);
    assert_eq!(taken.unwrap(), active.map(|row| row.id).collect::<Vec<_>>(), "what was answered is what was taken");
    assert_eq!(store.statistics().unknown_commits, 1);
}

#[tokio::test]
async fn t_018_a_lost_claim_that_goes_on_takes_nothing_beside_its_repetition() {
    takes_one(false).await;
}

#[tokio::test]
async fn t_018_a_lost_claim_of_one_statement_takes_nothing_beside_its_repetition() {
    takes_one(true).await;
}
