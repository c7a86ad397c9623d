//! INSERT: into tables, and into sources without a connector.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::concat_batches;
use levada_base::{Epoch, Error, Position, Result, codes};
use levada_catalog::Kind;
use levada_delta::DeltaBatch;
use levada_plan::Expression;
use levada_sql::{ConflictAction, Ident, Insert, InsertSource};
use levada_state::KeyIndex;

use super::changes::{complete, row_text};
use crate::core::{Conflict, Core, EpochInputs, Payload, TableDefinition};
use crate::database::is_pushed;
use crate::intake::Prepare;
use crate::outcome::Outcome;
use crate::statement::row_columns::places;
use crate::statement::select::evaluate_for;
use crate::{Database, Rows};

/// What an INSERT writes into.
enum Target {
    Table(TableDefinition),
    Source(crate::intake::SourceDefinition),
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
/// `LV-S110`, `LV-S201`, `LV-S202`, `LV-S203`, `LV-S204`; nothing was written then.
pub(crate) async fn insert(database: &Database, insert: &Insert) -> Result<Outcome> {
    super::refuse_returning(&insert.returning, &insert.target)?;
    let target = database.read(|core| target(core, insert))?;
    let position = insert.target.position;
    let rows = match &insert.source {
        InsertSource::Values(query) | InsertSource::Query(query) => evaluate_for(database, query, |_, _| Ok(())).await?,
        InsertSource::DefaultValues => no_columns(database.epoch())?,
    };
    let batch = named_rows(&target, insert, &rows, position)?;
    match target {
        Target::Table(table) => {
            let conflict = conflict(&table, insert)?;
            database.write(|core| insert_rows(core, &table, &batch, conflict, Some(position)))
        }
        Target::Source(source) => database.write(|core| {
            let rows = batch.num_rows() as u64;
            let prepared = source.prepare.prepare(&batch, source.watermark.as_ref(), 0)?;
            let changes = core.admit(source.relation.id, vec![prepared]);
            let epoch = core.run_epoch(EpochInputs::from([(source.relation.id, changes)]))?;
            Ok(Outcome::Written { rows, epoch, notices: Vec::new() })
        }),
    }
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
    let rows = definition.prepare.by_name(batch)?;
    match insert_rows(core, &definition, &rows, definition.conflict, None)? {
        Outcome::Written { epoch, .. } => Ok(epoch),
        _ => Err(Error::internal("an insert that wrote nothing")),
    }
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
        (names, _) => input_places(prepare, names)?,
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

fn input_places(prepare: &Prepare, names: &[Ident]) -> Result<Vec<usize>> {
    let places = places(&prepare.input, names)?;
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

fn conflict(table: &TableDefinition, insert: &Insert) -> Result<Conflict> {
    let Some(clause) = &insert.on_conflict else { return Ok(table.conflict) };
    if table.primary_key.is_empty() {
        return Err(Error::new(codes::LV_S202, "ON CONFLICT into a table without a PRIMARY KEY")
            .with_hint("leave it out")
            .at(clause.position));
    }
    if !clause.key.is_empty() {
        let mut named = places(&table.relation.schema, &clause.key)?;
        let mut own = table.primary_key.clone();
        named.sort_unstable();
        own.sort_unstable();
        if named != own {
            return Err(Error::new(codes::LV_S202, "ON CONFLICT names other columns than the PRIMARY KEY")
                .with_hint("name the key's columns, or none")
                .at(clause.position));
        }
    }
    match &clause.action {
        ConflictAction::DoNothing => Ok(Conflict::DoNothing),
        ConflictAction::DoUpdate { .. } => Err(Error::new(codes::LV_S004, "ON CONFLICT DO UPDATE is not in this release")
            .with_hint("create the table with ON CONFLICT OVERWRITE, or use UPDATE")
            .at(clause.position)),
    }
}

/// Checks the rows and runs the epoch in which they come.
fn insert_rows(
    core: &mut Core,
    table: &TableDefinition,
    batch: &RecordBatch,
    conflict: Conflict,
    position: Option<Position>,
) -> Result<Outcome> {
    let rows = table.prepare.rows(batch).map_err(|error| error.at(position))?;
    if table.primary_key.is_empty() {
        let count = rows.num_rows() as u64;
        return super::write(core, table, DeltaBatch::insertions(rows), count);
    }
    let (delta, count) = keyed(core, table, &rows, conflict).map_err(|error| error.at(position))?;
    super::write(core, table, delta, count)
}

/// Rows of a keyed table by what happens to keys that are there, in the table or earlier in the statement.
fn keyed(core: &mut Core, table: &TableDefinition, rows: &RecordBatch, conflict: Conflict) -> Result<(DeltaBatch, u64)> {
    let keys: Vec<ArrayRef> = table.primary_key.iter().map(|&column| rows.column(column).clone()).collect();
    let mut slots = Vec::new();
    let types: Vec<_> = keys.iter().map(|key| (key.data_type().clone(), true)).collect();
    let mut own = KeyIndex::new(&types)?;
    own.upsert(&keys, &mut slots)?;
    let content = core.contents.get_mut(&table.relation.id).ok_or_else(|| Error::internal("a table without content"))?;
    let there = content.has_keys(&keys)?;
    let mut winner: Vec<Option<usize>> = vec![None; own.slot_bound()];
    for (row, &slot) in slots.iter().enumerate() {
        let held = &mut winner[slot as usize];
        match conflict {
            Conflict::Error if there[row] || held.is_some() => {
                return Err(Error::new(
                    codes::LV_S201,
                    format!("key {} is there already in \"{}\"", row_text(&keys, row), table.relation.name),
                )
                .with_hint("add ON CONFLICT DO NOTHING, or UPDATE the row"));
            }
            Conflict::DoNothing if there[row] || held.is_some() => {}
            Conflict::Error | Conflict::DoNothing | Conflict::Overwrite => *held = Some(row),
        }
    }
    let mut taken: Vec<u32> = winner.into_iter().flatten().map(|row| row as u32).collect();
    taken.sort_unstable();
    let count = taken.len() as u64;
    let new = DeltaBatch::insertions(rows.clone()).take(&UInt32Array::from(taken))?;
    if conflict != Conflict::Overwrite || !there.contains(&true) {
        return Ok((new, count));
    }
    let old = super::update::rows_with_keys(content, table, &own)?;
    Ok((DeltaBatch::concat(&table.relation.schema, &[old, new])?, count))
}
