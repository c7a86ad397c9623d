//! Assigns windows to the rows of each batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

use super::WindowSpec;
use crate::{Discards, Emitter, EpochTime, Operator, Stats};

/// `window_time` is the last millisecond of a window: the event time of its result.
const WINDOW_TIME_BEFORE_END_US: i64 = 1_000;

/// Window assignment on one shard.
pub(crate) struct Window {
    spec: WindowSpec,
    output: SchemaRef,
    discards: Discards,
}

impl Window {
    pub(crate) fn new(spec: &WindowSpec, output: &SchemaRef) -> Self {
        Self { spec: spec.clone(), output: output.clone(), discards: Discards::default() }
    }

    /// For each pair of a row and a window that holds it: the row and the window's start.
    fn assign(&mut self, times: &Int64Array) -> (Vec<u32>, Vec<i64>) {
        let mut rows = Vec::with_capacity(times.len());
        let mut starts = Vec::with_capacity(times.len());
        for row in 0..times.len() {
            if times.is_null(row) {
                self.discards.null_event_time += 1;
                continue;
            }
            for start in self.spec.starts(times.value(row)) {
                rows.push(row as u32);
                starts.push(start);
            }
        }
        (rows, starts)
    }

    /// Every row is in one window: no row is copied.
    fn tumble(&self, times: &Int64Array) -> Vec<i64> {
        let WindowSpec { size, offset, .. } = self.spec;
        times.values().iter().map(|&time| time - time.wrapping_sub(offset).rem_euclid(size)).collect()
    }

    fn bounds(&self, width: usize, starts: Vec<i64>) -> Result<Vec<ArrayRef>> {
        let starts = Int64Array::from(starts);
        let ends: Int64Array = starts.unary(|start| start + self.spec.size);
        let mut bounds: Vec<ArrayRef> = Vec::with_capacity(3);
        if self.output.fields().len() > width + 2 {
            let times: Int64Array = ends.unary(|end| end - WINDOW_TIME_BEFORE_END_US);
            bounds.push(Arc::new(times));
        }
        bounds.insert(0, Arc::new(ends));
        bounds.insert(0, Arc::new(starts));
        bounds.iter().zip(&self.output.fields()[width..]).map(|(array, field)| in_type(array, field.data_type())).collect()
    }
}

impl Operator for Window {
    fn push(&mut self, _input: usize, delta: DeltaBatch, out: &mut Emitter) -> Result<()> {
        let times = in_type(delta.column(self.spec.time), &DataType::Int64)?;
        let times = times.as_primitive::<Int64Type>();
        let width = delta.batch().num_columns();
        let (delta, starts) = if self.spec.is_tumbling() && times.null_count() == 0 && fits(times, self.spec.size) {
            let starts = self.tumble(times);
            (delta, starts)
        } else {
            let (rows, starts) = self.assign(times);
            (delta.take(&UInt32Array::from(rows))?, starts)
        };
        let mut columns = delta.batch().columns().to_vec();
        columns.extend(self.bounds(width, starts)?);
        let batch =
            RecordBatch::try_new(self.output.clone(), columns).map_err(|cause| Error::internal(format!("window: {cause}")))?;
        out.emit(delta.with_batch(batch)?);
        Ok(())
    }

    fn on_epoch(&mut self, _time: EpochTime, _out: &mut Emitter) -> Result<()> {
        Ok(())
    }

    fn stats(&self) -> Stats {
        Stats { discards: self.discards, ..Stats::default() }
    }
}

/// Whether all windows of these times can be written, so that no time needs a check of its own.
fn fits(times: &Int64Array, size: i64) -> bool {
    let room = i64::MAX - size.saturating_mul(2).min(i64::MAX / 2);
    times.values().iter().all(|time| time.unsigned_abs() < room.unsigned_abs())
}

/// Timestamps are integers with a unit: the cast costs nothing.
fn in_type(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    cast(array, data_type).map_err(|cause| Error::internal(format!("window time: {cause}")))
}
