//! T-040: an index costs every write; each that is more than a key is read by something.

use std::collections::BTreeSet;

use levada_base::World;
use levada_store::{Awaiting, Query, RunId, Store, Wanted};
use levada_store_postgres::PostgresStore;
use levada_tasks::Settings;
use levada_testing_postgres::{Database, database};

use crate::everything::everything;
use crate::node::{Node, Result};
use crate::views::every_view_has_rows;

/// Indexes that nothing looked into. Those of the parts of a table count as one; keys also refuse what is there twice.
const IDLE: &str = "SELECT coalesce(whole.relname, index.indexrelname)
    FROM pg_stat_user_indexes index
    JOIN pg_index USING (indexrelid)
    LEFT JOIN pg_inherits ON inhrelid = index.indexrelid
    LEFT JOIN pg_class whole ON whole.oid = inhparent
    WHERE index.schemaname = 'levada' AND NOT indisunique
    GROUP BY 1 HAVING sum(idx_scan) = 0";

fn idle(database: &Database) -> BTreeSet<String> {
    let lines = database.sql(IDLE).unwrap_or_else(|error| panic!("{error}"));
    lines.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn t_040_no_idle_index() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let (world, clock) = World::sim(7);
    let settings =
        levada_store_postgres::Settings { inline_run_max: 0, ..levada_store_postgres::Settings::new(database.url()) };
    let store = PostgresStore::open(settings, world.clone()).await?;
    assert!(idle(&database).contains("execution_claim"), "nothing was claimed yet");
    let node = Node::on(store, world, clock, Settings::without_background()).await?;
    everything(&node).await?;
    every_view_has_rows(&node).await?;
    // What a wake-up asks; without loops nobody is woken.
    let woken = Awaiting::Of { upstreams: vec![1], runs: vec![RunId(1)] };
    node.tasks.store().read(Query::AwaitedEnds(Wanted { limit: 1, ..Wanted::default() }, woken)).await?;
    for _ in 0..9 {
        node.advance_ms(86_400_000);
        node.drain().await?;
    }
    drop(node);
    // What a connection counted is there for all to read once it is closed, which its store's end does.
    for _ in 0..1_000 {
        if idle(&database).is_empty() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing reads {:?}", idle(&database))
}
