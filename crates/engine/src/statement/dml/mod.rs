//! INSERT, UPDATE, DELETE, TRUNCATE: rows of tables, whole statements or nothing.
//!
//! A statement first reads and checks ([`Change`]), then gives RETURNING its rows, and changes the table last. In between nobody else
//! writes a table: the database lets one writing statement in at a time.

mod changes;
mod conflict;
mod delete;
mod insert;
mod keys;
mod matching;
mod returning;
mod update;

use std::sync::Arc;

use arrow::array::RecordBatch;
use levada_base::{Error, ObjectId, Result, Watermark, codes};
use levada_catalog::Kind;
use levada_delta::{DeltaBatch, consolidate};
use levada_sql::Name;

use crate::core::{Changes, Core, EpochInputs, Payload, TableDefinition};
use crate::outcome::Outcome;

pub(crate) use delete::delete;
pub(crate) use insert::{insert, insert_batch};
pub(crate) use update::update;

pub(super) use insert::insert_rows;
pub(super) use matching::quoted;

/// What a statement will do to a table, checked.
struct Change {
    table: TableDefinition,
    delta: DeltaBatch,
    /// The rows that RETURNING speaks of: the new ones, or those that go.
    rows: RecordBatch,
}

impl Change {
    /// Runs the epoch in which the table changes: by the net change, so that a row that is replaced by itself is no change.
    fn write(self, core: &mut Core) -> Result<Outcome> {
        let rows = self.rows.num_rows() as u64;
        let id = self.table.relation.id;
        let delta = consolidate(self.delta)?;
        let watermark = core.table_watermark(id, &self.table, &delta)?;
        let epoch = core.run_epoch(EpochInputs::from([(id, Changes { batches: vec![delta], watermark })]))?;
        Ok(Outcome::Written { rows, epoch, notices: Vec::new() })
    }
}

/// The table a statement writes.
///
/// # Errors
/// `LV-S101`; `LV-S204` for what can't be written.
fn table(core: &Core, name: &Name) -> Result<TableDefinition> {
    super::existing::check_schema(name)?;
    let object = core.catalog.find(&name.name).map_err(|error| error.at(name.position))?;
    match &object.payload {
        Payload::Table { definition, .. } => Ok(definition.clone()),
        _ => {
            let error =
                Error::new(codes::LV_S204, format!("\"{name}\" is {}, which can't be written", object.kind.with_article()));
            let hint = match object.kind {
                Kind::Source => "INSERT INTO a source takes rows; UPDATE and DELETE need a table",
                _ => "write into the tables that it reads",
            };
            Err(error.with_hint(hint).at(name.position))
        }
    }
}

/// # Errors
/// `LV-S204` for a table whose rows never leave.
fn changing_table(core: &Core, name: &Name) -> Result<TableDefinition> {
    let table = table(core, name)?;
    if table.relation.append_only {
        return Err(Error::new(codes::LV_S204, format!("\"{name}\" is APPEND ONLY: its rows never change"))
            .with_hint("create the table without APPEND ONLY")
            .at(name.position));
    }
    Ok(table)
}

/// TRUNCATE: all rows go.
pub(super) fn truncate(core: &mut Core, name: &Name) -> Result<Outcome> {
    let table = changing_table(core, name)?;
    let schema = table.relation.schema.clone();
    let rows = matching::one_batch(&schema, &matching::content(core, &table)?)?;
    let delta = DeltaBatch::retractions(rows.clone());
    Change { table, delta, rows }.write(core)
}

impl Core {
    /// The watermark of a table with one: the largest its rows have given. Tables without hold nothing back.
    fn table_watermark(&mut self, id: ObjectId, table: &TableDefinition, delta: &DeltaBatch) -> Result<Watermark> {
        let Some(clause) = &table.watermark else { return Ok(Watermark::END) };
        let prepare = Arc::clone(&table.prepare);
        let mark = prepare.mark(delta.batch(), clause)?;
        let marks = self.table_marks.entry(id).or_insert(Watermark::NONE);
        *marks = (*marks).max(mark.map_or(Watermark::NONE, Watermark));
        Ok(*marks)
    }
}
