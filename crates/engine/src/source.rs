//! Pushing rows into a source from the program.

use arrow::array::RecordBatch;
use levada_base::{Epoch, Error, ObjectId, Result, codes};

use crate::Database;
use crate::core::{Core, EpochInputs, Payload};

/// A source that has no connector, to push into. Every handle is a partition of its own: rows of one handle stay in order, and the
/// source's watermark is the slowest handle's.
#[derive(Debug, Clone)]
pub struct SourceHandle {
    database: Database,
    id: ObjectId,
    name: String,
    partition: u32,
}

impl SourceHandle {
    pub(crate) fn new(database: Database, id: ObjectId, name: String, partition: u32) -> Self {
        Self { database, id, name, partition }
    }

    /// Pushes rows: columns by name, in any order; missing ones are NULL where they may be. The epoch that holds them is over when the
    /// call returns, so every view has them. While another epoch runs the call waits: that is the back-pressure.
    ///
    /// # Errors
    /// `LV-C050` where the columns do not fit, `LV-S203` for a NULL in a NOT NULL column: nothing of the batch is taken then. `LV-J011`
    /// after the database was closed.
    pub async fn push(&self, batch: RecordBatch) -> Result<Epoch> {
        self.push_blocking(batch)
    }

    /// As [`SourceHandle::push`], for a program without a runtime.
    ///
    /// # Errors
    /// See [`SourceHandle::push`].
    pub fn push_blocking(&self, batch: RecordBatch) -> Result<Epoch> {
        let prepared = self.database.read(|core| Ok(prepare_of(core, self.id, &self.name)?.clone()))?;
        let rows = prepared.prepare.by_name(&batch)?;
        let rows = prepared.prepare.prepare(&rows, prepared.watermark.as_ref(), self.partition)?;
        self.database.write(|core| {
            prepare_of(core, self.id, &self.name)?;
            let changes = core.admit(self.id, vec![rows]);
            core.run_epoch(EpochInputs::from([(self.id, changes)]))
        })
    }

    /// As [`SourceHandle::push`], but refuses instead of waiting.
    ///
    /// # Errors
    /// `LV-J141` if another epoch runs; otherwise as [`SourceHandle::push`].
    pub fn try_push(&self, batch: RecordBatch) -> Result<Epoch> {
        if self.database.is_busy() {
            return Err(Error::new(codes::LV_J141, format!("source \"{}\" is busy", self.name))
                .with_reason("an epoch is running; nothing was taken")
                .with_hint("try again, or use push, which waits"));
        }
        self.push_blocking(batch)
    }

    /// Says that nothing more comes, through any handle: windows close.
    ///
    /// # Errors
    /// `LV-J011` after the database was closed; `LV-S101` if the source was dropped.
    pub async fn end_of_input(&self) -> Result<Epoch> {
        self.database.write(|core| {
            prepare_of(core, self.id, &self.name)?;
            core.end_of_push(self.id)
        })
    }
}

fn prepare_of<'a>(core: &'a Core, id: ObjectId, name: &str) -> Result<&'a crate::intake::SourceDefinition> {
    match core.catalog.by_id(id).map(|object| &object.payload) {
        Some(Payload::Source { definition, .. }) => Ok(definition),
        _ => Err(Error::new(codes::LV_S101, format!("source \"{name}\" was dropped"))),
    }
}
