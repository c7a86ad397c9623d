//! Failures from inside of a PostgreSQL server: at a chosen write, at the commit, or by chance, a backend ends itself or raises an error.
//!
//! Not here: connections that are cut on their way, which the proxy does.

use anyhow::Result;
use levada_store::TABLES;
use levada_testing_postgres::Database;

/// What strikes and where. Writes are counted per table and statement, from 1, since the strike was armed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strike {
    /// The backend ends itself at a write.
    KillAtWrite(u64),
    /// The backend ends itself inside of the next commit.
    KillAtCommit,
    /// Writes of events raise an error of this state, so many in a thousand.
    Raise { sqlstate: &'static str, permille: u32 },
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
CREATE TABLE sabotage.plan (at bigint, at_commit boolean, sqlstate text, permille int);
CREATE FUNCTION sabotage.kill() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM nextval('sabotage.seen');
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(10);
END $$;
CREATE FUNCTION sabotage.at_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE plan sabotage.plan;
BEGIN
    SELECT * INTO plan FROM sabotage.plan;
    IF plan.at = nextval('sabotage.seen') THEN
        PERFORM sabotage.kill();
    ELSIF TG_TABLE_NAME = 'event' AND random() * 1000 < plan.permille THEN
        RAISE EXCEPTION 'struck' USING ERRCODE = plan.sqlstate;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION sabotage.at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE plan sabotage.plan;
BEGIN
    SELECT * INTO plan FROM sabotage.plan;
    IF plan.at_commit AND nextval('sabotage.seen') < 1000000 THEN
        PERFORM setval('sabotage.seen', 1000000);
        PERFORM sabotage.kill();
    END IF;
    RETURN NULL;
END $$;";

impl<'a> Sabotage<'a> {
    /// Prepares a database that has the store's tables in this schema.
    ///
    /// # Errors
    /// What the server says.
    pub fn install(database: &'a Database, schema: &str) -> Result<Self> {
        let on = |table: &str| {
            format!(
                "CREATE TRIGGER a_sabotage BEFORE INSERT OR UPDATE OR DELETE ON {schema}.\"{table}\" \
                 FOR EACH STATEMENT EXECUTE FUNCTION sabotage.at_write();"
            )
        };
        let triggers: String = TABLES.iter().map(|table| on(table.name)).collect();
        let at_commit = format!(
            "CREATE CONSTRAINT TRIGGER b_sabotage AFTER INSERT OR UPDATE ON {schema}.\"execution\" \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sabotage.at_commit();"
        );
        database.sql(&format!("{INSTALL}{triggers}{at_commit}"))?;
        Ok(Self { database, schema: schema.to_owned() })
    }

    /// Strikes from now on.
    ///
    /// # Errors
    /// What the server says.
    pub fn arm(&self, strike: Strike) -> Result<()> {
        let plan = match strike {
            Strike::KillAtWrite(at) => format!("{at}, false, NULL, 0"),
            Strike::KillAtCommit => "NULL, true, NULL, 0".to_owned(),
            Strike::Raise { sqlstate, permille } => format!("NULL, false, '{sqlstate}', {permille}"),
        };
        self.database.sql(&format!(
            "BEGIN; DELETE FROM sabotage.plan; SELECT setval('sabotage.seen', 1, false); \
             INSERT INTO sabotage.plan VALUES ({plan}); COMMIT"
        ))?;
        Ok(())
    }

    /// Strikes no more; how many writes were seen since it was armed.
    ///
    /// # Errors
    /// What the server says.
    pub fn disarm(&self) -> Result<u64> {
        self.database.sql("DELETE FROM sabotage.plan")?;
        let seen = self.database.sql("SELECT last_value - 1 + is_called::int FROM sabotage.seen")?;
        Ok(seen.parse()?)
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
