//! The law of window assignment: a row is in exactly the windows that hold its time.

use arrow::datatypes::{DataType, TimeUnit};
use proptest::prelude::*;

use super::WindowSpec;
use crate::Route;
use crate::ops::OpSpec;
use crate::ops::testing::{History, Law, Output, Row, Value, ZSet, changing, ints, schema, texts};

const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const MILLISECOND_US: i128 = 1_000;

fn history(time: DataType, times: Vec<Value>) -> impl Strategy<Value = History> {
    changing(&schema(&[("text", DataType::Utf8View), ("time", time)]), vec![texts(), times])
}

fn law(spec: &WindowSpec, time: &DataType) -> Law {
    let mut columns = vec![("text", DataType::Utf8View), ("time", time.clone())];
    columns.extend([("window_start", time.clone()), ("window_end", time.clone())]);
    if time == &TIMESTAMP {
        columns.push(("window_time", time.clone()));
    }
    let op = OpSpec::Window(spec.clone());
    Law { op, routes: vec![Route::Local], schema: schema(&columns), output: Output::Eager }
}

/// Tries every start around the row's time.
fn windows(content: &ZSet, spec: &WindowSpec, with_time: bool) -> ZSet {
    let (size, slide, offset) = (i128::from(spec.size), i128::from(spec.slide), i128::from(spec.offset));
    let mut windows = ZSet::new();
    for (row, weight) in content {
        let Some(time) = row[spec.time].int() else { continue };
        for start in (time - size + 1..=time).filter(|start| (start - offset).rem_euclid(slide) == 0) {
            let mut bounds: Row = vec![Value::Int(start), Value::Int(start + size)];
            bounds.extend(with_time.then(|| Value::Int(start + size - MILLISECOND_US)));
            windows.insert([row.clone(), bounds].concat(), *weight);
        }
    }
    windows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_row_is_in_the_windows_that_hold_its_time(
        history in history(DataType::Int64, ints(-12..12)), size in 1_i64..9, slide in 1_i64..9, offset in -10_i64..10,
    ) {
        let spec = WindowSpec { time: 1, size, slide, offset };
        law(&spec, &DataType::Int64).holds(&[history], |contents| windows(&contents[0], &spec, false));
    }

    #[test]
    fn timestamps_get_their_window_time(history in history(TIMESTAMP, ints(-4..5)), size in 1_i64..4) {
        let spec = WindowSpec { time: 1, size, slide: size, offset: 0 };
        law(&spec, &TIMESTAMP).holds(&[history], |contents| windows(&contents[0], &spec, true));
    }

    #[test]
    fn times_without_nulls_take_the_same_windows(
        history in history(DataType::Int64, (-12..12).map(Value::Int).collect()), size in 1_i64..9, offset in -10_i64..10,
    ) {
        let spec = WindowSpec { time: 1, size, slide: size, offset };
        law(&spec, &DataType::Int64).holds(&[history], |contents| windows(&contents[0], &spec, false));
    }
}

/// The bounds of a window can't be written where they leave the type; the row is then in the windows that can.
#[test]
fn times_at_the_edge_of_the_type_do_not_overflow() {
    for (size, slide) in [(10, 10), (10, 4), (i64::MAX, i64::MAX)] {
        let spec = WindowSpec { time: 0, size, slide, offset: 0 };
        for time in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
            for start in spec.starts(time) {
                assert!(start <= time && start.checked_add(size).is_some_and(|end| time < end), "{start} for {time}");
            }
        }
    }
}

#[test]
fn rows_without_a_time_are_counted() {
    let rows = vec![(vec![Value::Null, Value::Null], 1), (vec![Value::Null, Value::Int(5)], 1)];
    let epoch = crate::ops::testing::HistoryEpoch { batches: vec![rows], watermark: levada_base::Watermark::END };
    let schema = schema(&[("text", DataType::Utf8View), ("time", DataType::Int64)]);
    let history = History { schema, event_time: None, epochs: vec![epoch] };
    let spec = WindowSpec { time: 1, size: 10, slide: 10, offset: 0 };
    let stats = law(&spec, &DataType::Int64).follow(&[history], 1, |_, _, _, output| assert_eq!(output.len(), 1));
    assert_eq!(stats.discards.null_event_time, 1);
}
