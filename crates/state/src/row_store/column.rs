//! One stored column of any type, with its NULLs.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
use arrow::compute::SortOptions;
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

use super::compare::order_with_nulls;
use super::fixed::FixedColumn;
use super::pick::RowPick;
use super::text::TextColumn;
use crate::arena::ByteArena;
use crate::column::{ColumnInput, ColumnKind, Values};
use crate::slots::NO_SLOT;

/// Values of one type by slot.
pub(super) struct StoreColumn {
    data_type: DataType,
    kind: ColumnKind,
    stored: Stored,
    nulls: NullSet,
}

enum Stored {
    Fixed(FixedColumn),
    Text(TextColumn),
    Encoded(ByteArena),
}

impl StoreColumn {
    pub(super) fn new(data_type: &DataType) -> Result<Self> {
        let kind = ColumnKind::of(data_type)?;
        let stored = match &kind {
            ColumnKind::Fixed(kind) => Stored::Fixed(FixedColumn::new(*kind)),
            ColumnKind::Bytes => Stored::Text(TextColumn::default()),
            ColumnKind::Encoded(_) => Stored::Encoded(ByteArena::default()),
        };
        Ok(Self { data_type: data_type.clone(), kind, stored, nulls: NullSet::default() })
    }

    pub(super) fn open(&self, array: &ArrayRef) -> Result<ColumnInput> {
        self.kind.open(array)
    }

    /// Writes the picked rows into their slots, which are free and below `bound`.
    pub(super) fn write(&mut self, slots: &[u32], bound: usize, input: &ColumnInput, rows: RowPick) -> Result<()> {
        if input.nulls().is_some() {
            let null = slots.iter().enumerate().filter(|(index, _)| input.is_null(rows.row(*index)));
            null.for_each(|(_, slot)| self.nulls.insert(*slot));
        }
        match (&mut self.stored, &input.values) {
            (Stored::Fixed(column), Values::Fixed(input)) => column.write(slots, bound, input, rows),
            (Stored::Text(column), Values::Bytes(values)) => {
                column.write(slots, bound, values, rows, |row| input.is_null(row))?;
            }
            (Stored::Encoded(column), Values::Bytes(input)) => {
                slots.iter().enumerate().for_each(|(index, slot)| column.put(*slot, input.get(rows.row(index))));
            }
            _ => return Err(Error::internal("a column was opened for another kind of storage")),
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.nulls.remove(slot);
        match &mut self.stored {
            Stored::Fixed(_) => {}
            Stored::Text(column) => column.remove(slot),
            Stored::Encoded(column) => column.remove(slot),
        }
    }

    /// The values of `slots`; `missing` says whether [`NO_SLOT`] is among them.
    pub(super) fn gather(&self, slots: &[u32], missing: bool) -> Result<ArrayRef> {
        let nulls = (missing || !self.nulls.is_empty())
            .then(|| slots.iter().map(|slot| *slot != NO_SLOT && !self.nulls.contains(*slot)).collect::<NullBuffer>())
            .filter(|nulls| nulls.null_count() > 0);
        match (&self.stored, &self.kind) {
            (Stored::Fixed(column), _) => column.gather(&self.data_type, slots, nulls),
            (Stored::Text(column), _) => column.gather(&self.data_type, slots, nulls),
            (Stored::Encoded(column), ColumnKind::Encoded(encoder)) => {
                encoder.decode(slots.iter().map(|slot| column.get(*slot)))
            }
            (Stored::Encoded(_), _) => Err(Error::internal("an encoded column without its encoder")),
        }
    }

    /// Whether the value of `slot` and that of `row` are one value, NULL being a value.
    pub(super) fn equals(&self, slot: u32, input: &ColumnInput, row: usize) -> bool {
        match (self.nulls.contains(slot), input.is_null(row)) {
            (false, false) => {}
            (left, right) => return left == right,
        }
        match (&self.stored, &input.values) {
            (Stored::Fixed(column), Values::Fixed(input)) => column.equals(slot, input, row),
            (Stored::Text(column), Values::Bytes(input)) => column.equals(slot, input.get(row)),
            (Stored::Encoded(column), Values::Bytes(input)) => column.get(slot) == Some(input.get(row)),
            _ => false,
        }
    }

    /// The order of two slots.
    pub(super) fn compare(&self, left: u32, right: u32, options: SortOptions) -> Ordering {
        order_with_nulls(self.nulls.contains(left), self.nulls.contains(right), options, || match &self.stored {
            Stored::Fixed(column) => column.compare(left, right),
            Stored::Text(column) => column.get(left).cmp(column.get(right)),
            Stored::Encoded(column) => column.get(left).cmp(&column.get(right)),
        })
    }

    /// The order of the value of `slot` and that of `row`.
    pub(super) fn compare_row(&self, slot: u32, input: &ColumnInput, row: usize, options: SortOptions) -> Ordering {
        let order = || match (&self.stored, &input.values) {
            (Stored::Fixed(column), Values::Fixed(input)) => column.compare_row(slot, input, row),
            (Stored::Text(column), Values::Bytes(input)) => column.get(slot).cmp(input.get(row)),
            (Stored::Encoded(column), Values::Bytes(input)) => column.get(slot).cmp(&Some(input.get(row))),
            _ => Ordering::Equal,
        };
        order_with_nulls(self.nulls.contains(slot), input.is_null(row), options, order)
    }

    /// The value of a slot as an integer, if it is one and not NULL.
    pub(super) fn number(&self, slot: u32) -> Option<i64> {
        match &self.stored {
            Stored::Fixed(column) if !self.nulls.contains(slot) => column.number(slot),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let values = match &self.stored {
            Stored::Fixed(column) => column.bytes(),
            Stored::Text(column) => column.bytes(),
            Stored::Encoded(column) => column.bytes(),
        };
        values + self.nulls.bytes()
    }
}

/// The slots whose value is NULL. Empty, and then free of cost, for a column that never had one.
#[derive(Default)]
struct NullSet {
    bits: Vec<u64>,
    count: usize,
}

impl NullSet {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[inline]
    fn contains(&self, slot: u32) -> bool {
        self.bits.get(slot as usize / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Adds a slot that is not in the set.
    fn insert(&mut self, slot: u32) {
        let word = slot as usize / 64;
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (slot % 64);
        self.count += 1;
    }

    fn remove(&mut self, slot: u32) {
        if self.contains(slot) {
            self.bits[slot as usize / 64] &= !(1 << (slot % 64));
            self.count -= 1;
        }
    }

    fn bytes(&self) -> usize {
        self.bits.capacity() * 8
    }
}
