//! Windows, intervals, and the ends of time.

use super::super::Spec;
use super::{all_shown, checked, cron, cron_spec, every_spec, utc};

#[test]
fn a_fire_is_strictly_later_than_asked() {
    let hourly = cron("0 * * * *", "UTC");
    let noon = utc("2025-01-01 12:00");
    assert_eq!(hourly.next_fire(noon - 1), Some(noon));
    assert_eq!(hourly.next_fire(noon), Some(noon + 3_600_000));
    assert_eq!(hourly.next_fire(noon + 999), Some(noon + 3_600_000));
}

#[test]
fn an_interval_is_aligned_to_its_anchor_on_both_sides() {
    let every = checked(&every_spec(90_000, 1_000_000));
    assert_eq!(every.next_fires(999_999, 3), [1_000_000, 1_090_000, 1_180_000]);
    assert_eq!(every.next_fires(1_000_000, 1), [1_090_000]);
    assert_eq!(every.next_fires(0, 2), [10_000, 100_000]);
    assert_eq!(every.count(0, 1_000_000), 12);
    assert_eq!(every.latest(0, 1_089_999), Some(1_000_000));
}

#[test]
fn an_interval_follows_elapsed_time_whatever_its_anchor() {
    let from = 1_000_000_000_000;
    for anchor_ms in [i64::MIN, i64::MIN + 1, -1, i64::MAX] {
        let first = checked(&every_spec(7_000, anchor_ms)).next_fire(from).expect("a fire");
        assert!((1..=7_000).contains(&(first - from)), "{first}");
        assert_eq!((i128::from(first) - i128::from(anchor_ms)) % 7_000, 0);
    }
}

#[test]
fn a_window_contains_its_start_and_not_its_end() {
    let (start_ms, end_ms) = (Some(utc("2025-01-01 10:00")), Some(utc("2025-01-01 13:00")));
    for spec in [cron_spec("0 * * * *", "UTC"), every_spec(3_600_000, 0)] {
        let table = checked(&Spec { start_ms, end_ms, ..spec });
        let expected = ["2025-01-01 10:00:00", "2025-01-01 11:00:00", "2025-01-01 12:00:00"];
        assert_eq!(all_shown(&table.next_fires(i64::MIN, 10)), expected);
        assert_eq!(table.next_fire(utc("2025-01-01 12:00")), None);
        assert_eq!(table.count(i64::MIN, i64::MAX), 3);
        assert_eq!(table.latest(i64::MIN, i64::MAX), Some(utc("2025-01-01 12:00")));
    }
}

#[test]
fn nothing_fires_before_1970_or_after_the_last_year() {
    for spec in [cron_spec("0 0 1 1 *", "UTC"), every_spec(86_400_000, 0)] {
        let table = checked(&spec);
        assert_eq!(table.next_fire(i64::MIN), Some(0));
        assert_eq!(table.next_fire(i64::MAX), None);
        assert_eq!(table.next_fire(utc("2200-01-01 00:00")), None);
        let last = table.latest(0, i64::MAX).expect("a last fire");
        assert!((utc("2199-01-01 00:00")..utc("2200-01-01 00:00")).contains(&last));
        assert_eq!(table.next_fire(last), None);
    }
}

#[test]
fn a_start_may_lie_before_1970_and_an_end_beyond_all_years() {
    let spec = Spec { start_ms: Some(i64::MIN), end_ms: Some(i64::MAX), ..cron_spec("0 0 1 1 *", "UTC") };
    assert_eq!(checked(&spec).count(i64::MIN, i64::MAX), 230);
}
