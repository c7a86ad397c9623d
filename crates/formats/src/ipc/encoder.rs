//! Batches to messages.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use levada_base::{Error, Result, WriteFile, codes};
use levada_connect::Encoder;

use crate::fault;

type Bytes = std::io::BufWriter<Box<dyn WriteFile>>;

/// Writes one Arrow IPC file in either layout.
pub(super) enum ArrowEncoder {
    File(FileWriter<Bytes>),
    Stream(StreamWriter<Bytes>),
}

impl ArrowEncoder {
    pub(super) fn new(file: Box<dyn WriteFile>, schema: &Schema, as_stream: bool) -> Result<Self> {
        let bytes = Bytes::new(file);
        if as_stream {
            StreamWriter::try_new(bytes, schema).map(Self::Stream).map_err(failed)
        } else {
            FileWriter::try_new(bytes, schema).map(Self::File).map_err(failed)
        }
    }
}

impl Encoder for ArrowEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        match self {
            Self::File(writer) => writer.write(rows),
            Self::Stream(writer) => writer.write(rows),
        }
        .map_err(failed)
    }

    fn flush(&mut self) -> Result<()> {
        match self {
            Self::File(writer) => writer.flush(),
            Self::Stream(writer) => writer.flush(),
        }
        .map_err(failed)
    }

    fn finish(&mut self) -> Result<()> {
        let bytes = match self {
            Self::File(writer) => writer.finish().map(|()| writer.get_mut()),
            Self::Stream(writer) => writer.finish().map(|()| writer.get_mut()),
        };
        complete(bytes.map_err(failed)?)
    }
}

fn complete(bytes: &mut Bytes) -> Result<()> {
    bytes.flush().and_then(|()| bytes.get_mut().sync()).map_err(fault::unwritable)
}

fn failed(cause: ArrowError) -> Error {
    Error::new(codes::LV_C030, "the file can't be written").with_reason(cause.to_string()).caused_by(cause)
}
