//! Random runs: members, conditions, edges, groups, marks, pending cancels and pins.

use super::Maker;
use crate::alphabets::{CancelState, EdgeState, GroupState, Need, Outcome, Phase, RunPhase};
use crate::ids::{ExecutionId, RunId};
use crate::rows::{CancelPending, Condition, Edge, Group, Mark, Pin, Run, condition_node};

impl Maker {
    pub(super) fn graphs(&mut self) {
        let shapes = [
            (RunPhase::Building, 3),
            (RunPhase::Running, 2),
            (RunPhase::Running, 4),
            (RunPhase::Running, 5),
            (RunPhase::Running, 9),
            (RunPhase::Cancelling, 3),
            (RunPhase::Cancelling, 7),
            (RunPhase::Ended, 4),
            (RunPhase::Ended, 6),
        ];
        for (phase, members) in shapes {
            let run = self.run(phase);
            let members: Vec<_> = (0..members).map(|number| self.member(run, phase, number)).collect();
            self.conditions(run);
            self.edges(run, phase, &members);
            if matches!(phase, RunPhase::Running | RunPhase::Cancelling) {
                self.marks(run, &members);
            }
            self.totals(run, &members);
        }
    }

    /// A run whose members wait for many of the forty before them, and one that is a chain with seventy conditions.
    pub(super) fn large_graphs(&mut self) {
        for (members, fan_in) in [(160, 12), (24, 1)] {
            let run = self.run(RunPhase::Running);
            let members: Vec<_> = (0..members).map(|number| self.member(run, RunPhase::Running, number)).collect();
            self.conditions(run);
            for number in 0..70 {
                let mut condition: Condition = self.any();
                (condition.run_id, condition.key) = (run, format!("condition {number}"));
                (condition.upstream_run, condition.upstream_execution) = (None, None);
                self.put(condition);
            }
            for (at, child) in members.iter().enumerate().skip(1) {
                let near = &members[at.saturating_sub(if fan_in == 1 { 1 } else { 40 })..at];
                let mut upstreams = near.to_vec();
                self.dice.shuffle(&mut upstreams);
                upstreams.truncate(fan_in);
                let states = upstreams.into_iter().map(|upstream| self.edge(run, RunPhase::Running, *child, upstream, None));
                let states = states.collect();
                self.group(run, *child, states);
            }
            self.marks(run, &members);
            self.totals(run, &members);
        }
    }

    fn run(&mut self, phase: RunPhase) -> RunId {
        let (ended, building) = (phase == RunPhase::Ended, phase == RunPhase::Building);
        let mut run: Run = self.any();
        run.id = RunId(self.dice.id());
        run.namespace = self.namespace();
        run.name = (*self.dice.pick(&["nightly", "Ad hoc"])).to_owned();
        run.phase = phase;
        run.paused = run.paused && matches!(phase, RunPhase::Building | RunPhase::Running);
        run.outcome = ended.then(|| *self.dice.pick(&Outcome::ALL[..4]));
        run.ended_ms = ended.then(|| self.near());
        run.sealed_ms = (!building).then(|| self.near());
        run.build_deadline_ms = if building { Some(self.near()) } else { run.build_deadline_ms };
        run.deadline_ms = run.deadline_ms.filter(|_| !ended);
        run.cancel_grace_ms = run.cancel_grace_ms.filter(|_| !ended);
        run.retain_until_ms = run.retain_until_ms.filter(|_| ended);
        run.cancel_backlog = phase == RunPhase::Cancelling && self.dice.chance(60);
        run.created_ms = self.now_ms - self.dice.below(3) * 1_000_000;
        let id = run.id;
        self.put(run);
        id
    }

    fn member(&mut self, run: RunId, phase: RunPhase, number: usize) -> ExecutionId {
        let phases: &[Phase] = match phase {
            RunPhase::Building => &[Phase::Staged],
            RunPhase::Ended => &[Phase::Ended],
            _ => &[Phase::Runnable, Phase::Active, Phase::Suspended, Phase::Ended, Phase::Ended],
        };
        let phase = *self.dice.pick(phases);
        self.execution(Some(run), phase, format!("member {number}"))
    }

    fn conditions(&mut self, run: RunId) {
        for key in ["orders/é", "watermark:Z"] {
            let mut condition: Condition = self.any();
            (condition.run_id, condition.key) = (run, key.to_owned());
            let runs: Vec<_> = self.state.runs.keys().copied().collect();
            let executions: Vec<_> = self.state.executions.keys().copied().collect();
            let what = self.dice.below(3);
            condition.upstream_run = (what == 0).then(|| *self.dice.pick(&runs));
            condition.upstream_execution = (what == 1).then(|| *self.dice.pick(&executions));
            self.put(condition);
        }
    }

    /// Edges from earlier members and from conditions, so that there is no cycle.
    fn edges(&mut self, run: RunId, phase: RunPhase, members: &[ExecutionId]) {
        for (at, child) in members.iter().enumerate() {
            let mut upstreams: Vec<_> = members[..at].iter().map(|upstream| (*upstream, None)).collect();
            self.dice.shuffle(&mut upstreams);
            upstreams.truncate(1 + self.dice.index(4));
            if self.dice.chance(30) {
                let key = "orders/é".to_owned();
                upstreams.push((condition_node(run, &key), Some(key)));
            }
            if self.dice.chance(85) && !upstreams.is_empty() {
                let states =
                    upstreams.into_iter().map(|(upstream, key)| self.edge(run, phase, *child, upstream, key)).collect();
                self.group(run, *child, states);
            }
        }
    }

    fn edge(
        &mut self,
        run: RunId,
        phase: RunPhase,
        child: ExecutionId,
        upstream: ExecutionId,
        condition_key: Option<String>,
    ) -> EdgeState {
        let mut edge: Edge = self.any();
        (edge.run_id, edge.child, edge.upstream) = (run, child, upstream);
        edge.condition_key = condition_key;
        edge.state = match phase {
            RunPhase::Building => EdgeState::Staged,
            _ => *self.dice.pick(&[EdgeState::Open, EdgeState::Open, EdgeState::Satisfied, EdgeState::Missed]),
        };
        edge.resolved_ms = edge.resolved_ms.filter(|_| matches!(edge.state, EdgeState::Satisfied | EdgeState::Missed));
        let state = edge.state;
        if phase != RunPhase::Building && self.dice.chance(30) {
            self.pin(&edge);
        }
        self.put(edge);
        state
    }

    fn pin(&mut self, edge: &Edge) {
        let mut pin: Pin = self.any();
        pin.execution_id = edge.child;
        pin.name = format!("input {}", self.dice.below(3));
        pin.upstream = edge.upstream;
        pin.condition_key.clone_from(&edge.condition_key);
        pin.generation = self.state.executions.get(&edge.upstream).map_or(0, |row| row.generation);
        self.put(pin);
    }

    fn group(&mut self, run: RunId, child: ExecutionId, edges: Vec<EdgeState>) {
        let count = |wanted| i32::try_from(edges.iter().filter(|state| **state == wanted).count()).unwrap_or(i32::MAX);
        let mut group: Group = self.any();
        (group.child, group.run_id) = (child, run);
        group.n = i32::try_from(edges.len()).unwrap_or(i32::MAX);
        (group.satisfied, group.missed) = (count(EdgeState::Satisfied), count(EdgeState::Missed));
        group.quorum = if group.need == Need::Quorum { group.n.min(2) } else { 1 };
        let (need, possible) = (group.need_count(), group.n - group.missed);
        group.state = match (group.satisfied >= need, possible < need) {
            _ if edges.contains(&EdgeState::Staged) => GroupState::Open,
            (true, _) => *self.dice.pick(&[GroupState::Satisfied, GroupState::Withdrawn]),
            (_, true) => GroupState::Impossible,
            _ => GroupState::Open,
        };
        let fired = group.state != GroupState::Open;
        group.fired_ms = fired.then(|| self.near());
        group.cancel_state = if fired { *self.dice.pick(CancelState::ALL) } else { CancelState::None };
        group.kept = if group.cancel_state == CancelState::Done { *self.dice.pick(&[0, 1, 2]) } else { 0 };
        // Some rows are left behind for the reconciler.
        if group.cancel_state == CancelState::Pending || self.dice.chance(10) {
            let mut pending: CancelPending = self.any();
            (pending.child, pending.run_id, pending.namespace) = (child, run, self.namespace());
            self.put(pending);
        }
        self.put(group);
    }

    fn marks(&mut self, run: RunId, members: &[ExecutionId]) {
        for member in members {
            let Some(generation) =
                self.state.executions.get(member).filter(|row| row.outcome.is_some()).map(|row| row.generation)
            else {
                continue;
            };
            if self.dice.chance(60) {
                let (made_ms, seq) = (self.near(), self.dice.below(1 << 40));
                self.put(Mark { execution_id: *member, run_id: run, generation, made_ms, seq });
            }
        }
    }

    /// The run's counts, from its members: an end is settled once its mark is gone.
    fn totals(&mut self, run: RunId, members: &[ExecutionId]) {
        let rows: Vec<_> = members.iter().filter_map(|id| self.state.executions.get(id)).collect();
        let settled: Vec<_> =
            rows.iter().filter(|row| row.outcome.is_some() && !self.state.marks.contains_key(&row.id)).collect();
        let count = |outcome| i32::try_from(settled.iter().filter(|row| row.outcome == Some(outcome)).count()).unwrap_or(0);
        let edges = self.state.edges.keys().filter(|key| key.0 == run).count();
        let Some(mut header) = self.state.runs.get(&run).cloned() else { return };
        header.members = i32::try_from(members.len()).unwrap_or(0);
        header.edges = i32::try_from(edges).unwrap_or(0);
        header.finalizers = i32::try_from(rows.iter().filter(|row| row.finalizer).count()).unwrap_or(0);
        header.finalizers_settled = i32::try_from(settled.iter().filter(|row| row.finalizer).count()).unwrap_or(0);
        header.settled_succeeded = count(Outcome::Succeeded);
        header.settled_failed = count(Outcome::Failed);
        header.settled_cancelled = count(Outcome::Cancelled);
        header.settled_expired = count(Outcome::Expired);
        header.settled_skipped = count(Outcome::Skipped);
        self.put(header);
    }
}
