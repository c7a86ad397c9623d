//! Records to batches.

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use levada_base::{ReadFile, Result};
use levada_connect::ReadPlan;

use super::Dialect;
use super::records::Records;
use crate::input::Input;
use crate::rows::ReadRows;
use crate::value::names::sql_name;
use crate::value::parse::{Cells, cells, shown};
use crate::{columns, fault};

/// The rows of one CSV file.
pub(super) struct CsvRows {
    records: Records,
    columns: Vec<Column>,
    /// Fields that every record must have.
    width: usize,
}

/// One column of the plan.
enum Column {
    Present { field: usize, column: FieldRef, cells: Box<dyn Cells> },
    Absent(DataType),
}

impl CsvRows {
    pub(super) fn new(file: Box<dyn ReadFile>, plan: &ReadPlan, dialect: Dialect) -> Result<Self> {
        let has_header = dialect.has_header;
        let mut records = Records::new(Input::new(file, &plan.file)?, dialect);
        let (width, places) = if has_header { from_header(&mut records, plan)? } else { by_order(&plan.schema) };
        let columns = plan.schema.fields().iter().zip(places).map(|(column, place)| Column::new(column, place));
        let columns = columns.collect::<Result<_>>()?;
        for _ in 0..plan.skip_rows {
            if !records.advance(width)? {
                break;
            }
        }
        Ok(Self { records, columns, width })
    }
}

impl ReadRows for CsvRows {
    fn read_row(&mut self) -> Result<bool> {
        if !self.records.advance(self.width)? {
            return Ok(false);
        }
        let text = self.records.text()?;
        if self.records.width() != self.width {
            let (found, wanted) = (self.records.width(), self.width);
            let reason = format!("{found} fields where {wanted} are needed: {}", shown(text.trim_end()));
            return Err(fault::bad_row(self.records.file(), self.records.line(), None, reason));
        }
        for column in &mut self.columns {
            let Column::Present { field, column, cells } = column else { continue };
            let outcome = match self.records.field(text, *field) {
                Some(value) => cells.append_text(&value),
                None => append_null(column, &mut **cells),
            };
            if let Err(reason) = outcome {
                return Err(fault::bad_row(self.records.file(), self.records.line(), Some(column.name()), reason));
            }
        }
        Ok(true)
    }

    fn take_columns(&mut self, rows: usize) -> Result<Vec<ArrayRef>> {
        Ok(self.columns.iter_mut().map(|column| column.finish(rows)).collect())
    }
}

impl Column {
    fn new(column: &FieldRef, place: Option<usize>) -> Result<Self> {
        let data_type = column.data_type();
        let cells = cells(data_type).ok_or_else(|| {
            fault::unfit_type("csv", column.name(), &sql_name(data_type))
                .with_hint("leave the column out, or use another format")
        })?;
        Ok(match place {
            Some(field) => Self::Present { field, column: column.clone(), cells },
            None => Self::Absent(data_type.clone()),
        })
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        match self {
            Self::Present { cells, .. } => cells.finish(rows),
            Self::Absent(data_type) => new_null_array(data_type, rows),
        }
    }
}

/// The field is the NULL text; in a TEXT column without NULLs that is a text like any other.
fn append_null(column: &FieldRef, cells: &mut dyn Cells) -> Result<(), String> {
    match column.data_type() {
        _ if column.is_nullable() => {
            cells.append_null();
            Ok(())
        }
        DataType::Utf8View => cells.append_text(""),
        _ => Err("the field is empty and the column is declared NOT NULL".to_owned()),
    }
}

/// The number of fields, and each column's place among them, from the header. A file without a single byte has no rows either.
fn from_header(records: &mut Records, plan: &ReadPlan) -> Result<(usize, Vec<Option<usize>>)> {
    if !records.advance(0)? {
        return Ok((0, plan.schema.fields().iter().map(|_| Some(0)).collect()));
    }
    let text = records.text()?;
    let names: Vec<String> = (0..records.width()).map(|at| records.name(text, at)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok((names.len(), columns::locate(&plan.file, &plan.schema, &names)?))
}

fn by_order(schema: &SchemaRef) -> (usize, Vec<Option<usize>>) {
    let width = schema.fields().len();
    (width, (0..width).map(Some).collect())
}
