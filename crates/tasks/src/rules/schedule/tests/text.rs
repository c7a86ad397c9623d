//! What is read, and what is refused with which position and reason.

use super::super::text::normalise;
use super::super::{CRON_BYTES_MAX, EVERY_MS_MAX, JITTER_MS_MAX, Spec};
use super::{cron, cron_spec, every_spec, refusal, utc};

fn normal(text: &str) -> String {
    normalise(text).unwrap_or_else(|error| panic!("{text}: {error}")).text
}

fn refused(text: &str) -> String {
    let error = refusal(&cron_spec(text, "UTC"));
    assert_eq!(error.code().name(), "LV-T601", "{text}");
    assert!(error.hint().is_some_and(|hint| hint.contains("\"30 2 * * MON-FRI\"")), "{text}: no example");
    format!("{}: {}", error.message(), error.reason().unwrap_or_default())
}

#[test]
fn an_expression_has_one_normal_form() {
    assert_eq!(normal("*/15 * * * *"), "0 */15 * * * *");
    assert_eq!(normal("  5\t4  1,15 jan-Mar mon-FRI "), "0 5 4 1,15 1-3 1-5");
    assert_eq!(normal("1 2 3 4 5 6"), "1 2 3 4 5 6");
    assert_eq!(normal("0 0 ? * 7L,sun#2,5"), "0 0 0 * * 0L,0#2,5");
    assert_eq!(normal("0 0 l,15w */1 fri-sun"), "0 0 0 L,15W * 5-7");
    assert_eq!(normal("3/7 8-17/3 * * 1/2"), "0 3/7 8-17/3 * * 1/2");
}

#[test]
fn only_a_star_or_a_stepped_star_is_every_hour() {
    let every_hour = |hour: &str| normalise(&format!("0 {hour} * * *")).expect("an hour").every_hour;
    assert!(["*", "*/2", "*/1"].into_iter().all(every_hour));
    assert!(!["0-23", "1/2", "*/2,3", "5"].into_iter().any(every_hour));
}

#[test]
fn a_wrong_text_is_refused_with_field_column_and_reason() {
    let cases = [
        ("", "column 1: 0 fields where there are five, or six with seconds"),
        ("* * * *", "column 1: 4 fields where there are five, or six with seconds"),
        ("0 0 1 1 * * 2030", "column 13: 7 fields where there are five, or six with seconds"),
        ("@daily", "column 1: 1 fields where there are five, or six with seconds"),
        ("0 25 * * *", "hour, column 3: 25 is not within 0 to 23"),
        ("61 * * * * *", "second, column 1: 61 is not within 0 to 59"),
        ("0,5,60 * * * *", "minute, column 5: 60 is not within 0 to 59"),
        ("5, * * * *", "minute, column 3: nothing stands before or after a comma"),
        ("*,5 * * * *", "minute, column 1: * stands alone or before a step, as in */5"),
        ("*/0 * * * *", "minute, column 1: a step is a number from 1 to 59"),
        ("*/x * * * *", "minute, column 1: a step is a number from 1 to 59"),
        ("0 17-8 * * *", "hour, column 3: the range 17-8 runs backwards"),
        ("0 0 0 * *", "day of month, column 5: 0 is not within 1 to 31"),
        ("0 0 * FOO *", "month, column 7: \"FOO\" is neither a number nor a name like FEB"),
        ("0 0 * * MOND", "day of week, column 9: \"MOND\" is neither a number nor a name like MON"),
        ("0 0 * * L", "day of week, column 9: L stands after a weekday here, as in 5L"),
        ("0 0 * * 5#6", "day of week, column 9: a number from 1 to 5 stands after #, as in 5#2"),
        ("0 0 * * 5#", "day of week, column 9: a number from 1 to 5 stands after #, as in 5#2"),
        ("0 0 LW * *", "day of month, column 5: \"L\" is not a number"),
        ("0 0 15W7 * *", "day of month, column 5: \"15W7\" is not a number"),
        ("L * * * *", "minute, column 1: \"L\" is not a number"),
        ("? * * * *", "minute, column 1: \"?\" is not a number"),
        ("+5 * * * *", "minute, column 1: \"+5\" is not a number"),
        ("0 é * * *", "hour, column 3: \"é\" is not a number"),
        ("0 0 30 FEB *", "day of month: none of the months has such a day"),
        ("0 0 31W 4,6 *", "day of month: none of the months has such a day"),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), format!("cron {text:?}: {expected}"));
    }
}

#[test]
fn a_refusal_reads_as_on_its_page() {
    let said = refusal(&cron_spec("0 25 * * *", "UTC")).to_string();
    let page = include_str!("../../../../../../docs/errors/LV-T601.md");
    assert!(page.contains(&said), "{said}");
}

#[test]
fn a_long_text_is_refused_unread_and_shown_in_part() {
    let text = "*".repeat(CRON_BYTES_MAX + 1);
    let message = refused(&text);
    assert!(message.contains("the limit CRON_BYTES_MAX is 256"), "{message}");
    assert!(!message.contains(&text), "{message}");
}

#[test]
fn an_unknown_zone_is_refused_with_the_nearest_name() {
    let hint = |zone: &str| {
        let error = refusal(&cron_spec("0 0 * * *", zone));
        assert_eq!(error.code().name(), "LV-T602");
        assert_eq!(error.message(), format!("time zone {zone:?} is not known"));
        error.hint().unwrap_or_default().to_owned()
    };
    assert_eq!(hint("Europe/Berln"), "did you mean \"Europe/Berlin\"?");
    assert_eq!(hint("europe/berlin"), "did you mean \"Europe/Berlin\"?");
    assert_eq!(hint("New York"), "did you mean \"America/New_York\"?");
    assert!(hint("the moon, its far side").contains("IANA"));
}

#[test]
fn numbers_out_of_range_are_refused() {
    let refused = |spec: Spec| {
        let error = refusal(&spec);
        assert_eq!(error.code().name(), "LV-T001");
        error.message().to_owned()
    };
    assert_eq!(refused(every_spec(999, 0)), format!("every: 999 ms is not within 1000 to {EVERY_MS_MAX} ms"));
    let jitter = Spec { jitter_ms: -1, ..every_spec(1_000, 0) };
    assert_eq!(refused(jitter), format!("jitter: -1 ms is not within 0 to {JITTER_MS_MAX} ms"));
    let window = Spec { start_ms: Some(5), end_ms: Some(5), ..every_spec(1_000, 0) };
    assert_eq!(refused(window), "end: 5 is not after the start 5");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let error = refusal(&Spec { jitter_ms: -1, ..cron_spec("nonsense", "Nowhere") });
    let codes: Vec<_> = error.also().iter().map(|also| also.code().name()).collect();
    assert_eq!((error.code().name(), codes), ("LV-T601", vec!["LV-T602", "LV-T001"]));
}

#[test]
fn zones_read_what_they_name() {
    assert_eq!(cron("0 9 * * *", "Asia/Tokyo").next_fire(utc("2025-01-01 12:00")), Some(utc("2025-01-02 00:00")));
}
