//! RETURNING, and the end of every statement that writes a table.

use levada_base::{Error, Result};
use levada_sql::{Ident, Name, ast};

use super::Change;
use super::matching::quoted;
use crate::core::Core;
use crate::outcome::Outcome;
use crate::statement::select::evaluate_for;
use crate::statement::subscribe::query_of;
use crate::{Database, Rows};

/// Evaluates RETURNING over the statement's rows, then writes: what RETURNING refuses leaves nothing behind.
///
/// # Errors
/// What the expressions say; what the table's epoch says.
pub(super) async fn finish(
    database: &Database,
    change: Change,
    target: &Name,
    alias: Option<&Ident>,
    items: &[ast::SelectItem],
) -> Result<Outcome> {
    let (name, rows) = (change.table.relation.name.clone(), change.rows.clone());
    let write = |core: &mut Core| change.write(core).map_err(|error| error.at(target.position));
    if items.is_empty() {
        return database.write(write);
    }
    let alias = alias.map_or_else(String::new, |alias| format!(" AS {}", quoted(&alias.name)));
    let mut query = query_of(&format!("SELECT 1 FROM {target}{alias}"), target.position)?;
    let ast::SetExpr::Select(select) = query.ast.body.as_mut() else {
        return Err(Error::internal("a frame that is no SELECT"));
    };
    select.projection = items.to_vec();
    let returned = evaluate_for(database, &query, |_, stored| stored.put(&name, vec![rows.clone()], rows.schema())).await?;
    match database.write(write)? {
        Outcome::Written { epoch, .. } => Ok(Outcome::Rows(Rows { epoch, ..returned })),
        other => Ok(other),
    }
}
