//! Batches to records.

use std::io::Write;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use levada_base::{Error, Result, WriteFile};
use levada_connect::Encoder;

use super::Dialect;
use crate::fault;
use crate::value::names::sql_name;
use crate::value::parse::cells;
use crate::value::print::{Style, printer};

/// Writes one CSV file.
pub(super) struct CsvEncoder {
    file: Box<dyn WriteFile>,
    dialect: Dialect,
    buffer: Vec<u8>,
}

/// Bytes kept back before they go to the file.
const BUFFER_BYTES: usize = 1 << 20;

impl CsvEncoder {
    pub(super) fn new(file: Box<dyn WriteFile>, schema: &Schema, dialect: Dialect) -> Result<Self> {
        for field in schema.fields() {
            if cells(field.data_type()).is_none() {
                return Err(
                    fault::unfit_type("csv", field.name(), &sql_name(field.data_type())).with_hint("use json or parquet")
                );
            }
        }
        let mut encoder = Self { file, dialect, buffer: Vec::new() };
        if encoder.dialect.has_header {
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            encoder.header(&names);
        }
        Ok(encoder)
    }

    fn header(&mut self, names: &[&str]) {
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                self.buffer.push(self.dialect.delimiter);
            }
            let start = self.buffer.len();
            self.buffer.extend_from_slice(name.as_bytes());
            quote_from(start, &self.dialect, &mut self.buffer);
        }
        self.buffer.push(b'\n');
    }

    fn drain(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).map_err(fault::unwritable)?;
        self.buffer.clear();
        Ok(())
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
                    self.buffer.push(self.dialect.delimiter);
                }
                if column.is_null(row) {
                    self.buffer.extend_from_slice(self.dialect.null.as_bytes());
                } else {
                    let start = self.buffer.len();
                    print(row, &mut self.buffer);
                    quote_from(start, &self.dialect, &mut self.buffer);
                }
            }
            self.buffer.push(b'\n');
            if self.buffer.len() >= BUFFER_BYTES {
                self.drain()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.drain()?;
        self.file.flush().map_err(fault::unwritable)
    }

    fn finish(&mut self) -> Result<()> {
        self.flush()?;
        self.file.sync().map_err(fault::unwritable)
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
