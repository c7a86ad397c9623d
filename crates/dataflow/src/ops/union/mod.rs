//! UNION ALL: what comes in goes out, under the output's names. Also the body of an input.

use arrow::datatypes::SchemaRef;
use levada_base::Result;
use levada_delta::DeltaBatch;

use super::check_types;
use crate::{Emitter, EpochTime, Operator};

/// Passes everything on.
pub(crate) struct Union;

impl Operator for Union {
    fn push(&mut self, _input: usize, delta: DeltaBatch, out: &mut Emitter) -> Result<()> {
        out.emit(delta);
        Ok(())
    }

    fn on_epoch(&mut self, _time: EpochTime, _out: &mut Emitter) -> Result<()> {
        Ok(())
    }
}

pub(super) fn check(inputs: &[&SchemaRef], output: &SchemaRef) -> Result<(), String> {
    inputs.iter().try_for_each(|input| check_types(input, output))
}
