//! Rows that a query gave.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use levada_base::Epoch;

/// The result of a query, all of it at one epoch.
#[derive(Debug, Clone)]
pub struct Rows {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// The epoch that every relation was read at.
    pub epoch: Epoch,
}

impl Rows {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every value as text (NULL as `None`), row by row.
    #[must_use]
    pub fn texts(&self) -> Vec<Vec<Option<String>>> {
        self.batches.iter().flat_map(texts).collect()
    }
}

fn texts(batch: &RecordBatch) -> Vec<Vec<Option<String>>> {
    let options = FormatOptions::default().with_display_error(true);
    let cell = |column: usize, row: usize| {
        let array = batch.column(column);
        let formatter = ArrayFormatter::try_new(array, &options).ok()?;
        array.is_valid(row).then(|| formatter.value(row).to_string())
    };
    (0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| cell(column, row)).collect()).collect()
}

/// A header line and a line a row, values separated by a comma and a space, NULL as `NULL`: for examples and tests.
#[must_use]
pub fn format_rows(rows: &Rows) -> String {
    let names: Vec<_> = rows.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut text = names.join(", ") + "\n";
    for row in rows.texts() {
        let cells: Vec<_> = row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())).collect();
        text.push_str(&cells.join(", "));
        text.push('\n');
    }
    text
}
