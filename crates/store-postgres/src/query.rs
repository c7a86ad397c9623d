//! Answers to reads.

use levada_base::Error;
use levada_store::{Awaiting, DueKind, ExecutionFilter, Page, PageCursor, Query, RunFilter, Scope, State, Wanted};
use uuid::Uuid;

use crate::counts::counts;
use crate::load;
use crate::param::Param;
use crate::reasons::reasons;
use crate::shared::Shared;
use crate::slice::{Slice, undecodable};
use crate::statement::{Fragment, Mode};
use crate::transaction::take_all;

impl Shared {
    /// # Errors
    /// `LV-T702`, `LV-T710`.
    pub async fn read(&self, query: &Query) -> Result<Page, Error> {
        match query {
            Query::Scope(scope) => self.read_scope(scope).await,
            Query::Due(kind, asked) => self.times(*kind, asked).await,
            Query::Counts => self.counts(include_str!("sql/counts.sql")).await,
            Query::Bytes => self.counts(include_str!("sql/bytes.sql")).await,
            Query::Executions(filter, after, limit) => {
                let page = self.slice(executions(filter, *after, *limit)).await?;
                let found =
                    page.state.executions.values().map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 }).max();
                Ok(paged(page, found, *limit))
            }
            Query::Runs(filter, after, limit) => {
                let page = self.slice(runs(filter, *after, *limit)).await?;
                let found = page.state.runs.values().map(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 }).max();
                Ok(paged(page, found, *limit))
            }
            Query::Reasons(subject) => {
                let mut slice = self.slice(reasons(*subject)).await?;
                Ok(Page { counts: std::mem::take(&mut slice.counts), ..paged(slice, None, 0) })
            }
            other => Ok(paged(self.slice(plain(other)).await?, None, 0)),
        }
    }

    async fn read_scope(&self, scope: &Scope) -> Result<Page, Error> {
        let around = self.surroundings(Mode::Read);
        let loading = load::statements(scope, around);
        let mut slice = Slice::default();
        take_all(&mut slice, self.rows(&loading.statements).await?)?;
        let more = load::under_locks(scope, &slice.state, around);
        if !more.is_empty() {
            take_all(&mut slice, self.rows(&more).await?)?;
        }
        slice.state.now_ms = self.clock.rise(slice.state.now_ms);
        Ok(Page { rows: slice.state, ..Page::default() })
    }

    /// The rows of one statement, with the time at which they were read.
    async fn slice(&self, mut fragment: Fragment) -> Result<Slice, Error> {
        let now = Param::Time(self.clock.told(&self.world));
        fragment.union(Fragment::new("SELECT {moment}", vec![("now", now)]));
        let mut slice = Slice::default();
        take_all(&mut slice, self.rows(&[fragment.statement(Mode::Read)]).await?)?;
        slice.state.now_ms = self.clock.rise(slice.state.now_ms);
        slice.state.seq = 0;
        Ok(slice)
    }

    /// The earliest times of a kind, with the time at which they were read.
    async fn times(&self, kind: DueKind, asked: &Wanted) -> Result<Page, Error> {
        let first = load::first(kind, asked, self.clock.told(&self.world));
        let mut page = Page::default();
        for row in self.rows(&[first.statement(Mode::Read)]).await?.iter().flatten() {
            page.rows.now_ms = row.try_get(0).map_err(undecodable)?;
            let at_ms: Option<i64> = row.try_get(1).map_err(undecodable)?;
            let id: Option<Uuid> = row.try_get(2).map_err(undecodable)?;
            page.times.extend(at_ms.map(|at_ms| (at_ms, id.map_or(0, |id| id.as_u128()))));
        }
        page.rows.now_ms = self.clock.rise(page.rows.now_ms);
        Ok(page)
    }

    async fn counts(&self, text: &'static str) -> Result<Page, Error> {
        let now = Param::Time(self.clock.told(&self.world));
        let fragment = Fragment::new(text, vec![("now", now)]);
        let results = self.rows(&[fragment.statement(Mode::Read)]).await?;
        let (counts, now_ms) = counts(results.iter().flatten())?;
        Ok(Page { rows: State { now_ms: self.clock.rise(now_ms), ..State::default() }, counts, ..Page::default() })
    }
}

fn paged(slice: Slice, last: Option<PageCursor>, limit: u32) -> Page {
    let next = last.filter(|_| slice.paged > i64::from(limit));
    Page { rows: slice.state, next, ..Page::default() }
}

/// A list in the making: conditions on the row `e`, and their parameters.
struct List {
    conditions: Vec<&'static str>,
    params: Vec<(&'static str, Param)>,
}

impl List {
    fn new(after: Option<PageCursor>, limit: u32) -> Self {
        let mut list = Self { conditions: vec!["true"], params: vec![("limit", Param::Int(limit.into()))] };
        if let Some(after) = after {
            list.conditions.push("(e.created_ms, e.id) > ($after_ms, $after_id)");
            list.params.push(("after_ms", Param::Int(after.created_ms)));
            list.params.push(("after_id", Param::Id(Uuid::from_u128(after.id))));
        }
        list
    }

    fn only(&mut self, condition: &'static str, name: &'static str, param: Option<Param>) {
        if let Some(param) = param {
            self.conditions.push(condition);
            self.params.push((name, param));
        }
    }

    fn tag(&mut self, tag: Option<&(String, String)>) {
        if let Some((key, value)) = tag {
            self.conditions.push("EXISTS (SELECT FROM tag t WHERE t.owner = e.id AND t.key = $tag AND t.value = $value)");
            self.params.extend([("tag", Param::Text(key.clone())), ("value", Param::Text(value.clone()))]);
        }
    }

    fn fragment(self, template: &str) -> Fragment {
        Fragment::new(template.replace("{conditions}", &self.conditions.join(" AND ")), self.params)
    }
}

fn text(text: Option<&String>) -> Option<Param> {
    text.cloned().map(Param::Text)
}

fn executions(filter: &ExecutionFilter, after: Option<PageCursor>, limit: u32) -> Fragment {
    let mut list = List::new(after, limit);
    let states: Vec<_> = filter.states.iter().map(|state| i64::from(state.code())).collect();
    list.only("e.namespace = $namespace", "namespace", text(filter.namespace.as_ref()));
    list.only("e.namespace = ANY($namespaces)", "namespaces", filter.namespaces.clone().map(Param::Texts));
    list.only("e.run_id = $run", "run", filter.run.map(|run| Param::Id(Uuid::from_u128(run.0))));
    list.only("EXISTS (SELECT FROM route r WHERE r.id = e.route_id AND r.lane = $lane)", "lane", text(filter.lane.as_ref()));
    list.only("e.public_state = ANY($states)", "states", (!states.is_empty()).then_some(Param::Ints(states)));
    list.only("e.created_ms >= $from", "from", filter.from_ms.map(Param::Int));
    list.only("e.created_ms < $to", "to", filter.to_ms.map(Param::Int));
    list.tag(filter.tag.as_ref());
    list.fragment(include_str!("sql/list_executions.sql"))
}

fn runs(filter: &RunFilter, after: Option<PageCursor>, limit: u32) -> Fragment {
    let mut list = List::new(after, limit);
    let phases: Vec<_> = filter.phases.iter().map(|phase| i64::from(phase.code())).collect();
    list.only("e.namespace = $namespace", "namespace", text(filter.namespace.as_ref()));
    list.only("e.namespace = ANY($namespaces)", "namespaces", filter.namespaces.clone().map(Param::Texts));
    list.only("e.name = $name", "name", text(filter.name.as_ref()));
    list.only("e.phase = ANY($phases)", "phases", (!phases.is_empty()).then_some(Param::Ints(phases)));
    list.only("e.graph_version = $version", "version", text(filter.graph_version.as_ref()));
    list.only("e.created_ms >= $from", "from", filter.from_ms.map(Param::Int));
    list.only("e.created_ms < $to", "to", filter.to_ms.map(Param::Int));
    list.tag(filter.tag.as_ref());
    list.fragment(include_str!("sql/list_runs.sql"))
}

/// A statement about those rows `e` that are wanted.
fn narrowed(asked: &Wanted, owner: &str, template: &str) -> Fragment {
    let (conditions, params) = load::wanted(asked, owner);
    Fragment::new(template.replace("{wanted}", &conditions), params)
}

fn awaited_ends(asked: &Wanted, awaiting: &Awaiting) -> Fragment {
    let (of, mut params) = match awaiting {
        Awaiting::All => ("condition", Vec::new()),
        Awaiting::Of { upstreams, runs } => {
            let upstreams = Param::ids(upstreams.iter().copied());
            let runs = Param::ids(runs.iter().map(|run| run.0));
            (include_str!("sql/awaited_of.sql"), vec![("upstreams", upstreams), ("runs", runs)])
        }
    };
    let (conditions, narrowing) = load::wanted(asked, "run_id");
    params.extend(narrowing);
    let text = include_str!("sql/awaited_ends.sql").replace("{wanted}", &conditions).replace("{of}", of);
    Fragment::new(text, params)
}

/// Reads that need no more than a statement.
fn plain(query: &Query) -> Fragment {
    let id = |id: u128| vec![("id", Param::Id(Uuid::from_u128(id)))];
    let limit = |limit: &u32| vec![("limit", Param::Int((*limit).into()))];
    match query {
        Query::Payload(execution) => Fragment::new(include_str!("sql/payload.sql"), id(execution.0)),
        Query::Attempts(execution) => Fragment::new(
            "SELECT {execution e} FROM execution e WHERE e.id = $id
            UNION ALL SELECT {attempt a} FROM attempt a WHERE a.execution_id = $id",
            id(execution.0),
        ),
        Query::Edges { run, after, limit: most } => {
            let (child, upstream) = after.map_or((0, 0), |(child, upstream)| (child.0, upstream.0));
            let mut params = limit(most);
            params.extend(
                [("run", run.0), ("child", child), ("upstream", upstream)]
                    .map(|(name, id)| (name, Param::Id(Uuid::from_u128(id)))),
            );
            Fragment::new(include_str!("sql/list_edges.sql"), params)
        }
        Query::PendingCancels { namespaces, older_than_ms, limit: most } => {
            let mut params = limit(most);
            params.extend([("namespaces", Param::AnyTexts(namespaces.clone())), ("older", Param::Int(*older_than_ms))]);
            Fragment::new(include_str!("sql/pending_cancels.sql"), params)
        }
        Query::MarkedRuns(asked) => narrowed(
            asked,
            "id",
            "SELECT {run r} FROM (
                SELECT e.id FROM mark m JOIN run e ON e.id = m.run_id{wanted}
                GROUP BY e.id ORDER BY min(m.made_ms), e.id LIMIT $limit
            ) m JOIN run r ON r.id = m.id",
        ),
        Query::BacklogRuns(asked) => narrowed(
            asked,
            "id",
            "SELECT {run r} FROM (SELECT * FROM run e WHERE cancel_backlog = 1 AND phase <> 3{wanted} ORDER BY id LIMIT $limit) r",
        ),
        Query::AwaitedEnds(asked, awaiting) => awaited_ends(asked, awaiting),
        Query::ReadyRoutes(most) => Fragment::new(
            "SELECT {route r} FROM (
                SELECT * FROM route r WHERE EXISTS (SELECT FROM execution WHERE route_id = r.id AND phase = 1 AND hold = 0)
                ORDER BY id LIMIT $limit
            ) r",
            limit(most),
        ),
        Query::Lanes => Fragment::new("SELECT {lane l} FROM lane l", Vec::new()),
        Query::Workers => Fragment::new("SELECT {worker w} FROM worker w", Vec::new()),
        Query::Schedules => Fragment::new("SELECT {schedule s} FROM schedule s", Vec::new()),
        Query::Scope(_)
        | Query::Counts
        | Query::Bytes
        | Query::Due(..)
        | Query::Executions(..)
        | Query::Runs(..)
        | Query::Reasons(_) => Fragment::default(),
    }
}
