//! The current row of every key, and what it was when the epoch began.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use levada_base::Result;
use levada_state::{KeyIndex, NO_SLOT, RowStore};

/// No row of the batch at hand: the key's last word in it was a delete.
const DELETED: u32 = u32::MAX;
/// The batch at hand has said nothing of the key.
const SILENT: u32 = u32::MAX - 1;

/// What is known of one key. Rows are slots of the store, [`NO_SLOT`] where there is none.
#[derive(Debug, Clone, Copy)]
struct KeyRow {
    /// The row when the epoch began, if the epoch has touched the key.
    before: u32,
    now: u32,
    /// The key's last word in the batch at hand: a row of it, [`DELETED`] or [`SILENT`].
    word: u32,
    touched: bool,
}

impl KeyRow {
    const ABSENT: Self = Self { before: NO_SLOT, now: NO_SLOT, word: SILENT, touched: false };

    fn is_live(self) -> bool {
        match self.word {
            SILENT => self.now != NO_SLOT,
            word => word != DELETED,
        }
    }
}

/// Rows by key.
pub(super) struct KeyedRows {
    keys: KeyIndex,
    rows: RowStore,
    /// By slot of the key.
    entries: Vec<KeyRow>,
    /// Keys touched in this epoch.
    touched: Vec<u32>,
    scratch: Scratch,
}

/// Buffers for the batch at hand, kept for the next one.
#[derive(Default)]
struct Scratch {
    slots: Vec<u32>,
    /// Keys of the batch, once each.
    spoken: Vec<u32>,
    picked: Vec<u32>,
    owners: Vec<u32>,
    stored: Vec<u32>,
}

/// The net difference of an epoch, as slots of the store.
pub(super) struct Difference {
    pub(super) retracted: Vec<u32>,
    pub(super) inserted: Vec<u32>,
}

impl KeyedRows {
    pub(super) fn new(schema: &SchemaRef, key: &[usize]) -> Result<Self> {
        let key_types: Vec<_> = key.iter().map(|&column| schema.field(column)).collect();
        let key_types: Vec<_> = key_types.into_iter().map(|field| (field.data_type().clone(), field.is_nullable())).collect();
        Ok(Self {
            keys: KeyIndex::new(&key_types)?,
            rows: RowStore::new(schema.clone())?,
            entries: Vec::new(),
            touched: Vec::new(),
            scratch: Scratch::default(),
        })
    }

    /// Takes the rows of a batch in their order: `weight(row)` > 0 sets the row of its key, < 0 deletes it, 0 says nothing. Gives the
    /// first row that deletes a key which has none; the state is then of no use any more.
    pub(super) fn take(
        &mut self,
        batch: &RecordBatch,
        key: &[ArrayRef],
        weight: impl Fn(usize) -> i64,
    ) -> Result<Option<usize>> {
        let mut scratch = std::mem::take(&mut self.scratch);
        self.keys.upsert(key, &mut scratch.slots)?;
        self.entries.resize(self.keys.slot_bound(), KeyRow::ABSENT);
        scratch.spoken.clear();
        for (row, &slot) in scratch.slots.iter().enumerate() {
            let entry = &mut self.entries[slot as usize];
            if !entry.touched {
                *entry = KeyRow { before: entry.now, touched: true, ..*entry };
                self.touched.push(slot);
            }
            let word = match weight(row) {
                0 => continue,
                1.. => row as u32,
                _ if entry.is_live() => DELETED,
                _ => return Ok(Some(row)),
            };
            if entry.word == SILENT {
                scratch.spoken.push(slot);
            }
            entry.word = word;
        }
        self.settle(batch, &mut scratch)?;
        self.scratch = scratch;
        Ok(None)
    }

    /// Puts every key's last word of the batch into the store. A row that equals the one before the epoch is that one.
    fn settle(&mut self, batch: &RecordBatch, scratch: &mut Scratch) -> Result<()> {
        let opened = self.rows.open(batch)?;
        scratch.picked.clear();
        scratch.owners.clear();
        for &slot in &scratch.spoken {
            let entry = &mut self.entries[slot as usize];
            let word = std::mem::replace(&mut entry.word, SILENT);
            if entry.now != entry.before {
                // A version that this epoch made and nobody has seen; removing no slot is fine.
                self.rows.remove(entry.now);
            }
            entry.now = NO_SLOT;
            if word == DELETED {
                continue;
            }
            if entry.before != NO_SLOT && self.rows.eq_row(entry.before, &opened, word as usize) {
                entry.now = entry.before;
            } else {
                scratch.picked.push(word);
                scratch.owners.push(slot);
            }
        }
        self.rows.insert_opened(&opened, Some(&scratch.picked), &mut scratch.stored)?;
        for (&owner, &stored) in scratch.owners.iter().zip(&scratch.stored) {
            self.entries[owner as usize].now = stored;
        }
        Ok(())
    }

    /// What the epoch changed.
    pub(super) fn difference(&self) -> Difference {
        let changed = || self.touched.iter().map(|&slot| self.entries[slot as usize]).filter(|entry| entry.before != entry.now);
        let rows = |slots: &mut dyn Iterator<Item = u32>| slots.filter(|&slot| slot != NO_SLOT).collect();
        Difference {
            retracted: rows(&mut changed().map(|entry| entry.before)),
            inserted: rows(&mut changed().map(|entry| entry.now)),
        }
    }

    /// Ends the epoch: forgets the rows before it that are no more, and the keys without a row.
    pub(super) fn end_epoch(&mut self) {
        for slot in self.touched.drain(..) {
            let entry = &mut self.entries[slot as usize];
            if entry.before != entry.now {
                self.rows.remove(entry.before);
            }
            *entry = KeyRow { now: entry.now, ..KeyRow::ABSENT };
            if entry.now == NO_SLOT {
                self.keys.remove(slot);
            }
        }
    }

    pub(super) fn gather(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        self.rows.gather(slots, None)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.keys.bytes() + self.rows.bytes() + self.entries.capacity() * size_of::<KeyRow>()
    }
}
