//! The start of a job: its inputs' contents first, at one epoch, then every change after it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::{Error, ObjectId, Result, Watermark, codes};
use levada_connect::Source;
use levada_dataflow::Runtime;
use levada_delta::DeltaBatch;
use levada_plan::{Planned, RelationKind};

use super::epoch::{Changes, EpochInputs};
use super::job::{Job, JobState, Output};
use super::{Core, Payload};
use crate::content::Content;
use crate::intake::{Origin, Prepared, Queue, Reader, ReaderThread, SourceDefinition, SourceState, StepOf};
use crate::outcome::Notice;

impl Core {
    /// Makes a job of a plan and brings it up to the present epoch. Nothing has changed if it fails.
    ///
    /// # Errors
    /// A source that can't be opened; the first error of an operator over what is there.
    pub(crate) fn launch(
        &mut self,
        id: ObjectId,
        name: &str,
        planned: &Planned,
        schema: SchemaRef,
        output: Output,
    ) -> Result<Vec<Notice>> {
        let runtime = Runtime::new(planned.graph.clone(), self.settings.shards)?;
        let inputs = planned.graph.inputs_by_object().collect::<Vec<_>>();
        let mut job = Job {
            name: name.to_owned(),
            runtime,
            schema: schema.clone(),
            inputs,
            net: planned.net,
            output,
            state: JobState::Running,
            subscribers: Vec::new(),
            rows_in: 0,
            rows_out: 0,
        };
        let mut content = match job.output {
            Output::Stored => Some(Content::new(schema, planned.append_only, planned.key.as_deref())?),
            Output::Passing | Output::Sink(_) | Output::Subscriber { .. } => None,
        };
        let mut notices = Vec::new();
        let sources = self.open_sources(&job, &mut notices)?;
        self.fill(&mut job, content.as_mut())?;
        if let Some(content) = content {
            self.contents.insert(id, content);
        }
        self.jobs.insert(id, job);
        for (source, opened) in sources {
            self.start_source(source, opened)?;
        }
        Ok(notices)
    }

    /// Opens the sources that nobody reads yet, and says which can't be read again from their start.
    fn open_sources(&mut self, job: &Job, notices: &mut Vec<Notice>) -> Result<Vec<(ObjectId, Box<dyn Source>)>> {
        let mut opened = Vec::new();
        for (_, id) in &job.inputs {
            let Some(Payload::Source { definition, .. }) = self.catalog.by_id(*id).map(|object| &object.payload) else {
                continue;
            };
            let state = self.sources.entry(*id).or_insert_with(|| SourceState::new(definition.clone()));
            if matches!(definition.origin, Origin::Push) {
                if state.rows > 0 {
                    let message = format!(
                        "source \"{}\" can't be read again: {} starts at epoch {}",
                        definition.relation.name,
                        job.name,
                        self.epoch.next()
                    );
                    notices.push(Notice { code: codes::LV_S911, message });
                }
                continue;
            }
            if !state.is_started()
                && !opened.iter().any(|(known, _)| known == id)
                && let Some(source) = definition.open(&self.context)?
            {
                opened.push((*id, source));
            }
        }
        Ok(opened)
    }

    /// Starts reading; before the database reads at all, the open source waits.
    fn start_source(&mut self, id: ObjectId, opened: Box<dyn Source>) -> Result<()> {
        let Some(state) = self.sources.get_mut(&id) else { return Ok(()) };
        let reader = Reader::new(opened, state.definition.clone());
        if !self.reading {
            state.hold(reader);
            return Ok(());
        }
        run_reader(state, reader, &self.world, &self.settings, &self.signal)
    }

    /// Lets every source that waits be read.
    ///
    /// # Errors
    /// `LV-S722` if the system gives no thread.
    pub(crate) fn start_reading(&mut self) -> Result<()> {
        self.reading = true;
        for state in self.sources.values_mut() {
            if let Some(reader) = state.release() {
                run_reader(state, reader, &self.world, &self.settings, &self.signal)?;
            }
        }
        self.signal.raise();
        Ok(())
    }

    /// The contents of what the job reads, through the job, in an epoch of its own.
    fn fill(&mut self, job: &mut Job, mut content: Option<&mut Content>) -> Result<()> {
        for (source, rows) in self.sources_behind(job) {
            self.catch_up(job, content.as_deref_mut(), source, rows)?;
        }
        let mut inputs = EpochInputs::new();
        for (_, id) in job.inputs.clone() {
            inputs.insert(id, self.present(id)?);
        }
        let epoch = self.epoch.next();
        let changes = job.run_first(epoch, &inputs, &self.pool)?;
        self.epoch = epoch;
        if let Some(content) = content {
            content.apply(&changes.batches)?;
        }
        match &mut job.output {
            Output::Sink(sink) => sink.commit(epoch)?,
            Output::Subscriber { sender, snapshot } => {
                if let Some(mut sender) = sender.take() {
                    if *snapshot {
                        sender.send(epoch, &changes.batches, changes.watermark);
                    }
                    job.subscribers.push(sender);
                }
            }
            Output::Stored | Output::Passing => {}
        }
        Ok(())
    }

    /// What a relation holds now, as changes from nothing.
    fn present(&mut self, id: ObjectId) -> Result<Changes> {
        let watermark = self.watermark_of(id);
        let passing = self.relation(id).is_some_and(|relation| relation.kind != RelationKind::Stored);
        let batches = match self.contents.get_mut(&id) {
            Some(content) => content.rows()?.into_iter().map(DeltaBatch::insertions).collect(),
            None if passing => Vec::new(),
            None => return Err(Error::internal(format!("relation {id} has no content"))),
        };
        Ok(Changes { batches, watermark })
    }

    /// The watermark of a relation at the present epoch.
    pub(crate) fn watermark_of(&self, id: ObjectId) -> Watermark {
        match (self.sources.get(&id), self.jobs.get(&id)) {
            (Some(source), _) => source.watermark(),
            (None, Some(job)) => job.watermark(),
            (None, None) => match self.catalog.by_id(id).map(|object| &object.payload) {
                Some(Payload::Table { definition, .. }) if definition.watermark.is_some() => {
                    self.table_marks.get(&id).copied().unwrap_or(Watermark::NONE)
                }
                _ => Watermark::END,
            },
        }
    }

    /// Sources that were read before this job came and can be read again, with how many rows.
    fn sources_behind(&self, job: &Job) -> Vec<(SourceDefinition, u64)> {
        let state = |(_, id): &(_, ObjectId)| self.sources.get(id);
        let behind = job.inputs.iter().filter_map(state).filter(|state| state.rows > 0 && state.definition.can_replay());
        behind.map(|state| (state.definition.clone(), state.rows)).collect()
    }

    /// Reads a source again up to where the others are, for this job alone.
    fn catch_up(
        &mut self,
        job: &mut Job,
        mut content: Option<&mut Content>,
        source: SourceDefinition,
        rows: u64,
    ) -> Result<()> {
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
                    return Err(Error::new(
                        codes::LV_C023,
                        format!("source \"{}\" is shorter than it was", own.definition.relation.name),
                    )
                    .with_reason(format!("{rows} rows were read before, {} now", own.rows)));
                }
            };
            let delta = prepared.delta.clone();
            own.advance(&[prepared], self.world.now(), std::time::Duration::ZERO);
            let changes = Changes { batches: vec![delta], watermark: own.watermark() };
            let inputs = EpochInputs::from([(id, changes)]);
            if let (Some(changes), Some(content)) = (job.run(self.epoch, &inputs, &self.pool)?, content.as_deref_mut()) {
                content.apply(&changes.batches)?;
            }
        }
        Ok(())
    }
}

fn run_reader(
    state: &mut SourceState,
    reader: Reader,
    world: &levada_base::World,
    settings: &crate::settings::Settings,
    signal: &Arc<crate::intake::Signal>,
) -> Result<()> {
    if !world.has_threads() {
        state.start_stepped(reader);
        return Ok(());
    }
    let queue = Arc::new(Queue::new(settings.buffer_rows, signal.clone()));
    let thread = ReaderThread::spawn(world, reader, queue.clone(), settings.source_rows_max)?;
    state.start_thread(queue, thread);
    Ok(())
}
