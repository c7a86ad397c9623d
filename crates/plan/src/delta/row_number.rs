//! `ROW_NUMBER() … <= n`: a top-N per partition.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, Operator, Projection, Window, WindowFunctionDefinition};
use levada_base::Result;

use super::lower::Planner;
use super::rel::Rel;
use super::top_n::Bounds;
use crate::error::from_datafusion;

/// A filter on a row's number, taken apart.
struct Numbered<'a> {
    window: &'a Window,
    call: &'a WindowFunction,
    bounds: Bounds,
    /// What the filter says beside the number's bounds.
    rest: Option<Expr>,
    number: Column,
}

impl Planner {
    /// The filter as a top-N whose rows carry their number.
    pub(super) fn lower_numbered_top_n(&mut self, filter: &Filter) -> Result<Option<Rel>> {
        let Some(found) = numbered(filter) else { return Ok(None) };
        let schema = found.window.schema.clone();
        let input = self.lower(&found.window.input)?;
        let params = &found.call.params;
        let top = self.top_n(input, &params.partition_by, &params.order_by, found.bounds, Some(schema))?;
        match found.rest {
            None => Ok(Some(top)),
            Some(rest) => self.filter(top, &rest).map(Some),
        }
    }

    /// The input of a projection that does not ask for the number: rows need not be given again when only their number changes.
    pub(super) fn lower_numberless_top_n(&mut self, projection: &Projection) -> Result<Option<Rel>> {
        let LogicalPlan::Filter(filter) = projection.input.as_ref() else { return Ok(None) };
        let Some(found) = numbered(filter) else { return Ok(None) };
        let asked = projection.expr.iter().chain(&found.rest).any(|expr| expr.column_refs().contains(&found.number));
        if asked {
            return Ok(None);
        }
        let input = self.lower(&found.window.input)?;
        let params = &found.call.params;
        let top = self.top_n(input, &params.partition_by, &params.order_by, found.bounds, None)?;
        match found.rest {
            None => Ok(Some(top)),
            Some(rest) => self.filter(top, &rest).map(Some),
        }
    }
}

/// The plan with the filter right above its window function, where a projection of columns stands between the two.
pub(super) fn below_projection(filter: &Filter) -> Result<Option<LogicalPlan>> {
    let LogicalPlan::Projection(projection) = filter.input.as_ref() else { return Ok(None) };
    if !matches!(projection.input.as_ref(), LogicalPlan::Window(_)) {
        return Ok(None);
    }
    let outputs: HashMap<Column, &Expr> = projection.schema.columns().into_iter().zip(&projection.expr).collect();
    if !projection.expr.iter().all(|expr| matches!(expr.clone().unalias(), Expr::Column(_))) {
        return Ok(None);
    }
    let predicate = filter.predicate.clone().transform(|expr| match &expr {
        Expr::Column(column) => match outputs.get(column) {
            Some(inner) => Ok(Transformed::yes((*inner).clone().unalias())),
            None => Ok(Transformed::no(expr)),
        },
        _ => Ok(Transformed::no(expr)),
    });
    let predicate = predicate.map_err(from_datafusion)?.data;
    let lower = Filter::try_new(predicate, projection.input.clone()).map_err(from_datafusion)?;
    let upper = Projection::try_new_with_schema(
        projection.expr.clone(),
        Arc::new(LogicalPlan::Filter(lower)),
        projection.schema.clone(),
    );
    upper.map(LogicalPlan::Projection).map(Some).map_err(from_datafusion)
}

fn numbered(filter: &Filter) -> Option<Numbered<'_>> {
    let LogicalPlan::Window(window) = filter.input.as_ref() else { return None };
    let [expr] = window.window_expr.as_slice() else { return None };
    let call = row_number(expr)?;
    let (qualifier, field) = window.schema.qualified_field(window.schema.fields().len() - 1);
    let number = Column::new(qualifier.cloned(), field.name());
    let (mut first, mut last) = (1_u64, None::<u64>);
    let mut rest = Vec::new();
    for part in split_conjunction(&filter.predicate) {
        match bound(part, &number) {
            Some((from, to)) => {
                first = first.max(from);
                last = Some(last.map_or(to, |last| last.min(to)));
            }
            None => rest.push(part.clone()),
        }
    }
    // Without a last number every row would stay: that is no top-N.
    let last = last.filter(|&last| last != u64::MAX)?;
    let limit = (last + 1).saturating_sub(first);
    Some(Numbered { window, call, bounds: Bounds { skip: first - 1, limit }, rest: conjunction(rest), number })
}

fn row_number(expr: &Expr) -> Option<&WindowFunction> {
    match expr {
        Expr::Alias(alias) => row_number(&alias.expr),
        Expr::WindowFunction(function) => match &function.fun {
            WindowFunctionDefinition::WindowUDF(udf) if udf.name() == "row_number" => Some(function),
            _ => None,
        },
        _ => None,
    }
}

/// The first and last number that a condition lets through, if it speaks of the number and a constant only.
fn bound(expr: &Expr, number: &Column) -> Option<(u64, u64)> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else {
        let Expr::Between(between) = expr else { return None };
        let named = !between.negated && is_number(&between.expr, number);
        return if named { Some((constant(&between.low)?, constant(&between.high)?)) } else { None };
    };
    let (op, value) = if is_number(left, number) {
        (*op, constant(right)?)
    } else if is_number(right, number) {
        (op.swap()?, constant(left)?)
    } else {
        return None;
    };
    match op {
        Operator::Eq => Some((value, value)),
        Operator::LtEq => Some((1, value)),
        Operator::Lt => Some((1, value.saturating_sub(1))),
        Operator::GtEq => Some((value, u64::MAX)),
        Operator::Gt => Some((value.checked_add(1)?, u64::MAX)),
        _ => None,
    }
}

fn is_number(expr: &Expr, number: &Column) -> bool {
    match expr {
        Expr::Column(column) => column == number,
        Expr::Cast(cast) => is_number(&cast.expr, number),
        _ => false,
    }
}

fn constant(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Literal(ScalarValue::UInt64(Some(value)), _) => Some(*value),
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => Some(u64::try_from(*value).unwrap_or(0)),
        Expr::Literal(ScalarValue::Decimal128(Some(value), _, 0), _) => Some(u64::try_from(*value).unwrap_or(0)),
        Expr::Cast(cast) => constant(&cast.expr),
        _ => None,
    }
}
