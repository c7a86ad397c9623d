//! Constant rows: they come in the first epoch and never change.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::pretty::pretty_format_batches;
use levada_base::Result;
use levada_delta::DeltaBatch;

use super::check_types;
use crate::{Emitter, EpochTime, Operator};

/// The rows.
#[derive(Debug, Clone)]
pub struct ValuesSpec {
    pub rows: RecordBatch,
}

impl ValuesSpec {
    pub(super) fn check(&self, output: &SchemaRef) -> Result<(), String> {
        check_types(&self.rows.schema(), output)
    }
}

impl fmt::Display for ValuesSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = pretty_format_batches(std::slice::from_ref(&self.rows)).map_err(|_| fmt::Error)?.to_string();
        write!(out, "values {}", text.replace('\n', " "))
    }
}

/// Gives the rows once, on the first shard.
pub(crate) struct Values {
    pending: Option<RecordBatch>,
}

impl Values {
    pub(crate) fn new(spec: &ValuesSpec, shard: usize) -> Self {
        Self { pending: (shard == 0).then(|| spec.rows.clone()) }
    }
}

impl Operator for Values {
    fn push(&mut self, _input: usize, _delta: DeltaBatch, _out: &mut Emitter) -> Result<()> {
        Ok(())
    }

    fn on_epoch(&mut self, _time: EpochTime, out: &mut Emitter) -> Result<()> {
        if let Some(rows) = self.pending.take() {
            out.emit(DeltaBatch::insertions(rows));
        }
        Ok(())
    }
}
