//! Batches to records.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use levada_base::{Error, Result, WriteFile};
use levada_connect::Encoder;

use super::Dialect;
use crate::fault;
use crate::output::Output;
use crate::value::names::sql_name;
use crate::value::parse::cells;
use crate::value::print::{Style, printer};

/// Writes one CSV file.
pub(super) struct CsvEncoder {
    output: Output,
    dialect: Dialect,
}

impl CsvEncoder {
    pub(super) fn new(file: Box<dyn WriteFile>, schema: &Schema, dialect: Dialect) -> Result<Self> {
        for field in schema.fields() {
            if cells(field.data_type()).is_none() {
                return Err(
                    fault::unfit_type("csv", field.name(), &sql_name(field.data_type())).with_hint("use json or parquet")
                );
            }
        }
        let mut encoder = Self { output: Output::new(file), dialect };
        if encoder.dialect.has_header {
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            encoder.header(&names);
        }
        Ok(encoder)
    }

    fn header(&mut self, names: &[&str]) {
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                self.output.buffer.push(self.dialect.delimiter);
            }
            let start = self.output.buffer.len();
            self.output.buffer.extend_from_slice(name.as_bytes());
            quote_from(start, &self.dialect, &mut self.output.buffer);
        }
        self.output.buffer.push(b'\n');
    }
}

impl Encoder for CsvEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let print = |column| {
            printer(column, Style::Postgres).ok_or_else(|| Error::internal("csv was given a column that it refused".to_owned()))
        };
        let columns: Vec<&dyn Array> = rows.columns().iter().map(AsRef::as_ref).collect();
        let printers = columns.iter().map(|column| print(*column)).collect::<Result<Vec<_>>>()?;
        for row in 0..rows.num_rows() {
            for (at, (column, print)) in columns.iter().zip(&printers).enumerate() {
                if at > 0 {
                    self.output.buffer.push(self.dialect.delimiter);
                }
                if column.is_null(row) {
                    self.output.buffer.extend_from_slice(self.dialect.null.as_bytes());
                } else {
                    let start = self.output.buffer.len();
                    print(row, &mut self.output.buffer);
                    quote_from(start, &self.dialect, &mut self.output.buffer);
                }
            }
            self.output.buffer.push(b'\n');
            self.output.end_row()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.output.finish()
    }
}

/// Quotes what `out` holds from `start` on, if it would be read as something else.
fn quote_from(start: usize, dialect: &Dialect, out: &mut Vec<u8>) {
    if !must_quote(&out[start..], dialect) {
        return;
    }
    let text = out.split_off(start);
    out.push(dialect.quote);
    for byte in text {
        if byte == dialect.quote || byte == dialect.escape {
            out.push(dialect.escape);
        }
        out.push(byte);
    }
    out.push(dialect.quote);
}

fn must_quote(text: &[u8], dialect: &Dialect) -> bool {
    let is_special = |byte: &u8| *byte == dialect.delimiter || *byte == dialect.quote || matches!(byte, b'\n' | b'\r');
    text == dialect.null.as_bytes() || text.is_empty() || text.iter().any(is_special)
}
