//! V-7 and L-4: a call whose rows cannot be read fails closed: it is told so, and nothing was done.

use levada_store::rows::Facts;
use levada_tasks::spec::{Complete, NewExecution, Payload, Renew};
use levada_testing_postgres::{Database, database};

use crate::counts::Node;

/// How many executions are active, and how many events there are.
fn active(database: &Database) -> String {
    database.sql("SELECT count(*) FILTER (WHERE phase = 2), (SELECT count(*) FROM levada.event) FROM levada.execution").unwrap()
}

#[tokio::test]
async fn t_050_a_claim_of_a_damaged_row_takes_nothing() {
    let Some(database) = database() else { return };
    let node = Node::on(&database).await;
    node.create(2).await;
    node.tasks.create_execution(NewExecution::of_kind("work").with_input("x")).await.unwrap();
    let before = active(&database);
    let damages = [
        ("execution", "next_cause", "next_cause = 77 WHERE seq = (SELECT max(seq) FROM levada.execution)"),
        ("execution_input", "storage", "storage = 9"),
    ];
    for (token, (table, column, change)) in (1..).zip(damages) {
        let kept = database.sql(&format!("SELECT {column} FROM levada.{table} LIMIT 1")).unwrap();
        let damage =
            format!("ALTER TABLE levada.{table} DROP CONSTRAINT {table}_{column}_check; UPDATE levada.{table} SET {change}");
        database.sql(&damage).unwrap();
        let refused = node.tasks.claim(crate::counts::request(3, token)).await.unwrap_err();
        assert_eq!(refused.code().name(), "LV-T710", "{change}");
        assert_eq!(active(&database), before, "{change}");
        database.sql(&format!("UPDATE levada.{table} SET {column} = {kept}")).unwrap();
    }
    assert_eq!(node.claim(3, 99).await.len(), 3);
}

#[tokio::test]
async fn t_050_what_a_worker_writes_about_a_damaged_row_is_refused() {
    let Some(database) = database() else { return };
    let node = Node::on(&database).await;
    node.create(1).await;
    let handle = node.claim(1, 1).await[0].handle;
    let before = active(&database);
    let damage = |table: &str, column: &str| {
        let change = format!(
            "ALTER TABLE levada.{table} DROP CONSTRAINT {table}_{column}_check; UPDATE levada.{table} SET {column} = 77"
        );
        database.sql(&change).unwrap();
    };
    damage("execution", "next_cause");
    let renewed = node.tasks.renew(vec![Renew { handle, ttl_ms: 9_000 }]).await;
    assert_eq!(renewed.unwrap_err().code().name(), "LV-T710");
    database.sql("UPDATE levada.execution SET next_cause = 0").unwrap();
    damage("attempt", "cause");
    let complete = Complete { handle, result: Payload::Void, facts: Facts::default() };
    let completed = node.tasks.complete(vec![complete], None).await;
    assert_eq!(completed.err().map(|error| error.code().name()), Some("LV-T710"));
    assert_eq!(active(&database), before);
}
