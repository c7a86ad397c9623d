//! The gauges of the metrics, as the server counts them.

use levada_base::Error;
use levada_store::Count;
use levada_store::alphabets::{PublicState, RunPhase};
use levada_store::value::Value;
use tokio_postgres::Row;

use crate::slice::undecodable;

/// Every gauge of `counts.sql` and `bytes.sql`.
const GAUGES: &[&str] = &[
    "executions",
    "leases",
    "oldest_ready",
    "runs",
    "cancel_backlog",
    "marks",
    "cancel_pending",
    "workers",
    "store_bytes",
    NOW,
];

/// What the row is called that says the time at which they were counted.
const NOW: &str = "now";

/// The gauges from rows of (name, label, number of a word or none, how many), and the time.
pub fn counts<'a>(rows: impl Iterator<Item = &'a Row>) -> Result<(Vec<Count>, i64), Error> {
    let mut counts = rows.map(count).collect::<Result<Vec<_>, _>>()?;
    counts.sort();
    let now_ms = counts.iter().find(|count| count.gauge == NOW).map_or(0, |count| count.value);
    counts.retain(|count| count.gauge != NOW);
    Ok((counts, now_ms))
}

/// A gauge that came as a fact about a slice: those of an explanation. One that is 0 is none.
pub fn counted(gauge: &str, label: &Value, value: i64) -> Option<Count> {
    const GAUGES: &[&str] = &["members", "marks", "conditions", "active", "leases"];
    let gauge = GAUGES.iter().find(|known| **known == gauge).copied().filter(|_| value > 0)?;
    let label = match label {
        Value::Text(label) => Some(label.clone()),
        Value::Int(code) => PublicState::from_code(*code).map(|state| state.to_string()),
        _ => None,
    };
    Some(Count { gauge, labels: label.into_iter().collect(), value })
}

fn count(row: &Row) -> Result<Count, Error> {
    let name: &str = row.try_get(0).map_err(undecodable)?;
    let label: Option<String> = row.try_get(1).map_err(undecodable)?;
    let word: Option<i16> = row.try_get(2).map_err(undecodable)?;
    let value: i64 = row.try_get(3).map_err(undecodable)?;
    let gauge = GAUGES.iter().find(|gauge| **gauge == name).copied().unwrap_or_default();
    let word = word.and_then(|code| match gauge {
        "runs" => RunPhase::from_code(code.into()).map(|phase| phase.to_string()),
        _ => PublicState::from_code(code.into()).map(|state| state.to_string()),
    });
    Ok(Count { gauge, labels: label.into_iter().chain(word).collect(), value })
}
