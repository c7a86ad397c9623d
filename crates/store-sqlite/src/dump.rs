//! All rows of all tables: what tests compare.

use levada_store::{Record, State, TABLES};

use crate::codec;
use crate::errors::{Failure, Result};
use crate::session::Session;

/// Full state.
pub(crate) fn all(session: &Session<'_>) -> Result<State> {
    let mut state = State::default();
    for table in TABLES {
        let columns: Vec<_> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let mut statement = session.composed(&format!("SELECT {} FROM \"{}\"", columns.join(", "), table.name))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values = codec::values(row, table.columns)?;
            let key = values[..table.key].to_vec();
            let record = Record::read(table.name, values).map_err(|bad| Failure::bad_value(table, &key, &bad))?;
            state.put(record);
        }
    }
    Ok(state)
}
