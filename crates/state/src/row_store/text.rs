//! Text and binary columns as 16-byte views: up to 12 bytes inside the view, longer ones in shared blocks.
//!
//! Gathering copies views only; the arrays handed out share the blocks. A block without live text is dropped, and all blocks are
//! rewritten once more than half of their bytes are dead.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryViewArray, StringViewArray};
use arrow::buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use levada_base::{Error, Result, codes};

use super::block::Block;
use super::pick::RowPick;
use crate::column::{BytesInput, INLINE_BYTES_MAX, bytes_array};
use crate::paged::Paged;
use crate::slots::NO_SLOT;

const BLOCK_BYTES_MIN: usize = 4 * 1024;
const BLOCK_BYTES_MAX: usize = 4 * 1024 * 1024;
const COMPACT_DEAD_BYTES_MIN: usize = 256 * 1024;

/// Values by slot.
#[derive(Default)]
pub(super) struct TextColumn {
    /// A freed slot has the empty view.
    views: Paged<u128>,
    /// `None` where a block was dropped; its place is used again.
    blocks: Vec<Option<Block>>,
    /// The block that is appended to.
    open: Option<usize>,
    free_blocks: Vec<usize>,
    block_bytes: usize,
    dead: usize,
}

/// Where a long text is.
struct Place {
    length: usize,
    block: usize,
    offset: usize,
}

fn place(view: u128) -> Option<Place> {
    let length = view as u32 as usize;
    (length > INLINE_BYTES_MAX as usize).then_some(Place {
        length,
        block: (view >> 64) as u32 as usize,
        offset: (view >> 96) as u32 as usize,
    })
}

fn long_view(bytes: &[u8], block: usize, offset: usize) -> u128 {
    let prefix = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    bytes.len() as u128 | u128::from(prefix) << 32 | (block as u128) << 64 | (offset as u128) << 96
}

fn inline_view(bytes: &[u8]) -> u128 {
    let mut view = [0; 16];
    view[..4].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    view[4..4 + bytes.len()].copy_from_slice(bytes);
    u128::from_le_bytes(view)
}

impl TextColumn {
    /// Writes the picked rows into their slots; a NULL becomes the empty text.
    pub(super) fn write(
        &mut self,
        slots: &[u32],
        bound: usize,
        input: &BytesInput,
        rows: RowPick,
        is_null: impl Fn(usize) -> bool,
    ) -> Result<()> {
        self.views.grow(bound, 0);
        for (index, slot) in slots.iter().enumerate() {
            let row = rows.row(index);
            let view = match input.inline_view(row) {
                _ if is_null(row) => 0,
                Some(view) => view,
                None => self.keep(input.get(row))?,
            };
            self.views[*slot as usize] = view;
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<u128> {
        if bytes.len() <= INLINE_BYTES_MAX as usize {
            return Ok(inline_view(bytes));
        }
        if bytes.len() > i32::MAX as usize {
            let message = format!("a value of {} bytes is longer than the 2147483647 bytes that state can hold", bytes.len());
            return Err(Error::new(codes::LV_S722, message).with_hint("shorten the value, for example with left(…)"));
        }
        Ok(self.append(bytes))
    }

    /// Puts a long text into the open block, or into a new one, and says its view.
    fn append(&mut self, bytes: &[u8]) -> u128 {
        let index = match self.open {
            Some(index) if self.block(index).has_room(bytes.len()) => index,
            _ => self.open_block(bytes.len()),
        };
        let offset = self.blocks[index].as_mut().expect("the open block is there").append(bytes);
        long_view(bytes, index, offset)
    }

    fn block(&self, index: usize) -> &Block {
        self.blocks[index].as_ref().expect("a view refers to a block that is there")
    }

    fn open_block(&mut self, bytes: usize) -> usize {
        if let Some(closed) = self.open.take() {
            self.drop_if_dead(closed);
        }
        // Blocks grow with the store: a small state stays small, a large one has few blocks.
        let block = Block::new(self.block_bytes.clamp(BLOCK_BYTES_MIN, BLOCK_BYTES_MAX).max(bytes));
        self.block_bytes += block.capacity();
        let index = self.free_blocks.pop().unwrap_or(self.blocks.len());
        if index == self.blocks.len() {
            self.blocks.push(None);
        }
        self.blocks[index] = Some(block);
        self.open = Some(index);
        index
    }

    fn drop_if_dead(&mut self, index: usize) {
        if self.block(index).live == 0
            && let Some(block) = self.blocks[index].take()
        {
            self.dead -= block.published().len();
            self.block_bytes -= block.capacity();
            self.free_blocks.push(index);
        }
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let view = std::mem::take(&mut self.views[slot as usize]);
        let Some(place) = place(view) else { return };
        if let Some(block) = &mut self.blocks[place.block] {
            block.live -= place.length;
        }
        self.dead += place.length;
        if self.open != Some(place.block) {
            self.drop_if_dead(place.block);
        }
        if self.dead > COMPACT_DEAD_BYTES_MIN && self.dead * 2 > self.block_bytes {
            self.compact();
        }
    }

    /// Writes every live text into new blocks.
    fn compact(&mut self) {
        let old = std::mem::take(&mut self.blocks);
        let views = std::mem::take(&mut self.views);
        *self = Self { views, ..Self::default() };
        for slot in 0..self.views.len() {
            let Some(place) = place(self.views[slot]) else { continue };
            let Some(block) = &old[place.block] else { continue };
            let bytes = &block.published()[place.offset..place.offset + place.length];
            self.views[slot] = self.append(bytes);
        }
    }

    /// The bytes of a slot.
    pub(super) fn get(&self, slot: u32) -> &[u8] {
        let view = &self.views[slot as usize];
        match place(*view) {
            Some(place) => &self.block(place.block).published()[place.offset..place.offset + place.length],
            None => {
                // SAFETY: a view is 16 bytes in memory; on a little-endian machine its text begins at the fifth.
                let bytes = unsafe { std::slice::from_raw_parts(std::ptr::from_ref(view).cast::<u8>(), 16) };
                &bytes[4..4 + *view as u32 as usize]
            }
        }
    }

    /// Whether the value of `slot` is `bytes`, without looking into a block where lengths or beginnings differ.
    pub(super) fn equals(&self, slot: u32, bytes: &[u8]) -> bool {
        self.views[slot as usize] as u32 as usize == bytes.len() && self.get(slot) == bytes
    }

    /// The values of `slots`; [`NO_SLOT`] and NULL rows are NULL in `nulls`.
    pub(super) fn gather(&self, data_type: &DataType, slots: &[u32], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        if !matches!(data_type, DataType::Utf8View | DataType::BinaryView) {
            let is_null = |index: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(index));
            let values = slots.iter().enumerate().map(|(index, slot)| (!is_null(index)).then(|| self.get(*slot)));
            return bytes_array(data_type, values);
        }
        let (views, buffers) = self.gather_views(slots);
        // SAFETY: every view came from a checked array of this type; a long one refers to a range of the shared block that was
        // published with it, by the block's place in `buffers`.
        Ok(unsafe {
            match data_type {
                DataType::Utf8View => Arc::new(StringViewArray::new_unchecked(views, buffers, nulls)),
                _ => Arc::new(BinaryViewArray::new_unchecked(views, buffers, nulls)),
            }
        })
    }

    /// The views of `slots`, and the blocks they use, renumbered by first use.
    fn gather_views(&self, slots: &[u32]) -> (ScalarBuffer<u128>, Vec<Buffer>) {
        let mut numbers = vec![NO_SLOT; self.blocks.len()];
        let mut buffers = Vec::new();
        let mut renumber = |view: u128| {
            let Some(place) = place(view) else { return view };
            if numbers[place.block] == NO_SLOT {
                numbers[place.block] = buffers.len() as u32;
                buffers.push(self.block(place.block).buffer());
            }
            view & !(u128::from(u32::MAX) << 64) | u128::from(numbers[place.block]) << 64
        };
        let views: Vec<u128> =
            slots.iter().map(|slot| renumber(self.views.get(*slot as usize).copied().unwrap_or(0))).collect();
        (ScalarBuffer::from(views), buffers)
    }

    pub(super) fn bytes(&self) -> usize {
        self.views.bytes() + self.block_bytes
    }
}
