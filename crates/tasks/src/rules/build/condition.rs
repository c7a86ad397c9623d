//! Outside facts that edges wait for: resolved by a call, or missed when their time is over.

use levada_base::Error;
use levada_store::alphabets::{ConditionState, EventKind};
use levada_store::rows::{Facts, condition_node};
use levada_store::{DueKind, RunId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::draft::EdgeKey;
use super::super::{Applied, Draft, Rule, validate};
use super::errors;
use crate::spec::Resolution;

/// Say how an outside fact came out, once. Conditions on `run:<id>` and `execution:<id>` are ordinary ones here; when that run or
/// execution ends, a background worker resolves them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveCondition {
    pub run: RunId,
    pub key: String,
    pub resolution: Resolution,
}

/// Miss a condition whose time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireCondition {
    pub run: RunId,
    pub key: String,
}

/// Which conditions are over. A scan of times does not lock runs: each is then missed by an [`ExpireCondition`] of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueConditions {
    pub limit: u32,
}

/// The condition with all that hangs on it; the whole run if that is settled where its members end.
fn scope_of(run: RunId, key: &str) -> Scope {
    Scope::All(vec![
        Scope::OpenMembers { run, active: false, finalizers: false, limit: 0 },
        Scope::Condition(run, key.to_owned()),
    ])
}

impl Rule for ResolveCondition {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        scope_of(self.run, &self.key)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::required("condition", &self.key, validate::KEY)?;
        if let Resolution::Satisfied(facts) = &self.resolution {
            validate::facts(facts)?;
        }
        draft.run(self.run)?;
        let row = draft.state.conditions.get(&(self.run, self.key.clone()));
        let row = row.ok_or_else(|| errors::no_condition(self.run, &self.key))?;
        let (state, facts) = match &self.resolution {
            Resolution::Satisfied(facts) => (ConditionState::Satisfied, facts.clone()),
            Resolution::Missed => (ConditionState::Missed, Facts::default()),
        };
        match row.state {
            ConditionState::Open => {
                draft.resolve_condition(self.run, &self.key, state, facts)?;
                Ok(Applied::Applied)
            }
            before if before == state && row.facts == facts => Ok(Applied::AlreadyApplied),
            before if before == state => Err(errors::resolved_otherwise(&self.key, "with other facts", "with these")),
            before => Err(errors::resolved_otherwise(&self.key, before.word(), state.word())),
        }
    }
}

impl Rule for ExpireCondition {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        scope_of(self.run, &self.key)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        let now_ms = draft.now();
        let row = draft.state.conditions.get(&(self.run, self.key.clone()));
        let is_due =
            row.is_some_and(|row| row.state == ConditionState::Open && row.expires_ms.is_some_and(|expires| expires <= now_ms));
        if !is_due {
            return Ok(Applied::AlreadyApplied);
        }
        draft.resolve_condition(self.run, &self.key, ConditionState::Missed, Facts::default())?;
        Ok(Applied::Applied)
    }
}

impl Rule for DueConditions {
    type Answer = Vec<ExpireCondition>;

    fn scope(&self) -> Scope {
        Scope::Due(DueKind::Condition, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<Vec<ExpireCondition>, Error> {
        let mut due: Vec<_> = draft.state.conditions.values().collect();
        due.sort_unstable_by_key(|row| row.expires_ms);
        Ok(due.into_iter().map(|row| ExpireCondition { run: row.run_id, key: row.key.clone() }).collect())
    }
}

impl Draft<'_> {
    /// Resolves a condition and the edges on it, if they are open: in a run that is not sealed they wait for that.
    fn resolve_condition(&mut self, run: RunId, key: &str, state: ConditionState, facts: Facts) -> Result<(), Error> {
        let now_ms = self.now();
        if let Some(row) = self.state.conditions.get_mut(&(run, key.to_owned())) {
            row.state = state;
            row.facts = facts;
            row.resolved_ms = Some(now_ms);
        }
        self.run_event(EventKind::ConditionResolved, run, None, &json!({ "condition": key, "resolution": state.word() }));
        if self.run(run)?.sealed_ms.is_none() {
            return Ok(());
        }
        let edges: Vec<EdgeKey> = self.edges_from(condition_node(run, key));
        for edge in edges {
            if let Some(satisfied) = self.known_resolution(edge) {
                self.resolve_edge(edge, satisfied)?;
            }
        }
        self.settle()
    }
}
