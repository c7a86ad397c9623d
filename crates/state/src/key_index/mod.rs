//! [`KeyIndex`]: from key rows to dense slots.
//!
//! Not here: what belongs to a key; that lives in `Vec`s by slot at the owner. Keys of a few fixed-width columns are kept as words, all
//! others as byte strings; [`Layout`](layout::Layout) is the seam.

mod bytes;
mod codec;
mod fixed;
mod index;
mod layout;
mod snapshot;
#[cfg(test)]
mod tests;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

use self::bytes::ByteKeys;
use self::codec::KeyCodec;
use self::fixed::FixedKeys;
use self::index::Index;
use self::layout::Layout;
use crate::slots::NO_SLOT;

/// Maps key rows (several Arrow columns) to slots. A key is any row: NULL is a value like others, all NaN are one, −0.0 is 0.0.
pub struct KeyIndex {
    codec: KeyCodec,
    index: AnyIndex,
}

/// The index in the layout that fits the key types.
enum AnyIndex {
    Fixed1(Index<FixedKeys<1>>),
    Fixed2(Index<FixedKeys<2>>),
    Fixed3(Index<FixedKeys<3>>),
    Fixed4(Index<FixedKeys<4>>),
    Bytes(Index<ByteKeys>),
}

macro_rules! with_index {
    ($any:expr, $index:ident => $body:expr) => {
        match $any {
            AnyIndex::Fixed1($index) => $body,
            AnyIndex::Fixed2($index) => $body,
            AnyIndex::Fixed3($index) => $body,
            AnyIndex::Fixed4($index) => $body,
            AnyIndex::Bytes($index) => $body,
        }
    };
}
use with_index;

impl KeyIndex {
    /// An empty index for keys of these columns: type and whether NULL can occur. No columns at all is the key of a global
    /// aggregate: there is one such key.
    ///
    /// # Errors
    /// `LV-S405` if a type can't be compared (a map, or something with a map inside).
    pub fn new(key_types: &[(DataType, bool)]) -> Result<Self> {
        let codec = KeyCodec::new(key_types)?;
        let index = match codec.fixed_words() {
            Some(0 | 1) => AnyIndex::Fixed1(Index::default()),
            Some(2) => AnyIndex::Fixed2(Index::default()),
            Some(3) => AnyIndex::Fixed3(Index::default()),
            Some(4) => AnyIndex::Fixed4(Index::default()),
            _ => AnyIndex::Bytes(Index::default()),
        };
        Ok(Self { codec, index })
    }

    /// Replaces `slots` by the slot of each row's key; new keys get new slots. Without key columns there is one slot, for however
    /// many rows.
    ///
    /// # Errors
    /// `LV-S722` when slots run out; `LV-S999` if the columns are not of the key types.
    pub fn upsert(&mut self, columns: &[ArrayRef], slots: &mut Vec<u32>) -> Result<()> {
        slots.clear();
        let inputs = self.codec.open(columns)?;
        if self.codec.refuses_some(&inputs) {
            return Err(Error::internal("a NULL in a key column that was said to have none"));
        }
        let rows = row_count(columns);
        with_index!(&mut self.index, index => index.upsert(&self.codec, &inputs, rows, slots))
    }

    /// Replaces `slots` by the slot of each row's key, [`NO_SLOT`] where the key is absent.
    ///
    /// # Errors
    /// `LV-S999` if the columns are not of the key types.
    pub fn find(&self, columns: &[ArrayRef], slots: &mut Vec<u32>) -> Result<()> {
        slots.clear();
        let inputs = self.codec.open(columns)?;
        let rows = row_count(columns);
        with_index!(&self.index, index => index.find(&self.codec, &inputs, rows, slots));
        if self.codec.refuses_some(&inputs) {
            let refused = slots.iter_mut().enumerate().filter(|(row, _)| self.codec.refuses(&inputs, *row));
            refused.for_each(|(_, slot)| *slot = NO_SLOT);
        }
        Ok(())
    }

    /// Forgets the key of `slot`, which a new key may get next. A slot that is not in use stays so.
    pub fn remove(&mut self, slot: u32) {
        with_index!(&mut self.index, index => index.remove(slot));
    }

    /// The key columns of `slots`, in their own types.
    ///
    /// # Errors
    /// `LV-S999` if a slot is not in use.
    pub fn keys(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        if let Some(slot) = slots.iter().find(|slot| !self.contains(**slot)) {
            return Err(Error::internal(format!("the slot {slot} has no key")));
        }
        with_index!(&self.index, index => index.keys.decode(&self.codec, slots))
    }

    /// Whether `slot` has a key.
    #[must_use]
    pub fn contains(&self, slot: u32) -> bool {
        with_index!(&self.index, index => index.slots.contains(slot))
    }

    /// Keys in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        with_index!(&self.index, index => index.slots.len())
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One more than the highest slot ever handed out: the length of a `Vec` by slot.
    #[must_use]
    pub fn slot_bound(&self) -> usize {
        with_index!(&self.index, index => index.slots.bound())
    }

    /// The slots in use, ascending.
    pub fn live_slots(&self) -> impl Iterator<Item = u32> {
        let slots = with_index!(&self.index, index => &index.slots);
        slots.iter()
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        with_index!(&self.index, index => index.bytes())
    }
}

/// Rows of a batch of keys; one where keys have no columns.
fn row_count(columns: &[ArrayRef]) -> usize {
    columns.first().map_or(1, |column| column.len())
}
