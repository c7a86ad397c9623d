//! What is kept per group, one kernel for a family of functions: changes go in column-wise, values come out column-wise.
//!
//! A kernel's state is plain `Vec`s by the group's slot. It never sees NULL arguments (but for first and last values) nor rows that a
//! FILTER leaves out: [`Source`](super::source::Source) has taken them away.

mod best;
mod bits;
mod bools;
mod count;
mod decimals;
mod distinct;
mod floats;
mod integers;
mod order_keys;
mod ordered;
mod totals;

use arrow::array::{Array, ArrayRef};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use levada_base::{Error, Result, codes};

use super::{AggregateCall, AggregateFunction};
use best::Best;
use bits::{BitCounts, BitFold};
use bools::Bools;
use count::Count;
use decimals::Decimals;
use distinct::Distinct;
use floats::{Spread, Sums};
use integers::Integers;
use ordered::Ordered;

/// What a batch says to one kernel.
pub(super) struct Changes<'a> {
    /// The group of each row.
    pub slots: &'a [u32],
    /// `None` where all are +1.
    pub weights: Option<&'a [i64]>,
    /// The arguments, then the order columns.
    pub columns: &'a [ArrayRef],
}

impl Changes<'_> {
    /// Calls `each(slot, weight)` for every row.
    #[inline]
    fn for_each_row(&self, mut each: impl FnMut(usize, i64)) {
        match self.weights {
            None => self.slots.iter().for_each(|&slot| each(slot as usize, 1)),
            Some(weights) => self.slots.iter().zip(weights).for_each(|(&slot, &weight)| each(slot as usize, weight)),
        }
    }

    /// Calls `each(slot, value, weight)` for every row.
    #[inline]
    fn for_each<T: Copy>(&self, values: &[T], mut each: impl FnMut(usize, T, i64)) {
        match self.weights {
            None => self.slots.iter().zip(values).for_each(|(&slot, &value)| each(slot as usize, value, 1)),
            Some(weights) => {
                let rows = self.slots.iter().zip(values).zip(weights);
                rows.for_each(|((&slot, &value), &weight)| each(slot as usize, value, weight));
            }
        }
    }

    fn weight(&self, row: usize) -> i64 {
        self.weights.map_or(1, |weights| weights[row])
    }

    /// The first argument in a type that Arrow can cast it to without loss.
    fn argument_as(&self, data_type: &DataType) -> Result<ArrayRef> {
        cast_exactly(&self.columns[0], data_type)
    }
}

/// The state of one aggregate over all groups.
pub(super) trait Kernel: Send {
    /// Makes room for slots below `bound`; new ones are empty.
    fn reserve(&mut self, bound: usize);

    /// Takes changes in. A weight may be anything, also below zero before the insert has come.
    ///
    /// # Errors
    /// `LV-S722` where slots run out, `LV-S999` where a column has another type than planned.
    fn update(&mut self, changes: &Changes) -> Result<()>;

    /// The value of `call`, which must be of this kernel's family, for each of `slots`.
    ///
    /// # Errors
    /// `LV-S403` where a value is beyond the result's type.
    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef>;

    /// The types of the columns by which a state is handed on to be merged into another; `None` where it can't be.
    fn part_types(&self) -> Option<Vec<DataType>> {
        None
    }

    /// The states of `slots`, in columns of [`Kernel::part_types`].
    ///
    /// # Errors
    /// `LV-S999` where states can't be handed on.
    fn parts(&self, _slots: &[u32]) -> Result<Vec<ArrayRef>> {
        Err(Error::internal("this aggregate can't be computed in parts"))
    }

    /// Merges states that [`Kernel::parts`] gave into the states of `slots`, row by row.
    ///
    /// # Errors
    /// `LV-S999` where states can't be merged.
    fn merge(&mut self, _slots: &[u32], _parts: &[ArrayRef]) -> Result<()> {
        Err(Error::internal("this aggregate can't be computed in parts"))
    }

    /// Empties `slots`.
    fn clear(&mut self, slots: &[u32]);

    /// Rows it keeps besides one state a group.
    fn rows(&self) -> usize {
        0
    }

    /// Bytes it holds.
    fn bytes(&self) -> usize;
}

/// What a kernel can stand for: calls of one family over the same rows share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Count,
    /// Sum and average.
    Sums,
    /// Variance and standard deviation.
    Spread,
    Smallest,
    Largest,
    First,
    Last,
    Bools,
    BitAnd,
    BitOr,
    BitXor,
}

impl Family {
    pub(super) fn of(function: AggregateFunction) -> Self {
        use AggregateFunction as F;
        match function {
            F::Count => Self::Count,
            F::Sum | F::Avg => Self::Sums,
            F::VarPop | F::VarSamp | F::StddevPop | F::StddevSamp => Self::Spread,
            F::Min => Self::Smallest,
            F::Max => Self::Largest,
            F::FirstValue => Self::First,
            F::LastValue => Self::Last,
            F::BoolAnd | F::BoolOr => Self::Bools,
            F::BitAnd => Self::BitAnd,
            F::BitOr => Self::BitOr,
            F::BitXor => Self::BitXor,
        }
    }

    /// Whether equal arguments change nothing, so that DISTINCT may be left out.
    pub(super) fn ignores_duplicates(self) -> bool {
        !matches!(self, Self::Count | Self::Sums | Self::Spread | Self::BitXor)
    }

    /// Whether a NULL is a value like others.
    pub(super) fn takes_nulls(self) -> bool {
        matches!(self, Self::First | Self::Last)
    }
}

/// Makes the kernel for `call` over columns of `types` (its arguments, then its order).
pub(super) fn build(call: &AggregateCall, types: &[DataType], append_only: bool) -> Result<Box<dyn Kernel>> {
    let family = Family::of(call.function);
    if call.distinct && !family.ignores_duplicates() {
        let inner = build(&AggregateCall { distinct: false, ..call.clone() }, types, append_only)?;
        return Ok(Box::new(Distinct::new(types, inner)?));
    }
    Ok(match family {
        Family::Count => Box::new(Count::default()),
        Family::Sums => match &types[0] {
            DataType::Decimal128(_, scale) => Box::new(Decimals::new(*scale)),
            data_type if data_type.is_integer() => Box::new(Integers::new(data_type)),
            _ => Box::new(Sums::default()),
        },
        Family::Spread => Box::new(Spread::default()),
        Family::Smallest | Family::Largest if append_only => Box::new(Best::of_value(family, &types[0])?),
        Family::Smallest | Family::Largest => Box::new(Ordered::of_value(family, &types[0])?),
        Family::First | Family::Last if append_only => Box::new(Best::of_row(family, types, &call.order)?),
        Family::First | Family::Last => Box::new(Ordered::of_row(family, types, &call.order)?),
        Family::Bools => Box::new(Bools::default()),
        Family::BitAnd | Family::BitOr if !append_only => Box::new(BitCounts::new(family, &types[0])),
        Family::BitAnd | Family::BitOr | Family::BitXor => Box::new(BitFold::new(family, &types[0])),
    })
}

/// A cast that fails where a value would be lost.
pub(super) fn cast_exactly(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    if array.data_type() == data_type {
        return Ok(array.clone());
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, data_type, &options).map_err(|cause| overflow(&cause.to_string()))
}

fn overflow(what: &str) -> Error {
    Error::new(codes::LV_S403, format!("an aggregate is out of range: {what}"))
        .with_hint("cast its argument to a wider type, for example sum(x::decimal(38, 0))")
}

fn misplaced(call: &AggregateCall) -> Error {
    Error::internal(format!("{call} is not computed by this kernel"))
}
