//! Laws that hold for any text and any time.

use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::{MISSED_FIRES_MAX, MissedPolicy, Spec, Timetable};
use super::{checked, cron_spec, every_spec};

/// One field: mostly right.
fn field(max: u32) -> impl Strategy<Value = String> {
    let value = 0..=max;
    prop_oneof![
        4 => Just("*".to_owned()),
        2 => (1..=max).prop_map(|step| format!("*/{step}")),
        3 => value.clone().prop_map(|at| at.to_string()),
        2 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (value.clone(), value).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

fn day_of_month() -> impl Strategy<Value = String> {
    prop_oneof![3 => field(31), 1 => Just("L".to_owned()), 1 => (1..=31_u32).prop_map(|day| format!("{day}W"))]
}

fn day_of_week() -> impl Strategy<Value = String> {
    let nth = (0..=7_u32, 1..=5_u32).prop_map(|(day, nth)| format!("{day}#{nth}"));
    prop_oneof![3 => field(7), 1 => nth, 1 => (0..=7_u32).prop_map(|day| format!("{day}L"))]
}

fn expression() -> impl Strategy<Value = String> {
    let fields = (field(59), field(59), field(23), day_of_month(), field(12), day_of_week());
    fields.prop_map(|(second, minute, hour, day, month, weekday)| format!("{second} {minute} {hour} {day} {month} {weekday}"))
}

/// Cron in any zone, or an interval, with or without a window; `None` when the text is one of the wrong ones.
fn timetable() -> impl Strategy<Value = Option<Timetable>> {
    let zone = select(&TZ_VARIANTS[..]).prop_map(|zone| zone.name());
    let spec = prop_oneof![
        4 => (expression(), zone).prop_map(|(text, zone)| cron_spec(&text, zone)),
        1 => (1_000..100_000_000_i64, any::<i64>()).prop_map(|(ms, anchor)| every_spec(ms, anchor)),
    ];
    let window = (proptest::option::of(time()), proptest::option::of(time()));
    (spec, window).prop_map(|(spec, (start_ms, end_ms))| Spec { start_ms, end_ms, ..spec }.check().ok())
}

/// Mostly of these decades, sometimes any.
fn time() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..4_102_444_800_000_i64, 1 => any::<i64>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t_089_no_text_panics(text in "[0-9*/,\\-LW#?A-Za-z é@+]{0,40}", zone in "\\PC{0,20}", at in any::<i64>()) {
        let _refused = cron_spec(&text, &zone).check();
        if let Ok(table) = cron_spec(&text, "Europe/Berlin").check() {
            let next = table.next_fire(at);
            prop_assert!(next.is_none_or(|next| next > at));
        }
    }

    #[test]
    fn t_089_fires_ascend_and_are_counted(table in timetable(), after in time()) {
        let Some(table) = table else { return Ok(()) };
        let fires = table.next_fires(after, 20);
        prop_assert!(fires.first().is_none_or(|first| *first > after));
        prop_assert!(fires.is_sorted_by(|a, b| a < b));
        for (count, fire) in (1..).zip(&fires) {
            prop_assert_eq!(table.count(after, *fire), count);
            prop_assert_eq!(table.count(after, *fire - 1), count - 1);
            prop_assert_eq!(table.latest(after, *fire), Some(*fire));
        }
    }

    #[test]
    fn t_089_counts_add_up(table in timetable(), mut times in [time(), time(), time()]) {
        let Some(table) = table else { return Ok(()) };
        times.sort_unstable();
        let [a, b, c] = times;
        prop_assert_eq!(table.count(a, b) + table.count(b, c), table.count(a, c));
    }

    #[test]
    fn t_090_every_fire_of_a_downtime_is_started_or_skipped(table in timetable(), last in time(), now in time()) {
        let Some(table) = table else { return Ok(()) };
        let come = table.count(last, now);
        for policy in [MissedPolicy::Skip, MissedPolicy::One, MissedPolicy::All] {
            let missed = table.missed(last, now, policy);
            let limit = if policy == MissedPolicy::All { MISSED_FIRES_MAX } else { 1 };
            prop_assert!(missed.fires.len() <= limit);
            prop_assert!(missed.fires.iter().all(|fire| *fire > last && *fire <= now));
            prop_assert_eq!(missed.fires.len() as u64 + missed.skipped, come);
            prop_assert_eq!(missed.next, table.next_fire(last.max(now)));
        }
    }
}

#[test]
fn t_089_expressions_of_the_laws_are_mostly_right() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let right = (0..200).filter(|_| {
        let text = expression().new_tree(&mut runner).expect("a text").current();
        cron_spec(&text, "UTC").check().is_ok()
    });
    assert!(right.count() > 100);
    // The other half of the generator never fails.
    let _interval = checked(&every_spec(1_000, i64::MIN));
}
