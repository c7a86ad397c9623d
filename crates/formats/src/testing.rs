//! What the tests of all formats need: files in memory, rows of them, and rows into them.

use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use levada_base::{Error, ReadFile, WriteFile};
use levada_connect::{Decoder, Format, Options, ReadPlan};

pub(crate) fn schema_of(columns: &[(&str, DataType, bool)]) -> SchemaRef {
    let field = |(name, data_type, nullable): &(&str, DataType, bool)| Field::new(*name, data_type.clone(), *nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

pub(crate) fn plan(schema: &SchemaRef) -> ReadPlan {
    ReadPlan { schema: schema.clone(), batch_rows: 4, skip_rows: 0, file: "bids.csv".to_owned() }
}

pub(crate) fn text_file(bytes: &[u8]) -> Box<dyn ReadFile> {
    Box::new(Cursor::new(bytes.to_vec()))
}

/// All batches of a file, and the error that ended it if one did.
pub(crate) fn decode(
    format: &dyn Format,
    bytes: &[u8],
    plan: ReadPlan,
    options: &Options,
) -> (Vec<RecordBatch>, Option<Error>) {
    match format.decoder(text_file(bytes), plan, options) {
        Ok(mut decoder) => decode_rest(&mut *decoder),
        Err(error) => (Vec::new(), Some(error)),
    }
}

pub(crate) fn decode_rest(decoder: &mut dyn Decoder) -> (Vec<RecordBatch>, Option<Error>) {
    let mut batches = Vec::new();
    loop {
        match decoder.next() {
            Ok(Some(batch)) => batches.push(batch),
            Ok(None) => return (batches, None),
            Err(error) => return (batches, Some(error)),
        }
    }
}

/// The bytes of a file that holds `batches`.
pub(crate) fn encode(format: &dyn Format, batches: &[RecordBatch], schema: &SchemaRef, options: &Options) -> Vec<u8> {
    let file = SharedBytes::default();
    let mut encoder = format.encoder(Box::new(file.clone()), schema.clone(), options).unwrap();
    batches.iter().for_each(|batch| encoder.write(batch).unwrap());
    encoder.finish().unwrap();
    drop(encoder);
    let bytes = file.0.lock().unwrap();
    bytes.clone()
}

#[derive(Clone, Default)]
struct SharedBytes(Arc<Mutex<Vec<u8>>>);

impl Write for SharedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteFile for SharedBytes {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
