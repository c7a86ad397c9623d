//! A hash of rows that does not depend on their order.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, SortField};
use levada_base::Result;

use super::arrow_bug;

/// Hashes rows by their comparable bytes; the sum over all rows is the digest.
pub(super) struct Digest {
    converter: RowConverter,
}

impl Digest {
    /// # Errors
    /// `LV-S999` if a column's type can't be compared.
    pub(super) fn new(schema: &Schema) -> Result<Self> {
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self { converter: RowConverter::new(fields).map_err(arrow_bug)? })
    }

    /// The sum of the rows' hashes.
    pub(super) fn of(&mut self, rows: &RecordBatch) -> Result<u64> {
        let rows = self.converter.convert_columns(rows.columns()).map_err(arrow_bug)?;
        // Without a key: the same rows have the same digest in every process.
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        Ok(rows.iter().fold(0, |sum: u64, row| sum.wrapping_add(hasher.hash_one(row.as_ref()))))
    }
}
