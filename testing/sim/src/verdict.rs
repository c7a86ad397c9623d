//! What a case showed: counts, or the first thing that went wrong.

use std::collections::BTreeMap;
use std::fmt;

use levada::{Code, Error};

/// How often which thing happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Views that were compared at least once.
    pub views: usize,
    pub comparisons: usize,
    /// Rows in the answers that were compared.
    pub rows: usize,
    /// Views that the planner refused, by code.
    pub refused: BTreeMap<String, usize>,
    /// Texts that the batch engine itself can't evaluate: it fails or panics.
    pub unanswered: usize,
    /// Rows too late for a window.
    pub late: usize,
}

/// What went wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Index of the step.
    pub step: usize,
    pub kind: FailureKind,
    pub what: String,
}

/// Sorts failures, so that a smaller case shows the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// A view is not what the batch answer is.
    Content,
    /// A subscription does not add up to the view.
    Changes,
    /// Something failed that should not.
    Error(Code),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "after step {}: {}", self.step, self.what)
    }
}

impl Tally {
    /// Adds what another case counted.
    pub fn add(&mut self, other: &Self) {
        let Self { views, comparisons, rows, refused, unanswered, late } = other;
        self.views += views;
        self.comparisons += comparisons;
        self.rows += rows;
        self.unanswered += unanswered;
        self.late += late;
        for (code, count) in refused {
            *self.refused.entry(code.clone()).or_default() += count;
        }
    }

    /// Of 100 views, how many the planner refused; a part of one counts as one.
    #[must_use]
    pub fn refused_percent(&self) -> usize {
        let refused: usize = self.refused.values().sum();
        (100 * refused).div_ceil((self.views + refused).max(1))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { views, comparisons, rows, refused, unanswered, late } = self;
        write!(out, "{views} views compared {comparisons} times, {rows} rows in the answers, {late} late for a window")?;
        write!(out, "\n{unanswered} times the batch engine had no answer")?;
        refused.iter().try_for_each(|(code, count)| write!(out, "\n{count} views refused with {code}"))
    }
}

impl Failure {
    /// A call that failed although it should not.
    pub(crate) fn of(step: usize, doing: &str, error: &Error) -> Self {
        Self { step, kind: FailureKind::Error(error.code()), what: format!("{error}\n  in {doing}") }
    }
}
