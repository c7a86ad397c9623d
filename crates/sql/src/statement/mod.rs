//! The statements as values: one file for each, with its type, how it is read and, for CREATE, how it is printed.
//!
//! Invariant: places do not count when statements are compared, and `parse(print(x)) == x` for every CREATE statement.

mod at;
mod column;
mod continuous;
mod delete;
mod drop;
mod encoding;
mod explain;
mod insert;
mod name;
mod option;
mod query;
mod setting;
mod show;
mod sink;
mod source;
mod subscribe;
mod table;
mod update;

use std::fmt;

use levada_base::Position;

pub use at::At;
pub use column::{COLUMNS_MAX, Column, ColumnValue, WatermarkFor};
pub use continuous::CreateQuery;
pub use delete::Delete;
pub use drop::{Dependants, Drop};
pub use encoding::{Envelope, FormatClause};
pub use explain::{Explain, ExplainFormat, ExplainTarget};
pub use insert::{ConflictAction, Insert, InsertSource, OnConflict};
pub use name::{Ident, Name, Quoted};
pub use option::{OptionItem, OptionValue};
pub use query::{Emit, Query};
pub use setting::{Parameter, Set, SetValue};
pub use show::{Listing, Show, ShowFilter};
pub use sink::{CreateSink, SinkInput, SinkKey};
pub use source::CreateSource;
pub use subscribe::{Subscribe, SubscribeInput};
pub use table::{CreateTable, TableConflict};
pub use update::{Assignment, Update};

pub(crate) use encoding::{parse_envelope, parse_format};
pub(crate) use option::{parse_option_value, parse_options};
pub(crate) use show::{parse_describe, parse_show};

/// A statement, its text without the closing `;`, and where it stands in the script.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub statement: Statement,
    pub text: String,
    pub position: Position,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    CreateSource(CreateSource),
    CreateTable(CreateTable),
    CreateStream(CreateQuery),
    CreateMaterializedView(CreateQuery),
    CreateView(CreateQuery),
    CreateSink(CreateSink),
    Drop(Drop),
    Show(Show),
    ShowCreate { kind: Option<ObjectKind>, name: Name },
    Describe { name: Name, extended: bool },
    Explain(Explain),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    Truncate(Name),
    Select(Query),
    Subscribe(Subscribe),
    Set(Set),
    Reset(Parameter),
    ShowParameter(Parameter),
    Flush,
}

impl Statement {
    /// The canonical text of a CREATE statement, which reads back as an equal statement; none for the others.
    #[must_use]
    pub fn to_sql(&self) -> Option<String> {
        match self {
            Self::CreateSource(create) => Some(create.to_string()),
            Self::CreateTable(create) => Some(create.to_string()),
            Self::CreateStream(create) | Self::CreateMaterializedView(create) | Self::CreateView(create) => {
                Some(create.to_string())
            }
            Self::CreateSink(create) => Some(create.to_string()),
            _ => None,
        }
    }
}

/// The kinds of objects that a name can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    Source,
    Table,
    Stream,
    MaterializedView,
    View,
    Sink,
}

impl ObjectKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &[Self] = &[Self::Source, Self::Table, Self::Stream, Self::MaterializedView, Self::View, Self::Sink];

    /// The kind as it is typed.
    #[must_use]
    pub const fn keywords(self) -> &'static str {
        match self {
            Self::Source => "SOURCE",
            Self::Table => "TABLE",
            Self::Stream => "STREAM",
            Self::MaterializedView => "MATERIALIZED VIEW",
            Self::View => "VIEW",
            Self::Sink => "SINK",
        }
    }
}

/// The kind as a message says it.
impl fmt::Display for ObjectKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.keywords().to_lowercase())
    }
}

/// What CREATE does when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Fail,
    OrReplace,
    IfNotExists,
}

impl Existing {
    /// The words in front of the name.
    fn create(self, kind: &str) -> String {
        match self {
            Self::Fail => format!("CREATE {kind} "),
            Self::OrReplace => format!("CREATE OR REPLACE {kind} "),
            Self::IfNotExists => format!("CREATE {kind} IF NOT EXISTS "),
        }
    }
}
