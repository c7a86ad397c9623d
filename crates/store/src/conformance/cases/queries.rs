//! Every query answers on random states as the in-memory store does, and pages end where they should.

use crate::alphabets::{PublicState, RunPhase};
use crate::conformance::compare::{ensure, equal, same_rows};
use crate::conformance::random;
use crate::conformance::scopes::wanted;
use crate::conformance::stage::{Stage, moment, said};
use crate::conformance::{Dice, Factory, Suite, Verdict};
use crate::ids::{ExecutionId, RunId};
use crate::memory::answer;
use crate::query::{Awaiting, Count, ExecutionFilter, PageCursor, Query, RunFilter};
use crate::reasons::Subject;
use crate::rows::Condition;
use crate::scope::{DueKind, Wanted};
use crate::state::{State, TABLES};
use crate::store::Store;
use crate::tables::Tables;

type Ask = fn(&State) -> Vec<Query>;

const QUERIES: &[(&str, Ask)] = &[
    ("payload", |state| known_and_unknown(state).map(Query::Payload).collect()),
    ("attempts", |state| known_and_unknown(state).map(Query::Attempts).collect()),
    ("executions", executions),
    ("runs", runs),
    ("edges", edges),
    ("pending_cancels", pending_cancels),
    ("marked_runs", |state| of_runs(state).into_iter().map(Query::MarkedRuns).collect()),
    ("backlog_runs", |state| of_runs(state).into_iter().map(Query::BacklogRuns).collect()),
    ("awaited_ends", awaited_ends),
    ("due", due),
    ("ready_routes", |_| [0, 1, 3, 100].map(Query::ReadyRoutes).to_vec()),
    ("reasons", reasons),
    ("lanes", |_| vec![Query::Lanes]),
    ("workers", |_| vec![Query::Workers]),
    ("schedules", |_| vec![Query::Schedules]),
    ("counts", |_| vec![Query::Counts]),
];

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for (name, ask) in QUERIES {
        for seed in super::SEEDS {
            suite.add(format!("queries/{name}/{seed}"), move |stage| as_reference(stage, *ask, seed));
        }
        suite.add(format!("queries/{name}/empty"), move |stage| of_an_empty_store(stage, *ask));
    }
    suite.add("queries/bytes".to_owned(), bytes);
    for seed in super::SEEDS {
        suite.add(format!("queries/reasons/large/{seed}"), move |stage| large(stage, seed));
    }
    for limit in [1, 2, 5] {
        suite.add(format!("queries/pages/executions/{limit}"), move |stage| pages_of_executions(stage, limit));
        suite.add(format!("queries/pages/runs/{limit}"), move |stage| pages_of_runs(stage, limit));
    }
}

async fn as_reference<S: Store>(mut stage: Stage<S>, ask: Ask, seed: u64) -> Verdict {
    stage.load(random::state(seed + 20, stage.now_ms())).await?;
    compare(&stage, &ask(&stage.model)).await
}

async fn of_an_empty_store<S: Store>(stage: Stage<S>, ask: Ask) -> Verdict {
    compare(&stage, &ask(&random::state(20, stage.now_ms()))).await
}

/// Every table is told, rows take room, and what it was before they came is not more than after.
async fn bytes<S: Store>(mut stage: Stage<S>) -> Verdict {
    let ask = async |stage: &Stage<S>| stage.store.read(Query::Bytes).await.map(|page| page.counts).map_err(said);
    let before = ask(&stage).await?;
    stage.load(random::state(20, stage.now_ms())).await?;
    let after = ask(&stage).await?;
    let of = |counts: &[Count], table: &str| {
        let one = counts.iter().find(|count| count.gauge == "store_bytes" && count.labels == [table]);
        one.map(|count| count.value).ok_or_else(|| format!("no bytes of \"{table}\""))
    };
    for table in TABLES {
        let (before, after) = (of(&before, table.name)?, of(&after, table.name)?);
        let has_rows = stage.model.records().any(|record| record.table().name == table.name);
        ensure(after >= before && (after > 0 || !has_rows), || format!("{}: {before}, then {after} bytes", table.name))?;
    }
    Ok(())
}

async fn large<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    stage.load(random::large(seed, stage.now_ms())).await?;
    let some: Vec<_> = reasons(&stage.model).into_iter().rev().step_by(9).collect();
    let runs = stage.model.runs.keys().map(|run| Query::Reasons(Subject::Run(*run)));
    compare(&stage, &runs.chain(some).collect::<Vec<_>>()).await
}

async fn compare<S: Store>(stage: &Stage<S>, queries: &[Query]) -> Verdict {
    let tables = Tables::from_state(stage.model.clone());
    for query in queries {
        let mut found = stage.store.read(query.clone()).await.map_err(|error| format!("{query:?}: {error}"))?;
        let mut expected = answer(&tables, query, moment(&found.rows));
        same_rows(&format!("{query:?}"), &expected.rows, &found.rows)?;
        equal(&format!("next page of {query:?}"), &expected.next, &found.next)?;
        equal(&format!("times of {query:?}"), &expected.times, &found.times)?;
        // Gauges have no order.
        expected.counts.sort_unstable();
        found.counts.sort_unstable();
        equal(&format!("{query:?}"), &expected.counts, &found.counts)?;
    }
    Ok(())
}

fn due(state: &State) -> Vec<Query> {
    let mut dice = Dice::new(7);
    DueKind::ALL.iter().flat_map(|kind| wanted(state, *kind, &mut dice).map(|wanted| Query::Due(*kind, wanted))).collect()
}

/// Few and many runs, those of a namespace, and without some.
fn of_runs(state: &State) -> Vec<Wanted> {
    let except: Vec<_> = state.runs.keys().step_by(3).map(|run| ExecutionId(run.0)).collect();
    let all = [0, 1, 2, 100].map(Wanted::from);
    let narrow = [(1, "alpha"), (100, "alpha"), (2, "Beta"), (100, "unknown")].map(|(limit, name)| Wanted {
        limit,
        namespaces: Some(vec![name.to_owned()]),
        except: except.clone(),
    });
    let some = Wanted { limit: 3, namespaces: None, except };
    all.into_iter().chain(narrow).chain([some]).collect()
}

/// All, those that wait for some upstreams, those of some runs, both, and those of none.
fn awaited_ends(state: &State) -> Vec<Query> {
    let of = |upstreams: &[u128], runs: &[RunId]| Awaiting::Of { upstreams: upstreams.to_vec(), runs: runs.to_vec() };
    let upstream = |row: &Condition| row.upstream_run.map(|run| run.0).or(row.upstream_execution.map(|id| id.0));
    let upstreams: Vec<_> = state.conditions.values().filter_map(upstream).step_by(2).chain([1]).collect();
    let runs: Vec<_> = state.conditions.values().map(|row| row.run_id).step_by(3).chain([RunId(1)]).collect();
    let which = [Awaiting::All, of(&upstreams, &[]), of(&[], &runs), of(&upstreams, &runs), of(&[], &[])];
    which.iter().flat_map(|which| of_runs(state).into_iter().map(|wanted| Query::AwaitedEnds(wanted, which.clone()))).collect()
}

/// Every run page by page, from the beginning, behind each edge and behind what is none.
fn edges(state: &State) -> Vec<Query> {
    let of_run = |run: RunId| {
        let own = state.edges.keys().filter(move |key| key.0 == run).map(|key| Some((key.1, key.2)));
        let behind = own.chain([None, Some((ExecutionId(u128::MAX), ExecutionId(1)))]);
        behind.flat_map(move |after| [0, 1, 3, 1_000].map(|limit| Query::Edges { run, after, limit }))
    };
    state.runs.keys().copied().chain([RunId(1)]).flat_map(of_run).collect()
}

fn reasons(state: &State) -> Vec<Query> {
    let executions = known_and_unknown(state).map(Subject::Execution);
    let runs = state.runs.keys().copied().chain([RunId(1)]).map(Subject::Run);
    executions.chain(runs).map(Query::Reasons).collect()
}

fn known_and_unknown(state: &State) -> impl Iterator<Item = ExecutionId> + '_ {
    state.executions.keys().copied().chain([ExecutionId(1)])
}

fn executions(state: &State) -> Vec<Query> {
    let some = state.executions.values().next();
    let tag = state.tags.values().find(|tag| state.executions.contains_key(&tag.owner));
    let tag = tag.map(|tag| (tag.key.clone(), tag.value.clone()));
    let middle = some.map(|row| row.created_ms);
    let mut filters = vec![
        ExecutionFilter::default(),
        ExecutionFilter { namespace: Some("alpha".to_owned()), ..ExecutionFilter::default() },
        ExecutionFilter { namespaces: Some(vec!["Beta".to_owned(), "unknown".to_owned()]), ..ExecutionFilter::default() },
        ExecutionFilter { namespaces: Some(Vec::new()), ..ExecutionFilter::default() },
        ExecutionFilter { run: state.runs.keys().next().copied(), ..ExecutionFilter::default() },
        ExecutionFilter { lane: Some("mail".to_owned()), ..ExecutionFilter::default() },
        ExecutionFilter { lane: Some("unknown".to_owned()), ..ExecutionFilter::default() },
        ExecutionFilter { tag: tag.clone(), ..ExecutionFilter::default() },
        ExecutionFilter { tag: tag.map(|(key, _)| (key, "other".to_owned())), ..ExecutionFilter::default() },
        ExecutionFilter { from_ms: middle, ..ExecutionFilter::default() },
        ExecutionFilter { to_ms: middle, ..ExecutionFilter::default() },
        ExecutionFilter { from_ms: middle, to_ms: middle.map(|at| at + 1), ..ExecutionFilter::default() },
        ExecutionFilter {
            namespace: Some("Beta".to_owned()),
            states: vec![PublicState::Ready, PublicState::Active],
            ..Default::default()
        },
    ];
    filters.extend(PublicState::ALL.iter().map(|shown| ExecutionFilter { states: vec![*shown], ..ExecutionFilter::default() }));
    let cursor = some.map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 });
    let asked = filters
        .into_iter()
        .flat_map(|filter| [(None, 4), (None, 1_000), (cursor, 3)].map(|(at, limit)| (filter.clone(), at, limit)));
    asked.map(|(filter, at, limit)| Query::Executions(filter, at, limit)).collect()
}

fn runs(state: &State) -> Vec<Query> {
    let some = state.runs.values().next();
    let tag = state.tags.values().find(|tag| state.runs.contains_key(&RunId(tag.owner.0)));
    let middle = some.map(|row| row.created_ms);
    let version = state.runs.values().find_map(|run| run.graph_version.clone());
    let mut filters = vec![
        RunFilter::default(),
        RunFilter { namespace: Some("Beta".to_owned()), ..RunFilter::default() },
        RunFilter { namespaces: Some(vec!["Beta".to_owned(), "unknown".to_owned()]), ..RunFilter::default() },
        RunFilter { namespaces: Some(Vec::new()), ..RunFilter::default() },
        RunFilter { name: Some("nightly".to_owned()), ..RunFilter::default() },
        RunFilter { name: Some("NIGHTLY".to_owned()), ..RunFilter::default() },
        RunFilter { graph_version: version, ..RunFilter::default() },
        RunFilter { tag: tag.map(|tag| (tag.key.clone(), tag.value.clone())), ..RunFilter::default() },
        RunFilter { from_ms: middle, ..RunFilter::default() },
        RunFilter { to_ms: middle, ..RunFilter::default() },
        RunFilter {
            phases: vec![RunPhase::Running, RunPhase::Ended],
            name: Some("nightly".to_owned()),
            ..RunFilter::default()
        },
    ];
    filters.extend(RunPhase::ALL.iter().map(|phase| RunFilter { phases: vec![*phase], ..RunFilter::default() }));
    let cursor = some.map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 });
    let asked = filters
        .into_iter()
        .flat_map(|filter| [(None, 2), (None, 100), (cursor, 2)].map(|(at, limit)| (filter.clone(), at, limit)));
    asked.map(|(filter, at, limit)| Query::Runs(filter, at, limit)).collect()
}

fn pending_cancels(state: &State) -> Vec<Query> {
    let mut dice = Dice::new(state.cancel_pending.len().try_into().unwrap_or(0));
    let namespaces =
        [None, Some(Vec::new()), Some(vec!["alpha".to_owned()]), Some(vec!["Beta".to_owned(), "alpha".to_owned()])];
    let asked =
        namespaces.into_iter().flat_map(|names| [0, 5_000, -3_600_000].map(|older_than_ms| (names.clone(), older_than_ms)));
    let asked: Vec<_> = asked.collect();
    let limits: Vec<_> = asked.iter().map(|_| *dice.pick(&[1, 2, 100])).collect();
    let queries = asked.into_iter().zip(limits);
    queries.map(|((namespaces, older_than_ms), limit)| Query::PendingCancels { namespaces, older_than_ms, limit }).collect()
}

/// Every execution is on one page, in the order of (creation time, id), and the last page says so.
async fn pages_of_executions<S: Store>(mut stage: Stage<S>, limit: u32) -> Verdict {
    stage.load(random::state(30, stage.now_ms())).await?;
    let mut expected: Vec<_> = stage.model.executions.values().map(|row| (row.created_ms, row.id.0)).collect();
    expected.sort_unstable();
    let ask = |at| Query::Executions(ExecutionFilter::default(), at, limit);
    let found =
        walk(&stage, limit, ask, |rows| rows.executions.values().map(|row| (row.created_ms, row.id.0)).collect()).await?;
    equal("executions over all pages", &expected, &found)
}

async fn pages_of_runs<S: Store>(mut stage: Stage<S>, limit: u32) -> Verdict {
    stage.load(random::state(31, stage.now_ms())).await?;
    let mut expected: Vec<_> = stage.model.runs.values().map(|row| (row.created_ms, row.id.0)).collect();
    expected.sort_unstable();
    let ask = |at| Query::Runs(RunFilter::default(), at, limit);
    let found = walk(&stage, limit, ask, |rows| rows.runs.values().map(|row| (row.created_ms, row.id.0)).collect()).await?;
    equal("runs over all pages", &expected, &found)
}

async fn walk<S: Store>(
    stage: &Stage<S>,
    limit: u32,
    ask: impl Fn(Option<PageCursor>) -> Query,
    keys: fn(&State) -> Vec<(i64, u128)>,
) -> Result<Vec<(i64, u128)>, String> {
    let (mut found, mut at) = (Vec::new(), None);
    for _ in 0..1_000 {
        let page = stage.store.read(ask(at)).await.map_err(said)?;
        let mut here = keys(&page.rows);
        here.sort_unstable();
        ensure(here.len() <= limit as usize, || format!("a page of at most {limit} has {} rows", here.len()))?;
        found.extend(here);
        match page.next {
            Some(next) => at = Some(next),
            None => return Ok(found),
        }
    }
    Err("the pages never end".to_owned())
}
