//! Batches to row groups.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use levada_base::{Error, Result, WriteFile, codes};
use levada_connect::{Encoder, Options};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::OPTIONS;
use crate::fault;

/// Writes one Parquet file.
pub(super) struct ParquetEncoder {
    writer: ArrowWriter<Box<dyn WriteFile>>,
}

impl ParquetEncoder {
    pub(super) fn new(file: Box<dyn WriteFile>, schema: SchemaRef, options: &Options) -> Result<Self> {
        for field in schema.fields() {
            // The writer takes the column and fails at its first row.
            if matches!(field.data_type(), DataType::Interval(_)) {
                return Err(fault::unfit_type("parquet", field.name(), "INTERVAL").with_hint("cast it to TEXT"));
            }
        }
        let compression = match options.text(OPTIONS, "compression") {
            Some("none") => Compression::UNCOMPRESSED,
            Some("snappy") => Compression::SNAPPY,
            _ => Compression::ZSTD(ZstdLevel::default()),
        };
        let group_rows = options.int(OPTIONS, "row_group_rows").and_then(|rows| usize::try_from(rows).ok());
        let properties =
            WriterProperties::builder().set_compression(compression).set_max_row_group_row_count(group_rows).build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(|cause| {
            Error::new(codes::LV_C003, "format \"parquet\" can't hold these columns").with_reason(cause.to_string())
        })?;
        Ok(Self { writer })
    }
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.writer.write(rows).map_err(failed)
    }

    fn flush(&mut self) -> Result<()> {
        // A Parquet file can't be read before its footer is written: there is nothing to hand on early.
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.writer.finish().map_err(failed)?;
        let file = self.writer.inner_mut();
        file.flush().and_then(|()| file.sync()).map_err(fault::unwritable)
    }
}

fn failed(cause: ParquetError) -> Error {
    Error::new(codes::LV_C030, "the file can't be written").with_reason(cause.to_string()).caused_by(cause)
}
