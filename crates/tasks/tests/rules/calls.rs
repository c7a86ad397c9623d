//! Short words for what workers, operators and the background do to one execution.

use levada_base::Error;
use levada_store::alphabets::{EventKind, FailureClass};
use levada_store::rows::{Attempt, Event, Facts};
use levada_store::{DueKind, ExecutionId, Record, State, Token};
use levada_tasks::rules::{
    Claim, CompleteExecutions, CreateExecution, DelayExecutions, FailExecutions, RenewLeases, Renewed, Rule, SkipExecutions,
    SweepExecutions, Swept, Written,
};
use levada_tasks::spec::{ClaimRequest, Complete, Delay, Fail, Failure, Handle, NewExecution, Payload, Renew, Skip};

use crate::world::World;

impl World {
    /// Does what must succeed without changing anything.
    #[track_caller]
    pub fn no_op<R: Rule>(&mut self, rule: &R) -> R::Answer {
        let before = rows(self.ring.state());
        let answer = self.must(rule);
        assert_eq!(before, rows(self.ring.state()), "this must change nothing");
        answer
    }

    #[track_caller]
    pub fn create(&mut self, new: &NewExecution) -> ExecutionId {
        let id = new.id.unwrap_or_else(|| self.execution_id());
        self.must(&CreateExecution { id, new: new.clone() }).into_inner().0
    }

    pub fn claim_event(&mut self, request: ClaimRequest) -> Claim {
        let leases = (0..request.limit).map(|_| self.token()).collect();
        Claim { request, leases, store: Token(0) }
    }

    /// Claims what must be the only one that is ready.
    #[track_caller]
    pub fn claim_one(&mut self) -> Handle {
        let claimed = self.claim(2);
        assert_eq!(claimed.len(), 1, "exactly one can be claimed");
        claimed[0].handle
    }

    /// Creates an execution and claims it.
    #[track_caller]
    pub fn active(&mut self, new: &NewExecution) -> Handle {
        let id = self.create(new);
        let handle = self.claim_one();
        assert_eq!(handle.execution, id);
        handle
    }

    pub fn renew(&mut self, handle: Handle) -> Result<Renewed, Error> {
        only(self.must(&RenewLeases { items: vec![Renew { handle, ttl_ms: 30_000 }], back_since_ms: None }))
    }

    pub fn complete(&mut self, handle: Handle) -> Result<Written, Error> {
        let item = Complete { handle, result: Payload::Inline(b"done".to_vec()), facts: Facts::default() };
        only(self.must(&CompleteExecutions { items: vec![item], next: None }).0)
    }

    pub fn fail(&mut self, handle: Handle, class: FailureClass) -> Result<Written, Error> {
        let random = self.ring.random();
        let failure = Failure { class, code: "broken".to_owned(), message: "it broke".to_owned() };
        only(self.must(&FailExecutions { items: vec![(Fail { handle, failure }, random)], next: None }).0)
    }

    pub fn skip(&mut self, handle: Handle) -> Result<Written, Error> {
        only(self.must(&SkipExecutions { items: vec![Skip { handle, reason: "nothing to do".to_owned() }] }))
    }

    pub fn delay(&mut self, handle: Handle, until_ms: i64) -> Result<Written, Error> {
        only(self.must(&DelayExecutions { items: vec![Delay { handle, until_ms }] }))
    }

    pub fn sweep(&mut self, kind: DueKind) -> Swept {
        let random = self.ring.random();
        self.must(&SweepExecutions { kind, limit: 1_000, random, back_since_ms: None })
    }

    /// The attempts of an execution, first to last.
    pub fn attempts(&self, id: ExecutionId) -> Vec<&Attempt> {
        self.ring.state().attempts.range((id, 0)..=(id, i32::MAX)).map(|(_, attempt)| attempt).collect()
    }

    /// The events of a kind about an execution, first to last.
    pub fn events(&self, id: ExecutionId, kind: EventKind) -> Vec<&Event> {
        let about = self.ring.state().events.values().filter(|event| event.execution_id == Some(id));
        about.filter(|event| event.kind == kind).collect()
    }
}

/// The result of a call's only item.
#[track_caller]
pub fn only<T>(results: Vec<T>) -> T {
    let mut results = results;
    assert_eq!(results.len(), 1, "one item, one result");
    results.remove(0)
}

/// The code of a refusal.
#[track_caller]
pub fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.expect_err("this must be refused").code().name()
}

/// All rows, to compare two moments.
pub fn rows(state: &State) -> Vec<Record> {
    state.records().collect()
}
