//! Reads: what is there, without locks and without taking anything.

use std::collections::BTreeMap;

use levada_base::Error;
use levada_store::alphabets::{Outcome, PublicState, RunPhase};
use levada_store::rows::{Attempt, Condition, Edge, Execution, Facts, Group, Pin, ResultRow, Run, Tag, condition_node};
use levada_store::{
    BuildingScope, Count, ExecutionFilter, ExecutionId, PageCursor, Query, RunFilter, RunId, Scope, State, Store,
};

use super::Tasks;
use super::operator::NO_FENCE;
use crate::rules;
use crate::spec::{Payload, Upstream};

/// Rows of one page at most.
pub const PAGE_MAX: u32 = 1_000;

/// A run as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    pub run: Run,
    pub tags: BTreeMap<String, String>,
}

/// An execution as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionView {
    pub execution: Execution,
    pub public_state: PublicState,
    /// Empty in a list that did not ask for routes.
    pub lane: String,
    pub tags: BTreeMap<String, String>,
}

/// A whole run, nodes that have not started included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphView {
    pub run: Run,
    pub executions: Vec<Execution>,
    pub edges: Vec<Edge>,
    pub groups: Vec<Group>,
    pub conditions: Vec<Condition>,
    pub pins: Vec<Pin>,
}

/// An edge and the group that it belongs to, if it was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeView {
    pub edge: Edge,
    pub group: Option<Group>,
}

/// A result of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultView {
    pub generation: i32,
    pub payload: Payload,
    pub facts: Facts,
}

/// A page and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    pub items: Vec<T>,
    pub next: Option<PageCursor>,
}

impl<S: Store> Tasks<S> {
    /// A run with its tags.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn describe_run(&self, run: RunId) -> Result<RunView, Error> {
        let scope = Scope::All(vec![Scope::Run(run), Scope::Tags(ExecutionId(run.0))]);
        let rows = self.engine.read(Query::Scope(scope)).await?.rows;
        let found = rows.runs.get(&run).filter(|row| self.engine.settings.serves(&row.namespace));
        let found = found.ok_or_else(|| rules::unknown("run", run))?;
        Ok(RunView { run: found.clone(), tags: tags_of(&rows, ExecutionId(run.0)) })
    }

    /// How a run is in one word: its phase, or for a running one what its members do.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn display(&self, run: RunId) -> Result<&'static str, Error> {
        let row = self.describe_run(run).await?.run;
        if row.paused {
            return Ok("paused");
        }
        match (row.phase, row.outcome) {
            (RunPhase::Building, _) => Ok("building"),
            (RunPhase::Cancelling, _) => Ok("cancelling"),
            (RunPhase::Ended, outcome) => Ok(outcome.map_or("ended", |outcome| outcome.word())),
            (RunPhase::Running, _) => self.display_of_members(run).await,
        }
    }

    async fn display_of_members(&self, run: RunId) -> Result<&'static str, Error> {
        for (states, word) in
            [(&[PublicState::Active, PublicState::Ready][..], "running"), (&[PublicState::Suspended][..], "suspended")]
        {
            let filter = ExecutionFilter { run: Some(run), states: states.to_vec(), ..ExecutionFilter::default() };
            if !self.engine.read(Query::Executions(filter, None, 1)).await?.rows.executions.is_empty() {
                return Ok(word);
            }
        }
        Ok("blocked")
    }

    /// Runs in the order of their creation.
    ///
    /// # Errors
    /// `LV-T001` for a page that is too large.
    pub async fn list_runs(
        &self,
        mut filter: RunFilter,
        after: Option<PageCursor>,
        limit: u32,
    ) -> Result<Listed<RunView>, Error> {
        filter.namespaces = self.engine.settings.narrowed(filter.namespaces);
        let page = self.engine.read(Query::Runs(filter, after, page_size(limit)?)).await?;
        let runs = page.rows.runs.values();
        let mut items: Vec<_> =
            runs.map(|run| RunView { run: run.clone(), tags: tags_of(&page.rows, ExecutionId(run.id.0)) }).collect();
        items.sort_by_key(|view| (view.run.created_ms, view.run.id));
        Ok(Listed { items, next: page.next })
    }

    /// Executions in the order of their creation.
    ///
    /// # Errors
    /// `LV-T001` for a page that is too large.
    pub async fn list_executions(
        &self,
        mut filter: ExecutionFilter,
        after: Option<PageCursor>,
        limit: u32,
    ) -> Result<Listed<ExecutionView>, Error> {
        filter.namespaces = self.engine.settings.narrowed(filter.namespaces);
        let page = self.engine.read(Query::Executions(filter, after, page_size(limit)?)).await?;
        let mut items: Vec<_> = page.rows.executions.values().map(|row| view_of(&page.rows, row)).collect();
        items.sort_by_key(|view| (view.execution.created_ms, view.execution.id));
        Ok(Listed { items, next: page.next })
    }

    /// An execution with its lane and tags.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn describe_execution(&self, execution: ExecutionId) -> Result<ExecutionView, Error> {
        let scope = Scope::All(vec![Scope::Leases(vec![(execution, NO_FENCE)]), Scope::Tags(execution)]);
        let rows = self.engine.read(Query::Scope(scope)).await?.rows;
        let found = rows.executions.get(&execution).filter(|row| self.engine.settings.serves(&row.namespace));
        found.map(|row| view_of(&rows, row)).ok_or_else(|| rules::unknown("execution", execution))
    }

    /// All attempts of an execution, oldest first.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn attempts(&self, execution: ExecutionId) -> Result<Vec<Attempt>, Error> {
        let rows = self.engine.read(Query::Attempts(execution)).await?.rows;
        self.known(&rows, execution)?;
        Ok(rows.attempts.into_values().collect())
    }

    /// The input of an execution.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn input(&self, execution: ExecutionId) -> Result<Payload, Error> {
        let mut rows = self.engine.read(Query::Payload(execution)).await?.rows;
        self.known(&rows, execution)?;
        let input = rows.inputs.remove(&execution);
        Ok(input.map_or(Payload::Void, |input| Payload::from_stored(input.storage, input.bytes)))
    }

    /// An input that an edge gave a name, as it was fixed when the edges were satisfied.
    ///
    /// # Errors
    /// `LV-T002` if there is no such execution or input.
    pub async fn named_input(&self, execution: ExecutionId, name: &str) -> Result<Payload, Error> {
        let mut rows = self.engine.read(Query::Payload(execution)).await?.rows;
        self.known(&rows, execution)?;
        let pin = rows.pins.get(&(execution, name.to_owned())).ok_or_else(|| rules::unknown("input", name))?;
        // Those who did not succeed pass on how they ended, and no bytes.
        let result = rows.results.remove(&(pin.upstream, pin.generation)).filter(|_| pin.outcome == Outcome::Succeeded);
        Ok(result.map_or(Payload::Void, |result| result_of(result).payload))
    }

    /// The result of an execution: of one generation, or the last that has one.
    ///
    /// # Errors
    /// `LV-T002` if there is no such execution.
    pub async fn result(&self, execution: ExecutionId, generation: Option<i32>) -> Result<Option<ResultView>, Error> {
        let rows = self.engine.read(Query::Payload(execution)).await?.rows;
        self.known(&rows, execution)?;
        let own = rows.results.into_values().filter(|row| row.execution_id == execution);
        let wanted = own.filter(|row| generation.is_none_or(|generation| row.generation == generation));
        Ok(wanted.max_by_key(|row| row.generation).map(result_of))
    }

    /// A whole run with its edges and groups.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn graph(&self, run: RunId) -> Result<GraphView, Error> {
        let mut rows = self.engine.read(Query::Scope(Scope::WholeRun(run))).await?.rows;
        let header = rows.runs.remove(&run).filter(|row| self.engine.settings.serves(&row.namespace));
        Ok(GraphView {
            run: header.ok_or_else(|| rules::unknown("run", run))?,
            executions: rows.executions.into_values().collect(),
            edges: rows.edges.into_values().collect(),
            groups: rows.groups.into_values().collect(),
            conditions: rows.conditions.into_values().collect(),
            pins: rows.pins.into_values().collect(),
        })
    }

    /// One edge of a run.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn describe_edge(&self, run: RunId, upstream: &Upstream, child: ExecutionId) -> Result<EdgeView, Error> {
        let node = match upstream {
            Upstream::Execution(id) => *id,
            Upstream::Condition(key) => condition_node(run, key),
        };
        let scope = BuildingScope { run, executions: vec![child], ..BuildingScope::default() };
        let mut rows = self.engine.read(Query::Scope(Scope::Building(scope))).await?.rows;
        let served = rows.runs.get(&run).is_some_and(|row| self.engine.settings.serves(&row.namespace));
        let edge = rows.edges.remove(&(run, child, node)).filter(|_| served);
        let edge = edge.ok_or_else(|| rules::unknown("edge", format!("{node} → {child}")))?;
        Ok(EdgeView { edge, group: rows.groups.remove(&child) })
    }

    /// The edges of a run in the order of (child, upstream), after one of them.
    ///
    /// # Errors
    /// `LV-T001` for a page that is too large, `LV-T002`.
    pub async fn list_edges(
        &self,
        run: RunId,
        after: Option<(ExecutionId, ExecutionId)>,
        limit: u32,
    ) -> Result<Vec<EdgeView>, Error> {
        let rows = self.engine.read(Query::Edges { run, after, limit: page_size(limit)? }).await?.rows;
        let served = rows.runs.get(&run).is_some_and(|row| self.engine.settings.serves(&row.namespace));
        if !served {
            return Err(rules::unknown("run", run));
        }
        let view = |edge: Edge| EdgeView { group: rows.groups.get(&edge.child).cloned(), edge };
        Ok(rows.edges.into_values().map(view).collect())
    }

    /// The gauges: executions by lane and public state, and the other numbers of what is there now.
    ///
    /// # Errors
    /// What the store says.
    pub async fn counts(&self) -> Result<Vec<Count>, Error> {
        Ok(self.engine.read(Query::Counts).await?.counts)
    }

    fn known(&self, rows: &State, execution: ExecutionId) -> Result<(), Error> {
        let row = rows.executions.get(&execution).filter(|row| self.engine.settings.serves(&row.namespace));
        row.map(drop).ok_or_else(|| rules::unknown("execution", execution))
    }
}

/// A number of items that one page may have.
pub(super) fn page_size(limit: u32) -> Result<u32, Error> {
    if (1..=PAGE_MAX).contains(&limit) { Ok(limit) } else { Err(rules::invalid("limit", limit, "within 1 … 1000")) }
}

fn tags_of(rows: &State, owner: ExecutionId) -> BTreeMap<String, String> {
    let own = rows.tags.range((owner, String::new())..).take_while(|(key, _)| key.0 == owner);
    own.map(|(_, tag): (_, &Tag)| (tag.key.clone(), tag.value.clone())).collect()
}

fn view_of(rows: &State, row: &Execution) -> ExecutionView {
    ExecutionView {
        public_state: row.public_state(),
        lane: rows.routes.get(&row.route_id).map(|route| route.lane.clone()).unwrap_or_default(),
        tags: tags_of(rows, row.id),
        execution: row.clone(),
    }
}

fn result_of(row: ResultRow) -> ResultView {
    ResultView { generation: row.generation, payload: Payload::from_stored(row.storage, row.bytes), facts: row.facts }
}
