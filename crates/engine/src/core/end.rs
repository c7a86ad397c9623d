//! How far inputs and jobs are, when bounded inputs are through, and the end of everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use levada_base::{Error, ObjectId, Result};

use super::Core;
use crate::intake::{Ended, SourceState};

impl Core {
    /// Whether all bounded sources below these relations have been read to their end and worked off.
    ///
    /// # Errors
    /// What ended one of them before its end, or stopped a job on the way.
    pub(crate) fn has_ended(&self, relations: &[ObjectId]) -> Result<bool, Arc<Error>> {
        let mut below: BTreeSet<ObjectId> = relations.iter().copied().collect();
        let mut waiting: Vec<ObjectId> = relations.to_vec();
        while let Some(id) = waiting.pop() {
            if let Some(job) = self.jobs.get(&id) {
                job.failure()?;
            }
            let reads = self.catalog.by_id(id).map(|object| object.reads.clone()).unwrap_or_default();
            waiting.extend(reads.iter().filter(|read| below.insert(**read)));
        }
        for source in below.iter().filter_map(|id| self.sources.get(id)) {
            source.failure()?;
            let through = matches!(source.end, Some(Ended::Complete));
            if source.definition.is_bounded() && source.is_started() && !through {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether any source goes on for ever.
    pub(crate) fn has_unbounded_readers(&self) -> bool {
        self.sources.values().any(|source| source.is_started() && !source.definition.is_bounded())
    }

    /// Nothing more comes into a source that the program pushes into: its windows close.
    ///
    /// # Errors
    /// As [`Core::run_epoch`].
    pub(crate) fn end_of_push(&mut self, id: ObjectId) -> Result<levada_base::Epoch> {
        if let Some(source) = self.sources.get_mut(&id) {
            source.end = Some(Ended::Complete);
        }
        let changes = self.admit(id, Vec::new());
        self.run_epoch(super::EpochInputs::from([(id, changes)]))
    }

    /// How far sources and jobs are.
    pub(crate) fn progress(&self) -> Vec<crate::Progress> {
        let name = |id: &ObjectId| self.catalog.by_id(*id).map_or_else(String::new, |object| object.name.clone());
        let sources = self.sources.iter().map(|(id, source)| crate::Progress {
            name: name(id),
            rows: source.rows,
            watermark: source.watermark,
            is_source: true,
        });
        let jobs = self.jobs.values().map(|job| crate::Progress {
            name: job.name.clone(),
            rows: job.rows_in,
            watermark: job.watermark(),
            is_source: false,
        });
        sources.chain(jobs).collect()
    }

    /// Ends everything; gives the sources back, whose readers must be joined without the lock.
    pub(crate) fn close(&mut self) -> (Result<()>, Vec<SourceState>) {
        let first = !self.closed;
        self.closed = true;
        let mut result = Ok(());
        for job in self.jobs.values_mut().filter(|_| first) {
            if let super::Output::Sink(sink) = &mut job.output {
                result = result.and(sink.close());
            }
            for subscriber in job.subscribers.drain(..) {
                subscriber.close();
            }
        }
        self.signal.raise();
        (result, std::mem::take(&mut self.sources).into_values().collect())
    }
}
