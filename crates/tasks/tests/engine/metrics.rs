//! Metrics and events: each of the contract's names appears, metrics under exactly their labels, on every store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use levada_base::World;
use levada_store::alphabets::EventKind;
use levada_store::{Cursor, Filter, MemoryStore, Store};
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_tasks::Settings;
use levada_tasks::spec::NewExecution;
use levada_testing_postgres::{Plan, Proxy, When, database};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use parking_lot::Mutex;

use crate::everything::everything;
use crate::node::{Node, Result};
use crate::stop::failing_loop;
use crate::views::every_view_has_rows;

/// The names of the contract, with their labels, but for those that nothing of this release can move.
pub const CONTRACT: &str = "
    created_total{lane} claimed_total{lane,kind} ended_total{lane,outcome,cause} attempts_total{lane,state} retries_total{class}
    stale_writes_total{op,code}
    claim_seconds write_seconds{op} ready_to_claim_seconds{lane} run_seconds{outcome} hop_seconds due_lateness_seconds{worker}
    cancel_lag_seconds
    executions{lane,public_state} oldest_ready_seconds{lane} runs{phase} leases marks cancel_pending cancel_backlog workers{lane}
    groups_fired_total{policy,result} siblings_total{disposition,reason} edge_cancel_tick_total{outcome}
    edge_cancel_reconcile_total{action}
    background_tick_seconds{worker} background_items_total{worker,counter} background_errors_total{worker}
    store_retries_total{sqlstate} store_unknown_commits_total merged_calls wakeups_total{how} event_lag_seconds
    store_bytes{table}";

/// Waitpoints, limits and tokens come with suspension and approvals.
const OF_LATER_RELEASES: [&str; 3] = ["waitpoints", "limit_used", "tokens_rejected_total"];

/// What cannot happen to a store that nobody else writes to and that answers its own commits.
const OF_SERVERS: [&str; 2] = ["store_retries_total", "store_unknown_commits_total"];

/// Remembers which metrics moved, with the names of their labels: a counter that was never increased, a gauge that was never
/// anything but 0 and a histogram without a value did not.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<Key, Arc<Moved>>>>);

#[derive(Default)]
struct Moved(AtomicBool);

impl Moved {
    fn note(&self, moved: bool) {
        self.0.fetch_or(moved, Ordering::Relaxed);
    }
}

impl CounterFn for Moved {
    fn increment(&self, value: u64) {
        self.note(value > 0);
    }

    fn absolute(&self, value: u64) {
        self.note(value > 0);
    }
}

impl GaugeFn for Moved {
    fn increment(&self, value: f64) {
        self.note(value != 0.0);
    }

    fn decrement(&self, value: f64) {
        self.note(value != 0.0);
    }

    fn set(&self, value: f64) {
        self.note(value != 0.0);
    }
}

impl HistogramFn for Moved {
    fn record(&self, _: f64) {
        self.note(true);
    }
}

impl Seen {
    fn of(&self, key: &Key) -> Arc<Moved> {
        Arc::clone(self.0.lock().entry(key.clone()).or_default())
    }

    /// The labels of each metric that moved.
    fn moved(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut moved: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, _) in self.0.lock().iter().filter(|(_, moved)| moved.0.load(Ordering::Relaxed)) {
            moved.entry(key.name().to_owned()).or_default().extend(key.labels().map(|label| label.key().to_owned()));
        }
        moved
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.of(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.of(key))
    }
}

/// What moves while a future runs on this thread.
fn recorded(work: impl Future<Output = Result>) -> BTreeMap<String, BTreeSet<String>> {
    let seen = Seen::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let done = metrics::with_local_recorder(&seen, || runtime.block_on(work));
    done.unwrap_or_else(|error| panic!("{error}"));
    seen.moved()
}

/// Everything that can happen, then a node with loops on the same kind of store; every P1 kind of event is in the log afterwards.
async fn history<S: Store>(make: impl AsyncFn(World) -> Result<S>) -> Result {
    let (world, clock) = World::sim(7);
    let node = Node::on(make(world.clone()).await?, world, clock, Settings::without_background()).await?;
    everything(&node).await?;
    let world = World::real();
    failing_loop(make(world.clone()).await?, world).await?;
    every_event_kind_appeared(&node).await?;
    every_view_has_rows(&node).await
}

/// Kinds of events that come with suspension, approvals, budgets and tokens.
const KINDS_OF_LATER_RELEASES: [EventKind; 10] = [
    EventKind::SuspensionTimedOut,
    EventKind::Escalated,
    EventKind::TokenReissued,
    EventKind::SignalReceived,
    EventKind::ApprovalRequested,
    EventKind::ApprovalVoted,
    EventKind::ApprovalDecided,
    EventKind::BudgetExhausted,
    EventKind::BudgetReset,
    EventKind::KeyRotated,
];

async fn every_event_kind_appeared<S: Store>(node: &Node<S>) -> Result {
    let mut feed = node.tasks.subscribe(Filter::default(), Some(Cursor::default()));
    let mut kinds = BTreeSet::new();
    while let Some(page) = feed.poll().await? {
        kinds.extend(page.events.iter().map(|event| event.kind));
    }
    let later = BTreeSet::from(KINDS_OF_LATER_RELEASES);
    let expected: BTreeSet<_> = EventKind::ALL.iter().copied().filter(|kind| !later.contains(kind)).collect();
    assert_eq!(kinds, expected);
    Ok(())
}

fn check(moved: &BTreeMap<String, BTreeSet<String>>, except: &[&str]) {
    for text in CONTRACT.split_whitespace() {
        let (name, labels) = text.split_once('{').unwrap_or((text, "}"));
        if except.contains(&name) {
            continue;
        }
        let labels: BTreeSet<_> = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()).collect();
        let found = moved.get(&format!("levada_tasks_{name}")).map(|labels| labels.iter().map(String::as_str).collect());
        assert_eq!(found, Some(labels), "{name}");
    }
    for name in moved.keys() {
        let name = name.trim_start_matches("levada_tasks_");
        assert!(!OF_LATER_RELEASES.contains(&name), "{name} is no longer to come");
        let known = CONTRACT.split_whitespace().any(|text| text.split('{').next() == Some(name));
        assert!(known, "{name} is not in the contract");
    }
}

#[test]
fn t_122_metrics_and_events_in_memory() {
    let moved = recorded(history(async |world| Ok(MemoryStore::with_inline_run_max(world, 0))));
    check(&moved, &OF_SERVERS);
}

#[test]
fn t_122_metrics_and_events_on_sqlite() {
    let settings = || levada_store_sqlite::Settings { inline_run_max: 0, ..levada_store_sqlite::Settings::new("") };
    let moved = recorded(history(async |world| SqliteStore::in_memory_with(settings(), world)));
    check(&moved, &OF_SERVERS);
}

#[test]
fn t_122_metrics_and_events_on_postgres() {
    let (Some(first), Some(second), Some(third)) = (database(), database(), database()) else { return };
    let urls = Mutex::new(vec![second.url(), first.url()]);
    let moved = recorded(async {
        history(async |world| {
            let url = urls.lock().pop().unwrap_or_default();
            let settings = levada_store_postgres::Settings { inline_run_max: 0, ..levada_store_postgres::Settings::new(url) };
            PostgresStore::open(settings, world).await
        })
        .await?;
        lost_connections(&third).await
    });
    check(&moved, &[]);
}

/// A connection that is lost before a statement, and one whose reply to COMMIT is.
async fn lost_connections(database: &levada_testing_postgres::Database) -> Result {
    let proxy = Proxy::start(database.address()).await.unwrap_or_else(|error| panic!("{error}"));
    let (world, clock) = World::sim(7);
    let store = PostgresStore::open(levada_store_postgres::Settings::new(proxy.url(database)), world.clone()).await?;
    let node = Node::on(store, world, clock, Settings::without_background()).await?;
    for plan in [Plan::CutBefore(When::Statement(1)), Plan::CutAfter(When::Commit)] {
        proxy.set(plan);
        node.tasks.create_execution(NewExecution::of_kind("work")).await?;
        assert_eq!(proxy.fired(), 1, "it was cut");
    }
    node.tasks.tick("gauges").await.map(drop)
}

#[test]
fn t_122_a_gauge_that_is_gone_is_told_once_more() {
    let seen = Last::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let done = metrics::with_local_recorder(&seen, || {
        runtime.block_on(async {
            let node = Node::open().await?;
            node.tasks.create_execution(NewExecution::of_kind("work")).await?;
            node.advance_ms(3_000);
            node.tasks.tick("gauges").await?;
            let ready = GAUGES.map(|name| seen.of(name));
            node.claim(1).await?;
            node.tasks.tick("gauges").await?;
            Result::Ok([ready, GAUGES.map(|name| seen.of(name))])
        })
    });
    assert_eq!(done.unwrap_or_else(|error| panic!("{error}")), [[Some(3.0), Some(0.0)], [Some(0.0), Some(1.0)]]);
}

const GAUGES: [&str; 2] = ["oldest_ready_seconds", "leases"];

/// The last value of each gauge.
#[derive(Clone, Default)]
struct Last(Arc<Mutex<BTreeMap<String, f64>>>);

struct Set(Last, String);

impl GaugeFn for Set {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    fn set(&self, value: f64) {
        self.0.0.lock().insert(self.1.clone(), value);
    }
}

impl Last {
    fn of(&self, name: &str) -> Option<f64> {
        self.0.lock().get(&format!("levada_tasks_{name}")).copied()
    }
}

impl Recorder for Last {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Set(self.clone(), key.name().to_owned())))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
