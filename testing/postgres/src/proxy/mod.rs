//! A TCP proxy between a client and PostgreSQL that understands the client's half of the protocol: it counts and records
//! statements, and makes a connection fail at a chosen one.
//!
//! Bytes flow `client → connection::requests → server → connection::replies → client`. `message` frames them, `names`
//! resolves prepared statements, `statement` reads SQL as far as needed, and `ledger` decides by the plan in force.
//!
//! Not here: TLS (the proxy declines it), passwords, and `COPY` in the extended protocol, whose batches end differently.

mod connection;
mod ledger;
mod message;
mod names;
mod plan;
mod statement;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::database::Database;
use connection::Connection;
use ledger::Ledger;

pub use ledger::Counts;
pub use plan::{Plan, When};
pub use statement::{Kind, Statement};

/// A proxy before one server. It ends, with its connections, when the value is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    ledger: Arc<Ledger>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free loopback port; each client gets a connection of its own to the server.
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("the proxy has no port")?;
        let address = listener.local_addr().context("the proxy has no address")?;
        let ledger = Arc::new(Ledger::default());
        let accepting = tokio::spawn(accept(listener, server, Arc::clone(&ledger)));
        Ok(Self { address, ledger, accepting })
    }

    /// What a client connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a database of the server behind this proxy.
    pub fn url(&self, database: &Database) -> String {
        database.url_at(self.address)
    }

    /// Replaces the plan; statements are counted anew for it.
    pub fn set(&self, plan: Plan) {
        self.ledger.set(plan);
    }

    /// Cuts all connections now, whatever they are doing.
    pub fn cut(&self) {
        self.ledger.cut_all();
    }

    /// How often the plan that was set last has struck: what it was to cut, to hold, to refuse, to delay or to lose came. A plan
    /// that cuts or holds strikes once, and everything else passes.
    pub fn fired(&self) -> u64 {
        self.ledger.fired()
    }

    /// Returns when the plan that is set has struck.
    pub async fn struck(&self) {
        // The sender lives as long as the proxy.
        self.ledger.strikes().wait_for(|strikes| *strikes > 0).await.ok();
    }

    /// What was forwarded since the start or the last [`Proxy::reset`].
    pub fn counts(&self) -> Counts {
        self.ledger.counts()
    }

    /// The statements forwarded since then, in order.
    pub fn trace(&self) -> Vec<Statement> {
        self.ledger.trace()
    }

    /// Forgets counts and trace.
    pub fn reset(&self) {
        self.ledger.reset();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort(); // the connections are tasks of this task
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, ledger: Arc<Ledger>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A client that left before it was accepted is none.
                let Ok((client, _)) = accepted else { continue };
                if ledger.plan() == Plan::Refuse {
                    ledger.strike();
                    continue;
                }
                connections.spawn(Connection::new(Arc::clone(&ledger)).serve(client, server));
            }
            // An error of a connection is what the client sees: it is cut.
            Some(_ended) = connections.join_next() => {}
        }
    }
}
