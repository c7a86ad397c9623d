//! After the faults: everything is let go, and everything due must happen without a human (G-9).

use levada_store::alphabets::{Phase, RunPhase};
use levada_store::{DueKind, Token};
use levada_tasks::rules::{self, LaneChange};
use levada_tasks::spec::{ClaimRequest, Complete, Payload, Resolution};

use super::act::Act;
use super::graphs::{CAPABILITY, LANES};
use super::play::{Play, Wrong};

/// Rounds after which a history that is not over counts as stuck.
const ROUNDS_MAX: usize = 400;

impl Play {
    /// Opens all lanes and holds, resolves what is open, then works until everything has ended.
    ///
    /// # Errors
    /// What differs, or what is left.
    pub fn drain(&mut self) -> Result<(), Wrong> {
        self.let_go()?;
        for round in 0..ROUNDS_MAX {
            self.background(round)?;
            self.work(round)?;
            if self.is_over() {
                return self.nothing_is_left();
            }
            // What is due and was not handled waits for the grace after an outage.
            let wait_ms = match self.until_next_due() {
                Some(0) => 1_000,
                due => due.unwrap_or(1).min(60_000),
            };
            self.act(Act::Wait(wait_ms))?;
        }
        let open: Vec<_> = self.model.executions.values().filter(|row| row.phase != Phase::Ended).map(|row| row.id).collect();
        Err(format!("G-9 is broken: after {ROUNDS_MAX} rounds {open:?} have not ended"))
    }

    fn let_go(&mut self) -> Result<(), Wrong> {
        for lane in LANES {
            self.act(Act::Lane(lane.to_owned(), LaneChange::Resume))?;
            self.act(Act::Lane(lane.to_owned(), LaneChange::SetMaxActive(None)))?;
        }
        let held = self.model.executions.values().filter(|row| row.operator_hold && row.phase != Phase::Ended);
        for id in held.map(|row| row.id).collect::<Vec<_>>() {
            self.act(Act::Release(id))?;
        }
        for run in self.model.runs.keys().copied().collect::<Vec<_>>() {
            if self.model.runs[&run].paused {
                self.act(Act::Resume(run))?;
            }
            // Of those that are being built every other one is left to its build deadline.
            if run.0.is_multiple_of(2) {
                self.act(Act::Seal(run, self.model.runs[&run].revision))?;
            }
            let keys: Vec<_> = self.model.runs[&run].conditions.keys().cloned().collect();
            for key in keys {
                self.act(Act::Resolve(run, key, Resolution::Missed))?;
            }
        }
        Ok(())
    }

    /// One tick of every background worker that has something to do.
    fn background(&mut self, round: usize) -> Result<(), Wrong> {
        for kind in [DueKind::Deadline, DueKind::AttemptDeadline, DueKind::Lease, DueKind::Promote, DueKind::Staged] {
            let sweep = self.sweep_of(kind, 1000, round as u64);
            self.act(Act::Sweep(sweep))?;
        }
        for kind in [DueKind::RunDeadline, DueKind::Condition, DueKind::CancelGrace, DueKind::Building] {
            self.act(Act::SweepRuns(kind))?;
        }
        for run in self.engine.rows().runs.keys().copied().collect::<Vec<_>>() {
            if self.engine.rows().runs[&run].cancel_backlog {
                self.act(Act::Backlog(run))?;
            }
            if self.engine.rows().marks.values().any(|mark| mark.run_id == run) {
                self.act(Act::Settle(run))?;
            }
        }
        for child in self.engine.rows().cancel_pending.keys().copied().collect::<Vec<_>>() {
            self.act(Act::Dispatch(child))?;
        }
        Ok(())
    }

    /// A worker that can do everything completes what it gets.
    fn work(&mut self, round: usize) -> Result<(), Wrong> {
        let token = Token((1 << 100) | round as u128);
        let mut request = ClaimRequest::of_lane(LANES[0], "drainer", 100, token);
        request.lanes.push(LANES[1].to_owned());
        request.capabilities.insert(CAPABILITY.to_owned());
        let leases = (0..100).map(|n| Token(token.0 << 8 | n)).collect();
        self.act(Act::Claim(rules::Claim { request, leases, store: Token(1) }))?;
        let held = self.handles.iter().filter(|handle| {
            let row = self.model.execution(handle.execution);
            row.fence == handle.fence && row.is_live_at(self.engine.now_ms())
        });
        let done = held.map(|handle| Complete { handle: *handle, result: Payload::Void, facts: Default::default() });
        let mut done: Vec<_> = done.collect();
        done.sort_by_key(|item| item.handle);
        if done.is_empty() { Ok(()) } else { self.act(Act::Complete(done, None)) }
    }

    fn is_over(&self) -> bool {
        let rows = self.engine.rows();
        rows.executions.values().all(|row| row.phase == Phase::Ended)
            && rows.runs.values().all(|run| run.phase == RunPhase::Ended)
            && rows.cancel_pending.is_empty()
    }

    /// V-6, E-10: nothing that could happen is left when all is over.
    fn nothing_is_left(&self) -> Result<(), Wrong> {
        let rows = self.engine.rows();
        if !rows.marks.is_empty() {
            return Err(format!("E-10 is broken: marks are left: {:?}", rows.marks));
        }
        let retention = [DueKind::RetainRun, DueKind::RetainExecution, DueKind::RequestKey];
        for kind in DueKind::ALL.iter().filter(|kind| !retention.contains(kind)) {
            if let Some(at_ms) = levada_store::earliest(rows, *kind) {
                return Err(format!("V-6 is broken: {kind:?} is due at {at_ms} although all is over"));
            }
        }
        Ok(())
    }
}
