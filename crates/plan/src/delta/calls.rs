//! Aggregate calls: DataFusion's function to ours.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::{AggregateFunction as PlanCall, NullTreatment};
use datafusion::logical_expr::{Expr, ExprSchemable};
use levada_base::{Error, Result, codes};
use levada_dataflow::ops::aggregate::AggregateFunction;

/// The function of ours that a call means.
///
/// # Errors
/// `LV-S300` with the nearest function that is maintained.
pub(super) fn function(call: &PlanCall) -> Result<AggregateFunction> {
    // A table: DataFusion's names.
    Ok(match call.func.name() {
        "count" => AggregateFunction::Count,
        "sum" => AggregateFunction::Sum,
        "avg" | "mean" => AggregateFunction::Avg,
        "min" => AggregateFunction::Min,
        "max" => AggregateFunction::Max,
        "first_value" => AggregateFunction::FirstValue,
        "last_value" => AggregateFunction::LastValue,
        "var_pop" => AggregateFunction::VarPop,
        "var" | "var_samp" => AggregateFunction::VarSamp,
        "stddev_pop" => AggregateFunction::StddevPop,
        "stddev" | "stddev_samp" => AggregateFunction::StddevSamp,
        "bool_and" => AggregateFunction::BoolAnd,
        "bool_or" => AggregateFunction::BoolOr,
        "bit_and" => AggregateFunction::BitAnd,
        "bit_or" => AggregateFunction::BitOr,
        "bit_xor" => AggregateFunction::BitXor,
        other => return Err(refuse(other)),
    })
}

fn refuse(name: &str) -> Error {
    let nearest = match name {
        "approx_distinct" => "count(DISTINCT x), which is exact".to_owned(),
        "approx_median" | "median" | "approx_percentile_cont" | "percentile_cont" => "avg(x), min(x) and max(x)".to_owned(),
        "array_agg" | "string_agg" => "min(x), max(x) and count(x)".to_owned(),
        _ => "count, sum, avg, min, max, first_value, last_value, stddev, var, bool_and, bool_or, bit_and, bit_or, bit_xor"
            .to_owned(),
    };
    Error::new(codes::LV_S300, format!("aggregate {name}() is not maintained in this release"))
        .with_hint(format!("closest are {nearest}; in an ad-hoc SELECT {name}() works"))
}

/// The arguments that a value depends on, over the columns of `input`: `count(*)` and `count(1)` count rows. The average of whole
/// numbers, which DataFusion takes of floats, is that of the whole numbers: exact, and of one state with their sum.
pub(super) fn arguments<'a>(call: &'a PlanCall, input: &DFSchema) -> Vec<&'a Expr> {
    match (call.func.name(), call.params.args.as_slice()) {
        ("count", [Expr::Literal(value, _)]) if !call.params.distinct && !value.is_null() => Vec::new(),
        ("avg" | "mean", [Expr::Cast(cast)]) if is_whole(&cast.expr, input) && *cast.field.data_type() == DataType::Float64 => {
            vec![&*cast.expr]
        }
        (_, arguments) => arguments.iter().collect(),
    }
}

fn is_whole(expr: &Expr, input: &DFSchema) -> bool {
    expr.get_type(input).is_ok_and(|data_type| data_type.is_integer())
}

/// # Errors
/// `LV-S300` for IGNORE NULLS, `LV-S306` for a first or last value that nothing orders.
pub(super) fn check(call: &PlanCall) -> Result<()> {
    let name = call.func.name();
    if call.params.null_treatment == Some(NullTreatment::IgnoreNulls) {
        return Err(Error::new(codes::LV_S300, format!("{name}() IGNORE NULLS is not maintained in this release"))
            .with_hint(format!("filter the NULLs: {name}(x ORDER BY t) FILTER (WHERE x IS NOT NULL)")));
    }
    if matches!(name, "first_value" | "last_value") && call.params.order_by.is_empty() {
        return Err(Error::new(codes::LV_S306, format!("{name}() without an order"))
            .with_hint(format!("say which is first: {name}(x ORDER BY t)")));
    }
    Ok(())
}

/// The call behind an alias.
pub(super) fn call_of(expr: &Expr) -> Result<&PlanCall> {
    match expr {
        Expr::Alias(alias) => call_of(&alias.expr),
        Expr::AggregateFunction(call) => Ok(call),
        other => Err(Error::internal(format!("not an aggregate: {other}"))),
    }
}
