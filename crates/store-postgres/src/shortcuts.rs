//! What is remembered of what was read, so that a statement that would find that nothing fits is not tried: lanes with a limit, and
//! members of runs that are settled where they end. Only hints: a wrong one costs a statement, never a result.

use std::collections::{BTreeSet, HashSet};

use levada_store::alphabets::RunPhase;
use levada_store::{ExecutionId, Fused, State};
use parking_lot::Mutex;

/// Members that are remembered before all are forgotten.
const MEMBERS_KEPT: usize = 1 << 16;

/// Lanes and executions that no statement does alone.
#[derive(Debug, Default)]
pub struct Shortcuts {
    limited: Mutex<BTreeSet<String>>,
    members: Mutex<HashSet<ExecutionId>>,
}

impl Shortcuts {
    /// Looks at the slice of a claim.
    pub fn learn(&self, state: &State, inline_run_max: i32) {
        if !state.lanes.is_empty() {
            let mut limited = self.limited.lock();
            for lane in state.lanes.values() {
                if lane.max_active.is_some() {
                    limited.insert(lane.name.clone());
                } else {
                    limited.remove(&lane.name);
                }
            }
        }
        let is_settled_inline = |id: &&ExecutionId| {
            let run = state.executions.get(id).and_then(|row| row.run_id).and_then(|run| state.runs.get(&run));
            run.is_some_and(|run| run.members <= inline_run_max && run.phase != RunPhase::Building)
        };
        if !state.candidates.is_empty() {
            let mut members = self.members.lock();
            if members.len() + state.candidates.len() > MEMBERS_KEPT {
                members.clear();
            }
            members.extend(state.candidates.iter().filter(is_settled_inline));
        }
    }

    /// Whether a call may be one that a statement does alone. A member that ends is forgotten.
    pub fn may_fit(&self, fused: &Fused) -> bool {
        match fused {
            Fused::Renew(_) => true,
            Fused::End(items) => {
                let mut members = self.members.lock();
                let inline = items.iter().filter(|item| members.remove(&item.execution)).count();
                inline == 0
            }
            Fused::Claim(claim) => {
                let limited = self.limited.lock();
                !claim.scope.lanes.iter().any(|lane| limited.contains(lane))
            }
        }
    }
}
