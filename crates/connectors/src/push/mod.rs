//! Rows pushed by the program: a bounded queue of batches for each partition, between [`PushHandle`]s and a [`PushSource`].
//!
//! A push waits while the queue is full, so a slow reader slows the program down and nothing is dropped. What is in the queue is gone
//! with the process: the replay class is `None`.

mod queue;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, codes};
use levada_connect::{Fetch, FetchLimits, Fetched, Source, SourcePosition};

use queue::{Pop, Push, Queue};

/// A queue for rows of `schema`, with `partitions` handles that push into it independently.
#[must_use]
pub fn push_source(schema: SchemaRef, partitions: u32, buffer_rows: usize) -> (Vec<PushHandle>, PushSource) {
    let partitions = partitions.max(1);
    let queue = Arc::new(Queue::new(partitions, buffer_rows.max(1)));
    let handle = |partition| PushHandle { queue: queue.clone(), schema: schema.clone(), partition };
    let handles = (0..partitions).map(handle).collect();
    (handles, PushSource { queue, schema })
}

/// Pushes into one partition. Dropping it ends the partition, as [`PushHandle::end`] does.
pub struct PushHandle {
    queue: Arc<Queue>,
    schema: SchemaRef,
    partition: u32,
}

/// Whether a push was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Pushed {
    Taken,
    /// The queue is full: nothing was taken.
    Full,
}

impl PushHandle {
    /// The columns that rows must have.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Pushes rows; waits while the queue is full. A batch longer than the whole queue is taken once the queue is empty.
    ///
    /// # Errors
    /// `LV-C050` if the columns are others, and nothing is taken; `LV-J011` if the source is closed or this partition was ended.
    pub fn push(&self, batch: &RecordBatch) -> Result<()> {
        self.offer(batch, Queue::push).map(drop)
    }

    /// Pushes rows if there is room for them now.
    ///
    /// # Errors
    /// See [`PushHandle::push`].
    pub fn try_push(&self, batch: &RecordBatch) -> Result<Pushed> {
        self.offer(batch, Queue::try_push)
    }

    fn offer(&self, batch: &RecordBatch, push: impl FnOnce(&Queue, u32, RecordBatch) -> Push) -> Result<Pushed> {
        let batch = self.fitted(batch)?;
        if batch.num_rows() == 0 {
            return Ok(Pushed::Taken);
        }
        match push(&self.queue, self.partition, batch) {
            Push::Taken => Ok(Pushed::Taken),
            Push::Full => Ok(Pushed::Full),
            Push::Closed => {
                Err(Error::new(codes::LV_J011, "the source takes no more rows").with_reason("it was closed or ended"))
            }
        }
    }

    /// No more rows come from this partition; when all are ended, the source is at its end.
    pub fn end(&self) {
        self.queue.end(self.partition);
    }

    /// The rows in the source's schema: the same columns in the same order, in engine types.
    fn fitted(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let batch = levada_delta::engine_batch(batch)?;
        let describe = |schema: &SchemaRef| -> Vec<String> {
            schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
        };
        let (found, wanted) = (describe(&batch.schema()), describe(&self.schema));
        if found != wanted {
            return Err(Error::new(codes::LV_C050, "the pushed rows have other columns than the source").with_reason(format!(
                "they have ({}), not ({})",
                found.join(", "),
                wanted.join(", ")
            )));
        }
        RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec()).map_err(|cause| {
            Error::new(codes::LV_C050, "the pushed rows do not fit the source").with_reason(cause.to_string()).caused_by(cause)
        })
    }
}

impl Drop for PushHandle {
    fn drop(&mut self) {
        self.end();
    }
}

/// The reading end.
pub struct PushSource {
    queue: Arc<Queue>,
    schema: SchemaRef,
}

impl PushSource {
    /// The columns of its rows.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Source for PushSource {
    fn fetch(&mut self, limits: FetchLimits) -> Result<Fetch> {
        Ok(match self.queue.pop(limits.rows_max.max(1), limits.wait) {
            Pop::Rows(partition, batch) => Fetch::Rows(Fetched { batch, partition, position: SourcePosition::default() }),
            Pop::Nothing => Fetch::Nothing,
            Pop::End => Fetch::End,
        })
    }

    /// Only the start can be gone to, before anything was read: what was read is nowhere any more.
    fn seek(&mut self, position: &SourcePosition) -> Result<()> {
        if position.0.is_empty() && self.queue.is_unread() {
            return Ok(());
        }
        Err(Error::new(codes::LV_C023, "pushed rows can't be read again").with_reason("they were in memory only"))
    }
}

impl Drop for PushSource {
    fn drop(&mut self) {
        self.queue.close();
    }
}
