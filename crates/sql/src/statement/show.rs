//! `SHOW kinds`, `SHOW CREATE`, `DESCRIBE`: what is in the catalog.

use levada_base::Result;
use sqlparser::ast::Expr;

use super::setting::Parameter;
use super::{At, Ident, ObjectKind, Statement};
use crate::parser::{Reader, planned};

/// `SHOW listing [FROM schema] [LIKE 'pattern' | WHERE filter]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Show {
    pub listing: Listing,
    pub schema: Option<Ident>,
    pub filter: Option<ShowFilter>,
}

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    Objects(ObjectKind),
    Jobs,
    Parameters,
    Warnings,
}

/// Which rows are listed.
#[derive(Debug, Clone, PartialEq)]
pub enum ShowFilter {
    /// The name matches a LIKE pattern.
    Like(At<String>),
    /// The row fulfils a condition.
    Where(At<Box<Expr>>),
}

const LISTINGS: &[(&str, Listing)] = &[
    ("SOURCES", Listing::Objects(ObjectKind::Source)),
    ("TABLES", Listing::Objects(ObjectKind::Table)),
    ("STREAMS", Listing::Objects(ObjectKind::Stream)),
    ("MATERIALIZED VIEWS", Listing::Objects(ObjectKind::MaterializedView)),
    ("VIEWS", Listing::Objects(ObjectKind::View)),
    ("SINKS", Listing::Objects(ObjectKind::Sink)),
    ("JOBS", Listing::Jobs),
    ("QUERIES", Listing::Jobs),
    ("PARAMETERS", Listing::Parameters),
    ("WARNINGS", Listing::Warnings),
];

const PLANNED: &[&str] = &[
    "REFRESHABLE TABLES",
    "LOOKUP TABLES",
    "FLOWS",
    "TASKS",
    "RUNS",
    "INDEXES",
    "FUNCTIONS",
    "CONNECTIONS",
    "SECRETS",
    "SCHEMAS",
    "SUBSCRIPTIONS",
    "CHECKPOINTS",
    "SAVEPOINTS",
    "STATE",
    "LAG",
    "WATERMARKS",
];

/// Reads what follows SHOW.
pub(crate) fn parse_show(reader: &mut Reader<'_>) -> Result<Statement> {
    if reader.take("CREATE") {
        return parse_show_create(reader);
    }
    if let Some((_, listing)) = LISTINGS.iter().find(|(words, _)| reader.take(words)) {
        return Show::parse(reader, *listing).map(Statement::Show);
    }
    if let Some(words) = PLANNED.iter().find(|words| reader.is(words)) {
        let hint = "use SHOW SOURCES, TABLES, STREAMS, MATERIALIZED VIEWS, VIEWS, SINKS, JOBS or PARAMETERS";
        return Err(planned(&format!("SHOW {words}"), hint, reader.position()));
    }
    if reader.at_end() {
        return Err(reader.unexpected_word("what to show", &LISTINGS.iter().map(|(words, _)| *words).collect::<Vec<_>>()));
    }
    Parameter::parse(reader).map(Statement::ShowParameter)
}

fn parse_show_create(reader: &mut Reader<'_>) -> Result<Statement> {
    // An object may be called like a kind: `SHOW CREATE source` asks for the object "source".
    let kind = ObjectKind::ALL.iter().copied().find(|kind| {
        let words = kind.keywords();
        let behind = reader.index() + words.split(' ').count();
        reader.is(words) && behind < reader.length()
    });
    if let Some(kind) = kind {
        reader.expect(kind.keywords())?;
    }
    Ok(Statement::ShowCreate { kind, name: reader.name("a name")? })
}

/// Reads what follows DESCRIBE.
pub(crate) fn parse_describe(reader: &mut Reader<'_>) -> Result<Statement> {
    let extended = reader.index() + 1 < reader.length() && reader.take("EXTENDED");
    Ok(Statement::Describe { name: reader.name("a name")?, extended })
}

impl Show {
    fn parse(reader: &mut Reader<'_>, listing: Listing) -> Result<Self> {
        let schema = if reader.take("FROM") { Some(reader.ident("a schema")?) } else { None };
        let filter = if reader.take("LIKE") {
            Some(ShowFilter::Like(reader.string("a pattern such as 'o%'")?))
        } else if reader.take("WHERE") {
            Some(ShowFilter::Where(reader.expr()?))
        } else {
            None
        };
        Ok(Self { listing, schema, filter })
    }
}
