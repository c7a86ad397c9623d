//! What all connections of a proxy share: the plan, what was counted, and what was recorded.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::plan::Plan;
use super::statement::{Kind, Statement};

/// What was forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Clients that were accepted.
    pub connections: u64,
    /// How often a client had to wait for the server: requests that were sent before the reply to the previous one had
    /// arrived share a trip. Connecting is none.
    pub round_trips: u64,
    /// Statements of any kind.
    pub statements: u64,
    /// Statements without those that begin and end transactions and set settings.
    pub work: u64,
}

/// What to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Forward,
    CutBefore,
    CutAfter,
    /// Forward it after [`Ledger::release`].
    Hold,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    /// Statements since the plan was set.
    seen: u64,
    accepted: u64,
    counts: Counts,
    trace: Vec<Statement>,
}

#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
    /// Counts calls of [`Ledger::cut_all`]; changed, also without a difference, whenever the plan is.
    news: watch::Sender<u64>,
    /// How often the plan that was set last has struck.
    strikes: watch::Sender<u64>,
}

impl Ledger {
    pub fn set(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.seen = 0;
        self.strikes.send_replace(0);
        drop(state);
        self.news.send_modify(|_| {});
    }

    pub fn plan(&self) -> Plan {
        self.state().plan
    }

    pub fn cut_all(&self) {
        self.news.send_modify(|cuts| *cuts += 1);
    }

    /// Wakes whenever the plan is replaced or all connections are to be cut.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub fn fired(&self) -> u64 {
        *self.strikes.borrow()
    }

    /// The same, to wait for it.
    pub fn strikes(&self) -> watch::Receiver<u64> {
        self.strikes.subscribe()
    }

    /// The plan did what it is for.
    pub fn strike(&self) {
        self.strikes.send_modify(|strikes| *strikes += 1);
    }

    /// Until the plan is replaced.
    pub async fn release(&self, mut news: watch::Receiver<u64>) {
        // The sender is a part of what is called here.
        news.changed().await.ok();
    }

    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    pub fn trace(&self) -> Vec<Statement> {
        self.state().trace.clone()
    }

    pub fn reset(&self) {
        let mut state = self.state();
        state.counts = Counts::default();
        state.trace.clear();
    }

    /// Numbers a new connection.
    pub fn accepted(&self) -> u64 {
        let mut state = self.state();
        state.counts.connections += 1;
        state.accepted += 1;
        state.accepted
    }

    pub fn round_trip(&self) {
        self.state().counts.round_trips += 1;
    }

    /// Decides on a request with these statements, and records them if they are forwarded.
    pub fn judge(&self, connection: u64, texts: Vec<String>) -> Verdict {
        let statements: Vec<Statement> =
            texts.into_iter().map(|text| Statement { connection, kind: Kind::of(&text), text }).collect();
        let commits = statements.iter().any(|statement| statement.kind == Kind::Commit);
        let mut state = self.state();
        let count = statements.len() as u64;
        state.seen += count;
        let verdict = match state.plan {
            Plan::CutBefore(when) if when.is_among(state.seen, count, commits) => Verdict::CutBefore,
            Plan::CutAfter(when) if when.is_among(state.seen, count, commits) => Verdict::CutAfter,
            Plan::HoldBefore(when) if when.is_among(state.seen, count, commits) => Verdict::Hold,
            _ => Verdict::Forward,
        };
        if verdict != Verdict::Forward {
            state.plan = Plan::Pass;
        }
        if matches!(verdict, Verdict::CutBefore | Verdict::CutAfter) {
            self.strike();
        }
        if verdict != Verdict::CutBefore {
            state.counts.statements += count;
            state.counts.work += statements.iter().filter(|statement| statement.kind == Kind::Work).count() as u64;
            state.trace.extend(statements);
        }
        verdict
    }

    /// Holds a reply back for as long as the plan asks, but not longer than the plan is in force.
    pub async fn pause(&self) {
        let mut news = self.news();
        if let Plan::Delay(delay) = self.plan()
            && delay > Duration::ZERO
        {
            self.strike();
            tokio::time::timeout(delay, news.changed()).await.ok();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::When;
    use super::*;

    fn judge(ledger: &Ledger, text: &str) -> Verdict {
        ledger.judge(1, vec![text.to_owned()])
    }

    #[test]
    fn a_plan_cuts_once_and_what_was_not_forwarded_is_not_recorded() {
        let ledger = Ledger::default();
        judge(&ledger, "SELECT 0");
        ledger.set(Plan::CutBefore(When::Statement(2)));
        let verdicts = ["BEGIN", "SELECT 1", "SELECT 1"].map(|text| judge(&ledger, text));
        assert_eq!(verdicts, [Verdict::Forward, Verdict::CutBefore, Verdict::Forward]);
        assert_eq!(ledger.fired(), 1);
        assert_eq!(ledger.plan(), Plan::Pass);
        let texts: Vec<String> = ledger.trace().into_iter().map(|statement| statement.text).collect();
        assert_eq!(texts, ["SELECT 0", "BEGIN", "SELECT 1"]);
        assert_eq!(ledger.counts(), Counts { statements: 3, work: 2, ..Counts::default() });
    }

    #[test]
    fn a_commit_is_found_within_a_request_of_several_statements() {
        let ledger = Ledger::default();
        ledger.set(Plan::CutAfter(When::Commit));
        assert_eq!(judge(&ledger, "SELECT 'COMMIT'"), Verdict::Forward);
        let request = ["BEGIN", "SELECT 1", "COMMIT"].map(str::to_owned).to_vec();
        assert_eq!(ledger.judge(1, request), Verdict::CutAfter);
        assert_eq!(ledger.trace().len(), 4, "it was forwarded");
    }
}
