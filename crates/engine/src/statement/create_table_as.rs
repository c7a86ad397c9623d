//! CREATE TABLE … AS: a copy of a query's result, made once.

use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_catalog::Kind;
use levada_plan::type_name;
use levada_sql::{Column, CreateTable, Query, Statement};

use super::existing::{Found, look};
use super::select::over_a_source;
use super::{create_table, dml, select};
use crate::core::{Core, Payload};
use crate::outcome::Outcome;
use crate::{Database, Rows};

/// Executes it: the table is there with all rows, or not at all.
///
/// # Errors
/// `LV-S206` over a source; the query's own; those of CREATE TABLE and INSERT.
pub(crate) async fn create_table_as(database: &Database, mut create: CreateTable) -> Result<Outcome> {
    let Some(query) = create.as_query.take() else { return Err(Error::internal("CREATE TABLE AS without a query")) };
    // What is there already is told before the query is evaluated.
    if let Found::Skip(outcome) =
        database.read(|core| look(core, &create.name, Kind::Table, create.existing, &create.to_string()))?
    {
        return Ok(outcome);
    }
    let rows = select::select(database, &query).await.map_err(|error| over_a_source(error, &query))?;
    if create.columns.is_empty() {
        create.columns = columns(&rows.schema)?;
    }
    database.write(|core| fill(core, &create, &rows, &query))
}

fn fill(core: &mut Core, create: &CreateTable, rows: &Rows, query: &Query) -> Result<Outcome> {
    create_table::execute(core, create)?;
    let object = core.catalog.find(&create.name.name)?;
    let id = object.id;
    let Payload::Table { definition, .. } = object.payload.clone() else {
        return Err(Error::internal("a table without a definition"));
    };
    let filled = dml::insert_rows(core, definition, rows, query.position);
    if filled.is_err() {
        core.catalog.remove(id, false)?;
        core.contents.remove(&id);
    }
    filled
}

/// The columns of a result, as one would declare them.
fn columns(schema: &SchemaRef) -> Result<Vec<Column>> {
    let column = |field: &arrow::datatypes::FieldRef| format!("{} {}", dml::quoted(field.name()), type_name(field.data_type()));
    let columns: Vec<String> = schema.fields().iter().map(column).collect();
    match levada_sql::parse_one(&format!("CREATE TABLE t ({})", columns.join(", ")))?.statement {
        Statement::CreateTable(create) => Ok(create.columns),
        _ => Err(Error::internal("a declaration that is none")),
    }
}
