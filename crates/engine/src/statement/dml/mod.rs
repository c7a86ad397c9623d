//! INSERT, UPDATE, DELETE, TRUNCATE: rows of tables, whole statements or nothing.

mod changes;
mod insert;
mod update;

use std::sync::Arc;

use levada_base::{Error, Result, codes};
use levada_catalog::Kind;
use levada_delta::DeltaBatch;
use levada_sql::{Name, ast};

use crate::core::{Changes, Core, EpochInputs, Payload, TableDefinition};
use crate::outcome::Outcome;

pub(crate) use insert::{insert, insert_batch};
pub(crate) use update::{delete, update};

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

/// Runs the epoch in which a table changes.
fn write(core: &mut Core, table: &TableDefinition, delta: DeltaBatch, rows: u64) -> Result<Outcome> {
    let id = table.relation.id;
    let watermark = core.table_watermark(id, table, &delta)?;
    let epoch = core.run_epoch(EpochInputs::from([(id, Changes { batches: vec![delta], watermark })]))?;
    Ok(Outcome::Written { rows, epoch, notices: Vec::new() })
}

/// TRUNCATE: all rows go.
pub(super) fn truncate(core: &mut Core, name: &Name) -> Result<Outcome> {
    let table = changing_table(core, name)?;
    let rows = match core.contents.get_mut(&table.relation.id) {
        Some(content) => content.rows()?,
        None => Vec::new(),
    };
    let count = rows.iter().map(|batch| batch.num_rows() as u64).sum();
    let gone: Vec<DeltaBatch> = rows.into_iter().map(DeltaBatch::retractions).collect();
    let delta = DeltaBatch::concat(&table.relation.schema, &gone)?;
    write(core, &table, delta, count)
}

/// # Errors
/// `LV-S004` for RETURNING.
fn refuse_returning(returning: &[ast::SelectItem], name: &Name) -> Result<()> {
    if returning.is_empty() {
        return Ok(());
    }
    Err(Error::new(codes::LV_S004, "RETURNING is not in this release")
        .with_hint("SELECT the rows: a read sees every earlier write")
        .at(name.position))
}

impl Core {
    /// The watermark of a table with one: the largest its rows have given. Tables without hold nothing back.
    fn table_watermark(
        &mut self,
        id: levada_base::ObjectId,
        table: &TableDefinition,
        delta: &DeltaBatch,
    ) -> Result<levada_base::Watermark> {
        use levada_base::Watermark;
        let Some(clause) = &table.watermark else { return Ok(Watermark::END) };
        let prepare = Arc::clone(&table.prepare);
        let mark = prepare.mark(delta.batch(), clause)?;
        let marks = self.table_marks.entry(id).or_insert(Watermark::NONE);
        *marks = (*marks).max(mark.map_or(Watermark::NONE, Watermark));
        Ok(*marks)
    }
}
