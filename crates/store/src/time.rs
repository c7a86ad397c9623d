//! Store time of a store that has one process: the engine's clock, never going back.
//!
//! It follows the wall clock when that is ahead and the time that passed when it is not: a wall clock that is set back neither stops
//! nor turns store time, one that is set forward is believed.

use std::sync::atomic::{AtomicI64, Ordering};

use levada_base::World;

/// The one clock that decides.
pub struct StoreTime {
    world: World,
    /// What is added to the time that passed. Only grows.
    offset_ms: AtomicI64,
}

impl StoreTime {
    /// A clock that is never below `highest_ms`.
    #[must_use]
    pub fn new(world: World, highest_ms: i64) -> Self {
        let time = Self { world, offset_ms: AtomicI64::new(i64::MIN) };
        time.offset_ms.store(highest_ms.saturating_sub(time.passed_ms()), Ordering::Relaxed);
        time
    }

    /// UTC milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        let passed_ms = self.passed_ms();
        let wall_ms = self.world.now().millis().saturating_sub(passed_ms);
        self.offset_ms.fetch_max(wall_ms, Ordering::Relaxed).max(wall_ms).saturating_add(passed_ms)
    }

    fn passed_ms(&self) -> i64 {
        i64::try_from(self.world.clock().elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn st_21_a_clock_that_is_set_back_does_not_stop_time() {
        let (world, clock) = World::sim(1);
        let time = StoreTime::new(world, 0);
        let start_ms = time.now_ms();
        clock.turn_back(Duration::from_secs(86_400));
        assert_eq!(time.now_ms(), start_ms);
        clock.advance(Duration::from_secs(30));
        assert_eq!(time.now_ms(), start_ms + 30_000, "a lease ends when its time has passed");
    }

    #[test]
    fn st_20_time_follows_the_clock_and_is_never_below_what_was_stored() {
        let (world, clock) = World::sim(1);
        let start_ms = world.now().millis();
        let fresh = StoreTime::new(world.clone(), 0);
        let reopened = StoreTime::new(world, start_ms + 5_000);
        assert_eq!((fresh.now_ms(), reopened.now_ms()), (start_ms, start_ms + 5_000));
        clock.advance(Duration::from_secs(1));
        assert_eq!((fresh.now_ms(), reopened.now_ms()), (start_ms + 1_000, start_ms + 6_000));
    }
}
