//! The gauges of the metrics, as the database counts them.

use std::collections::BTreeMap;

use levada_store::Count;
use levada_store::alphabets::{PublicState, RunPhase};

use crate::errors::{Failure, Result};
use crate::query::WORKERS;
use crate::session::Session;

/// The gauges of the metrics, from the rows: those that are not 0, in order.
pub(crate) fn counts(session: &Session<'_>) -> Result<Vec<Count>> {
    let mut counts = BTreeMap::new();
    per_lane_and_state(session, &mut counts)?;
    per_run_phase(session, &mut counts)?;
    oldest_ready(session, &mut counts)?;
    let totals = [
        ("leases", "SELECT count(*) FROM execution WHERE phase = 2"),
        ("cancel_backlog", "SELECT count(*) FROM run WHERE cancel_backlog = 1 AND phase <> 3"),
        ("marks", "SELECT count(*) FROM mark"),
        ("cancel_pending", "SELECT count(*) FROM cancel_pending"),
    ];
    for (gauge, text) in totals {
        counts.insert((gauge, Vec::new()), session.number(text, [])?.unwrap_or(0));
    }
    for worker in session.all(&WORKERS, [])? {
        worker.lanes.split(',').for_each(|lane| *counts.entry(("workers", vec![lane.to_owned()])).or_default() += 1);
    }
    let counts = counts.into_iter().filter(|(_, value)| *value > 0);
    Ok(counts.map(|((gauge, labels), value)| Count { gauge, labels, value }).collect())
}

type Gauges = BTreeMap<(&'static str, Vec<String>), i64>;

fn per_lane_and_state(session: &Session<'_>, counts: &mut Gauges) -> Result<()> {
    let mut statement = session.statement(include_str!("sql/counts.sql"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let state = word(PublicState::ALL, PublicState::code, row.get(1)?)?;
        counts.insert(("executions", vec![row.get(0)?, state.to_string()]), row.get(2)?);
    }
    Ok(())
}

/// Since when the execution of each lane is ready that has been it for longest.
fn oldest_ready(session: &Session<'_>, counts: &mut Gauges) -> Result<()> {
    let text = "SELECT coalesce(route.lane, ''), min(since_ms)
         FROM execution LEFT JOIN route ON route.id = execution.route_id WHERE phase = 1 AND hold = 0 GROUP BY 1";
    let mut statement = session.statement(text)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        counts.insert(("oldest_ready", vec![row.get(0)?]), row.get(1)?);
    }
    Ok(())
}

/// The pages of each table and of its indexes. All of them are looked at, which is why this is not asked often.
pub(crate) fn bytes(session: &Session<'_>) -> Result<Vec<Count>> {
    let text = "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) WHERE aggregate = 1 GROUP BY 1";
    let mut statement = session.statement(text)?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        counts.push(Count { gauge: "store_bytes", labels: vec![row.get(0)?], value: row.get(1)? });
    }
    Ok(counts)
}

fn per_run_phase(session: &Session<'_>, counts: &mut Gauges) -> Result<()> {
    let mut statement = session.statement("SELECT phase, count(*) FROM run WHERE phase <> 3 GROUP BY 1")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let phase = word(RunPhase::ALL, RunPhase::code, row.get(0)?)?;
        counts.insert(("runs", vec![phase.to_string()]), row.get(1)?);
    }
    Ok(())
}

/// The word of an integer; `LV-T710` if it is none.
pub(crate) fn word<W: Copy>(all: &[W], code: impl Fn(W) -> i16, stored: i64) -> Result<W> {
    let found = all.iter().copied().find(|word| i64::from(code(*word)) == stored);
    found.ok_or_else(|| {
        let message = format!("a state or phase holds {stored}");
        Failure::new(levada_base::codes::LV_T710, message, "restore it from a backup; report it")
    })
}
