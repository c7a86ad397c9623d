//! Columns put together to rows, from a position, no faster than asked for.

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_connect::{Context, Fetch, FetchLimits, Fetched, Options, Source, SourcePosition};

use super::OPTIONS;
use super::field::Field;
use crate::pace::Pace;
use crate::rows::{row_of, row_position};

/// An open generator.
pub(super) struct GeneratorSource {
    schema: SchemaRef,
    fields: Vec<Field>,
    row: u64,
    /// The first row that is not given.
    end: u64,
    pace: Pace,
}

impl GeneratorSource {
    pub(super) fn open(options: &Options, schema: SchemaRef, fields: Vec<Field>, context: &Context) -> Self {
        let number = |key: &str| options.int(OPTIONS, key).and_then(|number| u64::try_from(number).ok());
        let pace = Pace::new(&context.world, number("rows_per_second"));
        Self { schema, fields, row: 0, end: number("rows_max").unwrap_or(u64::MAX), pace }
    }
}

impl Source for GeneratorSource {
    fn fetch(&mut self, limits: FetchLimits) -> Result<Fetch> {
        if self.row >= self.end {
            return Ok(Fetch::End);
        }
        let wanted = (limits.rows_max.max(1) as u64).min(self.end - self.row);
        let count = self.pace.take(wanted);
        if count == 0 {
            return Ok(Fetch::Nothing);
        }
        let rows = self.row..self.row + count;
        let columns = self.fields.iter().map(|field| field.column(rows.clone())).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(count as usize));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|cause| Error::internal(format!("generator: {cause}")))?;
        self.row = rows.end;
        Ok(Fetch::Rows(Fetched { batch, partition: 0, position: row_position(self.row) }))
    }

    fn seek(&mut self, position: &SourcePosition) -> Result<()> {
        self.row = row_of(position)?;
        self.pace.restart();
        Ok(())
    }
}
