//! UPDATE and DELETE: the rows that a condition finds, at one epoch.

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::concat_batches;
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;
use levada_sql::{Delete, Name, Query, Update};
use levada_state::{KeyIndex, NO_SLOT};

use super::changes::{assign, row_text};
use crate::content::Content;
use crate::core::TableDefinition;
use crate::outcome::Outcome;
use crate::statement::row_columns::place;
use crate::statement::select::evaluate_for;
use crate::statement::subscribe::query_of;
use crate::{Database, Rows};

/// Executes UPDATE: every row that the condition finds is replaced, each once.
///
/// # Errors
/// `LV-S110`, `LV-S201`, `LV-S203`, `LV-S204`; nothing was written then.
pub(crate) async fn update(database: &Database, update: &Update) -> Result<Outcome> {
    super::refuse_returning(&update.returning, &update.target)?;
    refuse_other_relations(update.from.is_empty(), "UPDATE … FROM", &update.target)?;
    let table = database.read(|core| super::changing_table(core, &update.target))?;
    let schema = table.relation.schema.clone();
    let input = &table.prepare.input;
    let mut select: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
    let mut places = Vec::new();
    for (at, assignment) in update.assignments.iter().enumerate() {
        places.push(place(input, &assignment.column.name, assignment.column.position)?);
        select.push(format!("({}) AS __assigned_{at}", assignment.value.value));
    }
    let query = matching(
        &update.target,
        update.alias.as_ref().map(|alias| alias.name.as_str()),
        &select,
        update.filter.as_ref().map(|f| f.value.to_string()),
    )?;
    let rows = evaluate_for(database, &query, |_, _| Ok(())).await?;
    let found = one_batch(&rows)?;
    let width = schema.fields().len();
    let old = in_schema(&table, &found.columns()[..width])?;
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(input.fields().len());
    for (at, field) in input.fields().iter().enumerate() {
        let value = match places.iter().position(|place| *place == at) {
            Some(assigned) => found.column(width + assigned),
            None => found.column(schema.index_of(field.name()).map_err(|cause| Error::internal(cause.to_string()))?),
        };
        columns.push(assign(value, field.data_type(), field.name(), Some(update.target.position))?);
    }
    let new = table
        .prepare
        .rows(&super::changes::of_columns(input, columns, found.num_rows())?)
        .map_err(|e| e.at(update.target.position))?;
    database.write(|core| {
        let content = core.contents.get(&table.relation.id).ok_or_else(|| Error::internal("a table without content"))?;
        check_new_keys(content, &table, &old, &new).map_err(|error| error.at(update.target.position))?;
        let count = new.num_rows() as u64;
        let delta = DeltaBatch::concat(&schema, &[DeltaBatch::retractions(old), DeltaBatch::insertions(new)])?;
        super::write(core, &table, levada_delta::consolidate(delta)?, count)
    })
}

/// Executes DELETE: every row that the condition finds goes.
///
/// # Errors
/// `LV-S204` and the condition's own; nothing was written then.
pub(crate) async fn delete(database: &Database, delete: &Delete) -> Result<Outcome> {
    super::refuse_returning(&delete.returning, &delete.target)?;
    refuse_other_relations(delete.using.is_empty(), "DELETE … USING", &delete.target)?;
    let table = database.read(|core| super::changing_table(core, &delete.target))?;
    let select: Vec<String> = table.relation.schema.fields().iter().map(|field| quoted(field.name())).collect();
    let query = matching(
        &delete.target,
        delete.alias.as_ref().map(|alias| alias.name.as_str()),
        &select,
        delete.filter.as_ref().map(|f| f.value.to_string()),
    )?;
    let rows = evaluate_for(database, &query, |_, _| Ok(())).await?;
    let old = in_schema(&table, one_batch(&rows)?.columns())?;
    let count = old.num_rows() as u64;
    database.write(|core| super::write(core, &table, DeltaBatch::retractions(old), count))
}

fn matching(target: &Name, alias: Option<&str>, select: &[String], filter: Option<String>) -> Result<Query> {
    let alias = alias.map_or_else(String::new, |alias| format!(" AS {}", quoted(alias)));
    let filter = filter.map_or_else(String::new, |filter| format!(" WHERE {filter}"));
    query_of(&format!("SELECT {} FROM {target}{alias}{filter}", select.join(", ")), target.position)
}

fn refuse_other_relations(none: bool, what: &str, target: &Name) -> Result<()> {
    if none {
        return Ok(());
    }
    Err(Error::new(codes::LV_S004, format!("{what} is not in this release"))
        .with_hint("use WHERE with IN (SELECT …)")
        .at(target.position))
}

fn one_batch(rows: &Rows) -> Result<RecordBatch> {
    concat_batches(&rows.schema, &rows.batches).map_err(|cause| Error::internal(format!("rows to change: {cause}")))
}

fn in_schema(table: &TableDefinition, columns: &[ArrayRef]) -> Result<RecordBatch> {
    RecordBatch::try_new(table.relation.schema.clone(), columns.to_vec())
        .map_err(|cause| Error::internal(format!("rows of a table: {cause}")))
}

/// New keys must be new, or be those of the rows that they replace, each once.
fn check_new_keys(content: &Content, table: &TableDefinition, old: &RecordBatch, new: &RecordBatch) -> Result<()> {
    if table.primary_key.is_empty() {
        return Ok(());
    }
    let key =
        |batch: &RecordBatch| table.primary_key.iter().map(|&column| batch.column(column).clone()).collect::<Vec<ArrayRef>>();
    let (old, new) = (key(old), key(new));
    let types: Vec<_> = new.iter().map(|key| (key.data_type().clone(), true)).collect();
    let (mut leaving, mut coming) = (KeyIndex::new(&types)?, KeyIndex::new(&types)?);
    let mut slots = Vec::new();
    leaving.upsert(&old, &mut slots)?;
    let mut left = Vec::new();
    leaving.find(&new, &mut left)?;
    coming.upsert(&new, &mut slots)?;
    let there = content.has_keys(&new)?;
    let mut seen = vec![false; coming.slot_bound()];
    for row in 0..there.len() {
        let again = std::mem::replace(&mut seen[slots[row] as usize], true);
        if again || (there[row] && left[row] == NO_SLOT) {
            return Err(Error::new(
                codes::LV_S201,
                format!("key {} would be there twice in \"{}\"", row_text(&new, row), table.relation.name),
            )
            .with_hint("choose other keys"));
        }
    }
    Ok(())
}

/// The rows of a table that have one of the keys, as retractions.
pub(super) fn rows_with_keys(content: &mut Content, table: &TableDefinition, keys: &KeyIndex) -> Result<DeltaBatch> {
    let mut found = Vec::new();
    let mut slots = Vec::new();
    for batch in content.rows()? {
        let columns: Vec<ArrayRef> = table.primary_key.iter().map(|&column| batch.column(column).clone()).collect();
        keys.find(&columns, &mut slots)?;
        let rows = (0..batch.num_rows() as u32).filter(|row| slots[*row as usize] != NO_SLOT);
        let rows = UInt32Array::from_iter_values(rows);
        if !rows.is_empty() {
            found.push(DeltaBatch::retractions(batch).take(&rows)?);
        }
    }
    DeltaBatch::concat(&table.relation.schema, &found)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
