//! A running PostgreSQL server: this test's own, or the one that is shared by all test processes.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::cluster::{Cluster, SUPERUSER};
use crate::database::Database;
use crate::life::{Lease, OwnLife};
use crate::place;
use crate::programs::Programs;
use crate::settings::{Settings, quoted};
use crate::shared;

/// How a server is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When the last client has left; an error if none leaves within a minute.
    Smart,
    /// Open transactions are rolled back and clients are told.
    Fast,
    /// At once, as in a crash: the next start recovers.
    Immediate,
}

impl Mode {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Smart => "smart",
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

/// What keeps the server alive.
#[derive(Debug)]
#[expect(dead_code, reason = "held for its end")]
pub(crate) enum Life {
    Own(OwnLife),
    Shared(Lease),
}

/// A server. Its methods block; those that disturb other users need it mutable, which the shared one never is.
#[derive(Debug)]
pub struct Server {
    cluster: Cluster,
    _life: Life,
}

impl Server {
    /// Starts a server of one's own, in a temporary directory; it ends when the value is dropped or the process ends. Takes
    /// about a second.
    pub fn start(settings: &Settings) -> Result<Self> {
        let programs = Programs::find()?;
        let directory = tempfile::Builder::new().prefix("levada-postgres-").tempdir_in(place::of(settings));
        let directory = directory.context("no temporary directory")?;
        let life = OwnLife::begin(&directory.keep())?;
        let cluster = Cluster::create(programs, life.directory(), settings)?;
        Ok(Self::new(cluster, Life::Own(life)))
    }

    /// The server that all test processes share, started by the first that needs it.
    pub fn shared() -> Result<&'static Self> {
        shared::server()
    }

    pub(crate) fn new(cluster: Cluster, life: Life) -> Self {
        Self { cluster, _life: life }
    }

    /// Where it listens, the same after a restart.
    pub fn address(&self) -> SocketAddr {
        self.cluster.address()
    }

    /// A new empty database, dropped with the value.
    pub fn create_database(&self) -> Result<Database> {
        Database::create(self.cluster.clone())
    }

    pub fn stop(&mut self, mode: Mode) -> Result<()> {
        self.cluster.stop(mode)
    }

    /// Starts a stopped server: the same data, the same address.
    pub fn start_again(&mut self) -> Result<()> {
        self.cluster.start()
    }

    pub fn restart(&mut self, mode: Mode) -> Result<()> {
        self.stop(mode)?;
        self.start_again()
    }

    /// Restarts it as a replica that nobody feeds: it answers reads and refuses writes until it is promoted.
    pub fn become_replica(&mut self) -> Result<()> {
        self.stop(Mode::Fast)?;
        self.cluster.follow()?;
        self.start_again()
    }

    /// Makes the replica the primary, as after a failover.
    pub fn promote(&mut self) -> Result<()> {
        self.cluster.promote()
    }

    /// Changes settings of the server while it runs.
    pub fn reconfigure(&mut self, name: &str, value: &str) -> Result<()> {
        self.cluster.psql(SUPERUSER, &format!("ALTER SYSTEM SET {name} = {}", quoted(value)))?;
        self.cluster.psql(SUPERUSER, "SELECT pg_reload_conf()").map(|_| ())
    }

    /// Ends the connections of all clients; returns how many.
    pub fn terminate_backends(&mut self) -> Result<u64> {
        terminate(&self.cluster, "true")
    }
}

/// Ends the connections that the condition on `pg_stat_activity` selects, and waits until each is gone.
pub(crate) fn terminate(cluster: &Cluster, condition: &str) -> Result<u64> {
    let others = "backend_type = 'client backend' AND pid <> pg_backend_pid()";
    // The second argument, which waits, came with PostgreSQL 14.
    let wait = cluster.psql(SUPERUSER, "SELECT current_setting('server_version_num')::int >= 140000")? == "t";
    let limit = if wait { ", 10000" } else { "" };
    let counted = cluster.psql(
        SUPERUSER,
        &format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid{limit})) FROM pg_stat_activity WHERE {others} AND {condition}"
        ),
    )?;
    counted.parse().with_context(|| format!("\"{counted}\" is no count"))
}
