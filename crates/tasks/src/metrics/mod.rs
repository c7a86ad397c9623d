//! The engine's metrics: every name once, with the only labels it may have. Ids are never labels.
//!
//! Recorded through the facade of the `metrics` crate, so a process without a recorder pays next to nothing. Gauges follow from
//! [`levada_store::Query::Counts`]; everything else is recorded where it happens.

mod observed;

use std::collections::BTreeMap;
use std::time::Duration;

use levada_base::Error;
use levada_store::{Count, Work};
use metrics::{Label, counter, histogram};

pub(crate) use observed::{observe, record};

/// A claim was answered.
pub(crate) fn claim_took(span: Duration) {
    histogram!("levada_tasks_claim_seconds").record(span.as_secs_f64());
}

/// A write was answered, well or badly.
pub(crate) fn written(op: &'static str, span: Duration) {
    histogram!("levada_tasks_write_seconds", "op" => op).record(span.as_secs_f64());
}

/// A worker wrote through a handle that no longer counts.
pub(crate) fn stale_write(op: &'static str, error: &Error) {
    counter!("levada_tasks_stale_writes_total", "op" => op, "code" => error.code().to_string()).increment(1);
}

/// A background worker took a step.
pub(crate) fn ticked(worker: &'static str, span: Duration) {
    histogram!("levada_tasks_background_tick_seconds", "worker" => worker).record(span.as_secs_f64());
}

/// What the step of a background worker did.
pub(crate) fn did(worker: &'static str, counters: &BTreeMap<&'static str, u64>) {
    for (name, count) in counters.iter().filter(|(_, count)| **count > 0) {
        counter!("levada_tasks_background_items_total", "worker" => worker, "counter" => *name).increment(*count);
    }
}

/// A step, or a part of it, failed.
pub(crate) fn background_error(worker: &'static str) {
    counter!("levada_tasks_background_errors_total", "worker" => worker).increment(1);
}

/// What became of one group in a step of the dispatcher.
pub(crate) fn dispatch_tick(outcome: &'static str) {
    counter!("levada_tasks_edge_cancel_tick_total", "outcome" => outcome).increment(1);
}

/// What the reconciler did about one row.
pub(crate) fn reconciled(action: &'static str) {
    counter!("levada_tasks_edge_cancel_reconcile_total", "action" => action).increment(1);
}

/// Somebody was woken.
pub(crate) fn woken(how: &'static str) {
    counter!("levada_tasks_wakeups_total", "how" => how).increment(1);
}

/// How long the first event of a page had waited when a feed read it.
pub(crate) fn event_lag(span: Duration) {
    histogram!("levada_tasks_event_lag_seconds").record(span.as_secs_f64());
}

/// What the store did since the last look.
pub(crate) fn store_did(work: &Work) {
    for (sqlstate, count) in &work.retries {
        counter!("levada_tasks_store_retries_total", "sqlstate" => sqlstate.clone()).increment(*count);
    }
    counter!("levada_tasks_store_unknown_commits_total").increment(work.unknown_commits);
    if work.transactions > 0 {
        // Counts of this size are exact as floating point numbers.
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point numbers")]
        let calls = work.calls as f64 / work.transactions as f64;
        metrics::gauge!("levada_tasks_merged_calls").set(calls);
    }
}

/// How many of something there are now, or for how long there is one.
pub(crate) fn gauge(count: &Count, now_ms: i64) {
    let (name, keys): (&'static str, &[&'static str]) = match count.gauge {
        "executions" => ("levada_tasks_executions", &["lane", "public_state"]),
        "oldest_ready" => ("levada_tasks_oldest_ready_seconds", &["lane"]),
        "runs" => ("levada_tasks_runs", &["phase"]),
        "workers" => ("levada_tasks_workers", &["lane"]),
        "leases" => ("levada_tasks_leases", &[]),
        "marks" => ("levada_tasks_marks", &[]),
        "cancel_pending" => ("levada_tasks_cancel_pending", &[]),
        "cancel_backlog" => ("levada_tasks_cancel_backlog", &[]),
        "store_bytes" => ("levada_tasks_store_bytes", &["table"]),
        _ => return,
    };
    let labels: Vec<_> = keys.iter().zip(&count.labels).map(|(key, value)| Label::new(*key, value.clone())).collect();
    // Counts of this size are exact as floating point numbers.
    #[expect(clippy::cast_precision_loss, reason = "gauges are floating point numbers")]
    let value = if count.gauge == "oldest_ready" { seconds(now_ms - count.value) } else { count.value as f64 };
    metrics::gauge!(name, labels).set(value);
}

/// Nothing of this kind, with these labels, is there any longer.
pub(crate) fn gone(gauge: &'static str, labels: &[String], now_ms: i64) {
    let value = if gauge == "oldest_ready" { now_ms } else { 0 };
    self::gauge(&Count { gauge, labels: labels.to_vec(), value }, now_ms);
}

fn seconds(ms: i64) -> f64 {
    Duration::from_millis(ms.max(0).unsigned_abs()).as_secs_f64()
}
