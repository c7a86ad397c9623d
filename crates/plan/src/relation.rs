//! What planning knows of a relation.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::TableSource;
use levada_base::ObjectId;

/// A named relation as a query sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub id: ObjectId,
    pub name: String,
    pub kind: RelationKind,
    pub schema: SchemaRef,
    /// Columns that no two live rows share; an empty list says that there is at most one row.
    pub key: Option<Vec<usize>>,
    /// Whether rows are never retracted.
    pub append_only: bool,
    /// Columns whose completeness the relation's watermark tells.
    pub times: Vec<TimeColumn>,
    /// Whether new rows may come for ever without an old one ever leaving.
    pub unbounded: bool,
}

/// Where a relation's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// Nowhere: they come and go by.
    Passing,
    /// Nowhere, and they come as upserts: weight > 0 sets the row of its key, weight < 0 deletes it.
    Upserts,
    /// In Levada: they can be read again.
    Stored,
}

/// A column of event time: all rows whose value is `v` have come once the watermark `W >= v + delay`. The unit is the column's
/// (microseconds for timestamps). A source's own event time has delay 1; a window's start has its size, a window's end 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeColumn {
    pub column: usize,
    pub delay: i64,
}

/// A relation where DataFusion looks for a table: columns, and nothing to read.
#[derive(Debug)]
pub struct PlanSource(pub Arc<Relation>);

impl TableSource for PlanSource {
    fn schema(&self) -> SchemaRef {
        self.0.schema.clone()
    }
}
