//! What a claim may take: what it took before, what stands in line, and what the call that it goes along with made ready.

use std::collections::BTreeMap;

use levada_store::ExecutionId;
use levada_store::alphabets::{Hold, LaneState, Phase};
use levada_store::rows::{Execution, Route};

use super::{Claim, Draft};

impl Claim {
    /// What is still active under this claim's token.
    pub(super) fn repeated(&self, draft: &Draft) -> Vec<ExecutionId> {
        let mut rows: Vec<_> =
            draft.state.executions.values().filter(|row| self.gave(row)).map(|row| (-row.priority, row.seq, row.id)).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, _, id)| id).collect()
    }

    /// How many more executions each lane with a limit may have active.
    pub(super) fn lane_room(&self, draft: &Draft) -> BTreeMap<String, i64> {
        let limited = draft.state.lanes.values().filter_map(|lane| Some((lane.name.clone(), i64::from(lane.max_active?))));
        let active = |name: &String| draft.state.active_in_lane.get(name).unwrap_or(&0) - draft.given_back_in(name);
        limited.map(|(name, most)| (name.clone(), most - active(&name))).collect()
    }

    /// What this claim may take, in its order: what stood first in line, and what its own call made ready. A slice shared with other
    /// claims holds theirs too.
    pub(super) fn candidates(&self, draft: &Draft) -> Vec<ExecutionId> {
        let in_line = draft.state.candidates.iter().filter_map(|id| draft.state.executions.get(id));
        // A token that gave something before claims nothing new, even if this call ended all of that.
        let is_used = draft.before().executions.values().any(|row| self.gave(row));
        let came = draft.came_ready().filter(|row| !is_used && !draft.state.candidates.contains(&row.id));
        let ready = in_line.chain(came).filter(|row| (row.phase, row.hold) == (Phase::Runnable, Hold::None));
        let fits = ready.filter(|row| draft.state.routes.get(&row.route_id).is_some_and(|route| self.fits(draft, route)));
        let mut rows: Vec<_> = fits.map(|row| (-row.priority, row.seq, row.id)).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Whether an execution is active under this claim's token.
    pub(super) fn gave(&self, row: &Execution) -> bool {
        row.phase == Phase::Active
            && row.claim_token == Some(self.request.token)
            && row.instance.as_deref() == Some(&self.request.instance)
    }

    fn fits(&self, draft: &Draft, route: &Route) -> bool {
        let lane = draft.state.lanes.get(&route.lane).map_or(LaneState::Open, |lane| lane.state);
        matches!(lane, LaneState::Open | LaneState::Draining)
            && self.request.lanes.contains(&route.lane)
            && self.request.namespaces.as_ref().is_none_or(|names| names.contains(&route.namespace))
            && route.capabilities.split(',').all(|word| word.is_empty() || self.request.capabilities.contains(word))
    }
}
