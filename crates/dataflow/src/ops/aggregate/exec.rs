//! Placeholder while the operator is being written.
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

use super::AggregateSpec;
use crate::{Emitter, EpochTime, Operator};

pub(crate) struct Aggregate;

impl Aggregate {
    pub(crate) fn new(spec: &AggregateSpec, _input: &SchemaRef, _output: &SchemaRef, _shard: usize) -> Result<Self> {
        let _ = spec;
        Ok(Self)
    }
}

impl Operator for Aggregate {
    fn push(&mut self, _input: usize, _delta: DeltaBatch, _out: &mut Emitter) -> Result<()> {
        Err(Error::internal("not yet"))
    }

    fn on_epoch(&mut self, _time: EpochTime, _out: &mut Emitter) -> Result<()> {
        Err(Error::internal("not yet"))
    }
}
