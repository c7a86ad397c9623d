//! Known bugs that a test puts back, to show that it finds them.
//!
//! Nothing plants one outside of [`with_bug`], which only tests call; operators ask once a batch. The switch belongs to the thread: it
//! reaches an engine whose operators run in its caller's thread, as they do in a simulated world, and no other.

use std::cell::Cell;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

/// A bug of the kind that incremental engines have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A join gives what the right side's changes make with the sign turned round.
    WrongSign,
    /// An aggregate does not see that rows are taken back.
    MissedRetraction,
    /// Of several batches before an operator the last is lost.
    DroppedBatch,
    /// What goes to another shard arrives twice.
    DuplicatedBatch,
    /// A row at the border of two windows is in the earlier one.
    WindowEndOffByOne,
    /// NULL equals NULL in the keys of a join.
    NullKeysMatch,
    /// A window that has closed still takes rows.
    LateRowKept,
    /// DISTINCT forgets a value with the first of its copies.
    DistinctIgnoresWeights,
    /// A top-N keeps a row too many.
    TopNOffByOne,
    /// An outer join leaves the row with NULLs when a match comes.
    PaddingStays,
    /// The largest or smallest value stays when its row goes.
    ExtremeNotRecomputed,
    /// A filter lets rows through for which its condition is NULL.
    NullPassesFilter,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::WrongSign,
        Self::MissedRetraction,
        Self::DroppedBatch,
        Self::DuplicatedBatch,
        Self::WindowEndOffByOne,
        Self::NullKeysMatch,
        Self::LateRowKept,
        Self::DistinctIgnoresWeights,
        Self::TopNOffByOne,
        Self::PaddingStays,
        Self::ExtremeNotRecomputed,
        Self::NullPassesFilter,
    ];
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Runs `run` with `bug` in the operators of this thread.
pub fn with_bug<T>(bug: Bug, run: impl FnOnce() -> T) -> T {
    /// Takes the bug away again, also when `run` panics.
    struct Planted;
    impl Drop for Planted {
        fn drop(&mut self) {
            PLANTED.set(None);
        }
    }
    PLANTED.set(Some(bug));
    let _planted = Planted;
    run()
}

/// Whether the bug is there.
#[inline]
pub(crate) fn has(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// The changes of `delta` that insert.
pub(crate) fn without_retractions(delta: &DeltaBatch) -> Result<DeltaBatch> {
    delta.filter(&(0..delta.num_rows()).map(|row| Some(delta.weight(row) > 0)).collect())
}

/// `delta` with `by` added to the times in `column`.
pub(crate) fn moved(delta: &DeltaBatch, column: usize, by: i64) -> Result<DeltaBatch> {
    let bug = |cause| Error::internal(format!("planted: {cause}"));
    let (batch, weights) = delta.clone().into_parts();
    let mut columns = batch.columns().to_vec();
    let times = cast(&columns[column], &DataType::Int64).map_err(bug)?;
    let moved: ArrayRef = Arc::new(times.as_primitive::<Int64Type>().unary::<_, Int64Type>(|time| time + by));
    columns[column] = cast(&moved, batch.column(column).data_type()).map_err(bug)?;
    DeltaBatch::new(RecordBatch::try_new(batch.schema(), columns).map_err(bug)?, weights)
}
