//! Store time: the server's clock, read after the locks are held, and never below an earlier reading of this node.
//!
//! In a simulated world (no threads) the world's clock takes its place, so that a history can be played on all stores alike. That is
//! for tests with one node: nodes with clocks of their own would not agree on who holds a lease.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use levada_base::World;
use levada_store::StoreTime;

/// The highest time seen, and the clock of a simulated world.
#[derive(Default)]
pub struct Clock {
    highest_ms: AtomicI64,
    simulated: OnceLock<StoreTime>,
}

impl Clock {
    /// The time that statements are told; none if they ask the server.
    pub fn told(&self, world: &World) -> Option<i64> {
        let simulated = || self.simulated.get_or_init(|| StoreTime::new(world.clone(), 0)).now_ms();
        (!world.has_threads()).then(|| self.rise(simulated()))
    }

    /// The highest reading so far; no later one is below it.
    pub fn highest(&self) -> i64 {
        self.highest_ms.load(Ordering::Relaxed)
    }

    /// A reading, or the highest one before it.
    pub fn rise(&self, now_ms: i64) -> i64 {
        self.highest_ms.fetch_max(now_ms, Ordering::Relaxed).max(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let clock = Clock::default();
        assert_eq!([5, 3, 7].map(|reading| clock.rise(reading)), [5, 5, 7]);
    }
}
