//! Puts the windows of `GROUP BY TUMBLE(…)` below their aggregate.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result as PlanResult};
use datafusion::functions::core::expr_fn::named_struct;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, lit};
use levada_base::{Error, Result, codes};

use super::functions::WindowKind;
use super::tables::{external, window};
use crate::error::from_datafusion;
use crate::relation::PlanSource;

/// The plan with a window node for every window that is grouped by.
///
/// # Errors
/// `LV-S501`, `LV-S502` where the time is left out and can't be told; `LV-S504`, `LV-S505` for a bad size; `LV-S506` for a window
/// function that is not a group's key.
pub(crate) fn place(plan: LogicalPlan) -> Result<LogicalPlan> {
    let placed = plan
        .transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.iter().any(|key| call(key).is_some()) => {
                place_below(aggregate).map(Transformed::yes)
            }
            other => Ok(Transformed::no(other)),
        })
        .map_err(from_datafusion)?
        .data;
    refuse_others(&placed)?;
    Ok(placed)
}

fn call(expr: &Expr) -> Option<(WindowKind, &[Expr])> {
    match expr {
        Expr::ScalarFunction(function) => Some((WindowKind::of(function.name())?, &function.args)),
        Expr::Alias(alias) => call(&alias.expr),
        _ => None,
    }
}

/// The aggregate over windowed input, grouped by the bounds, under a projection that gives the bounds as the one value the query
/// asked for.
fn place_below(aggregate: Aggregate) -> PlanResult<LogicalPlan> {
    let names: Vec<_> =
        aggregate.schema.iter().map(|(qualifier, field)| Column::new(qualifier.cloned(), field.name())).collect();
    let mut input = aggregate.input.as_ref().clone();
    let mut keys = Vec::new();
    let mut outputs = Vec::new();
    for (key, name) in aggregate.group_expr.iter().zip(&names) {
        let Some((kind, arguments)) = call(key) else {
            outputs.push(Expr::Column(Column::new(name.relation.clone(), &name.name)));
            keys.push(key.clone());
            continue;
        };
        let (time, constants) = time_and_constants(&input, kind, arguments)?;
        let windowed = window(input, time, kind, constants)?;
        let at = keys.len();
        let (start, end) = (format!("__window_start_{at}"), format!("__window_end_{at}"));
        input = rename_bounds(windowed, &start, &end)?;
        keys.extend([bound(&start), bound(&end)]);
        let value = named_struct(vec![lit("start"), bound(&start), lit("end"), bound(&end)]);
        outputs.push(value.alias_qualified(name.relation.clone(), &name.name));
    }
    outputs.extend(names[aggregate.group_expr.len()..].iter().cloned().map(Expr::Column));
    let grouped = Aggregate::try_new(input.into(), keys, aggregate.aggr_expr)?;
    LogicalPlanBuilder::from(LogicalPlan::Aggregate(grouped)).project(outputs)?.build()
}

fn bound(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// Several windows in one query must not share names.
fn rename_bounds(windowed: LogicalPlan, start: &str, end: &str) -> PlanResult<LogicalPlan> {
    let mut outputs = Vec::new();
    for (qualifier, field) in windowed.schema().iter() {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        match (qualifier, field.name().as_str()) {
            (None, "window_start") => outputs.push(column.alias(start)),
            (None, "window_end") => outputs.push(column.alias(end)),
            (None, "window_time") => {}
            _ => outputs.push(column),
        }
    }
    LogicalPlanBuilder::from(windowed).project(outputs)?.build()
}

/// `TUMBLE(size)` takes the one event time there is.
fn time_and_constants<'a>(input: &LogicalPlan, kind: WindowKind, arguments: &'a [Expr]) -> PlanResult<(Expr, &'a [Expr])> {
    if arguments.len() > kind.constants() {
        return Ok((arguments[0].clone(), &arguments[1..]));
    }
    if arguments.len() < kind.constants() {
        let error = Error::new(codes::LV_S504, format!("{} has no size", kind.name().to_uppercase()));
        return Err(external(error.with_hint("write TUMBLE(ts, INTERVAL '10' SECOND)")));
    }
    let times = event_times(input)?;
    match times.as_slice() {
        [only] => Ok((Expr::Column(only.clone()), arguments)),
        [] => Err(external(
            Error::new(codes::LV_S501, "there is no event time to make windows of")
                .with_hint("declare WATERMARK FOR ts on the source, or name the column: TUMBLE(ts, …)"),
        )),
        many => {
            let names: Vec<_> = many.iter().map(Column::quoted_flat_name).collect();
            let error = Error::new(codes::LV_S502, format!("several event times are possible: {}", names.join(", ")));
            Err(external(error.with_hint(format!("name one: TUMBLE({}, …)", names[0]))))
        }
    }
}

/// The event-time columns of the scanned relations that are still columns of `input`.
fn event_times(input: &LogicalPlan) -> PlanResult<Vec<Column>> {
    let mut times = Vec::new();
    input.apply(|plan| {
        if let LogicalPlan::TableScan(scan) = plan
            && let Some(PlanSource(relation)) = scan.source.downcast_ref::<PlanSource>()
        {
            times.extend(relation.times.iter().map(|time| relation.schema.field(time.column).name().clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let columns = input.schema().columns();
    Ok(columns.into_iter().filter(|column| times.contains(&column.name)).collect())
}

/// Every window function left is one that nobody grouped by.
fn refuse_others(plan: &LogicalPlan) -> Result<()> {
    let mut found = None;
    plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::ScalarFunction(function) = expr
                    && let Some(kind) = WindowKind::of(function.name())
                {
                    found = Some(kind);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map_err(from_datafusion)?;
    match found {
        None => Ok(()),
        Some(kind) => {
            let name = kind.name().to_uppercase();
            Err(Error::new(codes::LV_S506, format!("{name} outside GROUP BY"))
                .with_hint(format!("group by it, or read FROM {name}(t, ts, …) and use window_start and window_end")))
        }
    }
}
