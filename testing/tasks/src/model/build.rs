//! New executions and whole runs: X-01 ….

use std::collections::BTreeMap;

use levada_store::alphabets::{AttemptCause, CancelState, EventKind, GroupState, Hold, LaneState, Phase, RunPhase};
use levada_store::{ExecutionId, RunId};
use levada_tasks::spec::{GroupPolicy, NewExecution, RunGraph, RunOptions};

use super::{Execution, Group, Model, Refused, Run};

impl Model {
    /// a stand-alone execution.
    ///
    /// # Errors
    /// T005 for a finalizer that could never become a member, T108.
    pub fn create_execution(&mut self, id: ExecutionId, new: &NewExecution) -> Result<(), Refused> {
        if new.finalizer && !new.staged {
            return Err("LV-T005");
        }
        self.lane_takes(&new.lane)?;
        self.insert(id, None, new);
        self.say(EventKind::ExecutionCreated, id);
        if !new.staged {
            self.make_runnable(id);
        }
        Ok(())
    }

    /// L-6: lanes that take nothing new.
    pub(super) fn lane_takes(&self, lane: &str) -> Result<(), Refused> {
        match self.lanes.get(lane).map(|lane| lane.state) {
            Some(LaneState::Draining | LaneState::Disabled) => Err("LV-T108"),
            _ => Ok(()),
        }
    }

    pub(super) fn insert(&mut self, id: ExecutionId, run: Option<RunId>, new: &NewExecution) {
        let order = self.next_number();
        let row = Execution {
            id,
            name: new.name.clone(),
            run,
            lane: new.lane.clone(),
            capabilities: new.capabilities.clone(),
            priority: new.priority,
            order,
            essential: new.essential,
            finalizer: new.finalizer,
            policy: new.policy.clone(),
            phase: Phase::Staged,
            hold: Hold::None,
            operator_hold: false,
            created_ms: self.now_ms,
            due_ms: new.due_ms,
            deadline_ms: new.policy.deadline_ms.map(|span| self.now_ms + span),
            attempt_deadline_ms: None,
            fence: 0,
            generation: 0,
            retries: 0,
            crashes: 0,
            next_cause: AttemptCause::First,
            tries: Vec::new(),
            lease: None,
            end: None,
            drawn: None,
            answered: false,
            results: BTreeMap::new(),
            pins: BTreeMap::new(),
        };
        self.executions.insert(id, row);
    }

    /// a whole run; `ids` are those of its nodes, in their order.
    ///
    /// # Errors
    /// T108.
    pub fn submit_run(&mut self, id: RunId, ids: &[ExecutionId], graph: &RunGraph) -> Result<(), Refused> {
        self.atomically(|model| {
            model.runs.insert(id, Run::empty(id, format!("{graph:?}"), &graph.options));
            model.say_run(EventKind::RunCreated, id);
            model.insert_graph(id, ids, &graph.nodes, &graph.edges, &BTreeMap::new())?;
            model.seal(id)
        })
    }

    /// A group without edges, unless there is one.
    pub(super) fn group(&mut self, run: RunId, child: ExecutionId, policy: GroupPolicy) {
        self.run_mut(run).groups.entry(child).or_insert(Group {
            policy,
            state: GroupState::Open,
            cancel: CancelState::None,
            cancel_cause: None,
            kept: 0,
            pending_since_ms: None,
        });
    }
}

impl Run {
    /// A run without members that is being built.
    pub(super) fn empty(id: RunId, made_of: String, options: &RunOptions) -> Self {
        Self {
            id,
            phase: RunPhase::Building,
            sealed: false,
            paused: false,
            generation: 0,
            revision: 0,
            made_of,
            options: options.clone(),
            outcome: None,
            edges: Vec::new(),
            groups: BTreeMap::new(),
            conditions: BTreeMap::new(),
            fragments: BTreeMap::new(),
            cancel: None,
            expired: false,
            finalizers_released: false,
            deadline_ms: None,
            build_deadline_ms: None,
        }
    }
}
