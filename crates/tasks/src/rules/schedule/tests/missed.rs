//! What starts after a downtime, and what never starts twice.

use std::collections::BTreeSet;

use super::super::{LATE_MS_MAX, MISSED_FIRES_MAX, Missed, MissedPolicy, Spec, Timetable, run_id};
use super::{checked, cron, cron_spec, every_spec, utc};

const HOUR_MS: i64 = 3_600_000;
const POLICIES: [MissedPolicy; 3] = [MissedPolicy::Skip, MissedPolicy::One, MissedPolicy::All];

#[test]
fn t_090_after_a_downtime_the_policy_decides() {
    let hourly = cron("0 * * * *", "UTC");
    let (last, now) = (utc("2025-01-01 09:00"), utc("2025-01-01 12:20"));
    let [ten, eleven, twelve, next] = [1, 2, 3, 4].map(|hours| last + hours * HOUR_MS);
    let next = Some(next);
    let expected = [
        Missed { fires: vec![], skipped: 3, next },
        Missed { fires: vec![twelve], skipped: 2, next },
        Missed { fires: vec![ten, eleven, twelve], skipped: 0, next },
    ];
    for (policy, expected) in POLICIES.into_iter().zip(expected) {
        assert_eq!(hourly.missed(last, now, policy), expected, "{policy:?}");
    }
}

#[test]
fn t_090_one_is_the_policy_unless_another_is_chosen() {
    assert_eq!(MissedPolicy::default(), MissedPolicy::One);
}

#[test]
fn t_090_a_fire_seen_in_time_is_not_missed() {
    let hourly = cron("0 * * * *", "UTC");
    let (last, fire) = (utc("2025-01-01 09:00"), utc("2025-01-01 10:00"));
    for policy in POLICIES {
        for now in [fire, fire + LATE_MS_MAX] {
            let expected = Missed { fires: vec![fire], skipped: 0, next: Some(fire + HOUR_MS) };
            assert_eq!(hourly.missed(last, now, policy), expected, "{policy:?}");
        }
    }
    let late = hourly.missed(last, fire + LATE_MS_MAX + 1, MissedPolicy::Skip);
    assert_eq!(late, Missed { fires: vec![], skipped: 1, next: Some(fire + HOUR_MS) });
}

#[test]
fn t_090_nothing_is_due_between_fires_or_when_the_clock_went_back() {
    let hourly = cron("0 * * * *", "UTC");
    let last = utc("2025-01-01 09:00");
    for policy in POLICIES {
        for now in [last, last + HOUR_MS - 1, last - 24 * HOUR_MS, i64::MIN] {
            let expected = Missed { fires: vec![], skipped: 0, next: Some(last + HOUR_MS) };
            assert_eq!(hourly.missed(last, now, policy), expected, "{policy:?} at {now}");
        }
    }
}

#[test]
fn t_090_years_of_every_second_are_counted_not_walked() {
    let every_second = cron("* * * * * *", "Europe/Berlin");
    let (last, now) = (utc("2015-01-01 00:00"), utc("2025-01-01 00:00"));
    let seconds = u64::try_from((now - last) / 1_000).expect("forward");
    let all = every_second.missed(last, now, MissedPolicy::All);
    assert_eq!((all.fires.len(), all.skipped), (MISSED_FIRES_MAX, seconds - 100));
    assert_eq!((all.fires[0], all.fires[99]), (last + 1_000, last + 100_000));
    assert_eq!(all.next, Some(now + 1_000));
    let one = every_second.missed(last, now, MissedPolicy::One);
    assert_eq!((one.fires, one.skipped), (vec![now], seconds - 1));
}

#[test]
fn t_090_a_schedule_that_is_over_has_no_next() {
    let table = checked(&Spec { end_ms: Some(3_000), ..every_spec(1_000, 0) });
    let expected = Missed { fires: vec![2_000], skipped: 1, next: None };
    assert_eq!(table.missed(0, i64::MAX, MissedPolicy::One), expected);
}

#[test]
fn t_090_jitter_delays_a_start_and_keeps_the_order() {
    const ID: u128 = 7;
    let spec = Spec { jitter_ms: 30_000, missed: MissedPolicy::All, ..every_spec(10_000, 0) };
    let table = checked(&spec);
    let mut last = 1_000_000;
    let mut started = Vec::new();
    for now in (last..last + 600_000).step_by(500) {
        let mut due = table.due(ID, last, now);
        while let [nominal] = due.fires[..] {
            assert_eq!(due.skipped, 0);
            let starts = table.starts_at(ID, nominal);
            assert!(starts <= now, "{nominal} starts at {starts}, not {now}");
            // It waits for nothing but its own start and those before it.
            let held_until = started.iter().map(|fire| table.starts_at(ID, *fire)).max().unwrap_or(0).max(starts);
            assert!(now - held_until < 500, "{nominal} was held back at {now}");
            started.push(nominal);
            last = nominal;
            due = table.due(ID, last, now);
        }
        assert_eq!((due.fires.len(), due.skipped), (0, 0));
        assert!(due.next.is_some_and(|next| table.starts_at(ID, next) > now));
    }
    let nominal = |at: usize| 1_000_000 + 10_000 * (1 + i64::try_from(at).expect("few"));
    assert!(started.len() > 50);
    assert!(started.iter().enumerate().all(|(at, fire)| *fire == nominal(at)), "{started:?}");
}

#[test]
fn t_090_jitter_alone_makes_no_policy_miss_a_start() {
    for missed in POLICIES {
        for jitter_ms in [0, 30_000] {
            let table = checked(&Spec { jitter_ms, missed, ..every_spec(10_000, 0) });
            let from = 1_000_000;
            let (mut last, mut started) = (from, Vec::new());
            for now in (from..from + 600_000).step_by(5_000) {
                while let [nominal] = table.due(7, last, now).fires[..] {
                    started.push(nominal);
                    last = nominal;
                }
            }
            let expected = table.next_fires(from, started.len());
            assert!(started.len() > 50 && started == expected, "{missed:?}, jitter {jitter_ms}: {started:?}");
        }
    }
}

#[test]
fn t_090_a_start_that_is_hours_late_is_missed_whatever_the_jitter() {
    let spec = Spec { jitter_ms: 24 * HOUR_MS, missed: MissedPolicy::Skip, ..cron_spec("0 0 * * *", "UTC") };
    let table = checked(&spec);
    let last = utc("2025-01-01 00:00");
    let nominal = table.next_fire(last).expect("daily");
    let starts = [nominal - 24 * HOUR_MS, nominal].map(|fire| table.starts_at(1, fire)).into_iter().max().expect("two");
    assert_eq!(table.due(1, last, starts).fires, [nominal], "in time");
    let late = table.due(1, last, starts + LATE_MS_MAX + 1);
    assert_eq!((late.fires, late.skipped), (vec![], 1));
}

/// Three nodes look at their own moments, one with a clock a minute ahead, the fires of a look are all started or (a kill) none.
fn looked_at_by_three_nodes(table: &Timetable, from: i64, to: i64) -> (Vec<i64>, u64, i64) {
    let (mut last, mut started, mut skipped) = (from, Vec::new(), 0);
    let mut now = from;
    for look in 0_i64.. {
        now += (look * 7_919) % 240_000;
        if now > to {
            break;
        }
        let clock = [now, now - 60_000, now + 60_000][usize::try_from(look % 3).expect("small")];
        let due = table.due(1, last, clock);
        let killed_before_commit = look % 5 == 0;
        if killed_before_commit || (due.fires.is_empty() && due.skipped == 0) {
            continue;
        }
        // Decided up to the one before the next: what the row of the schedule says after the commit.
        last = due.next.expect("it goes on") - 1;
        started.extend(due.fires);
        skipped += due.skipped;
    }
    (started, skipped, last)
}

#[test]
fn t_090_every_nominal_time_is_started_once_or_counted_as_skipped() {
    let (from, to) = (utc("2025-10-25 18:00"), utc("2025-10-26 18:00"));
    for text in ["* * * * *", "*/7 * * * *", "*/2 1-4 * * *"] {
        for missed in POLICIES {
            for jitter_ms in [0, 45_000, 600_000] {
                let table = checked(&Spec { jitter_ms, missed, ..cron_spec(text, "Europe/Berlin") });
                let (started, skipped, last) = looked_at_by_three_nodes(&table, from, to);
                let place = format!("{text}, {missed:?}, jitter {jitter_ms}");
                assert!(started.is_sorted_by(|a, b| a < b), "{place}: {started:?}");
                let ids: BTreeSet<u128> = started.iter().map(|nominal| run_id(1, *nominal)).collect();
                assert_eq!(ids.len(), started.len(), "{place}: one run per nominal time");
                let nominal = table.next_fires(from, 2_000);
                assert!(started.iter().all(|fire| nominal.contains(fire)), "{place}");
                let decided = nominal.iter().filter(|fire| **fire <= last).count() as u64;
                assert!(decided > 0);
                assert_eq!(started.len() as u64 + skipped, decided, "{place}");
                if missed == MissedPolicy::All {
                    assert_eq!(skipped, 0, "{place}");
                }
            }
        }
    }
}
