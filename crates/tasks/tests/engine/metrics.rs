//! Metrics: each one moves, under exactly the labels that the contract gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use levada_store::alphabets::FailureClass;
use levada_tasks::spec::{ExecutionPolicy, NewExecution, Renew};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use parking_lot::Mutex;

use crate::node::{Node, Result, any_of, chain};

/// Remembers which metrics were registered, with the names of their labels.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>);

impl Seen {
    fn note(&self, key: &Key) {
        let labels = key.labels().map(|label| label.key().to_owned());
        self.0.lock().entry(key.name().to_owned()).or_default().extend(labels);
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.note(key);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.note(key);
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.note(key);
        Histogram::noop()
    }
}

/// The metrics of the contract that the engine records itself, with their labels.
const EXPECTED: [(&str, &[&str]); 26] = [
    ("created_total", &["lane"]),
    ("claimed_total", &["kind", "lane"]),
    ("ended_total", &["cause", "lane", "outcome"]),
    ("attempts_total", &["lane", "state"]),
    ("retries_total", &["class"]),
    ("stale_writes_total", &["code", "op"]),
    ("claim_seconds", &[]),
    ("write_seconds", &["op"]),
    ("ready_to_claim_seconds", &["lane"]),
    ("run_seconds", &["outcome"]),
    ("hop_seconds", &[]),
    ("due_lateness_seconds", &["worker"]),
    ("cancel_lag_seconds", &[]),
    ("executions", &["lane", "public_state"]),
    ("runs", &["phase"]),
    ("leases", &[]),
    ("cancel_pending", &[]),
    ("marks", &[]),
    ("groups_fired_total", &["policy", "result"]),
    ("siblings_total", &["disposition", "reason"]),
    ("edge_cancel_tick_total", &["outcome"]),
    ("edge_cancel_reconcile_total", &["action"]),
    ("background_tick_seconds", &["worker"]),
    ("background_items_total", &["counter", "worker"]),
    ("background_errors_total", &["worker"]),
    ("wakeups_total", &["how"]),
];

/// Work that moves every metric that needs no loop.
async fn work() -> Result {
    let node = Node::with_inline_run_max(0).await?;
    node.submit(any_of(3)).await?;
    let winner = node.claim_named("m0").await?;
    node.tasks.tick("gauges").await?;
    node.complete(winner).await?;
    node.tasks.tick("gauges").await?;
    node.tasks.tick("settle").await?;
    node.advance_ms(6_000);
    node.tasks.tick("gauges").await?;
    node.tasks.tick("edge_cancel_reconcile").await?;
    node.drain().await?;
    node.submit(chain(1)).await?;
    let policy = ExecutionPolicy::default();
    node.tasks.create_execution(NewExecution { policy, ..NewExecution::of_kind("work") }).await?;
    while let Some(claimed) = node.claim(1).await?.pop() {
        match claimed.run {
            Some(_) => node.complete(claimed.handle).await?,
            None => {
                node.fail(claimed.handle, FailureClass::Transient).await?;
                node.tasks.renew(vec![Renew { handle: claimed.handle, ttl_ms: 1_000 }]).await?;
                break;
            }
        }
    }
    node.advance_ms(2_000);
    node.drain().await
}

#[test]
fn t_122_every_metric_moves_under_its_own_labels() {
    let seen = Seen::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let done = metrics::with_local_recorder(&seen, || {
        runtime.block_on(async {
            work().await?;
            Box::pin(crate::stop::failing_loop()).await
        })
    });
    done.unwrap_or_else(|error| panic!("{error}"));
    let seen = seen.0.lock();
    for (name, labels) in EXPECTED {
        let found = seen.get(&format!("levada_tasks_{name}"));
        assert_eq!(found.map(|labels| labels.iter().map(String::as_str).collect()), Some(labels.to_vec()), "{name}");
    }
}
