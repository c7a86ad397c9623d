//! Acts, each done by the engine and by the interpreter.

use levada_store::Token;
use levada_tasks::rules;

use super::act::Act;
use super::play::{Play, Wrong};
use crate::model::{self, Again, Grown, Restarted};

impl Play {
    /// A table: one row per act.
    pub(super) fn perform(&mut self, act: &Act) -> Result<(), Wrong> {
        match act.clone() {
            Act::Wait(by_ms) => {
                self.engine.advance(by_ms);
                self.model.now_ms = self.engine.now_ms();
                Ok(())
            }
            Act::Submit(index) => self.submit(index),
            Act::Create(id, new) => {
                let rule = rules::CreateExecution { id, new: (*new).clone() };
                let is_new = !self.model.executions.contains_key(&id);
                let told = |created| matches!(created, rules::Created::Created(_));
                self.agree(&rule, told, |model| {
                    if is_new {
                        model.create_execution(id, &new)?;
                    }
                    Ok(is_new)
                })
            }
            Act::Claim(claim) => self.claim(&claim),
            Act::Renew(items) => self.renew(items),
            Act::Complete(items, next) => self.complete(items, next),
            Act::Fail(items, next) => self.fail(items, next),
            Act::Skip(items) => self.skip(items),
            Act::Delay(items) => self.delay(items),
            Act::CancelExecution(execution) => {
                let rule = rules::CancelExecution { execution, actor: actor() };
                self.agree(&rule, is_applied, |model| model.cancel_execution(execution))
            }
            Act::Revoke(execution, by) => {
                let rule = rules::RevokeLease { execution, by, fence: None, actor: actor() };
                let fence = by.map(|handle| handle.fence);
                self.agree(&rule, |said| said == rules::Revoked::Revoked, |model| model.revoke(execution, fence))
            }
            Act::CancelRun(rule) => self.cancel_run(&rule),
            Act::Backlog(run) => self.backlog(run),
            Act::Settle(run) => self.agree(&rules::SettleRun { run }, |_| (), |_| Ok(())),
            Act::Dispatch(group) => {
                self.agree(&rules::DispatchGroup { group }, dispatched, |model| Ok(Some(model.dispatch(group))))
            }
            Act::Reconcile(group) => {
                let rule = rules::ReconcileGroup { group, is_absent: false };
                self.agree(&rule, reconciled, |model| Ok(Some(model.reconcile(group))))
            }
            Act::Sweep(rule) => {
                let (kind, limit) = (rule.kind, rule.limit);
                self.agree(
                    &rule,
                    |_| (),
                    |model| {
                        model.sweep(kind, limit);
                        Ok(())
                    },
                )
            }
            Act::SweepRuns(kind) => self.sweep_runs(kind),
            Act::Hold(execution) => {
                let rule = rules::HoldExecution { execution, actor: actor() };
                self.agree(&rule, is_applied, |model| model.hold(execution))
            }
            Act::Release(execution) => {
                let rule = rules::ReleaseExecution { execution, actor: actor() };
                self.agree(&rule, is_applied, |model| model.release(execution))
            }
            Act::Priority(execution, priority) => {
                let rule = rules::ChangePriority { execution, priority, actor: actor() };
                self.agree(&rule, |_| (), |model| model.change_priority(execution, priority))
            }
            Act::RunNow(execution) => {
                let rule = rules::RunNow { execution, actor: actor() };
                self.agree(&rule, |_| (), |model| model.run_now(execution))
            }
            Act::Override(execution, outcome, facts) => {
                let result = Some(levada_tasks::spec::Payload::Void);
                let rule = rules::OverrideOutcome { execution, outcome, result, facts: facts.clone(), actor: actor() };
                self.agree(&rule, |_| (), |model| model.override_outcome(execution, outcome, Some(&facts)))
            }
            Act::Pause(run) => {
                let rule = rules::PauseRun { run, actor: actor() };
                self.agree(&rule, is_applied, |model| model.pause_run(run))
            }
            Act::Resume(run) => {
                let rule = rules::ResumeRun { run, actor: actor() };
                self.agree(&rule, is_applied, |model| model.resume_run(run))
            }
            Act::Resolve(run, key, resolution) => {
                let rule = rules::ResolveCondition { run, key: key.clone(), resolution: resolution.clone() };
                self.agree(&rule, is_applied, |model| model.resolve_condition(run, &key, &resolution))
            }
            Act::Lane(lane, change) => {
                let rule = rules::ChangeLane { lane: lane.clone(), change, actor: actor() };
                self.agree(
                    &rule,
                    |_| (),
                    |model| {
                        model.change_lane(&lane, &change);
                        Ok(())
                    },
                )
            }
            Act::Alive(node) => {
                let rule = rules::NodeAlive { node: Token(u128::from(node) + 1), name: format!("node{node}") };
                self.agree(&rule, |seen| (seen.back_since_ms, seen.nodes), |model| Ok(model.alive(node)))
            }
            act => self.perform_graph(act),
        }
    }

    /// Acts that change graphs.
    fn perform_graph(&mut self, act: Act) -> Result<(), Wrong> {
        match act {
            Act::CreateRun(id, new) => {
                let rule = rules::CreateRun { id, new: (*new).clone() };
                let told = |created: rules::Created<rules::RunState>| match created {
                    rules::Created::Created(run) => (true, run.revision),
                    rules::Created::Existing(run) => (false, run.revision),
                };
                self.agree(&rule, told, |model| model.create_run(id, &new))
            }
            Act::Add(run, execution) => {
                let told = |said| match said {
                    rules::Membership::Added { revision } => (true, revision),
                    rules::Membership::AlreadyMember { revision } => (false, revision),
                };
                self.agree(&rules::AddExecution { run, execution }, told, |model| model.add_execution(run, execution))
            }
            Act::Stage(run, expected, edge) => {
                let rule = rules::StageEdge { run, expected, edge: (*edge).clone() };
                let told = |said: rules::StagedEdge| (is_applied(said.applied), said.revision);
                self.agree(&rule, told, |model| model.stage_edge(run, expected, &edge))
            }
            Act::Apply(run, upstream, child) => {
                let rule = rules::ApplyEdge { run, upstream: upstream.clone(), child };
                let told = |said: rules::AppliedEdge| (is_applied(said.applied), said.unsatisfied as usize);
                self.agree(&rule, told, |model| model.apply_edge(run, &upstream, child))
            }
            Act::Policy(run, child, policy) => {
                let rule = rules::SetGroupPolicy { run, child, policy };
                self.agree(&rule, |said| said == rules::PolicySet::Set, |model| model.set_policy(run, child, policy))
            }
            Act::Seal(run, expected) => {
                let told = |said| match said {
                    rules::Sealed::Sealed(state) => (true, state.revision),
                    rules::Sealed::Existing(state) => (false, state.revision),
                };
                self.agree(&rules::SealRun { run, expected, epoch: None }, told, |model| model.seal_run(run, expected))
            }
            Act::Extend(rule) => self.agree(&*rule, grown, |model| {
                let lease = rule.fence.map(|handle| (handle.execution, handle.fence));
                model.extend_run(rule.run, rule.expected, &rule.ids, &rule.fragment, lease)
            }),
            Act::Replay(execution, ignore_edges) => {
                let run = self.model.executions.get(&execution).and_then(|row| row.run);
                let rule = rules::ReplayExecution { execution, run, ignore_edges, generation: None, actor: actor() };
                let told = |said: rules::Replayed| Again { generation: said.generation, run_reopened: said.run_reopened };
                self.agree(&rule, told, |model| model.replay(execution, ignore_edges))
            }
            Act::Restart(run, from, options) => {
                let rule = rules::RestartRun { run, from, options, actor: actor() };
                self.agree(&rule, restarted, |model| model.restart(run, from, options))
            }
            Act::RetryFailed(run, force) => {
                let rule = rules::RetryFailed { run, force, generation: None, actor: actor() };
                self.agree(&rule, restarted, |model| model.retry_failed(run, force))
            }
            act => Err(format!("nothing performs {act:?}")),
        }
    }
}

fn grown(said: rules::Extended) -> Grown {
    match said {
        rules::Extended::Extended { revision, executions } => Grown { revision, new: Some(executions) },
        rules::Extended::Existing { revision } => Grown { revision, new: None },
    }
}

fn restarted(said: rules::Restarted) -> Restarted {
    let rules::Restarted { generation, run_reopened, members, cancelled } = said;
    Restarted { generation, run_reopened, members, cancelled }
}

fn actor() -> String {
    "operator".to_owned()
}

fn is_applied(said: rules::Applied) -> bool {
    said == rules::Applied::Applied
}

fn dispatched(said: rules::Dispatched) -> Option<model::Dispatched> {
    match said {
        rules::Dispatched::Dispatched { cancelled, already_ended, kept, more: false } => Some(model::Dispatched::Done {
            cancelled: cancelled as usize,
            already_ended: already_ended as usize,
            kept: kept as usize,
        }),
        rules::Dispatched::SkippedForReconciler | rules::Dispatched::Gone => Some(model::Dispatched::ForReconciler),
        _ => None,
    }
}

fn reconciled(said: rules::Reconciled) -> Option<model::Reconciled> {
    match said {
        rules::Reconciled::RemovedStale => Some(model::Reconciled::RemovedStale),
        rules::Reconciled::CompletedDrain => Some(model::Reconciled::CompletedDrain),
        rules::Reconciled::NoOp => Some(model::Reconciled::NoOp),
        rules::Reconciled::SkippedLocked => None,
    }
}
