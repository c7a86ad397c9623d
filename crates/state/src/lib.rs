//! What an incremental operator remembers between two batches, in memory and column-wise.
//!
//! Not here: operators, SQL, files. A structure of this crate is owned by one shard; it neither waits nor locks.
//!
//! - [`KeyIndex`]: key rows → dense *slots* (`u32`), reused once freed. Everything per key is then a plain `Vec` by slot.
//! - [`RowStore`]: rows by slot, gathered back as Arrow arrays.
//! - [`MultiMap`]: rows with weights by key, one side of a join.
//! - [`ExactSum`], [`SumColumn`]: sums of floats from which values can be taken away again.
//! - [`OrderedBag`]: values by group, in order, for min and max on changing input.
//!
//! Every structure can be written out as record batches and read back (`snapshot`, `restore`); slots survive that, so structures
//! that point at each other by slot stay right.
//!
//! ```
//! use std::sync::Arc;
//! use arrow::array::{ArrayRef, Int64Array};
//! use arrow::datatypes::DataType;
//! use levada_state::{KeyIndex, NO_SLOT};
//!
//! let mut index = KeyIndex::new(&[(DataType::Int64, false)])?;
//! let mut slots = Vec::new();
//! index.upsert(&[Arc::new(Int64Array::from(vec![7, 8, 7])) as ArrayRef], &mut slots)?;
//! assert_eq!(slots, [0, 1, 0]);
//! index.find(&[Arc::new(Int64Array::from(vec![8, 9])) as ArrayRef], &mut slots)?;
//! assert_eq!(slots, [1, NO_SLOT]);
//! # Ok::<(), levada_base::Error>(())
//! ```

mod arena;
mod column;
mod exact_sum;
mod hash;
mod key_index;
mod multi_map;
mod ordered_bag;
mod paged;
mod prefetch;
mod row_store;
mod slots;
mod snapshot;
mod table;
#[cfg(test)]
mod testing;

pub use exact_sum::{ExactSum, SumColumn};
pub use hash::{hash_rows, key_group};
pub use key_index::KeyIndex;
pub use multi_map::{EntryChange, EntryLog, KeyTotal, MatchCursor, Matches, MergedEntry, MultiMap, MultiMapSnapshot};
pub use ordered_bag::OrderedBag;
pub use row_store::{OpenRows, RowStore, SortColumn};
pub use slots::NO_SLOT;
