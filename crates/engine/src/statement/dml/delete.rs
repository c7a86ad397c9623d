//! DELETE: the rows that a condition finds go.

use levada_base::Result;
use levada_delta::DeltaBatch;
use levada_sql::Delete;

use super::Change;
use super::matching::Matching;
use super::returning::finish;
use crate::Database;
use crate::outcome::Outcome;

/// Executes DELETE.
///
/// # Errors
/// `LV-S204`, `LV-S205` and what the condition says; nothing was written then.
pub(crate) async fn delete(database: &Database, delete: &Delete) -> Result<Outcome> {
    let table = database.read(|core| super::changing_table(core, &delete.target))?;
    let Delete { target, alias, using, filter, returning } = delete;
    let matching = Matching { target, alias: alias.as_ref(), from: using, filter: filter.as_ref() };
    let rows = matching.find(database, &table, &[]).await?.rows;
    let change = Change { table, delta: DeltaBatch::retractions(rows.clone()), rows };
    finish(database, change, target, alias.as_ref(), returning).await
}
