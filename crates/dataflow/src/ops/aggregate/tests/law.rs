//! Aggregates that follow every change.

use arrow::datatypes::DataType;
use levada_base::{Watermark, codes};
use proptest::prelude::*;

use super::super::{AggregateCall, AggregateFunction, Emission};
use super::model::aggregate;
use super::{DECIMAL, FLAG, FLOAT, NUMBER, SMALL, TEXT, TIME, call, every_call, input, law, pools};
use crate::ops::testing::{History, HistoryEpoch, Law, Row, Value, append_only, changing, graph_of, ints, one_epoch, schema};
use crate::{Route, Runtime};

fn holds(keys: &[usize], calls: Vec<AggregateCall>, append_only_input: bool, history: History) -> Law {
    let law = law(&history.schema, keys, calls.clone(), Emission::Changes, append_only_input);
    law.holds(&[history], |contents| aggregate(keys, &calls, &contents[0]));
    law
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn s_029_aggregates_on_changing_input(history in changing(&input(), pools())) {
        holds(&[0], every_call(), false, history);
    }

    #[test]
    fn append_only_input_gives_the_same(history in append_only(&input(), pools())) {
        holds(&[0], every_call(), true, history);
    }

    #[test]
    fn a_global_aggregate_always_has_one_row(history in changing(&input(), pools())) {
        holds(&[], every_call(), false, history);
    }

    #[test]
    fn keys_of_any_type_make_groups(history in changing(&input(), pools()), keys in prop::sample::subsequence(vec![NUMBER, SMALL, DECIMAL, FLOAT, TEXT, FLAG, TIME], 1..4)) {
        holds(&keys, vec![call(AggregateFunction::Count, &[], DataType::Int64)], false, history);
    }

    #[test]
    fn s_030_distinct_across_epochs(history in changing(&input(), pools()), keys in prop::sample::subsequence(vec![NUMBER, FLOAT, TEXT], 1..3)) {
        holds(&keys, Vec::new(), false, history);
    }

    #[test]
    fn s_135_everything_deleted_is_empty(history in changing(&input(), pools())) {
        law(&input(), &[0], every_call(), Emission::Changes, false).drains(std::slice::from_ref(&history), 0);
        law(&input(), &[], every_call(), Emission::Changes, false).drains(&[history], 1);
    }
}

/// A history with one batch an epoch.
fn told(schema: &arrow::datatypes::SchemaRef, epochs: Vec<Vec<(Row, i64)>>) -> History {
    let epoch = |changes| HistoryEpoch { batches: vec![changes], watermark: Watermark::END };
    History { schema: schema.clone(), event_time: None, epochs: epochs.into_iter().map(epoch).collect() }
}

fn pair(key: i128, value: i128) -> Row {
    vec![Value::Int(key), Value::Int(value)]
}

#[test]
fn s_006_unchanged_groups_are_not_repeated() {
    let input = schema(&[("key", DataType::Int64), ("value", DataType::Int64)]);
    let all = (0..1_000).map(|key| (pair(key, 1), 1)).collect();
    let touched = vec![(pair(7, 5), 1)];
    let unchanged = vec![(pair(8, 9), 1), (pair(8, 9), -1), (pair(9, 0), 1), (pair(9, 1), 1), (pair(9, 1), -1)];
    let history = told(&input, vec![all, touched, unchanged]);
    let law = law(&input, &[0], vec![call(AggregateFunction::Sum, &[1], DataType::Int64)], Emission::Changes, false);
    for shards in [1, 2, 4] {
        let mut given = Vec::new();
        law.follow(std::slice::from_ref(&history), shards, |_, _, changes, _| given.push(changes.to_vec()));
        assert_eq!(given[0].len(), 1_000);
        given[1].sort();
        assert_eq!(given[1], [(pair(7, 1), -1), (pair(7, 6), 1)]);
        assert_eq!(given[2], [], "sums that came back to what they were");
    }
}

#[test]
fn a_global_aggregate_has_its_row_before_any_input() {
    let input = schema(&[("value", DataType::Int64)]);
    let calls = vec![call(AggregateFunction::Count, &[], DataType::Int64), call(AggregateFunction::Sum, &[0], DataType::Int64)];
    let law = law(&input, &[], calls, Emission::Changes, false);
    law.follow(&[told(&input, vec![vec![], vec![]])], 4, |epoch, _, changes, output| {
        assert_eq!(changes.len(), usize::from(epoch == 0), "it is given once");
        assert_eq!(output.keys().collect::<Vec<_>>(), [&vec![Value::Int(0), Value::Null]]);
    });
}

/// Runs one epoch of a sum over all rows and gives its outcome.
fn sum_of(data_type: &DataType, result: &DataType, changes: Vec<(Row, i64)>) -> levada_base::Result<Vec<(Row, i64)>> {
    let input = schema(&[("value", data_type.clone())]);
    let history = told(&input, vec![changes]);
    let law = law(&input, &[], vec![call(AggregateFunction::Sum, &[0], result.clone())], Emission::Changes, false);
    let graph = graph_of(&law.op, &[(input, None)], &[Route::Single], &law.schema);
    one_epoch(&mut Runtime::new(graph, 1).expect("a graph that runs"), 0, &[history])
}

#[test]
fn overflow_is_judged_on_the_final_sum() {
    let wide = DataType::Decimal128(38, 0);
    let largest = 10_i128.pow(38) - 1;
    for (data_type, largest) in [(DataType::Int64, i128::from(i64::MAX)), (wide, largest)] {
        let row = |value| vec![Value::Int(value)];
        let there_and_back = vec![(row(largest), 2), (row(1), 1), (row(largest), -1), (row(1), -1)];
        assert_eq!(sum_of(&data_type, &data_type, there_and_back).unwrap(), [(row(largest), 1)]);
        let failed = sum_of(&data_type, &data_type, vec![(row(largest), 1), (row(1), 1)]).unwrap_err();
        assert_eq!(failed.code(), codes::LV_S403, "{failed}");
        assert!(failed.hint().is_some());
    }
}

#[test]
fn s_142_float_state_returns() {
    let float = |value| vec![Value::Float(value)];
    let history = [1e300, 1e-300, 1e308, 1e308, -3.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1];
    let mut changes: Vec<(Row, i64)> = history.iter().map(|&value| (float(value), 3)).collect();
    changes.extend(history.iter().rev().map(|&value| (float(value), -3)));
    changes.push((float(0.1), 1));
    let sum = |changes| sum_of(&DataType::Float64, &DataType::Float64, changes).unwrap();
    assert_eq!(sum(changes.clone()), [(float(0.1), 1)]);
    changes.extend([(float(2.5), 1), (float(-0.1), 1), (float(-2.5), 1)]);
    assert_eq!(sum(changes), [(float(0.0), 1)], "exactly zero");
}

#[test]
fn a_retraction_from_append_only_input_is_refused() {
    let input = schema(&[("key", DataType::Int64), ("value", DataType::Int64)]);
    let calls = vec![call(AggregateFunction::Max, &[1], DataType::Int64)];
    let history = told(&input, vec![vec![(pair(1, 2), 1), (pair(1, 2), -1)]]);
    let law = law(&input, &[0], calls, Emission::Changes, true);
    let graph = graph_of(&law.op, &[(input, None)], &law.routes, &law.schema);
    let failed = one_epoch(&mut Runtime::new(graph, 1).expect("a graph that runs"), 0, &[history]).unwrap_err();
    assert_eq!(failed.code(), codes::LV_S612, "{failed}");
}

#[test]
fn functions_refuse_types_they_are_not_defined_for() {
    use AggregateFunction as F;
    for (function, argument) in [(F::Sum, TEXT), (F::BoolAnd, NUMBER), (F::BitOr, FLOAT), (F::VarPop, FLAG), (F::Avg, TIME)] {
        let failed = call(function, &[argument], DataType::Int64).check(&input()).unwrap_err();
        assert_eq!(failed.code(), codes::LV_S132, "{failed}");
    }
    assert!(every_call().iter().all(|call| call.check(&input()).is_ok()));
}

#[test]
fn distinct_counts_of_a_group_end_with_it() {
    let input = schema(&[("key", DataType::Int64), ("value", DataType::Int64)]);
    let calls = vec![AggregateCall { distinct: true, ..call(AggregateFunction::Count, &[1], DataType::Int64) }];
    let law = law(&input, &[0], calls, Emission::Changes, false);
    let rows = ints(0..5).into_iter().filter(|value| !value.is_null());
    let changes: Vec<_> = rows.map(|value| (vec![Value::Int(1), value], 2)).collect();
    law.drains(&[told(&input, vec![changes])], 0);
}
