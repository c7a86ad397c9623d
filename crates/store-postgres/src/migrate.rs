//! Migrations: numbered, append-only, checksummed by the server; each is one transaction.
//!
//! Nodes that start at once take turns: the first migrates, the others find it done. A migration that was changed after it was
//! applied, or one that this build does not know, refuses to open the database (`LV-T705`); nothing is ever dropped.

use levada_base::{Error, codes};
use tokio_postgres::Client;

use crate::connections::quoted;
use crate::errors::Failure;

/// All migrations, in their order.
const MIGRATIONS: &[&str] =
    &[include_str!("sql/migrations/0001_tables.sql"), include_str!("sql/migrations/0002_autovacuum.sql")];

/// The advisory lock of everybody who migrates; the number is arbitrary and must not change.
const LOCK: i64 = 0x1e7a_da00_0001;

/// Brings the schema to this build's version.
///
/// # Errors
/// `LV-T705` if it has another history than this build's.
pub async fn migrate(client: &Client, schema: &str) -> Result<(), Failure> {
    migrate_with(client, schema, MIGRATIONS).await
}

async fn migrate_with(client: &Client, schema: &str, migrations: &[&str]) -> Result<(), Failure> {
    for (number, sql) in (1_i32..).zip(migrations) {
        client.batch_execute(&begin(schema)).await?;
        let applied = applied(client).await?;
        check(client, &applied, migrations).await?;
        if applied.len() < usize::try_from(number).unwrap_or(usize::MAX) {
            client.batch_execute(sql).await?;
            let insert = "INSERT INTO migration (number, checksum) VALUES ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'))";
            client.execute(insert, &[&number, sql]).await?;
        }
        client.batch_execute("COMMIT").await?;
    }
    Ok(())
}

fn begin(schema: &str) -> String {
    let schema = quoted(schema);
    // A schema that is there is not made again: that would ask for a right on the database.
    format!(
        "BEGIN; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({LOCK});
        DO $$ BEGIN
            IF to_regnamespace({}) IS NULL THEN CREATE SCHEMA {schema}; END IF;
        END $$;
        CREATE TABLE IF NOT EXISTS {schema}.migration (number integer PRIMARY KEY, checksum varchar(100) NOT NULL)",
        literal(&schema)
    )
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

async fn applied(client: &Client) -> Result<Vec<(i32, String)>, Failure> {
    let rows = client.query("SELECT number, checksum FROM migration ORDER BY number", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Compares what was applied with what this build knows.
async fn check(client: &Client, applied: &[(i32, String)], migrations: &[&str]) -> Result<(), Failure> {
    if applied.len() > migrations.len() {
        return Err(differs(applied.len(), migrations.len(), "a newer build wrote it").into());
    }
    for ((number, checksum), (expected, sql)) in applied.iter().zip((1..).zip(migrations)) {
        let row = client.query_one("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", &[sql]).await?;
        if *number != expected || *checksum != row.get::<_, String>(0) {
            let why = format!("migration {number} differs from the one that was applied");
            return Err(differs(applied.len(), migrations.len(), &why).into());
        }
    }
    Ok(())
}

fn differs(have: usize, need: usize, why: &str) -> Error {
    Error::new(codes::LV_T705, format!("schema {have}, this build needs {need}: {why}")).with_hint("upgrade, or run migrations")
}
