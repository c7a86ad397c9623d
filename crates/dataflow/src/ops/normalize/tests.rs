//! The law of normalisation: the content is the last row of every key, in input order.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, SchemaRef};
use levada_base::{Watermark, codes};
use proptest::prelude::*;
use proptest::sample::select;

use super::NormalizeSpec;
use crate::ops::OpSpec;
use crate::ops::testing::{
    History, HistoryEpoch, Law, Output, Row, Value, ZSet, floats, graph_of, ints, one_epoch, schema, texts,
};
use crate::{Route, Runtime};

const KEY: [usize; 2] = [2, 0];

fn columns() -> SchemaRef {
    schema(&[("id", DataType::Int64), ("value", DataType::Float64), ("name", DataType::Utf8View)])
}

fn law() -> Law {
    let op = OpSpec::Normalize(NormalizeSpec { key: KEY.to_vec() });
    Law { op, routes: vec![Route::Hash(KEY.to_vec())], schema: columns(), output: Output::Net }
}

fn key_of(row: &Row) -> Row {
    KEY.iter().map(|&column| row[column].clone()).collect()
}

/// Upserts of any weight and deletes of what is there, whose other columns say anything.
fn history() -> impl Strategy<Value = History> {
    let row = [ints(0..3), floats(), texts()[..3].to_vec()].map(select);
    let epoch = prop::collection::vec((row, select(vec![-2_i64, -1, -1, 0, 1, 1, 1, 2])), 0..14);
    (prop::collection::vec(epoch, 1..6), 1_usize..6).prop_map(|(epochs, batch_rows)| {
        let mut live = BTreeSet::new();
        let epochs = epochs.into_iter().map(|mut changes| {
            changes.retain(|(row, weight)| match weight {
                0 => true,
                1.. => {
                    live.insert(key_of(&row.to_vec()));
                    true
                }
                _ => live.remove(&key_of(&row.to_vec())),
            });
            let changes: Vec<(Row, i64)> = changes.into_iter().map(|(row, weight)| (row.to_vec(), weight)).collect();
            HistoryEpoch { batches: changes.chunks(batch_rows).map(<[_]>::to_vec).collect(), watermark: Watermark::END }
        });
        History { schema: columns(), event_time: None, epochs: epochs.collect() }
    })
}

/// The last row of every key after epoch `at`.
fn last_rows(history: &History, at: usize) -> ZSet {
    let mut rows = BTreeMap::new();
    for (row, weight) in history.epochs[..=at].iter().flat_map(|epoch| epoch.batches.iter().flatten()) {
        match weight {
            0 => None,
            1.. => rows.insert(key_of(row), row.clone()),
            _ => rows.remove(&key_of(row)),
        };
    }
    rows.into_values().map(|row| (row, 1)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_last_row_of_a_key_wins(history in history()) {
        for shards in [1, 2, 4] {
            let kept = law().follow(std::slice::from_ref(&history), shards, |at, _, _, output| {
                assert_eq!(output, &last_rows(&history, at), "after epoch {at} on {shards} shards");
            });
            prop_assert_eq!(kept.state_rows as usize, last_rows(&history, history.epochs.len() - 1).len());
        }
    }
}

fn row(id: i128, value: f64) -> Row {
    vec![Value::Int(id), Value::Float(value), Value::Text("a name beyond a view".to_owned())]
}

fn epochs(epochs: &[&[(Row, i64)]]) -> History {
    let epoch = |changes: &&[(Row, i64)]| HistoryEpoch { batches: vec![changes.to_vec()], watermark: Watermark::END };
    History { schema: columns(), event_time: None, epochs: epochs.iter().map(epoch).collect() }
}

/// The changes of every epoch.
fn changes_of(history: &History) -> Vec<Vec<(Row, i64)>> {
    let mut given = Vec::new();
    law().follow(std::slice::from_ref(history), 2, |_, _, changes, _| given.push(changes.to_vec()));
    given
}

#[test]
fn s_147_no_op_updates_vanish() {
    let there = || (row(1, 1.0), 1);
    let history = epochs(&[
        &[there()],
        &[there()],
        &[(row(1, 2.0), 1), there()],
        &[(row(1, 9.0), -1), there()],
        &[(row(1, f64::NAN), 1)],
        &[(row(1, -f64::NAN), 1)],
    ]);
    let given = changes_of(&history);
    assert_eq!(given[0], [there()]);
    assert!(given[1].is_empty() && given[2].is_empty() && given[3].is_empty(), "{given:?}");
    assert_eq!(given[4], [(row(1, 1.0), -1), (row(1, f64::NAN), 1)]);
    assert!(given[5].is_empty(), "all NaN are one value: {given:?}");
}

#[test]
fn a_delete_names_only_the_key() {
    let given = changes_of(&epochs(&[&[(row(1, 1.0), 1), (row(2, 2.0), 1)], &[(row(1, 77.0), -1)]]));
    assert_eq!(given[1], [(row(1, 1.0), -1)]);
}

#[test]
fn a_row_that_comes_and_goes_within_an_epoch_is_never_seen() {
    let given = changes_of(&epochs(&[&[(row(1, 1.0), 1), (row(1, 2.0), 1), (row(1, 2.0), -1)]]));
    assert!(given[0].is_empty(), "{given:?}");
}

#[test]
fn the_order_of_a_large_epoch_is_kept_across_shards() {
    let rows: Vec<(Row, i64)> = (0..20_000).map(|at| (row(at % 50, at as f64), 1)).collect();
    let history = epochs(&[&rows]);
    law().follow(std::slice::from_ref(&history), 4, |at, _, _, output| assert_eq!(output, &last_rows(&history, at)));
}

#[test]
fn a_delete_of_an_unknown_key_is_refused() {
    let history = epochs(&[&[(row(1, 1.0), 1)], &[(row(1, 1.0), -1), (row(7, 1.0), -1)]]);
    let law = law();
    let graph = graph_of(&law.op, &[(columns(), None)], &law.routes, &law.schema);
    let mut runtime = Runtime::new(graph, 1).unwrap();
    one_epoch(&mut runtime, 0, std::slice::from_ref(&history)).unwrap();
    let error = one_epoch(&mut runtime, 1, std::slice::from_ref(&history)).unwrap_err();
    assert_eq!(error.code(), codes::LV_S611);
    assert_eq!(error.message(), "delete of the unknown key (name = a name beyond a view, id = 7)");
}
