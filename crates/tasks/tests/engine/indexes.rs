//! T-040: an index costs every write; each that is more than a key is read by something.

use std::collections::BTreeSet;

use levada_base::World;
use levada_store_postgres::PostgresStore;
use levada_tasks::Settings;
use levada_testing_postgres::{Database, database};

use crate::background::{background, everything_moves};
use crate::everything::everything;
use crate::node::{Node, Result};
use crate::stores::postgres;
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
    let (Some(stepped), Some(woken)) = (database(), database()) else { return Ok(()) };
    let (world, clock) = World::sim(7);
    let settings = levada_store_postgres::Settings { inline_run_max: 0, ..levada_store_postgres::Settings::new(stepped.url()) };
    let store = PostgresStore::open(settings, world.clone()).await?;
    assert!(idle(&stepped).contains("execution_claim"), "nothing was claimed yet");
    let node = Node::on(store, world, clock, Settings::without_background()).await?;
    everything(&node).await?;
    every_view_has_rows(&node).await?;
    for _ in 0..9 {
        node.advance_ms(86_400_000);
        node.drain().await?;
    }
    drop(node);
    let world = World::real();
    everything_moves(postgres(woken.url(), world.clone()).await?, world, background(false, true)).await?;
    // What a connection counted is there for all to read once it is closed, which its store's end does.
    let mut left = BTreeSet::new();
    for _ in 0..1_000 {
        left = &idle(&stepped) & &idle(&woken);
        if left.is_empty() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing reads {left:?}")
}
