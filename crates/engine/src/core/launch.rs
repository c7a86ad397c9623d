//! The start of a job: what was before it first (`backfill`), at one epoch, then every change after it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::{ObjectId, Result, Watermark, codes};
use levada_connect::Source;
use levada_dataflow::Runtime;
use levada_plan::Planned;

use super::job::{Job, JobState, Output};
use super::{Core, Payload};
use crate::content::Content;
use crate::intake::{Origin, Queue, Reader, ReaderThread, SourceState};
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
        let notices = self.notices_of_loss(&job);
        let sources = self.open_sources(&job)?;
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

    /// Says which sources can't be read again from their start.
    fn notices_of_loss(&self, job: &Job) -> Vec<Notice> {
        let start = self.epoch.next();
        let message = |source: String| format!("source \"{source}\" can't be read again: {} starts at epoch {start}", job.name);
        self.lost_below(job).into_iter().map(|source| Notice { code: codes::LV_S911, message: message(source) }).collect()
    }

    /// Opens the sources that nobody reads yet.
    fn open_sources(&mut self, job: &Job) -> Result<Vec<(ObjectId, Box<dyn Source>)>> {
        let mut opened = Vec::new();
        for (_, id) in &job.inputs {
            let Some(Payload::Source { definition, .. }) = self.catalog.by_id(*id).map(|object| &object.payload) else {
                continue;
            };
            let state = self.sources.entry(*id).or_insert_with(|| SourceState::new(definition.clone()));
            if !matches!(definition.origin, Origin::Push)
                && !state.is_started()
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
