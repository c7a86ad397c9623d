//! Reads a source into its queue.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use levada_base::{Result, World};
use levada_connect::{Fetch, FetchLimits, Source};

use super::queue::{End, Queue};
use super::{Prepared, SourceDefinition};
use crate::guard::guarded;

/// How long a fetch may wait for a row before it looks whether it should stop.
const FETCH_WAIT: Duration = Duration::from_millis(100);

/// An open source with its preparation.
pub(crate) struct Reader {
    source: Box<dyn Source>,
    definition: SourceDefinition,
}

/// What one step of a reader brought.
pub(crate) enum Step {
    Rows(Prepared),
    Nothing,
    End,
}

impl Reader {
    pub(crate) fn new(source: Box<dyn Source>, definition: SourceDefinition) -> Self {
        Self { source, definition }
    }

    /// Fetches and prepares at most `rows_max` rows.
    ///
    /// # Errors
    /// What the source says; a row that can't be prepared.
    pub(crate) fn step(&mut self, rows_max: usize) -> Result<Step> {
        let limits = FetchLimits { rows_max, wait: FETCH_WAIT };
        let name = &self.definition.relation.name;
        match self.source.fetch(limits).map_err(|error| error.while_doing(format_args!("source \"{name}\"")))? {
            Fetch::Rows(rows) => {
                let Self { definition, .. } = self;
                definition.prepare.prepare(&rows.batch, definition.watermark.as_ref(), rows.partition).map(Step::Rows)
            }
            Fetch::Nothing => Ok(Step::Nothing),
            Fetch::End => Ok(Step::End),
        }
    }
}

/// A reader on a thread of its own, stopped and joined when it is dropped.
pub(crate) struct ReaderThread {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl ReaderThread {
    /// # Errors
    /// `LV-S722` if the system gives no thread.
    pub(crate) fn spawn(world: &World, mut reader: Reader, queue: Arc<Queue>, rows_max: usize) -> Result<Self> {
        let name = format!("source \"{}\"", reader.definition.relation.name);
        let thread_name = format!("levada-read-{}", reader.definition.relation.name);
        let into = queue.clone();
        let thread = world.spawn(&thread_name, move || {
            loop {
                match guarded(&name, || reader.step(rows_max)) {
                    Ok(Step::Rows(prepared)) => {
                        if !into.push(prepared) {
                            return;
                        }
                    }
                    Ok(Step::Nothing) if into.is_closed() => return,
                    Ok(Step::Nothing) => {}
                    Ok(Step::End) => return into.end(End::Complete),
                    Err(error) => return into.end(End::Failed(error)),
                }
            }
        })?;
        Ok(Self { queue, thread: Some(thread) })
    }
}

impl Drop for ReaderThread {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A reader that panicked has already ended its source; there is nothing left to tell.
            let _ = thread.join();
        }
    }
}
