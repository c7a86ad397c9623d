//! T-029 and T-031: what a claim reads does not depend on what stands in front of it.

use std::collections::BTreeSet;

use levada_store::TABLES;
use levada_tasks::spec::{GraphNode, NewExecution, RunGraph};
use levada_testing_postgres::{Database, database};

use crate::counts::Node;

/// Puts so many copies of each execution of a name in front of everything.
fn copy(database: &Database, name: &str, copies: u32) {
    let table = TABLES.iter().find(|table| table.name == "execution").expect("there are executions");
    let columns: Vec<_> = table.columns.iter().map(|column| column.name).collect();
    let values = columns.iter().map(|column| match *column {
        "id" => "gen_random_uuid()".to_owned(),
        "priority" => "9000".to_owned(),
        "seq" => "e.seq + n".to_owned(),
        other => format!("e.{other}"),
    });
    let sql = format!(
        "INSERT INTO levada.execution ({}) SELECT {} FROM levada.execution e, generate_series(1, {copies}) n WHERE e.name = '{name}'",
        columns.join(", "),
        values.collect::<Vec<_>>().join(", ")
    );
    database.sql(&sql).unwrap();
}

/// Waits until nobody is connected: then all counts are told.
fn alone(database: &Database) {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND backend_type = 'client backend'";
    while database.sql(others).unwrap().trim() != "0" {}
}

/// A store with executions in front of everything that nobody here can claim, a third of them unroutable, held, and of a paused run;
/// and behind them so many that can be claimed.
async fn behind(database: &Database, copies: u32, ready: u32) {
    let node = Node::on(database).await;
    let named = |name: &str| NewExecution::of_kind("work").named(name);
    let unroutable = NewExecution { capabilities: BTreeSet::from(["nobody-has-this".to_owned()]), ..named("unroutable") };
    node.tasks.create_execution(unroutable).await.unwrap();
    let held = node.tasks.create_execution(named("held")).await.unwrap().into_inner();
    node.tasks.hold(held.0, "ann").await.unwrap();
    let member = GraphNode { execution: named("paused"), group: None };
    let graph = RunGraph { name: "paused".to_owned(), nodes: vec![member], ..RunGraph::default() };
    let run = node.tasks.submit_run(graph).await.unwrap().into_inner().run;
    node.tasks.pause_run(run, "ann").await.unwrap();
    ["unroutable", "held", "paused"].iter().for_each(|name| copy(database, name, copies / 3));
    node.create(ready).await;
    drop(node);
    alone(database);
}

/// How many rows, and how many entries of indexes, of executions a claim reads that takes so many.
async fn read_by_a_claim(database: &Database, limit: u32, taken: usize) -> [u64; 2] {
    database.sql("SELECT pg_stat_reset()").unwrap();
    let node = Node::on(database).await;
    node.counted();
    assert_eq!(node.claim(limit, 7).await.len(), taken);
    assert_eq!(node.counted().0, 1, "one statement");
    drop(node);
    alone(database);
    let rows = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'execution'";
    let entries = "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'execution'";
    [rows, entries].map(|sql| database.sql(sql).unwrap().trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_029_an_empty_claim_is_one_statement_whatever_is_there() {
    for copies in [0, 30_000] {
        let Some(database) = database() else { return };
        behind(&database, copies, 0).await;
        let [rows, entries] = read_by_a_claim(&database, 50, 0).await;
        assert!(rows == 0 && entries <= 16, "{rows} rows and {entries} entries beside {copies} others");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_031_nothing_blocks_the_head_on_postgres() {
    const TAKEN: u32 = 10;
    let Some(database) = database() else { return };
    behind(&database, 100_000, TAKEN + 5).await;
    let read = read_by_a_claim(&database, TAKEN, TAKEN as usize).await;
    let most = u64::from(4 * TAKEN + 16);
    assert!(read.iter().all(|read| (u64::from(TAKEN)..=most).contains(read)), "{read:?}, of which {most} are allowed");
}
