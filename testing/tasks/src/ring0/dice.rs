//! Chance from a seed.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A source of choices.
#[derive(Debug, Clone)]
pub struct Dice(Pcg64Mcg);

impl Dice {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 0 … below − 1; `below` is at least 1.
    pub fn up_to(&mut self, below: usize) -> usize {
        usize::try_from(self.word() % (below.max(1) as u64)).unwrap_or(0)
    }

    /// From and to are possible.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = from.abs_diff(to).saturating_add(1);
        from.saturating_add_unsigned(self.word() % span)
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.up_to(n) == 0
    }

    /// One of them; there is at least one.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.up_to(of.len())].clone()
    }
}
