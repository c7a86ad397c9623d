//! CREATE VIEW: a name for a query's text.

use std::sync::Arc;

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use levada_base::{Error, Result, codes};
use levada_catalog::Kind;
use levada_plan::{Relation, RelationKind, Relations, from_datafusion};
use levada_sql::{CreateQuery, Existing, with_stack};

use super::existing::{Found, look};
use super::{done, options};
use crate::core::{Core, Payload, ViewDefinition};
use crate::outcome::Outcome;
use crate::relations::Continuous;

pub(super) fn execute(core: &mut Core, create: &CreateQuery) -> Result<Outcome> {
    let sql = CreateQuery { existing: Existing::Fail, ..create.clone() }.to_string();
    if let Found::Skip(outcome) = look(core, &create.name, Kind::View, create.existing, &sql)? {
        return Ok(outcome);
    }
    options::none(&create.options, "a view")?;
    if let Some(emit) = &create.query.emit {
        return Err(Error::new(codes::LV_S521, "EMIT in a plain view")
            .with_reason("a view is text that is put in place of its name; EMIT belongs to the query that runs")
            .with_hint("use CREATE STREAM or CREATE MATERIALIZED VIEW")
            .at(emit.position));
    }
    let relations = Continuous::new(core);
    let columns: Vec<String> = create.columns.iter().map(|column| column.name.clone()).collect();
    let plan = with_stack(|| rename(core.binder.bind(&create.query, &relations)?, &columns))?;
    let schema = Arc::new(plan.schema().as_arrow().clone());
    super::create_query::check_columns(&schema, &create.columns, create.query.position)?;
    let reads = relations.into_read();
    let relation = Relation {
        id: core.catalog.next_id(),
        name: create.name.name.clone(),
        kind: RelationKind::Passing,
        schema,
        key: None,
        append_only: false,
        times: Vec::new(),
        unbounded: false,
    };
    let definition = ViewDefinition { relation: Arc::new(relation), query: create.query.clone(), columns };
    core.catalog.add(&create.name.name, Kind::View, reads, Payload::View { definition, sql })?;
    Ok(done("CREATE VIEW".to_owned()))
}

impl Core {
    /// The plan that stands in place of a view's name.
    pub(crate) fn bind_view(&self, view: &ViewDefinition, relations: &dyn Relations) -> Result<LogicalPlan> {
        // A view over views over views is bound from within the one above it.
        with_stack(|| rename(self.binder.bind(&view.query, relations)?, &view.columns))
    }
}

/// The plan with its columns under other names, where there are some.
fn rename(plan: LogicalPlan, columns: &[String]) -> Result<LogicalPlan> {
    if columns.len() != plan.schema().fields().len() {
        return Ok(plan);
    }
    let exprs: Vec<Expr> =
        plan.schema().columns().into_iter().zip(columns).map(|(column, name)| Expr::Column(column).alias(name)).collect();
    LogicalPlanBuilder::from(plan).project(exprs).and_then(LogicalPlanBuilder::build).map_err(from_datafusion)
}
