//! An input from outside.

use std::time::Duration;

use arrow::array::RecordBatch;
use levada_base::Result;

/// How much one fetch may bring and how long it may wait for it.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// At most so many rows.
    pub rows_max: usize,
    /// Return [`Fetch::Nothing`] after this long without a row.
    pub wait: Duration,
}

/// Where a source stands: opaque to the engine, ordered, and enough for [`Source::seek`] to go on from there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SourcePosition(pub Vec<u8>);

/// Rows of one partition, and where the source stands after them.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Rows in the schema that the source was opened with: declared columns by name, engine types.
    pub batch: RecordBatch,
    /// Which partition they came from; watermarks are kept for each.
    pub partition: u32,
    /// The position after the last of these rows.
    pub position: SourcePosition,
}

/// What a fetch brought.
#[derive(Debug, Clone)]
pub enum Fetch {
    Rows(Fetched),
    /// Nothing now; ask again.
    Nothing,
    /// Nothing ever again: the input is bounded and was read to its end.
    End,
}

/// An open input. It is owned by one reader; `fetch` may block up to `limits.wait`.
///
/// The same position gives the same rows for as long as the outside keeps them (replay class `Seek`); a source that can't do that
/// says `Replay::None` in its capabilities.
pub trait Source: Send {
    /// The next rows.
    ///
    /// # Errors
    /// `LV-C010` where the outside can't be reached, `LV-C040` (with place and first bytes) for a row that can't be decoded,
    /// `LV-C050` where the outside's schema is not the declared one.
    fn fetch(&mut self, limits: FetchLimits) -> Result<Fetch>;

    /// Goes to a position that an earlier fetch returned; the default value means the start.
    ///
    /// # Errors
    /// `LV-C023` if what was there is not there any more.
    fn seek(&mut self, position: &SourcePosition) -> Result<()>;
}
