//! The aggregate as SQL says it, over the rows of one group, one by one.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;

use super::super::{AggregateCall, AggregateFunction};
use crate::ops::SortColumn;
use crate::ops::testing::{Row, Value, ZSet};

/// The content of the aggregate of `content`: one row a group, and one in any case where there are no keys.
pub(super) fn aggregate(keys: &[usize], calls: &[AggregateCall], content: &ZSet) -> ZSet {
    let mut groups: BTreeMap<Row, Vec<&Row>> = BTreeMap::new();
    if keys.is_empty() {
        groups.insert(Row::new(), Vec::new());
    }
    for (row, weight) in content {
        let key = keys.iter().map(|&key| row[key].clone()).collect();
        groups.entry(key).or_default().extend(std::iter::repeat_n(row, usize::try_from(*weight).expect("a valid relation")));
    }
    let row = |(key, rows): (Row, Vec<&Row>)| (key.into_iter().chain(calls.iter().map(|call| value(call, &rows))).collect(), 1);
    groups.into_iter().map(row).collect()
}

fn value(call: &AggregateCall, rows: &[&Row]) -> Value {
    use AggregateFunction as F;
    let mut rows: Vec<&Row> = rows.to_vec();
    rows.retain(|row| call.filter.is_none_or(|filter| row[filter] == Value::Bool(true)));
    if matches!(call.function, F::FirstValue | F::LastValue) {
        rows.sort_by(|a, b| compare(a, b, call));
        let row = if call.function == F::FirstValue { rows.first() } else { rows.last() };
        return row.map_or(Value::Null, |row| row[call.arguments[0]].clone());
    }
    rows.retain(|row| call.arguments.iter().all(|&argument| !row[argument].is_null()));
    let mut values: Vec<Row> = rows.iter().map(|row| call.arguments.iter().map(|&a| row[a].clone()).collect()).collect();
    if call.distinct {
        values.sort();
        values.dedup();
    }
    if call.function == F::Count {
        return Value::Int(values.len() as i128);
    }
    let values: Vec<Value> = values.into_iter().map(|mut row| row.remove(0)).collect();
    if values.is_empty() { Value::Null } else { of_some(call, values) }
}

fn of_some(call: &AggregateCall, values: Vec<Value>) -> Value {
    use AggregateFunction as F;
    let bits = |fold: fn(i128, i128) -> i128| Value::Int(values.iter().filter_map(Value::int).reduce(fold).expect("some"));
    match call.function {
        F::Min => values.into_iter().min().expect("some"),
        F::Max => values.into_iter().max().expect("some"),
        F::BoolAnd => Value::Bool(values.iter().all(|value| *value == Value::Bool(true))),
        F::BoolOr => Value::Bool(values.contains(&Value::Bool(true))),
        F::BitAnd => bits(|a, b| a & b),
        F::BitOr => bits(|a, b| a | b),
        F::BitXor => bits(|a, b| a ^ b),
        F::Sum | F::Avg => sum(call, &values),
        _ => spread(call.function, &values.iter().map(number).collect::<Vec<_>>()),
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Float(value) => *value,
        other => other.int().expect("a number") as f64,
    }
}

fn sum(call: &AggregateCall, values: &[Value]) -> Value {
    let count = values.len();
    let is_average = call.function == AggregateFunction::Avg;
    let Some(total) = values.iter().map(Value::int).sum::<Option<i128>>() else {
        // The pool's floats have few bits: their sum is exact in any order.
        let total: f64 = values.iter().map(number).sum();
        return Value::Float(if is_average { total / count as f64 } else { total });
    };
    match call.data_type {
        _ if !is_average => Value::Int(total),
        DataType::Decimal128(..) => {
            // Two more digits than the argument, rounded half away from zero.
            let (total, count) = (total * 100, count as i128);
            Value::Int((2 * total + total.signum() * count) / (2 * count))
        }
        _ => Value::Float(total as f64 / count as f64),
    }
}

/// From the exact sums of the values and their squares, which are exact here for the pool's numbers.
fn spread(function: AggregateFunction, values: &[f64]) -> Value {
    use AggregateFunction as F;
    let count = values.len() as f64;
    let divisor = if matches!(function, F::VarSamp | F::StddevSamp) { count - 1.0 } else { count };
    if divisor == 0.0 {
        return Value::Null;
    }
    let sum: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|value| value * value).sum();
    let variance = (count * squares - sum * sum) / count / divisor;
    Value::Float(if matches!(function, F::StddevPop | F::StddevSamp) { variance.sqrt() } else { variance })
}

fn compare(a: &Row, b: &Row, call: &AggregateCall) -> std::cmp::Ordering {
    let by = |sort: &SortColumn| {
        let (a, b) = (&a[sort.column], &b[sort.column]);
        match (a.is_null(), b.is_null()) {
            (false, false) if sort.descending => b.cmp(a),
            (false, false) => a.cmp(b),
            (a, b) if sort.nulls_first => b.cmp(&a),
            (a, b) => a.cmp(&b),
        }
    };
    let ordered = call.order.iter().map(by).find(|order| order.is_ne());
    ordered.unwrap_or_else(|| a[call.arguments[0]].cmp(&b[call.arguments[0]]))
}
