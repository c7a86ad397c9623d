//! A step that met a state: the events it comes to, which can be repeated as they are.

use levada_store::alphabets::{CancelPolicy, FailureClass, Outcome};
use levada_store::rows::{Fact, Facts};
use levada_store::{DueKind, ExecutionId, RunId, Token};
use levada_tasks::rules;
use levada_tasks::spec::{
    ClaimRequest, Complete, Delay, Fail, Failure, GroupPolicy, Handle, NewEdge, NewExecution, NewRun, Payload, Renew,
    Resolution, RestartOptions, Skip, Upstream,
};

use super::dice::Dice;
use super::graphs::{CAPABILITY, FACT, LANES, execution};
use super::play::Play;
use super::step::{Step, Verb};

/// An event with everything it needs.
#[derive(Clone)]
pub enum Act {
    Wait(i64),
    Submit(usize),
    Create(ExecutionId, Box<NewExecution>),
    Claim(rules::Claim),
    Renew(Vec<Renew>),
    Complete(Vec<Complete>, Option<rules::Claim>),
    Fail(Vec<(Fail, u64)>, Option<rules::Claim>),
    Skip(Vec<Skip>),
    Delay(Vec<Delay>),
    CancelExecution(ExecutionId),
    Revoke(ExecutionId, Option<Handle>),
    CancelRun(rules::CancelRun),
    Backlog(RunId),
    Settle(RunId),
    Dispatch(ExecutionId),
    Reconcile(ExecutionId),
    Sweep(rules::SweepExecutions),
    SweepRuns(DueKind),
    Hold(ExecutionId),
    Release(ExecutionId),
    Priority(ExecutionId, i32),
    RunNow(ExecutionId),
    Override(ExecutionId, Outcome, Facts),
    Pause(RunId),
    Resume(RunId),
    Resolve(RunId, String, Resolution),
    Lane(String, rules::LaneChange),
    CreateRun(RunId, Box<NewRun>),
    Add(RunId, ExecutionId),
    Stage(RunId, i64, Box<NewEdge>),
    Apply(RunId, Upstream, ExecutionId),
    Policy(RunId, ExecutionId, GroupPolicy),
    Seal(RunId, i64),
    Extend(Box<rules::ExtendRun>),
    Replay(ExecutionId, bool),
    Restart(RunId, ExecutionId, RestartOptions),
    RetryFailed(RunId, bool),
    /// An engine node says that it lives.
    Alive(u8),
}

const ACTOR: &str = "operator";

impl Play {
    /// What a step comes to here; none if there is nothing it could be tried on.
    pub(super) fn act_of(&self, step: &Step) -> Option<Act> {
        Some(match step.verb {
            Verb::Wait => Act::Wait([1, 1, 10, 200, 1_500, 40_000][step.first(6)]),
            Verb::Leap => Act::Wait(self.until_next_due()? + [0, 0, 1, 700][step.first(4)]),
            Verb::Submit => Act::Submit(self.submitted),
            Verb::Create => {
                let mut dice = Dice::new(u64::from(step.b));
                let id = ExecutionId::new(self.engine.now_ms(), [dice.word(), dice.word()]);
                Act::Create(id, Box::new(execution(&mut dice, self.engine.now_ms(), step.first(2) == 0)))
            }
            Verb::Claim => Act::Claim(self.claim_of(step)),
            Verb::Renew => Act::Renew(self.items(step, |handle| Renew { handle, ttl_ms: [1_000, 30_000][step.second(2)] })?),
            Verb::Complete => {
                let next = (step.b.is_multiple_of(7)).then(|| self.claim_of(step));
                Act::Complete(self.items(step, |handle| complete(handle, step))?, next)
            }
            Verb::Fail => {
                let next = (step.b.is_multiple_of(7)).then(|| self.claim_of(step));
                Act::Fail(self.items(step, |handle| (fail(handle, step), u64::from(step.b) << 32))?, next)
            }
            Verb::Skip => Act::Skip(self.items(step, |handle| Skip { handle, reason: "not needed".to_owned() })?),
            Verb::Delay => {
                let until_ms = self.engine.now_ms() + [1, 50, 2_000, 0][step.second(4)];
                Act::Delay(self.items(step, |handle| Delay { handle, until_ms })?)
            }
            Verb::Repeat => self.last.clone()?,
            Verb::Revoke => self.revoke(step)?,
            Verb::CancelExecution => Act::CancelExecution(self.any_execution(step)?),
            Verb::Hold => Act::Hold(self.any_execution(step)?),
            Verb::Release => Act::Release(self.any_execution(step)?),
            Verb::Priority => Act::Priority(self.any_execution(step)?, [0, 7, 9000, -1, 9001][step.second(5)]),
            Verb::RunNow => Act::RunNow(self.any_execution(step)?),
            Verb::Override => {
                let outcome = [Outcome::Succeeded, Outcome::Failed, Outcome::Skipped][step.second(3)];
                Act::Override(self.any_execution(step)?, outcome, facts(step))
            }
            Verb::Dispatch | Verb::Reconcile => self.pending(step)?,
            Verb::Sweep => Act::Sweep(self.sweep(step)),
            Verb::Alive => Act::Alive(step.first(2) as u8),
            Verb::Replay => Act::Replay(self.any_execution(step)?, step.b.is_multiple_of(4)),
            Verb::SweepRuns => Act::SweepRuns(
                [DueKind::RunDeadline, DueKind::Condition, DueKind::CancelGrace, DueKind::Building][step.first(4)],
            ),
            Verb::Lane => lane(step),
            Verb::Add | Verb::Stage | Verb::Apply | Verb::Policy | Verb::Seal => self.building_act(step)?,
            _ => self.run_act(step)?,
        })
    }

    fn run_act(&self, step: &Step) -> Option<Act> {
        let run = self.any_run(step)?;
        Some(match step.verb {
            Verb::CancelRun => Act::CancelRun(cancel_run(run, step)),
            Verb::Backlog => Act::Backlog(run),
            Verb::Settle => Act::Settle(run),
            Verb::Pause => Act::Pause(run),
            Verb::Resume => Act::Resume(run),
            Verb::Resolve => {
                let header = &self.model.runs[&run];
                let key = header.conditions.keys().nth(step.second(header.conditions.len()))?.clone();
                let missed = step.b.is_multiple_of(3);
                Act::Resolve(run, key, if missed { Resolution::Missed } else { Resolution::Satisfied(facts(step)) })
            }
            Verb::Extend => Act::Extend(Box::new(self.extension(run, step))),
            Verb::Restart => {
                let members: Vec<_> = self.model.members(run).map(|row| row.id).collect();
                let options =
                    RestartOptions { cascade: step.b.is_multiple_of(2), force: step.b.is_multiple_of(3), generation: None };
                Act::Restart(run, *members.get(step.second(members.len()))?, options)
            }
            Verb::RetryFailed => Act::RetryFailed(run, step.b.is_multiple_of(3)),
            _ => return None,
        })
    }

    pub(super) fn any_run(&self, step: &Step) -> Option<RunId> {
        self.model.runs.keys().nth(step.first(self.model.runs.len())).copied()
    }

    pub(super) fn any_execution(&self, step: &Step) -> Option<ExecutionId> {
        self.model.executions.keys().nth(step.first(self.model.executions.len())).copied()
    }

    /// Handles to write with, in the order of their executions: mostly live ones, sometimes any that was ever given.
    fn items<T>(&self, step: &Step, item: impl Fn(Handle) -> T) -> Option<Vec<T>> {
        let live = self.handles.iter().filter(|handle| {
            self.model.executions.get(&handle.execution).is_some_and(|row| row.lease.is_some() && row.fence == handle.fence)
        });
        let live: Vec<_> = live.copied().collect();
        // The zombie's way: somebody else holds now what this handle once held.
        let replaced = self.handles.iter().filter(|handle| {
            self.model.executions.get(&handle.execution).is_some_and(|row| row.lease.is_some() && row.fence > handle.fence)
        });
        let replaced: Vec<_> = replaced.copied().collect();
        let from = match step.a % 8 {
            0 | 1 if !replaced.is_empty() => &replaced,
            0 => &self.handles,
            _ if live.is_empty() => &self.handles,
            _ => &live,
        };
        let first = *from.get(step.first(from.len()))?;
        let mut chosen = vec![first];
        if step.b.is_multiple_of(5) {
            chosen.extend(from.get(step.second(from.len())).filter(|second| second.execution != first.execution));
        }
        chosen.sort();
        Some(chosen.into_iter().map(item).collect())
    }

    fn claim_of(&self, step: &Step) -> rules::Claim {
        let limit = [1, 1, 2, 30][step.first(4)];
        let token = Token(u128::from(step.a) << 32 | u128::from(step.b));
        let instance = format!("worker{}", step.second(2));
        let mut request = ClaimRequest::of_lane(LANES[0], &instance, limit, token);
        if !step.b.is_multiple_of(3) {
            request.lanes.push(LANES[1].to_owned());
        }
        if !step.b.is_multiple_of(4) {
            request.capabilities.insert(CAPABILITY.to_owned());
        }
        request.ttl_ms = [1_000, 2_500, 30_000][step.second(3)];
        let leases = (0..u128::from(limit)).map(|n| Token(token.0 << 8 | n)).collect();
        rules::Claim { request, leases, store: Token(1) }
    }

    fn sweep(&self, step: &Step) -> rules::SweepExecutions {
        let kinds =
            [DueKind::Lease, DueKind::AttemptDeadline, DueKind::Deadline, DueKind::Promote, DueKind::Promote, DueKind::Staged];
        let limit = [1, 2, 1000][step.second(3)];
        self.sweep_of(kinds[step.first(6)], limit, u64::from(step.b) << 32)
    }

    /// A sweep as a background worker makes it: it knows of outages what its node was told.
    pub(super) fn sweep_of(&self, kind: DueKind, limit: u32, random: u64) -> rules::SweepExecutions {
        rules::SweepExecutions { kind, limit, random, back_since_ms: self.model.back_since() }
    }

    fn revoke(&self, step: &Step) -> Option<Act> {
        if step.b.is_multiple_of(2) {
            return Some(Act::Revoke(self.any_execution(step)?, None));
        }
        let handle = *self.items(step, |handle| handle)?.first()?;
        Some(Act::Revoke(handle.execution, Some(handle)))
    }

    fn pending(&self, step: &Step) -> Option<Act> {
        let rows = &self.engine.rows().cancel_pending;
        let row = rows.values().nth(step.first(rows.len()))?;
        Some(if step.verb == Verb::Dispatch { Act::Dispatch(row.child) } else { Act::Reconcile(row.child) })
    }
}

fn facts(step: &Step) -> Facts {
    let rows = (!step.b.is_multiple_of(4)).then(|| (FACT.to_owned(), Fact::Int(i64::from(step.b % 3))));
    Facts(rows.into_iter().collect())
}

fn complete(handle: Handle, step: &Step) -> Complete {
    Complete { handle, result: Payload::Inline(vec![step.b as u8]), facts: facts(step) }
}

fn fail(handle: Handle, step: &Step) -> Fail {
    let class = [FailureClass::Transient, FailureClass::Permanent, FailureClass::Resource, FailureClass::Crash][step.second(4)];
    Fail { handle, failure: Failure { class, code: "broken".to_owned(), message: "it broke".to_owned() } }
}

fn cancel_run(run: RunId, step: &Step) -> rules::CancelRun {
    rules::CancelRun {
        run,
        policy: CancelPolicy::ALL[step.second(3)],
        reason: "no longer wanted".to_owned(),
        actor: ACTOR.to_owned(),
        include_finalizers: step.b.is_multiple_of(5),
        grace_ms: 5_000,
    }
}

fn lane(step: &Step) -> Act {
    use rules::LaneChange as L;
    let changes = [L::Pause, L::Resume, L::Resume, L::Drain, L::SetMaxActive(Some(1)), L::SetMaxActive(None)];
    Act::Lane(LANES[step.second(2)].to_owned(), changes[step.first(6)])
}
