//! Placeholder while the operator is being written.
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

use super::NormalizeSpec;
use crate::{Emitter, EpochTime, Operator};

pub(crate) struct Normalize;

impl Normalize {
    pub(crate) fn new(spec: &NormalizeSpec, _input: &SchemaRef) -> Result<Self> {
        let _ = spec;
        Ok(Self)
    }
}

impl Operator for Normalize {
    fn push(&mut self, _input: usize, _delta: DeltaBatch, _out: &mut Emitter) -> Result<()> {
        Err(Error::internal("not yet"))
    }

    fn on_epoch(&mut self, _time: EpochTime, _out: &mut Emitter) -> Result<()> {
        Err(Error::internal("not yet"))
    }
}
