//! The outside, as parts that can be swapped: clock, randomness, files and threads.
//!
//! Engine code takes a [`World`] and never the standard library's own; a test gives [`World::sim`], where time stands still until
//! it is moved, files live in memory and nothing runs by itself.

mod clock;
mod files;
mod random;

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::{Error, Result, Timestamp};
pub use clock::{Clock, SimClock, SystemClock};
pub use files::{Files, LocalFiles, MemoryFiles, ReadFile, WriteFile};
pub use random::Random;

/// Everything nondeterministic that the engine may touch. Cheap to clone.
#[derive(Clone)]
pub struct World {
    clock: Arc<dyn Clock>,
    files: Arc<dyn Files>,
    random: Arc<Random>,
    threads: Threads,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Threads {
    Real,
    /// Nothing may run beside the test: what would be a thread is driven by calls.
    None,
}

impl World {
    /// The machine as it is.
    #[must_use]
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            files: Arc::new(LocalFiles),
            random: Arc::new(Random::from_entropy()),
            threads: Threads::Real,
        }
    }

    /// A world that repeats itself: everything random follows from `seed`, time moves only through the returned clock.
    #[must_use]
    pub fn sim(seed: u64) -> (Self, SimClock) {
        let clock = SimClock::default();
        let world = Self {
            clock: Arc::new(clock.clone()),
            files: Arc::new(MemoryFiles::default()),
            random: Arc::new(Random::from_seed(seed)),
            threads: Threads::None,
        };
        (world, clock)
    }

    /// The same world with another clock, for a test of wrong ones.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// The clock reading, UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock itself.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The file system.
    #[must_use]
    pub fn files(&self) -> &Arc<dyn Files> {
        &self.files
    }

    /// 64 random bits.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.random.next()
    }

    /// Whether threads may be started; without them the owner drives the work by calls.
    #[must_use]
    pub fn has_threads(&self) -> bool {
        self.threads == Threads::Real
    }

    /// Starts a named thread. The caller keeps the handle and joins it.
    ///
    /// # Errors
    /// `LV-S722` if the system gives no thread; `LV-S999` in a simulated world.
    #[allow(clippy::disallowed_methods, reason = "this is the one place where threads come from")]
    pub fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
        if self.threads == Threads::None {
            return Err(Error::internal(format!("thread \"{name}\" asked for in a simulated world")));
        }
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|cause| Error::new(crate::codes::LV_S722, format!("no thread for \"{name}\"")).caused_by(cause))
    }
}
