//! The law of filter and projection: every row goes its way alone, with its weight.

use std::sync::Arc;

use arrow::datatypes::DataType;
use proptest::prelude::*;

use super::{MapSpec, Step};
use crate::ops::OpSpec;
use crate::ops::testing::{History, Law, Output, Row, Value, ZSet, batch_of, changing, floats, ints, scalar, schema, texts};
use crate::{Route, Scalar};

const PROJECTED: [(&str, DataType); 2] = [("text", DataType::Utf8View), ("sum", DataType::Int64)];

fn history() -> impl Strategy<Value = History> {
    let columns = [("n", DataType::Int64), ("f", DataType::Float64), ("t", DataType::Utf8View)];
    changing(&schema(&columns), vec![ints(-3..4), floats(), texts()])
}

fn is_positive(row: &Row) -> Value {
    row[0].int().map_or(Value::Null, |number| Value::Bool(number > 0))
}

fn add_ten(row: &Row) -> Value {
    row[0].int().map_or(Value::Null, |number| Value::Int(number + 10))
}

fn filter() -> Step {
    Step::Filter(scalar("#0 > 0", DataType::Boolean, is_positive))
}

fn project() -> Step {
    let expressions: Vec<Arc<dyn Scalar>> =
        vec![scalar("#2", DataType::Utf8View, |row| row[2].clone()), scalar("#0 + 10", DataType::Int64, add_ten)];
    Step::Project { expressions, schema: schema(&PROJECTED) }
}

fn law(steps: Vec<Step>, columns: &[(&str, DataType)]) -> Law {
    Law { op: OpSpec::Map(MapSpec { steps }), routes: vec![Route::Local], schema: schema(columns), output: Output::Eager }
}

/// The rows that pass, each as `to` has it.
fn mapped(content: &ZSet, keep: impl Fn(&Row) -> bool, to: impl Fn(&Row) -> Row) -> ZSet {
    let mut mapped = ZSet::new();
    for (row, weight) in content.iter().filter(|(row, _)| keep(row)) {
        *mapped.entry(to(row)).or_default() += weight;
    }
    mapped
}

fn passes(row: &Row) -> bool {
    is_positive(row) == Value::Bool(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_filter_keeps_what_is_true(history in history()) {
        let columns = [("n", DataType::Int64), ("f", DataType::Float64), ("t", DataType::Utf8View)];
        law(vec![filter()], &columns).holds(&[history], |contents| mapped(&contents[0], passes, Row::clone));
    }

    #[test]
    fn steps_see_the_columns_of_the_step_before(history in history()) {
        let over_ten = Step::Filter(scalar("#1 > 11", DataType::Boolean, |row| {
            row[1].int().map_or(Value::Null, |number| Value::Bool(number > 11))
        }));
        let law = law(vec![filter(), project(), over_ten], &PROJECTED);
        law.holds(&[history], |contents| {
            let keep = |row: &Row| passes(row) && row[0].int() > Some(1);
            mapped(&contents[0], keep, |row| vec![row[2].clone(), add_ten(row)])
        });
    }
}

#[test]
fn the_expressions_of_one_step_see_the_same_columns() {
    let columns = schema(&[("a", DataType::Int64), ("b", DataType::Int64)]);
    let swap: Vec<Arc<dyn Scalar>> =
        vec![scalar("#1", DataType::Int64, |row| row[1].clone()), scalar("#0", DataType::Int64, |row| row[0].clone())];
    let spec = MapSpec { steps: vec![Step::Project { expressions: swap, schema: columns.clone() }] };
    let mut map = super::Map::new(&spec, &columns);
    let mut out = crate::Emitter::default();
    let rows = batch_of(&columns, &[vec![Value::Int(1), Value::Int(2)]]);
    crate::Operator::push(&mut map, 0, levada_delta::DeltaBatch::retractions(rows), &mut out).unwrap();
    let given = out.take();
    assert_eq!(crate::ops::testing::rows_of(&given[0]), [(vec![Value::Int(2), Value::Int(1)], -1)]);
}

#[test]
fn a_filter_that_is_no_condition_is_refused() {
    let columns = schema(&[("a", DataType::Int64)]);
    let spec = MapSpec { steps: vec![Step::Filter(scalar("#0", DataType::Int64, |row| row[0].clone()))] };
    let rows = batch_of(&columns, &[vec![Value::Int(1)]]);
    let mut map = super::Map::new(&spec, &columns);
    let error = crate::Operator::push(&mut map, 0, levada_delta::DeltaBatch::insertions(rows), &mut crate::Emitter::default());
    assert_eq!(error.unwrap_err().code(), levada_base::codes::LV_S999);
}
