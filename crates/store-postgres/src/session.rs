//! A connection in use: statements are sent together and answered together, in one round trip.

use deadpool_postgres::Object;
use futures::future::join_all;
use levada_base::Error;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::errors::Failure;
use crate::presence::Presence;
use crate::statement::Statement;

/// The begin of a transaction that decides, and of one that only reads, all of it at one moment.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
pub const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
pub const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";

/// A connection of the pool. Dropped in the middle of something, it is closed.
#[derive(Debug)]
pub struct Session {
    object: Option<Object>,
    /// Something was sent that is not over.
    busy: bool,
    presence: Presence,
}

impl Session {
    /// A connection that is not yet known to be usable.
    pub fn new(object: Object, presence: Presence) -> Self {
        Self { object: Some(object), busy: true, presence }
    }

    pub fn presence(&self) -> Presence {
        self.presence
    }

    /// The same, usable.
    pub fn checked(mut self) -> Self {
        self.busy = false;
        self
    }

    pub fn client(&self) -> Result<&Client, Error> {
        self.object.as_ref().map(|object| &***object).ok_or_else(|| Error::internal("a session without connection"))
    }

    /// Sends `before`, the statements and `after` without waiting in between; gives the rows of each statement. After an error in
    /// one of them the server does nothing of what follows it.
    ///
    /// # Errors
    /// The first one.
    pub async fn send(
        &mut self,
        before: Option<&str>,
        statements: &[Statement],
        after: Option<&str>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        self.busy = true;
        let object = self.object.as_ref().ok_or_else(|| Error::internal("a session without connection"))?;
        let mut prepared = Vec::with_capacity(statements.len());
        for statement in statements {
            prepared.push(object.prepare_cached(&statement.sql).await?);
        }
        let client: &Client = object;
        let simple = async |sql: Option<&str>| match sql {
            Some(sql) => client.batch_execute(sql).await,
            None => Ok(()),
        };
        let queries = statements.iter().zip(&prepared).map(async |(statement, prepared)| {
            let params: Vec<&(dyn ToSql + Sync)> = statement.params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
            client.query(prepared, &params).await
        });
        // Polled in this order, and each sends when it is polled first.
        let (begun, results, ended) = futures::join!(simple(before), join_all(queries), simple(after));
        begun?;
        let results = results.into_iter().collect::<Result<Vec<_>, _>>()?;
        ended?;
        Ok(results)
    }

    /// Nothing is open any more: the connection can be used again.
    pub fn done(mut self) {
        self.busy = false;
    }

    /// Ends the transaction without effect, and keeps the connection if that worked.
    pub async fn roll_back(mut self) {
        if let Ok(client) = self.client()
            && client.batch_execute(ROLLBACK).await.is_ok()
        {
            self.busy = false;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && self.busy
        {
            drop(Object::take(object));
        }
    }
}
