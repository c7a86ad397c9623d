//! Answers to reads, from full state.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::alphabets::{ConditionState, Hold, Phase, RunPhase};
use crate::cut::{Moment, cut};
use crate::dues;
use crate::ids::{ExecutionId, RunId};
use crate::query::{Awaiting, Count, ExecutionFilter, Page, PageCursor, Query, RunFilter};
use crate::reasons::reasons;
use crate::rows::{Condition, Event, Execution, Run};
use crate::scope::Wanted;
use crate::state::{State, TABLES};
use crate::store::{Cursor, EventPage, Filter};
use crate::tables::Tables;
use crate::value::Value;

pub(crate) fn answer(tables: &Tables, query: &Query, moment: Moment) -> Page {
    let full = tables.state();
    let mut page = Page::default();
    page.rows.now_ms = moment.now_ms;
    match query {
        Query::Scope(scope) => page.rows = cut(tables, scope, moment),
        Query::Payload(id) => payload(full, *id, &mut page.rows),
        Query::Attempts(id) => {
            page.rows.executions.extend(full.executions.get(id).map(|row| (*id, row.clone())));
            page.rows.attempts.extend(full.attempts.range((*id, 0)..=(*id, i32::MAX)).map(|(key, row)| (*key, row.clone())));
        }
        Query::Executions(filter, after, limit) => executions(full, filter, *after, *limit, &mut page),
        Query::Runs(filter, after, limit) => runs(full, filter, *after, *limit, &mut page),
        Query::Edges { run, after, limit } => edges(full, *run, *after, *limit, &mut page.rows),
        Query::PendingCancels { namespaces, older_than_ms, limit } => {
            let now_ms = moment.now_ms;
            let wanted = |name: &String| namespaces.as_ref().is_none_or(|names| names.contains(name));
            let rows = full.cancel_pending.values().filter(|row| wanted(&row.namespace));
            let old = rows.filter(|row| row.not_before_ms <= now_ms && row.enqueued_ms <= now_ms - older_than_ms);
            let mut found: Vec<_> = old.cloned().collect();
            found.sort_by_key(|row| (row.enqueued_ms, row.child));
            page.rows.cancel_pending.extend(found.into_iter().take(*limit as usize).map(|row| (row.child, row)));
        }
        Query::MarkedRuns(wanted) => {
            let mut oldest: BTreeMap<RunId, i64> = BTreeMap::new();
            for mark in full.marks.values().filter(|mark| lets_run(full, wanted, mark.run_id)) {
                let first = oldest.entry(mark.run_id).or_insert(mark.made_ms);
                *first = mark.made_ms.min(*first);
            }
            let mut marked: Vec<_> = oldest.into_iter().map(|(run, made_ms)| (made_ms, run)).collect();
            marked.sort_unstable();
            let runs = marked.into_iter().take(wanted.limit as usize).filter_map(|(_, run)| full.runs.get(&run));
            page.rows.runs.extend(runs.map(|run| (run.id, run.clone())));
        }
        Query::BacklogRuns(wanted) => {
            let waiting = full.runs.values().filter(|run| is_backlogged(run) && lets_run(full, wanted, run.id));
            page.rows.runs.extend(waiting.take(wanted.limit as usize).map(|run| (run.id, run.clone())));
        }
        Query::Due(kind, wanted) => page.times = dues::first(full, *kind, wanted),
        Query::AwaitedEnds(wanted, awaiting) => awaited_ends(full, wanted, awaiting, &mut page.rows),
        Query::ReadyRoutes(limit) => {
            let ready = full.executions.values().filter(|row| (row.phase, row.hold) == (Phase::Runnable, Hold::None));
            let routes: BTreeSet<_> = ready.map(|row| row.route_id).collect();
            let found = routes.into_iter().take(*limit as usize).filter_map(|id| full.routes.get(&id));
            page.rows.routes.extend(found.map(|route| (route.id, route.clone())));
        }
        Query::Reasons(subject) => page = reasons(tables, *subject, moment),
        Query::Lanes => page.rows.lanes.clone_from(&full.lanes),
        Query::Workers => page.rows.workers.clone_from(&full.workers),
        Query::Schedules => page.rows.schedules.clone_from(&full.schedules),
        Query::Counts => page.counts = counts(full),
        Query::Bytes => page.counts = bytes(full),
    }
    page
}

fn payload(full: &State, id: ExecutionId, rows: &mut State) {
    rows.executions.extend(full.executions.get(&id).map(|row| (id, row.clone())));
    rows.inputs.extend(full.inputs.get(&id).map(|row| (id, row.clone())));
    rows.results.extend(full.results.range((id, 0)..=(id, i32::MAX)).map(|(key, row)| (*key, row.clone())));
    for (key, pin) in full.pins.range((id, String::new())..).take_while(|(key, _)| key.0 == id) {
        rows.pins.insert(key.clone(), pin.clone());
        let result = full.results.get_key_value(&(pin.upstream, pin.generation));
        rows.results.extend(result.map(|(key, row)| (*key, row.clone())));
    }
}

fn is_backlogged(run: &Run) -> bool {
    run.cancel_backlog && run.phase != RunPhase::Ended
}

fn lets_run(full: &State, wanted: &Wanted, run: RunId) -> bool {
    full.runs.get(&run).is_some_and(|row| wanted.lets(&row.namespace, run.0))
}

fn awaited_ends(full: &State, wanted: &Wanted, awaiting: &Awaiting, rows: &mut State) {
    let run = |row: &Condition| row.upstream_run.and_then(|id| full.runs.get(&id)).filter(|run| run.phase == RunPhase::Ended);
    let execution = |row: &Condition| {
        row.upstream_execution.and_then(|id| full.executions.get(&id)).filter(|execution| execution.phase == Phase::Ended)
    };
    let open = full.conditions.values().filter(|row| {
        let awaits = row.upstream_run.is_some() || row.upstream_execution.is_some();
        awaits && row.state == ConditionState::Open && awaiting.lets(row) && wanted.lets(&row.namespace, row.run_id.0)
    });
    let mut found: Vec<_> = open.map(|row| (run(row).is_none() && execution(row).is_none(), row)).collect();
    found.sort_by_key(|(waits, _)| *waits);
    for (_, row) in found.into_iter().take(wanted.limit as usize) {
        rows.conditions.insert((row.run_id, row.key.clone()), row.clone());
        rows.runs.extend(run(row).map(|run| (run.id, run.clone())));
        rows.executions.extend(execution(row).map(|execution| (execution.id, execution.clone())));
    }
}

fn has_tag(full: &State, owner: ExecutionId, tag: Option<&(String, String)>) -> bool {
    tag.is_none_or(|(key, value)| full.tags.get(&(owner, key.clone())).is_some_and(|row| row.value == *value))
}

fn within(at_ms: i64, from_ms: Option<i64>, to_ms: Option<i64>) -> bool {
    from_ms.is_none_or(|from| at_ms >= from) && to_ms.is_none_or(|to| at_ms < to)
}

fn executions(full: &State, filter: &ExecutionFilter, after: Option<PageCursor>, limit: u32, page: &mut Page) {
    let wanted = |row: &&Execution| {
        let lane = || full.routes.get(&row.route_id).map(|route| &route.lane);
        filter.namespace.as_ref().is_none_or(|name| row.namespace == *name)
            && filter.namespaces.as_ref().is_none_or(|names| names.contains(&row.namespace))
            && filter.run.is_none_or(|run| row.run_id == Some(run))
            && filter.lane.as_ref().is_none_or(|name| lane() == Some(name))
            && (filter.states.is_empty() || filter.states.contains(&row.public_state()))
            && within(row.created_ms, filter.from_ms, filter.to_ms)
            && has_tag(full, row.id, filter.tag.as_ref())
    };
    let found = full.executions.values().filter(wanted).map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 });
    for at in cursor_page(found.collect(), after, limit, page) {
        let id = ExecutionId(at.id);
        page.rows.executions.extend(full.executions.get(&id).map(|row| (id, row.clone())));
        tags(full, id, &mut page.rows);
    }
    let routes: Vec<_> = page.rows.executions.values().map(|row| row.route_id).collect();
    page.rows.routes.extend(routes.iter().filter_map(|id| full.routes.get(id)).map(|route| (route.id, route.clone())));
}

fn runs(full: &State, filter: &RunFilter, after: Option<PageCursor>, limit: u32, page: &mut Page) {
    let wanted = |row: &&Run| {
        filter.namespace.as_ref().is_none_or(|name| row.namespace == *name)
            && filter.namespaces.as_ref().is_none_or(|names| names.contains(&row.namespace))
            && filter.name.as_ref().is_none_or(|name| row.name == *name)
            && (filter.phases.is_empty() || filter.phases.contains(&row.phase))
            && filter.graph_version.as_ref().is_none_or(|version| row.graph_version.as_ref() == Some(version))
            && within(row.created_ms, filter.from_ms, filter.to_ms)
            && has_tag(full, ExecutionId(row.id.0), filter.tag.as_ref())
    };
    let found = full.runs.values().filter(wanted).map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 });
    for at in cursor_page(found.collect(), after, limit, page) {
        page.rows.runs.extend(full.runs.get(&RunId(at.id)).map(|row| (row.id, row.clone())));
        tags(full, ExecutionId(at.id), &mut page.rows);
    }
}

fn edges(full: &State, run: RunId, after: Option<(ExecutionId, ExecutionId)>, limit: u32, rows: &mut State) {
    rows.runs.extend(full.runs.get(&run).map(|row| (run, row.clone())));
    let (child, upstream) = after.unwrap_or((ExecutionId(0), ExecutionId(0)));
    let behind =
        (Bound::Excluded((run, child, upstream)), Bound::Included((run, ExecutionId(u128::MAX), ExecutionId(u128::MAX))));
    for (key, edge) in full.edges.range(behind).take(limit as usize) {
        rows.edges.insert(*key, edge.clone());
        rows.groups.extend(full.groups.get(&edge.child).map(|group| (edge.child, group.clone())));
    }
}

fn tags(full: &State, owner: ExecutionId, rows: &mut State) {
    let tags = full.tags.range((owner, String::new())..).take_while(|(key, _)| key.0 == owner);
    rows.tags.extend(tags.map(|(key, row)| (key.clone(), row.clone())));
}

fn cursor_page(mut found: Vec<PageCursor>, after: Option<PageCursor>, limit: u32, page: &mut Page) -> Vec<PageCursor> {
    found.retain(|at| after.is_none_or(|after| *at > after));
    found.sort_unstable();
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    page.next = found.last().copied().filter(|_| more);
    found
}

/// The gauges of the metrics, from the rows.
fn counts(full: &State) -> Vec<Count> {
    let mut counts: BTreeMap<(&'static str, Vec<String>), i64> = BTreeMap::new();
    let mut add = |gauge: &'static str, labels: Vec<String>| *counts.entry((gauge, labels)).or_default() += 1;
    for row in full.executions.values().filter(|row| row.phase != Phase::Ended) {
        let lane = full.routes.get(&row.route_id).map(|route| route.lane.clone()).unwrap_or_default();
        add("executions", vec![lane, row.public_state().to_string()]);
        if row.phase == Phase::Active {
            add("leases", Vec::new());
        }
    }
    full.runs.values().filter(|run| run.phase != RunPhase::Ended).for_each(|run| add("runs", vec![run.phase.to_string()]));
    full.runs.values().filter(|run| is_backlogged(run)).for_each(|_| add("cancel_backlog", vec![]));
    full.marks.values().for_each(|_| add("marks", vec![]));
    full.cancel_pending.values().for_each(|_| add("cancel_pending", vec![]));
    for worker in full.workers.values() {
        worker.lanes.split(',').for_each(|lane| add("workers", vec![lane.to_owned()]));
    }
    counts.extend(oldest_ready(full));
    counts.into_iter().map(|((gauge, labels), value)| Count { gauge, labels, value }).collect()
}

/// Since when the execution of each lane is ready that has been it for longest.
fn oldest_ready(full: &State) -> BTreeMap<(&'static str, Vec<String>), i64> {
    let mut oldest = BTreeMap::new();
    for row in full.executions.values().filter(|row| (row.phase, row.hold) == (Phase::Runnable, Hold::None)) {
        let lane = full.routes.get(&row.route_id).map(|route| route.lane.clone()).unwrap_or_default();
        let since = oldest.entry(("oldest_ready", vec![lane])).or_insert(row.since_ms);
        *since = row.since_ms.min(*since);
    }
    oldest
}

/// The bytes of all values, which is what the rows of this store come to without their keys in maps.
fn bytes(full: &State) -> Vec<Count> {
    let size = |value: &Value| match value {
        Value::Null => 0,
        Value::Int(_) => size_of::<i64>(),
        Value::Id(_) => size_of::<u128>(),
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
    };
    let mut tables: BTreeMap<&'static str, usize> = TABLES.iter().map(|table| (table.name, 0)).collect();
    for record in full.records() {
        *tables.entry(record.table().name).or_default() += record.values().iter().map(size).sum::<usize>();
    }
    let count = |(name, bytes): (&'static str, usize)| Count {
        gauge: "store_bytes",
        labels: vec![name.to_owned()],
        value: i64::try_from(bytes).unwrap_or(i64::MAX),
    };
    tables.into_iter().map(count).collect()
}

pub(super) fn events(full: &State, after: Cursor, filter: &Filter, limit: u32) -> EventPage {
    let mut page = EventPage { events: Vec::new(), next: after };
    for event in full.events.range(after.event + 1..).map(|(_, event)| event).take(limit as usize) {
        page.next.event = event.id;
        if filter_lets(full, filter, event) {
            page.events.push(event.clone());
        }
    }
    page
}

fn filter_lets(full: &State, filter: &Filter, event: &Event) -> bool {
    let tagged = |id: Option<u128>| id.is_some_and(|id| has_tag(full, ExecutionId(id), filter.tag.as_ref()));
    (filter.namespaces.is_empty() || filter.namespaces.contains(&event.namespace))
        && filter.run.is_none_or(|run| event.run_id == Some(run))
        && filter.execution.is_none_or(|id| event.execution_id == Some(id))
        && (filter.lanes.is_empty() || event.lane.as_ref().is_some_and(|lane| filter.lanes.contains(lane)))
        && (filter.kinds.is_empty() || filter.kinds.contains(&event.kind))
        && (filter.tag.is_none() || tagged(event.run_id.map(|id| id.0)) || tagged(event.execution_id.map(|id| id.0)))
}
