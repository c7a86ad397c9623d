//! The state of a database: catalog, contents, sources, jobs. One owner at a time holds it; an epoch is one call.

mod backfill;
mod end;
mod epoch;
mod job;
mod launch;
mod payload;

use std::collections::BTreeMap;
use std::sync::Arc;

use levada_base::{Epoch, ObjectId, Result, Watermark, World};
use levada_catalog::Catalog;
use levada_connect::Context;
use levada_dataflow::Pool;
use levada_plan::{Binder, Relation};

use crate::content::Content;
use crate::intake::{Signal, SourceState};
use crate::settings::Settings;

pub(crate) use epoch::{Changes, EpochInputs};
pub(crate) use job::{Job, JobState, Output};
pub(crate) use payload::{Conflict, Payload, TableDefinition, ViewDefinition};

/// Everything an open database holds.
pub(crate) struct Core {
    pub settings: Settings,
    pub world: World,
    pub binder: Binder,
    pub context: Context,
    pub catalog: Catalog<Payload>,
    pub epoch: Epoch,
    /// Rows of tables and materialized views.
    pub contents: BTreeMap<ObjectId, Content>,
    pub sources: BTreeMap<ObjectId, SourceState>,
    /// The watermark of each table that has one.
    pub table_marks: BTreeMap<ObjectId, Watermark>,
    /// In topological order: a job's inputs have smaller ids than it has.
    pub jobs: BTreeMap<ObjectId, Job>,
    pub pool: Pool,
    pub signal: Arc<Signal>,
    /// Whether sources are read yet; before that they wait for the whole script.
    pub reading: bool,
    pub closed: bool,
}

impl Core {
    /// # Errors
    /// `LV-S722` if the system gives no threads for the shards.
    pub(crate) fn new(settings: Settings, context: Context, reading: bool) -> Result<Self> {
        let world = context.world.clone();
        let pool = Pool::new(&world, settings.shards)?;
        Ok(Self {
            settings,
            world,
            binder: Binder::new(),
            context,
            catalog: Catalog::default(),
            epoch: Epoch::ZERO,
            contents: BTreeMap::new(),
            sources: BTreeMap::new(),
            table_marks: BTreeMap::new(),
            jobs: BTreeMap::new(),
            pool,
            signal: Arc::default(),
            reading,
            closed: false,
        })
    }

    /// The relation that an object gives to queries; a sink gives none.
    pub(crate) fn relation(&self, id: ObjectId) -> Option<&Arc<Relation>> {
        self.catalog.by_id(id)?.payload.relation()
    }
}
