//! A running source: how far it was read, and its watermark.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use levada_base::{Error, Result, Timestamp, Watermark};

use super::queue::End;
use super::reader::Step;
use super::{Prepared, Queue, Reader, ReaderThread, SourceDefinition, Waiting};

/// A source that jobs read.
pub(crate) struct SourceState {
    pub definition: SourceDefinition,
    feed: Feed,
    partitions: BTreeMap<u32, Partition>,
    /// Rows that epochs have taken; a job that comes later reads as many again.
    pub rows: u64,
    pub watermark: Watermark,
    pub end: Option<Ended>,
}

/// How a source ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Complete,
    Failed(Arc<Error>),
}

/// Where the rows come from.
enum Feed {
    /// Nobody reads yet, or the program pushes.
    Idle,
    /// Open, and not read before the database starts reading.
    Held(Reader),
    Thread {
        queue: Arc<Queue>,
        _thread: ReaderThread,
    },
    /// In a world without threads the owner steps the reader.
    Stepped(Reader),
}

struct Partition {
    mark: i64,
    last_row: Timestamp,
}

impl SourceState {
    pub(crate) fn new(definition: SourceDefinition) -> Self {
        let partitions = BTreeMap::new();
        Self { definition, feed: Feed::Idle, partitions, rows: 0, watermark: Watermark::NONE, end: None }
    }

    pub(crate) fn is_started(&self) -> bool {
        !matches!(self.feed, Feed::Idle)
    }

    pub(crate) fn hold(&mut self, reader: Reader) {
        self.feed = Feed::Held(reader);
    }

    pub(crate) fn release(&mut self) -> Option<Reader> {
        match std::mem::replace(&mut self.feed, Feed::Idle) {
            Feed::Held(reader) => Some(reader),
            other => {
                self.feed = other;
                None
            }
        }
    }

    pub(crate) fn start_thread(&mut self, queue: Arc<Queue>, thread: ReaderThread) {
        self.feed = Feed::Thread { queue, _thread: thread };
    }

    pub(crate) fn start_stepped(&mut self, reader: Reader) {
        self.feed = Feed::Stepped(reader);
    }

    /// What the reader has brought and no epoch has taken.
    pub(crate) fn waiting(&self) -> Waiting {
        match &self.feed {
            Feed::Thread { queue, .. } => queue.waiting(),
            Feed::Idle | Feed::Held(_) | Feed::Stepped(_) => Waiting::default(),
        }
    }

    /// Rows for the next epoch.
    ///
    /// # Errors
    /// What the reader said; the source has ended then.
    pub(crate) fn take(&mut self, rows_max: usize) -> Vec<Prepared> {
        let (batches, end) = match &mut self.feed {
            Feed::Idle | Feed::Held(_) => return Vec::new(),
            Feed::Thread { queue, .. } => {
                let taken = queue.take(rows_max);
                (taken.batches, taken.end)
            }
            Feed::Stepped(_) if self.end.is_some() => return Vec::new(),
            Feed::Stepped(reader) => match reader.step(rows_max) {
                Ok(Step::Rows(prepared)) => (vec![prepared], None),
                Ok(Step::Nothing) => (Vec::new(), None),
                Ok(Step::End) => (Vec::new(), Some(End::Complete)),
                Err(error) => (Vec::new(), Some(End::Failed(error))),
            },
        };
        match end {
            None => {}
            Some(End::Complete) => self.end = Some(Ended::Complete),
            Some(End::Failed(error)) => self.end = Some(Ended::Failed(Arc::new(error))),
        }
        batches
    }

    /// The watermark after an epoch with these rows: the minimum over partitions that are not idle, never going back.
    pub(crate) fn advance(&mut self, batches: &[Prepared], now: Timestamp, idle_timeout: Duration) -> Watermark {
        for prepared in batches {
            self.rows += prepared.delta.num_rows() as u64;
            let partition =
                self.partitions.entry(prepared.partition).or_insert(Partition { mark: Watermark::NONE.0, last_row: now });
            partition.last_row = now;
            partition.mark = partition.mark.max(prepared.mark.unwrap_or(Watermark::NONE.0));
        }
        if matches!(self.end, Some(Ended::Complete)) {
            self.watermark = Watermark::END;
            return self.watermark;
        }
        let idle = |partition: &&Partition| idle_timeout.is_zero() || now.since(partition.last_row) < idle_timeout;
        let slowest = self.partitions.values().filter(idle).map(|partition| partition.mark).min();
        self.watermark = self.watermark.max(slowest.map_or(Watermark::NONE, Watermark));
        self.watermark
    }

    /// The watermark as the jobs should see it: sources without one hold nothing back.
    pub(crate) fn watermark(&self) -> Watermark {
        if self.definition.watermark.is_none() { Watermark::END } else { self.watermark }
    }

    /// # Errors
    /// What ended the source, if that was not its end.
    pub(crate) fn failure(&self) -> Result<(), Arc<Error>> {
        match &self.end {
            Some(Ended::Failed(error)) => Err(error.clone()),
            Some(Ended::Complete) | None => Ok(()),
        }
    }
}
