//! How long to wait before a transaction is tried again: decorrelated jitter, as in Marc Brooker's "Exponential Backoff And Jitter".

use std::time::Duration;

/// How often a transaction is tried before the caller is told.
pub const ATTEMPTS_MAX: u32 = 8;

const WAIT_MS_MIN: u64 = 2;
const WAIT_MS_MAX: u64 = 200;

/// The waits of one transaction.
#[derive(Debug, Clone)]
pub struct Backoff {
    last_ms: u64,
    left: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { last_ms: WAIT_MS_MIN, left: ATTEMPTS_MAX - 1 }
    }
}

impl Backoff {
    /// The wait before the next attempt, from 64 random bits; none when all attempts are used.
    pub fn next(&mut self, random: u64) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let span = self.last_ms * 3 - WAIT_MS_MIN + 1;
        self.last_ms = (WAIT_MS_MIN + random % span).min(WAIT_MS_MAX);
        Some(Duration::from_millis(self.last_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_bounds_and_end() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..20_u64).map_while(|n| backoff.next(n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
        assert_eq!(waits.len(), ATTEMPTS_MAX as usize - 1);
        let range = Duration::from_millis(WAIT_MS_MIN)..=Duration::from_millis(WAIT_MS_MAX);
        assert!(waits.iter().all(|wait| range.contains(wait)), "{waits:?}");
    }
}
