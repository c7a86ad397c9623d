//! An output to outside.

use arrow::array::RecordBatch;
use levada_base::{Epoch, Result};

/// An open output. Rows come already in the sink's envelope (plain columns, or columns with `_epoch`, `_op`, …), epoch by epoch.
///
/// Every call may be repeated after an error that is `Unavailable`; a repeated `commit` of the same epoch is a success.
pub trait Sink: Send {
    /// Takes rows of `epoch`. They need not be visible outside before [`Sink::commit`].
    ///
    /// # Errors
    /// `LV-C030` if the outside refused or was not reached.
    fn write(&mut self, epoch: Epoch, rows: &RecordBatch) -> Result<()>;

    /// All rows up to and with `epoch` are final: hand them on.
    ///
    /// # Errors
    /// As [`Sink::write`].
    fn commit(&mut self, epoch: Epoch) -> Result<()>;

    /// The end: whatever is held back becomes visible, and everything is released.
    ///
    /// # Errors
    /// As [`Sink::write`].
    fn close(&mut self) -> Result<()>;
}

/// A sink for tests: keeps the rows in memory.
#[derive(Debug, Default)]
pub struct Memory {
    /// Rows in the order they came, with their epochs.
    pub rows: Vec<(Epoch, RecordBatch)>,
    /// The last epoch committed.
    pub committed: Epoch,
}

impl Sink for Memory {
    fn write(&mut self, epoch: Epoch, rows: &RecordBatch) -> Result<()> {
        self.rows.push((epoch, rows.clone()));
        Ok(())
    }

    fn commit(&mut self, epoch: Epoch) -> Result<()> {
        self.committed = self.committed.max(epoch);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}
