//! Schedules around changes of the clocks, compared with the reference.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::super::Timetable;
use super::reference::{BY_MINUTES, BY_SECONDS, Expression, Walk, clock};
use super::{all_shown, cron, utc};

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

/// 2011: the Samoan day that never was, the last change of Russia's summer. 2026: today's rules, with Morocco's of the moon.
const YEARS: [i32; 2] = [2011, 2026];

/// The changes of the clocks: where and when. Of the zones whose clocks show the same before and after one, the first stands for all.
fn changes() -> Vec<(Tz, i64)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for zone in TZ_VARIANTS {
        for year in YEARS {
            for change in changes_in(zone, year) {
                if seen.insert((change, clock(zone, change - 1), clock(zone, change))) {
                    found.push((zone, change));
                }
            }
        }
    }
    found
}

/// Looked for at every minute of the days whose ends differ: no change is undone within a day.
fn changes_in(zone: Tz, year: i32) -> Vec<i64> {
    const MINUTE_S: i64 = 60;
    let offset = |at: i64| clock(zone, at).and_utc().timestamp() - at;
    let start = |year| NaiveDate::from_ymd_opt(year, 1, 1).expect("a year").and_time(NaiveTime::MIN).and_utc().timestamp();
    let days = (start(year)..start(year + 1)).step_by(86_400).filter(|day| offset(*day) != offset(day + DAY_S));
    let minutes = days.flat_map(|day| (day + MINUTE_S..=day + DAY_S).step_by(60));
    minutes.filter(|at| offset(at - MINUTE_S) != offset(*at)).collect()
}

/// What the code under test says from `from` to `to` (seconds, both included), asked in two ways.
fn fires(timetable: &Timetable, (from, to): (i64, i64)) -> (Vec<i64>, u64) {
    let (after_ms, to_ms) = (from * 1_000 - 1, to * 1_000);
    let mut fires = Vec::new();
    let mut last = after_ms;
    while let Some(next) = timetable.next_fire(last).filter(|next| *next <= to_ms) {
        assert!(next > last, "not later");
        fires.push(next / 1_000);
        last = next;
    }
    (fires, timetable.count(after_ms, to_ms))
}

fn compare(zone: Tz, span: (i64, i64), walk: &Walk, expressions: &[Expression]) {
    for expression in expressions {
        let expected = walk.fires(expression);
        let (fires, count) = fires(&cron(expression.text, zone.name()), span);
        let place = format!("{} in {zone} from {}", expression.text, span.0);
        let listed = |seconds: &[i64]| all_shown(&seconds.iter().map(|at| at * 1_000).collect::<Vec<_>>());
        assert_eq!(listed(&fires), listed(&expected), "{place}");
        assert_eq!(count, expected.len() as u64, "{place}: count");
    }
}

#[test]
fn t_089_cron_equals_the_reference_by_minutes_around_every_change() {
    let changes = changes();
    // The United States alone have more than ten in these years.
    assert!(changes.len() > 100, "found only {} changes", changes.len());
    for (zone, change) in changes {
        let span = (change - 26 * HOUR_S, change + 26 * HOUR_S);
        compare(zone, span, &Walk::new(zone, span, 60, DAY_S), &BY_MINUTES);
    }
}

#[test]
fn t_089_cron_equals_the_reference_by_seconds_around_changes() {
    // One in three, always the same ones, and the three of which each kind has one.
    let of_each_kind = ["Australia/Lord_Howe", "Pacific/Apia", "America/New_York"];
    let sampled = changes().into_iter().enumerate();
    let sampled = sampled.filter(|(at, (zone, _))| at % 3 == 0 || of_each_kind.contains(&zone.name()));
    for (_, (zone, change)) in sampled {
        let span = (change - 2 * HOUR_S, change + 3 * HOUR_S);
        compare(zone, span, &Walk::new(zone, span, 1, 3 * HOUR_S), &BY_SECONDS);
    }
}

#[test]
fn t_089_cron_equals_the_reference_over_a_whole_year() {
    // A leap year, in a zone whose clocks change by half an hour; without the expression that fires every minute.
    let start = utc("2024-01-01 00:00") / 1_000;
    let span = (start, start + 366 * DAY_S);
    let zone = Tz::Australia__Lord_Howe;
    compare(zone, span, &Walk::new(zone, span, 60, 2 * DAY_S), &BY_MINUTES[1..]);
}

#[test]
fn t_089_a_local_time_in_a_gap_fires_once_at_its_end() {
    // Berlin, 2025-03-30: 02:00 becomes 03:00 at 01:00 UTC.
    let from = utc("2025-03-29 12:00");
    let next = |text| all_shown(&cron(text, "Europe/Berlin").next_fires(from, 2));
    assert_eq!(next("30 2 * * *"), ["2025-03-30 01:00:00", "2025-03-31 00:30:00"]);
    assert_eq!(next("*/15 2 * * *"), ["2025-03-30 01:00:00", "2025-03-31 00:00:00"]);
    assert_eq!(next("0 2,3 * * *"), ["2025-03-30 01:00:00", "2025-03-31 00:00:00"]);
    // A whole day: Apia had no 2011-12-30; the 31st began at 10:00 UTC of the 30th.
    let apia = cron("0 9,17 30 12 *", "Pacific/Apia").next_fires(utc("2011-12-01 00:00"), 2);
    assert_eq!(all_shown(&apia), ["2011-12-30 10:00:00", "2012-12-29 19:00:00"]);
}

#[test]
fn t_089_a_repeated_local_time_fires_once_at_its_first_occurrence() {
    // Berlin, 2025-10-26: 03:00 becomes 02:00 at 01:00 UTC.
    let from = utc("2025-10-25 12:00");
    let fires = cron("30 2 * * *", "Europe/Berlin").next_fires(from, 2);
    assert_eq!(all_shown(&fires), ["2025-10-26 00:30:00", "2025-10-27 01:30:00"]);
    // Asked while the time is shown again, too.
    let again = cron("30 2 * * *", "Europe/Berlin");
    assert_eq!(again.next_fire(utc("2025-10-26 01:15")), Some(utc("2025-10-27 01:30")));
    assert_eq!(again.count(utc("2025-10-26 01:15"), utc("2025-10-26 01:45")), 0);
}

#[test]
fn t_089_repeating_hours_follow_elapsed_time() {
    let hourly = |from: &str| all_shown(&cron("30 * * * *", "America/New_York").next_fires(utc(from), 4));
    // 2025-03-09: 02:00 becomes 03:00 at 07:00 UTC. 2025-11-02: 02:00 becomes 01:00 at 06:00 UTC.
    for day in ["2025-03-09", "2025-11-02"] {
        let expected = ["05:30:00", "06:30:00", "07:30:00", "08:30:00"].map(|time| format!("{day} {time}"));
        assert_eq!(hourly(&format!("{day} 05:00")), expected);
    }
}

#[test]
fn t_089_a_fire_half_a_year_away_follows_the_clocks_of_that_time() {
    let far = |text| cron(text, "Europe/Berlin").next_fire(utc("2025-01-15 12:00"));
    for text in ["0 * 1 7 *", "0 0 1 7 *"] {
        assert_eq!(far(text), Some(utc("2025-06-30 22:00")), "{text}");
    }
}

#[test]
fn t_089_leap_days_and_days_of_the_month_are_found() {
    let days = |text, n| {
        let fires = cron(text, "UTC").next_fires(utc("2023-12-31 00:00"), n);
        all_shown(&fires).iter().map(|fire| fire[..10].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(days("0 0 29 2 *", 3), ["2024-02-29", "2028-02-29", "2032-02-29"]);
    assert_eq!(days("0 0 L 2 *", 3), ["2024-02-29", "2025-02-28", "2026-02-28"]);
    // A fifth Thursday in February needs a leap year that begins on a Monday.
    assert_eq!(days("0 0 * 2 THU#5", 2), ["2024-02-29", "2052-02-29"]);
    // 2024-06-01 is a Saturday: its nearest weekday of June is Monday the 3rd.
    assert_eq!(days("0 0 1W 6 *", 1), ["2024-06-03"]);
    // 2025-08-31 is a Sunday: Friday the 29th.
    assert_eq!(days("0 0 31W 8 *", 2), ["2024-08-30", "2025-08-29"]);
    assert_eq!(days("0 0 * 1 7L", 2), ["2024-01-28", "2025-01-26"]);
    assert_eq!(days("0 0 * * FRI#2", 2), ["2024-01-12", "2024-02-09"]);
    // Both day fields are given: either suffices.
    assert_eq!(days("0 0 13 * FRI", 3), ["2024-01-05", "2024-01-12", "2024-01-13"]);
}
