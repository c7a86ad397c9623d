//! What one step of a background worker did.

use std::collections::BTreeMap;

use levada_store::ExecutionId;

/// The report of one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many of each; counters that are zero may be absent.
    pub counters: BTreeMap<&'static str, u64>,
    /// There is more to do at once.
    pub more: bool,
    /// Store time from which there is something to do again, as far as is stored now.
    pub next_due_ms: Option<i64>,
    /// Executions, runs and schedules that could not be handled and are left alone for a while.
    pub left_alone: Vec<ExecutionId>,
}

impl Report {
    /// How many of one kind.
    #[must_use]
    pub fn count(&self, counter: &str) -> u64 {
        self.counters.get(counter).copied().unwrap_or(0)
    }

    /// Whether it did anything.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.counters.values().all(|count| *count == 0)
    }

    pub(crate) fn add(&mut self, counter: &'static str, count: impl Into<u64>) {
        *self.counters.entry(counter).or_default() += count.into();
    }

    /// Looks again at this time, or before.
    pub(crate) fn again_at(&mut self, at_ms: Option<i64>) {
        self.next_due_ms = [self.next_due_ms, at_ms].into_iter().flatten().min();
    }
}
