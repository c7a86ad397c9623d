//! Assigns windows to the rows of each batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

use super::WindowSpec;
use crate::planted::{self, Bug};
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
}

impl Operator for Window {
    fn push(&mut self, _input: usize, delta: DeltaBatch, out: &mut Emitter) -> Result<()> {
        self.discards.null_event_time += delta.column(self.spec.time).null_count() as u64;
        out.emit(if planted::has(Bug::WindowEndOffByOne) {
            let early = planted::moved(&delta, self.spec.time, -1)?;
            planted::moved(&assign(&self.spec, &self.output, early)?, self.spec.time, 1)?
        } else {
            assign(&self.spec, &self.output, delta)?
        });
        Ok(())
    }

    fn on_epoch(&mut self, _time: EpochTime, _out: &mut Emitter) -> Result<()> {
        Ok(())
    }

    fn stats(&self) -> Stats {
        Stats { discards: self.discards, ..Stats::default() }
    }
}

/// Each row once for every window that holds its time, with the bounds behind its columns; rows without a time are in no window.
///
/// # Errors
/// `LV-S999` if `output` is not the input's columns and the bounds.
pub fn assign(spec: &WindowSpec, output: &SchemaRef, delta: DeltaBatch) -> Result<DeltaBatch> {
    let times = in_type(delta.column(spec.time), &DataType::Int64)?;
    let times = times.as_primitive::<Int64Type>();
    let width = delta.batch().num_columns();
    let (delta, starts) = if spec.is_tumbling() && times.null_count() == 0 && fits(times, spec.size) {
        (delta, tumble(spec, times))
    } else {
        let (rows, starts) = windows_of(spec, times);
        (delta.take(&UInt32Array::from(rows))?, starts)
    };
    let mut columns = delta.batch().columns().to_vec();
    columns.extend(bounds(spec, output, width, starts)?);
    let batch = RecordBatch::try_new(output.clone(), columns).map_err(|cause| Error::internal(format!("window: {cause}")))?;
    delta.with_batch(batch)
}

/// For each pair of a row and a window that holds it: the row and the window's start.
fn windows_of(spec: &WindowSpec, times: &Int64Array) -> (Vec<u32>, Vec<i64>) {
    let mut rows = Vec::with_capacity(times.len());
    let mut starts = Vec::with_capacity(times.len());
    for row in 0..times.len() {
        if times.is_valid(row) {
            for start in spec.starts(times.value(row)) {
                rows.push(row as u32);
                starts.push(start);
            }
        }
    }
    (rows, starts)
}

/// Every row is in one window: no row is copied.
fn tumble(spec: &WindowSpec, times: &Int64Array) -> Vec<i64> {
    times.values().iter().map(|&time| time - time.wrapping_sub(spec.offset).rem_euclid(spec.size)).collect()
}

fn bounds(spec: &WindowSpec, output: &SchemaRef, width: usize, starts: Vec<i64>) -> Result<Vec<ArrayRef>> {
    let starts = Int64Array::from(starts);
    let ends: Int64Array = starts.unary(|start| start + spec.size);
    let times: Int64Array = ends.unary(|end| end - WINDOW_TIME_BEFORE_END_US);
    let bounds: [ArrayRef; 3] = [Arc::new(starts), Arc::new(ends), Arc::new(times)];
    // Only a timestamp has a window_time: the output says whether there is one.
    bounds.iter().zip(&output.fields()[width..]).map(|(array, field)| in_type(array, field.data_type())).collect()
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
