//! The generator as a source: rows from a position, no faster than asked for.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_connect::{Context, Fetch, FetchLimits, Fetched, Options, Source, SourcePosition};

use super::{Config, Generator, OPTIONS, Table};
use crate::pace::Pace;
use crate::rows::{row_of, row_position};

/// An open Nexmark source.
pub(super) struct NexmarkSource {
    generator: Arc<Generator>,
    table: Table,
    schema: SchemaRef,
    columns: Vec<usize>,
    row: u64,
    /// The first row that is not given.
    end: u64,
    pace: Pace,
}

impl NexmarkSource {
    pub(super) fn open(options: &Options, table: Table, schema: SchemaRef, columns: Vec<usize>, context: &Context) -> Self {
        let number = |key: &str| options.int(OPTIONS, key).and_then(|number| u64::try_from(number).ok());
        let config = Config { seed: number("seed").unwrap_or_default(), event_rate: number("event_rate").unwrap_or(1) };
        let end = match number("events") {
            None | Some(0) => u64::MAX,
            Some(events) => table.rows(events),
        };
        let pace = Pace::new(&context.world, number("rows_per_second"));
        Self { generator: Arc::new(Generator::new(config)), table, schema, columns, row: 0, end, pace }
    }
}

impl Source for NexmarkSource {
    fn fetch(&mut self, limits: FetchLimits) -> Result<Fetch> {
        if self.row >= self.end {
            return Ok(Fetch::End);
        }
        let wanted = (limits.rows_max.max(1) as u64).min(self.end - self.row);
        let count = self.pace.take(wanted);
        if count == 0 {
            return Ok(Fetch::Nothing);
        }
        let batch = self.generator.batch(self.table, self.row..self.row + count, &self.columns);
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), batch.columns().to_vec(), &options)
            .map_err(|cause| Error::internal(format!("nexmark: {cause}")))?;
        self.row += count;
        Ok(Fetch::Rows(Fetched { batch, partition: 0, position: row_position(self.row) }))
    }

    fn seek(&mut self, position: &SourcePosition) -> Result<()> {
        self.row = row_of(position)?;
        self.pace.restart();
        Ok(())
    }
}
