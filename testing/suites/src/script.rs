//! Running a sqllogictest script.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use levada::Database;
use sqllogictest::{DefaultColumnType, ExpectedError, QueryExpect, Record, Runner, StatementExpect, parse_file};

use crate::session::Session;

/// Runs the script at `path` in a database of its own with `shards` compute shards. `connection` in the script is another session in
/// the same database; `__TEST_DIR__` in a statement is a directory that goes away.
///
/// # Errors
/// The first record whose outcome is not the expected one; a record that would accept any outcome.
pub fn run_script(path: &Path, shards: usize) -> Result<()> {
    let records = parse_file::<DefaultColumnType>(path)?;
    ensure!(records.iter().any(is_check), "the script checks nothing");
    for record in &records {
        refuse_vague(record)?;
    }
    let database = Database::builder().shards(shards).open_in_memory()?;
    let session = {
        let database = database.clone();
        move || std::future::ready(Ok(Session::new(database.clone())))
    };
    let mut runner = Runner::new(session);
    runner.with_column_validator(has_columns);
    let outcome = runner.run_multi(records).with_context(|| format!("with {shards} shards"));
    runner.shutdown();
    database.close()?;
    outcome
}

fn is_check(record: &Record<DefaultColumnType>) -> bool {
    let is_refusal = matches!(record, Record::Statement { expected: StatementExpect::Error(_), .. });
    is_refusal || matches!(record, Record::Query { .. })
}

/// A test says which error it expects, waits for nothing but events, and leaves nothing out.
fn refuse_vague(record: &Record<DefaultColumnType>) -> Result<()> {
    match record {
        Record::Statement { expected: StatementExpect::Error(ExpectedError::Empty), loc, .. }
        | Record::Query { expected: QueryExpect::Error(ExpectedError::Empty), loc, .. } => {
            bail!("{loc}: name the code of the error")
        }
        Record::Sleep { loc, .. } | Record::Halt { loc } => bail!("{loc}: a script neither sleeps nor halts"),
        Record::Statement { retry: Some(_), loc, .. } | Record::Query { retry: Some(_), loc, .. } => {
            bail!("{loc}: a script tries nothing twice")
        }
        Record::Condition(condition) => bail!("a script runs whole, without {condition:?}"),
        _ => Ok(()),
    }
}

/// The number of columns and, where the script names it, the type of each.
#[expect(clippy::ptr_arg, reason = "the runner's type for validators")]
fn has_columns(actual: &Vec<DefaultColumnType>, expected: &Vec<DefaultColumnType>) -> bool {
    let fits = |(actual, expected): (&DefaultColumnType, &DefaultColumnType)| {
        *expected == DefaultColumnType::Any || actual == expected
    };
    actual.len() == expected.len() && actual.iter().zip(expected).all(fits)
}
