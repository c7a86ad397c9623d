//! Migrations: numbered, append-only, each one transaction, remembered with a digest of its text.

use levada_base::codes;
use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::errors::{Failure, Result};

/// One step of the schema.
pub(crate) struct Migration {
    number: i64,
    name: &'static str,
    text: &'static str,
}

/// Every step, in order. One that was released is never edited.
pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, name: "tables", text: include_str!("sql/migrations/0001_tables.sql") }];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_ms INTEGER NOT NULL
) STRICT";

/// Brings the schema to this build's. What was already applied must be what this build knows.
///
/// # Errors
/// `LV-T705` for an edited migration, a newer schema, or a file that is no store of ours; then nothing is changed.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[Migration], now_ms: i64) -> Result<()> {
    let applied = applied(connection)?;
    verify(&applied, migrations)?;
    for migration in &migrations[applied.len()..] {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(TABLE)?;
        transaction.execute_batch(migration.text)?;
        transaction.execute(
            "INSERT INTO migration (number, name, sha256, applied_ms) VALUES (?1, ?2, ?3, ?4)",
            (migration.number, migration.name, migration.digest(), now_ms),
        )?;
        transaction.commit()?;
    }
    Ok(())
}

/// Number and digest of what was applied, in order.
fn applied(connection: &Connection) -> Result<Vec<(i64, String)>> {
    let named = "SELECT count(*), count(*) FILTER (WHERE name = 'migration') FROM sqlite_schema WHERE type = 'table'";
    let (tables, known): (i64, i64) = connection.query_row(named, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match (tables, known) {
        (0, _) => Ok(Vec::new()),
        (_, 0) => Err(Failure::new(codes::LV_T705, "the file is a database of something else", "take another file")),
        _ => {
            let mut statement = connection.prepare("SELECT number, sha256 FROM migration ORDER BY number")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        }
    }
}

fn verify(applied: &[(i64, String)], migrations: &[Migration]) -> Result<()> {
    let (have, want) = (applied.last().map_or(0, |last| last.0), migrations.last().map_or(0, |last| last.number));
    let refused = |why: String| {
        let hint = "upgrade, or run migrations";
        Err(Failure::new(codes::LV_T705, format!("schema {have}, this build needs {want}: {why}"), hint))
    };
    if applied.len() > migrations.len() {
        return refused("a newer build wrote it".to_owned());
    }
    for ((number, digest), migration) in applied.iter().zip(migrations) {
        if *number != migration.number || *digest != migration.digest() {
            return refused(format!("migration {number} was applied in another form"));
        }
    }
    Ok(())
}

impl Migration {
    fn digest(&self) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        for byte in Sha256::digest(self.text.as_bytes()) {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { number: 1, name: "first", text: "CREATE TABLE one (id INTEGER) STRICT" };
    const BROKEN: Migration =
        Migration { number: 2, name: "broken", text: "CREATE TABLE two (id INTEGER) STRICT; INSERT INTO nothing VALUES (1)" };
    const SECOND: Migration = Migration { number: 2, name: "second", text: "CREATE TABLE two (id INTEGER) STRICT" };

    fn code(result: Result<()>) -> Option<&'static str> {
        result.err().map(|failure| failure.error().code().name())
    }

    #[test]
    fn t_116_a_migration_that_fails_leaves_nothing_and_can_be_tried_again() -> Result<()> {
        let mut connection = Connection::open_in_memory()?;
        assert!(migrate(&mut connection, &[FIRST, BROKEN], 0).is_err());
        assert_eq!(applied(&connection)?.len(), 1);
        migrate(&mut connection, &[FIRST, SECOND], 0)?;
        migrate(&mut connection, &[FIRST, SECOND], 0)?;
        assert_eq!(applied(&connection)?.len(), 2);
        assert_eq!(code(migrate(&mut connection, &[FIRST], 0)), Some("LV-T705"), "a newer schema");
        assert_eq!(code(migrate(&mut connection, &[FIRST, BROKEN], 0)), Some("LV-T705"), "an edited migration");
        Ok(())
    }

    #[test]
    fn t_116_a_database_of_something_else_is_left_alone() -> Result<()> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch("CREATE TABLE theirs (id INTEGER)")?;
        assert_eq!(code(migrate(&mut connection, MIGRATIONS, 0)), Some("LV-T705"));
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        assert_eq!(tables, 1);
        Ok(())
    }
}
