//! Changes of one key put together: a row taken back and another put in its place is an update.

use arrow::array::ArrayRef;
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;
use levada_state::KeyIndex;

/// What happened to one row: the rows of the delta that it was and that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub before: Option<u32>,
    pub after: Option<u32>,
    /// How many equal rows.
    pub weight: i64,
}

impl Pair {
    pub(super) fn op(self) -> &'static str {
        match (self.before, self.after) {
            (Some(_), Some(_)) => "update",
            (Some(_), None) => "delete",
            (None, _) => "insert",
        }
    }
}

/// Each change by itself: inserts and deletes.
pub(super) fn single(delta: &DeltaBatch) -> Vec<Pair> {
    let change = |row: u32| match delta.weight(row as usize) {
        0 => None,
        weight @ 1.. => Some(Pair { before: None, after: Some(row), weight }),
        weight => Some(Pair { before: Some(row), after: None, weight: -weight }),
    };
    (0..delta.num_rows() as u32).filter_map(change).collect()
}

/// Changes by key, in the order in which the keys appear.
///
/// # Errors
/// `LV-S609` if two live rows would share a key.
pub(super) fn keyed(delta: &DeltaBatch, key: &[usize]) -> Result<Vec<Pair>> {
    let columns: Vec<ArrayRef> = key.iter().map(|&column| delta.column(column).clone()).collect();
    if columns.is_empty() {
        return merge(delta, &vec![0; delta.num_rows()]);
    }
    let types: Vec<_> = columns.iter().map(|column| (column.data_type().clone(), true)).collect();
    let mut slots = Vec::new();
    KeyIndex::new(&types)?.upsert(&columns, &mut slots)?;
    merge(delta, &slots)
}

fn merge(delta: &DeltaBatch, slots: &[u32]) -> Result<Vec<Pair>> {
    let mut pairs: Vec<Pair> = Vec::new();
    for (row, &slot) in slots.iter().enumerate() {
        let slot = slot as usize;
        if slot >= pairs.len() {
            pairs.resize(slot + 1, Pair { before: None, after: None, weight: 1 });
        }
        let side = match delta.weight(row) {
            0 => continue,
            1 => &mut pairs[slot].after,
            -1 => &mut pairs[slot].before,
            _ => return Err(not_a_key()),
        };
        if side.replace(row as u32).is_some() {
            return Err(not_a_key());
        }
    }
    pairs.retain(|pair| pair.before.is_some() || pair.after.is_some());
    Ok(pairs)
}

fn not_a_key() -> Error {
    Error::new(codes::LV_S609, "two rows share what was said to be a key").with_hint("name columns that no two rows share")
}
