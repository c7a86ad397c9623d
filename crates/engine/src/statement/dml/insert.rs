//! INSERT: into tables, and into sources without a connector.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, Error, Position, Result, codes};
use levada_catalog::Kind;
use levada_plan::Expression;
use levada_sql::{Ident, Insert, InsertSource};

use super::changes::complete;
use super::conflict;
use super::returning::finish;
use crate::core::{Conflict, Core, EpochInputs, Payload, TableDefinition};
use crate::database::is_pushed;
use crate::intake::{Prepare, SourceDefinition};
use crate::outcome::Outcome;
use crate::statement::row_columns::places;
use crate::statement::select::{evaluate_for, over_a_source};
use crate::{Database, Rows};

/// What an INSERT writes into.
enum Target {
    Table(TableDefinition),
    Source(SourceDefinition),
}

impl Target {
    fn prepare(&self) -> &Arc<Prepare> {
        match self {
            Self::Table(table) => &table.prepare,
            Self::Source(source) => &source.prepare,
        }
    }

    fn defaults(&self) -> &[Option<Arc<Expression>>] {
        match self {
            Self::Table(table) => &table.defaults,
            Self::Source(_) => &[],
        }
    }
}

/// Executes INSERT.
///
/// # Errors
/// `LV-S110`, `LV-S201`, `LV-S202`, `LV-S203`, `LV-S204`, `LV-S205`; nothing was written then.
pub(crate) async fn insert(database: &Database, insert: &Insert) -> Result<Outcome> {
    let target = database.read(|core| target(core, insert))?;
    let position = insert.target.position;
    let rows = match &insert.source {
        InsertSource::Values(query) | InsertSource::Query(query) => {
            evaluate_for(database, query, |_, _| Ok(())).await.map_err(|error| over_a_source(error, query))?
        }
        InsertSource::DefaultValues => no_columns(database.epoch())?,
    };
    let batch = named_rows(&target, insert, &rows, position)?;
    match target {
        Target::Table(table) => {
            let rows = table.prepare.rows(&batch).map_err(|error| error.at(position))?;
            let change = conflict::resolve(database, table, rows, insert).await?;
            finish(database, change, &insert.target, None, &insert.returning).await
        }
        Target::Source(source) => push(database, &source, &batch, insert),
    }
}

fn push(database: &Database, source: &SourceDefinition, batch: &RecordBatch, insert: &Insert) -> Result<Outcome> {
    if !insert.returning.is_empty() {
        return Err(Error::new(codes::LV_S004, "RETURNING of rows that go into a source is not in this release")
            .with_hint("insert into a table, or leave RETURNING out")
            .at(insert.target.position));
    }
    database.write(|core| {
        let rows = batch.num_rows() as u64;
        let prepared = source.prepare.prepare(batch, source.watermark.as_ref(), 0)?;
        let changes = core.admit(source.relation.id, vec![prepared]);
        let epoch = core.run_epoch(EpochInputs::from([(source.relation.id, changes)]))?;
        Ok(Outcome::Written { rows, epoch, notices: Vec::new() })
    })
}

/// Inserts a batch from the program.
///
/// # Errors
/// As [`insert`]; `LV-C050` where the columns do not fit.
pub(crate) fn insert_batch(core: &mut Core, name: &str, batch: &RecordBatch) -> Result<Epoch> {
    let object = core.catalog.find_kind(name, Kind::Table)?;
    let Payload::Table { definition, .. } = object.payload.clone() else {
        return Err(Error::internal("a table without a definition"));
    };
    let rows = definition.prepare.rows(&definition.prepare.by_name(batch)?)?;
    let policy = definition.conflict;
    match conflict::by_policy(core, definition, rows, policy)?.write(core)? {
        Outcome::Written { epoch, .. } => Ok(epoch),
        _ => Err(Error::internal("an insert that wrote nothing")),
    }
}

/// Inserts the rows of a query into a table, column by column.
///
/// # Errors
/// `LV-S201`, `LV-S202`, `LV-S203`; values that do not fit.
pub(in crate::statement) fn insert_rows(
    core: &mut Core,
    table: TableDefinition,
    rows: &Rows,
    position: Position,
) -> Result<Outcome> {
    let input = &table.prepare.input;
    let batch = concat_batches(&rows.schema, &rows.batches).map_err(|cause| Error::internal(format!("insert: {cause}")))?;
    if input.fields().len() != batch.num_columns() {
        let found = format!("{} values for {} columns", batch.num_columns(), input.fields().len());
        return Err(Error::new(codes::LV_S202, found).with_hint("declare a column for each value").at(position));
    }
    let named: Vec<(usize, ArrayRef)> = batch.columns().iter().cloned().enumerate().collect();
    let batch = complete(input, &named, &[], batch.num_rows(), Some(position))?;
    let rows = table.prepare.rows(&batch)?;
    conflict::by_policy(core, table, rows, Conflict::Error)?.write(core)
}

fn target(core: &Core, insert: &Insert) -> Result<Target> {
    let object = core.catalog.find(&insert.target.name).map_err(|error| error.at(insert.target.position))?;
    match &object.payload {
        Payload::Source { definition, .. } if is_pushed(&object.payload) => Ok(Target::Source(definition.clone())),
        Payload::Source { .. } => {
            Err(Error::new(codes::LV_S204, format!("source \"{}\" is fed by its connector", insert.target))
                .with_hint("INSERT INTO a table, or a source without connector")
                .at(insert.target.position))
        }
        _ => super::table(core, &insert.target).map(Target::Table),
    }
}

/// The rows in the columns that come in: named ones in the statement's order, the others by default.
fn named_rows(target: &Target, insert: &Insert, rows: &Rows, position: Position) -> Result<RecordBatch> {
    let prepare = target.prepare();
    let columns: Vec<usize> = match (insert.columns.as_slice(), &insert.source) {
        (_, InsertSource::DefaultValues) => Vec::new(),
        // What to do with the row is said only where the column is named.
        ([], _) => (0..prepare.input.fields().len()).filter(|column| prepare.op != Some(*column)).collect(),
        (names, _) => input_places(&prepare.input, names)?,
    };
    if columns.len() != rows.schema.fields().len() {
        let found = format!("{} values for {} columns", rows.schema.fields().len(), columns.len());
        return Err(Error::new(codes::LV_S202, found)
            .with_hint(format!("name the columns: INSERT INTO {} (…) …", insert.target))
            .at(position));
    }
    let batch = concat_batches(&rows.schema, &rows.batches).map_err(|cause| Error::internal(format!("insert: {cause}")))?;
    let count = if columns.is_empty() { 1 } else { batch.num_rows() };
    let named: Vec<(usize, ArrayRef)> = columns.into_iter().zip(batch.columns().iter().cloned()).collect();
    let defaults = input_defaults(target);
    complete(&prepare.input, &named, &defaults, count, Some(position))
}

/// The places of columns that each get one value.
///
/// # Errors
/// `LV-S110` with the nearest name; `LV-S202` for a column that is named twice.
pub(super) fn input_places(input: &SchemaRef, names: &[Ident]) -> Result<Vec<usize>> {
    let places = places(input, names)?;
    for (at, place) in places.iter().enumerate() {
        if places[..at].contains(place) {
            return Err(Error::new(codes::LV_S202, format!("column \"{}\" is named twice", names[at].name))
                .with_hint("name it once")
                .at(names[at].position));
        }
    }
    Ok(places)
}

/// The defaults of the columns that come in.
fn input_defaults(target: &Target) -> Vec<Option<Arc<Expression>>> {
    let prepare = target.prepare();
    let of = |name: &str| prepare.output.index_of(name).ok().and_then(|at| target.defaults().get(at).cloned().flatten());
    prepare.input.fields().iter().map(|field| of(field.name())).collect()
}

fn no_columns(epoch: Epoch) -> Result<Rows> {
    Ok(Rows { schema: Arc::new(arrow::datatypes::Schema::empty()), batches: Vec::new(), epoch })
}
