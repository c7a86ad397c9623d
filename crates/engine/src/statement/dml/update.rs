//! UPDATE: the rows that a condition finds are replaced, each once.

use arrow::array::{ArrayRef, RecordBatch};
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;
use levada_sql::{Assignment, Ident, Name, Update, ast};

use super::Change;
use super::changes::{assign, of_columns};
use super::insert::input_places;
use super::keys::check_new_keys;
use super::matching::{Matched, Matching};
use super::returning::finish;
use crate::Database;
use crate::core::TableDefinition;
use crate::outcome::Outcome;

/// Executes UPDATE.
///
/// # Errors
/// `LV-S110`, `LV-S201`, `LV-S203`, `LV-S204`, `LV-S205`; nothing was written then.
pub(crate) async fn update(database: &Database, update: &Update) -> Result<Outcome> {
    let table = database.read(|core| super::changing_table(core, &update.target))?;
    let Update { target, alias, assignments, from, filter, returning } = update;
    let places = places(&table, assignments)?;
    let matching = Matching { target, alias: alias.as_ref(), from, filter: filter.as_ref() };
    let values: Vec<&ast::Expr> = assignments.iter().map(|assignment| assignment.value.value.as_ref()).collect();
    let found = matching.find(database, &table, &values).await?;
    let new = assigned(&table, &found, &places, target)?;
    let change = database.write(|core| {
        let content = core.contents.get(&table.relation.id).ok_or_else(|| Error::internal("a table without content"))?;
        check_new_keys(content, &table, &found.rows, &new).map_err(|error| error.at(target.position))?;
        replace(table.clone(), found.rows, new)
    })?;
    finish(database, change, target, alias.as_ref(), returning).await
}

/// The columns that are assigned, among those that come in.
///
/// # Errors
/// `LV-S110` with the nearest name; `LV-S202` for a column that is assigned twice.
pub(super) fn places(table: &TableDefinition, assignments: &[Assignment]) -> Result<Vec<usize>> {
    let input = &table.prepare.input;
    let columns: Vec<Ident> = assignments.iter().map(|assignment| assignment.column.clone()).collect();
    input_places(input, &columns)
}

/// The found rows with the values assigned to `places`; computed columns are computed again.
///
/// # Errors
/// `LV-S408`, `LV-S410` where a value does not fit, `LV-S203` for a NULL in a NOT NULL column.
pub(super) fn assigned(table: &TableDefinition, found: &Matched, places: &[usize], target: &Name) -> Result<RecordBatch> {
    let input = &table.prepare.input;
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(input.fields().len());
    for (at, field) in input.fields().iter().enumerate() {
        let value = match places.iter().position(|place| *place == at) {
            Some(assigned) => &found.values[assigned],
            None => found.rows.column_by_name(field.name()).ok_or_else(|| Error::internal("a column that no row has"))?,
        };
        columns.push(assign(value, field.data_type(), field.name(), Some(target.position))?);
    }
    let rows = of_columns(input, columns, found.rows.num_rows())?;
    table.prepare.rows(&rows).map_err(|error| error.at(target.position))
}

/// Old rows out, new rows in.
fn replace(table: TableDefinition, old: RecordBatch, new: RecordBatch) -> Result<Change> {
    let both = [DeltaBatch::retractions(old), DeltaBatch::insertions(new.clone())];
    let delta = DeltaBatch::concat(&table.relation.schema, &both)?;
    Ok(Change { table, delta, rows: new })
}
