//! ST-11: events are kept in few parts by time, which are made ahead and dropped whole. No event is ever refused for want of one.

use levada_base::{SimClock, World};
use levada_store::alphabets::EventKind;
use levada_store::limits::{EVENT_PARTS_MAX, EVENT_SPAN_MS_MIN};
use levada_store::rows::Event;
use levada_store::{Command, Scope, State, Store};
use levada_store_postgres::PostgresStore;
use levada_testing_postgres::{Database, database};

use crate::support::{code, connect, event, open, puts, ready, settings};

const SPAN_MS: i64 = EVENT_SPAN_MS_MIN;

/// A store whose time the test moves.
struct Stage {
    store: PostgresStore,
    clock: SimClock,
    schema: String,
    database: Database,
}

impl Stage {
    async fn open() -> Option<Self> {
        let database = database()?;
        let settings = settings(database.url());
        let (world, clock) = World::sim(1);
        let store = PostgresStore::open(settings.clone(), world).await.unwrap();
        Some(Self { store, clock, schema: settings.schema, database })
    }

    fn advance(&self, by_ms: i64) {
        self.clock.advance(std::time::Duration::from_millis(by_ms.unsigned_abs()));
    }

    async fn now_ms(&self) -> i64 {
        self.store.now().await.unwrap()
    }

    async fn commit(&self, commands: Vec<Command>) {
        self.store
            .transact(Scope::Tags(levada_store::ExecutionId(1)), move |_: &State| Ok((commands.clone(), ())))
            .await
            .unwrap();
    }

    /// Forgets what is older than eleven spans, as the worker does.
    async fn forget(&self) {
        let over_ms = self.now_ms().await - 11 * SPAN_MS;
        self.commit(vec![Command::ForgetEvents { before_ms: over_ms - over_ms.rem_euclid(SPAN_MS), span_ms: SPAN_MS }]).await;
    }

    /// Writes an event of now.
    async fn write(&self) {
        let at_ms = self.now_ms().await;
        let plan = move |state: &State| {
            Ok((puts([Event { at_ms, ..event(state.seq, EventKind::ExecutionCreated, &ready(1, 1)) }.into()]), ()))
        };
        self.store.transact(Scope::Tags(levada_store::ExecutionId(1)), plan).await.unwrap();
    }

    /// The parts with the number of their events, the oldest first; what is in none last.
    fn parts(&self) -> Vec<(String, usize)> {
        let schema = &self.schema;
        let rows = self.database.sql(&format!(
            "SELECT c.relname, count(e.id) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             LEFT JOIN {schema}.event e ON e.tableoid = c.oid WHERE i.inhparent = '{schema}.event'::regclass GROUP BY 1 ORDER BY 1"
        ));
        let row = |line: &str| {
            let (name, count) = line.split_once('|').unwrap();
            (name.to_owned(), count.trim().parse().unwrap())
        };
        rows.unwrap().lines().map(row).collect()
    }

    /// When the events were that are there. By cursor they are seen once every transaction of the server is over that began before.
    fn times(&self) -> Vec<i64> {
        let sql = format!("SELECT at_ms FROM {}.event ORDER BY id", self.schema);
        self.database.sql(&sql).unwrap().lines().map(|line| line.trim().parse().unwrap()).collect()
    }
}

#[tokio::test]
async fn st_11_events_are_in_few_parts_which_go_whole() {
    let Some(stage) = Stage::open().await else { return };
    let mut written = Vec::new();
    for _ in 0..40 {
        stage.forget().await;
        stage.write().await;
        written.push(stage.now_ms().await);
        let parts = stage.parts();
        assert!(parts.len() <= EVENT_PARTS_MAX, "{parts:?}");
        assert_eq!(parts.last(), Some(&("event_rest".to_owned(), 0)), "every event has a part that was made before");
        stage.advance(SPAN_MS);
    }
    let over_ms = stage.now_ms().await - SPAN_MS - 11 * SPAN_MS;
    let before_ms = over_ms - over_ms.rem_euclid(SPAN_MS);
    written.retain(|at_ms| *at_ms >= before_ms);
    assert_eq!(stage.times(), written, "nothing else is left, and nothing else went");
}

#[tokio::test]
async fn t_042_parts_are_gone_after_retention() {
    let Some(stage) = Stage::open().await else { return };
    for _ in 0..3 {
        stage.forget().await;
        stage.write().await;
        stage.advance(SPAN_MS);
    }
    stage.advance(20 * SPAN_MS);
    stage.forget().await;
    let parts = stage.parts();
    assert_eq!(parts.iter().map(|(_, events)| events).sum::<usize>(), 0);
    assert!(parts.len() <= 3, "the part of now, perhaps the next one, and what is in none: {parts:?}");
}

#[tokio::test]
async fn st_11_an_event_without_a_part_is_kept_and_goes_in_its_time() {
    let Some(stage) = Stage::open().await else { return };
    stage.write().await;
    let first_ms = stage.now_ms().await;
    // The part of now would have to take it over: parts begin with the next span.
    stage.forget().await;
    stage.write().await;
    let parts = stage.parts();
    assert_eq!(parts.last(), Some(&("event_rest".to_owned(), 2)), "{parts:?}");
    // Nobody makes parts for a long time.
    stage.advance(5 * SPAN_MS);
    stage.write().await;
    assert_eq!(stage.times(), [first_ms, first_ms, first_ms + 5 * SPAN_MS]);
    stage.advance(8 * SPAN_MS);
    stage.forget().await;
    assert_eq!(stage.times(), [first_ms + 5 * SPAN_MS]);
    stage.advance(6 * SPAN_MS);
    stage.forget().await;
    assert_eq!(stage.times(), [] as [i64; 0]);
}

#[tokio::test]
async fn st_11_other_spans_begin_where_the_parts_end() {
    let Some(stage) = Stage::open().await else { return };
    stage.forget().await;
    let before_ms = stage.now_ms().await - 100 * SPAN_MS;
    stage.advance(SPAN_MS);
    for span_ms in [7 * SPAN_MS, SPAN_MS / 2 + 1, 3 * SPAN_MS] {
        stage.commit(vec![Command::ForgetEvents { before_ms, span_ms }]).await;
        stage.write().await;
        stage.advance(2 * SPAN_MS);
    }
    assert_eq!(stage.times().len(), 3);
}

#[tokio::test]
async fn st_11_to_make_a_part_nobody_is_made_to_wait_for_long() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = open(&settings).await;
    let mut other = connect(&settings).await;
    let reading = other.transaction().await.unwrap();
    reading.execute("SELECT FROM event", &[]).await.unwrap();
    let forget = vec![Command::ForgetEvents { before_ms: 0, span_ms: SPAN_MS }];
    let again = forget.clone();
    let refused = store.transact(Scope::Run(levada_store::RunId(1)), move |_: &State| Ok((forget.clone(), ()))).await;
    assert_eq!(code(&refused), "LV-T701", "somebody reads for long: it is given up, and tried again with the next tick");
    reading.rollback().await.unwrap();
    let made = store.transact(Scope::Run(levada_store::RunId(1)), move |_: &State| Ok((again.clone(), ()))).await;
    assert_eq!(code(&made), "no error");
}

#[tokio::test]
async fn st_14_reading_by_cursor_walks_the_order_of_every_part() {
    let Some(stage) = Stage::open().await else { return };
    for _ in 0..5 {
        stage.forget().await;
        stage.write().await;
        stage.advance(SPAN_MS);
    }
    let sql = format!(
        "SET search_path TO {}; SET enable_seqscan = off; SET enable_bitmapscan = off; EXPLAIN (COSTS off) SELECT * FROM event \
         WHERE (transaction, id) > ('3'::xid8, 5) AND transaction < pg_snapshot_xmin(pg_current_snapshot()) \
         ORDER BY transaction, id LIMIT 100",
        stage.schema
    );
    let plan = stage.database.sql(&sql).unwrap();
    assert!(plan.contains("Merge Append") && !plan.contains("->  Sort") && !plan.contains("Seq Scan"), "{plan}");
    assert_eq!(plan.matches("Index Scan using").count(), stage.parts().len(), "{plan}");
}
