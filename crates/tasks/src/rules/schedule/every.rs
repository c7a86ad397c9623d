//! A fixed interval, aligned to an instant: a fire at the anchor and at every whole number of intervals before and after it.
//!
//! Not here: local time; an interval follows elapsed time in every zone. Instants are milliseconds of UTC.

pub(super) struct Every {
    /// At least 1: checked by `Spec::check`.
    pub(super) ms: i64,
    pub(super) anchor_ms: i64,
}

impl Every {
    /// The first fire after an instant.
    pub(super) fn next(&self, after_ms: i64) -> Option<i64> {
        let next = i128::from(self.anchor_ms) + (self.passed(after_ms) + 1) * i128::from(self.ms);
        i64::try_from(next).ok()
    }

    /// How many fires there are after `after_ms` up to and with `until_ms`.
    pub(super) fn count(&self, after_ms: i64, until_ms: i64) -> u64 {
        u64::try_from(self.passed(until_ms) - self.passed(after_ms)).unwrap_or(0)
    }

    /// The number of the last interval that began at or before an instant; wide, because both may be at the ends of `i64`.
    fn passed(&self, at_ms: i64) -> i128 {
        (i128::from(at_ms) - i128::from(self.anchor_ms)).div_euclid(i128::from(self.ms))
    }
}
