//! EXPLAIN: the graph that will run, or the plan of a query that is evaluated once.

use levada_base::{Error, Result, codes};
use levada_sql::{Explain, ExplainFormat, ExplainTarget, InsertSource, Query, Statement};

use super::create_query::plan;
use super::tables::text_rows;
use crate::core::Core;
use crate::outcome::Outcome;

pub(super) fn execute(core: &mut Core, explain: &Explain) -> Result<Outcome> {
    if explain.format != ExplainFormat::Text {
        return Err(Error::new(codes::LV_S004, "EXPLAIN in another format than TEXT is not in this release")
            .with_hint("leave FORMAT out"));
    }
    let text = match &explain.target {
        ExplainTarget::Query(query) => continuous(core, query, explain.verbose)?,
        ExplainTarget::Statement(statement) => statement_text(core, statement, explain.verbose)?,
        ExplainTarget::Object(name) => {
            let object = core.catalog.find(&name.name).map_err(|error| error.at(name.position))?;
            let Some(job) = core.jobs.get(&object.id) else {
                return Err(Error::new(
                    codes::LV_S105,
                    format!("\"{name}\" is {}: no job runs for it", object.kind.with_article()),
                )
                .with_hint("EXPLAIN a stream, a materialized view, a sink or a query")
                .at(name.position));
            };
            job.runtime.graph().describe()
        }
    };
    let rows: Vec<Vec<String>> = text.lines().map(|line| vec![line.to_owned()]).collect();
    text_rows(&["plan"], &rows, core.epoch)
}

fn statement_text(core: &Core, statement: &Statement, verbose: bool) -> Result<String> {
    match statement {
        Statement::CreateStream(create) | Statement::CreateMaterializedView(create) | Statement::CreateView(create) => {
            continuous(core, &create.query, verbose)
        }
        Statement::CreateSink(create) => continuous(core, &super::create_sink::checked_query(core, create)?, verbose),
        Statement::Insert(insert) => match &insert.source {
            InsertSource::Query(query) | InsertSource::Values(query) => continuous(core, query, verbose),
            InsertSource::DefaultValues => Ok("values of defaults".to_owned()),
        },
        _ => Err(Error::new(codes::LV_S004, "EXPLAIN of this statement is not in this release")
            .with_hint("EXPLAIN a query, or a CREATE with one")),
    }
}

/// The logical plan, what is known of the result, and the operators with their ids.
fn continuous(core: &Core, query: &Query, verbose: bool) -> Result<String> {
    let (planned, _) = plan(core, query)?;
    let name = |column: &usize| planned.schema.field(*column).name().clone();
    let key = match &planned.key {
        None => "none".to_owned(),
        Some(columns) if columns.is_empty() => "() (at most one row)".to_owned(),
        Some(columns) => format!("({})", columns.iter().map(name).collect::<Vec<_>>().join(", ")),
    };
    let times: Vec<String> = planned.times.iter().map(|time| name(&time.column)).collect();
    let times = if times.is_empty() { "none".to_owned() } else { times.join(", ") };
    let changes = if planned.append_only { "append-only" } else { "changing" };
    let mut text = format!("result: {changes}, key {key}, event time {times}\n");
    text.push_str("\noperators:\n");
    text.push_str(&planned.graph.describe());
    text.push_str("\nlogical plan:\n");
    let logical = if verbose {
        planned.logical.display_indent_schema().to_string()
    } else {
        planned.logical.display_indent().to_string()
    };
    text.push_str(&logical);
    for notice in &planned.notices {
        text.push_str(&format!("\n{}: {}", notice.code, notice.message));
    }
    Ok(text)
}
