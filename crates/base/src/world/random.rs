//! Random bits from one generator, so that a seed replays a run.

use std::sync::{Mutex, PoisonError};

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A shared generator.
pub struct Random(Mutex<Pcg64Mcg>);

impl Random {
    /// Bits that follow from `seed` alone.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(Pcg64Mcg::seed_from_u64(seed)))
    }

    /// Bits nobody can repeat.
    #[must_use]
    pub fn from_entropy() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self::from_seed(RandomState::new().hash_one(0_u64))
    }

    /// The next 64 bits.
    pub fn next(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}
