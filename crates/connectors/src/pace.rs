//! Rows a second of the clock.

use std::time::Duration;

use levada_base::World;

/// Says how many rows may be given now.
pub(crate) struct Pace {
    world: World,
    rows_per_second: Option<u64>,
    started: Duration,
    /// Rows given since `started`.
    given: u64,
}

impl Pace {
    /// At most `rows_per_second`, from now on; without it as many as are wanted.
    pub(crate) fn new(world: &World, rows_per_second: Option<u64>) -> Self {
        Self { world: world.clone(), rows_per_second, started: world.clock().elapsed(), given: 0 }
    }

    /// Up to `wanted` rows; 0 if the time for the next one has not come.
    pub(crate) fn take(&mut self, wanted: u64) -> u64 {
        let Some(rate) = self.rows_per_second else { return wanted };
        let elapsed = self.world.clock().elapsed().saturating_sub(self.started);
        let due = u128::from(rate) * elapsed.as_micros() / 1_000_000;
        let due = u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(self.given);
        let count = wanted.min(due);
        self.given += count;
        count
    }

    /// Begins to count from now.
    pub(crate) fn restart(&mut self) {
        self.started = self.world.clock().elapsed();
        self.given = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_with_the_clock() {
        let (world, clock) = World::sim(1);
        let mut pace = Pace::new(&world, Some(100));
        assert_eq!(pace.take(10), 0);
        clock.advance(Duration::from_millis(55));
        assert_eq!((pace.take(3), pace.take(10), pace.take(10)), (3, 2, 0));
        clock.advance(Duration::from_secs(3600));
        pace.restart();
        assert_eq!(pace.take(10), 0);
        assert_eq!(Pace::new(&world, None).take(10), 10);
    }
}
