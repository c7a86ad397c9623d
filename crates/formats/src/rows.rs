//! Row by row into batches, for text formats: the good rows before a bad one go out first.

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_connect::Decoder;

/// Something that reads a file's rows one at a time and collects them in columns.
pub(crate) trait ReadRows: Send {
    /// Adds the next row to the columns; `false` at the end of the file. After an error the columns may hold a part of the row.
    fn read_row(&mut self) -> Result<bool>;

    /// The first `rows` rows collected; the columns are empty afterwards.
    fn take_columns(&mut self, rows: usize) -> Result<Vec<ArrayRef>>;
}

/// A decoder over rows that come one at a time.
pub(crate) struct RowDecoder<R> {
    rows: R,
    schema: SchemaRef,
    batch_rows: usize,
    state: State,
}

enum State {
    Reading,
    /// Good rows went out; this is what comes next.
    Failed(Error),
    Ended,
}

impl<R: ReadRows> RowDecoder<R> {
    pub(crate) fn new(rows: R, schema: SchemaRef, batch_rows: usize) -> Self {
        Self { rows, schema, batch_rows: batch_rows.max(1), state: State::Reading }
    }

    /// Reads up to `batch_rows` good rows into the columns; stops before the first bad one.
    fn fill(&mut self) -> usize {
        for rows in 0..self.batch_rows {
            match self.rows.read_row() {
                Ok(true) => continue,
                Ok(false) => self.state = State::Ended,
                Err(error) => self.state = State::Failed(error),
            }
            return rows;
        }
        self.batch_rows
    }
}

impl<R: ReadRows> Decoder for RowDecoder<R> {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        if matches!(self.state, State::Reading) {
            let rows = self.fill();
            let columns = self.rows.take_columns(rows)?;
            if rows > 0 {
                let options = RecordBatchOptions::new().with_row_count(Some(rows));
                let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options);
                return batch.map(Some).map_err(|cause| Error::internal(format!("decoded batch: {cause}")));
            }
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(error) => Err(error),
            State::Ended | State::Reading => Ok(None),
        }
    }
}
