//! Answers to reads.

use levada_store::rows::{
    Attempt, CancelPending, Condition, Edge, Execution, Group, Input, Lane, Pin, ResultRow, Route, Row, Run, Schedule, Tag,
    WorkerRow,
};
use levada_store::{
    Awaiting, ExecutionFilter, ExecutionId, Moment, Page, PageCursor, Query, Record, RunFilter, RunId, State, Wanted,
};
use rusqlite::Params;
use rusqlite::types::Value as Sql;

use crate::asked::Asked;
use crate::codec::id;
use crate::counts::{bytes, counts};
use crate::dues;
use crate::errors::Result;
use crate::load::{Claims, lists, load, reasons};
use crate::select::Select;
use crate::session::Session;

static EXECUTION: Select<Execution> = Select::new("WHERE id = ?1");
static ATTEMPTS: Select<Attempt> = Select::new("WHERE execution_id = ?1");
static INPUT: Select<Input> = Select::new("WHERE execution_id = ?1");
static RESULTS: Select<ResultRow> = Select::new("WHERE execution_id = ?1");
static PINS: Select<Pin> = Select::new("WHERE execution_id = ?1");
static RUN: Select<Run> = Select::new("WHERE id = ?1");
pub(crate) static EDGES: Select<Edge> =
    Select::new("WHERE run_id = ?1 AND (child, upstream) > (?2, ?3) ORDER BY child, upstream LIMIT ?4");
static GROUP: Select<Group> = Select::new("WHERE child = ?1");
static PINNED: Select<ResultRow> = Select::new("WHERE execution_id = ?1 AND generation = ?2");
static ROUTE: Select<Route> = Select::new("WHERE id = ?1");
static TAGS: Select<Tag> = Select::new("WHERE owner = ?1");
static LANES: Select<Lane> = Select::new("");
pub(crate) static WORKERS: Select<WorkerRow> = Select::new("");
static SCHEDULES: Select<Schedule> = Select::new("");
static MARKED_RUNS: Select<Run> = Select::new(
    "WHERE id IN (
        SELECT run_id FROM mark WHERE EXISTS (
            SELECT 1 FROM run WHERE run.id = mark.run_id
                AND (?2 IS NULL OR hex(run.namespace) IN (SELECT value FROM json_each(?2)))
                AND (?3 IS NULL OR hex(run.id) NOT IN (SELECT value FROM json_each(?3)))
        ) GROUP BY run_id ORDER BY min(made_ms), run_id LIMIT ?1
    )",
);
static BACKLOG_RUNS: Select<Run> = Select::new(
    "WHERE cancel_backlog = 1 AND phase <> 3 AND (?2 IS NULL OR hex(namespace) IN (SELECT value FROM json_each(?2)))
        AND (?3 IS NULL OR hex(id) NOT IN (SELECT value FROM json_each(?3)))
    ORDER BY id LIMIT ?1",
);
pub(crate) static AWAITED_ENDS: Select<Condition> = Select::new(
    "WHERE state = 0 AND (upstream_run IS NOT NULL OR upstream_execution IS NOT NULL)
        AND (?2 IS NULL OR hex(namespace) IN (SELECT value FROM json_each(?2)))
        AND (?3 IS NULL OR hex(run_id) NOT IN (SELECT value FROM json_each(?3)))
    ORDER BY NOT EXISTS (SELECT 1 FROM run WHERE run.id = upstream_run AND run.phase = 3)
        AND NOT EXISTS (SELECT 1 FROM execution WHERE execution.id = upstream_execution AND execution.phase = 4),
        run_id, \"key\" LIMIT ?1",
);
pub(crate) static AWAITED_RUN: Select<Condition> = Select::new("WHERE state = 0 AND upstream_run = ?1");
pub(crate) static AWAITED_EXECUTION: Select<Condition> = Select::new("WHERE state = 0 AND upstream_execution = ?1");
static AWAITED_OF_RUN: Select<Condition> =
    Select::new("WHERE run_id = ?1 AND state = 0 AND (upstream_run IS NOT NULL OR upstream_execution IS NOT NULL)");
static ENDED_RUN: Select<Run> = Select::new("WHERE id = ?1 AND phase = 3");
static ENDED_EXECUTION: Select<Execution> = Select::new("WHERE id = ?1 AND phase = 4");
/// From one route of the claim index to the next, so that its cost is the number of routes.
static READY_ROUTES: Select<Route> = Select::new(include_str!("sql/ready_routes.sql"));

/// The answer to a query.
pub(crate) fn answer(session: &Session<'_>, query: &Query, moment: Moment) -> Result<Page> {
    let mut page = Page::default();
    let rows = &mut page.rows;
    match query {
        Query::Scope(scope) => *rows = load(session, (scope, Claims::Alone), moment, None)?.0,
        Query::Payload(execution) => payload(session, *execution, rows)?,
        Query::Attempts(execution) => {
            bring(session, &EXECUTION, [id(execution.0)], rows)?;
            bring(session, &ATTEMPTS, [id(execution.0)], rows)?;
        }
        Query::Executions(filter, after, limit) => executions(session, filter, *after, *limit, &mut page)?,
        Query::Runs(filter, after, limit) => runs(session, filter, *after, *limit, &mut page)?,
        Query::Edges { run, after, limit } => edges(session, *run, *after, *limit, rows)?,
        Query::PendingCancels { namespaces, older_than_ms, limit } => {
            let mut asked = Asked::default();
            asked.one_of("namespace", namespaces.as_deref());
            asked.and("not_before_ms <= ?", [Sql::Integer(moment.now_ms)]);
            asked.and("enqueued_ms <= ?", [Sql::Integer(moment.now_ms.saturating_sub(*older_than_ms))]);
            asked
                .find::<CancelPending>(session, "enqueued_ms, child", *limit)?
                .into_iter()
                .for_each(|row| rows.put(row.into()));
        }
        Query::MarkedRuns(wanted) => {
            let (names, except) = lists(wanted);
            bring(session, &MARKED_RUNS, (wanted.limit, names, except), rows)?;
        }
        Query::BacklogRuns(wanted) => {
            let (names, except) = lists(wanted);
            bring(session, &BACKLOG_RUNS, (wanted.limit, names, except), rows)?;
        }
        Query::Due(kind, wanted) => page.times = dues::first(session, *kind, wanted)?,
        Query::AwaitedEnds(wanted, awaiting) => awaited_ends(session, wanted, awaiting, rows)?,
        Query::ReadyRoutes(limit) => bring(session, &READY_ROUTES, [limit], rows)?,
        Query::Reasons(subject) => page = reasons(session, *subject, moment)?,
        Query::Lanes => bring(session, &LANES, [], rows)?,
        Query::Workers => bring(session, &WORKERS, [], rows)?,
        Query::Schedules => bring(session, &SCHEDULES, [], rows)?,
        Query::Counts => page.counts = counts(session)?,
        Query::Bytes => page.counts = bytes(session)?,
    }
    page.rows.now_ms = moment.now_ms;
    Ok(page)
}

fn awaited_ends(session: &Session<'_>, wanted: &Wanted, awaiting: &Awaiting, rows: &mut State) -> Result<()> {
    let found = match awaiting {
        Awaiting::All => {
            let (names, except) = lists(wanted);
            session.all(&AWAITED_ENDS, (wanted.limit, names, except))?
        }
        Awaiting::Of { upstreams, runs } => awaited_by(session, wanted, upstreams, runs)?,
    };
    for condition in found {
        bring(session, &ENDED_RUN, [condition.upstream_run.map(|run| id(run.0))], rows)?;
        bring(session, &ENDED_EXECUTION, [condition.upstream_execution.map(|execution| id(execution.0))], rows)?;
        rows.put(condition.into());
    }
    Ok(())
}

/// Each upstream and run is looked up in an index, so that the cost is what was asked for, however many conditions are open.
fn awaited_by(session: &Session<'_>, wanted: &Wanted, upstreams: &[u128], runs: &[RunId]) -> Result<Vec<Condition>> {
    let mut found = Vec::new();
    for upstream in upstreams {
        found.extend(session.all(&AWAITED_RUN, [id(*upstream)])?);
        found.extend(session.all(&AWAITED_EXECUTION, [id(*upstream)])?);
    }
    for run in runs {
        found.extend(session.all(&AWAITED_OF_RUN, [id(run.0)])?);
    }
    found.retain(|row| wanted.lets(&row.namespace, row.run_id.0));
    let mut ordered = Vec::new();
    for row in found {
        let run = session.all(&ENDED_RUN, [row.upstream_run.map(|run| id(run.0))])?;
        let execution = session.all(&ENDED_EXECUTION, [row.upstream_execution.map(|execution| id(execution.0))])?;
        ordered.push((run.is_empty() && execution.is_empty(), row));
    }
    ordered.sort_by(|(waits, row), (other_waits, other)| {
        (waits, row.run_id, &row.key).cmp(&(other_waits, other.run_id, &other.key))
    });
    ordered.dedup_by(|(_, row), (_, other)| (row.run_id, &row.key) == (other.run_id, &other.key));
    ordered.truncate(wanted.limit as usize);
    Ok(ordered.into_iter().map(|(_, row)| row).collect())
}

fn edges(
    session: &Session<'_>,
    run: RunId,
    after: Option<(ExecutionId, ExecutionId)>,
    limit: u32,
    rows: &mut State,
) -> Result<()> {
    bring(session, &RUN, [id(run.0)], rows)?;
    let (child, upstream) = after.map_or((0, 0), |(child, upstream)| (child.0, upstream.0));
    for edge in session.all(&EDGES, (id(run.0), id(child), id(upstream), limit))? {
        if !rows.groups.contains_key(&edge.child) {
            bring(session, &GROUP, [id(edge.child.0)], rows)?;
        }
        rows.put(edge.into());
    }
    Ok(())
}

fn bring<R: Row + Into<Record>>(
    session: &Session<'_>,
    select: &'static Select<R>,
    params: impl Params,
    rows: &mut State,
) -> Result<()> {
    session.all(select, params)?.into_iter().for_each(|row| rows.put(row.into()));
    Ok(())
}

fn payload(session: &Session<'_>, execution: ExecutionId, rows: &mut State) -> Result<()> {
    let key = [id(execution.0)];
    bring(session, &EXECUTION, key, rows)?;
    bring(session, &INPUT, key, rows)?;
    bring(session, &RESULTS, key, rows)?;
    for pin in session.all(&PINS, key)? {
        bring(session, &PINNED, (id(pin.upstream.0), pin.generation), rows)?;
        rows.put(pin.into());
    }
    Ok(())
}

fn executions(
    session: &Session<'_>,
    filter: &ExecutionFilter,
    after: Option<PageCursor>,
    limit: u32,
    page: &mut Page,
) -> Result<()> {
    let mut asked = Asked::default();
    asked.equal("namespace", filter.namespace.as_ref());
    asked.one_of("namespace", filter.namespaces.as_deref());
    if let Some(run) = filter.run {
        asked.and("run_id = ?", [Sql::Blob(id(run.0).to_vec())]);
    }
    if let Some(lane) = &filter.lane {
        asked.and("route_id IN (SELECT route.id FROM route WHERE route.lane = ?)", [Sql::Text(lane.clone())]);
    }
    asked.one_of_codes("public_state", &filter.states.iter().map(|state| state.code()).collect::<Vec<_>>());
    asked.tagged(filter.tag.as_ref());
    asked.created(filter.from_ms, filter.to_ms, after);
    let (found, more) = asked.page::<Execution>(session, limit)?;
    page.next = found.last().filter(|_| more).map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 });
    for row in found {
        bring(session, &TAGS, [id(row.id.0)], &mut page.rows)?;
        if !page.rows.routes.contains_key(&row.route_id) {
            bring(session, &ROUTE, [row.route_id], &mut page.rows)?;
        }
        page.rows.put(row.into());
    }
    Ok(())
}

fn runs(session: &Session<'_>, filter: &RunFilter, after: Option<PageCursor>, limit: u32, page: &mut Page) -> Result<()> {
    let mut asked = Asked::default();
    asked.equal("namespace", filter.namespace.as_ref());
    asked.one_of("namespace", filter.namespaces.as_deref());
    asked.equal("name", filter.name.as_ref());
    asked.equal("graph_version", filter.graph_version.as_ref());
    asked.one_of_codes("phase", &filter.phases.iter().map(|phase| phase.code()).collect::<Vec<_>>());
    asked.tagged(filter.tag.as_ref());
    asked.created(filter.from_ms, filter.to_ms, after);
    let (found, more) = asked.page::<Run>(session, limit)?;
    page.next = found.last().filter(|_| more).map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 });
    for row in found {
        bring(session, &TAGS, [id(row.id.0)], &mut page.rows)?;
        page.rows.put(row.into());
    }
    Ok(())
}
