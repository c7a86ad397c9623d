//! BW-23: the registry is data. Every stored time that something happens at has exactly one consumer.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::{DueKind, MemoryStore, TABLES};

use super::{names, registry};

/// Where a kind's times are stored.
fn column_of(kind: DueKind) -> &'static str {
    match kind {
        DueKind::Lease => "execution.lease_until_ms",
        DueKind::AttemptDeadline => "execution.attempt_deadline_ms",
        DueKind::Deadline => "execution.deadline_ms",
        DueKind::RunDeadline => "run.deadline_ms",
        DueKind::Promote => "execution.due_ms",
        DueKind::Condition => "condition.expires_ms",
        DueKind::Building => "run.build_deadline_ms",
        // Due BUILD_MS_MAX later.
        DueKind::Staged => "execution.created_ms",
        DueKind::CancelGrace => "run.cancel_grace_ms",
        DueKind::Schedule => "schedule.next_fire_ms",
        DueKind::RequestKey => "request_key.look_ms",
        DueKind::Worker => "worker.expires_ms",
        DueKind::RetainRun => "run.retain_until_ms",
        DueKind::RetainExecution => "execution.retain_until_ms",
    }
}

/// Due times that are found by another read than that of due rows, and the worker that does.
const BY_OTHER_READS: [(&str, &str); 1] = [("cancel_pending.not_before_ms", "edge_cancel_dispatch")];

/// When something happened, or how long something takes: nothing happens at these.
const NOT_DUE: &str = "
    attempt.started_ms attempt.ended_ms attempt.next_due_ms attempt.active_left_ms mark.made_ms
    execution.lease_ttl_ms execution.ended_ms execution.first_started_ms execution.since_ms
    run.deadline_span_ms run.retention_ms run.created_ms run.sealed_ms run.ended_ms
    edge.resolved_ms edge_group.fired_ms cancel_pending.enqueued_ms condition.resolved_ms
    policy.retry_initial_ms policy.retry_max_ms policy.crash_initial_ms policy.crash_max_ms policy.attempt_timeout_ms
    policy.deadline_ms policy.retention_ms policy.request_key_window_ms policy.lease_ttl_max_ms
    progress.at_ms lane.changed_ms worker.ttl_ms engine_node.started_ms engine_node.alive_ms engine_node.grace_until_ms
    schedule.every_ms schedule.anchor_ms schedule.start_ms schedule.end_ms schedule.jitter_ms schedule.next_nominal_ms
    schedule.created_ms schedule_fire.nominal_ms schedule_fire.fired_ms event.at_ms
    request_key.expires_ms";

/// Written by limits only, which this release refuses.
const OF_LATER_RELEASES: [&str; 1] = ["execution.recheck_ms"];

#[test]
fn t_013_every_due_column_has_exactly_one_consumer() {
    let mut consumers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for worker in &registry::<MemoryStore>() {
        for kind in worker.dues() {
            consumers.entry(column_of(*kind).to_owned()).or_default().push(worker.name());
        }
    }
    for (column, worker) in BY_OTHER_READS {
        assert!(names().contains(&worker));
        consumers.entry(column.to_owned()).or_default().push(worker);
    }
    let others: BTreeSet<_> = NOT_DUE.split_whitespace().chain(OF_LATER_RELEASES).collect();
    for table in TABLES {
        for column in table.columns.iter().filter(|column| column.name.ends_with("_ms")) {
            let name = format!("{}.{}", table.name, column.name);
            let found = consumers.remove(&name).unwrap_or_default();
            let expected = usize::from(!others.contains(name.as_str()));
            assert_eq!(found.len(), expected, "{name} is consumed by {found:?}");
        }
    }
    assert_eq!(consumers, BTreeMap::new(), "columns that do not exist");
}

#[test]
fn t_013_every_due_kind_is_consumed_once() {
    let all: Vec<_> = registry::<MemoryStore>().iter().flat_map(|worker| worker.dues().to_vec()).collect();
    assert_eq!(all.len(), DueKind::ALL.len());
    assert_eq!(all.iter().collect::<BTreeSet<_>>(), DueKind::ALL.iter().collect());
}

#[test]
fn t_013_names_are_those_of_the_contract() {
    let expected = [
        "node_heartbeat",
        "settle",
        "edge_cancel_dispatch",
        "edge_cancel_reconcile",
        "cancel_backlog",
        "awaited_ends",
        "gauges",
        "event_retention",
        "lease_expiry",
        "attempt_timeout",
        "deadline",
        "due_promote",
        "waitpoint_expiry",
        "retention",
        "schedule",
        "sweep",
    ];
    assert_eq!(names(), expected);
}

#[test]
fn t_111_with_every_wake_up_lost_nothing_waits_longer_than_a_tick() {
    const LATE_MS_MAX: u64 = 1_200;
    // These put right, remove and count; nobody waits for them.
    let unhurried = ["edge_cancel_reconcile", "gauges", "event_retention", "retention", "sweep"];
    for worker in registry::<MemoryStore>().iter().filter(|worker| !unhurried.contains(&worker.name())) {
        assert!(worker.tick_ms() <= LATE_MS_MAX, "{}", worker.name());
    }
    const { assert!(crate::claims::PROBE_MS <= LATE_MS_MAX) };
}

#[test]
fn t_038_an_idle_node_asks_at_most_twenty_five_times_a_second() {
    // A tick with nothing to do asks once per kind of due time, and once more where something else is listed.
    let asks = |worker: &dyn super::BackgroundWorker<MemoryStore>| match worker.name() {
        "cancel_backlog" | "node_heartbeat" => 2,
        _ => worker.dues().len().max(1),
    };
    let per_minute = |worker: &dyn super::BackgroundWorker<MemoryStore>| {
        u64::try_from(asks(worker)).unwrap_or(u64::MAX) * 60_000 / worker.tick_ms()
    };
    let total: u64 = registry::<MemoryStore>().iter().map(|worker| per_minute(&**worker)).sum();
    assert!(total <= 25 * 60, "{total} in a minute");
}
