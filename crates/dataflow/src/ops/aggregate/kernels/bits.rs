//! bit_and, bit_or, bit_xor over integers of any width, as 64 bits with the sign extended.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use levada_base::Result;

use super::{AggregateCall, Changes, Family, Kernel, cast_exactly};

/// How the bits of a type are read and written.
struct Words {
    data_type: DataType,
}

impl Words {
    fn read(&self, changes: &Changes) -> Result<Vec<u64>> {
        if self.data_type.is_signed_integer() {
            let values = changes.argument_as(&DataType::Int64)?;
            return Ok(values.as_primitive::<Int64Type>().values().iter().map(|&value| value as u64).collect());
        }
        let values = changes.argument_as(&DataType::UInt64)?;
        Ok(values.as_primitive::<UInt64Type>().values().to_vec())
    }

    fn write(&self, words: impl Iterator<Item = Option<u64>>) -> Result<ArrayRef> {
        let words: ArrayRef = if self.data_type.is_signed_integer() {
            Arc::new(words.map(|word| word.map(|word| word as i64)).collect::<Int64Array>())
        } else {
            Arc::new(words.collect::<UInt64Array>())
        };
        cast_exactly(&words, &self.data_type)
    }
}

/// Folds words as they come: right for xor, whose inverse it is itself, and for the others where nothing is retracted.
pub(super) struct BitFold {
    family: Family,
    words: Words,
    folds: Vec<Fold>,
}

#[derive(Clone, Copy, Default)]
struct Fold {
    word: u64,
    count: i64,
}

impl Fold {
    fn add(&mut self, family: Family, word: u64, weight: i64) {
        self.word = match family {
            Family::BitXor => self.word ^ word,
            _ if weight == 0 => self.word,
            _ if self.count == 0 => word,
            Family::BitAnd => self.word & word,
            _ => self.word | word,
        };
        self.count += weight;
    }
}

impl BitFold {
    pub(super) fn new(family: Family, data_type: &DataType) -> Self {
        Self { family, words: Words { data_type: data_type.clone() }, folds: Vec::new() }
    }
}

impl Kernel for BitFold {
    fn reserve(&mut self, bound: usize) {
        self.folds.resize(bound.max(self.folds.len()), Fold::default());
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let words = self.words.read(changes)?;
        let family = self.family;
        changes.for_each(&words, |slot, word, weight| {
            // An even number of copies cancels itself under xor.
            let word = if family == Family::BitXor && weight & 1 == 0 { 0 } else { word };
            self.folds[slot].add(family, word, weight);
        });
        Ok(())
    }

    fn values(&self, _call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let folds = slots.iter().map(|&slot| self.folds[slot as usize]);
        self.words.write(folds.map(|fold| (fold.count != 0).then_some(fold.word)))
    }

    fn part_types(&self) -> Option<Vec<DataType>> {
        Some(vec![DataType::UInt64, DataType::Int64])
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        let folds = || slots.iter().map(|&slot| self.folds[slot as usize]);
        let words = UInt64Array::from_iter_values(folds().map(|fold| fold.word));
        let counts = Int64Array::from_iter_values(folds().map(|fold| fold.count));
        Ok(vec![Arc::new(words), Arc::new(counts)])
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        let words = parts[0].as_primitive::<UInt64Type>().values();
        let counts = parts[1].as_primitive::<Int64Type>().values();
        for ((&slot, &word), &count) in slots.iter().zip(words).zip(counts) {
            self.folds[slot as usize].add(self.family, word, count);
        }
        Ok(())
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.folds[slot as usize] = Fold::default());
    }

    fn bytes(&self) -> usize {
        self.folds.capacity() * size_of::<Fold>()
    }
}

/// Counts how often each bit is set, so that a retraction can unset it.
pub(super) struct BitCounts {
    family: Family,
    words: Words,
    groups: Vec<Counts>,
}

#[derive(Clone, Default)]
struct Counts {
    rows: i64,
    /// By bit; made when the first row comes.
    set: Option<Box<[i64; 64]>>,
}

impl Counts {
    fn add(&mut self, word: u64, weight: i64) {
        self.rows += weight;
        let set = self.set.get_or_insert_with(|| Box::new([0; 64]));
        let mut rest = word;
        while rest != 0 {
            set[rest.trailing_zeros() as usize] += weight;
            rest &= rest - 1;
        }
    }

    /// The bits whose count `holds`.
    fn bits(&self, holds: impl Fn(i64) -> bool) -> Option<u64> {
        let set = self.set.as_ref().filter(|_| self.rows != 0)?;
        Some((0..64).filter(|&bit| holds(set[bit])).fold(0, |word, bit| word | 1 << bit))
    }
}

impl BitCounts {
    pub(super) fn new(family: Family, data_type: &DataType) -> Self {
        Self { family, words: Words { data_type: data_type.clone() }, groups: Vec::new() }
    }
}

impl Kernel for BitCounts {
    fn reserve(&mut self, bound: usize) {
        self.groups.resize(bound.max(self.groups.len()), Counts::default());
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let words = self.words.read(changes)?;
        changes.for_each(&words, |slot, word, weight| self.groups[slot].add(word, weight));
        Ok(())
    }

    fn values(&self, _call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let groups = slots.iter().map(|&slot| &self.groups[slot as usize]);
        match self.family {
            Family::BitAnd => self.words.write(groups.map(|group| group.bits(|count| count == group.rows))),
            _ => self.words.write(groups.map(|group| group.bits(|count| count != 0))),
        }
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.groups[slot as usize] = Counts::default());
    }

    fn bytes(&self) -> usize {
        let boxes = self.groups.iter().filter(|group| group.set.is_some()).count();
        self.groups.capacity() * size_of::<Counts>() + boxes * size_of::<[i64; 64]>()
    }
}
