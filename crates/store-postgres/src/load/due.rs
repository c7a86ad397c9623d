//! What a sweep takes: the rows of one kind whose time has come, skipping those that another node works on.

use std::collections::BTreeSet;

use levada_store::limits::BUILD_MS_MAX;
use levada_store::{DueKind, State, Wanted};

use crate::param::Param;
use crate::statement::{Fragment, Mode, Statement};

/// A kind of due time as a condition on a table, which an index has, and a time.
#[derive(Debug)]
pub struct Due {
    pub table: &'static str,
    pub condition: &'static str,
    /// A column of the row `e`.
    pub time: &'static str,
    /// How long after it the row is due.
    pub after_ms: i64,
}

/// Where a kind of time is stored.
pub const fn stored(kind: DueKind) -> Due {
    let (table, condition, time, after_ms) = match kind {
        DueKind::Lease => ("execution", "e.phase = 2", "e.lease_until_ms", 0),
        DueKind::AttemptDeadline => ("execution", "e.attempt_deadline_ms IS NOT NULL", "e.attempt_deadline_ms", 0),
        DueKind::Deadline => ("execution", "e.deadline_ms IS NOT NULL", "e.deadline_ms", 0),
        DueKind::Promote => ("execution", "e.phase = 1 AND e.hold = 2", "e.due_ms", 0),
        DueKind::Staged => ("execution", "e.phase = 0 AND e.run_id IS NULL", "e.created_ms", BUILD_MS_MAX),
        DueKind::RetainExecution => ("execution", "e.retain_until_ms IS NOT NULL AND e.run_id IS NULL", "e.retain_until_ms", 0),
        DueKind::RunDeadline => ("run", "e.deadline_ms IS NOT NULL", "e.deadline_ms", 0),
        DueKind::Building => ("run", "e.phase = 0 AND e.build_deadline_ms IS NOT NULL", "e.build_deadline_ms", 0),
        DueKind::CancelGrace => ("run", "e.cancel_grace_ms IS NOT NULL", "e.cancel_grace_ms", 0),
        DueKind::RetainRun => ("run", "e.retain_until_ms IS NOT NULL", "e.retain_until_ms", 0),
        DueKind::Condition => ("condition", "e.state = 0 AND e.expires_ms IS NOT NULL", "e.expires_ms", 0),
        DueKind::Schedule => ("schedule", "e.paused = 0 AND e.next_fire_ms IS NOT NULL", "e.next_fire_ms", 0),
        DueKind::Worker => ("worker", "e.expires_ms IS NOT NULL", "e.expires_ms", 0),
        DueKind::RequestKey => ("request_key", "true", "e.look_ms", 0),
    };
    Due { table, condition, time, after_ms }
}

/// What only some rows may have: conditions on the row `e`, and their parameters. Nothing is asked that lets everything through, so
/// that the statement of a node without limits is the plain one.
pub fn wanted(wanted: &Wanted, owner: &str) -> (String, Vec<(&'static str, Param)>) {
    let (mut conditions, mut params) = (String::new(), vec![("limit", Param::Int(wanted.limit.into()))]);
    if let Some(names) = wanted.names() {
        conditions.push_str(" AND e.namespace = ANY($namespaces)");
        params.push(("namespaces", Param::Texts(names.map(str::to_owned).collect())));
    }
    if !wanted.except.is_empty() {
        conditions.push_str(&format!(" AND e.{owner} <> ALL($except)"));
        params.push(("except", Param::ids(wanted.except.iter().map(|id| id.0))));
    }
    (conditions, params)
}

impl Due {
    /// What else is asked of its rows: workers are everybody's.
    fn wanted(&self, asked: &Wanted) -> (String, Vec<(&'static str, Param)>) {
        if self.table == "worker" { wanted(&asked.limit.into(), self.owner()) } else { wanted(asked, self.owner()) }
    }

    /// The id that stands for a row.
    const fn owner(&self) -> &'static str {
        match self.table.as_bytes() {
            b"condition" => "run_id",
            b"request_key" => "target",
            _ => "id",
        }
    }
}

/// The statement that locks and loads what is due.
pub fn due(kind: DueKind, asked: &Wanted, now_ms: Option<i64>) -> Fragment {
    let due = stored(kind);
    let template = match due.table {
        "execution" => include_str!("../sql/load/due_executions.sql"),
        "run" => include_str!("../sql/load/due_runs.sql"),
        "condition" => include_str!("../sql/load/due_conditions.sql"),
        "schedule" => include_str!("../sql/load/due_schedules.sql"),
        "worker" => include_str!("../sql/load/due_workers.sql"),
        _ => include_str!("../sql/load/due_request_keys.sql"),
    };
    let (conditions, mut params) = due.wanted(asked);
    let template = template
        .replace("{condition}", due.condition)
        .replace("{time}", due.time)
        .replace("{wanted}", &conditions)
        .replace("{shift}", &format!(" - {}", due.after_ms));
    params.push(("now", Param::Time(now_ms)));
    Fragment::new(template, params)
}

/// The headers of the runs of what a sweep took, as they are now that their members are locked; none without members. Whoever changes
/// what a header says about all members holds their locks meanwhile, but need not change them: the statement that took them may be older
/// than the header.
pub fn headers(state: &State, mode: Mode) -> Option<Statement> {
    let runs: BTreeSet<_> = state.executions.values().filter_map(|row| row.run_id).collect();
    let params = vec![("runs", Param::ids(runs.iter().map(|run| run.0)))];
    let template = "SELECT {run r} FROM run r WHERE r.id = ANY($runs)";
    (!runs.is_empty()).then(|| Fragment::new(template, params).statement(mode))
}

/// The earliest times of a kind and whose they are, each after store time; one row at least.
pub fn first(kind: DueKind, asked: &Wanted, now_ms: Option<i64>) -> Fragment {
    let due = stored(kind);
    let (conditions, mut params) = due.wanted(asked);
    params.push(("now", Param::Time(now_ms)));
    let order = match due.table {
        "condition" => "e.run_id, e.key",
        "request_key" => "e.namespace, e.key",
        "worker" => "e.instance",
        _ => "e.id",
    };
    let id = if due.table == "worker" { "NULL::uuid".to_owned() } else { format!("e.{}", due.owner()) };
    let template = format!(
        "SELECT {{now}}, d.at_ms, d.id FROM (SELECT 1) one LEFT JOIN (
            SELECT {time} + {after} AS at_ms, {id} AS id FROM {table} e WHERE {condition}{conditions} ORDER BY {time}, {order} LIMIT $limit
        ) d ON true",
        time = due.time,
        after = due.after_ms,
        table = due.table,
        condition = due.condition,
    );
    Fragment::new(template, params)
}
