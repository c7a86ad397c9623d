//! Things that failed and are left alone for a while, so that they never block the others.

use std::collections::BTreeMap;

use parking_lot::Mutex;

const WAIT_MS_MIN: i64 = 1_000;
const WAIT_MS_MAX: i64 = 30_000;
/// More than this many at once are no longer single faults: the oldest are tried again early.
const KEPT_MAX: usize = 10_000;

/// Keys that are left alone until a time, by how often they failed.
pub(super) struct Postponed<K>(Mutex<BTreeMap<K, (i64, u32)>>);

impl<K> Default for Postponed<K> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Copy> Postponed<K> {
    /// What is to be left alone.
    pub(super) fn waiting(&self, now_ms: i64) -> Vec<K> {
        self.0.lock().iter().filter(|(_, (until, _))| *until > now_ms).map(|(key, _)| *key).collect()
    }

    /// It failed.
    pub(super) fn put(&self, key: K, now_ms: i64) {
        let mut kept = self.0.lock();
        if kept.len() >= KEPT_MAX {
            kept.pop_first();
        }
        let (until, failures) = kept.entry(key).or_insert((now_ms, 0));
        let wait_ms = WAIT_MS_MIN.saturating_mul(1 << (*failures).min(10)).min(WAIT_MS_MAX);
        *until = now_ms.saturating_add(wait_ms);
        *failures += 1;
    }

    /// It went well.
    pub(super) fn forget(&self, key: K) {
        self.0.lock().remove(&key);
    }

    /// When the first of them may be tried again.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.0.lock().values().map(|(until, _)| *until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_117_what_fails_is_left_alone_for_longer_each_time() {
        let postponed = Postponed::default();
        let mut now_ms = 0;
        let mut waits = Vec::new();
        for _ in 0..7 {
            postponed.put(1, now_ms);
            let until = postponed.next_ms().unwrap_or_default();
            assert_eq!((postponed.waiting(until - 1), postponed.waiting(until)), (vec![1], vec![]));
            waits.push(until - now_ms);
            now_ms = until;
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        postponed.forget(1);
        assert_eq!(postponed.next_ms(), None);
    }
}
