//! What the names in a query stand for: changes in a continuous query, rows in an ad-hoc one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::TableReference;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::{LogicalPlan, TableSource};
use levada_base::{Error, ObjectId, Result, codes};
use levada_catalog::Kind;
use levada_plan::{PlanSource, Relations, from_datafusion};
use parking_lot::Mutex;

use crate::core::{Core, JobState, Payload};
use crate::statement::FileTable;
use crate::subscription::copy;

/// The one name a reference may have: `n` or `public.n`.
///
/// # Errors
/// `LV-S101` for another schema.
pub(crate) fn plain_name(reference: &TableReference) -> Result<&str> {
    match reference.schema() {
        None | Some("public") => Ok(reference.table()),
        Some(schema) => {
            Err(Error::new(codes::LV_S101, format!("schema \"{schema}\" does not exist")).with_hint("there is one: public"))
        }
    }
}

/// Names as a continuous query means them. Says afterwards which objects were read.
pub(crate) struct Continuous<'a> {
    core: &'a Core,
    read: Mutex<Vec<ObjectId>>,
}

impl<'a> Continuous<'a> {
    pub(crate) fn new(core: &'a Core) -> Self {
        Self { core, read: Mutex::default() }
    }

    /// What to say of a name that is a file's.
    fn file(&self, name: &str) -> Option<Error> {
        self.core.context.registry.format_of_path(Path::new(name))?;
        Some(
            Error::new(codes::LV_S206, format!("file \"{name}\" is read once, a continuous query reads on"))
                .with_hint(format!("declare it: CREATE SOURCE s (…) WITH (connector = 'file', path = '{name}'), and read s")),
        )
    }

    pub(crate) fn into_read(self) -> Vec<ObjectId> {
        self.read.into_inner()
    }
}

impl Relations for Continuous<'_> {
    fn relation(&self, reference: &TableReference) -> Result<Arc<dyn TableSource>> {
        let name = plain_name(reference)?;
        let object = self.core.catalog.find(name).map_err(|unknown| self.file(name).unwrap_or(unknown))?;
        self.read.lock().push(object.id);
        if let Payload::View { definition, .. } = &object.payload {
            let plan = self.core.bind_view(definition, self)?;
            return Ok(Arc::new(ViewSource::new(plan)));
        }
        if let Some(job) = self.core.jobs.get(&object.id) {
            job.failure().map_err(|error| failed(name, &error))?;
        }
        match object.payload.relation() {
            Some(relation) => Ok(Arc::new(PlanSource(relation.clone()))),
            None => Err(not_readable(name, object.kind)),
        }
    }
}

/// Names as an ad-hoc query means them, all at the present epoch.
pub(crate) struct Stored {
    /// What a name stands for, or why it can't be read. A name in a query may turn out to be a column: then nobody asks.
    tables: Mutex<BTreeMap<String, Result<Arc<dyn TableSource>>>>,
    context: levada_connect::Context,
}

impl Stored {
    /// The contents of the named relations, and what the plain views among them read.
    pub(crate) fn read(core: &mut Core, names: &[TableReference]) -> Self {
        let stored = Self { tables: Mutex::default(), context: core.context.clone() };
        for reference in names {
            stored.add(core, reference.table());
        }
        stored
    }

    /// Lets a name stand for these rows.
    ///
    /// # Errors
    /// `LV-S999` if DataFusion refuses them.
    pub(crate) fn put(&self, name: &str, rows: Vec<RecordBatch>, schema: SchemaRef) -> Result<()> {
        let table = MemTable::try_new(schema, vec![rows]).map_err(from_datafusion)?;
        self.tables.lock().insert(name.to_owned(), Ok(provider_as_source(Arc::new(table))));
        Ok(())
    }

    fn add(&self, core: &mut Core, name: &str) {
        if !self.tables.lock().contains_key(name) {
            let table = self.table(core, name);
            self.tables.lock().insert(name.to_owned(), table);
        }
    }

    /// # Errors
    /// `LV-S101`, `LV-S120`, `LV-S710`.
    fn table(&self, core: &mut Core, name: &str) -> Result<Arc<dyn TableSource>> {
        let object = core.catalog.find(name)?;
        let (id, kind) = (object.id, object.kind);
        Ok(match object.payload.clone() {
            Payload::View { definition, .. } => {
                for read in object.reads.clone() {
                    let name = core.catalog.by_id(read).map(|object| object.name.clone());
                    name.into_iter().for_each(|name| self.add(core, &name));
                }
                Arc::new(ViewSource::new(core.bind_view(&definition, self)?))
            }
            payload => {
                if let Some(JobState::Failed { error, epoch }) = core.jobs.get(&id).map(|job| &job.state) {
                    let error = failed(name, error);
                    return Err(error.while_doing(format_args!("its last good epoch is {}", epoch.0.saturating_sub(1))));
                }
                let (Some(content), Some(relation)) = (core.contents.get_mut(&id), payload.relation()) else {
                    return Err(not_readable(name, kind));
                };
                let table = MemTable::try_new(relation.schema.clone(), vec![content.rows()?]).map_err(from_datafusion)?;
                provider_as_source(Arc::new(table))
            }
        })
    }
}

impl Relations for Stored {
    fn relation(&self, reference: &TableReference) -> Result<Arc<dyn TableSource>> {
        let name = plain_name(reference)?;
        let refused = match self.tables.lock().get(name) {
            Some(Ok(source)) => return Ok(source.clone()),
            Some(Err(error)) if error.code() != codes::LV_S101 => return Err(copy(error)),
            Some(Err(error)) => copy(error),
            None => Error::internal(format!("relation \"{name}\" was not read")),
        };
        let file = FileTable::open(name, &self.context)?.ok_or(refused)?;
        Ok(provider_as_source(Arc::new(file)))
    }
}

/// A plain view: its plan stands in its place.
#[derive(Debug)]
struct ViewSource {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl ViewSource {
    fn new(plan: LogicalPlan) -> Self {
        let schema = Arc::new(plan.schema().as_arrow().clone());
        Self { plan, schema }
    }
}

impl TableSource for ViewSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn get_logical_plan(&self) -> Option<std::borrow::Cow<'_, LogicalPlan>> {
        Some(std::borrow::Cow::Borrowed(&self.plan))
    }
}

/// `LV-S120`, with what to do instead.
fn not_readable(name: &str, kind: Kind) -> Error {
    let error = Error::new(codes::LV_S120, format!("\"{name}\" is {}: it holds no rows to read", kind.with_article()));
    match kind {
        Kind::Sink => error.with_hint("read the relation that it writes"),
        _ => error.with_hint(format!("SUBSCRIBE TO {name}, or CREATE MATERIALIZED VIEW v AS SELECT * FROM {name} and read v")),
    }
}

/// `LV-S710`, with what stopped the job.
fn failed(name: &str, error: &Error) -> Error {
    Error::new(codes::LV_S710, format!("\"{name}\" has failed"))
        .with_reason(error.to_string())
        .with_hint("drop it and create it again without what failed")
        .caused_by(copy(error))
}
