//! Failures from inside of a PostgreSQL server: at a chosen write, at the commit, or by chance, a backend ends itself or raises an error.
//!
//! What struck is counted by sequences, which no rollback takes back: that a fault happened is read, not supposed. Not here: connections
//! that are cut on their way, which the proxy does.

use anyhow::{Context, Result};
use levada_store::TABLES;
use levada_testing_postgres::Database;

/// What strikes and where. Writes are counted per table and statement, from 1, since the strike was armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// Nothing: writes are only counted.
    Never,
    /// The backend ends itself at a write.
    KillAtWrite(u64),
    /// The backend ends itself inside of the next commit.
    KillAtCommit,
    /// The first write of a transaction raises an error of this state, in so many transactions of a thousand.
    Raise { sqlstate: &'static str, permille: u32 },
}

/// What came of a strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Struck {
    /// Writes since it was armed.
    pub writes: u64,
    /// How often it struck.
    pub times: u64,
}

/// A database whose writes can be struck.
#[derive(Debug)]
pub struct Sabotage<'a> {
    database: &'a Database,
    schema: String,
}

const INSTALL: &str = "
CREATE SCHEMA sabotage;
CREATE SEQUENCE sabotage.seen;
CREATE SEQUENCE sabotage.commits;
CREATE SEQUENCE sabotage.struck;
CREATE TABLE sabotage.plan (at bigint, at_commit boolean, sqlstate text, permille int);
CREATE FUNCTION sabotage.kill() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM nextval('sabotage.struck');
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(10);
END $$;
CREATE FUNCTION sabotage.at_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE plan sabotage.plan;
BEGIN
    SELECT * INTO plan FROM sabotage.plan;
    IF plan.at = nextval('sabotage.seen') THEN
        PERFORM sabotage.kill();
    ELSIF (hashint8(txid_current())::bigint & 2147483647) % 1000 < plan.permille THEN
        PERFORM nextval('sabotage.struck');
        RAISE EXCEPTION 'struck' USING ERRCODE = plan.sqlstate;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION sabotage.at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE plan sabotage.plan;
BEGIN
    SELECT * INTO plan FROM sabotage.plan;
    IF plan.at_commit AND nextval('sabotage.commits') = 1 THEN
        PERFORM sabotage.kill();
    END IF;
    RETURN NULL;
END $$;";

const REWIND: &str = "SELECT setval('sabotage.seen', 1, false), setval('sabotage.commits', 1, false), \
                      setval('sabotage.struck', 1, false);";

impl<'a> Sabotage<'a> {
    /// Prepares a database that has the store's tables in this schema.
    ///
    /// # Errors
    /// What the server says.
    pub fn install(database: &'a Database, schema: &str) -> Result<Self> {
        let on = |table: &str| {
            format!(
                "CREATE TRIGGER a_sabotage BEFORE INSERT OR UPDATE OR DELETE ON {schema}.\"{table}\" \
                 FOR EACH STATEMENT EXECUTE FUNCTION sabotage.at_write(); \
                 CREATE CONSTRAINT TRIGGER b_sabotage AFTER INSERT OR UPDATE OR DELETE ON {schema}.\"{table}\" \
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sabotage.at_commit();"
            )
        };
        let triggers: String = TABLES.iter().map(|table| on(table.name)).collect();
        database.sql(&format!("{INSTALL}{triggers}"))?;
        Ok(Self { database, schema: schema.to_owned() })
    }

    /// Strikes from now on.
    ///
    /// # Errors
    /// What the server says.
    pub fn arm(&self, strike: Strike) -> Result<()> {
        let plan = match strike {
            Strike::Never => "NULL, false, NULL, 0".to_owned(),
            Strike::KillAtWrite(at) => format!("{at}, false, NULL, 0"),
            Strike::KillAtCommit => "NULL, true, NULL, 0".to_owned(),
            Strike::Raise { sqlstate, permille } => format!("NULL, false, '{sqlstate}', {permille}"),
        };
        self.database
            .sql(&format!("BEGIN; DELETE FROM sabotage.plan; {REWIND} INSERT INTO sabotage.plan VALUES ({plan}); COMMIT"))?;
        Ok(())
    }

    /// What came of the strike that is armed.
    ///
    /// # Errors
    /// What the server says.
    pub fn struck(&self) -> Result<Struck> {
        let count = |sequence: &str| format!("SELECT last_value - 1 + is_called::int FROM sabotage.{sequence};");
        let said = self.database.sql(&format!("{} {}", count("seen"), count("struck")))?;
        let (writes, times) = said.split_once('\n').context("two counts")?;
        Ok(Struck { writes: writes.trim().parse()?, times: times.trim().parse()? })
    }

    /// Strikes no longer; tells what came of it.
    ///
    /// # Errors
    /// What the server says.
    pub fn disarm(&self) -> Result<Struck> {
        self.database.sql("DELETE FROM sabotage.plan")?;
        self.struck()
    }

    /// Empties all tables.
    ///
    /// # Errors
    /// What the server says.
    pub fn clear(&self) -> Result<()> {
        let deletes: String = TABLES.iter().map(|table| format!("DELETE FROM {}.\"{}\";", self.schema, table.name)).collect();
        self.database.sql(&format!("DELETE FROM sabotage.plan; {deletes}"))?;
        Ok(())
    }
}
