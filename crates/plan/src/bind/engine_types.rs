//! Between two plan nodes every column has an engine type (see `levada_delta::engine_type`); inside an expression anything goes.

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, LogicalPlan, Projection, Values, cast};
use datafusion::optimizer::AnalyzerRule;
use levada_delta::engine_type;

/// Puts a cast where a projection, a grouping key or a constant row would give another type.
#[derive(Debug)]
pub(super) struct EngineTypes;

impl AnalyzerRule for EngineTypes {
    fn name(&self) -> &str {
        "engine_types"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let plan = plan.recompute_schema()?;
            match plan {
                LogicalPlan::Projection(Projection { expr, input, .. }) => {
                    let expr = in_engine_types(expr, input.schema())?;
                    Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(expr, input)?)))
                }
                LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, .. }) => {
                    let group_expr = in_engine_types(group_expr, input.schema())?;
                    Ok(Transformed::yes(LogicalPlan::Aggregate(Aggregate::try_new(input, group_expr, aggr_expr)?)))
                }
                LogicalPlan::Values(Values { schema, values }) => engine_values(&schema, values),
                other => Ok(Transformed::no(other)),
            }
        })
        .map(|plan| plan.data)
    }
}

fn in_engine_types(exprs: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
    exprs.into_iter().map(|expr| in_engine_type(expr, schema)).collect()
}

fn in_engine_type(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    if matches!(expr, Expr::GroupingSet(_)) {
        return Ok(expr);
    }
    let found = expr.get_type(schema)?;
    let target = engine_type(&found);
    if target == found || found == DataType::Null {
        return Ok(expr);
    }
    let (qualifier, name) = expr.qualified_name();
    Ok(cast(expr.unalias(), target).alias_qualified(qualifier, name))
}

fn engine_values(schema: &DFSchema, rows: Vec<Vec<Expr>>) -> Result<Transformed<LogicalPlan>> {
    let none = DFSchema::empty();
    let rows = rows.into_iter().map(|row| in_engine_types(row, &none)).collect::<Result<Vec<_>>>()?;
    let fields = schema.iter().map(|(qualifier, field)| {
        let field = field.as_ref().clone().with_data_type(engine_type(field.data_type()));
        (qualifier.cloned(), field.into())
    });
    let schema = DFSchema::new_with_metadata(fields.collect(), schema.metadata().clone())?;
    Ok(Transformed::yes(LogicalPlan::Values(Values { schema: schema.into(), values: rows })))
}
