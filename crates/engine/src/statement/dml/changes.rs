//! Rows for a table: in the table's columns and types, checked.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, SchemaRef};
use levada_base::{Error, Position, Result, codes};
use levada_dataflow::Scalar;
use levada_delta::engine_array;
use levada_plan::{Expression, type_name};

/// A value in the type of the column it goes to. Text becomes nothing but text unless it is a literal of the statement, which has no
/// type of its own.
///
/// # Errors
/// `LV-S408` where the types do not fit; `LV-S410`, `LV-S403` where a value does not.
pub(super) fn assign(array: &ArrayRef, target: &DataType, column: &str, position: Option<Position>) -> Result<ArrayRef> {
    let array = engine_array(array)?;
    if array.data_type() == target {
        return Ok(array);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&array, target, &options).map_err(|cause| {
        let found = type_name(array.data_type());
        let text = cause.to_string();
        let code = if text.contains("not supported") { codes::LV_S408 } else { codes::LV_S410 };
        Error::new(code, format!("column \"{column}\" is {}, the value {found}", type_name(target)))
            .with_reason(text)
            .with_hint(format!("give a {}", type_name(target)))
            .at(position)
    })
}

/// Rows of `schema` out of named columns; columns that are not named get their default, or NULL.
pub(super) fn complete(
    schema: &SchemaRef,
    named: &[(usize, ArrayRef)],
    defaults: &[Option<Arc<Expression>>],
    rows: usize,
    position: Option<Position>,
) -> Result<RecordBatch> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (at, field) in schema.fields().iter().enumerate() {
        let column = match (named.iter().find(|(place, _)| *place == at), defaults.get(at)) {
            (Some((_, array)), _) => assign(array, field.data_type(), field.name(), position)?,
            (None, Some(Some(default))) => repeat(default, rows)?,
            (None, _) => new_null_array(field.data_type(), rows),
        };
        columns.push(column);
    }
    of_columns(schema, columns, rows)
}

/// A constant as a column.
fn repeat(default: &Expression, rows: usize) -> Result<ArrayRef> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let none = RecordBatch::try_new_with_options(Arc::new(arrow::datatypes::Schema::empty()), Vec::new(), &options)
        .map_err(|cause| Error::internal(format!("default: {cause}")))?;
    engine_array(&default.evaluate(&none)?)
}

/// Rows whose NULLs are looked for later, by who can say where they are.
pub(super) fn of_columns(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(arrow::datatypes::Schema::new(fields)), columns, &options)
        .map_err(|cause| Error::internal(format!("rows of a table: {cause}")))
}

/// One row as text, for messages.
pub(super) fn row_text(columns: &[ArrayRef], row: usize) -> String {
    let text = |column: &ArrayRef| {
        if column.is_null(row) {
            return "NULL".to_owned();
        }
        arrow::util::display::array_value_to_string(column, row).unwrap_or_else(|_| "?".to_owned())
    };
    format!("({})", columns.iter().map(text).collect::<Vec<_>>().join(", "))
}
