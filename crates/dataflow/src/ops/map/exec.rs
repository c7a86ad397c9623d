//! Runs the steps of a map over each batch.

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

use super::{MapSpec, Step};
use crate::planted::{self, Bug};
use crate::{Emitter, EpochTime, Operator};

/// A map on one shard.
pub(crate) struct Map {
    steps: Vec<Step>,
    output: SchemaRef,
}

impl Map {
    pub(crate) fn new(spec: &MapSpec, output: &SchemaRef) -> Self {
        Self { steps: spec.steps.clone(), output: output.clone() }
    }
}

impl Operator for Map {
    fn push(&mut self, _input: usize, delta: DeltaBatch, out: &mut Emitter) -> Result<()> {
        let mut delta = delta;
        for step in &self.steps {
            if delta.is_empty() {
                return Ok(());
            }
            delta = match step {
                Step::Filter(predicate) => {
                    let keep = predicate.evaluate(delta.batch())?;
                    let Some(mut keep) = keep.as_boolean_opt().cloned() else {
                        return Err(Error::internal(format!("filter {predicate} is not a condition")));
                    };
                    if planted::has(Bug::NullPassesFilter) {
                        keep = keep.iter().map(|keep| Some(keep.unwrap_or(true))).collect();
                    }
                    if keep.null_count() == 0 && keep.true_count() == keep.len() { delta } else { delta.filter(&keep)? }
                }
                Step::Project { expressions, schema } => {
                    let columns = expressions.iter().map(|e| e.evaluate(delta.batch())).collect::<Result<Vec<_>>>()?;
                    let options = RecordBatchOptions::new().with_row_count(Some(delta.num_rows()));
                    let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)
                        .map_err(|cause| Error::internal(format!("projection: {cause}")))?;
                    delta.with_batch(batch)?
                }
            };
        }
        out.emit(delta.renamed(&self.output)?);
        Ok(())
    }

    fn on_epoch(&mut self, _time: EpochTime, _out: &mut Emitter) -> Result<()> {
        Ok(())
    }
}
