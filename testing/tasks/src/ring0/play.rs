//! One history played on the engine and on the interpreter at once: after every step both must have answered the same and be in the
//! same state.

use std::collections::BTreeMap;
use std::fmt::Debug;

use levada_base::Error;
use levada_store::{DueKind, ExecutionId, RunId};
use levada_tasks::rules::{self, Rule};
use levada_tasks::spec::{Handle, RunGraph};

use super::act::Act;
use super::compare;
use super::engine::Engine;
use super::explained;
use super::invariants::Watch;
use super::step::{Step, Verb};
use crate::model::{self, Cancel, Model, Refused, Seen};
use crate::planted::Bug;

/// What was wrong, for people.
pub type Wrong = String;

/// Engine and interpreter side by side.
#[derive(Debug, Clone)]
pub struct Play {
    pub(super) engine: Engine,
    pub(super) model: Model,
    /// Everything that workers were ever given.
    pub(super) handles: Vec<Handle>,
    pub(super) last: Option<Act>,
    graphs: Vec<RunGraph>,
    pub(super) submitted: usize,
    watch: Watch,
    /// Acts are printed as they come.
    pub loud: bool,
}

impl Play {
    #[must_use]
    pub fn new(seed: u64, inline_run_max: i32, graphs: Vec<RunGraph>, bug: Option<Bug>) -> Self {
        let engine = Engine::new(seed, inline_run_max, bug);
        let model = Model::new(engine.now_ms());
        let (handles, last, submitted, loud) = (Vec::new(), None, 0, false);
        Self { engine, model, handles, last, graphs, submitted, watch: Watch::default(), loud }
    }

    /// Plays one step, if it means anything here.
    ///
    /// # Errors
    /// In what engine and interpreter differ, or which invariant the engine broke.
    pub fn step(&mut self, step: &Step) -> Result<(), Wrong> {
        match self.act_of(step) {
            _ if step.verb == Verb::Build => self.build(step),
            Some(act) => self.act(act),
            None => Ok(()),
        }
    }

    /// Plays one act.
    ///
    /// # Errors
    /// See [`Play::step`].
    pub fn act(&mut self, act: Act) -> Result<(), Wrong> {
        if self.loud {
            println!("{} {act:?}", self.engine.now_ms());
        }
        let said = self.model.log.len();
        self.perform(&act).and_then(|()| self.check(said)).map_err(|wrong| format!("after {act:?}: {wrong}"))?;
        self.last = Some(act);
        Ok(())
    }

    /// Everything that workers were ever given.
    #[must_use]
    pub fn handles(&self) -> &[Handle] {
        &self.handles
    }

    /// The engine's rows.
    #[must_use]
    pub fn rows(&self) -> &levada_store::State {
        self.engine.rows()
    }

    /// What was done last.
    #[must_use]
    pub fn last(&self) -> Option<&Act> {
        self.last.as_ref()
    }

    fn check(&mut self, said: usize) -> Result<(), Wrong> {
        compare::states(self.engine.rows(), &self.model)?;
        explained::check(self.engine.rows(), self.engine.now_ms())?;
        self.watch.check(self.engine.rows(), &self.model.log[said..])
    }

    /// Lets the engine do it, then the interpreter, which follows what it saw; both must answer the same. None: both refused.
    pub(super) fn both<R: Rule, T: PartialEq + Debug>(
        &mut self,
        rule: &R,
        told: impl FnOnce(R::Answer) -> T,
        interpret: impl FnOnce(&mut Model) -> Result<T, Refused>,
    ) -> Result<Option<T>, Wrong> {
        let ready_before = Seen::ready(self.engine.rows());
        let got = self.engine.act(rule).map(told);
        self.model.begin(self.engine.now_ms(), Seen::in_rows(self.engine.rows(), ready_before));
        let expected = interpret(&mut self.model);
        self.model.follow();
        match (got, expected) {
            (Ok(got), Ok(expected)) if got == expected => Ok(Some(got)),
            (Err(got), Err(expected)) if got.code().to_string() == expected => Ok(None),
            (Ok(got), expected) => Err(format!("the engine answered {got:?}, the contract says {expected:?}")),
            (Err(got), expected) => Err(format!("the engine refused {}, the contract says {expected:?}", refused(&got))),
        }
    }

    /// Like [`Play::both`], where nobody needs the answer.
    pub(super) fn agree<R: Rule, T: PartialEq + Debug>(
        &mut self,
        rule: &R,
        told: impl FnOnce(R::Answer) -> T,
        interpret: impl FnOnce(&mut Model) -> Result<T, Refused>,
    ) -> Result<(), Wrong> {
        self.both(rule, told, interpret).map(|_| ())
    }

    pub(super) fn submit(&mut self, index: usize) -> Result<(), Wrong> {
        let Some(graph) = self.graphs.get(index).cloned() else { return Ok(()) };
        let run = RunId(index as u128 + 1);
        let ids: Vec<_> = (0..graph.nodes.len()).map(|node| id_of(index, node, graph.nodes.len())).collect();
        let rule = rules::SubmitRun { run, ids: ids.clone(), graph: graph.clone(), epoch: None };
        let is_new = !self.model.runs.contains_key(&run);
        self.submitted = self.submitted.max(index + 1);
        self.both(
            &rule,
            |created| matches!(created, rules::Created::Created(_)),
            |model| {
                if is_new {
                    model.submit_run(run, &ids, &graph)?;
                }
                Ok(is_new)
            },
        )?;
        Ok(())
    }

    pub(super) fn claim(&mut self, rule: &rules::Claim) -> Result<(), Wrong> {
        let given = self.both(rule, |claimed| given(&claimed), |model| Ok(model.claim(&rule.request)))?;
        self.remember(given.unwrap_or_default());
        Ok(())
    }

    pub(super) fn remember(&mut self, given: Vec<model::Given>) {
        let handle = |given: model::Given| Handle {
            execution: given.execution,
            fence: given.fence,
            attempt_no: given.attempt_no,
            store: levada_store::Token(1),
        };
        for handle in given.into_iter().map(handle) {
            if !self.handles.contains(&handle) {
                self.handles.push(handle);
            }
        }
    }

    pub(super) fn cancel_run(&mut self, rule: &rules::CancelRun) -> Result<(), Wrong> {
        let cancel = Cancel {
            policy: rule.policy,
            explicit: true,
            cause: levada_store::alphabets::Cause::RunCancelled,
            finalizers_too: rule.include_finalizers,
            grace_ms: (rule.policy == levada_store::alphabets::CancelPolicy::MarkOnly)
                .then(|| self.engine.now_ms() + rule.grace_ms),
        };
        let told = |said: rules::RunCancelled| match (said.applied, said.outcome) {
            (rules::Applied::Applied, _) => model::Cancelled::Applied(said.policy),
            (rules::Applied::AlreadyApplied, None) => model::Cancelled::Already(said.policy),
            (rules::Applied::AlreadyApplied, Some(outcome)) => model::Cancelled::Over(outcome),
        };
        self.both(rule, told, |model| model.cancel_run(rule.run, cancel))?;
        Ok(())
    }

    pub(super) fn backlog(&mut self, run: RunId) -> Result<(), Wrong> {
        let Some(header) = self.engine.rows().runs.get(&run).filter(|header| header.cancel_backlog) else { return Ok(()) };
        let rule = rules::CancelBacklog::of(header);
        self.both(
            &rule,
            |_| (),
            |model| {
                model.cancel_backlog(run);
                Ok(())
            },
        )?;
        Ok(())
    }

    pub(super) fn sweep_runs(&mut self, kind: DueKind) -> Result<(), Wrong> {
        if kind == DueKind::Condition {
            let due = self.engine.act(&rules::DueConditions { limit: 100 }).map_err(|error| refused(&error))?;
            for rule in due {
                self.both(
                    &rule,
                    |_| (),
                    |model| {
                        model.sweep_condition(rule.run, &rule.key);
                        Ok(())
                    },
                )?;
            }
            return Ok(());
        }
        self.both(
            &rules::SweepRuns { kind, limit: 100 },
            |_| (),
            |model| {
                for run in model.runs.keys().copied().collect::<Vec<_>>() {
                    model.sweep_run(kind, run);
                }
                Ok(())
            },
        )?;
        Ok(())
    }

    /// How long until something is due; none if nothing ever is.
    pub(super) fn until_next_due(&self) -> Option<i64> {
        let rows = self.engine.rows();
        let kinds = DueKind::ALL
            .iter()
            .filter(|kind| !matches!(kind, DueKind::RetainRun | DueKind::RetainExecution | DueKind::RequestKey));
        let next = kinds.filter_map(|kind| levada_store::earliest(rows, *kind)).min();
        next.map(|at_ms| (at_ms - self.engine.now_ms()).max(0))
    }
}

/// Ids that are not in the order of the graph.
fn id_of(run: usize, node: usize, nodes: usize) -> ExecutionId {
    let mixed = (node * 7 + run * 3) % nodes.max(1);
    let turn = if nodes.is_multiple_of(7) { node } else { mixed };
    ExecutionId(((run as u128 + 1) << 32) | turn as u128)
}

/// The code first, then the message.
pub(super) fn refused(error: &Error) -> String {
    format!("{} {}", error.code(), error.message())
}

pub(super) fn given(claimed: &[rules::Claimed]) -> Vec<model::Given> {
    let one = |claimed: &rules::Claimed| model::Given {
        execution: claimed.handle.execution,
        fence: claimed.handle.fence,
        attempt_no: claimed.handle.attempt_no,
        cause: claimed.cause,
        inputs: claimed
            .inputs
            .iter()
            .map(|(name, input)| (name.clone(), (input.upstream, input.generation, input.outcome)))
            .collect::<BTreeMap<_, _>>(),
    };
    claimed.iter().map(one).collect()
}
