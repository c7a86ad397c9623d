//! The primary key of a table under a statement's rows.

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;
use levada_state::{KeyIndex, NO_SLOT};

use super::changes::row_text;
use crate::content::Content;
use crate::core::TableDefinition;

/// New keys must be new, or be those of the rows that they replace, each once.
pub(super) fn check_new_keys(content: &Content, table: &TableDefinition, old: &RecordBatch, new: &RecordBatch) -> Result<()> {
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
