//! A case: statements and pushes in order. A seed makes one; a failing one can be made smaller and be printed as a script.

use std::fmt;

use crate::datum::{Datum, Type};
use crate::query::Query;

/// What happens, one thing an epoch.
#[derive(Debug, Clone)]
pub enum Step {
    CreateTable(Table),
    CreateSource(Source),
    CreateView(Box<View>),
    DropView(String),
    Insert {
        table: String,
        rows: Vec<Vec<Datum>>,
    },
    /// UPDATE, DELETE.
    Write {
        table: String,
        sql: String,
    },
    Push {
        source: String,
        types: Vec<Type>,
        rows: Vec<Vec<Datum>>,
    },
    /// Takes rows of a source of upserts back, by their key.
    Unpush {
        source: String,
        keys: Vec<i64>,
    },
    /// Nothing more comes into the source.
    End {
        source: String,
    },
}

/// A table to create.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Type>,
    pub kind: TableKind,
}

/// What a table does with equal keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// There is no key: rows may be equal.
    Bag,
    /// `c0` is the key; a second row of it is refused.
    Keyed,
    /// `c0` is the key; a second row of it takes the place of the first.
    Overwrite,
    /// Rows never leave.
    AppendOnly,
}

/// A source to create, which the case pushes into.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub columns: Vec<Type>,
    pub kind: SourceKind,
}

/// What a source's rows mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Rows are added.
    Plain,
    /// Rows are added; `time` is their event time and the watermark `delay` microseconds behind it.
    Timed { time: usize, delay: i64 },
    /// The newest row of each `c0` counts.
    Upserts,
}

/// A continuous query to create.
#[derive(Debug, Clone)]
pub struct View {
    pub name: String,
    pub stored: bool,
    pub query: Query,
}

/// Everything of a case.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub steps: Vec<Step>,
}

const SECOND_US: i64 = 1_000_000;

impl Table {
    /// The statement that creates it.
    #[must_use]
    pub fn sql(&self) -> String {
        let key = match self.kind {
            TableKind::Bag | TableKind::AppendOnly => "",
            TableKind::Keyed | TableKind::Overwrite => ", PRIMARY KEY (c0)",
        };
        let tail = match self.kind {
            TableKind::Overwrite => " ON CONFLICT OVERWRITE",
            TableKind::AppendOnly => " APPEND ONLY",
            TableKind::Bag | TableKind::Keyed => "",
        };
        format!("CREATE TABLE {} ({}{key}){tail}", self.name, columns(&self.columns))
    }
}

impl Source {
    fn sql(&self) -> String {
        let columns = columns(&self.columns);
        match self.kind {
            SourceKind::Plain => format!("CREATE SOURCE {} ({columns})", self.name),
            SourceKind::Timed { time, delay } => {
                let mark = format!("c{time} - INTERVAL '{}' SECOND", delay / SECOND_US);
                format!("CREATE SOURCE {} ({columns}, WATERMARK FOR c{time} AS {mark})", self.name)
            }
            SourceKind::Upserts => format!("CREATE SOURCE {} ({columns}, PRIMARY KEY (c0)) ENVELOPE UPSERT", self.name),
        }
    }

    /// The table that holds its rows for the second text.
    #[must_use]
    pub fn mirror(&self) -> Table {
        let kind = if self.kind == SourceKind::Upserts { TableKind::Overwrite } else { TableKind::Bag };
        Table { name: mirror(&self.name), columns: self.columns.clone(), kind }
    }
}

/// The name of the table that holds the rows of a source for the second text.
#[must_use]
pub fn mirror(source: &str) -> String {
    format!("{source}_mirror")
}

impl View {
    fn sql(&self) -> String {
        let kind = if self.stored { "MATERIALIZED VIEW" } else { "STREAM" };
        let clause = self.query.closing.as_ref().map_or("", |closing| &closing.clause);
        format!("CREATE {kind} {} AS {}{clause}", self.name, self.query.engine)
    }
}

/// `c0 BIGINT, c1 TEXT, …`
pub fn columns(types: &[Type]) -> String {
    let columns: Vec<String> = types.iter().enumerate().map(|(at, data_type)| format!("c{at} {}", data_type.sql())).collect();
    columns.join(", ")
}

/// `(1, 'a'), (2, NULL)`
fn values(rows: &[Vec<Datum>]) -> String {
    let row = |row: &Vec<Datum>| format!("({})", row.iter().map(Datum::literal).collect::<Vec<_>>().join(", "));
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

impl Step {
    /// The statement that does it; a push and the end of a source are calls, and this only says them.
    #[must_use]
    pub fn sql(&self) -> String {
        match self {
            Self::CreateTable(table) => table.sql(),
            Self::CreateSource(source) => source.sql(),
            Self::CreateView(view) => view.sql(),
            Self::DropView(name) => format!("DROP MATERIALIZED VIEW {name}"),
            Self::Insert { table, rows } => format!("INSERT INTO {table} VALUES {}", values(rows)),
            Self::Write { sql, .. } => sql.clone(),
            Self::Push { source, rows, .. } => format!("INSERT INTO {source} VALUES {}", values(rows)),
            Self::Unpush { source, keys } => {
                let values: Vec<String> = keys.iter().map(|key| format!("({key}, 'delete')")).collect();
                format!("INSERT INTO {source} (c0, _op) VALUES {}", values.join(", "))
            }
            Self::End { source } => format!("-- end of {source}"),
        }
    }
}

impl Step {
    /// The table or source that may have changed after it.
    #[must_use]
    pub fn touches(&self) -> &str {
        match self {
            Self::CreateTable(_) | Self::CreateSource(_) | Self::CreateView(_) | Self::DropView(_) => "",
            Self::Insert { table, .. } | Self::Write { table, .. } => table,
            Self::Push { source, .. } | Self::Unpush { source, .. } | Self::End { source } => source,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(out, "{};", step.sql()))
    }
}
