//! From the first words of a statement to the file that reads it.

use levada_base::{Error, Result, codes};
use sqlparser::tokenizer::Token;

use super::reader::Reader;
use super::refused::refuse;
use crate::statement::{
    CreateQuery, CreateSink, CreateSource, CreateTable, Delete, Drop, Existing, Explain, Insert, ObjectKind, Parameter, Query,
    Set, Statement, Subscribe, Update, parse_describe, parse_show,
};

/// The words a statement starts with.
const STARTS: &[&str] = &[
    "SELECT",
    "FROM",
    "WITH",
    "VALUES",
    "CREATE",
    "DROP",
    "SHOW",
    "DESCRIBE",
    "EXPLAIN",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "SUBSCRIBE",
    "SET",
    "RESET",
    "FLUSH",
];

/// The kinds of objects.
const KINDS: &[&str] = &["SOURCE", "TABLE", "STREAM", "MATERIALIZED VIEW", "VIEW", "SINK"];

/// Words that a shell may complete, in upper case.
pub const KEYWORDS: &[&str] = &[
    "ALLOWED LATENESS",
    "AND",
    "APPEND ONLY",
    "AS",
    "BETWEEN",
    "BY",
    "CASCADE",
    "CASE",
    "CAST",
    "CHANGES",
    "CREATE",
    "CROSS",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "EMIT",
    "END",
    "ENVELOPE",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "EXTENDED",
    "FALSE",
    "FILTER",
    "FINAL",
    "FLUSH",
    "FORMAT",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "HOP",
    "IF",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOBS",
    "JOIN",
    "KEY",
    "LATE DATA TO",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MATERIALIZED",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OVER",
    "PARTITION",
    "PRIMARY",
    "QUALIFY",
    "REPLACE",
    "RESET",
    "RESTRICT",
    "RETURNING",
    "RIGHT",
    "SELECT",
    "SET",
    "SHOW",
    "SINK",
    "SINKS",
    "SOURCE",
    "SOURCES",
    "STREAM",
    "STREAMS",
    "SUBSCRIBE",
    "TABLE",
    "TABLES",
    "THEN",
    "TO",
    "TRUE",
    "TRUNCATE",
    "TUMBLE",
    "UNION",
    "UPDATE",
    "USING",
    "VALUES",
    "VIEW",
    "VIEWS",
    "WATERMARK",
    "WHEN",
    "WHERE",
    "WINDOW CLOSE",
    "WITH",
];

/// Reads one statement; what is left over is for the caller to refuse.
pub(crate) fn parse_statement(reader: &mut Reader<'_>) -> Result<Statement> {
    refuse(reader)?;
    let query = ["SELECT", "FROM", "WITH", "VALUES"].iter().any(|word| reader.is(word));
    if query || reader.is_symbol(&Token::LParen) {
        let query = Query::parse(reader)?;
        query.refuse_continuous(codes::LV_S521, "a SELECT that runs once")?;
        return Ok(Statement::Select(query));
    }
    if reader.take("CREATE") {
        parse_create(reader)
    } else if reader.take("DROP") {
        let kind = parse_kind(reader)?;
        Drop::parse(reader, kind).map(Statement::Drop)
    } else if reader.take("SHOW") {
        parse_show(reader)
    } else if reader.take("DESCRIBE") || reader.take("DESC") {
        parse_describe(reader)
    } else if reader.take("EXPLAIN") {
        Explain::parse(reader).map(Statement::Explain)
    } else {
        parse_data_statement(reader)
    }
}

fn parse_data_statement(reader: &mut Reader<'_>) -> Result<Statement> {
    if reader.take("INSERT") {
        Insert::parse(reader).map(Statement::Insert)
    } else if reader.take("UPDATE") {
        Update::parse(reader).map(Statement::Update)
    } else if reader.take("DELETE") {
        Delete::parse(reader).map(Statement::Delete)
    } else if reader.take("TRUNCATE") {
        if reader.is("TABLE") && matches!(reader.token(1), Token::Word(_)) {
            reader.skip(1);
        }
        reader.name("a table").map(Statement::Truncate)
    } else if reader.take("SUBSCRIBE") {
        Subscribe::parse(reader).map(Statement::Subscribe)
    } else if reader.take("SET") {
        Set::parse(reader).map(Statement::Set)
    } else if reader.take("RESET") {
        Parameter::parse(reader).map(Statement::Reset)
    } else if reader.take("FLUSH") {
        Ok(Statement::Flush)
    } else {
        Err(reader.unexpected_word("a statement", STARTS))
    }
}

fn parse_create(reader: &mut Reader<'_>) -> Result<Statement> {
    let replace = reader.take("OR REPLACE");
    if reader.is("LOCAL VIEW") {
        reader.skip(1);
    }
    let kind = parse_kind(reader)?;
    let first = reader.index();
    let if_not_exists = reader.take("IF NOT EXISTS");
    let existing = match (replace, if_not_exists) {
        (false, false) => Existing::Fail,
        (true, false) => Existing::OrReplace,
        (false, true) => Existing::IfNotExists,
        (true, true) => {
            return Err(Error::new(codes::LV_S003, "OR REPLACE contradicts IF NOT EXISTS")
                .with_hint("remove one of the two")
                .at(reader.position_from(first, first + 3)));
        }
    };
    let name = reader.name("a name")?;
    Ok(match kind {
        ObjectKind::Source => Statement::CreateSource(CreateSource::parse(reader, existing, name)?),
        ObjectKind::Table => Statement::CreateTable(CreateTable::parse(reader, existing, name)?),
        ObjectKind::Sink => Statement::CreateSink(CreateSink::parse(reader, existing, name)?),
        ObjectKind::Stream => Statement::CreateStream(CreateQuery::parse(reader, existing, kind, name)?),
        ObjectKind::View => Statement::CreateView(CreateQuery::parse(reader, existing, kind, name)?),
        ObjectKind::MaterializedView => Statement::CreateMaterializedView(CreateQuery::parse(reader, existing, kind, name)?),
    })
}

fn parse_kind(reader: &mut Reader<'_>) -> Result<ObjectKind> {
    match ObjectKind::ALL.iter().find(|kind| reader.take(kind.keywords())) {
        Some(kind) => Ok(*kind),
        None if reader.take("MATERIALIZED") => Err(reader.unexpected("VIEW")),
        None => Err(reader.unexpected_word("a kind of object", KINDS)),
    }
}
