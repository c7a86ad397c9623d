//! What a new job starts with: everything its inputs hold, and everything that streams and sources can give again.
//!
//! A stream keeps nothing, so its query is run once more over what it reads. A source is read again up to where the others are; one
//! that can't be (rows that the program pushed) starts now, and its reader has been told so.

use std::time::Duration;

use levada_base::{Error, ObjectId, Result, codes};
use levada_dataflow::Runtime;
use levada_delta::{DeltaBatch, consolidate_all};
use levada_plan::RelationKind;

use super::Core;
use super::epoch::{Changes, EpochInputs};
use super::job::{Job, JobState, Output};
use crate::content::Content;
use crate::intake::{Prepared, Reader, SourceDefinition, SourceState, StepOf};

/// Takes the changes of a job as they come.
type Keep<'a> = &'a mut dyn FnMut(Vec<DeltaBatch>) -> Result<()>;

impl Core {
    /// The contents of what the job reads, through the job, in an epoch of its own.
    pub(super) fn fill(&mut self, job: &mut Job, content: Option<&mut Content>) -> Result<()> {
        let epoch = self.epoch.next();
        let mut snapshot = Vec::new();
        let wanted = matches!(job.output, Output::Subscriber { snapshot: true, .. });
        match content {
            Some(content) => self.bring_up(job, &mut |batches| content.apply(&batches))?,
            None if wanted => self.bring_up(job, &mut |batches| {
                snapshot.extend(batches);
                Ok(())
            })?,
            None => self.bring_up(job, &mut |_| Ok(()))?,
        }
        self.epoch = epoch;
        let watermark = job.watermark();
        match &mut job.output {
            Output::Sink(sink) => sink.commit(epoch)?,
            Output::Subscriber { sender, .. } => {
                if let Some(mut sender) = sender.take() {
                    if !snapshot.iter().all(DeltaBatch::is_append) {
                        snapshot = vec![consolidate_all(&job.schema, &snapshot)?];
                    }
                    sender.send(epoch, &snapshot, watermark);
                    job.subscribers.push(sender);
                }
            }
            Output::Stored | Output::Passing => {}
        }
        Ok(())
    }

    /// Runs a job over what was before it.
    fn bring_up(&mut self, job: &mut Job, keep: Keep<'_>) -> Result<()> {
        for (source, rows) in self.sources_behind(job) {
            self.catch_up(job, source, rows, keep)?;
        }
        let mut inputs = EpochInputs::new();
        for (_, id) in job.inputs.clone() {
            inputs.insert(id, self.present(id)?);
        }
        keep(job.run_first(self.epoch.next(), &inputs, &self.pool)?.batches)
    }

    /// What a relation holds now, as changes from nothing.
    fn present(&mut self, id: ObjectId) -> Result<Changes> {
        let watermark = self.watermark_of(id);
        let mut batches: Vec<DeltaBatch> = Vec::new();
        if let Some(content) = self.contents.get_mut(&id) {
            batches = content.rows()?.into_iter().map(DeltaBatch::insertions).collect();
        } else if let Some(mut twin) = self.twin(id)? {
            self.bring_up(&mut twin, &mut |given| {
                batches.extend(given);
                Ok(())
            })?;
        } else if self.relation(id).is_none_or(|relation| relation.kind == RelationKind::Stored) {
            return Err(Error::internal(format!("relation {id} has no content")));
        }
        Ok(Changes { batches, watermark })
    }

    /// A stream's query with no state yet.
    fn twin(&self, id: ObjectId) -> Result<Option<Job>> {
        let Some(job) = self.jobs.get(&id) else { return Ok(None) };
        Ok(Some(Job {
            name: job.name.clone(),
            runtime: Runtime::new(job.runtime.graph().clone(), self.settings.shards)?,
            schema: job.schema.clone(),
            inputs: job.inputs.clone(),
            net: job.net,
            output: Output::Passing,
            state: JobState::Running,
            subscribers: Vec::new(),
            rows_in: 0,
            rows_out: 0,
        }))
    }

    /// Sources that were read before this job came and can be read again, with how many rows.
    fn sources_behind(&self, job: &Job) -> Vec<(SourceDefinition, u64)> {
        let state = |(_, id): &(_, ObjectId)| self.sources.get(id);
        let behind = job.inputs.iter().filter_map(state).filter(|state| state.rows > 0 && state.definition.can_replay());
        behind.map(|state| (state.definition.clone(), state.rows)).collect()
    }

    /// The sources below a job, through streams, that have given rows which nobody can give again.
    pub(super) fn lost_below(&self, job: &Job) -> Vec<String> {
        let mut waiting: Vec<ObjectId> = job.inputs.iter().map(|(_, id)| *id).collect();
        let mut lost = Vec::new();
        while let Some(id) = waiting.pop() {
            match (self.sources.get(&id), self.jobs.get(&id)) {
                (Some(source), _) if source.rows > 0 && !source.definition.can_replay() => {
                    lost.push(source.definition.relation.name.clone());
                }
                (None, Some(stream)) if matches!(stream.output, Output::Passing) => {
                    waiting.extend(stream.inputs.iter().map(|(_, id)| *id));
                }
                _ => {}
            }
        }
        lost.sort();
        lost.dedup();
        lost
    }

    /// Reads a source again up to where the others are, for this job alone.
    fn catch_up(&mut self, job: &mut Job, source: SourceDefinition, rows: u64, keep: Keep<'_>) -> Result<()> {
        let id = source.relation.id;
        let Some(opened) = source.open(&self.context)? else { return Ok(()) };
        let mut own = SourceState::new(source.clone());
        let mut reader = Reader::new(opened, source);
        while own.rows < rows {
            let left = usize::try_from(rows - own.rows).unwrap_or(usize::MAX);
            let prepared: Prepared = match reader.step(left.min(self.settings.source_rows_max))? {
                StepOf::Rows(prepared) => prepared,
                StepOf::Nothing => continue,
                StepOf::End => {
                    let message = format!("source \"{}\" is shorter than it was", own.definition.relation.name);
                    return Err(Error::new(codes::LV_C023, message)
                        .with_reason(format!("{rows} rows were read before, {} now", own.rows))
                        .with_hint("put back what was there, or drop the source and create it again"));
                }
            };
            let delta = prepared.delta.clone();
            own.advance(&[prepared], self.world.now(), Duration::ZERO);
            let changes = Changes { batches: vec![delta], watermark: own.watermark() };
            if let Some(changes) = job.run(self.epoch, &EpochInputs::from([(id, changes)]), &self.pool)? {
                keep(changes.batches)?;
            }
        }
        Ok(())
    }
}
