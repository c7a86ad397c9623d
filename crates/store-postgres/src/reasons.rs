//! What an explanation reads: one statement, whatever the size of the graph.
//!
//! Each level of upstreams is an expression of its own that joins the one before, because every level and every child has a limit, which
//! a recursive expression cannot keep.

use std::fmt::Write as _;

use levada_store::Subject;
use levada_store::limits::{REASONS_CONDITIONS_MAX, REASONS_DEPTH_MAX, REASONS_LISTED_MAX, REASONS_WIDTH_MAX};
use uuid::Uuid;

use crate::param::Param;
use crate::statement::Fragment;

/// The statement for [`levada_store::Query::Reasons`].
pub fn reasons(subject: Subject) -> Fragment {
    let count = |limit: u32| Param::Int(i64::from(limit));
    let mut params = vec![("listed", count(REASONS_LISTED_MAX)), ("width", count(REASONS_WIDTH_MAX))];
    match subject {
        Subject::Execution(id) => {
            params.push(("id", Param::Id(Uuid::from_u128(id.0))));
            let first = "SELECT id, run_id FROM execution WHERE id = $id";
            Fragment::new(levels(first, REASONS_DEPTH_MAX) + include_str!("sql/reasons.sql"), params)
        }
        Subject::Run(run) => {
            params.push(("run", Param::Id(Uuid::from_u128(run.0))));
            params.push(("conditions", count(REASONS_CONDITIONS_MAX)));
            let text = levels(FIRST_OF_STATES, 1) + OPEN_CONDITIONS + include_str!("sql/reasons.sql");
            Fragment::new(text + include_str!("sql/reasons_of_run.sql"), params)
        }
    }
}

const FIRST_OF_STATES: &str = "SELECT id, run_id FROM (
    SELECT id, run_id, row_number() OVER (PARTITION BY public_state ORDER BY id) AS place
    FROM execution WHERE run_id = $run AND phase <> 4
) m WHERE place <= $listed";

/// Open conditions of the run, whether an edge that is looked at has them or not.
const OPEN_CONDITIONS: &str = "
    UNION SELECT * FROM (SELECT * FROM condition WHERE run_id = $run AND state = 0 ORDER BY key LIMIT $conditions) o";

/// The beginning of a statement: `looked`, the executions of all levels; `edges`, those that lead from one to the next; and the
/// unfinished list of what `c` is to hold, conditions.
fn levels(first: &str, depth: usize) -> String {
    let mut text = format!("WITH level_0 AS MATERIALIZED ({first})");
    let (mut looked, mut edges) = ("SELECT id FROM level_0".to_owned(), String::new());
    for (level, before) in (1..=depth).zip(0..) {
        let _ = write!(
            text,
            ", edge_{level} AS MATERIALIZED (
    SELECT e.* FROM level_{before} l CROSS JOIN LATERAL (
        SELECT * FROM edge WHERE run_id = l.run_id AND child = l.id AND state = 1 ORDER BY upstream LIMIT $listed
    ) e
), level_{level} AS MATERIALIZED (
    SELECT x.id, x.run_id FROM (
        SELECT DISTINCT upstream FROM edge_{level} WHERE condition_key IS NULL ORDER BY upstream LIMIT $width
    ) u JOIN execution x ON x.id = u.upstream
)"
        );
        let _ = write!(looked, " UNION SELECT id FROM level_{level}");
        let separator = if before > 0 { " UNION " } else { "" };
        let _ = write!(edges, "{separator}SELECT * FROM edge_{level}");
    }
    let _ = write!(
        text,
        ", looked AS MATERIALIZED ({looked}), edges AS MATERIALIZED ({edges}), c AS MATERIALIZED (
    SELECT k.* FROM condition k WHERE (k.run_id, k.key) IN (SELECT run_id, condition_key FROM edges)"
    );
    text
}
