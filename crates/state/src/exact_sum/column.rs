//! [`SumColumn`]: one exact sum per group slot.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::{Float64Type, Int64Type};
use levada_base::{Error, Result};

use super::wide::{LIMBS, WideSum};
use super::{ExactSum, Rare};
use crate::snapshot::{SNAPSHOT_BATCH_ROWS, slots_of};

/// Exact sums by group slot. A slot never added to has the sum 0.
#[derive(Debug, Default)]
pub struct SumColumn {
    sums: Vec<ExactSum>,
}

impl SumColumn {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds each value to the sum of its row's slot, `weights` times (once if `None`); a NULL adds nothing.
    ///
    /// # Panics
    /// If the slices are shorter than `values`: a mistake of the operator.
    pub fn add(&mut self, slots: &[u32], values: &Float64Array, weights: Option<&[i64]>) {
        assert!(slots.len() == values.len() && weights.is_none_or(|weights| weights.len() == values.len()));
        let bound = slots.iter().max().map_or(0, |slot| *slot as usize + 1);
        if bound > self.sums.len() {
            self.sums.resize(bound, ExactSum::default());
        }
        let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
        for (row, value) in values.values().iter().enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                continue;
            }
            let sum = &mut self.sums[slots[row] as usize];
            match weights {
                None => sum.add(*value),
                Some(weights) => sum.add_weighted(*value, weights[row]),
            }
        }
    }

    /// The sum of a slot, to add something else than plain values.
    fn sum_mut(&mut self, slot: u32) -> &mut ExactSum {
        let at = slot as usize;
        if at >= self.sums.len() {
            self.sums.resize(at + 1, ExactSum::default());
        }
        &mut self.sums[at]
    }

    /// The sum of one slot, correctly rounded.
    #[must_use]
    pub fn value(&self, slot: u32) -> f64 {
        self.sums.get(slot as usize).map_or(0.0, ExactSum::value)
    }

    /// The sums of `slots`, correctly rounded.
    #[must_use]
    pub fn values(&self, slots: &[u32]) -> Float64Array {
        slots.iter().map(|slot| self.value(*slot)).collect::<Vec<f64>>().into()
    }

    /// Sets the sum of a slot back to 0, for the next group that gets it.
    pub fn reset(&mut self, slot: u32) {
        if let Some(sum) = self.sums.get_mut(slot as usize) {
            *sum = ExactSum::default();
        }
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let heap: usize = self.sums.iter().map(ExactSum::heap_bytes).sum();
        self.sums.capacity() * size_of::<ExactSum>() + heap
    }

    /// Every sum that is not 0, as batches of `slot`, the two floats, the counts of non-finite values and the wide number.
    ///
    /// # Errors
    /// `LV-S999` if a batch can't be built, which is a defect.
    pub fn snapshot(&self) -> Result<Vec<RecordBatch>> {
        let is_kept = |slot: &u32| self.sums[*slot as usize] != ExactSum::default();
        let slots: Vec<u32> = (0..self.sums.len() as u32).filter(is_kept).collect();
        slots.chunks(SNAPSHOT_BATCH_ROWS).map(|slots| self.snapshot_batch(slots)).collect()
    }

    fn snapshot_batch(&self, slots: &[u32]) -> Result<RecordBatch> {
        let sums = || slots.iter().map(|slot| &self.sums[*slot as usize]);
        let count = |of: fn(&Rare) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(sums().map(|sum| sum.rare.as_deref().map_or(0, of))))
        };
        let wide = sums().map(|sum| sum.rare.as_ref()?.wide.as_ref().map(|wide| wide.limbs.map(u64::to_le_bytes).concat()));
        let columns: [(&str, ArrayRef); 7] = [
            ("slot", Arc::new(UInt32Array::from(slots.to_vec()))),
            ("high", Arc::new(Float64Array::from_iter_values(sums().map(|sum| sum.high)))),
            ("low", Arc::new(Float64Array::from_iter_values(sums().map(|sum| sum.low)))),
            ("nan", count(|rare| rare.nan)),
            ("positive_infinity", count(|rare| rare.positive_infinity)),
            ("negative_infinity", count(|rare| rare.negative_infinity)),
            ("wide", Arc::new(BinaryArray::from_iter(wide))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, name == "wide")))
            .map_err(|cause| Error::internal("sums could not be written out").caused_by(cause))
    }

    /// The sums that `snapshot` wrote.
    ///
    /// # Errors
    /// `LV-S999` if the batches are not such a snapshot.
    pub fn restore(batches: &[RecordBatch]) -> Result<Self> {
        let mut restored = Self::default();
        for batch in batches {
            restored.restore_batch(batch)?;
        }
        Ok(restored)
    }

    fn restore_batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let foreign = || Error::internal("a snapshot of something else where sums were expected");
        let column = |name: &str| batch.column_by_name(name).ok_or_else(foreign);
        let floats = |name: &str| column(name)?.as_primitive_opt::<Float64Type>().ok_or_else(foreign);
        let counts = |name: &str| column(name)?.as_primitive_opt::<Int64Type>().ok_or_else(foreign);
        let (high, low, nan) = (floats("high")?, floats("low")?, counts("nan")?);
        let (positive, negative) = (counts("positive_infinity")?, counts("negative_infinity")?);
        let wide = column("wide")?.as_binary_opt::<i32>().ok_or_else(foreign)?;
        for (row, slot) in slots_of(batch)?.into_iter().enumerate() {
            let wide = wide.is_valid(row).then(|| read_wide(wide.value(row)).ok_or_else(foreign)).transpose()?;
            let rare = Rare {
                wide,
                nan: nan.value(row),
                positive_infinity: positive.value(row),
                negative_infinity: negative.value(row),
            };
            let rare = (rare != Rare::default()).then(|| Box::new(rare));
            *self.sum_mut(slot) = ExactSum { high: high.value(row), low: low.value(row), rare };
        }
        Ok(())
    }
}

fn read_wide(bytes: &[u8]) -> Option<WideSum> {
    let (limbs, rest) = bytes.as_chunks::<8>();
    let limbs: [u64; LIMBS] = limbs.iter().map(|limb| u64::from_le_bytes(*limb)).collect::<Vec<_>>().try_into().ok()?;
    rest.is_empty().then_some(WideSum { limbs })
}
