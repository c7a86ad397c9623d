//! Runs the normalisation: keeps the current row of every key, and gives the net difference of the epoch at its end.

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::util::display::array_value_to_string;
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;

use super::NormalizeSpec;
use super::state::KeyedRows;
use crate::ops::list;
use crate::{Emitter, EpochTime, Operator, Stats};

/// A normalisation on one shard.
pub(crate) struct Normalize {
    key: Vec<usize>,
    schema: SchemaRef,
    rows: KeyedRows,
}

impl Normalize {
    pub(crate) fn new(spec: &NormalizeSpec, input: &SchemaRef) -> Result<Self> {
        Ok(Self { key: spec.key.clone(), schema: input.clone(), rows: KeyedRows::new(input, &spec.key)? })
    }

    /// The error for a deletion of what is not there.
    fn unknown(&self, key: &[ArrayRef], row: usize) -> Error {
        let value = |array: &ArrayRef| match array.is_null(row) {
            true => "NULL".to_owned(),
            false => array_value_to_string(array, row).unwrap_or_else(|_| "?".to_owned()),
        };
        let parts =
            self.key.iter().zip(key).map(|(&column, array)| format!("{} = {}", self.schema.field(column).name(), value(array)));
        Error::new(codes::LV_S611, format!("delete of the unknown key ({})", list(parts)))
            .with_reason("no row with this key is there to delete")
            .with_hint("read the input from a position before the row was inserted, or declare the key that its deletes name")
    }
}

impl Operator for Normalize {
    fn push(&mut self, _input: usize, delta: DeltaBatch, _out: &mut Emitter) -> Result<()> {
        let key: Vec<ArrayRef> = self.key.iter().map(|&column| delta.column(column).clone()).collect();
        match self.rows.take(delta.batch(), &key, |row| delta.weight(row))? {
            Some(row) => Err(self.unknown(&key, row)),
            None => Ok(()),
        }
    }

    fn on_epoch(&mut self, _time: EpochTime, out: &mut Emitter) -> Result<()> {
        let difference = self.rows.difference();
        let slots = [difference.retracted.as_slice(), difference.inserted.as_slice()].concat();
        if !slots.is_empty() {
            let weight = |at: usize| if at < difference.retracted.len() { -1 } else { 1 };
            let weights =
                (!difference.retracted.is_empty()).then(|| Int64Array::from_iter_values((0..slots.len()).map(weight)));
            let batch = RecordBatch::try_new(self.schema.clone(), self.rows.gather(&slots)?)
                .map_err(|cause| Error::internal(format!("normalize: {cause}")))?;
            out.emit(DeltaBatch::new(batch, weights)?);
        }
        self.rows.end_epoch();
        Ok(())
    }

    fn stats(&self) -> Stats {
        Stats { state_rows: self.rows.len() as u64, state_bytes: self.rows.bytes() as u64, ..Stats::default() }
    }
}
