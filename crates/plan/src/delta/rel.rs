//! What is known of a planned relation.

use arrow::datatypes::SchemaRef;
use datafusion::common::DFSchemaRef;
use levada_dataflow::{NodeId, Route};
use std::sync::Arc;

use crate::relation::TimeColumn;
use crate::scalar::Expression;

/// A graph node and what holds for its rows.
#[derive(Debug, Clone)]
pub(super) struct Rel {
    pub node: NodeId,
    /// The columns with the names that expressions above use.
    pub schema: DFSchemaRef,
    pub append_only: bool,
    /// Columns that no two live rows share; empty says there is at most one row.
    pub key: Option<Vec<usize>>,
    pub times: Vec<TimeColumn>,
    pub placement: Placement,
    /// Whether an epoch's changes are net.
    pub net: bool,
    /// Whether rows come only when their window closes.
    pub closed: bool,
    /// Whether rows may come for ever without old ones leaving.
    pub unbounded: bool,
}

/// Which shard a row is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placement {
    Anywhere,
    /// Rows with equal values in these columns are on one shard.
    By(Vec<usize>),
    /// All rows are on the first shard.
    First,
}

impl Rel {
    /// The columns in Arrow's form.
    pub(super) fn arrow(&self) -> SchemaRef {
        Arc::new(self.schema.as_arrow().clone())
    }

    /// How many columns.
    pub(super) fn width(&self) -> usize {
        self.schema.fields().len()
    }

    /// How rows must travel so that those with equal `columns` meet; all rows meet if there are none.
    pub(super) fn route_by(&self, columns: &[usize]) -> Route {
        match &self.placement {
            Placement::First => Route::Local,
            // Rows that agree in all of `columns` agree in each part of them.
            Placement::By(own) if !columns.is_empty() && own.iter().all(|column| columns.contains(column)) => Route::Local,
            Placement::By(_) | Placement::Anywhere if columns.is_empty() => Route::Single,
            Placement::By(_) | Placement::Anywhere => Route::Hash(columns.to_vec()),
        }
    }

    /// Where the rows are after [`Rel::route_by`].
    pub(super) fn placed_by(&self, columns: &[usize]) -> Placement {
        match self.route_by(columns) {
            Route::Local => self.placement.clone(),
            Route::Single => Placement::First,
            Route::Hash(columns) => Placement::By(columns),
        }
    }

    /// A column as an expression, found by its place: names may be there twice.
    pub(super) fn column(&self, column: usize) -> Expression {
        Expression::column(self.schema.field(column).name(), column)
    }

    /// The delay of a column of event time.
    pub(super) fn time(&self, column: usize) -> Option<i64> {
        self.times.iter().find(|time| time.column == column).map(|time| time.delay)
    }
}

/// The same facts about columns that went elsewhere: `to[i]` is where column `i` is now.
pub(super) struct Moved<'a>(pub &'a [Option<usize>]);

impl Moved<'_> {
    /// All columns, if none was lost.
    pub(super) fn all(&self, columns: &[usize]) -> Option<Vec<usize>> {
        columns.iter().map(|&column| self.0[column]).collect()
    }

    /// The times that are still there.
    pub(super) fn times(&self, times: &[TimeColumn]) -> Vec<TimeColumn> {
        let moved = |time: &TimeColumn| self.0[time.column].map(|column| TimeColumn { column, delay: time.delay });
        times.iter().filter_map(moved).collect()
    }

    /// The placement, if its columns are still there.
    pub(super) fn placement(&self, placement: &Placement) -> Placement {
        match placement {
            Placement::Anywhere => Placement::Anywhere,
            Placement::First => Placement::First,
            Placement::By(columns) => self.all(columns).map_or(Placement::Anywhere, Placement::By),
        }
    }
}
