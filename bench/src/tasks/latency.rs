//! Times of many calls, and what is said of them.

use std::time::Duration;

/// How long each of many calls took.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    /// Sorted when they are asked for.
    times: Vec<Duration>,
}

impl Latencies {
    pub fn add(&mut self, time: Duration) {
        self.times.push(time);
    }

    pub fn extend(&mut self, other: Self) {
        self.times.extend(other.times);
    }

    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// The time that `share` of the calls did not exceed, in milliseconds: the smallest one of which at least that share is not longer.
    pub fn millis(&self, share: f64) -> f64 {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(rank - 1).or(sorted.last()).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }

    pub fn p50(&self) -> f64 {
        self.millis(0.50)
    }

    pub fn p95(&self) -> f64 {
        self.millis(0.95)
    }

    pub fn p99(&self) -> f64 {
        self.millis(0.99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.p99(), 0.0);
        (1..=200).rev().for_each(|millis| latencies.add(Duration::from_millis(millis)));
        assert_eq!((latencies.p50(), latencies.p95(), latencies.p99()), (100.0, 190.0, 198.0));
        assert_eq!((latencies.millis(0.0), latencies.millis(1.0)), (1.0, 200.0));
    }
}
