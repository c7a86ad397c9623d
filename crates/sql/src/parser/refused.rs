//! Statements that are known and not done: planned ones (LV-S004) and those of other products (LV-S002).

use levada_base::{Code, Error, Result, codes};

use super::reader::Reader;

struct Refused {
    /// The first words, with `CREATE` or `DROP` and what may stand behind them left out where [`Start::Object`] says so.
    words: &'static str,
    start: Start,
    code: Code,
    hint: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Start {
    /// The statement starts with the words.
    Statement,
    /// The words name a kind of object behind CREATE, CREATE OR REPLACE, DROP or ALTER.
    Object,
}

const fn planned(start: Start, words: &'static str, hint: &'static str) -> Refused {
    Refused { words, start, code: codes::LV_S004, hint }
}

const fn foreign(start: Start, words: &'static str, hint: &'static str) -> Refused {
    Refused { words, start, code: codes::LV_S002, hint }
}

use Start::{Object, Statement};

/// One line each; the first that fits counts.
const REFUSED: &[Refused] = &[
    planned(Object, "FLOW", "use CREATE MATERIALIZED VIEW … AS …"),
    planned(Object, "LOOKUP TABLE", "use CREATE TABLE with a PRIMARY KEY and join it"),
    planned(Object, "INDEX", "leave it out: keys of joins and groups are indexed by the view itself"),
    planned(Object, "UNIQUE INDEX", "declare PRIMARY KEY (…) in the table"),
    planned(Object, "FUNCTION", "write the expression into the query, or into a view"),
    planned(Object, "AGGREGATE", "use one of the built-in aggregates"),
    planned(Object, "SECRET", "write '${NAME}' as the option's value and set the environment variable"),
    planned(Object, "CONNECTION", "write the options into each source and sink"),
    planned(Object, "SCHEMA", "use names in the schema public"),
    planned(Object, "TASK", "run the statements from a script"),
    planned(Object, "SUBSCRIPTION", "use SUBSCRIBE"),
    planned(Object, "SAVEPOINT", "keep the script that creates the objects"),
    planned(Object, "ROLE", "leave it out: every session may do everything"),
    planned(Object, "USER", "leave it out: every session may do everything"),
    planned(Object, "RECURSIVE VIEW", "use WITH RECURSIVE in a SELECT"),
    planned(Object, "TEMPORARY", "create the object and drop it"),
    planned(Object, "TEMP", "create the object and drop it"),
    foreign(Object, "EXTERNAL TABLE", "use CREATE SOURCE … WITH (connector = 'file', path = '…')"),
    foreign(Object, "TRIGGER", "use CREATE MATERIALIZED VIEW, or SUBSCRIBE to the changes"),
    foreign(Object, "RULE", "use CREATE VIEW"),
    foreign(Object, "DOMAIN", "use the base type and NOT NULL"),
    foreign(Object, "EXTENSION", "leave it out: connectors and functions are built in"),
    foreign(Object, "SEQUENCE", "insert the keys, or use a computed column"),
    foreign(Object, "TYPE", "write the type out, for example STRUCT<a INT, b TEXT>"),
    foreign(Object, "DATABASE", "open another directory: one process serves one database"),
    planned(Statement, "ALTER", "use CREATE OR REPLACE"),
    planned(Statement, "CREATE OR ALTER", "use CREATE OR REPLACE"),
    planned(Statement, "COPY", "use INSERT INTO t SELECT … FROM 'file.csv'"),
    planned(Statement, "MERGE", "use INSERT … ON CONFLICT, or UPDATE and DELETE"),
    planned(Statement, "BEGIN", "leave it out: each statement is one transaction"),
    planned(Statement, "START TRANSACTION", "leave it out: each statement is one transaction"),
    planned(Statement, "COMMIT", "leave it out: each statement is one transaction"),
    planned(Statement, "ROLLBACK", "leave it out: each statement is one transaction"),
    planned(Statement, "SAVEPOINT", "leave it out: each statement is one transaction"),
    planned(Statement, "RELEASE", "leave it out: each statement is one transaction"),
    planned(Statement, "PREPARE", "run the statement with its values"),
    planned(Statement, "EXECUTE", "run the statement with its values"),
    planned(Statement, "DEALLOCATE", "leave it out"),
    planned(Statement, "DECLARE", "run the SELECT, or SUBSCRIBE"),
    planned(Statement, "FETCH", "run the SELECT, or SUBSCRIBE"),
    planned(Statement, "CLOSE", "leave it out"),
    planned(Statement, "CHECKPOINT", "leave it out"),
    planned(Statement, "RESTORE", "run the script that creates the objects again"),
    planned(Statement, "TEST", "compare the result of a SELECT in a script"),
    planned(Statement, "REFRESH", "use INSERT INTO t SELECT …"),
    planned(Statement, "CANCEL", "use DROP"),
    planned(Statement, "KILL", "use DROP"),
    planned(Statement, "RETRY", "run the statement again"),
    planned(Statement, "COMMENT", "use a -- comment in the script"),
    planned(Statement, "GRANT", "leave it out: every session may do everything"),
    planned(Statement, "REVOKE", "leave it out: every session may do everything"),
    planned(Statement, "WAIT", "use FLUSH"),
    planned(Statement, "DISCARD", "use RESET ALL"),
    planned(Statement, "ANALYZE", "leave it out: nothing depends on statistics"),
    planned(Statement, "VACUUM", "leave it out: nothing has to be cleaned up"),
    planned(Statement, "LATENESS", "declare WATERMARK FOR column AS column - INTERVAL '…'"),
    foreign(Statement, "LISTEN", "use SUBSCRIBE"),
    foreign(Statement, "UNLISTEN", "end the SUBSCRIBE"),
    foreign(Statement, "NOTIFY", "insert a row into a table that others SUBSCRIBE to"),
    foreign(Statement, "LOCK", "leave it out: readers see one epoch and never block"),
    foreign(Statement, "USE", "write schema.name"),
    foreign(Statement, "PRAGMA", "use SET"),
    foreign(Statement, "PRINT", "use SELECT or SUBSCRIBE"),
    foreign(Statement, "CALL", "use SELECT"),
];

/// An error if the statement is one of those above.
pub(crate) fn refuse(reader: &Reader<'_>) -> Result<()> {
    let object = object_index(reader);
    for refused in REFUSED {
        let at = match refused.start {
            Statement => Some(reader.index()),
            Object => object,
        };
        let Some(at) = at.filter(|at| reader.is_at(*at, refused.words)) else { continue };
        let end = at + refused.words.split(' ').count();
        let words = reader.text(reader.index(), end).split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
        let message = match refused.code == codes::LV_S004 {
            true => format!("{words} is planned, but not in this release"),
            false => format!("{words} is a statement of other products"),
        };
        return Err(Error::new(refused.code, message).with_hint(refused.hint).at(reader.position_from(reader.index(), end)));
    }
    Ok(())
}

/// Where the kind stands behind CREATE, CREATE OR REPLACE or DROP.
fn object_index(reader: &Reader<'_>) -> Option<usize> {
    let index = reader.index();
    let verbs = ["CREATE OR REPLACE", "CREATE", "DROP"];
    verbs.iter().find(|words| reader.is_at(index, words)).map(|words| index + words.split(' ').count())
}
