//! When a failed or crashed attempt is tried again.

use levada_store::alphabets::FailureClass;
use levada_store::rows::{Execution, Policy};

/// The bit of a class in [`Policy::retry_on`].
pub(crate) const fn bit(class: FailureClass) -> i32 {
    1 << class.code()
}

/// When a failure of `class` is due again; none if it is final. `random` spreads the delay.
pub(crate) fn retry_due(row: &Execution, policy: &Policy, class: FailureClass, now_ms: i64, random: u64) -> Option<i64> {
    let left = policy.retries_max.is_none_or(|most| row.retry_used < most);
    if !left || policy.retry_on & bit(class) == 0 {
        return None;
    }
    let delay = backoff(policy.retry_initial_ms, policy.retry_factor_permille, policy.retry_max_ms, row.retry_used);
    let due = now_ms.saturating_add(jittered(delay, policy.retry_jitter_permille, random));
    row.deadline_ms.is_none_or(|deadline| due < deadline).then_some(due)
}

/// When an execution that crashed for the `crashes`-th time is due again: at once the first time.
pub(crate) fn crash_due(policy: &Policy, crashes: i32, now_ms: i64) -> Option<i64> {
    let earlier = crashes.checked_sub(2)?;
    if earlier < 0 {
        return None;
    }
    let delay = backoff(policy.crash_initial_ms, policy.crash_factor_permille, policy.crash_max_ms, earlier);
    Some(now_ms.saturating_add(delay))
}

/// `min(initial × factorᵛ, max)` in milliseconds. The power is taken step by step and stops at the maximum, so it cannot overflow; in
/// parts of a millisecond, so that a short delay grows too.
fn backoff(initial_ms: i64, factor_permille: i32, max_ms: i64, used: i32) -> i64 {
    const PARTS: i128 = 1_000_000;
    let mut delay = i128::from(initial_ms) * PARTS;
    let most = i128::from(max_ms) * PARTS;
    for _ in 0..used {
        if delay >= most || factor_permille == 1000 {
            break;
        }
        delay = delay * i128::from(factor_permille) / 1000;
        if delay == 0 {
            break;
        }
    }
    i64::try_from(delay.min(most) / PARTS).unwrap_or(max_ms)
}

/// Uniform in [d(1 − j), d(1 + j)].
fn jittered(delay_ms: i64, jitter_permille: i32, random: u64) -> i64 {
    let spread = i128::from(delay_ms) * i128::from(jitter_permille) / 1000;
    let width = spread * 2 + 1;
    let offset = i128::from(random) % width - spread;
    i64::try_from(i128::from(delay_ms) + offset).unwrap_or(i64::MAX).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_012_backoff_doubles_up_to_its_maximum() {
        let delays: Vec<_> = (0..8).map(|used| backoff(1_000, 2_000, 60_000, used)).collect();
        assert_eq!(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(backoff(i64::MAX, i32::MAX, i64::MAX, 1_000), i64::MAX);
        assert_eq!(backoff(1_000, 1_000, 60_000, i32::MAX), 1_000);
        assert_eq!(backoff(1_000, 0, 60_000, i32::MAX), 0);
        assert_eq!(backoff(1, 1_500, 60_000, 10), 57, "1.5¹⁰ = 57.7");
        assert_eq!(backoff(10, 1_050, 60_000, 50), 114, "10 × 1.05⁵⁰ = 114.7");
    }

    #[test]
    fn t_012_jitter_stays_within_its_bounds() {
        let delays: Vec<_> = (0..10_000_u64).map(|n| jittered(10_000, 200, n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
        assert!(delays.iter().all(|delay| (8_000..=12_000).contains(delay)));
        assert!(delays.iter().any(|delay| *delay < 8_200) && delays.iter().any(|delay| *delay > 11_800), "the range is used");
        assert_eq!(jittered(10_000, 0, u64::MAX), 10_000);
    }
}
