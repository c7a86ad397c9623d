//! Tags of runs and executions, changed after they were made.

use std::collections::{BTreeMap, BTreeSet};

use levada_base::Error;
use levada_store::rows::{Row, Tag};
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::{Applied, Draft, Rule, errors, validate};

/// Put tags on a run or execution, and take others off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeTags {
    pub owner: TagOwner,
    pub put: BTreeMap<String, String>,
    pub remove: BTreeSet<String>,
}

/// What carries tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagOwner {
    Run(RunId),
    Execution(ExecutionId),
}

/// A fence that nobody ever had: the execution comes without what was closed through one, and without its run.
const NO_FENCE: i64 = -1;

impl TagOwner {
    fn id(self) -> ExecutionId {
        match self {
            Self::Run(run) => ExecutionId(run.0),
            Self::Execution(id) => id,
        }
    }
}

impl Rule for ChangeTags {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        let row = match self.owner {
            TagOwner::Run(run) => Scope::Run(run),
            TagOwner::Execution(id) => Scope::Leases(vec![(id, NO_FENCE)]),
        };
        Scope::All(vec![row, Scope::Tags(self.owner.id())])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        let owner = self.owner.id();
        let namespace = match self.owner {
            TagOwner::Run(run) => draft.run(run)?.namespace.clone(),
            TagOwner::Execution(id) => draft.execution(id)?.namespace.clone(),
        };
        if let Some(key) = self.put.keys().find(|key| self.remove.contains(*key)) {
            return Err(errors::invalid("remove", key, "free of tags that are put"));
        }
        let before = draft.state.tags.clone();
        draft.state.tags.retain(|(of, key), _| *of != owner || !self.remove.contains(key));
        for (key, value) in &self.put {
            let tag = Tag { owner, key: key.clone(), namespace: namespace.clone(), value: value.clone() };
            draft.state.tags.insert(tag.key(), tag);
        }
        let own = draft.state.tags.values().filter(|tag| tag.owner == owner);
        validate::tags(&own.map(|tag| (tag.key.clone(), tag.value.clone())).collect())?;
        Ok(if draft.state.tags == before { Applied::AlreadyApplied } else { Applied::Applied })
    }
}
