//! The schema: made once by whoever comes first, never by a build that does not know it; few relations, each index in use.

use levada_base::World;
use levada_store::{Store, TABLES};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::{Plan, Proxy, When, database};

use crate::support::{code, connect, create, open, settings};

#[tokio::test]
async fn t_116_nodes_that_start_at_once_share_one_schema() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let nodes = futures::future::join_all((0..4).map(|_| open(&settings))).await;
    assert!(nodes.iter().all(|node| node.instance() == nodes[0].instance()));
    assert!(create(&nodes[3], 1).await.unwrap());
    assert_eq!(nodes[0].dump().await.unwrap().executions.len(), 1);
}

#[tokio::test]
async fn t_116_a_schema_of_another_build_is_not_opened() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    drop(open(&settings).await);
    let client = connect(&settings).await;
    for (change, back) in [
        ("UPDATE migration SET checksum = 'x' || checksum", "UPDATE migration SET checksum = substr(checksum, 2)"),
        ("INSERT INTO migration VALUES (99, 'of a newer build')", "DELETE FROM migration WHERE number = 99"),
    ] {
        client.batch_execute(change).await.unwrap();
        assert_eq!(code(&PostgresStore::open(settings.clone(), World::real()).await), "LV-T705", "{change}");
        client.batch_execute(back).await.unwrap();
        assert_eq!(code(&PostgresStore::open(settings.clone(), World::real()).await), "no error");
    }
}

#[tokio::test]
async fn t_116_a_migration_that_is_cut_at_any_statement_is_begun_again() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let opened = open(&settings(proxy.url(&database))).await;
    let statements = proxy.counts().statements;
    drop(opened);
    // The long script of tables is one request, so a cut at any of its statements is one at the request.
    let step = (statements / 12).max(1);
    for n in (1..=statements).step_by(usize::try_from(step).unwrap()) {
        let settings = settings(proxy.url(&database));
        proxy.set(Plan::CutBefore(When::Statement(n)));
        let cut = PostgresStore::open(settings.clone(), World::real()).await;
        proxy.set(Plan::Pass);
        drop(cut);
        let store = open(&settings).await;
        assert!(create(&store, 1).await.unwrap(), "cut at {n} of {statements}");
    }
}

#[tokio::test]
async fn t_035_few_relations() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = open(&settings).await;
    let forget = levada_store::Command::ForgetEvents { before_ms: 0, span_ms: i64::MAX / 4 };
    let first = move |_: &levada_store::State| Ok((vec![forget.clone()], ()));
    store.transact(levada_store::Scope::Run(levada_store::RunId(1)), first).await.unwrap();
    // Tables, indexes, sequences, partitions and the side tables for long values.
    let count = format!(
        "SELECT count(*) + count(*) FILTER (WHERE reltoastrelid <> 0) FROM pg_class WHERE relnamespace = '{}'::regnamespace",
        settings.schema
    );
    let relations = database.sql(&count).unwrap().trim().parse::<u32>().unwrap();
    assert!(relations <= 96, "{relations} relations after the first start and its first sweep");
}

#[tokio::test]
async fn tables_and_columns_are_those_of_the_rows() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let _store = open(&settings).await;
    for table in TABLES {
        let sql = format!(
            "SELECT column_name, is_nullable FROM information_schema.columns \
             WHERE table_schema = '{}' AND table_name = '{}' AND NOT (table_name, column_name) IN \
             (('execution', 'public_state'), ('event', 'transaction')) ORDER BY 1",
            settings.schema, table.name
        );
        let mut expected: Vec<_> = table
            .columns
            .iter()
            .map(|column| format!("{}|{}", column.name, if column.nullable { "YES" } else { "NO" }))
            .collect();
        expected.sort();
        let mut found: Vec<_> = database.sql(&sql).unwrap().lines().map(str::to_owned).collect();
        found.sort();
        assert_eq!(found, expected, "{}", table.name);
    }
}

#[tokio::test]
async fn bad_settings_are_refused() {
    let refused = [
        (Settings { schema: String::new(), ..Settings::new("postgres://localhost") }, "LV-T001"),
        (Settings { drivers: 0, ..Settings::new("postgres://localhost") }, "LV-T001"),
        (Settings::new("no address"), "LV-T702"),
    ];
    for (settings, expected) in refused {
        assert_eq!(code(&PostgresStore::open(settings, World::real()).await), expected);
    }
}
