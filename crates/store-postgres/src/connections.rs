//! Connections: a small pool, each connection set up and checked once after it was made.
//!
//! A session that was left in the middle of something (an error, a deadline) is closed, never reused. Not here: LISTEN, which has
//! its own connection (`hints`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use levada_base::{Error, codes};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::errors::{Failure, unreachable};
use crate::presence::Presence;
use crate::session::Session;
use crate::settings::Settings;

/// The oldest server that has what the statements use.
const SERVER_VERSION_MIN: u32 = 13;

/// The pool of an engine node.
#[derive(Debug)]
pub struct Connections {
    pool: Pool,
    config: Config,
    setup: String,
    /// What tells this node's connections from those of others.
    node: u64,
}

impl Connections {
    /// # Errors
    /// `LV-T702` if the address can't be understood.
    pub fn new(settings: &Settings, node: u64) -> Result<Self, Error> {
        let mut config: Config = settings
            .url
            .parse()
            .map_err(|cause: tokio_postgres::Error| unreachable("the address is not understood").caused_by(cause))?;
        let limit = attempt_limit(settings.operation_timeout);
        config.application_name(&settings.node).connect_timeout(limit).tcp_user_timeout(limit);
        config.keepalives_idle(limit.max(Duration::from_secs(1)));
        let manager = Manager::from_config(config.clone(), NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(settings.pool.max(1))
            .build()
            .map_err(|cause| Error::internal("no pool of connections").caused_by(cause))?;
        Ok(Self { pool, config, setup: setup(settings), node })
    }

    /// A connection that is set up and leads to a primary. Waits while all are in use.
    ///
    /// # Errors
    /// [`Failure::Lost`] if there is none; `LV-T708`, `LV-T709` if the server can't be used.
    pub async fn session(&self) -> Result<Session, Failure> {
        let object = self.pool.get().await.map_err(not_connected)?;
        let is_new = Object::metrics(&object).recycle_count == 0;
        let presence = self.presence(&object);
        let session = Session::new(object, presence);
        if is_new {
            let client = session.client()?;
            self.set_up(client, presence).await?;
        }
        Ok(session.checked())
    }

    /// A connection outside of the pool, and what drives it.
    pub async fn connect_alone(
        &self,
    ) -> Result<(Client, tokio_postgres::Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>), Failure> {
        Ok(self.config.connect(NoTls).await?)
    }

    /// What says that the connection's server process is still there.
    fn presence(&self, object: &Object) -> Presence {
        let mut hasher = DefaultHasher::new();
        (self.node, Object::id(object)).hash(&mut hasher);
        Presence(hasher.finish().cast_signed())
    }

    async fn set_up(&self, client: &Client, presence: Presence) -> Result<(), Failure> {
        let said = client.simple_query(&format!("{}; {}", presence.held(), self.setup)).await?;
        let row = said.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0), row.get(1))),
            _ => None,
        });
        let (version, replica) = match row {
            Some((Some(version), Some(replica))) => (version.parse().unwrap_or(0), replica == "t"),
            _ => (0, false),
        };
        Ok(usable(version, replica)?)
    }

    pub fn close(&self) {
        self.pool.close();
    }
}

/// Whether a server of this version number (130004 is 13.4) and role can be used.
fn usable(version: u32, replica: bool) -> Result<(), Error> {
    if version / 10_000 < SERVER_VERSION_MIN {
        let shown = format!("{}.{}", version / 10_000, version % 10_000);
        return Err(Error::new(codes::LV_T708, format!("server version {shown}, needs {SERVER_VERSION_MIN}"))
            .with_hint("upgrade the server"));
    }
    if replica {
        return Err(Error::new(codes::LV_T709, "connected to a replica").with_hint("connect to the primary"));
    }
    Ok(())
}

/// How long one attempt at an operation may take: a silent connection is given up while there is time for another.
pub fn attempt_limit(operation: Duration) -> Duration {
    (operation / 3).max(Duration::from_millis(1))
}

/// What a new connection is told, and asked, in one round trip. Plans are made once and must stay good while tables grow from
/// nothing to millions, so they may only use indexes, and those in their order.
fn setup(settings: &Settings) -> String {
    let limit_ms = attempt_limit(settings.operation_timeout).as_millis();
    format!(
        "SET search_path TO {schema};
        SET statement_timeout = {limit_ms};
        SET lock_timeout = {lock_ms};
        SET idle_in_transaction_session_timeout = {idle_ms};
        SET default_transaction_isolation = 'read committed';
        SET plan_cache_mode = force_generic_plan;
        SET jit = off;
        SET max_parallel_workers_per_gather = 0;
        SET enable_seqscan = off;
        SET enable_hashjoin = off;
        SET enable_mergejoin = off;
        SET enable_bitmapscan = off;
        SELECT current_setting('server_version_num'), pg_is_in_recovery()",
        schema = quoted(&settings.schema),
        lock_ms = limit_ms.div_ceil(2),
        idle_ms = limit_ms * 2,
    )
}

/// A name in SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn not_connected(error: PoolError) -> Failure {
    match error {
        PoolError::Backend(error) => error.into(),
        PoolError::Closed => Failure::Refused(unreachable("it was closed")),
        other => Failure::Lost(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_and_replicas_are_refused() {
        let code = |version, replica| usable(version, replica).map_err(|error| error.code().to_string());
        assert_eq!(code(130_000, false), Ok(()));
        assert_eq!(code(120_019, false), Err("LV-T708".to_owned()));
        assert_eq!(code(150_000, true), Err("LV-T709".to_owned()));
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
