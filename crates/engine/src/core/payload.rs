//! What the catalog's objects are.

use std::sync::Arc;

use levada_plan::{Expression, Relation};
use levada_sql::Query;

use crate::intake::{Prepare, SourceDefinition};

/// An object as the engine knows it, with the statement that made it.
#[derive(Clone)]
pub(crate) enum Payload {
    Source {
        definition: SourceDefinition,
        sql: String,
    },
    Table {
        definition: TableDefinition,
        sql: String,
    },
    /// A stream or a materialized view: a job of the same id runs it.
    Query {
        relation: Arc<Relation>,
        sql: String,
    },
    /// Text that is put in place of the name.
    View {
        definition: ViewDefinition,
        sql: String,
    },
    /// A job of the same id writes it.
    Sink {
        connector: String,
        sql: String,
    },
}

/// A table.
#[derive(Clone)]
pub(crate) struct TableDefinition {
    pub relation: Arc<Relation>,
    /// Columns of the primary key; none: rows are a multiset.
    pub primary_key: Vec<usize>,
    pub prepare: Arc<Prepare>,
    /// The value of a column that an INSERT leaves out, where one was declared.
    pub defaults: Vec<Option<Arc<Expression>>>,
    pub conflict: Conflict,
    pub watermark: Option<crate::intake::WatermarkDefinition>,
}

/// What an INSERT does about a key that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    Error,
    Overwrite,
    DoNothing,
}

/// A plain view.
#[derive(Clone)]
pub(crate) struct ViewDefinition {
    pub relation: Arc<Relation>,
    pub query: Query,
    pub columns: Vec<String>,
}

impl Payload {
    /// The relation that queries can name.
    pub(crate) fn relation(&self) -> Option<&Arc<Relation>> {
        match self {
            Self::Source { definition, .. } => Some(&definition.relation),
            Self::Table { definition, .. } => Some(&definition.relation),
            Self::Query { relation, .. } => Some(relation),
            Self::View { definition, .. } => Some(&definition.relation),
            Self::Sink { .. } => None,
        }
    }

    /// The statement that makes the object again.
    pub(crate) fn sql(&self) -> &str {
        match self {
            Self::Source { sql, .. }
            | Self::Table { sql, .. }
            | Self::Query { sql, .. }
            | Self::View { sql, .. }
            | Self::Sink { sql, .. } => sql,
        }
    }
}
