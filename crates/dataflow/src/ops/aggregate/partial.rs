//! Aggregation in two steps: parts of the groups of one epoch are made where the rows are, and merged where the groups live.
//!
//! A partial aggregate keeps nothing between epochs: at the end of each it gives one row per group that the epoch touched, with the
//! group's change of weight and of state in columns. Such rows may be sent to another shard, or be multiplied by a window of panes
//! (HOP is TUMBLE by the common divisor of slide and size, a partial aggregate, HOP over the panes' starts, and a merge), but they are
//! no relation: only a merge can read them.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

use super::source::{Source, check_appends, sources};
use super::state::{Groups, Stage};
use super::{AggregateCall, AggregateSpec};
use crate::graph::named;
use crate::ops::{check_columns, check_types, list};
use crate::{Emitter, EpochTime, Operator, Stats};

/// One row per group and epoch: the key columns, then the columns of the parts.
#[derive(Debug, Clone)]
pub struct PartialAggregateSpec {
    /// Columns of the input that are the group's key.
    pub keys: Vec<usize>,
    /// The same calls as those of the merge, over columns of this input.
    pub calls: Vec<AggregateCall>,
    pub append_only_input: bool,
}

/// An [`AggregateSpec`] over parts instead of rows.
#[derive(Debug, Clone)]
pub struct MergeAggregateSpec {
    /// `keys` are columns of the parts; what `calls` and `append_only_input` say is about the rows that the parts were made of.
    pub aggregate: AggregateSpec,
    /// The columns of those rows.
    pub rows: SchemaRef,
    /// Where the columns of the parts begin in the input.
    pub first: usize,
}

impl PartialAggregateSpec {
    /// The columns it gives over `input`, or `None` if one of the calls can't be computed in parts.
    ///
    /// # Errors
    /// `LV-S132`, `LV-S405` where a call is not possible at all.
    pub fn schema(&self, input: &SchemaRef) -> Result<Option<SchemaRef>> {
        self.calls.iter().try_for_each(|call| call.check(input))?;
        let keys = self.keys.iter().map(|&key| input.fields()[key].clone());
        let parts = part_fields(&sources(&self.calls, input, self.append_only_input)?.0);
        Ok(parts.map(|parts| Arc::new(Schema::new(keys.chain(parts).collect::<Vec<FieldRef>>()))))
    }

    pub(in crate::ops) fn check(&self, input: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        check_columns(input, self.keys.iter().copied())?;
        match self.schema(input).map_err(|error| error.to_string())? {
            Some(schema) => check_types(&schema, output),
            None => Err("can't be computed in parts".to_owned()),
        }
    }
}

impl MergeAggregateSpec {
    pub(in crate::ops) fn check(&self, input: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        check_columns(input, self.aggregate.keys.iter().copied())?;
        self.aggregate.check_shape(&self.rows, output)?;
        let (sources, _) =
            sources(&self.aggregate.calls, &self.rows, self.aggregate.append_only_input).map_err(|error| error.to_string())?;
        let parts = part_fields(&sources).ok_or("can't be computed in parts")?;
        check_columns(input, self.first..self.first + parts.len())?;
        let found = input.fields()[self.first..self.first + parts.len()].to_vec();
        check_types(&Arc::new(Schema::new(found)), &Arc::new(Schema::new(parts)))
    }
}

/// The columns of the parts: the change of the group's weight, then those of each source's state.
fn part_fields(sources: &[Source]) -> Option<Vec<FieldRef>> {
    let mut fields: Vec<FieldRef> = vec![Arc::new(Field::new("rows", DataType::Int64, false))];
    for (at, source) in sources.iter().enumerate() {
        for (part, data_type) in source.kernel.part_types()?.into_iter().enumerate() {
            fields.push(Arc::new(Field::new(format!("part_{at}_{part}"), data_type, true)));
        }
    }
    Some(fields)
}

impl fmt::Display for PartialAggregateSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "partial aggregate {}", list(&self.calls))?;
        if self.keys.is_empty() {
            return Ok(());
        }
        write!(out, " by {}", list(self.keys.iter().map(|key| format!("#{key}"))))
    }
}

impl fmt::Display for MergeAggregateSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The calls speak of the rows that the parts were made of, all else of the parts.
        let calls = list(&self.aggregate.calls);
        let of_parts = AggregateSpec { calls: Vec::new(), ..self.aggregate.clone() }.to_string();
        let rest = of_parts.trim_start_matches("aggregate ");
        write!(out, "merge from #{}: {}{rest}", self.first, named(&calls, &[&self.rows]))
    }
}

/// A partial aggregate on one shard.
pub(crate) struct PartialAggregate {
    keys: Vec<usize>,
    output: SchemaRef,
    append_only: bool,
    groups: Groups,
    sources: Vec<Source>,
    /// Slots of the batch at hand; kept for the next one.
    slots: Vec<u32>,
}

impl PartialAggregate {
    pub(crate) fn new(spec: &PartialAggregateSpec, input: &SchemaRef, output: &SchemaRef) -> Result<Self> {
        Ok(Self {
            keys: spec.keys.clone(),
            output: output.clone(),
            append_only: spec.append_only_input,
            groups: Groups::over(input, &spec.keys)?,
            sources: sources(&spec.calls, input, spec.append_only_input)?.0,
            slots: Vec::new(),
        })
    }
}

impl Operator for PartialAggregate {
    fn push(&mut self, _input: usize, delta: DeltaBatch, _out: &mut Emitter) -> Result<()> {
        if self.append_only {
            check_appends(&delta)?;
        }
        let keys: Vec<ArrayRef> = self.keys.iter().map(|&key| delta.column(key).clone()).collect();
        self.groups.find(&keys, delta.num_rows(), &mut self.slots)?;
        self.groups.touch(&self.slots, Stage::Hidden);
        self.groups.add(&self.slots, delta.weights().map(|weights| &**weights.values()));
        for source in &mut self.sources {
            source.kernel.reserve(self.groups.bound());
            source.update(&delta, &self.slots)?;
        }
        Ok(())
    }

    fn on_epoch(&mut self, _time: EpochTime, out: &mut Emitter) -> Result<()> {
        let touched = self.groups.take_touched().all;
        if touched.is_empty() {
            return Ok(());
        }
        let mut columns = self.groups.keys(&touched)?;
        let weights = touched.iter().map(|&slot| self.groups.weight(slot));
        columns.push(Arc::new(Int64Array::from_iter_values(weights)));
        for source in &mut self.sources {
            columns.extend(source.kernel.parts(&touched)?);
            source.kernel.clear(&touched);
        }
        touched.iter().for_each(|&slot| self.groups.forget(slot));
        let batch = RecordBatch::try_new(self.output.clone(), columns);
        out.emit(DeltaBatch::insertions(batch.map_err(|cause| Error::internal(format!("partial aggregate: {cause}")))?));
        Ok(())
    }

    fn stats(&self) -> Stats {
        let kernels: usize = self.sources.iter().map(|source| source.kernel.bytes()).sum();
        Stats { state_bytes: (self.groups.bytes() + kernels) as u64, ..Stats::default() }
    }
}
