//! What a store did since it was opened, as metrics show it.
//!
//! Not what it holds: that is asked by [`crate::Query::Counts`] and [`crate::Query::Bytes`].

use std::collections::BTreeMap;

/// Totals, which only grow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// Transactions that served calls.
    pub transactions: u64,
    /// Calls that were served by them: more than transactions where calls share one.
    pub calls: u64,
    /// Transactions and statements that were tried again, by the SQLSTATE that says why.
    pub retries: BTreeMap<String, u64>,
    /// Commits whose reply was lost, whether or not it was found out later what they did.
    pub unknown_commits: u64,
}

impl Work {
    /// What was done since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |state: &String| earlier.retries.get(state).copied().unwrap_or(0);
        let retries = self.retries.iter().map(|(state, count)| (state.clone(), count.saturating_sub(before(state))));
        Self {
            transactions: self.transactions.saturating_sub(earlier.transactions),
            calls: self.calls.saturating_sub(earlier.calls),
            retries: retries.filter(|(_, count)| *count > 0).collect(),
            unknown_commits: self.unknown_commits.saturating_sub(earlier.unknown_commits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_122_work_since_a_look_is_what_was_added() {
        let of = |transactions, retries: &[(&str, u64)]| Work {
            transactions,
            calls: transactions * 2,
            retries: retries.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect(),
            unknown_commits: transactions,
        };
        let earlier = of(3, &[("40001", 2), ("40P01", 1)]);
        let later = of(10, &[("40001", 5), ("40P01", 1), ("55P03", 1)]);
        assert_eq!(later.since(&earlier), of(7, &[("40001", 3), ("55P03", 1)]));
        assert_eq!(later.since(&later), Work::default());
    }
}
