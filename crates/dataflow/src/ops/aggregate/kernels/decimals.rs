//! sum and avg of decimals: 256 bits per group, so that only the final value can be out of range.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, DecimalType, i256};
use levada_base::{Error, Result};

use super::totals::{Total, Totals};
use super::{AggregateCall, AggregateFunction, Changes, Kernel, misplaced, overflow};

pub(super) struct Decimals {
    /// Digits after the point in the arguments.
    scale: i8,
    totals: Totals<Decimal256Type>,
}

impl Decimals {
    pub(super) fn new(scale: i8) -> Self {
        Self { scale, totals: Totals::new() }
    }

    /// The exact average, rounded half away from zero to `scale` digits.
    fn average(&self, Total { sum, count }: Total<i256>, scale: i8) -> Result<i256> {
        let too_large = || overflow("the average has too many digits");
        let power = |digits: i8| i256::from_i128(10).checked_pow(u32::from(digits.max(0).unsigned_abs()));
        let numerator = power(scale - self.scale).and_then(|power| sum.checked_mul(power)).ok_or_else(too_large)?;
        let count = i256::from_i128(i128::from(count));
        let divisor = power(self.scale - scale).and_then(|power| count.checked_mul(power)).ok_or_else(too_large)?;
        let quotient = numerator.checked_div(divisor).ok_or_else(too_large)?;
        let rest = numerator.wrapping_sub(quotient.wrapping_mul(divisor));
        let is_half = rest.wrapping_abs() >= divisor.wrapping_abs().wrapping_sub(rest.wrapping_abs());
        match is_half {
            true if numerator.is_negative() == divisor.is_negative() => Ok(quotient.wrapping_add(i256::ONE)),
            true => Ok(quotient.wrapping_sub(i256::ONE)),
            false => Ok(quotient),
        }
    }
}

impl Kernel for Decimals {
    fn reserve(&mut self, bound: usize) {
        self.totals.reserve(bound);
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let Some(values) = changes.columns[0].as_primitive_opt::<Decimal128Type>() else {
            return Err(Error::internal("a decimal aggregate over another type"));
        };
        changes.for_each(values.values(), |slot, value, weight| {
            let total = self.totals.get_mut(slot);
            let value = i256::from_i128(value);
            total.sum = match weight {
                1 => total.sum.wrapping_add(value),
                -1 => total.sum.wrapping_sub(value),
                _ => total.sum.wrapping_add(value.wrapping_mul(i256::from_i128(i128::from(weight)))),
            };
            total.count += weight;
        });
        Ok(())
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let DataType::Decimal128(precision, scale) = call.data_type else { return Err(misplaced(call)) };
        let value = |&slot: &u32| -> Result<Option<i128>> {
            let total = self.totals.get(slot);
            let value = match call.function {
                _ if total.count == 0 => return Ok(None),
                AggregateFunction::Sum => total.sum,
                AggregateFunction::Avg => self.average(total, scale)?,
                _ => return Err(misplaced(call)),
            };
            let fits = value.to_i128().filter(|value| Decimal128Type::is_valid_decimal_precision(*value, precision));
            fits.map(Some).ok_or_else(|| overflow(&format!("more than {precision} digits")))
        };
        let values = slots.iter().map(value).collect::<Result<Decimal128Array>>()?;
        let typed = values.with_precision_and_scale(precision, scale);
        Ok(Arc::new(typed.map_err(|cause| Error::internal(format!("decimal aggregate: {cause}")))?))
    }

    fn part_types(&self) -> Option<Vec<DataType>> {
        Some(Totals::<Decimal256Type>::part_types())
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        Ok(self.totals.parts(slots))
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        self.totals.merge(slots, parts);
        Ok(())
    }

    fn clear(&mut self, slots: &[u32]) {
        self.totals.clear(slots);
    }

    fn bytes(&self) -> usize {
        self.totals.bytes()
    }
}
