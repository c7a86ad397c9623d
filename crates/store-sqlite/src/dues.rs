//! The earliest stored time of each kind: the first entry of the kind's index.

use levada_store::limits::BUILD_MS_MAX;
use levada_store::{DueKind, Wanted};
use rusqlite::types::Value as Sql;

use crate::errors::Result;
use crate::load::lists;
use crate::session::Session;

/// Where the times of a kind are: table, condition, time, the id that is told with it, and the rest of the order.
const fn stored(kind: DueKind) -> [&'static str; 5] {
    match kind {
        DueKind::Lease => ["execution", "phase = 2", "lease_until_ms", "id", "id"],
        DueKind::AttemptDeadline => ["execution", "attempt_deadline_ms IS NOT NULL", "attempt_deadline_ms", "id", "id"],
        DueKind::Deadline => ["execution", "deadline_ms IS NOT NULL", "deadline_ms", "id", "id"],
        DueKind::Promote => ["execution", "phase = 1 AND hold = 2", "due_ms", "id", "id"],
        DueKind::Staged => ["execution", "phase = 0 AND run_id IS NULL", "created_ms", "id", "id"],
        DueKind::RetainExecution => {
            ["execution", "retain_until_ms IS NOT NULL AND run_id IS NULL", "retain_until_ms", "id", "id"]
        }
        DueKind::RunDeadline => ["run", "deadline_ms IS NOT NULL", "deadline_ms", "id", "id"],
        DueKind::Building => ["run", "phase = 0 AND build_deadline_ms IS NOT NULL", "build_deadline_ms", "id", "id"],
        DueKind::CancelGrace => ["run", "cancel_grace_ms IS NOT NULL", "cancel_grace_ms", "id", "id"],
        DueKind::RetainRun => ["run", "retain_until_ms IS NOT NULL", "retain_until_ms", "id", "id"],
        DueKind::Condition => ["condition", "state = 0 AND expires_ms IS NOT NULL", "expires_ms", "run_id", "run_id, \"key\""],
        DueKind::Schedule => ["schedule", "paused = 0 AND next_fire_ms IS NOT NULL", "next_fire_ms", "id", "id"],
        DueKind::RequestKey => ["request_key", "1", "look_ms", "target", "namespace, \"key\""],
        DueKind::Worker => ["worker", "expires_ms IS NOT NULL", "expires_ms", "zeroblob(16)", "instance"],
    }
}

/// The earliest times of a kind that are wanted, and whose they are.
pub(crate) fn first(session: &Session<'_>, kind: DueKind, wanted: &Wanted) -> Result<Vec<(i64, u128)>> {
    let [table, condition, time, owner, order] = stored(kind);
    let (names, except) = lists(wanted);
    let mut text = format!("SELECT {time}, {owner} FROM {table} WHERE {condition}");
    let mut params = Vec::new();
    let by_name = names.map(|list| (" AND hex(namespace) IN (SELECT value FROM json_each(?))".to_owned(), list));
    let by_id = except.map(|list| (format!(" AND hex({owner}) NOT IN (SELECT value FROM json_each(?))"), list));
    // Workers are everybody's.
    for (condition, list) in by_name.into_iter().chain(by_id).filter(|_| kind != DueKind::Worker) {
        text += &condition;
        params.push(Sql::Text(list));
    }
    text += &format!(" ORDER BY {time}, {order} LIMIT ?");
    params.push(Sql::Integer(wanted.limit.into()));
    let mut statement = session.composed(&text)?;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let after_ms = if kind == DueKind::Staged { BUILD_MS_MAX } else { 0 };
        found.push((row.get::<_, i64>(0)? + after_ms, u128::from_be_bytes(row.get(1)?)));
    }
    Ok(found)
}

/// The earliest time of a kind.
pub(crate) fn earliest(session: &Session<'_>, kind: DueKind) -> Result<Option<i64>> {
    let text = match kind {
        DueKind::Lease => "SELECT min(lease_until_ms) FROM execution WHERE phase = 2",
        DueKind::AttemptDeadline => "SELECT min(attempt_deadline_ms) FROM execution WHERE attempt_deadline_ms IS NOT NULL",
        DueKind::Deadline => "SELECT min(deadline_ms) FROM execution WHERE deadline_ms IS NOT NULL",
        DueKind::Promote => "SELECT min(due_ms) FROM execution WHERE phase = 1 AND hold = 2",
        DueKind::Staged => "SELECT min(created_ms) FROM execution WHERE phase = 0 AND run_id IS NULL",
        DueKind::RetainExecution => {
            "SELECT min(retain_until_ms) FROM execution WHERE retain_until_ms IS NOT NULL AND run_id IS NULL"
        }
        DueKind::RunDeadline => "SELECT min(deadline_ms) FROM run WHERE deadline_ms IS NOT NULL",
        DueKind::Building => "SELECT min(build_deadline_ms) FROM run WHERE phase = 0",
        DueKind::CancelGrace => "SELECT min(cancel_grace_ms) FROM run WHERE cancel_grace_ms IS NOT NULL",
        DueKind::RetainRun => "SELECT min(retain_until_ms) FROM run WHERE retain_until_ms IS NOT NULL",
        DueKind::Condition => "SELECT min(expires_ms) FROM condition WHERE state = 0 AND expires_ms IS NOT NULL",
        DueKind::Schedule => "SELECT min(next_fire_ms) FROM schedule WHERE paused = 0",
        DueKind::RequestKey => "SELECT min(look_ms) FROM request_key",
        DueKind::Worker => "SELECT min(expires_ms) FROM worker WHERE expires_ms IS NOT NULL",
    };
    let earliest = session.number(text, [])?;
    Ok(if kind == DueKind::Staged { earliest.map(|created_ms| created_ms + BUILD_MS_MAX) } else { earliest })
}
