//! sum and avg of decimals: 256 bits per group, so that only the final value can be out of range.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array, Decimal256Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, DecimalType, Int64Type, i256};
use levada_base::{Error, Result};

use super::{AggregateCall, AggregateFunction, Changes, Kernel, misplaced, overflow};

/// How a sum is handed on: all its 256 bits, without a scale.
const PART: DataType = DataType::Decimal256(76, 0);

pub(super) struct Decimals {
    /// Digits after the point in the arguments.
    scale: i8,
    sums: Vec<Sum>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    sum: i256,
    count: i64,
}

impl Decimals {
    pub(super) fn new(scale: i8) -> Self {
        Self { scale, sums: Vec::new() }
    }

    /// The exact average, rounded half away from zero to `scale` digits.
    fn average(&self, Sum { sum, count }: Sum, scale: i8) -> Result<i256> {
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
        self.sums.resize(bound.max(self.sums.len()), Sum::default());
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let Some(values) = changes.columns[0].as_primitive_opt::<Decimal128Type>() else {
            return Err(Error::internal("a decimal aggregate over another type"));
        };
        changes.for_each(values.values(), |slot, value, weight| {
            let sum = &mut self.sums[slot];
            let value = i256::from_i128(value);
            sum.sum = match weight {
                1 => sum.sum.wrapping_add(value),
                -1 => sum.sum.wrapping_sub(value),
                _ => sum.sum.wrapping_add(value.wrapping_mul(i256::from_i128(i128::from(weight)))),
            };
            sum.count += weight;
        });
        Ok(())
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let DataType::Decimal128(precision, scale) = call.data_type else { return Err(misplaced(call)) };
        let value = |&slot: &u32| -> Result<Option<i128>> {
            let sum = self.sums[slot as usize];
            let value = match call.function {
                _ if sum.count == 0 => return Ok(None),
                AggregateFunction::Sum => sum.sum,
                AggregateFunction::Avg => self.average(sum, scale)?,
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
        Some(vec![PART, DataType::Int64])
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        let sums = || slots.iter().map(|&slot| self.sums[slot as usize]);
        let totals = Decimal256Array::from_iter_values(sums().map(|sum| sum.sum)).with_data_type(PART);
        let counts = Int64Array::from_iter_values(sums().map(|sum| sum.count));
        Ok(vec![Arc::new(totals), Arc::new(counts)])
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        let totals = parts[0].as_primitive::<Decimal256Type>().values();
        let counts = parts[1].as_primitive::<Int64Type>().values();
        for ((&slot, &total), count) in slots.iter().zip(totals).zip(counts) {
            let sum = &mut self.sums[slot as usize];
            sum.sum = sum.sum.wrapping_add(total);
            sum.count += count;
        }
        Ok(())
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.sums[slot as usize] = Sum::default());
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<Sum>()
    }
}
