//! An engine of rules alone with short ways to say things, which checks what must always hold after every step.

use levada_base::Error;
use levada_store::alphabets::{FailureClass, Outcome, PublicState, RunPhase};
use levada_store::rows::{Execution, Facts, Group, Run};
use levada_store::{DueKind, ExecutionId, RunId, State, Token};
use levada_tasks::ring0::Ring0;
use levada_tasks::rules::{
    CancelBacklog, Claim, Claimed, CompleteExecutions, Created, DispatchGroup, FailExecutions, ReconcileGroup, Rule, RunState,
    SettleRun, SkipExecutions, SubmitRun, SweepExecutions,
};
use levada_tasks::spec::{ClaimRequest, Complete, Fail, Failure, GraphEdge, GraphNode, NewExecution, Payload, RunGraph, Skip};

use crate::laws::Laws;
use crate::single;

/// An engine, ids for it, and the laws that hold after every step.
pub struct World {
    pub ring: Ring0,
    ids: u128,
    laws: Laws,
}

impl World {
    pub fn new() -> Self {
        Self::settling_up_to(levada_store::limits::INLINE_RUN_MAX)
    }

    /// One that settles runs of at most so many members where they end.
    pub fn settling_up_to(members: i32) -> Self {
        Self { ring: Ring0::new(7).with_inline_run_max(members), ids: 0, laws: Laws::default() }
    }

    /// Decides, commits, and checks the laws.
    pub fn act<R: Rule>(&mut self, rule: &R) -> Result<R::Answer, Error> {
        let answer = self.ring.act(rule);
        self.laws.check(self.ring.state());
        single::check(self.ring.state());
        answer
    }

    /// The same for what cannot be refused.
    #[track_caller]
    pub fn must<R: Rule>(&mut self, rule: &R) -> R::Answer {
        match self.act(rule) {
            Ok(answer) => answer,
            Err(error) => panic!("{error}"),
        }
    }

    /// The code of a refusal, which must change nothing.
    #[track_caller]
    pub fn refused<R: Rule>(&mut self, rule: &R) -> &'static str {
        let before = self.ring.state().clone();
        let Err(error) = self.act(rule) else { panic!("it was not refused") };
        assert_eq!(&State { locked_runs: before.locked_runs.clone(), ..self.ring.state().clone() }, &before);
        error.code().name()
    }

    pub fn next_id(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    pub fn execution_id(&mut self) -> ExecutionId {
        ExecutionId(self.next_id())
    }

    pub fn run_id(&mut self) -> RunId {
        RunId(self.next_id())
    }

    pub fn token(&mut self) -> Token {
        Token(self.next_id())
    }

    pub fn execution(&self, id: ExecutionId) -> &Execution {
        &self.ring.state().executions[&id]
    }

    pub fn run(&self, id: RunId) -> &Run {
        &self.ring.state().runs[&id]
    }

    pub fn group(&self, child: ExecutionId) -> &Group {
        &self.ring.state().groups[&child]
    }

    /// A member of a run by its name.
    #[track_caller]
    pub fn named(&self, run: RunId, name: &str) -> &Execution {
        let found = self.ring.state().executions.values().find(|row| row.run_id == Some(run) && row.name == name);
        found.unwrap_or_else(|| panic!("no member {name}"))
    }

    pub fn public(&self, run: RunId, name: &str) -> PublicState {
        self.named(run, name).public_state()
    }

    /// Submits a graph.
    pub fn try_submit(&mut self, graph: &RunGraph) -> Result<Created<RunState>, Error> {
        let event = self.submit_event(graph);
        self.act(&event)
    }

    #[track_caller]
    pub fn submit(&mut self, graph: &RunGraph) -> RunId {
        let event = self.submit_event(graph);
        self.must(&event).into_inner().run
    }

    pub fn submit_event(&mut self, graph: &RunGraph) -> SubmitRun {
        let run = graph.id.unwrap_or_else(|| self.run_id());
        let ids = graph.nodes.iter().map(|_| self.execution_id()).collect();
        SubmitRun { run, ids, graph: graph.clone(), epoch: None }
    }

    /// Claims what is ready in the default lane.
    pub fn claim(&mut self, limit: u32) -> Vec<Claimed> {
        let token = self.token();
        let leases = (0..limit).map(|_| self.token()).collect();
        let request = ClaimRequest::of_lane("default", "worker-1", limit, token);
        self.must(&Claim { request, leases, store: Token(0) })
    }

    /// Claims everything and returns the one of this name.
    #[track_caller]
    pub fn claim_named(&mut self, name: &str) -> Claimed {
        let claimed = self.claim(500);
        claimed.into_iter().find(|claimed| claimed.name == name).unwrap_or_else(|| panic!("{name} was not offered"))
    }

    /// Ends a claimed execution in one of the ways that its worker has.
    #[track_caller]
    pub fn finish(&mut self, claimed: &Claimed, outcome: Outcome) {
        self.finish_with(claimed, outcome, Facts::default());
    }

    #[track_caller]
    pub fn finish_with(&mut self, claimed: &Claimed, outcome: Outcome, facts: Facts) {
        let handle = claimed.handle;
        match outcome {
            Outcome::Succeeded => {
                let result = Payload::Inline(claimed.name.clone().into_bytes());
                let items = vec![Complete { handle, result, facts }];
                let (written, _) = self.must(&CompleteExecutions { items, next: None });
                assert!(written.iter().all(Result::is_ok), "completed");
            }
            Outcome::Failed => {
                let failure = Failure { class: FailureClass::Permanent, code: "broken".into(), message: String::new() };
                let (written, _) = self.must(&FailExecutions { items: vec![(Fail { handle, failure }, 0)], next: None });
                assert!(written.iter().all(Result::is_ok), "failed");
            }
            Outcome::Skipped => {
                let written = self.must(&SkipExecutions { items: vec![Skip { handle, reason: String::new() }] });
                assert!(written.iter().all(Result::is_ok), "skipped");
            }
            Outcome::Cancelled | Outcome::Expired => panic!("no worker ends by {outcome}"),
        }
    }

    /// Does what the background does, until nothing is left to do now: settles, cancels, dispatches, reconciles, sweeps.
    pub fn drain(&mut self) {
        for _ in 0..100_000 {
            // Ends are settled before anything else is done to their run, as where they are settled at once.
            if !(self.settle_once() || self.backlog_once() || self.dispatch_once() || self.sweep_once()) {
                return;
            }
        }
        panic!("the background never comes to rest");
    }

    fn settle_once(&mut self) -> bool {
        let Some(run) = self.ring.state().marks.values().map(|mark| mark.run_id).next() else { return false };
        self.must(&SettleRun { run });
        true
    }

    fn backlog_once(&mut self) -> bool {
        let Some(row) = self.ring.state().runs.values().find(|run| run.cancel_backlog) else { return false };
        let step = CancelBacklog::of(row);
        self.must(&step);
        true
    }

    fn dispatch_once(&mut self) -> bool {
        let Some(group) = self.ring.state().cancel_pending.keys().next().copied() else { return false };
        self.must(&DispatchGroup { group });
        if self.ring.state().cancel_pending.contains_key(&group) {
            self.must(&ReconcileGroup { group, is_absent: false });
        }
        true
    }

    fn sweep_once(&mut self) -> bool {
        let kinds = [DueKind::Lease, DueKind::AttemptDeadline, DueKind::Deadline, DueKind::Promote, DueKind::Staged];
        kinds.into_iter().any(|kind| {
            let is_due = self.ring.next_due(kind).is_some_and(|at| at <= self.ring.now_ms());
            is_due && self.must(&SweepExecutions { kind, limit: 1_000, random: 0, back_since_ms: None }).total() > 0
        })
    }

    /// Claims and ends everything as `outcome` says by name, until nothing is ready. Returns the names in the order of their claims.
    pub fn work(&mut self, outcome: impl Fn(&str) -> Outcome) -> Vec<String> {
        let mut order = Vec::new();
        loop {
            self.drain();
            let claimed = self.claim(1);
            let Some(claimed) = claimed.first() else { return order };
            order.push(claimed.name.clone());
            self.finish(claimed, outcome(&claimed.name));
        }
    }

    #[track_caller]
    pub fn ended(&self, run: RunId) -> Outcome {
        let run = self.run(run);
        assert_eq!(run.phase, RunPhase::Ended);
        run.outcome.expect("an outcome")
    }
}

/// A node that anybody can do.
pub fn node(name: &str) -> GraphNode {
    GraphNode { execution: NewExecution::of_kind("test").named(name), group: None }
}

/// A graph of nodes and success edges.
pub fn graph(nodes: &[&str], edges: &[(&str, &str)]) -> RunGraph {
    RunGraph {
        name: "test".to_owned(),
        nodes: nodes.iter().map(|name| node(name)).collect(),
        edges: edges.iter().map(|(from, to)| GraphEdge::success(from, to)).collect(),
        ..RunGraph::default()
    }
}
