//! A kernel with what it is fed: which rows of a batch take part, and which of their columns.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::filter;
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;

use super::AggregateCall;
use super::kernels::{Changes, Family, Kernel, build};
use crate::ops::SortColumn;

/// What makes two calls read the same state.
#[derive(Debug, PartialEq)]
struct Shape {
    family: Family,
    arguments: Vec<usize>,
    filter: Option<usize>,
    distinct: bool,
    order: Vec<SortColumn>,
}

impl Shape {
    fn of(call: &AggregateCall) -> Self {
        let family = Family::of(call.function);
        Self {
            family,
            arguments: call.arguments.clone(),
            filter: call.filter,
            distinct: call.distinct && !family.ignores_duplicates(),
            order: if family.takes_nulls() { call.order.clone() } else { Vec::new() },
        }
    }
}

/// One kernel and the rows it sees.
pub(super) struct Source {
    shape: Shape,
    pub(super) kernel: Box<dyn Kernel>,
}

/// Where a call's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The weight of the group itself: `count(*)`.
    Weight,
    /// The source at this place.
    Source(usize),
}

/// Makes the sources of `calls`: calls over the same rows share one.
///
/// # Errors
/// `LV-S405` where a type has no order or can't be a key.
pub(super) fn sources(calls: &[AggregateCall], input: &SchemaRef, append_only: bool) -> Result<(Vec<Source>, Vec<Origin>)> {
    let mut sources: Vec<Source> = Vec::new();
    let mut origins = Vec::with_capacity(calls.len());
    for call in calls {
        let shape = Shape::of(call);
        if shape.family == Family::Count && shape.arguments.is_empty() && shape.filter.is_none() {
            origins.push(Origin::Weight);
            continue;
        }
        let known = sources.iter().position(|source| source.shape == shape);
        origins.push(Origin::Source(known.unwrap_or(sources.len())));
        if known.is_none() {
            let columns = shape.arguments.iter().copied().chain(shape.order.iter().map(|sort| sort.column));
            let types: Vec<_> = columns.map(|column| input.field(column).data_type().clone()).collect();
            sources.push(Source { kernel: build(call, &types, append_only)?, shape });
        }
    }
    Ok((sources, origins))
}

/// Refuses retractions where the kernels have forgotten what would take their place.
///
/// # Errors
/// `LV-S612` if a row of `delta` is retracted.
pub(super) fn check_appends(delta: &DeltaBatch) -> Result<()> {
    if !delta.has_retractions() {
        return Ok(());
    }
    Err(Error::new(codes::LV_S612, "a row was retracted from an input that was said to be append-only")
        .with_reason("the values that would take its place have been forgotten")
        .with_hint("declare the key or the change feed of the input"))
}

impl Source {
    /// Feeds the kernel with the rows of `delta` that take part; `slots` are their groups.
    ///
    /// # Errors
    /// Those of [`Kernel::update`].
    pub(super) fn update(&mut self, delta: &DeltaBatch, slots: &[u32]) -> Result<()> {
        let order = self.shape.order.iter().map(|sort| sort.column);
        let columns: Vec<ArrayRef> =
            self.shape.arguments.iter().copied().chain(order).map(|c| delta.column(c).clone()).collect();
        let weights = delta.weights().map(|weights| &**weights.values());
        let Some(taking_part) = self.taking_part(delta)? else {
            return self.kernel.update(&Changes { slots, weights, columns: &columns });
        };
        let rows = || taking_part.values().set_indices();
        let slots: Vec<u32> = rows().map(|row| slots[row]).collect();
        let weights: Option<Vec<i64>> = weights.map(|weights| rows().map(|row| weights[row]).collect());
        let columns = columns.iter().map(|column| filter(column, &taking_part)).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|cause| Error::internal(format!("aggregate: {cause}")))?;
        self.kernel.update(&Changes { slots: &slots, weights: weights.as_deref(), columns: &columns })
    }

    /// Merges the parts that begin at column `first` of `delta`; gives how many columns they have.
    ///
    /// # Errors
    /// Those of [`Kernel::merge`].
    pub(super) fn merge(&mut self, delta: &DeltaBatch, slots: &[u32], first: usize) -> Result<usize> {
        let columns = self.kernel.part_types().map_or(0, |types| types.len());
        self.kernel.merge(slots, &delta.batch().columns()[first..first + columns])?;
        Ok(columns)
    }

    /// The rows that pass the filter and have no NULL argument; `None` if these are all.
    fn taking_part(&self, delta: &DeltaBatch) -> Result<Option<BooleanArray>> {
        let mut mask = match self.shape.filter {
            None => None,
            Some(column) => {
                let Some(passes) = delta.column(column).as_boolean_opt() else {
                    return Err(Error::internal("an aggregate's filter is not a condition"));
                };
                Some(passes.nulls().map_or_else(|| passes.values().clone(), |nulls| passes.values() & nulls.inner()))
            }
        };
        if !self.shape.family.takes_nulls() {
            let arguments = self.shape.arguments.iter().map(|&argument| delta.column(argument).logical_nulls());
            let nulls = arguments.fold(None, |all, own| NullBuffer::union(all.as_ref(), own.as_ref()));
            if let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) {
                mask = Some(mask.map_or_else(|| nulls.inner().clone(), |mask| &mask & nulls.inner()));
            }
        }
        Ok(mask.filter(|mask| mask.count_set_bits() < mask.len()).map(|mask| BooleanArray::new(mask, None)))
    }
}
