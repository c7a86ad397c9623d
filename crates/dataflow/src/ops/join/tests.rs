//! The law of joins: after every epoch the output is the nested-loop join of the two contents.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use levada_base::{Epoch, Watermark, codes};
use levada_delta::DeltaBatch;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Expiry, JoinKind, JoinSpec};
use crate::ops::OpSpec;
use crate::ops::testing::{
    History, HistoryEpoch, Law, Output, Row, Value, ZSet, append_only, changing, delta_of, floats, ints, rows_of, scalar,
    schema, texts,
};
use crate::{Emitter, EpochTime, Operator, Route};

const KINDS: [JoinKind; 5] = [JoinKind::Inner, JoinKind::Left, JoinKind::Full, JoinKind::LeftSemi, JoinKind::LeftAnti];
/// Columns of each side: a number and a float to join by, a number to compare, a text to carry.
const WIDTH: usize = 4;

fn side(prefix: &str) -> SchemaRef {
    let names = ["n", "f", "v", "t"].map(|name| format!("{prefix}{name}"));
    let types = [DataType::Int64, DataType::Float64, DataType::Int64, DataType::Utf8View];
    schema(&names.iter().map(String::as_str).zip(types).collect::<Vec<_>>())
}

fn pools() -> Vec<Vec<Value>> {
    vec![ints(0..2), floats()[..6].to_vec(), ints(0..3), texts()[2..].to_vec()]
}

fn pair_schema() -> SchemaRef {
    let fields = side("l").fields().iter().chain(side("r").fields()).cloned().collect::<Vec<_>>();
    Arc::new(Schema::new(fields))
}

fn output(kind: JoinKind) -> SchemaRef {
    match kind {
        JoinKind::Inner | JoinKind::Left | JoinKind::Full => pair_schema(),
        JoinKind::LeftSemi | JoinKind::LeftAnti => side("l"),
    }
}

/// A join by the first `keys` columns of both sides.
fn spec(kind: JoinKind, keys: usize) -> JoinSpec {
    JoinSpec {
        kind,
        left_keys: (0..keys).collect(),
        right_keys: (0..keys).collect(),
        nulls_equal: false,
        residual: None,
        pair_schema: pair_schema(),
        left_expiry: None,
        right_expiry: None,
    }
}

fn law(spec: JoinSpec) -> Law {
    let route = |keys: &[usize]| if keys.is_empty() { Route::Single } else { Route::Hash(keys.to_vec()) };
    let routes = vec![route(&spec.left_keys), route(&spec.right_keys)];
    Law { schema: output(spec.kind), op: OpSpec::Join(spec), routes, output: Output::Eager }
}

/// `lv > rv`; unknown where one is NULL.
fn is_greater(left: &Value, right: &Value) -> Value {
    match (left.int(), right.int()) {
        (Some(left), Some(right)) => Value::Bool(left > right),
        _ => Value::Null,
    }
}

fn with_residual(spec: JoinSpec) -> JoinSpec {
    let residual = scalar("lv > rv", DataType::Boolean, |row| is_greater(&row[2], &row[WIDTH + 2]));
    JoinSpec { residual: Some(residual), ..spec }
}

fn matches(spec: &JoinSpec, left: &Row, right: &Row) -> bool {
    let equal = |(l, r): (&usize, &usize)| left[*l] == right[*r] && (spec.nulls_equal || !left[*l].is_null());
    spec.left_keys.iter().zip(&spec.right_keys).all(equal)
        && (spec.residual.is_none() || is_greater(&left[2], &right[2]) == Value::Bool(true))
}

/// Every left row against every right row.
fn nested_loop(kind: JoinKind, left: &ZSet, right: &ZSet, matches: impl Fn(&Row, &Row) -> bool) -> ZSet {
    let nulls = || vec![Value::Null; WIDTH];
    let gives_pairs = matches!(kind, JoinKind::Inner | JoinKind::Left | JoinKind::Full);
    let mut joined = Vec::new();
    for (l, weight) in left {
        let partners: Vec<_> = right.iter().filter(|(r, _)| matches(l, r)).collect();
        if gives_pairs {
            joined.extend(partners.iter().map(|(r, partner)| ([l.clone(), (*r).clone()].concat(), weight * **partner)));
        }
        match (kind, partners.is_empty()) {
            (JoinKind::Left | JoinKind::Full, true) => joined.push(([l.clone(), nulls()].concat(), *weight)),
            (JoinKind::LeftSemi, false) | (JoinKind::LeftAnti, true) => joined.push((l.clone(), *weight)),
            _ => {}
        }
    }
    if kind == JoinKind::Full {
        let lonely = right.iter().filter(|(r, _)| !left.keys().any(|l| matches(l, r)));
        joined.extend(lonely.map(|(r, weight)| ([nulls(), r.clone()].concat(), *weight)));
    }
    let mut total = ZSet::new();
    for (row, weight) in joined {
        *total.entry(row).or_default() += weight;
    }
    total
}

fn any_spec() -> impl Strategy<Value = JoinSpec> {
    (select(KINDS.to_vec()), 0..3_usize, any::<bool>(), any::<bool>()).prop_map(|(kind, keys, nulls_equal, residual)| {
        let spec = JoinSpec { nulls_equal, ..spec(kind, keys) };
        if residual { with_residual(spec) } else { spec }
    })
}

fn equals_nested_loop(spec: JoinSpec, histories: &[History]) {
    law(spec.clone()).holds(histories, |contents| {
        nested_loop(spec.kind, &contents[0], &contents[1], |left, right| matches(&spec, left, right))
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn s_015_s_016_every_join_is_its_nested_loop(
        spec in any_spec(), left in changing(&side("l"), pools()), right in changing(&side("r"), pools()),
    ) {
        equals_nested_loop(spec, &[left, right]);
    }

    #[test]
    fn s_138_rows_that_are_only_appended_join_the_same(
        spec in any_spec(), left in append_only(&side("l"), pools()), right in append_only(&side("r"), pools()),
    ) {
        equals_nested_loop(spec, &[left, right]);
    }

    #[test]
    fn s_135_everything_deleted_is_empty(
        spec in any_spec(), left in changing(&side("l"), pools()), right in changing(&side("r"), pools()),
    ) {
        law(spec).drains(&[left, right], 0);
    }

    #[test]
    fn s_213_a_relation_joined_with_itself(spec in any_spec(), history in changing(&side("l"), pools())) {
        let copy = History { schema: side("r"), ..history.clone() };
        equals_nested_loop(spec, &[history, copy]);
    }
}

fn row(number: i128, value: i128) -> Row {
    vec![Value::Int(number), Value::Float(0.5), Value::Int(value), Value::Text(format!("a text of its own, {value}"))]
}

fn padded(row: &Row) -> Row {
    [row.clone(), vec![Value::Null; WIDTH]].concat()
}

fn pair(left: &Row, right: &Row) -> Row {
    [left.clone(), right.clone()].concat()
}

/// A history with one batch an epoch.
fn history(prefix: &str, epochs: &[&[(Row, i64)]]) -> History {
    let epoch = |changes: &&[(Row, i64)]| HistoryEpoch { batches: vec![changes.to_vec()], watermark: Watermark::END };
    History { schema: side(prefix), event_time: None, epochs: epochs.iter().map(epoch).collect() }
}

fn sorted(changes: &[(Row, i64)]) -> Vec<(Row, i64)> {
    let mut changes = changes.to_vec();
    changes.sort();
    changes
}

#[test]
fn s_210_padding_goes_and_comes_back() {
    let (l, r) = (row(1, 1), row(1, 2));
    let left = history("l", &[&[(l.clone(), 1)], &[], &[], &[(l.clone(), -1)], &[(l.clone(), 1)]]);
    let right = history("r", &[&[], &[(r.clone(), 1)], &[(r.clone(), -1)], &[], &[(r.clone(), 1)]]);
    let mut given = Vec::new();
    law(spec(JoinKind::Left, 1)).follow(&[left, right], 2, |_, _, changes, _| given.push(sorted(changes)));
    assert_eq!(given[0], [(padded(&l), 1)]);
    assert_eq!(given[1], sorted(&[(padded(&l), -1), (pair(&l, &r), 1)]));
    assert_eq!(given[2], sorted(&[(padded(&l), 1), (pair(&l, &r), -1)]));
    assert_eq!(given[3], [(padded(&l), -1)]);
    assert_eq!(given[4], [(pair(&l, &r), 1)], "a row that has its match from the start is never padded");
}

#[test]
fn s_147_a_match_that_is_replaced_leaves_the_padding_alone() {
    let (l, old, new) = (row(1, 1), row(1, 2), row(1, 3));
    let left = history("l", &[&[(l.clone(), 1)], &[]]);
    let right = history("r", &[&[(old.clone(), 1)], &[(old.clone(), -1), (new.clone(), 1)]]);
    let mut given = Vec::new();
    law(spec(JoinKind::Left, 1)).follow(&[left, right], 1, |_, _, changes, _| given.push(sorted(changes)));
    assert_eq!(given[1], sorted(&[(pair(&l, &old), -1), (pair(&l, &new), 1)]));
}

#[test]
fn semi_and_anti_joins_say_nothing_while_a_match_is_left() {
    for kind in [JoinKind::LeftSemi, JoinKind::LeftAnti] {
        let left = history("l", &[&[(row(1, 1), 1), (row(2, 2), 1)], &[], &[]]);
        let right = history("r", &[&[(row(1, 3), 1)], &[(row(1, 4), 1)], &[(row(1, 3), -1)]]);
        let mut given = Vec::new();
        law(spec(kind, 1)).follow(&[left, right], 1, |_, _, changes, _| given.push(changes.len()));
        assert_eq!(given, [1, 0, 0], "{kind:?}");
    }
}

/// A join alone, to see the batches it gives.
fn operator(spec: JoinSpec) -> Box<dyn Operator> {
    let schema = output(spec.kind);
    OpSpec::Join(spec).build(&[side("l"), side("r")], &schema, 0).unwrap()
}

fn push(join: &mut dyn Operator, input: usize, changes: &[(Row, i64)]) -> levada_base::Result<Vec<DeltaBatch>> {
    let schema = side(["l", "r"][input]);
    let mut out = Emitter::default();
    join.push(input, delta_of(&schema, changes), &mut out)?;
    Ok(out.take())
}

#[test]
fn s_019_a_hot_key_gives_many_batches_of_bounded_size() {
    let rows = |count: i128| (0..count).map(|at| (row(1, at), 1)).collect::<Vec<_>>();
    let mut join = operator(spec(JoinKind::Inner, 1));
    assert!(push(join.as_mut(), 0, &rows(200)).unwrap().is_empty());
    let given = push(join.as_mut(), 1, &rows(300)).unwrap();
    assert!(given.iter().all(|batch| batch.num_rows() <= 8_192 && batch.is_append()));
    let mut pairs: Vec<_> = given.iter().flat_map(rows_of).collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), 200 * 300);
}

#[test]
fn too_many_copies_are_an_error() {
    let mut join = operator(spec(JoinKind::Inner, 1));
    push(join.as_mut(), 0, &[(row(1, 1), i64::MAX)]).unwrap();
    assert_eq!(push(join.as_mut(), 1, &[(row(1, 1), 2)]).unwrap_err().code(), codes::LV_S403);
}

#[test]
fn a_residual_that_is_no_condition_is_refused() {
    let residual = scalar("lv", DataType::Int64, |row| row[2].clone());
    let mut join = operator(JoinSpec { residual: Some(residual), ..spec(JoinKind::Inner, 1) });
    push(join.as_mut(), 0, &[(row(1, 1), 1)]).unwrap();
    assert_eq!(push(join.as_mut(), 1, &[(row(1, 1), 1)]).unwrap_err().code(), codes::LV_S999);
}

/// How far right times may lie after (`AHEAD`) and before (`BEHIND`) the left time.
const AHEAD: i64 = 2;
const BEHIND: i64 = 3;

/// `rv BETWEEN lv - BEHIND AND lv + AHEAD`, where rows are late once all their partners are.
fn interval_spec(kind: JoinKind) -> JoinSpec {
    let within = |left: &Value, right: &Value| match (left.int(), right.int()) {
        (Some(l), Some(r)) => Value::Bool(r >= l - i128::from(BEHIND) && r <= l + i128::from(AHEAD)),
        _ => Value::Null,
    };
    let delay = AHEAD + BEHIND + 1;
    JoinSpec {
        residual: Some(scalar("interval", DataType::Boolean, move |row| within(&row[2], &row[WIDTH + 2]))),
        left_expiry: Some(Expiry { column: 2, late_delay: AHEAD + 1, delay }),
        right_expiry: Some(Expiry { column: 2, late_delay: BEHIND + 1, delay }),
        ..spec(kind, 1)
    }
}

/// W(e-1) of the join, for every epoch.
fn watermarks_before(histories: &[History]) -> Vec<i64> {
    let after = |history: &History, epoch: usize| match epoch {
        0 => i64::MIN,
        _ => history.epochs[(epoch - 1).min(history.epochs.len() - 1)].watermark.0,
    };
    let epochs = histories.iter().map(|history| history.epochs.len()).max().unwrap_or(0);
    (0..epochs).map(|epoch| histories.iter().map(|history| after(history, epoch)).min().unwrap_or(i64::MIN)).collect()
}

/// The content without the rows that were late when they came, and how many those were.
fn on_time(history: &History, late_delay: i64, before: &[i64], at: usize) -> (ZSet, u64) {
    let (mut content, mut late) = (ZSet::new(), 0);
    for (epoch, before) in history.epochs.iter().zip(before).take(at + 1) {
        for (row, weight) in epoch.batches.iter().flatten() {
            if row[2].int().is_some_and(|time| time + i128::from(late_delay) <= i128::from(*before)) {
                late += weight.unsigned_abs();
            } else {
                *content.entry(row.clone()).or_default() += weight;
            }
        }
    }
    content.retain(|_, weight| *weight != 0);
    (content, late)
}

fn rising(steps: Vec<i64>) -> Vec<i64> {
    steps
        .into_iter()
        .scan(0, |time, step| {
            *time += step;
            Some(*time)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rows_are_forgotten_only_when_they_can_match_nothing_more(
        kind in select(KINDS.to_vec()),
        left in changing(&side("l"), vec![ints(0..2), floats(), ints(0..30), texts()]),
        right in changing(&side("r"), vec![ints(0..2), floats(), ints(0..30), texts()]),
        steps in prop::collection::vec((0_i64..12, 0_i64..12), 6),
    ) {
        let (left_times, right_times) = steps.into_iter().unzip();
        let histories = [left.with_watermarks(2, &rising(left_times)), right.with_watermarks(2, &rising(right_times))];
        let before = watermarks_before(&histories);
        let spec = interval_spec(kind);
        let within = |left: &Row, right: &Row| match (left[2].int(), right[2].int()) {
            (Some(l), Some(r)) => {
                left[0] == right[0] && !left[0].is_null() && r >= l - i128::from(BEHIND) && r <= l + i128::from(AHEAD)
            }
            _ => false,
        };
        for shards in [1, 2, 4] {
            let stats = law(spec.clone()).follow(&histories, shards, |at, _, _, output| {
                let (left, _) = on_time(&histories[0], AHEAD + 1, &before, at);
                let (right, _) = on_time(&histories[1], BEHIND + 1, &before, at);
                assert_eq!(output, &nested_loop(kind, &left, &right, within), "after epoch {at} on {shards} shards");
            });
            let late = on_time(&histories[0], AHEAD + 1, &before, 9).1 + on_time(&histories[1], BEHIND + 1, &before, 9).1;
            prop_assert_eq!(stats.discards.late, late);
        }
    }
}

#[test]
fn s_149_expired_rows_leave_the_state_and_stay_in_the_output() {
    let mut join = operator(interval_spec(JoinKind::Left));
    let time = |epoch, before, after| EpochTime { epoch: Epoch(epoch), before: Watermark(before), after: Watermark(after) };
    let mut out = Emitter::default();
    for at in 0..100 {
        push(join.as_mut(), 0, &[(row(1, i128::from(at)), 1)]).unwrap();
        join.on_epoch(time(at as u64 + 1, at - 1, at), &mut out).unwrap();
        assert!(join.stats().state_rows <= 8, "{:?} after epoch {at}", join.stats());
    }
    let given: Vec<_> = out.take().iter().flat_map(rows_of).collect();
    assert_eq!(given, (0..100).map(|at| (padded(&row(1, at)), 1)).collect::<Vec<_>>());
    join.on_epoch(time(101, 99, i64::MAX), &mut out).unwrap();
    assert_eq!(join.stats().state_rows, 0);
    assert!(out.take().is_empty());
}
