//! Once per row, at arrival: computed columns, NOT NULL, the row's say about the watermark.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use levada_base::{Error, Result, codes};
use levada_dataflow::Scalar;
use levada_delta::{DeltaBatch, engine_batch};
use levada_plan::{Expression, type_name};

use super::WatermarkDefinition;

/// The column that says what to do with a row that comes as an upsert.
pub(crate) const OP_COLUMN: &str = "_op";

/// How the columns of a relation come to be.
#[derive(Debug, Clone)]
pub(crate) struct Prepare {
    pub name: String,
    /// The columns as they come in.
    pub input: SchemaRef,
    /// One a column of the relation, in order. A computed column may read those before it.
    pub steps: Vec<Step>,
    pub output: SchemaRef,
    /// The column, among those that come in, that says what to do with the row of this key; without it rows are appended.
    pub op: Option<usize>,
}

/// How one column comes to be.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The column of that number as it came in.
    Take(usize),
    /// Computed from the relation's columns before it.
    Compute(Arc<Expression>),
}

/// Rows ready for an epoch.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub delta: DeltaBatch,
    pub partition: u32,
    /// The largest watermark that a row gives; `None` without a watermark, or where every event time is NULL.
    pub mark: Option<i64>,
}

impl Prepare {
    /// The relation's rows for the rows that came in.
    ///
    /// # Errors
    /// `LV-S203` for a NULL in a NOT NULL column; the codes of expressions.
    pub(crate) fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let batch = engine_batch(batch)?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let mut columns = Vec::with_capacity(self.steps.len());
        for (at, step) in self.steps.iter().enumerate() {
            let column = match step {
                Step::Take(column) => batch.column(*column).clone(),
                Step::Compute(expression) => {
                    let so_far = self.output.project(&(0..at).collect::<Vec<_>>()).map_err(bug)?;
                    let so_far = RecordBatch::try_new_with_options(so_far.into(), columns.clone(), &options).map_err(bug)?;
                    expression.evaluate(&so_far)?
                }
            };
            let field = self.output.field(at);
            if !field.is_nullable() && column.null_count() > 0 {
                let row = (0..column.len()).find(|&row| column.is_null(row)).unwrap_or_default();
                return Err(Error::new(codes::LV_S203, format!("NULL in column \"{}\" of \"{}\"", field.name(), self.name))
                    .with_reason(format!("it is NOT NULL; row {} of the batch", row + 1))
                    .with_hint("give a value, or declare the column without NOT NULL"));
            }
            columns.push(column);
        }
        RecordBatch::try_new_with_options(self.output.clone(), columns, &options).map_err(bug)
    }

    /// The rows with what they say about the watermark.
    ///
    /// # Errors
    /// See [`Prepare::rows`].
    pub(crate) fn prepare(
        &self,
        batch: &RecordBatch,
        watermark: Option<&WatermarkDefinition>,
        partition: u32,
    ) -> Result<Prepared> {
        let rows = self.rows(batch)?;
        let mark = watermark.map_or(Ok(None), |watermark| self.mark(&rows, watermark))?;
        let weights = self.op.map_or(Ok(None), |op| weights(batch.column(op), &self.name))?;
        Ok(Prepared { delta: DeltaBatch::new(rows, weights)?, partition, mark })
    }

    /// The largest watermark that a row gives.
    ///
    /// # Errors
    /// The codes of expressions.
    pub(crate) fn mark(&self, rows: &RecordBatch, watermark: &WatermarkDefinition) -> Result<Option<i64>> {
        let marks = cast(&watermark.expression.evaluate(rows)?, &DataType::Int64).map_err(bug)?;
        Ok(max(marks.as_primitive::<Int64Type>()))
    }

    /// A pushed batch as the columns that come in: by name, in any order; missing columns are NULL where they may be.
    ///
    /// # Errors
    /// `LV-C050` for a column that is unknown, missing or of another type.
    pub(crate) fn by_name(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let batch = engine_batch(batch)?;
        for field in batch.schema().fields() {
            if self.input.column_with_name(field.name()).is_none() {
                let error = Error::new(codes::LV_C050, format!("\"{}\" has no column \"{}\"", self.name, field.name()));
                let names = self.input.fields().iter().map(|field| field.name().as_str());
                return Err(match levada_base::nearest(field.name(), names) {
                    Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                    None => error.with_hint("leave it out of the batch"),
                });
            }
        }
        let columns = self.input.fields().iter().map(|field| match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
            Some(column) => Err(Error::new(
                codes::LV_C050,
                format!(
                    "column \"{}\" of \"{}\" is {}, not {}",
                    field.name(),
                    self.name,
                    type_name(field.data_type()),
                    type_name(column.data_type())
                ),
            )
            .with_hint("cast it before it is pushed")),
            None if field.is_nullable() => Ok(arrow::array::new_null_array(field.data_type(), batch.num_rows())),
            None => Err(Error::new(codes::LV_C050, format!("column \"{}\" of \"{}\" is missing", field.name(), self.name))
                .with_reason("it is NOT NULL")),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(nullable(&self.input), columns, &options).map_err(bug)
    }
}

/// What `_op` says: −1 for `delete`, 1 for `upsert` and for NULL; `None` if nothing is deleted.
///
/// # Errors
/// `LV-C040` for any other word.
fn weights(ops: &ArrayRef, name: &str) -> Result<Option<Int64Array>> {
    let texts = cast(ops, &DataType::Utf8View).map_err(bug)?;
    let texts = texts.as_string_view();
    let weight = |(row, op): (usize, Option<&str>)| match op {
        None | Some("upsert") => Ok(1),
        Some("delete") => Ok(-1),
        Some(other) => {
            Err(Error::new(codes::LV_C040, format!("{OP_COLUMN} of \"{name}\" is '{other}' in row {} of the batch", row + 1))
                .with_hint("write upsert or delete; NULL is upsert"))
        }
    };
    let weights = texts.iter().enumerate().map(weight).collect::<Result<Vec<i64>>>()?;
    Ok(weights.contains(&-1).then(|| weights.into()))
}

/// NULLs are found by [`Prepare::rows`], which can say where they are.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(arrow::datatypes::Schema::new(fields))
}

fn bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("intake: {cause}"))
}
