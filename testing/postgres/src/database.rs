//! A fresh database, dropped with the value.

use std::net::SocketAddr;

use anyhow::Result;

use crate::cluster::{Cluster, SUPERUSER, USER};
use crate::{port, server};

/// A database of a test server, owned by a user who is no superuser.
#[derive(Debug)]
pub struct Database {
    cluster: Cluster,
    name: String,
}

impl Database {
    pub(crate) fn create(cluster: Cluster) -> Result<Self> {
        let name = format!("test_{:016x}", port::random());
        cluster.psql(SUPERUSER, &format!("CREATE DATABASE {name} OWNER {USER}"))?;
        Ok(Self { cluster, name })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its server listens.
    pub fn address(&self) -> SocketAddr {
        self.cluster.address()
    }

    /// What a client connects to.
    pub fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// The same database through a proxy at this address.
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://{USER}@{address}/{}?sslmode=disable", self.name)
    }

    /// Runs SQL as the superuser through `psql`: rows as lines, columns between bars. For a test that looks past the client.
    pub fn sql(&self, sql: &str) -> Result<String> {
        self.cluster.psql(&self.name, sql)
    }

    /// Ends the connections to this database; returns how many.
    pub fn terminate_backends(&self) -> Result<u64> {
        server::terminate(&self.cluster, &format!("datname = '{}'", self.name))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // With a stopped server it goes when the server's directory goes.
        self.cluster.psql(SUPERUSER, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).ok();
    }
}
