//! Asking the memory for what the next loop will read. A probe that waits for memory row by row costs ten times one that asked
//! for a whole group of rows first.

/// Rows whose memory is asked for together: enough to cover the latency, few enough to stay in the first-level cache.
pub(crate) const PREFETCH_ROWS: usize = 64;

/// Hints that `slice[index]` will be read soon; does nothing out of bounds.
#[inline(always)]
pub(crate) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = slice.get(index) {
        // SAFETY: a prefetch reads nothing that the program can see, and the address is inside a live slice.
        unsafe {
            core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(item).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}
