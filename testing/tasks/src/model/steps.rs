//! Building a run step by step: … R-07. Where several refusals apply the contract names no order; it is that of the checks
//! here: repetition, the state of the run, its revision, then the graph.

use std::collections::BTreeSet;

use levada_store::alphabets::{ConditionState, EdgeState, EventKind, GroupState, Need, Phase, RunPhase};
use levada_store::limits::BUILD_MS_MAX;
use levada_store::rows::{Facts, condition_node};
use levada_store::{ExecutionId, RunId};
use levada_tasks::spec::{GroupPolicy, NewCondition, NewEdge, NewRun, Upstream};

use super::{Asked, Condition, Edge, Model, Refused, Run};

impl Model {
    /// Whether it is new, and its revision.
    ///
    /// # Errors
    /// T004.
    pub fn create_run(&mut self, id: RunId, new: &NewRun) -> Result<(bool, i64), Refused> {
        let made_of = format!("{new:?}");
        if let Some(header) = self.runs.get(&id) {
            return if header.made_of == made_of { Ok((false, header.revision)) } else { Err("LV-T004") };
        }
        let build_deadline_ms = Some(self.now_ms + BUILD_MS_MAX);
        self.runs.insert(id, Run { build_deadline_ms, ..Run::empty(id, made_of, &new.options) });
        self.say_run(EventKind::RunCreated, id);
        Ok((true, 0))
    }

    /// Y-01, Y-07, K-5: what an unsealed run refuses once it is none.
    pub(super) fn is_building(&self, run: RunId) -> Result<(), Refused> {
        match self.runs[&run].phase {
            RunPhase::Building => Ok(()),
            RunPhase::Running => Err("LV-T202"),
            RunPhase::Cancelling => Err("LV-T217"),
            RunPhase::Ended => Err("LV-T203"),
        }
    }

    /// Whether it is new, and the revision.
    ///
    /// # Errors
    /// T002, T105, T202, T203, T211, T214, T217.
    pub fn add_execution(&mut self, run: RunId, id: ExecutionId) -> Result<(bool, i64), Refused> {
        let header = self.runs.get(&run).ok_or("LV-T002")?;
        let row = self.executions.get(&id).ok_or("LV-T002")?;
        if row.run == Some(run) {
            return Ok((false, header.revision));
        }
        self.is_building(run)?;
        if row.run.is_some() {
            return Err("LV-T211");
        }
        if row.phase == Phase::Runnable && !row.tries.is_empty() {
            return Err("LV-T105");
        }
        if !row.name.is_empty() && self.members(run).any(|other| other.name == row.name) {
            return Err("LV-T214");
        }
        let row = self.execution_mut(id);
        row.run = Some(run);
        if row.phase == Phase::Runnable {
            row.phase = Phase::Staged;
            row.hold = levada_store::alphabets::Hold::None;
        }
        let header = self.run_mut(run);
        header.revision += 1;
        Ok((true, header.revision))
    }

    /// Whether it is new, and the revision.
    ///
    /// # Errors
    /// T001, T002, T202 … T208, T212, T217, T219.
    pub fn stage_edge(&mut self, run: RunId, expected: i64, new: &NewEdge) -> Result<(bool, i64), Refused> {
        let (from, key) = node_of(run, &new.upstream);
        if from == new.child {
            return Err("LV-T205");
        }
        let asked = Asked { satisfied_by: new.satisfied_by, predicates: new.predicates.clone(), input: new.input.clone() };
        let header = self.runs.get(&run).ok_or("LV-T002")?;
        let there = header.edges.iter().find(|edge| (edge.from, edge.to) == (from, new.child));
        let stored = key.as_ref().and_then(|key| header.conditions.get(key)).map(Condition::timeout);
        let same_timeout = new.condition == NewCondition::default() || stored == Some(new.condition);
        if there.is_some_and(|edge| edge.asked == asked) && same_timeout {
            return Ok((false, header.revision));
        }
        self.is_building(run)?;
        if header.revision != expected {
            return Err("LV-T204");
        }
        let is_member = |id: ExecutionId| self.executions.get(&id).is_some_and(|row| row.run == Some(run));
        if !is_member(new.child) || (key.is_none() && !is_member(from)) {
            return Err("LV-T208");
        }
        if there.is_some() {
            return Err("LV-T207");
        }
        if self.execution(new.child).phase != Phase::Staged {
            return Err("LV-T212");
        }
        self.input_is_free(run, new.child, asked.input.as_ref())?;
        if key.is_none() {
            self.is_no_cycle(run, from, new.child)?;
        }
        if let Some(key) = &key {
            self.put_condition(run, key, new.condition)?;
        }
        let edge = Edge { from, condition: key, to: new.child, asked, state: EdgeState::Staged };
        let header = self.run_mut(run);
        header.edges.push(edge);
        header.revision += 1;
        Ok((true, header.revision))
    }

    /// I-3; every finalizer has an input `run` (Z-3).
    pub(super) fn input_is_free(&self, run: RunId, child: ExecutionId, input: Option<&String>) -> Result<(), Refused> {
        let Some(input) = input else { return Ok(()) };
        let mut edges = self.runs[&run].edges.iter().filter(|edge| edge.to == child);
        let is_taken = edges.any(|edge| edge.asked.input.as_ref() == Some(input));
        let is_own = self.execution(child).finalizer && input == "run";
        if is_taken || is_own { Err("LV-T219") } else { Ok(()) }
    }

    /// Whether an edge would close a cycle. A finalizer waits for all others, so none of these can wait for it.
    pub(super) fn is_no_cycle(&self, run: RunId, from: ExecutionId, to: ExecutionId) -> Result<(), Refused> {
        let waits_for_all = self.execution(from).finalizer && !self.execution(to).finalizer;
        if waits_for_all || self.runs[&run].downstream_of(to).contains(&from) { Err("LV-T206") } else { Ok(()) }
    }

    /// Of several edges on one condition, one may name its timeout.
    pub(super) fn put_condition(&mut self, run: RunId, key: &str, timeout: NewCondition) -> Result<(), Refused> {
        let condition = self.run_mut(run).conditions.entry(key.to_owned()).or_insert_with(Condition::open);
        let there = condition.timeout();
        if timeout == NewCondition::default() || timeout == there {
            return Ok(());
        }
        if there != NewCondition::default() {
            return Err("LV-T001");
        }
        condition.expires_ms = timeout.expires_ms;
        condition.on_timeout = timeout.on_timeout;
        Ok(())
    }

    /// Whether it was this call that applied it, and how many edges of the child are not satisfied.
    ///
    /// # Errors
    /// T002, T203, T217.
    pub fn apply_edge(&mut self, run: RunId, upstream: &Upstream, child: ExecutionId) -> Result<(bool, usize), Refused> {
        let (from, _) = node_of(run, upstream);
        let header = self.runs.get(&run).ok_or("LV-T002")?;
        let at = header.edges.iter().position(|edge| (edge.from, edge.to) == (from, child)).ok_or("LV-T002")?;
        let is_staged = header.edges[at].state == EdgeState::Staged;
        if is_staged {
            self.is_building(run)?;
            self.apply(run, at);
        }
        let (n, satisfied, _) = self.runs[&run].counts(child);
        Ok((is_staged, n - satisfied))
    }

    fn apply(&mut self, run: RunId, at: usize) {
        let edge = &mut self.run_mut(run).edges[at];
        edge.state = EdgeState::Open;
        let child = edge.to;
        self.group(run, child, GroupPolicy::all_of());
    }

    /// Whether it is new.
    ///
    /// # Errors
    /// T002, T202, T203, T208 … T210, T212, T217.
    pub fn set_policy(&mut self, run: RunId, child: ExecutionId, policy: GroupPolicy) -> Result<bool, Refused> {
        if policy.need == Need::Quorum && policy.quorum < 1 {
            return Err("LV-T209");
        }
        let header = self.runs.get(&run).ok_or("LV-T002")?;
        if header.groups.get(&child).is_some_and(|group| group.policy == policy) {
            return Ok(false);
        }
        self.is_building(run)?;
        let row = self.executions.get(&child).filter(|row| row.run == Some(run)).ok_or("LV-T208")?;
        if row.phase != Phase::Staged {
            return Err("LV-T212");
        }
        if header.counts(child).0 > 0 {
            return Err("LV-T210");
        }
        self.run_mut(run).groups.remove(&child);
        self.group(run, child, policy);
        Ok(true)
    }

    /// Whether it was this call that sealed it, and the revision.
    ///
    /// # Errors
    /// T002, T203, T204, T209, T217.
    pub fn seal_run(&mut self, run: RunId, expected: i64) -> Result<(bool, i64), Refused> {
        let header = self.runs.get(&run).ok_or("LV-T002")?;
        if header.sealed {
            return Ok((false, header.revision));
        }
        self.is_building(run)?;
        if header.revision != expected {
            return Err("LV-T204");
        }
        self.atomically(|model| model.seal(run))?;
        Ok((true, expected))
    }

    pub(super) fn seal(&mut self, run: RunId) -> Result<(), Refused> {
        let members = self.member_ids(run);
        self.apply_all(run, &members)?;
        let now_ms = self.now_ms;
        let header = self.run_mut(run);
        header.sealed = true;
        header.phase = RunPhase::Running;
        header.build_deadline_ms = None;
        header.deadline_ms = header.options.deadline_ms.map(|span| now_ms + span);
        self.say_run(EventKind::RunSealed, run);
        for id in &members {
            let group_is_open = self.runs[&run].groups.get(id).is_some_and(|group| group.state == GroupState::Open);
            if group_is_open && self.execution(*id).phase == Phase::Ended {
                self.withdraw(run, *id);
            }
        }
        self.open(run, &members);
        Ok(())
    }

    /// Applies the staged edges into these members; their groups must be reachable.
    pub(super) fn apply_all(&mut self, run: RunId, members: &[ExecutionId]) -> Result<(), Refused> {
        for at in 0..self.runs[&run].edges.len() {
            let edge = &self.runs[&run].edges[at];
            if edge.state == EdgeState::Staged && members.contains(&edge.to) {
                self.apply(run, at);
            }
        }
        let header = &self.runs[&run];
        let beyond = |(child, group): (&ExecutionId, &super::Group)| {
            let need = match group.policy.need {
                Need::AllOf => 0,
                Need::AnyOf => 1,
                Need::Quorum => usize::try_from(group.policy.quorum).unwrap_or(0),
            };
            members.contains(child) && need > header.counts(*child).0
        };
        if header.groups.iter().any(beyond) { Err("LV-T209") } else { Ok(()) }
    }
}

/// The node that an edge comes from, and the key if it is a condition.
pub(super) fn node_of(run: RunId, upstream: &Upstream) -> (ExecutionId, Option<String>) {
    match upstream {
        Upstream::Execution(id) => (*id, None),
        Upstream::Condition(key) => (condition_node(run, key), Some(key.clone())),
    }
}

impl Run {
    /// Everything that follows from a node, itself included.
    #[must_use]
    pub fn downstream_of(&self, node: ExecutionId) -> BTreeSet<ExecutionId> {
        let mut found = BTreeSet::from([node]);
        while let Some(next) = self.edges.iter().find(|edge| found.contains(&edge.from) && !found.contains(&edge.to)) {
            found.insert(next.to);
        }
        found
    }
}

impl Condition {
    fn open() -> Self {
        let NewCondition { expires_ms, on_timeout } = NewCondition::default();
        let (state, facts) = (ConditionState::Open, Facts::default());
        Self { state, facts, expires_ms, on_timeout, drawn: None, timed_out: false }
    }

    fn timeout(&self) -> NewCondition {
        NewCondition { expires_ms: self.expires_ms, on_timeout: self.on_timeout }
    }
}
