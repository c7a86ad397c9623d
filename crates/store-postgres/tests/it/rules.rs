//! What the database itself refuses, and what is read that no build of ours wrote.

use levada_store::alphabets::AttemptState;
use levada_store::rows::Execution;
use levada_store::{ExecutionId, Scope, State, Store};
use levada_testing_postgres::database;

use crate::support::{attempt, claimed, code, connect, open, put, ready, settings};

#[tokio::test]
async fn t_047_the_database_refuses_nonsense() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = open(&settings).await;
    let row = claimed(ready(1, 1), 9, 50);
    put(&store, [row.clone().into(), attempt(&row, AttemptState::Running).into(), ready(2, 1).into()]).await.unwrap();
    let before = store.dump().await.unwrap();
    let client = connect(&settings).await;
    let refused = [
        ("V-1", "UPDATE execution SET hold = 2, due_ms = 5 WHERE phase = 2"),
        ("V-1", "UPDATE execution SET outcome = 0 WHERE phase = 1"),
        ("V-1", "UPDATE execution SET phase = 4 WHERE phase = 1"),
        ("V-2", "UPDATE execution SET phase = 2, attempt_no = 1, fence = 1 WHERE phase = 1"),
        ("V-2", "UPDATE execution SET worker = NULL WHERE phase = 2"),
        ("V-3", "UPDATE execution SET hold = 2 WHERE phase = 1"),
        ("V-3", "UPDATE execution SET hold = 4 WHERE phase = 1"),
        (
            "V-4",
            "UPDATE execution SET phase = 3, lease_id = NULL, worker = NULL, instance = NULL, lease_until_ms = NULL, attempt_no = 0 \
          WHERE phase = 2",
        ),
        (
            "V-4",
            "INSERT INTO attempt SELECT execution_id, 2, generation, fence, started_ms, ended_ms, last_fence, last_digest, \
          next_due_ms, active_left_ms, 1, cause, last_call, failure_class, worker, instance FROM attempt",
        ),
        ("V-5", "UPDATE execution SET fence = 0 WHERE phase = 2"),
        ("V-5", "UPDATE execution SET seq = seq - 1"),
        ("V-6", "UPDATE execution SET phase = 4, outcome = 0, cause = 0, ended_ms = 1, deadline_ms = 9 WHERE phase = 1"),
        ("V-7", "UPDATE execution SET phase = 9"),
        ("V-7", "UPDATE attempt SET state = -1"),
        ("T-017", "UPDATE execution SET public_state = 3"),
    ];
    for (rule, sql) in refused {
        assert!(client.execute(sql, &[]).await.is_err(), "{rule}: {sql}");
    }
    assert_eq!(store.dump().await.unwrap(), before);
}

#[tokio::test]
async fn t_017_the_column_of_the_public_state_is_the_function() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = open(&settings).await;
    let state = levada_store::conformance::random::state(5, 1_000_000);
    put(&store, state.records()).await.unwrap();
    let client = connect(&settings).await;
    let rows = client.query("SELECT id, public_state FROM execution", &[]).await.unwrap();
    assert_eq!(rows.len(), state.executions.len());
    for row in rows {
        let id = ExecutionId(row.get::<_, uuid::Uuid>(0).as_u128());
        assert_eq!(row.get::<_, i16>(1), state.executions[&id].public_state().code());
    }
}

#[tokio::test]
async fn t_047_an_integer_outside_its_alphabet_is_damaged_data() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = open(&settings).await;
    put(&store, [ready(1, 1).into()]).await.unwrap();
    let client = connect(&settings).await;
    client.batch_execute("ALTER TABLE execution DROP CONSTRAINT execution_next_cause_check").await.unwrap();
    client.batch_execute("UPDATE execution SET next_cause = 77").await.unwrap();
    let scope = Scope::Executions(vec![ExecutionId(1)]);
    let error = store.transact(scope, |_: &State| Ok((Vec::new(), ()))).await.unwrap_err();
    assert_eq!(error.code().name(), "LV-T710");
    assert_eq!(error.message(), format!("execution.next_cause of {} holds 77", ExecutionId(1)));
    assert_eq!(code(&store.dump().await), "LV-T710");
}

#[tokio::test]
async fn what_only_the_database_sees_is_refused_whole() {
    let Some(database) = database() else { return };
    let store = open(&settings(database.url())).await;
    let row = claimed(ready(5, 1), 9, 50);
    put(&store, [row.clone().into(), attempt(&row, AttemptState::Running).into()]).await.unwrap();
    let before = store.dump().await.unwrap();
    let second = levada_store::rows::Attempt { attempt_no: 2, ..attempt(&row, AttemptState::Parked) };
    assert_eq!(code(&put(&store, [ready(6, 1).into(), second.into()]).await), "LV-T901", "V-4: two open attempts");
    let lower = Execution { seq: 0, ..row };
    assert_eq!(
        code(&put(&store, [lower.into()]).await),
        "LV-T901",
        "V-5: the number falls, in a row that the slice did not have"
    );
    assert_eq!(store.dump().await.unwrap(), before);
}

#[tokio::test]
async fn text_that_the_server_cannot_keep_is_kept_without_it() {
    let Some(database) = database() else { return };
    let store = open(&settings(database.url())).await;
    put(&store, [Execution { kind: "a\0b".to_owned(), ..ready(1, 1) }.into()]).await.unwrap();
    assert_eq!(store.dump().await.unwrap().executions[&ExecutionId(1)].kind, "a\u{fffd}b");
}
