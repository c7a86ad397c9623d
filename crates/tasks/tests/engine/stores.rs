//! The same on the stores that survive a crash: what is created is claimable, marks are settled, losers are dispatched, a joint commit
//! is all or nothing, and a node moves everything by wake-ups alone.

use levada_base::World;
use levada_store::alphabets::{FailureClass, Outcome, PublicState};
use levada_store::{Filter, Record, Store, Token};
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_tasks::rules::HoldExecution;
use levada_tasks::spec::{ClaimRequest, NewExecution};
use levada_tasks::{Settings, Tasks};
use levada_testing_postgres::database;

use crate::awaited::ends_resolve_conditions;
use crate::background::{background, everything_moves};
use crate::events::{limited_to, old_cursors_are_refused, sweeps_and_lists_honour_namespaces};
use crate::node::{Node, Result, any_of, chain, code, wide};
use crate::words::zero_is_in_no_row;

pub async fn node<S: Store>(make: impl AsyncFnOnce(World) -> Result<S>) -> Result<Node<S>> {
    let (world, clock) = World::sim(7);
    Node::on(make(world.clone()).await?, world, clock, Settings::without_background()).await
}

async fn sqlite(world: World) -> Result<SqliteStore> {
    SqliteStore::in_memory(world)
}

pub async fn postgres(url: String, world: World) -> Result<PostgresStore> {
    PostgresStore::open(levada_store_postgres::Settings::new(url), world).await
}

async fn chains_need_no_background_work<S: Store>(node: Node<S>) -> Result {
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    assert_eq!(node.claim(10).await?.len(), 1);
    let run = node.submit(chain(3)).await?;
    for name in ["m0", "m1", "m2"] {
        let handle = node.claim_named(name).await?;
        node.complete(handle).await?;
    }
    assert_eq!(node.outcome(run).await?, Some(Outcome::Succeeded));
    Ok(())
}

async fn losers_of_large_runs_are_dispatched<S: Store>(node: Node<S>) -> Result {
    let raced = node.submit(any_of(100)).await?;
    let winner = node.claim_named("m0").await?;
    node.complete(winner).await?;
    assert_eq!(node.tasks.tick("settle").await?.count("fired"), 1);
    let report = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((report.count("dispatched"), report.count("cancelled")), (1, 99));
    node.drain().await?;
    let join = node.claim_named("join").await?;
    node.complete(join).await?;
    node.drain().await?;
    assert_eq!(node.outcome(raced).await?, Some(Outcome::Succeeded));
    Ok(())
}

async fn joint_commits_are_bound_to_what_they_read<S: Store>(node: Node<S>) -> Result {
    let run = node.submit(wide(2)).await?;
    let (first, second) = (node.member(run, "m0").await?, node.member(run, "m1").await?);
    let hold = |execution| HoldExecution { execution, actor: "ann".to_owned() };
    let plans = vec![node.tasks.plan(hold(first)).await?, node.tasks.plan(hold(second)).await?];
    node.tasks.change_priority(second, 5, "bob").await?;
    assert_eq!(code(node.tasks.commit(plans, Vec::new()).await), "LV-T218");
    let plans = vec![node.tasks.plan(hold(first)).await?, node.tasks.plan(hold(second)).await?];
    node.tasks.commit(plans, Vec::new()).await?;
    assert_eq!([node.state(first).await?, node.state(second).await?], [PublicState::Held; 2]);
    assert!(node.tasks.store().dump().await?.executions.values().all(|row| row.operator_hold));
    Ok(())
}

/// Everything of runs and executions that need not be kept, and nothing of those that do.
async fn everything_is_pruned<S: Store>(node: Node<S>) -> Result {
    let kept = node.submit(chain(2)).await?;
    let held = node.claim_named("m0").await?;
    let before = node.tasks.graph(kept).await?;
    for number in 0..3 {
        let mut graph = any_of(70);
        graph.request_key = Some(format!("raced-{number}"));
        graph.options.tags.insert("team".to_owned(), "red".to_owned());
        node.submit(graph).await?;
        let winner = node.claim_named("m0").await?;
        node.complete(winner).await?;
        node.drain().await?;
        let join = node.claim_named("join").await?;
        node.complete(join).await?;
        let failing = node.submit(chain(3)).await?;
        let first = node.claim_named("m0").await?;
        node.fail(first, FailureClass::Permanent).await?;
        assert_eq!(node.outcome(failing).await?, Some(Outcome::Failed));
        let alone =
            NewExecution { request_key: Some(format!("alone-{number}")), ..NewExecution::of_kind("work").named("alone") };
        node.tasks.create_execution(alone.with_input("bytes")).await?;
        let alone = node.claim_named("alone").await?;
        node.complete(alone).await?;
    }
    node.drain().await?;
    for _ in 0..9 {
        node.advance_ms(86_400_000);
        // Leases end on the way; the one that is kept is renewed in good time by claiming anew.
        node.drain().await?;
    }
    let state = node.tasks.store().dump().await?;
    assert_eq!(state.runs.keys().copied().collect::<Vec<_>>(), [kept]);
    let members: Vec<_> = before.executions.iter().map(|row| row.id).collect();
    assert!(state.records().all(|record| match record {
        Record::Execution(row) => members.contains(&row.id),
        Record::Attempt(row) => row.execution_id == held.execution,
        Record::Input(row) => members.contains(&row.execution_id),
        Record::Edge(row) => row.run_id == kept,
        Record::Group(row) => row.run_id == kept,
        // Interned, and of the node; events are dropped by age.
        Record::Run(_) | Record::Policy(_) | Record::Route(_) | Record::EngineNode(_) | Record::Event(_) => true,
        other => panic!("{other:?} is left"),
    }));
    assert_eq!(state.edges.into_values().collect::<Vec<_>>(), before.edges);
    Ok(())
}

macro_rules! on_both {
    ($($test:ident: $scenario:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() -> super::Result {
                super::$scenario(super::node(super::sqlite).await?).await
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $test() -> super::Result {
                let Some(database) = super::database() else { return Ok(()) };
                let url = database.url();
                super::$scenario(super::node(async |world| super::postgres(url, world).await).await?).await
            })*
        }
    };
}

on_both! {
    t_001_t_028_chains_need_no_background_work: chains_need_no_background_work,
    t_028_ends_resolve_conditions_of_other_runs: ends_resolve_conditions,
    t_022_a_cursor_older_than_the_events_is_refused: old_cursors_are_refused,
    g_08_zero_is_in_no_row: zero_is_in_no_row,
    t_065_losers_of_large_runs_are_dispatched: losers_of_large_runs_are_dispatched,
    t_042_everything_is_pruned: everything_is_pruned,
    t_077_joint_commits_are_bound_to_what_they_read: joint_commits_are_bound_to_what_they_read,
}

#[tokio::test]
async fn t_021_sweeps_and_lists_of_limited_nodes_on_sqlite() -> Result {
    let (world, clock) = World::sim(7);
    let store = SqliteStore::in_memory(world.clone())?;
    let node = async |settings| Node::on(store.clone(), world.clone(), clock.clone(), settings).await;
    let (red, blue) = (node(limited_to("red")).await?, node(limited_to("blue")).await?);
    sweeps_and_lists_honour_namespaces(node(Settings::without_background()).await?, red, blue).await
}

#[tokio::test]
async fn t_021_sweeps_and_lists_of_limited_nodes_on_postgres() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let (world, clock) = World::sim(7);
    let node = async |settings| {
        let store = postgres(database.url(), world.clone()).await?;
        Node::on(store, world.clone(), clock.clone(), settings).await
    };
    let (red, blue) = (node(limited_to("red")).await?, node(limited_to("blue")).await?);
    sweeps_and_lists_honour_namespaces(node(Settings::without_background()).await?, red, blue).await
}

#[tokio::test]
async fn t_037_sqlite_needs_no_tick() -> Result {
    let world = World::real();
    everything_moves(SqliteStore::in_memory(world.clone())?, world, background(false, true)).await
}

#[tokio::test]
async fn t_037_postgres_needs_no_tick() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let world = World::real();
    let store = postgres(database.url(), world.clone()).await?;
    everything_moves(store, world, background(false, true)).await
}

/// Rows that all of these nodes see due: each is handled once, whoever it is.
async fn due_rows_are_shared<S: Store>(nodes: Vec<Node<S>>) -> Result {
    const ROWS: u64 = 200;
    let due_ms = Some(nodes[0].tasks.now().await? + 1_000);
    for _ in 0..ROWS {
        nodes[0].tasks.create_execution(NewExecution { due_ms, ..NewExecution::of_kind("work") }).await?;
    }
    nodes[0].advance_ms(1_000);
    let mut promoted = 0;
    while promoted < ROWS {
        let ticks = nodes.iter().map(|node| node.tasks.tick("due_promote"));
        promoted += futures::future::try_join_all(ticks).await?.iter().map(|report| report.count("promoted")).sum::<u64>();
    }
    assert_eq!(promoted, ROWS, "each once");
    assert!(nodes[1].tasks.tick("due_promote").await?.is_idle());
    Ok(())
}

#[tokio::test]
async fn t_038_four_nodes_share_due_rows_in_memory() -> Result {
    let (world, clock) = World::sim(7);
    let store = levada_store::MemoryStore::new(world.clone());
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(Node::on(store.clone(), world.clone(), clock.clone(), Settings::without_background()).await?);
    }
    due_rows_are_shared(nodes).await
}

#[tokio::test]
async fn t_038_four_nodes_share_due_rows_on_postgres() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let (world, clock) = World::sim(7);
    let mut nodes = Vec::new();
    for _ in 0..4 {
        let store = postgres(database.url(), world.clone()).await?;
        nodes.push(Node::on(store, world.clone(), clock.clone(), Settings::without_background()).await?);
    }
    due_rows_are_shared(nodes).await
}

#[tokio::test]
async fn t_045_waiting_claims_and_feeds_hold_no_connection() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let world = World::real();
    // One connection for everything, and one for hints: whoever held it while waiting would be the last to be served.
    let settings = levada_store_postgres::Settings { pool: 1, ..levada_store_postgres::Settings::new(database.url()) };
    let tasks = Tasks::open(PostgresStore::open(settings, world.clone()).await?, Settings::default(), world).await?;
    let mut claims = tokio::task::JoinSet::new();
    for instance in 1..=1_000 {
        let tasks = tasks.clone();
        let request = ClaimRequest { wait_ms: 30_000, ..ClaimRequest::of_lane("default", "w", 1, Token(instance)) };
        claims.spawn(async move { tasks.claim(request).await });
    }
    let mut feeds = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut feed = tasks.subscribe(Filter::default(), None);
        feeds.spawn(async move { feed.next().await });
    }
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    let first = async { claims.join_next().await.map(|claimed| claimed.unwrap_or_else(|error| panic!("{error}"))) };
    let Ok(Some(claimed)) = tokio::time::timeout(std::time::Duration::from_secs(60), first).await else {
        panic!("nobody was woken")
    };
    assert_eq!(claimed?.len(), 1);
    while let Some(page) = feeds.join_next().await {
        assert!(!page.unwrap_or_else(|error| panic!("{error}"))?.events.is_empty());
    }
    let own = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'levada'";
    let count = |what: &str| database.sql(what).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(count(&format!("SELECT count(*) {own}")), "2", "of a thousand claims and a hundred feeds");
    tasks.close(std::time::Duration::from_secs(10)).await
}

#[tokio::test]
async fn st_17_the_claims_of_a_limited_node_take_one_statement() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let (world, clock) = World::sim(7);
    let all = postgres(database.url(), world.clone()).await?;
    let all = Node::on(all, world.clone(), clock.clone(), Settings::without_background()).await?;
    let node = Node::on(postgres(database.url(), world.clone()).await?, world, clock, limited_to("red")).await?;
    for namespace in ["red", "blue", "red"] {
        all.tasks.create_execution(NewExecution { namespace: namespace.to_owned(), ..NewExecution::of_kind("work") }).await?;
    }
    let before = node.tasks.store().statistics().fused;
    let claimed = node.claim(10).await?;
    assert_eq!(claimed.iter().map(|one| one.namespace.as_str()).collect::<Vec<_>>(), ["red", "red"]);
    assert_eq!(node.tasks.store().statistics().fused, before + 1);
    Ok(())
}
