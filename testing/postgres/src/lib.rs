//! PostgreSQL for tests and benchmarks: servers that are started from the installed programs, and a proxy that makes a
//! connection fail at a chosen statement.
//!
//! A test asks for what it needs in one line and leaves quietly only if the environment says so:
//!
//! ```no_run
//! let Some(database) = levada_testing_postgres::database() else { return };
//! println!("{}", database.url());
//! ```
//!
//! [`database`] lends a fresh database of one server that all test processes share; [`server`] starts a server for the one
//! test that stops it, restarts it or kills its connections. Between a client and either of them stands a [`Proxy`].
//!
//! Not here: a client of PostgreSQL (this crate calls `psql`), TLS, passwords, replication: a replica is a server that was told to be one.

mod account;
mod cluster;
mod database;
mod life;
mod place;
mod port;
mod program;
mod programs;
mod proxy;
mod required;
mod server;
mod settings;
mod shared;

pub use database::Database;
pub use proxy::{Counts, Kind, Plan, Proxy, Statement, When};
pub use required::{SKIP_VARIABLE, database, server};
pub use server::{Mode, Server};
pub use settings::Settings;
