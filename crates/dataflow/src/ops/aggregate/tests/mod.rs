//! The law of the aggregate: after every epoch its rows are those of the batch aggregate over the input so far.

mod closing;
mod law;
mod model;
mod partial;

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};

use super::{AggregateCall, AggregateFunction, AggregateSpec, Emission};
use crate::Route;
use crate::ops::testing::{Law, Output, Value, floats, ints, schema, texts};
use crate::ops::{OpSpec, SortColumn};

const TIMES: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const DECIMALS: DataType = DataType::Decimal128(10, 2);

/// A key, then a column of each kind that is aggregated, then a filter.
fn input() -> SchemaRef {
    schema(&[
        ("key", DataType::Utf8View),
        ("number", DataType::Int64),
        ("small", DataType::UInt16),
        ("decimal", DECIMALS),
        ("float", DataType::Float64),
        ("text", DataType::Utf8View),
        ("flag", DataType::Boolean),
        ("time", TIMES),
        ("filter", DataType::Boolean),
    ])
}

const NUMBER: usize = 1;
const SMALL: usize = 2;
const DECIMAL: usize = 3;
const FLOAT: usize = 4;
const TEXT: usize = 5;
const FLAG: usize = 6;
const TIME: usize = 7;
const FILTER: usize = 8;

fn flags() -> Vec<Value> {
    vec![Value::Bool(true), Value::Bool(false), Value::Null]
}

fn pools() -> Vec<Vec<Value>> {
    let small = vec![Value::Int(0), Value::Int(5), Value::Int(6), Value::Int(65_535), Value::Null];
    vec![texts()[..3].to_vec(), ints(-3..4), small, ints(-150..-140), floats(), texts(), flags(), ints(0..4), flags()]
}

fn call(function: AggregateFunction, arguments: &[usize], data_type: DataType) -> AggregateCall {
    AggregateCall { function, arguments: arguments.to_vec(), filter: None, distinct: false, order: Vec::new(), data_type }
}

fn ordered(function: AggregateFunction, argument: usize, order: &[SortColumn], data_type: DataType) -> AggregateCall {
    AggregateCall { order: order.to_vec(), ..call(function, &[argument], data_type) }
}

/// Every function, over every type it treats in a way of its own.
fn plain_calls() -> Vec<AggregateCall> {
    use AggregateFunction as F;
    let by_time = SortColumn { column: TIME, descending: false, nulls_first: false };
    let by_float_down = SortColumn { column: FLOAT, descending: true, nulls_first: true };
    vec![
        call(F::Count, &[], DataType::Int64),
        call(F::Count, &[NUMBER], DataType::Int64),
        call(F::Count, &[NUMBER, TEXT], DataType::Int64),
        call(F::Sum, &[NUMBER], DataType::Int64),
        call(F::Avg, &[NUMBER], DataType::Float64),
        call(F::Sum, &[SMALL], DataType::UInt64),
        call(F::Sum, &[DECIMAL], DataType::Decimal128(20, 2)),
        call(F::Avg, &[DECIMAL], DataType::Decimal128(14, 4)),
        call(F::Sum, &[FLOAT], DataType::Float64),
        call(F::Avg, &[FLOAT], DataType::Float64),
        call(F::VarPop, &[NUMBER], DataType::Float64),
        call(F::VarSamp, &[NUMBER], DataType::Float64),
        call(F::StddevPop, &[FLOAT], DataType::Float64),
        call(F::StddevSamp, &[FLOAT], DataType::Float64),
        call(F::BoolAnd, &[FLAG], DataType::Boolean),
        call(F::BoolOr, &[FLAG], DataType::Boolean),
        call(F::BitAnd, &[SMALL], DataType::UInt16),
        call(F::BitOr, &[NUMBER], DataType::Int64),
        call(F::BitXor, &[NUMBER], DataType::Int64),
        call(F::Min, &[NUMBER], DataType::Int64),
        call(F::Max, &[SMALL], DataType::UInt16),
        call(F::Min, &[DECIMAL], DECIMALS),
        call(F::Max, &[DECIMAL], DECIMALS),
        call(F::Min, &[FLOAT], DataType::Float64),
        call(F::Max, &[FLOAT], DataType::Float64),
        call(F::Min, &[TEXT], DataType::Utf8View),
        call(F::Max, &[TEXT], DataType::Utf8View),
        call(F::Max, &[FLAG], DataType::Boolean),
        call(F::Min, &[TIME], TIMES),
        ordered(F::FirstValue, TEXT, &[by_time], DataType::Utf8View),
        ordered(F::LastValue, NUMBER, &[by_time], DataType::Int64),
        ordered(F::FirstValue, DECIMAL, &[by_float_down, by_time], DECIMALS),
        ordered(F::LastValue, FLOAT, &[by_float_down], DataType::Float64),
    ]
}

/// All of them plainly, with FILTER, with DISTINCT, and with both.
fn every_call() -> Vec<AggregateCall> {
    let plain = plain_calls();
    let distinct = |call: &AggregateCall| AggregateCall { distinct: !call.arguments.is_empty(), ..call.clone() };
    let filtered = |call: &AggregateCall| AggregateCall { filter: Some(FILTER), ..call.clone() };
    let mut calls = plain.clone();
    calls.extend(plain.iter().map(filtered));
    calls.extend(plain.iter().map(distinct));
    calls.extend(plain.iter().map(|call| distinct(&filtered(call))));
    calls
}

/// The law of an aggregate over `input`.
fn law(input: &SchemaRef, keys: &[usize], calls: Vec<AggregateCall>, emission: Emission, append_only_input: bool) -> Law {
    let key_columns = keys.iter().map(|&key| ("key", input.field(key).data_type().clone()));
    let call_columns = calls.iter().map(|call| ("call", call.data_type.clone()));
    let output = schema(&key_columns.chain(call_columns).collect::<Vec<_>>());
    let route = if keys.is_empty() { Route::Single } else { Route::Hash(keys.to_vec()) };
    let op = OpSpec::Aggregate(AggregateSpec { keys: keys.to_vec(), calls, emission, append_only_input });
    Law { op, routes: vec![route], schema: output, output: Output::Net }
}
