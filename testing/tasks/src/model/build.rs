//! New executions and runs: X-01 ….

use std::collections::BTreeMap;

use levada_store::alphabets::{
    AttemptCause, CancelState, ConditionState, EdgeState, EventKind, GroupState, Hold, LaneState, Phase, RunPhase,
};
use levada_store::rows::{Facts, condition_node};
use levada_store::{ExecutionId, RunId};
use levada_tasks::spec::{GraphEdge, GroupPolicy, NewExecution, RunGraph};

use super::{Condition, Edge, Execution, Group, Model, Refused, Run};

impl Model {
    /// a stand-alone execution.
    ///
    /// # Errors
    /// T108.
    pub fn create_execution(&mut self, id: ExecutionId, new: &NewExecution) -> Result<(), Refused> {
        self.lane_takes(&new.lane)?;
        self.insert(id, None, new);
        self.say(EventKind::ExecutionCreated, id);
        if !new.staged {
            self.make_runnable(id);
        }
        Ok(())
    }

    /// L-6: lanes that take nothing new.
    fn lane_takes(&self, lane: &str) -> Result<(), Refused> {
        match self.lanes.get(lane).map(|lane| lane.state) {
            Some(LaneState::Draining | LaneState::Disabled) => Err("LV-T108"),
            _ => Ok(()),
        }
    }

    fn insert(&mut self, id: ExecutionId, run: Option<RunId>, new: &NewExecution) {
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
        graph.nodes.iter().try_for_each(|node| self.lane_takes(&node.execution.lane))?;
        let run = Run {
            id,
            phase: RunPhase::Building,
            sealed: false,
            paused: false,
            generation: 0,
            on_failure: graph.options.on_failure,
            outcome: None,
            edges: Vec::new(),
            groups: BTreeMap::new(),
            conditions: BTreeMap::new(),
            cancel: None,
            cancelled_some: false,
            cancelled_perhaps: false,
            expired: false,
            finalizers_released: false,
            deadline_ms: None,
            build_deadline_ms: None,
        };
        self.runs.insert(id, run);
        self.say_run(EventKind::RunCreated, id);
        for (node, member) in graph.nodes.iter().zip(ids) {
            self.insert(*member, Some(id), &node.execution);
            self.say(EventKind::ExecutionCreated, *member);
            if let Some(policy) = node.group {
                self.group(id, *member, policy);
            }
        }
        for edge in &graph.edges {
            self.add_edge(id, edge);
        }
        self.seal_run(id, graph.options.deadline_ms);
        Ok(())
    }

    fn group(&mut self, run: RunId, child: ExecutionId, policy: GroupPolicy) {
        self.run_mut(run).groups.entry(child).or_insert(Group {
            policy,
            state: GroupState::Open,
            cancel: CancelState::None,
            cancel_cause: None,
            kept: 0,
            pending_since_ms: None,
        });
    }

    fn add_edge(&mut self, run: RunId, edge: &GraphEdge) {
        let to = self.member_named(run, &edge.to);
        let (from, condition) = if edge.is_condition {
            self.run_mut(run).conditions.entry(edge.from.clone()).or_insert(Condition {
                state: ConditionState::Open,
                facts: Facts::default(),
                expires_ms: edge.condition.expires_ms,
                on_timeout: edge.condition.on_timeout,
                drawn: None,
                timed_out: false,
            });
            (condition_node(run, &edge.from), Some(edge.from.clone()))
        } else {
            (self.member_named(run, &edge.from), None)
        };
        self.group(run, to, GroupPolicy::all_of());
        self.run_mut(run).edges.push(Edge { from, condition, to, asked: edge.clone(), state: EdgeState::Staged });
    }

    fn member_named(&self, run: RunId, name: &str) -> ExecutionId {
        let found = self.members(run).find(|row| row.name == name);
        found.expect("an edge names members of its run").id
    }

    /// R-07 for a graph that is known to be good.
    fn seal_run(&mut self, run: RunId, deadline_ms: Option<i64>) {
        let now_ms = self.now_ms;
        let header = self.run_mut(run);
        header.sealed = true;
        header.phase = RunPhase::Running;
        header.deadline_ms = deadline_ms.map(|span| now_ms + span);
        for edge in &mut header.edges {
            edge.state = EdgeState::Open;
        }
        self.say_run(EventKind::RunSealed, run);
        self.fire_without_edges(run);
        for id in self.member_ids(run) {
            if self.execution(id).phase == Phase::Staged {
                self.make_runnable(id);
            }
        }
    }
}
