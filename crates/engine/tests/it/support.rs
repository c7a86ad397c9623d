//! A database and its answers, in as few words as a test can say them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use levada::{Code, Database, Outcome};

/// An empty database with one shard.
pub fn database() -> Database {
    Database::builder().shards(1).open_in_memory().expect("a database")
}

/// Executes statements of which every one must succeed.
pub fn run(db: &Database, sql: &str) {
    for parsed in levada_sql::parse_script(sql).expect("a script") {
        let text = parsed.text.clone();
        if let Err(error) = futures::executor::block_on(db.execute_parsed(parsed)) {
            panic!("{text}\n{error}");
        }
    }
}

/// The rows of a query as text, sorted, a line a row.
pub fn rows(db: &Database, sql: &str) -> Vec<String> {
    let rows = db.query_blocking(sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    let line = |row: Vec<Option<String>>| {
        row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = rows.texts().into_iter().map(line).collect();
    lines.sort();
    lines
}

/// The code that a statement is refused with.
pub fn refusal(db: &Database, sql: &str) -> Code {
    match db.execute_blocking(sql) {
        Ok(outcome) => panic!("{sql}\nwas not refused: {outcome:?}"),
        Err(error) => error.code(),
    }
}

/// The notices of a statement.
pub fn notices(db: &Database, sql: &str) -> Vec<Code> {
    let outcome: Outcome = db.execute_blocking(sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    outcome.notices().iter().map(|notice| notice.code).collect()
}

/// A batch of columns by name.
pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

/// Whole numbers.
pub fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

/// Texts.
pub fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// Times in seconds from 1970.
pub fn seconds(values: &[i64]) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values.iter().map(|value| value * 1_000_000).collect::<Vec<_>>()))
}
