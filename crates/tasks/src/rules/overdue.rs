//! What is overdue on an execution: one verdict, whoever asks.

use levada_store::alphabets::Phase;
use levada_store::rows::Execution;

/// The due time that came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    Deadline,
    AttemptTimeout,
    Lease,
}

/// The earliest instant that has passed; of equal ones the deadline, then the attempt timeout, then the lease. After an outage leases
/// wait: `back_since_ms` is when the first engine node came back, and a lease then lasts at least its span, 30 s at most, from there.
pub(crate) fn overdue(row: &Execution, now_ms: i64, back_since_ms: Option<i64>) -> Option<Overdue> {
    if row.phase == Phase::Ended {
        return None;
    }
    let active = row.phase == Phase::Active;
    let lease = lease_end(row, back_since_ms).filter(|_| active);
    let instants = [
        (row.deadline_ms, Overdue::Deadline),
        (row.attempt_deadline_ms.filter(|_| active), Overdue::AttemptTimeout),
        (lease, Overdue::Lease),
    ];
    // `min_by_key` keeps the first of equal ones.
    let passed = instants.into_iter().filter_map(|(at, what)| at.filter(|at| *at <= now_ms).map(|at| (at, what)));
    passed.min_by_key(|(at, _)| *at).map(|(_, what)| what)
}

/// The longest time that a lease waits after an outage.
pub(crate) const GRACE_MS_MAX: i64 = 30_000;

/// When a lease is over, if nobody renews it.
pub(crate) fn lease_end(row: &Execution, back_since_ms: Option<i64>) -> Option<i64> {
    row.lease_until_ms.map(|until| until.max(grace_end(row, back_since_ms)))
}

fn grace_end(row: &Execution, back_since_ms: Option<i64>) -> i64 {
    let span = row.lease_ttl_ms.unwrap_or(GRACE_MS_MAX).min(GRACE_MS_MAX);
    back_since_ms.map_or(i64::MIN, |since| since.saturating_add(span))
}
