//! From matches to rows: which columns come from where, and the residual condition.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array,
};
use arrow::compute::{filter_record_batch, take};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;
use levada_state::{Matches, RowStore};

use super::{JoinKind, JoinSpec};
use crate::Scalar;

/// The left input.
pub(super) const LEFT: usize = 0;
/// The right input.
pub(super) const RIGHT: usize = 1;

/// Puts output rows together.
pub(super) struct Pairing {
    kind: JoinKind,
    residual: Option<Arc<dyn Scalar>>,
    pair_schema: SchemaRef,
    output: SchemaRef,
    left_width: usize,
}

impl Pairing {
    pub(super) fn new(spec: &JoinSpec, left: &SchemaRef, output: &SchemaRef) -> Self {
        Self {
            kind: spec.kind,
            residual: spec.residual.clone(),
            pair_schema: spec.pair_schema.clone(),
            output: output.clone(),
            left_width: left.fields().len(),
        }
    }

    fn gives_pairs(&self) -> bool {
        matches!(self.kind, JoinKind::Inner | JoinKind::Left | JoinKind::Full)
    }

    /// Leaves the true matches in `matches` and gives the rows they make, if this join gives pairs. The probing rows are of input
    /// `input`, the stored ones of the other.
    pub(super) fn pair(
        &self,
        input: usize,
        delta: &DeltaBatch,
        stored: &RowStore,
        matches: &mut Matches,
    ) -> Result<Option<DeltaBatch>> {
        if matches.slots.is_empty() || (self.residual.is_none() && !self.gives_pairs()) {
            return Ok(None);
        }
        let rows = UInt32Array::from(matches.left_rows.clone());
        let probing = delta.batch().columns().iter().map(|column| take(column, &rows, None).map_err(broken));
        let probing = probing.collect::<Result<Vec<_>>>()?;
        let stored = stored.gather(&matches.slots, None)?;
        let columns = if input == LEFT { [probing, stored].concat() } else { [stored, probing].concat() };
        let mut batch = self.batch(&self.pair_schema, columns, matches.slots.len())?;
        if let Some(residual) = &self.residual {
            batch = filter(residual.as_ref(), batch, matches)?;
        }
        if !self.gives_pairs() {
            return Ok(None);
        }
        DeltaBatch::new(batch, pair_weights(delta, matches)?)?.renamed(&self.output).map(Some)
    }

    /// Rows of input `input` that come out without a partner: padded with NULLs in outer joins, as they are in semi and anti joins.
    pub(super) fn alone(
        &self,
        input: usize,
        columns: Vec<ArrayRef>,
        changes: Option<Int64Array>,
        rows: usize,
    ) -> Result<DeltaBatch> {
        let nulls = |at: std::ops::Range<usize>| {
            self.output.fields()[at].iter().map(|field| new_null_array(field.data_type(), rows)).collect::<Vec<_>>()
        };
        let columns = match (self.kind, input) {
            (JoinKind::LeftSemi | JoinKind::LeftAnti, _) => columns,
            (_, LEFT) => [columns, nulls(self.left_width..self.output.fields().len())].concat(),
            _ => [nulls(0..self.left_width), columns].concat(),
        };
        DeltaBatch::new(self.batch(&self.output, columns, rows)?, changes)
    }

    fn batch(&self, schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(broken)
    }
}

/// Keeps the pairs for which the residual is true, in the batch and in the matches.
fn filter(residual: &dyn Scalar, batch: RecordBatch, matches: &mut Matches) -> Result<RecordBatch> {
    let verdicts = residual.evaluate(&batch)?;
    let Some(verdicts) = verdicts.as_boolean_opt() else {
        return Err(Error::internal(format!("the join's {residual} is not a condition")));
    };
    if verdicts.null_count() == 0 && verdicts.true_count() == verdicts.len() {
        return Ok(batch);
    }
    let is_true = |at: usize| verdicts.is_valid(at) && verdicts.value(at);
    retain(&mut matches.left_rows, is_true);
    retain(&mut matches.slots, is_true);
    retain(&mut matches.weights, is_true);
    let keep: BooleanArray = (0..verdicts.len()).map(|at| Some(is_true(at))).collect();
    filter_record_batch(&batch, &keep).map_err(broken)
}

fn retain<T>(items: &mut Vec<T>, keep: impl Fn(usize) -> bool) {
    let mut at = 0;
    items.retain(|_| {
        at += 1;
        keep(at - 1)
    });
}

/// Weights multiply; where all are +1 there are none to write down.
fn pair_weights(delta: &DeltaBatch, matches: &Matches) -> Result<Option<Int64Array>> {
    if delta.is_append() && matches.weights.iter().all(|&weight| weight == 1) {
        return Ok(None);
    }
    let product = |(&row, &weight): (&u32, &i64)| delta.weight(row as usize).checked_mul(weight);
    let products: Option<Vec<i64>> = matches.left_rows.iter().zip(&matches.weights).map(product).collect();
    products.map(|products| Some(products.into())).ok_or_else(|| {
        Error::new(codes::LV_S403, "too many equal rows: the number of joined copies of a row is beyond 64 bits")
            .with_hint("remove the copies before the join, for example with DISTINCT")
    })
}

fn broken(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("join: {cause}"))
}
