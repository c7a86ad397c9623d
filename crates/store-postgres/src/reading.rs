//! Reads: statements without locks, all at one moment, tried again while the connection is at fault.

use levada_base::{Error, Kind};
use levada_store::Backoff;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Row;

use crate::connections::attempt_limit;
use crate::errors::{Failure, final_error, late};
use crate::session::{BEGIN_READ, COMMIT};
use crate::shared::Shared;
use crate::statement::Statement;
use crate::statistics::Counters;

impl Shared {
    /// The rows of statements that only read. One statement needs no transaction.
    ///
    /// # Errors
    /// `LV-T702` if the server does not answer in time.
    pub async fn rows(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, Error> {
        let deadline = Instant::now() + self.settings.operation_timeout;
        let limit = attempt_limit(self.settings.operation_timeout);
        let mut backoff = Backoff::default();
        for attempts in 1.. {
            let failure = match timeout(limit, self.try_rows(statements)).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(failure)) => failure,
                Err(_) => late(limit),
            };
            let state = failure.sqlstate().map(str::to_owned);
            let error = final_error(failure, attempts, false);
            let Some(wait) = backoff.next(self.world.random()).or_else(|| Backoff::default().next(u64::MAX)) else {
                return Err(error);
            };
            if error.kind() != Kind::Unavailable || Instant::now() + wait >= deadline {
                return Err(error);
            }
            state.iter().for_each(|state| self.counters.retried(state));
            sleep(wait).await;
        }
        Err(Error::internal("attempts are counted without end"))
    }

    async fn try_rows(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, Failure> {
        let mut session = self.connections.session().await?;
        Counters::add(&self.counters.statements, statements.len());
        let (before, after) = if statements.len() == 1 { (None, None) } else { (Some(BEGIN_READ), Some(COMMIT)) };
        match session.send(before, statements, after).await {
            Ok(rows) => {
                session.done();
                Ok(rows)
            }
            Err(failure) => {
                session.roll_back().await;
                Err(failure)
            }
        }
    }
}
