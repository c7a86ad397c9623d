//! What is derived from a schedule and a nominal time alone, so that every node and every restart gets the same: the run's id and
//! the offset of its start.
//!
//! Not here: random ids. The derivations are part of the stored format: a change of them would start runs twice.

use sha2::{Digest, Sha256};

const RUN_ID: &[u8] = b"levada.schedule.run";
const MEMBER: &[u8] = b"levada.schedule.member";
const JITTER: &[u8] = b"levada.schedule.jitter";

/// The id of the run that a schedule starts for a nominal time (milliseconds of UTC): one run per nominal time.
///
/// Laid out as a UUID of version 7 (RFC 9562) whose time is the nominal time, so that runs sort by it.
#[must_use]
pub fn run_id(schedule_id: u128, nominal_ms: i64) -> u128 {
    const TIME_BITS: u128 = (1 << 48) - 1;
    const VERSION: u128 = 0x7 << 76;
    const VARIANT: u128 = 0b10 << 62;
    const DERIVED: u128 = (0xFFF << 64) | ((1 << 62) - 1);
    let time = u128::from(nominal_ms.max(0).unsigned_abs()) & TIME_BITS;
    let [high, low] = digest(RUN_ID, schedule_id, nominal_ms);
    let derived = (u128::from(high) << 64 | u128::from(low)) & DERIVED;
    (time << 80) | VERSION | VARIANT | derived
}

/// The id of the member at `index` of a run that a schedule starts. Laid out like the run's, with the same time.
#[must_use]
pub fn member_id(run_id: u128, index: usize) -> u128 {
    const DERIVED: u128 = (0xFFF << 64) | ((1 << 62) - 1);
    // A graph has far fewer members than this can count.
    let [high, low] = digest(MEMBER, run_id, i64::try_from(index).unwrap_or(i64::MAX));
    let derived = (u128::from(high) << 64 | u128::from(low)) & DERIVED;
    (run_id & !DERIVED) | derived
}

/// How many milliseconds after its nominal time a run starts: in `0..jitter_ms`, and 0 if `jitter_ms` is not positive.
#[must_use]
pub fn jitter(schedule_id: u128, nominal_ms: i64, jitter_ms: i64) -> i64 {
    let Some(range) = u64::try_from(jitter_ms).ok().filter(|range| *range > 0) else {
        return 0;
    };
    let [drawn, _] = digest(JITTER, schedule_id, nominal_ms);
    // Below `jitter_ms`, so it fits.
    i64::try_from(drawn % range).unwrap_or(0)
}

/// 128 bits, as two words, that depend on all three.
fn digest(purpose: &[u8], id: u128, number: i64) -> [u64; 2] {
    let bytes: [u8; 32] =
        Sha256::new_with_prefix(purpose).chain_update(id.to_be_bytes()).chain_update(number.to_be_bytes()).finalize().into();
    let word = |at: usize| bytes[at..at + 8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    [word(0), word(8)]
}
