//! Choosing how many of its edges a member needs.

use levada_base::Error;
use levada_store::alphabets::{CancelState, GroupState, Need, Phase};
use levada_store::rows::{Group, Row};
use levada_store::{BuildingScope, ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::super::errors::name_of;
use super::super::{Draft, Rule};
use super::{errors, is_building, request};
use crate::spec::GroupPolicy;

/// Choose the policy of a member's group, before its first edge is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetGroupPolicy {
    pub run: RunId,
    pub child: ExecutionId,
    pub policy: GroupPolicy,
}

/// Whether it was chosen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySet {
    Set,
    AlreadySet,
}

impl Rule for SetGroupPolicy {
    type Answer = PolicySet;

    fn scope(&self) -> Scope {
        Scope::Building(BuildingScope { run: self.run, executions: vec![self.child], ..BuildingScope::default() })
    }

    fn decide(&self, draft: &mut Draft) -> Result<PolicySet, Error> {
        let name = name_of(draft.state.executions.get(&self.child), self.child);
        request::policy(&name, self.policy)?;
        let run = draft.run(self.run)?;
        let group = draft.group(self.child).filter(|group| group.run_id == self.run);
        if group.is_some_and(|group| policy_of(group) == self.policy) {
            return Ok(PolicySet::AlreadySet);
        }
        is_building(run)?;
        let row = draft.state.executions.get(&self.child).filter(|row| row.run_id == Some(self.run));
        let row = row.ok_or_else(|| errors::no_member(&name, self.run))?;
        if row.phase != Phase::Staged {
            return Err(errors::started(&name));
        }
        if group.is_some_and(|group| group.n > 0) {
            return Err(errors::policy_fixed(&name));
        }
        draft.put_group(self.run, self.child, self.policy);
        Ok(PolicySet::Set)
    }
}

/// The policy of a group's row.
fn policy_of(group: &Group) -> GroupPolicy {
    let quorum = if group.need == Need::Quorum { group.quorum } else { 0 };
    GroupPolicy { need: group.need, quorum, on_fired: group.on_fired }
}

impl Draft<'_> {
    /// A group without edges.
    pub(super) fn put_group(&mut self, run: RunId, child: ExecutionId, policy: GroupPolicy) {
        let quorum = match policy.need {
            Need::AllOf => 0,
            Need::AnyOf => 1,
            Need::Quorum => policy.quorum,
        };
        let group = Group {
            child,
            run_id: run,
            need: policy.need,
            quorum,
            on_fired: policy.on_fired,
            n: 0,
            satisfied: 0,
            missed: 0,
            state: GroupState::Open,
            fired_ms: None,
            cancel_state: CancelState::None,
            cancel_cause: None,
            kept: 0,
        };
        self.state.groups.insert(group.key(), group);
    }
}
