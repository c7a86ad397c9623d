//! The law of top-N: after every epoch the output is the cut out of the sorted partitions.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use arrow::datatypes::{DataType, SchemaRef};
use levada_base::{Watermark, codes};
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::TopNSpec;
use crate::ops::testing::{
    History, HistoryEpoch, Law, Output, Row, Value, ZSet, append_only, changing, floats, graph_of, ints, one_epoch, schema,
    texts,
};
use crate::ops::{OpSpec, SortColumn};
use crate::{Route, Runtime};

const WIDTH: usize = 4;

fn columns() -> Vec<(&'static str, DataType)> {
    vec![("n", DataType::Int64), ("f", DataType::Float64), ("t", DataType::Utf8View), ("d", DataType::Decimal128(38, 2))]
}

fn pools() -> Vec<Vec<Value>> {
    let huge = [i128::from(i64::MAX) * 7, -i128::from(i64::MAX) * 7].map(Value::Int);
    let decimals = [ints(-2..2), huge.to_vec()].concat();
    vec![ints(0..3), floats(), texts(), decimals]
}

fn changing_rows() -> impl Strategy<Value = History> {
    changing(&schema(&columns()), pools())
}

fn appended_rows() -> impl Strategy<Value = History> {
    append_only(&schema(&columns()), pools())
}

fn output(numbered: bool) -> SchemaRef {
    let number = numbered.then_some(("number", DataType::UInt64));
    schema(&columns().into_iter().chain(number).collect::<Vec<_>>())
}

fn law(spec: TopNSpec) -> Law {
    let route = if spec.partition.is_empty() { Route::Single } else { Route::Hash(spec.partition.clone()) };
    Law { routes: vec![route], schema: output(spec.row_number), op: OpSpec::TopN(spec), output: Output::Net }
}

fn any_spec() -> impl Strategy<Value = TopNSpec> {
    let order = (subsequence((0..WIDTH).collect::<Vec<_>>(), 0..3).prop_shuffle(), any::<[(bool, bool); 2]>());
    let cut = (0..4_u64, prop_oneof![Just(0), Just(1), 1..5_u64, Just(20), Just(u64::MAX)]);
    (subsequence(vec![0, 1, 2], 0..3), order, cut, any::<bool>(), subsequence((0..WIDTH).collect::<Vec<_>>(), 0..=WIDTH))
        .prop_map(|(partition, (order, directions), (skip, limit), row_number, tie_break)| {
            let direction = |(column, (descending, nulls_first))| SortColumn { column, descending, nulls_first };
            TopNSpec {
                partition,
                order: order.into_iter().zip(directions).map(direction).collect(),
                tie_break,
                skip,
                limit,
                row_number,
                append_only_input: false,
            }
        })
}

fn compare(spec: &TopNSpec, left: &Row, right: &Row) -> Ordering {
    let by = |sort: &SortColumn| {
        let (left, right) = (&left[sort.column], &right[sort.column]);
        match (left.is_null(), right.is_null()) {
            (false, false) if sort.descending => right.cmp(left),
            (false, false) => left.cmp(right),
            (left, right) if sort.nulls_first => right.cmp(&left),
            (left, right) => left.cmp(&right),
        }
    };
    let ordered = spec.order.iter().map(by).find(|order| order.is_ne());
    // The columns that the spec leaves out break the ties that are left.
    let canonical =
        || spec.tie_break.iter().copied().chain(0..WIDTH).map(|at| left[at].cmp(&right[at])).find(|order| order.is_ne());
    ordered.or_else(canonical).unwrap_or(Ordering::Equal)
}

/// Sorts every partition, a row of weight k being k rows, and cuts.
fn cut(spec: &TopNSpec, content: &ZSet) -> ZSet {
    let mut partitions: BTreeMap<Row, Vec<&Row>> = BTreeMap::new();
    for (row, weight) in content {
        let partition = spec.partition.iter().map(|&column| row[column].clone()).collect();
        partitions.entry(partition).or_default().extend((0..*weight).map(|_| row));
    }
    let mut output = ZSet::new();
    let limit = usize::try_from(spec.limit).unwrap_or(usize::MAX);
    for rows in partitions.values_mut() {
        rows.sort_by(|left, right| compare(spec, left, right));
        for (at, row) in rows.iter().enumerate().skip(spec.skip as usize).take(limit) {
            let number = spec.row_number.then_some(Value::Int(at as i128 + 1));
            *output.entry(row.iter().cloned().chain(number).collect()).or_default() += 1;
        }
    }
    output
}

fn appended(spec: TopNSpec) -> TopNSpec {
    TopNSpec { append_only_input: true, ..spec }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn s_031_s_032_the_first_rows_of_changing_partitions(spec in any_spec(), history in changing_rows()) {
        law(spec.clone()).holds(&[history], |contents| cut(&spec, &contents[0]));
    }

    #[test]
    fn s_031_s_032_the_first_rows_of_growing_partitions(spec in any_spec(), history in appended_rows()) {
        law(appended(spec.clone())).holds(&[history], |contents| cut(&spec, &contents[0]));
    }

    #[test]
    fn s_138_append_only_input_gives_the_same_changes(spec in any_spec(), history in appended_rows()) {
        let given = |spec: TopNSpec| {
            let mut given = Vec::new();
            law(spec).follow(std::slice::from_ref(&history), 2, |_, _, changes, _| {
                given.push(changes.iter().cloned().collect::<ZSet>());
            });
            given
        };
        prop_assert_eq!(given(appended(spec.clone())), given(spec));
    }

    #[test]
    fn s_135_everything_deleted_is_empty(spec in any_spec(), history in changing_rows()) {
        law(spec).drains(&[history], 0);
    }
}

fn row(number: i128, text: &str) -> Row {
    vec![Value::Int(number), Value::Null, Value::Text(text.to_owned()), Value::Null]
}

/// The first two rows by `n`.
fn first_two() -> TopNSpec {
    TopNSpec {
        partition: vec![],
        order: vec![SortColumn { column: 0, descending: false, nulls_first: false }],
        tie_break: vec![2, 0, 1, 3],
        skip: 0,
        limit: 2,
        row_number: false,
        append_only_input: false,
    }
}

fn history(epochs: &[&[(Row, i64)]]) -> History {
    let epoch = |changes: &&[(Row, i64)]| HistoryEpoch { batches: vec![changes.to_vec()], watermark: Watermark::END };
    History { schema: schema(&columns()), event_time: None, epochs: epochs.iter().map(epoch).collect() }
}

fn given(spec: TopNSpec, history: History) -> Vec<Vec<(Row, i64)>> {
    let mut given = Vec::new();
    law(spec).follow(&[history], 2, |_, _, changes, _| {
        let mut changes = changes.to_vec();
        changes.sort();
        given.push(changes);
    });
    given
}

#[test]
fn s_031_a_deleted_member_lets_the_next_one_in() {
    let history = history(&[
        &[(row(1, "a"), 1), (row(2, "b"), 1), (row(3, "c"), 1), (row(4, "d"), 1)],
        &[(row(4, "d"), -1)],
        &[(row(1, "a"), -1)],
        &[(row(0, "e"), 1)],
        &[(row(9, "f"), 1), (row(3, "c"), -1), (row(3, "c"), 1)],
    ]);
    let given = given(first_two(), history);
    assert_eq!(given[0], [(row(1, "a"), 1), (row(2, "b"), 1)]);
    assert!(given[1].is_empty(), "a row beyond the limit goes unseen");
    assert_eq!(given[2], [(row(1, "a"), -1), (row(3, "c"), 1)]);
    assert_eq!(given[3], [(row(0, "e"), 1), (row(3, "c"), -1)]);
    assert!(given[4].is_empty(), "{given:?}");
}

#[test]
fn rows_whose_number_changes_are_given_again() {
    let numbered = |row: Row, number: i128| [row, vec![Value::Int(number)]].concat();
    let history = history(&[&[(row(1, "a"), 1), (row(3, "c"), 1)], &[(row(2, "b"), 1)]]);
    let given = given(TopNSpec { row_number: true, limit: 3, ..first_two() }, history);
    assert_eq!(given[1], [(numbered(row(2, "b"), 2), 1), (numbered(row(3, "c"), 2), -1), (numbered(row(3, "c"), 3), 1),]);
}

#[test]
fn equal_rows_take_a_place_each() {
    for append_only_input in [false, true] {
        let history = history(&[&[(row(1, "a"), 3)], &[(row(0, "z"), 1)]]);
        let given = given(TopNSpec { append_only_input, ..first_two() }, history);
        let total = |changes: &[(Row, i64)], row: &Row| changes.iter().filter(|(r, _)| r == row).map(|(_, w)| w).sum::<i64>();
        assert_eq!(total(&given[0], &row(1, "a")), 2);
        assert_eq!((total(&given[1], &row(0, "z")), total(&given[1], &row(1, "a"))), (1, -1));
    }
}

/// `SELECT count(*) FROM (SELECT * FROM t LIMIT 2)` asks for no column.
#[test]
fn rows_without_columns_are_counted() {
    for append_only_input in [false, true] {
        let spec = TopNSpec { order: vec![], tie_break: vec![], append_only_input, ..first_two() };
        let none = schema(&[]);
        let epoch = |weight| HistoryEpoch { batches: vec![vec![(vec![], weight)]], watermark: Watermark::END };
        let history = History { schema: none.clone(), event_time: None, epochs: vec![epoch(1), epoch(3), epoch(1)] };
        let law = Law { schema: none, ..law(spec) };
        let mut weights = Vec::new();
        law.follow(&[history], 2, |_, _, _, output| weights.push(output.values().sum::<i64>()));
        assert_eq!(weights, [1, 2, 2]);
    }
}

#[test]
fn s_149_append_only_input_keeps_no_more_than_the_limit() {
    let rows: Vec<(Row, i64)> = (0..2_000).map(|at| (row(at * 7_919 % 2_003, "the same text in every row"), 1)).collect();
    let epochs: Vec<&[(Row, i64)]> = rows.chunks(250).collect();
    let spec = appended(TopNSpec { skip: 1, ..first_two() });
    let stats = law(spec.clone()).follow(&[history(&epochs)], 1, |_, contents, _, output| {
        assert_eq!(output, &cut(&spec, &contents[0]));
    });
    assert_eq!(stats.state_rows, 3);
}

#[test]
fn long_lists_are_kept_as_short_ones() {
    let rows: Vec<(Row, i64)> = (0..1_500).map(|at| (row(at * 7_919 % 1_009, "text"), 1)).collect();
    let epochs: Vec<&[(Row, i64)]> = rows.chunks(400).collect();
    for append_only_input in [false, true] {
        let spec = TopNSpec { limit: 900, append_only_input, ..first_two() };
        law(spec.clone()).holds(&[history(&epochs)], |contents| cut(&spec, &contents[0]));
    }
}

#[test]
fn a_retraction_from_append_only_input_is_refused() {
    let history = [history(&[&[(row(1, "a"), -1)]])];
    let law = law(appended(first_two()));
    let graph = graph_of(&law.op, &[(schema(&columns()), None)], &law.routes, &law.schema);
    let error = one_epoch(&mut Runtime::new(graph, 1).unwrap(), 0, &history).unwrap_err();
    assert_eq!(error.code(), codes::LV_S612);
}
