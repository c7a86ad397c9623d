//! A record batch whose rows carry weights.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, kernels::filter::FilterBuilder, take};
use arrow::datatypes::{Int64Type, SchemaRef};
use levada_base::{Error, Result};

/// Rows with weights: +1 inserts a row, -1 retracts it, +3 inserts three equal ones. No weights means +1 for every row, so that
/// append-only input pays nothing. A weight is never NULL; it may be 0 (a change that says nothing).
#[derive(Debug, Clone)]
pub struct DeltaBatch {
    batch: RecordBatch,
    weights: Option<Int64Array>,
}

impl DeltaBatch {
    /// Every row of `batch` inserted once.
    #[must_use]
    pub fn insertions(batch: RecordBatch) -> Self {
        Self { batch, weights: None }
    }

    /// Every row of `batch` retracted once.
    #[must_use]
    pub fn retractions(batch: RecordBatch) -> Self {
        let weights = Int64Array::from_value(-1, batch.num_rows());
        Self { batch, weights: Some(weights) }
    }

    /// Rows with their weights.
    ///
    /// # Errors
    /// `LV-S999` if there is not exactly one weight a row, or one is NULL: the caller built it wrong.
    pub fn new(batch: RecordBatch, weights: Option<Int64Array>) -> Result<Self> {
        if let Some(weights) = &weights
            && (weights.len() != batch.num_rows() || weights.null_count() > 0)
        {
            return Err(Error::internal(format!("{} weights for {} rows", weights.len(), batch.num_rows())));
        }
        Ok(Self { batch, weights })
    }

    /// A change that says nothing.
    #[must_use]
    pub fn empty(schema: SchemaRef) -> Self {
        Self::insertions(RecordBatch::new_empty(schema))
    }

    /// The rows.
    #[must_use]
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// One weight a row, or `None` where all are +1.
    #[must_use]
    pub fn weights(&self) -> Option<&Int64Array> {
        self.weights.as_ref()
    }

    /// Rows and weights, taken apart.
    #[must_use]
    pub fn into_parts(self) -> (RecordBatch, Option<Int64Array>) {
        (self.batch, self.weights)
    }

    /// The weight of row `row`.
    #[must_use]
    pub fn weight(&self, row: usize) -> i64 {
        self.weights.as_ref().map_or(1, |weights| weights.value(row))
    }

    /// Columns of the rows.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.batch.schema()
    }

    /// One column of the rows.
    #[must_use]
    pub fn column(&self, index: usize) -> &ArrayRef {
        self.batch.column(index)
    }

    /// How many rows, whatever their weights.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.num_rows() == 0
    }

    /// Whether no row is retracted, as far as can be told without reading the weights.
    #[must_use]
    pub fn is_append(&self) -> bool {
        self.weights.is_none()
    }

    /// Whether any row is retracted.
    #[must_use]
    pub fn has_retractions(&self) -> bool {
        self.weights.as_ref().is_some_and(|weights| weights.values().iter().any(|&weight| weight < 0))
    }

    /// Other rows under the same weights (a projection).
    ///
    /// # Errors
    /// `LV-S999` if the number of rows differs.
    pub fn with_batch(&self, batch: RecordBatch) -> Result<Self> {
        Self::new(batch, self.weights.clone())
    }

    /// The rows where `keep` is true (NULL counts as false).
    ///
    /// # Errors
    /// `LV-S999` if the mask has another length.
    pub fn filter(&self, keep: &BooleanArray) -> Result<Self> {
        let Some(weights) = &self.weights else {
            return Ok(Self::insertions(filter_record_batch(&self.batch, keep).map_err(arrow_bug)?));
        };
        let filter = FilterBuilder::new(keep).optimize().build();
        let batch = filter.filter_record_batch(&self.batch).map_err(arrow_bug)?;
        let weights = filter.filter(weights).map_err(arrow_bug)?;
        Ok(Self { batch, weights: Some(weights.as_primitive::<Int64Type>().clone()) })
    }

    /// The rows at `rows`, in that order.
    ///
    /// # Errors
    /// `LV-S999` if one is out of bounds.
    pub fn take(&self, rows: &UInt32Array) -> Result<Self> {
        let columns = self.batch.columns().iter().map(|column| take(column, rows, None).map_err(arrow_bug));
        // Rows without columns are rows, and only their number says so.
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(self.batch.schema(), columns.collect::<Result<_>>()?, &options)
            .map_err(arrow_bug)?;
        let weights = match &self.weights {
            None => None,
            Some(weights) => Some(take(weights, rows, None).map_err(arrow_bug)?.as_primitive::<Int64Type>().clone()),
        };
        Ok(Self { batch, weights })
    }

    /// The columns at `columns`, in that order.
    ///
    /// # Errors
    /// `LV-S999` if one does not exist.
    pub fn project(&self, columns: &[usize]) -> Result<Self> {
        Ok(Self { batch: self.batch.project(columns).map_err(arrow_bug)?, weights: self.weights.clone() })
    }

    /// `length` rows from `offset` on, without copying.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            batch: self.batch.slice(offset, length),
            weights: self.weights.as_ref().map(|weights| weights.slice(offset, length)),
        }
    }

    /// The same rows with every weight turned round.
    #[must_use]
    pub fn negate(&self) -> Self {
        let weights = match &self.weights {
            None => Int64Array::from_value(-1, self.num_rows()),
            Some(weights) => weights.unary(|weight| -weight),
        };
        Self { batch: self.batch.clone(), weights: Some(weights) }
    }

    /// All changes of `parts` in one batch, not netted.
    ///
    /// # Errors
    /// `LV-S999` if the schemas differ.
    pub fn concat(schema: &SchemaRef, parts: &[Self]) -> Result<Self> {
        if let [only] = parts {
            return Ok(only.clone());
        }
        let batch = concat_batches(schema, parts.iter().map(|part| &part.batch)).map_err(arrow_bug)?;
        if parts.iter().all(|part| part.weights.is_none()) {
            return Ok(Self::insertions(batch));
        }
        let mut weights = Vec::with_capacity(batch.num_rows());
        for part in parts {
            match &part.weights {
                Some(own) => weights.extend_from_slice(own.values()),
                None => weights.resize(weights.len() + part.num_rows(), 1),
            }
        }
        Ok(Self { batch, weights: Some(Int64Array::from(weights)) })
    }

    /// The same columns under the names and nullability of `schema`; types must agree.
    ///
    /// # Errors
    /// `LV-S999` if the types differ.
    pub fn renamed(&self, schema: &SchemaRef) -> Result<Self> {
        if Arc::ptr_eq(schema, self.batch.schema_ref()) {
            return Ok(self.clone());
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.num_rows()));
        let batch =
            RecordBatch::try_new_with_options(schema.clone(), self.batch.columns().to_vec(), &options).map_err(arrow_bug)?;
        Ok(Self { batch, weights: self.weights.clone() })
    }

    /// Bytes the rows and weights hold in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let weights = self.weights.as_ref().map_or(0, |weights| weights.len() * size_of::<i64>());
        self.batch.get_array_memory_size() + weights
    }
}

pub(crate) fn arrow_bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("arrow: {cause}")).caused_by(cause)
}
