//! What is derived from a schedule and a nominal time: fixed for ever, spread evenly.

use std::collections::BTreeSet;

use super::super::{jitter, run_id};

#[test]
fn t_090_jitter_is_within_its_range_and_spread() {
    const RANGE: i64 = 1_000;
    let drawn: Vec<i64> = (0..10_000).map(|minute| jitter(42, minute * 60_000, RANGE)).collect();
    assert!(drawn.iter().all(|offset| (0..RANGE).contains(offset)));
    // Ten buckets of about a thousand each; six standard deviations are 180.
    for bucket in 0..10 {
        let inside = drawn.iter().filter(|offset| **offset / 100 == bucket).count();
        assert!((820..1_180).contains(&inside), "bucket {bucket} has {inside}");
    }
}

#[test]
fn t_090_jitter_depends_on_schedule_and_nominal_time_alone() {
    assert_eq!(jitter(1, 5_000, 86_400_000), jitter(1, 5_000, 86_400_000));
    assert_ne!(jitter(1, 5_000, 86_400_000), jitter(2, 5_000, 86_400_000));
    assert_ne!(jitter(1, 5_000, 86_400_000), jitter(1, 6_000, 86_400_000));
}

#[test]
fn t_090_no_range_is_no_jitter() {
    for range in [0, -1, i64::MIN] {
        assert_eq!(jitter(1, 1, range), 0);
    }
    assert_eq!(jitter(1, 1, 1), 0);
    assert!((0..i64::MAX).contains(&jitter(u128::MAX, i64::MIN, i64::MAX)));
}

#[test]
fn t_090_a_nominal_time_has_one_run_id() {
    let mut ids = BTreeSet::new();
    for schedule in 0..100 {
        for minute in 0..100 {
            assert!(ids.insert(run_id(schedule, minute * 60_000)));
            assert_eq!(run_id(schedule, minute * 60_000), run_id(schedule, minute * 60_000));
        }
    }
}

#[test]
fn t_090_run_ids_are_uuids_of_version_7_and_sort_by_nominal_time() {
    let nominal = [i64::MIN, 0, 1, 1_700_000_000_000, 7_258_118_399_999];
    for pair in nominal[1..].windows(2) {
        assert!(run_id(u128::MAX, pair[0]) < run_id(0, pair[1]), "{pair:?}");
    }
    for nominal in nominal {
        let id = uuid::Uuid::from_u128(run_id(9, nominal));
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
    }
}

/// The derivation is a stored format: another one would start the runs of the past again.
#[test]
fn t_090_the_derivation_never_changes() {
    // Computed apart from this code: SHA-256 of the purpose, the id and the time, both big-endian, in another language.
    assert_eq!(format!("{:032x}", run_id(1, 1_700_000_000_000)), "018bcfe568007fce9bdd5c25b8eecb36");
    assert_eq!(jitter(1, 1_700_000_000_000, 1_000_000), 777_980);
}
