//! SELECT: one evaluation over what tables and views hold at one epoch.

use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::physical_plan::collect;
use levada_base::{Epoch, Error, Result, codes};
use levada_delta::engine_batch;
use levada_plan::{Binder, from_datafusion};
use levada_sql::{Query, ast, with_stack};

use crate::core::Core;
use crate::relations::Stored;
use crate::{Database, Rows};

/// Reads rows, all at the newest epoch.
///
/// # Errors
/// The query's own.
pub(crate) async fn select(database: &Database, query: &Query) -> Result<Rows> {
    let names = with_stack(|| relation_names(query));
    let (binder, stored, epoch) = database.write(|core| {
        let stored = Stored::read(core, &names);
        Ok((core.binder.clone(), stored, core.epoch))
    })?;
    let query = with_stack(|| query.clone());
    database.run(async move { evaluate(&binder, &query, &stored, epoch).await }).await
}

/// The rows of a query over `relations`.
///
/// # Errors
/// The query's own.
pub(crate) async fn evaluate(binder: &Binder, query: &Query, relations: &Stored, epoch: Epoch) -> Result<Rows> {
    let plan = with_stack(|| binder.bind(query, relations))?;
    let located = |error: Error| error.at(query.position);
    let physical = binder.state().create_physical_plan(&plan).await.map_err(from_datafusion).map_err(located)?;
    let schema = levada_delta::engine_schema(&physical.schema());
    let batches = collect(physical, binder.state().task_ctx()).await.map_err(from_datafusion).map_err(located)?;
    let batches = batches.iter().map(engine_batch).collect::<Result<Vec<_>>>()?;
    Ok(Rows { schema, batches, epoch })
}

/// Evaluates a query for a statement that writes.
///
/// # Errors
/// The query's own.
pub(crate) async fn evaluate_for(
    database: &Database,
    query: &Query,
    prepare: impl FnOnce(&mut Core, &Stored) -> Result<()>,
) -> Result<Rows> {
    let names = with_stack(|| relation_names(query));
    let (binder, stored, epoch) = database.write(|core| {
        let stored = Stored::read(core, &names);
        prepare(core, &stored)?;
        Ok((core.binder.clone(), stored, core.epoch))
    })?;
    let query = with_stack(|| query.clone());
    database.run(async move { evaluate(&binder, &query, &stored, epoch).await }).await
}

/// What is written once can't be read from a source, which has no end: says so instead of `LV-S120`.
pub(super) fn over_a_source(error: Error, query: &Query) -> Error {
    if error.code() != codes::LV_S120 {
        return error;
    }
    Error::new(codes::LV_S206, "rows are written once, and what they are read from never ends")
        .with_reason(error.message())
        .with_hint("CREATE MATERIALIZED VIEW over it, which goes on, and read that")
        .at(query.position)
}

/// Every name in a query that may be a relation: the tables, and what window functions are over.
pub(crate) fn relation_names(query: &Query) -> Vec<TableReference> {
    let mut names: Vec<TableReference> = Vec::new();
    let mut add = |parts: Vec<&ast::Ident>| {
        let folded = |part: &&ast::Ident| match part.quote_style {
            Some(_) => part.value.clone(),
            None => part.value.to_lowercase(),
        };
        let parts: Vec<String> = parts.iter().map(folded).collect();
        match parts.as_slice() {
            [table] => names.push(TableReference::bare(table.as_str())),
            [schema, table] => names.push(TableReference::partial(schema.as_str(), table.as_str())),
            _ => {}
        }
    };
    let _: ControlFlow<()> = ast::visit_relations(&query.ast, |name| {
        add(name.0.iter().filter_map(|part| part.as_ident()).collect());
        ControlFlow::Continue(())
    });
    // `TUMBLE(t, …)`: the relation is an argument, which looks like a column.
    let _: ControlFlow<()> = ast::visit_expressions(&query.ast, |expr| {
        match expr {
            ast::Expr::Identifier(name) => add(vec![name]),
            ast::Expr::CompoundIdentifier(parts) => add(parts.iter().collect()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    names.retain(|name| !matches!(name.schema(), Some(schema) if schema != "public"));
    names
}
