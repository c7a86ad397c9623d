//! Blocks of text that Arrow arrays can share while the store goes on appending.

use std::panic::RefUnwindSafe;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow::buffer::Buffer;

/// A fixed piece of memory, freed when the last block or buffer that refers to it goes.
struct BlockMemory {
    start: NonNull<u8>,
    capacity: usize,
}

// SAFETY: the memory is plain bytes. What has been published (below a block's `len`) is never written again, so any thread may read
// it; what has not been published is reached only through `&mut Block`.
unsafe impl Send for BlockMemory {}
// SAFETY: as above.
unsafe impl Sync for BlockMemory {}
impl RefUnwindSafe for BlockMemory {}

impl BlockMemory {
    fn new(capacity: usize) -> Self {
        let bytes: Box<[u8]> = vec![0; capacity].into_boxed_slice();
        let start = Box::into_raw(bytes).cast::<u8>();
        // SAFETY: a box is never null.
        Self { start: unsafe { NonNull::new_unchecked(start) }, capacity }
    }
}

impl Drop for BlockMemory {
    fn drop(&mut self) {
        let bytes = std::ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.capacity);
        // SAFETY: `new` made exactly this box, and nobody refers to it any more.
        drop(unsafe { Box::from_raw(bytes) });
    }
}

/// An append-only block of bytes.
pub(super) struct Block {
    memory: Arc<BlockMemory>,
    /// Published bytes; they never change.
    len: usize,
    /// Published bytes that a row still refers to.
    pub(super) live: usize,
}

impl Block {
    pub(super) fn new(capacity: usize) -> Self {
        Self { memory: Arc::new(BlockMemory::new(capacity)), len: 0, live: 0 }
    }

    pub(super) fn capacity(&self) -> usize {
        self.memory.capacity
    }

    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.memory.capacity - self.len >= bytes
    }

    /// Appends `bytes`, for which there must be room, and says where they begin.
    pub(super) fn append(&mut self, bytes: &[u8]) -> usize {
        assert!(self.has_room(bytes.len()), "a text block was asked for more than its room");
        let offset = self.len;
        // SAFETY: `offset..offset + bytes.len()` is inside the memory (asserted) and not published: nobody reads it.
        unsafe {
            let target = self.memory.start.as_ptr().add(offset);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
        }
        self.len += bytes.len();
        self.live += bytes.len();
        offset
    }

    pub(super) fn published(&self) -> &[u8] {
        // SAFETY: the first `len` bytes are initialised and never written again.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr(), self.len) }
    }

    /// The published bytes as a buffer that shares them.
    pub(super) fn buffer(&self) -> Buffer {
        let owner = Arc::clone(&self.memory);
        // SAFETY: the first `len` bytes are initialised, never written again, and live as long as `owner`.
        unsafe { Buffer::from_custom_allocation(self.memory.start, self.len, owner) }
    }
}
