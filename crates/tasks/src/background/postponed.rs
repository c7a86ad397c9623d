//! Things that failed and are left alone for a while, so that they never block the others.

use std::collections::BTreeMap;

use levada_base::{Error, Kind};
use parking_lot::Mutex;

const WAIT_MS_MIN: i64 = 1_000;
const WAIT_MS_MAX: i64 = 30_000;
/// What only met an outage of the store is tried again soon.
const OUTAGE_MS_MIN: i64 = 50;
const OUTAGE_MS_MAX: i64 = 2_000;
/// So many outages in a row are no single ones: the store is away, and the step ends.
const OUTAGES_MAX: u32 = 3;
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
        let mut kept = self.0.lock();
        // What nobody met again since is not there any more.
        kept.retain(|_, (until, _)| until.saturating_add(WAIT_MS_MAX) > now_ms);
        kept.iter().filter(|(_, (until, _))| *until > now_ms).map(|(key, _)| *key).collect()
    }

    /// It failed.
    pub(super) fn put(&self, key: K, now_ms: i64) {
        self.put_for(key, now_ms, WAIT_MS_MIN, WAIT_MS_MAX);
    }

    /// It failed; the step goes on with the others, unless the store is away.
    ///
    /// # Errors
    /// The error itself, if it is one outage of several in a row.
    pub(super) fn failed(&self, key: K, error: Error, now_ms: i64, outages: &mut Outages<K>) -> Result<(), Error> {
        if error.kind() != Kind::Unavailable {
            outages.over();
            self.put(key, now_ms);
            return Ok(());
        }
        self.put_for(key, now_ms, OUTAGE_MS_MIN, OUTAGE_MS_MAX);
        outages.met(key, error)
    }

    /// Ends a step. One that met nothing but an outage has failed as a whole: whoever makes it again finds everything.
    ///
    /// # Errors
    /// The last outage.
    pub(super) fn end(&self, outages: Outages<K>) -> Result<(), Error> {
        if outages.was_there {
            return Ok(());
        }
        outages.met.into_iter().for_each(|key| self.forget(key));
        outages.last.map_or(Ok(()), Err)
    }

    fn put_for(&self, key: K, now_ms: i64, min_ms: i64, max_ms: i64) {
        let mut kept = self.0.lock();
        if kept.len() >= KEPT_MAX {
            kept.pop_first();
        }
        let (until, failures) = kept.entry(key).or_insert((now_ms, 0));
        let wait_ms = min_ms.saturating_mul(1 << (*failures).min(10)).min(max_ms);
        *until = now_ms.saturating_add(wait_ms);
        *failures += 1;
    }

    /// It went well.
    pub(super) fn forget(&self, key: K) {
        self.0.lock().remove(&key);
    }

    /// When the first of those that were left alone at a time may be tried again.
    pub(super) fn next_ms(&self, since_ms: i64) -> Option<i64> {
        self.0.lock().values().map(|(until, _)| *until).filter(|until| *until > since_ms).min()
    }
}

/// Outages of the store that a step met. A single one is no reason to leave the others undone.
#[derive(Debug)]
pub(super) struct Outages<K> {
    in_a_row: u32,
    /// Something was done, or failed by itself.
    was_there: bool,
    met: Vec<K>,
    last: Option<Error>,
}

impl<K> Default for Outages<K> {
    fn default() -> Self {
        Self { in_a_row: 0, was_there: false, met: Vec::new(), last: None }
    }
}

impl<K> Outages<K> {
    /// The store did something.
    pub(super) fn over(&mut self) {
        self.in_a_row = 0;
        self.was_there = true;
    }

    /// The store was away for one of them.
    fn met(&mut self, key: K, error: Error) -> Result<(), Error> {
        self.in_a_row += 1;
        if self.in_a_row >= OUTAGES_MAX {
            return Err(error);
        }
        self.met.push(key);
        self.last = Some(error);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use levada_base::codes;

    use super::*;

    #[test]
    fn t_117_what_fails_is_left_alone_for_longer_each_time() {
        let postponed = Postponed::default();
        let mut now_ms = 0;
        let mut waits = Vec::new();
        for _ in 0..7 {
            postponed.put(1, now_ms);
            let until = postponed.next_ms(now_ms).unwrap_or_default();
            assert_eq!((postponed.waiting(until - 1), postponed.waiting(until)), (vec![1], vec![]));
            waits.push(until - now_ms);
            now_ms = until;
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        postponed.forget(1);
        assert_eq!(postponed.next_ms(now_ms - 1), None);
    }

    #[test]
    fn what_nobody_met_again_is_forgotten() {
        let postponed = Postponed::default();
        postponed.put(1, 0);
        assert_eq!(
            (postponed.next_ms(0), postponed.next_ms(WAIT_MS_MIN)),
            (Some(WAIT_MS_MIN), None),
            "its time is not news for ever"
        );
        postponed.put(2, WAIT_MS_MAX);
        assert_eq!(postponed.waiting(WAIT_MS_MIN + WAIT_MS_MAX - 1), [2]);
        assert_eq!(postponed.0.lock().len(), 2, "how often it failed is kept until it would have been tried again");
        assert!(postponed.waiting(WAIT_MS_MIN + WAIT_MS_MAX).is_empty());
        assert_eq!(postponed.0.lock().len(), 1);
    }

    #[test]
    fn st_34_single_outages_are_passed_over_and_several_in_a_row_are_not() {
        let postponed = Postponed::default();
        let mut outages = Outages::default();
        let mut meets = |key| postponed.failed(key, Error::new(codes::LV_T701, "planted"), 0, &mut outages);
        assert!(meets(1).is_ok() && meets(1).is_ok());
        assert_eq!(postponed.next_ms(0), Some(2 * OUTAGE_MS_MIN), "soon, and later each time");
        assert!(meets(2).is_err());
        assert!(postponed.failed(3, Error::new(codes::LV_T801, "planted"), 0, &mut outages).is_ok());
        assert!(postponed.failed(4, Error::new(codes::LV_T701, "planted"), 0, &mut outages).is_ok(), "the store had answered");
        assert_eq!(postponed.waiting(WAIT_MS_MIN - 1), [3], "a fault of its own is left alone for longer");
        assert!(postponed.end(outages).is_ok(), "the step did something");
        let mut alone = Outages::default();
        assert!(postponed.failed(5, Error::new(codes::LV_T701, "planted"), 0, &mut alone).is_ok());
        assert!(postponed.end(alone).is_err() && postponed.end(Outages::default()).is_ok(), "nothing but an outage is one");
        assert!(!postponed.waiting(0).contains(&5), "who makes the step again finds it");
    }
}
