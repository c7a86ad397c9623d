//! What a continuous query must not ask.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, FetchType, LogicalPlan, Volatility};
use levada_base::{Error, Result, codes};
use levada_sql::{Emit, Query};

use super::Close;
use super::rel::Rel;
use crate::error::from_datafusion;
use crate::relation::PlanSource;

/// Functions that DataFusion calls stable and that mean the statement's time: a query that never ends has none.
const CLOCK_FUNCTIONS: &[&str] = &["now", "current_timestamp", "current_date", "current_time", "today", "localtimestamp"];

/// # Errors
/// `LV-S330` for `random()`, `uuid()`, `now()` and the like; `LV-S130` for `$1`; `LV-S402` for a subquery that is no value.
pub(super) fn refuse_expressions(plan: &LogicalPlan) -> Result<()> {
    let mut found = None;
    plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                found = found.take().or_else(|| refused(expr));
                Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })
    .map_err(from_datafusion)?;
    found.map_or(Ok(()), Err)
}

fn refused(expr: &Expr) -> Option<Error> {
    match expr {
        Expr::ScalarSubquery(subquery) if subquery.outer_ref_columns.is_empty() && !is_one_row(&subquery.subquery) => Some(
            Error::new(codes::LV_S402, "a scalar subquery that may give more than one row is not maintained")
                .with_reason("it would be an error only later, when a second row comes")
                .with_hint("put an aggregate around its column, such as max(…), or add LIMIT 1"),
        ),
        Expr::ScalarFunction(function) => {
            let name = function.name();
            let volatile = function.func.signature().volatility == Volatility::Volatile;
            (volatile || CLOCK_FUNCTIONS.contains(&name)).then(|| {
                Error::new(codes::LV_S330, format!("{name}() has another value each time it is asked"))
                    .with_reason("a continuous query gives the same result however often its input is replayed")
                    .with_hint(format!("store the value with the row: a computed column c AS {name}() of the source"))
            })
        }
        Expr::Placeholder(placeholder) => Some(
            Error::new(codes::LV_S130, format!("parameter {} in a continuous query", placeholder.id))
                .with_hint("write the value into the query"),
        ),
        _ => None,
    }
}

/// Whether a plan has one row at most, whatever its input has.
fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Limit(limit) => {
            matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(0 | 1)))) || is_one_row(&limit.input)
        }
        LogicalPlan::Sort(sort) => is_one_row(&sort.input),
        LogicalPlan::Projection(projection) => is_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one_row(&alias.input),
        other => other.max_rows().is_some_and(|rows| rows <= 1),
    }
}

/// # Errors
/// `LV-S501`, `LV-S507`, `LV-S508` where EMIT or LATENESS has no window to act on.
pub(super) fn closes(rel: &Rel, close: Close, query: &Query, plan: &LogicalPlan) -> Result<()> {
    let emit = query.emit.as_ref().filter(|emit| emit.value != Emit::Changes);
    match close {
        Close::Never => Ok(()),
        Close::Gives { .. } if rel.closed => Ok(()),
        Close::Gives { .. } => {
            let position = emit.map(|emit| emit.position);
            let text = emit.map_or_else(String::new, |emit| emit.value.to_string());
            Err(if !has_event_time(plan) {
                Error::new(codes::LV_S501, format!("{text} needs event time, and the input has no watermark"))
                    .with_hint("declare it on the source: WATERMARK FOR ts AS ts - INTERVAL '5' SECOND")
            } else {
                Error::new(codes::LV_S507, format!("{text} on a result that is not tied to a window of event time"))
                    .with_reason(
                        "the source needs a watermark on the time of the windows, and every group must be of one window",
                    )
                    .with_hint("declare WATERMARK FOR the time column, and add window_start to GROUP BY")
            }
            .at(position))
        }
        Close::Ends { .. } if rel.closed => Ok(()),
        Close::Ends { .. } => Err(Error::new(codes::LV_S508, "ALLOWED LATENESS has no window to act on")
            .with_hint("remove it, or group by a window of an input with a watermark")
            .at(query.lateness.as_ref().map(|lateness| lateness.position))),
    }
}

/// Whether some relation below has event time at all: without it no window can close.
fn has_event_time(plan: &LogicalPlan) -> bool {
    plan.exists(|plan| {
        Ok(matches!(plan, LogicalPlan::TableScan(scan)
            if scan.source.downcast_ref::<PlanSource>().is_some_and(|PlanSource(relation)| !relation.times.is_empty())))
    })
    .unwrap_or(false)
}
