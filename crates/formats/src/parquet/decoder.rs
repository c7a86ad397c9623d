//! Row groups to batches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use levada_base::{Error, ReadFile, Result};
use levada_connect::{Decoder, ReadPlan};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::input::SharedFile;
use crate::fault;
use crate::fit::Fit;
use crate::guard::guard;

/// Reads one Parquet file.
pub(super) struct ParquetDecoder {
    reader: Option<ParquetRecordBatchReader>,
    fit: Fit,
    file: String,
    /// Rows that went out or were passed over.
    row: u64,
}

impl ParquetDecoder {
    pub(super) fn new(file: Box<dyn ReadFile>, plan: ReadPlan) -> Result<Self> {
        let name = plan.file;
        let input = open(file, &name)?;
        let metadata = load(&input, &name)?;
        let fit = Fit::new(&name, &plan.schema, metadata.schema())?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), fit.fields().iter().copied());
        let rows = metadata.metadata().file_metadata().num_rows().max(0) as u64;
        let skipped = plan.skip_rows.min(rows);
        let reader = guard(&name, || {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata.clone())
                .with_projection(mask.clone())
                .with_batch_size(plan.batch_rows.max(1));
            let builder = if skipped > 0 { builder.with_offset(skipped as usize) } else { builder };
            builder.build().map_err(|cause| damaged(&name, &cause))
        })?;
        Ok(Self { reader: Some(reader), fit, file: name, row: skipped })
    }
}

impl Decoder for ParquetDecoder {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let name = self.file.clone();
        let batch = guard(&name, || reader.next().transpose().map_err(|cause| damaged(&name, &cause)));
        let fitted = match batch {
            Ok(None) => Ok(None),
            Ok(Some(batch)) => self.fit.apply(&batch, self.row + 1).map(Some),
            Err(error) => Err(error),
        };
        match &fitted {
            Ok(Some(batch)) => self.row += batch.num_rows() as u64,
            // Nothing behind an error is to be trusted.
            Ok(None) | Err(_) => self.reader = None,
        }
        fitted
    }
}

/// The columns of a file.
pub(super) fn read_schema(file: Box<dyn ReadFile>, name: &str) -> Result<SchemaRef> {
    Ok(load(&open(file, name)?, name)?.schema().clone())
}

fn open(file: Box<dyn ReadFile>, name: &str) -> Result<SharedFile> {
    SharedFile::new(file).map_err(|cause| fault::unreadable(name, cause))
}

/// The footer, with texts to be read as views where the reader can.
fn load(input: &SharedFile, name: &str) -> Result<ArrowReaderMetadata> {
    guard(name, || {
        let plain = ArrowReaderMetadata::load(input, ArrowReaderOptions::new()).map_err(|cause| damaged(name, &cause))?;
        let options = ArrowReaderOptions::new().with_schema(with_views(plain.schema()));
        Ok(ArrowReaderMetadata::try_new(plain.metadata().clone(), options).unwrap_or(plain))
    })
}

fn with_views(schema: &Schema) -> SchemaRef {
    let view = |field: &Field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => field.clone().with_data_type(DataType::Utf8View),
        DataType::Binary | DataType::LargeBinary => field.clone().with_data_type(DataType::BinaryView),
        _ => field.clone(),
    };
    let fields: Vec<Field> = schema.fields().iter().map(|field| view(field)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn damaged(file: &str, cause: &dyn std::error::Error) -> Error {
    fault::bad_file(file, format!("it is no whole Parquet file: {cause}"))
}
