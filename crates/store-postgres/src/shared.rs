//! What all parts of an open store share.

use std::collections::VecDeque;

use levada_base::World;
use levada_store::{Request, Wake, Waker};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};

use crate::clock::Clock;
use crate::connections::Connections;
use crate::settings::Settings;
use crate::shortcuts::Shortcuts;
use crate::statistics::Counters;

/// The parts of an open store.
pub struct Shared {
    pub settings: Settings,
    pub world: World,
    pub connections: Connections,
    pub clock: Clock,
    pub counters: Counters,
    pub waker: Waker,
    pub shortcuts: Shortcuts,
    /// Calls that wait for a driver.
    pub queue: Mutex<VecDeque<Request>>,
    pub queued: Notify,
    /// Hints for other nodes; none without LISTEN.
    pub outbox: Option<mpsc::UnboundedSender<Wake>>,
    pub closing: watch::Sender<bool>,
    pub instance: u128,
    /// What tells this node from others of the same store.
    pub node: u64,
}

impl Shared {
    /// Tells everybody in this process, and the other nodes.
    pub fn wake(&self, wakes: impl IntoIterator<Item = Wake>) {
        for wake in wakes {
            self.waker.send([wake]);
            if let Some(outbox) = &self.outbox {
                // Without a receiver the store is being closed.
                let _ = outbox.send(wake);
            }
        }
    }
}
