//! The operators: one directory each with its `spec` (what is planned), `exec` (what runs), `state` (what is kept) and `tests` (its
//! law: the changes it gives add up to the batch answer).
//!
//! [`OpSpec`] is the table of them all; a new operator is a directory and a line here.

pub mod aggregate;
pub mod input;
pub mod join;
pub mod map;
pub mod normalize;
mod sort;
#[cfg(test)]
mod testing;
pub mod top_n;
pub mod union;
pub mod values;
pub mod window;

use std::fmt;

use arrow::datatypes::SchemaRef;
use levada_base::Result;

use crate::Operator;
pub use sort::SortColumn;

/// What an operator does, as data. `Display` says all of its meaning: operator ids are made from it.
#[derive(Debug, Clone)]
pub enum OpSpec {
    Input(input::InputSpec),
    Values(values::ValuesSpec),
    Map(map::MapSpec),
    Union,
    Window(window::WindowSpec),
    Aggregate(aggregate::AggregateSpec),
    PartialAggregate(aggregate::PartialAggregateSpec),
    MergeAggregate(aggregate::MergeAggregateSpec),
    Join(join::JoinSpec),
    TopN(top_n::TopNSpec),
    Normalize(normalize::NormalizeSpec),
}

impl OpSpec {
    /// Makes the operator for one shard. `inputs` are the columns it gets, `output` those it must give.
    ///
    /// # Errors
    /// `LV-S405` where a type can't be a key.
    pub fn build(&self, inputs: &[SchemaRef], output: &SchemaRef, shard: usize) -> Result<Box<dyn Operator>> {
        Ok(match self {
            Self::Input(_) | Self::Union => Box::new(union::Union),
            Self::Values(spec) => Box::new(values::Values::new(spec, shard)),
            Self::Map(spec) => Box::new(map::Map::new(spec, output)),
            Self::Window(spec) => Box::new(window::Window::new(spec, output)),
            Self::Aggregate(spec) => Box::new(aggregate::Aggregate::new(spec, &inputs[0], output, shard)?),
            Self::PartialAggregate(spec) => Box::new(aggregate::PartialAggregate::new(spec, &inputs[0], output)?),
            Self::MergeAggregate(spec) => Box::new(aggregate::Aggregate::merge(spec, &inputs[0], output, shard)?),
            Self::Join(spec) => Box::new(join::Join::new(spec, &inputs[0], &inputs[1], output)?),
            Self::TopN(spec) => Box::new(top_n::TopN::new(spec, &inputs[0], output)?),
            Self::Normalize(spec) => Box::new(normalize::Normalize::new(spec, &inputs[0])?),
        })
    }

    /// Whether it keeps rows, so that small batches are worth gathering before it.
    #[must_use]
    pub fn is_stateful(&self) -> bool {
        match self {
            Self::Aggregate(_) | Self::PartialAggregate(_) | Self::MergeAggregate(_) => true,
            Self::Join(_) | Self::TopN(_) | Self::Normalize(_) => true,
            Self::Input(_) | Self::Values(_) | Self::Map(_) | Self::Union | Self::Window(_) => false,
        }
    }

    /// What must hold between the spec, its inputs and its output, or what does not.
    pub(crate) fn check(&self, inputs: &[&SchemaRef], output: &SchemaRef) -> Result<(), String> {
        let wanted = match self {
            Self::Input(_) | Self::Values(_) => 0,
            Self::Map(_) | Self::Window(_) | Self::TopN(_) | Self::Normalize(_) => 1,
            Self::Aggregate(_) | Self::PartialAggregate(_) | Self::MergeAggregate(_) => 1,
            Self::Join(_) => 2,
            Self::Union => inputs.len().max(1),
        };
        if inputs.len() != wanted {
            return Err(format!("has {} inputs, not {wanted}", inputs.len()));
        }
        match self {
            Self::Input(_) => Ok(()),
            Self::Values(spec) => spec.check(output),
            Self::Map(spec) => spec.check(inputs[0], output),
            Self::Union => union::check(inputs, output),
            Self::Window(spec) => spec.check(inputs[0], output),
            Self::Aggregate(spec) => spec.check(inputs[0], output),
            Self::PartialAggregate(spec) => spec.check(inputs[0], output),
            Self::MergeAggregate(spec) => spec.check(inputs[0], output),
            Self::Join(spec) => spec.check(inputs[0], inputs[1], output),
            Self::TopN(spec) => spec.check(inputs[0], output),
            Self::Normalize(spec) => spec.check(inputs[0], output),
        }
    }
}

impl fmt::Display for OpSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(spec) => spec.fmt(out),
            Self::Values(spec) => spec.fmt(out),
            Self::Map(spec) => spec.fmt(out),
            Self::Union => out.write_str("union all"),
            Self::Window(spec) => spec.fmt(out),
            Self::Aggregate(spec) => spec.fmt(out),
            Self::PartialAggregate(spec) => spec.fmt(out),
            Self::MergeAggregate(spec) => spec.fmt(out),
            Self::Join(spec) => spec.fmt(out),
            Self::TopN(spec) => spec.fmt(out),
            Self::Normalize(spec) => spec.fmt(out),
        }
    }
}

/// Comma-separated, for the `Display` of specs.
pub(crate) fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Says which of `columns` the schema lacks, if one.
pub(crate) fn check_columns(schema: &SchemaRef, columns: impl IntoIterator<Item = usize>) -> Result<(), String> {
    match columns.into_iter().find(|&column| column >= schema.fields().len()) {
        Some(column) => Err(format!("names column {column} of {}", schema.fields().len())),
        None => Ok(()),
    }
}

/// Says whether two schemas have the same types, column by column.
pub(crate) fn check_types(found: &SchemaRef, wanted: &SchemaRef) -> Result<(), String> {
    let types = |schema: &SchemaRef| schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
    if types(found) == types(wanted) { Ok(()) } else { Err(format!("gives {found:?}, not {wanted:?}")) }
}
