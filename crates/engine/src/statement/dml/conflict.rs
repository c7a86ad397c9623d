//! INSERT of keys that are there already: refused, skipped, overwritten, or merged by DO UPDATE.

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;
use levada_sql::{Assignment, At, ConflictAction, Insert, OnConflict, ast};
use levada_state::{KeyIndex, NO_SLOT};

use super::Change;
use super::changes::row_text;
use super::keys::{check_new_keys, rows_with_keys};
use super::matching::{Matching, ROW_COLUMN, content, numbered, put};
use super::update::{assigned, places};
use crate::Database;
use crate::core::{Conflict, Core, TableDefinition};
use crate::statement::row_columns;

/// The name of the row that would have been inserted.
const EXCLUDED: &str = "excluded";

/// What an INSERT of these rows does to the table.
///
/// # Errors
/// `LV-S201` for a key that is there, where nothing else was said; `LV-S202` for a wrong ON CONFLICT; `LV-S205` where one row would be
/// updated twice.
pub(super) async fn resolve(database: &Database, table: TableDefinition, rows: RecordBatch, insert: &Insert) -> Result<Change> {
    let at = |error: Error| error.at(insert.target.position);
    let policy = match &insert.on_conflict {
        None => table.conflict,
        Some(clause) => {
            check_key(&table, clause)?;
            match &clause.action {
                ConflictAction::DoNothing => Conflict::DoNothing,
                ConflictAction::DoUpdate { assignments, filter } => {
                    return merge(database, table, rows, insert, assignments, filter.as_ref()).await;
                }
            }
        }
    };
    database.write(|core| by_policy(core, table, rows, policy)).map_err(at)
}

/// ON CONFLICT must mean the primary key.
fn check_key(table: &TableDefinition, clause: &OnConflict) -> Result<()> {
    if table.primary_key.is_empty() {
        return Err(Error::new(codes::LV_S202, "ON CONFLICT into a table without a PRIMARY KEY")
            .with_hint("leave it out")
            .at(clause.position));
    }
    if clause.key.is_empty() {
        return Ok(());
    }
    let mut named = row_columns::places(&table.relation.schema, &clause.key)?;
    let mut own = table.primary_key.clone();
    named.sort_unstable();
    own.sort_unstable();
    if named == own {
        return Ok(());
    }
    Err(Error::new(codes::LV_S202, "ON CONFLICT names other columns than the PRIMARY KEY")
        .with_hint("name the key's columns, or none")
        .at(clause.position))
}

/// Rows by what happens to keys that are there, in the table or earlier among the rows.
///
/// # Errors
/// `LV-S201` for such a key, under [`Conflict::Error`].
pub(super) fn by_policy(core: &mut Core, table: TableDefinition, rows: RecordBatch, policy: Conflict) -> Result<Change> {
    if table.primary_key.is_empty() {
        return Ok(Change { table, delta: DeltaBatch::insertions(rows.clone()), rows });
    }
    let Keyed { keys, index, slots } = Keyed::new(&table, &rows)?;
    let content = core.contents.get_mut(&table.relation.id).ok_or_else(|| Error::internal("a table without content"))?;
    let there = content.has_keys(&keys)?;
    let mut winner: Vec<Option<usize>> = vec![None; index.slot_bound()];
    for (row, &slot) in slots.iter().enumerate() {
        let held = &mut winner[slot as usize];
        match policy {
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
    let rows = picked(&rows, taken)?;
    let new = DeltaBatch::insertions(rows.clone());
    if policy != Conflict::Overwrite || !there.contains(&true) {
        return Ok(Change { table, delta: new, rows });
    }
    let old = rows_with_keys(content, &table, &index)?;
    let delta = DeltaBatch::concat(&table.relation.schema, &[old, new])?;
    Ok(Change { table, delta, rows })
}

/// DO UPDATE: rows with new keys come, the others change what is there, which the expressions see together with [`EXCLUDED`].
async fn merge(
    database: &Database,
    table: TableDefinition,
    rows: RecordBatch,
    insert: &Insert,
    assignments: &[Assignment],
    filter: Option<&At<Box<ast::Expr>>>,
) -> Result<Change> {
    let target = &insert.target;
    if table.relation.append_only {
        return Err(Error::new(codes::LV_S204, format!("\"{target}\" is APPEND ONLY: its rows never change"))
            .with_hint("use ON CONFLICT DO NOTHING")
            .at(target.position));
    }
    let places = places(&table, assignments)?;
    let Collided { fresh, old, excluded } =
        database.write(|core| Collided::new(core, &table, &rows)).map_err(|error| error.at(target.position))?;
    let from = [relation(EXCLUDED, insert)?];
    let filter = same_row(insert, filter)?;
    let matching = Matching { target, alias: None, from: &from, filter: Some(&filter) };
    let values: Vec<&ast::Expr> = assignments.iter().map(|assignment| assignment.value.value.as_ref()).collect();
    let found = matching.find_in(database, &table, &values, |_, stored| {
        put(stored, &table, &[old])?;
        let excluded = numbered(&table.relation.schema, &[excluded])?;
        stored.put(EXCLUDED, vec![excluded.clone()], excluded.schema())
    });
    let found = found.await?;
    let updated = assigned(&table, &found, &places, target)?;
    let new = concat_batches(&table.relation.schema, [&fresh, &updated]).map_err(bug)?;
    database.write(|core| {
        let content = core.contents.get(&table.relation.id).ok_or_else(|| Error::internal("a table without content"))?;
        check_new_keys(content, &table, &found.rows, &new).map_err(|error| error.at(target.position))
    })?;
    let both = [DeltaBatch::retractions(found.rows), DeltaBatch::insertions(new.clone())];
    let delta = DeltaBatch::concat(&table.relation.schema, &both)?;
    Ok(Change { table, delta, rows: new })
}

/// Rows with their keys, equal keys by one number.
struct Keyed {
    keys: Vec<ArrayRef>,
    index: KeyIndex,
    slots: Vec<u32>,
}

impl Keyed {
    fn new(table: &TableDefinition, rows: &RecordBatch) -> Result<Self> {
        let keys: Vec<ArrayRef> = table.primary_key.iter().map(|&column| rows.column(column).clone()).collect();
        let types: Vec<_> = keys.iter().map(|key| (key.data_type().clone(), true)).collect();
        let mut index = KeyIndex::new(&types)?;
        let mut slots = Vec::new();
        index.upsert(&keys, &mut slots)?;
        Ok(Self { keys, index, slots })
    }
}

/// The rows of an INSERT by whether their key is there.
struct Collided {
    fresh: RecordBatch,
    /// What is there, and what would have been inserted in its place: row by row.
    old: RecordBatch,
    excluded: RecordBatch,
}

impl Collided {
    fn new(core: &mut Core, table: &TableDefinition, rows: &RecordBatch) -> Result<Self> {
        let Keyed { keys, index, slots } = Keyed::new(table, rows)?;
        let mut row_of = vec![None; index.slot_bound()];
        for (row, &slot) in slots.iter().enumerate() {
            if row_of[slot as usize].replace(row as u32).is_some() {
                return Err(Error::new(
                    codes::LV_S205,
                    format!("two rows of the INSERT have the key {}", row_text(&keys, row)),
                )
                .with_reason("DO UPDATE would change one row twice")
                .with_hint("give every key once"));
            }
        }
        let content = content(core, table)?;
        let old = concat_batches(&table.relation.schema, &content).map_err(bug)?;
        let own: Vec<ArrayRef> = table.primary_key.iter().map(|&column| old.column(column).clone()).collect();
        let mut found = Vec::new();
        index.find(&own, &mut found)?;
        let (mut there, mut meant, mut is_fresh) = (Vec::new(), Vec::new(), vec![true; rows.num_rows()]);
        for (at, &slot) in found.iter().enumerate().filter(|(_, slot)| **slot != NO_SLOT) {
            if let Some(row) = row_of[slot as usize] {
                there.push(at as u32);
                meant.push(row);
                is_fresh[row as usize] = false;
            }
        }
        let fresh = (0..rows.num_rows() as u32).filter(|row| is_fresh[*row as usize]).collect();
        Ok(Self { fresh: picked(rows, fresh)?, old: picked(&old, there)?, excluded: picked(rows, meant)? })
    }
}

/// `FROM name`, as parsed.
fn relation(name: &str, insert: &Insert) -> Result<ast::TableWithJoins> {
    let query = crate::statement::subscribe::query_of(&format!("SELECT 1 FROM {name}"), insert.target.position)?;
    match *query.ast.body {
        ast::SetExpr::Select(select) => select.from.into_iter().next().ok_or_else(|| Error::internal("a frame without FROM")),
        _ => Err(Error::internal("a frame that is no SELECT")),
    }
}

/// `filter` for a row that is there and the one that would take its place.
fn same_row(insert: &Insert, filter: Option<&At<Box<ast::Expr>>>) -> Result<At<Box<ast::Expr>>> {
    let target = super::matching::quoted(&insert.target.name);
    let same = levada_sql::parse_expression(&format!("{target}.{ROW_COLUMN} = {EXCLUDED}.{ROW_COLUMN}"))?;
    Ok(match filter {
        None => At { position: insert.target.position, ..same },
        Some(filter) => At {
            value: Box::new(ast::Expr::BinaryOp {
                left: same.value,
                op: ast::BinaryOperator::And,
                right: Box::new(ast::Expr::Nested(filter.value.clone())),
            }),
            position: filter.position,
        },
    })
}

fn picked(rows: &RecordBatch, picked: Vec<u32>) -> Result<RecordBatch> {
    take_record_batch(rows, &UInt32Array::from(picked)).map_err(bug)
}

fn bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("on conflict: {cause}"))
}
