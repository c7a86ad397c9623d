//! Aggregates whose groups close: what comes out when, what is late, what is forgotten.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use levada_base::Watermark;
use proptest::prelude::*;

use super::super::{AggregateFunction, Close, Emission};
use super::model::aggregate;
use super::{TIMES, call, law};
use crate::Discards;
use crate::ops::testing::{History, Row, Value, ZSet, append_only, changing, ints, schema, texts};

const DELAY: i64 = 10;

fn input() -> arrow::datatypes::SchemaRef {
    schema(&[("start", TIMES), ("key", DataType::Utf8View), ("value", DataType::Int64)])
}

fn pools() -> Vec<Vec<Value>> {
    vec![ints(-2..6), texts()[..2].to_vec(), ints(0..3)]
}

fn calls() -> Vec<super::AggregateCall> {
    let distinct = super::AggregateCall { distinct: true, ..call(AggregateFunction::Count, &[2], DataType::Int64) };
    vec![
        call(AggregateFunction::Count, &[], DataType::Int64),
        call(AggregateFunction::Sum, &[2], DataType::Int64),
        call(AggregateFunction::Max, &[2], DataType::Int64),
        distinct,
    ]
}

/// What the spec says, window by window: rows are judged by the watermark before their epoch, windows by the one after it.
struct Model {
    lateness: i64,
    hides_open_windows: bool,
    content: ZSet,
    /// The result's rows by window.
    result: BTreeMap<Value, ZSet>,
    before: Watermark,
    discards: Discards,
}

impl Model {
    fn reaches(watermark: Watermark, time: &Value, after: i64) -> bool {
        watermark != Watermark::NONE
            && time.int().is_some_and(|time| i128::from(watermark.0) >= time + i128::from(DELAY) + i128::from(after))
    }

    fn epoch(&mut self, changes: impl Iterator<Item = (Row, i64)>, after: Watermark) -> ZSet {
        for (row, weight) in changes {
            if row[0].is_null() {
                self.discards.null_event_time += weight.unsigned_abs();
            } else if Self::reaches(self.before, &row[0], self.lateness) {
                self.discards.late += weight.unsigned_abs();
            } else {
                let total = self.content.entry(row.clone()).or_default();
                *total += weight;
                if *total == 0 {
                    self.content.remove(&row);
                }
            }
        }
        for start in pools()[0].iter().filter(|start| !start.is_null()) {
            let is_final = Self::reaches(self.before, start, self.lateness);
            let is_hidden = self.hides_open_windows && !Self::reaches(after, start, 0);
            if !is_final && !is_hidden {
                let window =
                    self.content.iter().filter(|(row, _)| row[0] == *start).map(|(row, weight)| (row.clone(), *weight));
                self.result.insert(start.clone(), aggregate(&[0, 1], &calls(), &window.collect()));
            }
        }
        self.before = after;
        self.result.values().flatten().map(|(row, weight)| (row.clone(), *weight)).collect()
    }
}

fn check(history: &History, emission: Emission, append_only_input: bool) {
    let (Emission::OnClose(close) | Emission::ChangesUntilClosed(close)) = emission else { panic!("nothing closes") };
    let is_final = matches!(emission, Emission::OnClose(_)) && close.lateness == 0;
    let law = law(&input(), &[0, 1], calls(), emission, append_only_input);
    for shards in [1, 2, 4] {
        let mut model = Model {
            lateness: close.lateness,
            hides_open_windows: matches!(emission, Emission::OnClose(_)),
            content: ZSet::new(),
            result: BTreeMap::new(),
            before: Watermark::NONE,
            discards: Discards::default(),
        };
        let stats = law.follow(std::slice::from_ref(history), shards, |at, _, changes, output| {
            let epoch = &history.epochs[at];
            let expected = model.epoch(epoch.batches.iter().flatten().cloned(), epoch.watermark);
            assert_eq!(output, &expected, "after epoch {at} on {shards} shards");
            assert!(!is_final || changes.iter().all(|(_, weight)| *weight > 0), "a final row is never taken back");
        });
        assert_eq!(stats.discards, model.discards);
        let open = model.content.keys().filter(|row| !Model::reaches(model.before, &row[0], close.lateness)).count();
        assert!(open > 0 || stats.state_rows == 0, "{} rows of closed windows are kept", stats.state_rows);
    }
}

fn close(lateness: i64) -> Close {
    Close { key: 0, delay: DELAY, lateness }
}

/// Watermarks that move over all windows of the pools, never back, from none to the end.
fn watermarks() -> impl Strategy<Value = Vec<i64>> {
    let times = prop_oneof![1 => Just(i64::MIN), 8 => 5_i64..22, 1 => Just(i64::MAX)];
    prop::collection::vec(times, 1..7).prop_map(|mut times| {
        times.sort_unstable();
        times
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn closed_windows_come_out_once(history in changing(&input(), pools()), watermarks in watermarks()) {
        check(&history.with_watermarks(0, &watermarks), Emission::OnClose(close(0)), false);
    }

    #[test]
    fn closed_windows_of_append_only_input_come_out_once(history in append_only(&input(), pools()), watermarks in watermarks()) {
        check(&history.with_watermarks(0, &watermarks), Emission::OnClose(close(0)), true);
    }

    #[test]
    fn closed_windows_are_corrected_while_lateness_allows(history in changing(&input(), pools()), watermarks in watermarks(), lateness in 1_i64..6) {
        check(&history.with_watermarks(0, &watermarks), Emission::OnClose(close(lateness)), false);
    }

    #[test]
    fn open_windows_follow_and_closed_ones_stay(history in changing(&input(), pools()), watermarks in watermarks(), lateness in 0_i64..6) {
        check(&history.with_watermarks(0, &watermarks), Emission::ChangesUntilClosed(close(lateness)), false);
    }
}
