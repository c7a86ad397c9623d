//! One epoch: the changes of all inputs through all jobs, into contents, sinks and subscribers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use levada_base::{Epoch, Error, ObjectId, Result, Watermark};
use levada_dataflow::{EpochInput, NodeId};
use levada_delta::DeltaBatch;

use super::job::{JobState, Output};
use super::{Core, Job};
use crate::guard::guarded;
use crate::intake::Prepared;

/// What changed of one relation in an epoch, netted unless it only grows.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    pub batches: Vec<DeltaBatch>,
    pub watermark: Watermark,
}

/// What changed, by relation.
pub(crate) type EpochInputs = BTreeMap<ObjectId, Changes>;

impl Changes {
    pub(crate) fn rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }

    pub(crate) fn for_input(&self, node: NodeId) -> EpochInput {
        EpochInput { node, changes: self.batches.clone(), watermark: self.watermark }
    }
}

impl Core {
    /// Takes what the sources have and runs an epoch over it; `false` if there was nothing.
    ///
    /// # Errors
    /// An error that belongs to no single job.
    pub(crate) fn step(&mut self) -> Result<bool> {
        let mut inputs = EpochInputs::new();
        let ids: Vec<ObjectId> = self.sources.keys().copied().collect();
        let mut room = self.settings.epoch_rows_max;
        let mut ended = false;
        for id in ids {
            let Some(source) = self.sources.get_mut(&id) else { continue };
            if source.end.is_some() || room == 0 {
                continue;
            }
            let batches = source.take(room);
            let rows: usize = batches.iter().map(|prepared| prepared.delta.num_rows()).sum();
            room = room.saturating_sub(rows);
            ended |= source.end.is_some();
            if rows > 0 || source.end.is_some() || self.has_fallen_idle(id) {
                let changes = self.admit(id, batches);
                inputs.insert(id, changes);
            }
        }
        if inputs.is_empty() {
            return Ok(false);
        }
        self.run_epoch(inputs)?;
        if ended {
            self.fail_readers_of_failed_sources();
        }
        Ok(true)
    }

    /// Whether the watermark moves because partitions have been silent for too long.
    fn has_fallen_idle(&mut self, id: ObjectId) -> bool {
        let (now, idle_timeout) = (self.world.now(), Duration::from_millis(self.settings.idle_timeout_ms));
        self.sources.get_mut(&id).is_some_and(|source| {
            let before = source.watermark();
            source.advance(&[], now, idle_timeout) > before
        })
    }

    /// What rows of a source mean in the next epoch.
    pub(crate) fn admit(&mut self, id: ObjectId, batches: Vec<Prepared>) -> Changes {
        let now = self.world.now();
        let idle_timeout = Duration::from_millis(self.settings.idle_timeout_ms);
        let watermark = match self.sources.get_mut(&id) {
            None => Watermark::END,
            Some(source) => {
                source.advance(&batches, now, idle_timeout);
                source.watermark()
            }
        };
        Changes { batches: batches.into_iter().map(|prepared| prepared.delta).collect(), watermark }
    }

    /// Runs the next epoch over these changes. Jobs that fail stop alone.
    ///
    /// # Errors
    /// A table that can't take its changes: nothing has happened then.
    pub(crate) fn run_epoch(&mut self, mut inputs: EpochInputs) -> Result<Epoch> {
        let epoch = self.epoch.next();
        for (id, changes) in &inputs {
            if let Some(content) = self.contents.get_mut(id) {
                content.apply(&changes.batches)?;
            }
        }
        self.epoch = epoch;
        let ids: Vec<ObjectId> = self.jobs.keys().copied().collect();
        for id in ids {
            if let Err(error) = self.run_job(id, epoch, &mut inputs) {
                self.fail(id, epoch, Arc::new(error));
            }
        }
        self.commit(epoch);
        self.publish(epoch, &inputs);
        self.end_unread_subscriptions();
        Ok(epoch)
    }

    fn run_job(&mut self, id: ObjectId, epoch: Epoch, inputs: &mut EpochInputs) -> Result<()> {
        let Some(job) = self.jobs.get_mut(&id) else { return Ok(()) };
        if !matches!(job.state, JobState::Running) {
            return Ok(());
        }
        let changes = guarded("a job", || {
            let changes = job.run(epoch, inputs, &self.pool)?;
            if let (Some(changes), Output::Stored, Some(content)) = (&changes, &job.output, self.contents.get_mut(&id)) {
                content.apply(&changes.batches)?;
            }
            Ok(changes)
        })?;
        inputs.extend(changes.map(|changes| (id, changes)));
        Ok(())
    }

    /// Sinks hand on what is final.
    fn commit(&mut self, epoch: Epoch) {
        let mut failed = Vec::new();
        for (&id, job) in &mut self.jobs {
            if let (JobState::Running, Output::Sink(sink)) = (&job.state, &mut job.output)
                && let Err(error) = guarded("a sink", || sink.commit(epoch))
            {
                failed.push((id, error));
            }
        }
        for (id, error) in failed {
            self.fail(id, epoch, Arc::new(error));
        }
    }

    fn publish(&mut self, epoch: Epoch, inputs: &EpochInputs) {
        for (id, job) in &mut self.jobs {
            if let Some(changes) = inputs.get(id) {
                job.subscribers.retain_mut(|subscriber| subscriber.send(epoch, &changes.batches, changes.watermark));
            }
        }
    }

    /// A subscription whose reader is gone has nobody to work for.
    fn end_unread_subscriptions(&mut self) {
        self.jobs.retain(|_, job| match &job.output {
            Output::Subscriber { sender: None, .. } => !job.subscribers.is_empty(),
            _ => true,
        });
    }

    /// Stops a job and everything that reads it.
    pub(crate) fn fail(&mut self, id: ObjectId, epoch: Epoch, error: Arc<Error>) {
        let mut failing = vec![id];
        while let Some(id) = failing.pop() {
            let readers = self.jobs.iter().filter(|(_, job)| job.inputs.iter().any(|(_, input)| *input == id));
            failing.extend(readers.map(|(id, _)| *id));
            if let Some(job) = self.jobs.get_mut(&id)
                && matches!(job.state, JobState::Running)
            {
                job.state = JobState::Failed { epoch, error: error.clone() };
                for subscriber in job.subscribers.drain(..) {
                    subscriber.fail(&error);
                }
            }
        }
    }

    /// A source that can't be read on stops its jobs: what they show would be called complete otherwise.
    fn fail_readers_of_failed_sources(&mut self) {
        let failed = self.sources.iter().filter_map(|(&id, source)| Some((id, source.failure().err()?)));
        let failed: Vec<(ObjectId, Arc<Error>)> = failed.collect();
        for (source, error) in failed {
            let readers: Vec<ObjectId> = self.readers_of(source).collect();
            for id in readers {
                self.fail(id, self.epoch, error.clone());
            }
        }
    }

    fn readers_of(&self, input: ObjectId) -> impl Iterator<Item = ObjectId> + use<'_> {
        let reads = move |job: &Job| job.inputs.iter().any(|(_, id)| *id == input);
        self.jobs.iter().filter(move |(_, job)| reads(job)).map(|(id, _)| *id)
    }
}
