//! A step that met a state: the events it comes to, which can be repeated as they are.

use std::fmt;

use levada_store::alphabets::{CancelPolicy, FailureClass, Outcome};
use levada_store::rows::{Fact, Facts};
use levada_store::{DueKind, ExecutionId, RunId, Token};
use levada_tasks::rules;
use levada_tasks::spec::{
    ClaimRequest, Complete, Delay, Fail, Failure, Handle, NewExecution, Payload, Renew, Resolution, Skip,
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
    Fail(Vec<(Fail, u64)>),
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
}

/// Short: what can be left out is left out.
impl fmt::Debug for Act {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = |handles: &mut dyn Iterator<Item = &Handle>| {
            handles.map(|handle| format!("{:x}@{}", handle.execution.0, handle.fence)).collect::<Vec<_>>().join(" ")
        };
        match self {
            Self::Wait(ms) => write!(out, "Wait {ms}"),
            Self::Submit(index) => write!(out, "Submit {index}"),
            Self::Create(id, new) => write!(out, "Create {:x} {:?}", id.0, new.policy),
            Self::Claim(rule) => {
                let of = &rule.request;
                write!(out, "Claim {} {:?} {:?} {} for {} ms", of.limit, of.lanes, of.capabilities, of.instance, of.ttl_ms)
            }
            Self::Renew(items) => write!(out, "Renew {}", held(&mut items.iter().map(|item| &item.handle))),
            Self::Complete(items, next) => {
                let facts: Vec<_> = items.iter().flat_map(|item| item.facts.0.values()).collect();
                write!(out, "Complete {} {facts:?}", held(&mut items.iter().map(|item| &item.handle)))?;
                if next.is_some() { write!(out, " and claim") } else { Ok(()) }
            }
            Self::Fail(items) => {
                let classes: Vec<_> = items.iter().map(|(item, _)| item.failure.class).collect();
                write!(out, "Fail {} {classes:?}", held(&mut items.iter().map(|(item, _)| &item.handle)))
            }
            Self::Skip(items) => write!(out, "Skip {}", held(&mut items.iter().map(|item| &item.handle))),
            Self::Delay(items) => {
                let until: Vec<_> = items.iter().map(|item| item.until_ms).collect();
                write!(out, "Delay {} {until:?}", held(&mut items.iter().map(|item| &item.handle)))
            }
            Self::CancelExecution(id) => write!(out, "CancelExecution {:x}", id.0),
            Self::Revoke(id, by) => write!(out, "Revoke {:x} {}", id.0, held(&mut by.iter())),
            Self::CancelRun(rule) => {
                write!(out, "CancelRun {:x} {} finalizers {}", rule.run.0, rule.policy, rule.include_finalizers)
            }
            Self::Backlog(run) => write!(out, "Backlog {:x}", run.0),
            Self::Settle(run) => write!(out, "Settle {:x}", run.0),
            Self::Dispatch(id) => write!(out, "Dispatch {:x}", id.0),
            Self::Reconcile(id) => write!(out, "Reconcile {:x}", id.0),
            Self::Sweep(rule) => write!(out, "Sweep {:?} {}", rule.kind, rule.limit),
            Self::SweepRuns(kind) => write!(out, "SweepRuns {kind:?}"),
            Self::Hold(id) => write!(out, "Hold {:x}", id.0),
            Self::Release(id) => write!(out, "Release {:x}", id.0),
            Self::Priority(id, priority) => write!(out, "Priority {:x} {priority}", id.0),
            Self::RunNow(id) => write!(out, "RunNow {:x}", id.0),
            Self::Override(id, outcome, _) => write!(out, "Override {:x} {outcome}", id.0),
            Self::Pause(run) => write!(out, "Pause {:x}", run.0),
            Self::Resume(run) => write!(out, "Resume {:x}", run.0),
            Self::Resolve(run, key, resolution) => write!(out, "Resolve {:x} {key} {resolution:?}", run.0),
            Self::Lane(lane, change) => write!(out, "Lane {lane} {change:?}"),
        }
    }
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
            Verb::Fail => Act::Fail(self.items(step, |handle| (fail(handle, step), u64::from(step.b) << 32))?),
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
            Verb::Sweep => Act::Sweep(sweep(step)),
            Verb::SweepRuns => Act::SweepRuns(
                [DueKind::RunDeadline, DueKind::Condition, DueKind::CancelGrace, DueKind::Building][step.first(4)],
            ),
            Verb::Lane => lane(step),
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
            _ => return None,
        })
    }

    fn any_run(&self, step: &Step) -> Option<RunId> {
        self.model.runs.keys().nth(step.first(self.model.runs.len())).copied()
    }

    fn any_execution(&self, step: &Step) -> Option<ExecutionId> {
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

fn sweep(step: &Step) -> rules::SweepExecutions {
    let kinds =
        [DueKind::Lease, DueKind::AttemptDeadline, DueKind::Deadline, DueKind::Promote, DueKind::Promote, DueKind::Staged];
    let limit = [1, 2, 1000][step.second(3)];
    rules::SweepExecutions { kind: kinds[step.first(6)], limit, random: u64::from(step.b) << 32, back_since_ms: None }
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
