//! The engine's column types: every text is a string view, every byte string a binary view, every dictionary is unpacked. One
//! physical type for one meaning keeps operators and state small; views copy 16 bytes a value where others copy the text.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use levada_base::Result;

use crate::batch::arrow_bug;

/// The type that values of `data_type` have inside the engine.
#[must_use]
pub fn engine_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Dictionary(_, values) => engine_type(values),
        DataType::List(item) => DataType::List(engine_field(item)),
        DataType::LargeList(item) => DataType::List(engine_field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(engine_field).collect()),
        other => other.clone(),
    }
}

/// The schema that rows of `schema` have inside the engine.
#[must_use]
pub fn engine_schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(engine_field).collect::<Vec<_>>()))
}

/// The same values in the engine's type; a cheap clone where they have it already.
///
/// # Errors
/// `LV-S999` if Arrow can't cast between two types that hold the same values.
pub fn engine_array(array: &ArrayRef) -> Result<ArrayRef> {
    let target = engine_type(array.data_type());
    if &target == array.data_type() { Ok(array.clone()) } else { cast(array, &target).map_err(arrow_bug) }
}

/// The same rows in the engine's types.
///
/// # Errors
/// See [`engine_array`].
pub fn engine_batch(batch: &RecordBatch) -> Result<RecordBatch> {
    if batch.columns().iter().all(|column| &engine_type(column.data_type()) == column.data_type()) {
        return Ok(batch.clone());
    }
    let columns = batch.columns().iter().map(engine_array).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(engine_schema(&batch.schema()), columns, &options).map_err(arrow_bug)
}

fn engine_field(field: &FieldRef) -> FieldRef {
    let target = engine_type(field.data_type());
    if &target == field.data_type() {
        return field.clone();
    }
    Arc::new(Field::new(field.name(), target, field.is_nullable()).with_metadata(field.metadata().clone()))
}
