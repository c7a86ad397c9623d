//! Messages to batches.

use std::io::{BufReader, Read, Seek, SeekFrom};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use levada_base::{Error, ReadFile, Result};
use levada_connect::{Decoder, ReadPlan};

use super::bounds;
use crate::fault;
use crate::fit::Fit;
use crate::guard::guard;

pub(super) const FILE_MAGIC: &[u8] = b"ARROW1";

/// Either layout.
enum Reader<R: Read + Seek> {
    File(FileReader<BufReader<R>>),
    Stream(StreamReader<BufReader<R>>),
}

impl<R: Read + Seek> Reader<R> {
    fn open(mut file: R, projection: Option<Vec<usize>>) -> Result<Self, ArrowError> {
        if bounds::is_file(&mut file)? {
            bounds::check_file(&mut file)?;
            file.seek(SeekFrom::Start(0))?;
            FileReader::try_new(BufReader::new(file), projection).map(Self::File)
        } else {
            bounds::check_stream(&mut file)?;
            file.seek(SeekFrom::Start(0))?;
            StreamReader::try_new(BufReader::new(file), projection).map(Self::Stream)
        }
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Self::File(reader) => reader.schema(),
            Self::Stream(reader) => reader.schema(),
        }
    }

    fn next(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        match self {
            Self::File(reader) => reader.next().transpose(),
            Self::Stream(reader) => reader.next().transpose(),
        }
    }
}

/// Reads one Arrow IPC file.
pub(super) struct ArrowDecoder {
    reader: Option<Reader<Box<dyn ReadFile>>>,
    fit: Fit,
    file: String,
    batch_rows: usize,
    /// What is left of the last message.
    rest: Option<RecordBatch>,
    /// Rows still to be passed over.
    skip_rows: u64,
    /// Rows that went out or were passed over.
    row: u64,
}

impl ArrowDecoder {
    pub(super) fn new(mut file: Box<dyn ReadFile>, plan: ReadPlan) -> Result<Self> {
        let name = plan.file;
        // The columns have to be known before they can be chosen: the front of the file is read twice.
        let fit = Fit::new(&name, &plan.schema, &*read_schema(&mut file, &name)?)?;
        let reader = open(file, &name, Some(fit.fields().to_vec()))?;
        let batch_rows = plan.batch_rows.max(1);
        Ok(Self { reader: Some(reader), fit, file: name, batch_rows, rest: None, skip_rows: plan.skip_rows, row: 0 })
    }

    /// The rest of the last message, or the next one.
    fn message(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let message = guard(&self.file, || reader.next().map_err(|cause| damaged(&self.file, &cause)));
        if !matches!(message, Ok(Some(_))) {
            self.reader = None;
        }
        message
    }
}

impl Decoder for ArrowDecoder {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        while let Some(message) = self.message()? {
            let rows = message.num_rows();
            let skipped = self.skip_rows.min(rows as u64) as usize;
            self.skip_rows -= skipped as u64;
            self.row += skipped as u64;
            let taken = (rows - skipped).min(self.batch_rows);
            if taken == 0 {
                continue;
            }
            let batch = self.fit.apply(&message.slice(skipped, taken), self.row + 1);
            if batch.is_err() {
                self.reader = None;
                return batch.map(Some);
            }
            self.row += taken as u64;
            if skipped + taken < rows {
                self.rest = Some(message.slice(skipped + taken, rows - skipped - taken));
            }
            return batch.map(Some);
        }
        Ok(None)
    }
}

/// The columns of a file.
pub(super) fn read_schema(file: &mut Box<dyn ReadFile>, name: &str) -> Result<SchemaRef> {
    Ok(open(file, name, None)?.schema())
}

fn open<R: Read + Seek>(file: R, name: &str, projection: Option<Vec<usize>>) -> Result<Reader<R>> {
    guard(name, || Reader::open(file, projection).map_err(|cause| damaged(name, &cause)))
}

fn damaged(file: &str, cause: &ArrowError) -> Error {
    fault::bad_file(file, format!("it is no whole Arrow IPC file: {cause}"))
}
