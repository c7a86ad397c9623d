//! The columns of each encoding.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringViewArray, StructArray, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use levada_base::{Epoch, Error, Result, codes};
use levada_delta::DeltaBatch;

use super::pairs::{Pair, keyed, single};

pub(super) fn plain(delta: &DeltaBatch) -> Result<RecordBatch> {
    if delta.has_retractions() {
        return Err(Error::new(codes::LV_S612, "a row is taken back from an output that only grows")
            .with_hint("use ENVELOPE CHANGES, or UPSERT (KEY (…))"));
    }
    let times = (0..delta.num_rows() as u32).flat_map(|row| (0..delta.weight(row as usize)).map(move |_| row));
    match delta.weights() {
        None => Ok(delta.batch().clone()),
        Some(_) => Ok(delta.take(&UInt32Array::from_iter_values(times))?.into_parts().0),
    }
}

pub(super) fn diff(schema: &SchemaRef, epoch: Epoch, delta: &DeltaBatch) -> Result<RecordBatch> {
    let rows = delta.num_rows();
    let weights = delta.weights().cloned().unwrap_or_else(|| Int64Array::from_value(1, rows));
    let mut columns: Vec<ArrayRef> = vec![epochs(epoch, rows), Arc::new(weights)];
    columns.extend(delta.batch().columns().iter().cloned());
    batch(schema, columns, rows)
}

pub(super) fn upsert(schema: &SchemaRef, epoch: Epoch, delta: &DeltaBatch, key: &[usize]) -> Result<RecordBatch> {
    let pairs = keyed(delta, key)?;
    let ops = pairs.iter().map(|pair| if pair.after.is_some() { "upsert" } else { "delete" });
    let mut columns: Vec<ArrayRef> = vec![epochs(epoch, pairs.len()), Arc::new(StringViewArray::from_iter_values(ops))];
    let either: UInt32Array = pairs.iter().map(|pair| pair.after.or(pair.before)).collect();
    let after: UInt32Array = pairs.iter().map(|pair| pair.after).collect();
    for &column in key {
        columns.push(picked(delta.column(column), &either)?);
    }
    for column in super::others(&delta.schema(), key) {
        columns.push(picked(delta.column(column), &after)?);
    }
    batch(schema, columns, pairs.len())
}

pub(super) fn debezium(schema: &SchemaRef, epoch: Epoch, delta: &DeltaBatch, key: &[usize]) -> Result<RecordBatch> {
    let pairs = keyed(delta, key)?;
    let ops = pairs.iter().map(|pair| match pair.op() {
        "insert" => "c",
        "update" => "u",
        _ => "d",
    });
    let DataType::Struct(source) = schema.field(3).data_type() else {
        return Err(Error::internal("the source of a Debezium change is not a struct"));
    };
    let source = StructArray::try_new(source.clone(), vec![epochs(epoch, pairs.len())], None).map_err(bug)?;
    let columns: Vec<ArrayRef> = vec![
        rows(schema, 0, delta, pairs.iter().map(|pair| pair.before))?,
        rows(schema, 1, delta, pairs.iter().map(|pair| pair.after))?,
        Arc::new(StringViewArray::from_iter_values(ops)),
        Arc::new(source),
    ];
    batch(schema, columns, pairs.len())
}

pub(super) fn changes(schema: &SchemaRef, epoch: Epoch, delta: &DeltaBatch, key: Option<&[usize]>) -> Result<RecordBatch> {
    let pairs: Vec<Pair> = match key {
        None => single(delta),
        Some(key) => keyed(delta, key)?,
    };
    let columns: Vec<ArrayRef> = vec![
        epochs(epoch, pairs.len()),
        Arc::new(StringViewArray::from_iter_values(pairs.iter().map(|pair| pair.op()))),
        Arc::new(Int64Array::from_iter_values(pairs.iter().map(|pair| pair.weight))),
        rows(schema, 3, delta, pairs.iter().map(|pair| pair.before))?,
        rows(schema, 4, delta, pairs.iter().map(|pair| pair.after))?,
    ];
    batch(schema, columns, pairs.len())
}

/// Whole rows as values of the struct column `at`; NULL where there is none.
fn rows(schema: &SchemaRef, at: usize, delta: &DeltaBatch, rows: impl Iterator<Item = Option<u32>>) -> Result<ArrayRef> {
    let DataType::Struct(fields) = schema.field(at).data_type() else {
        return Err(Error::internal("a row of a change is not a struct"));
    };
    let rows: UInt32Array = rows.collect();
    let columns = delta.batch().columns().iter().map(|column| picked(column, &rows)).collect::<Result<Vec<_>>>()?;
    let present: NullBuffer = rows.iter().map(|row| row.is_some()).collect::<Vec<bool>>().into();
    Ok(Arc::new(StructArray::try_new(fields.clone(), columns, Some(present)).map_err(bug)?))
}

fn epochs(epoch: Epoch, rows: usize) -> ArrayRef {
    Arc::new(Int64Array::from_value(i64::try_from(epoch.0).unwrap_or(i64::MAX), rows))
}

fn picked(column: &dyn Array, rows: &UInt32Array) -> Result<ArrayRef> {
    take(column, rows, None).map_err(bug)
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(bug)
}

fn bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("envelope: {cause}"))
}
