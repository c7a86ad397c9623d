//! min, max, first_value and last_value on changing input: every value is kept, so that the next one is there when the best one goes.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::DataType;
use levada_base::{Error, Result};
use levada_state::OrderedBag;

use super::order_keys::{KeyFormat, Keys};
use super::{AggregateCall, Changes, Family, Kernel};
use crate::ops::SortColumn;
use crate::planted::{self, Bug};

pub(super) struct Ordered {
    bag: OrderedBag,
    largest: bool,
    /// How rows become the values of the bag, where it is not the argument itself that is ordered.
    format: Option<KeyFormat>,
}

impl Ordered {
    /// The smallest or largest value.
    pub(super) fn of_value(family: Family, data_type: &DataType) -> Result<Self> {
        Ok(Self { bag: OrderedBag::new(data_type)?, largest: family == Family::Largest, format: None })
    }

    /// The value of the first or last row in `order`; `types` are the value's and those of the order's columns.
    pub(super) fn of_row(family: Family, types: &[DataType], order: &[SortColumn]) -> Result<Self> {
        let format = KeyFormat::of_ordered(types, order)?;
        Ok(Self { bag: OrderedBag::new(&DataType::Binary)?, largest: family == Family::Last, format: Some(format) })
    }
}

impl Kernel for Ordered {
    fn reserve(&mut self, _bound: usize) {}

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let mut weights = changes.weights;
        let kept: Vec<i64>;
        if planted::has(Bug::ExtremeNotRecomputed) {
            kept = (0..changes.slots.len()).map(|row| changes.weight(row).max(0)).collect();
            weights = Some(&kept);
        }
        let Some(format) = &self.format else {
            return self.bag.add(changes.slots, &changes.columns[0], weights);
        };
        let Keys::Bytes(keys) = format.keys(changes.columns)? else {
            return Err(Error::internal("keys of another format"));
        };
        let keys: ArrayRef = Arc::new(keys);
        self.bag.add(changes.slots, &keys, weights)
    }

    fn values(&self, _call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let best = if self.largest { self.bag.max(slots)? } else { self.bag.min(slots)? };
        match &self.format {
            None => Ok(best),
            Some(format) => format.values_of_bytes(best.as_binary::<i32>().iter()),
        }
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.bag.reset(slot));
    }

    fn bytes(&self) -> usize {
        self.bag.bytes()
    }
}
