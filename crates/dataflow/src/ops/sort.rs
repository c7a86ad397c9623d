//! An order over rows, shared by the operators that need one.

use std::fmt;

use arrow::compute::SortOptions;

/// One column of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortColumn {
    pub column: usize,
    pub descending: bool,
    pub nulls_first: bool,
}

impl SortColumn {
    /// In Arrow's words.
    #[must_use]
    pub fn options(self) -> SortOptions {
        SortOptions { descending: self.descending, nulls_first: self.nulls_first }
    }
}

impl fmt::Display for SortColumn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.descending { " desc" } else { "" };
        // NULLs last ascending, first descending is the rule; only the exception is said.
        let nulls = match (self.descending, self.nulls_first) {
            (false, true) => " nulls first",
            (true, false) => " nulls last",
            _ => "",
        };
        write!(out, "#{}{direction}{nulls}", self.column)
    }
}
