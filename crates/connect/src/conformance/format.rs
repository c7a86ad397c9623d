//! The laws of a format: what was written is read, and broken bytes are an error.

use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use levada_base::{Result, WriteFile};

use super::{Sample, Shape};
use crate::{Format, Options, ReadPlan};

/// What is examined.
pub struct FormatExam<'a> {
    pub format: &'a dyn Format,
    pub options: Options,
    /// The columns it can hold.
    pub shape: Shape,
    /// Random schemas, or mutated files, that are tried.
    pub cases: u64,
}

/// Rows of a sample.
const ROWS_MAX: u64 = 30;
/// More batches than a file of a sample can have.
const BATCHES_MAX: usize = 100_000;

/// Examines round trips over random schemas and rows. Laws:
///
/// - The rows that were written are read, whatever the batches on either side.
/// - From row *k* on come exactly the rows after *k*.
/// - One column alone is read as it is among the others.
///
/// # Panics
/// Where a law is broken; the message says the seed of the case.
pub fn format(exam: &FormatExam<'_>) {
    for seed in 0..exam.cases {
        let sample = Sample::new(seed);
        let schema = sample.schema(exam.shape);
        let rows = sample.rows(&schema, sample.below(ROWS_MAX) as usize);
        let half = rows.num_rows() / 2;
        let parts = [rows.slice(0, half), rows.slice(half, rows.num_rows() - half)];
        let bytes = encode(exam, &schema, &parts).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for (batch_rows, skip) in [(1, 0), (7, half), (8192, 0), (8192, rows.num_rows() + 1)] {
            let read = decode(exam, &bytes, &schema, batch_rows, skip).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            let from = skip.min(rows.num_rows());
            let expected = rows.slice(from, rows.num_rows() - from);
            assert_eq!(joined(&schema, &read), expected, "seed {seed}, batches of {batch_rows}, from row {skip}");
            assert!(read.iter().all(|batch| batch.num_rows() <= batch_rows), "seed {seed}: a batch is too long");
        }
        one_column(exam, &bytes, &rows, seed);
    }
}

fn one_column(exam: &FormatExam<'_>, bytes: &[u8], rows: &RecordBatch, seed: u64) {
    // Without a header the columns are told by their order, and all of them are needed.
    if exam.options.get("header").is_some() {
        return;
    }
    let last = rows.num_columns() - 1;
    let expected = rows.project(&[last]).expect("the column exists");
    let read = decode(exam, bytes, &expected.schema(), 8192, 0).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    assert_eq!(joined(&expected.schema(), &read), expected, "seed {seed}: one column alone");
}

/// Reads files with bytes changed: it may fail, but not panic, and it must come to an end.
///
/// # Panics
/// If a reader does not end.
pub fn mutations(exam: &FormatExam<'_>) {
    const MUTANTS_A_FILE: u64 = 50;
    for case in 0..exam.cases {
        let sample = Sample::new(case / MUTANTS_A_FILE);
        let schema = sample.schema(exam.shape);
        let rows = sample.rows(&schema, 1 + sample.below(ROWS_MAX) as usize);
        let bytes = encode(exam, &schema, &[rows]).unwrap_or_else(|error| panic!("case {case}: {error}"));
        let mutant = Sample::new(case).mutated(&bytes);
        // Either outcome is right; the exam is that there is one.
        drop(decode(exam, &mutant, &schema, 8, 0));
        drop(exam.format.infer(Box::new(Cursor::new(mutant)), &exam.options));
    }
}

fn encode(exam: &FormatExam<'_>, schema: &SchemaRef, parts: &[RecordBatch]) -> Result<Vec<u8>> {
    let file = Bytes::default();
    let mut encoder = exam.format.encoder(Box::new(file.clone()), schema.clone(), &exam.options)?;
    for part in parts {
        encoder.write(part)?;
        encoder.flush()?;
    }
    encoder.finish()?;
    drop(encoder);
    let bytes = file.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(bytes.clone())
}

fn decode(exam: &FormatExam<'_>, bytes: &[u8], schema: &SchemaRef, batch_rows: usize, skip: usize) -> Result<Vec<RecordBatch>> {
    let plan = ReadPlan { schema: schema.clone(), batch_rows, skip_rows: skip as u64, file: "exam".to_owned() };
    let mut decoder = exam.format.decoder(Box::new(Cursor::new(bytes.to_vec())), plan, &exam.options)?;
    let mut batches = Vec::new();
    while let Some(batch) = decoder.next()? {
        assert!(batches.len() < BATCHES_MAX, "the reader does not come to an end");
        batches.push(batch);
    }
    Ok(batches)
}

fn joined(schema: &SchemaRef, batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(schema, batches).expect("one schema")
}

/// A file in memory that stays after its writer.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteFile for Bytes {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
