//! What schedules promise: equal to an obvious reference around every change of the clocks, bounded and total elsewhere.

mod derived;
mod dst;
mod laws;
mod missed;
mod reference;
mod text;
mod timetable;

use chrono::{DateTime, NaiveDateTime};
use levada_base::Error;

use super::{MissedPolicy, Recurrence, Spec, Timetable};

fn cron_spec(text: &str, zone: &str) -> Spec {
    let recurrence = Recurrence::Cron { text: text.to_owned(), zone: zone.to_owned() };
    Spec { recurrence, start_ms: None, end_ms: None, jitter_ms: 0, missed: MissedPolicy::One }
}

fn every_spec(ms: i64, anchor_ms: i64) -> Spec {
    Spec { recurrence: Recurrence::Every { ms, anchor_ms }, ..cron_spec("", "") }
}

fn cron(text: &str, zone: &str) -> Timetable {
    checked(&cron_spec(text, zone))
}

fn checked(spec: &Spec) -> Timetable {
    spec.check().unwrap_or_else(|error| panic!("{spec:?}: {error}"))
}

fn refusal(spec: &Spec) -> Error {
    match spec.check() {
        Ok(_) => panic!("{spec:?} was not refused"),
        Err(error) => error,
    }
}

/// Milliseconds of a time of UTC, as in `2025-03-30 01:00`.
fn utc(text: &str) -> i64 {
    let time = NaiveDateTime::parse_from_str(&format!("{text}:00"), "%Y-%m-%d %H:%M:%S");
    time.unwrap_or_else(|error| panic!("{text}: {error}")).and_utc().timestamp_millis()
}

/// Milliseconds as such a time, to the second.
fn shown(ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(ms).expect("within the calendar");
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn all_shown(fires: &[i64]) -> Vec<String> {
    fires.iter().map(|fire| shown(*fire)).collect()
}
