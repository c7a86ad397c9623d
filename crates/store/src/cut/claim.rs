//! What a claim's slice brings: candidates in the order of priority and creation, with what a worker needs to begin.

use std::collections::BTreeMap;

use super::{Slice, input_in_claim, owned, without_bytes};
use crate::alphabets::{Hold, LaneState, Phase};
use crate::ids::ExecutionId;
use crate::rows::{Execution, Route};
use crate::scope::ClaimScope;

impl Slice<'_> {
    pub(super) fn claim(&mut self, scope: &ClaimScope) {
        let repeated = self.repeated(scope);
        if !repeated.is_empty() {
            repeated.into_iter().for_each(|id| self.for_a_worker(id));
            return;
        }
        self.lanes_with_limits(scope);
        for id in self.claimable(scope) {
            self.for_a_worker(id);
            self.state.candidates.insert(id);
        }
    }

    /// Executions that this claim already took.
    fn repeated(&self, scope: &ClaimScope) -> Vec<ExecutionId> {
        let full = &self.tables.state().executions;
        let same = |row: &&Execution| row.claim_token == Some(scope.token) && row.instance.as_ref() == Some(&scope.instance);
        full.values().filter(|row| row.phase == Phase::Active).filter(same).map(|row| row.id).collect()
    }

    fn lanes_with_limits(&mut self, scope: &ClaimScope) {
        let full = self.tables.state();
        for name in &scope.lanes {
            self.lane(name);
            if full.lanes.get(name).is_some_and(|lane| lane.max_active.is_some()) {
                let active = full.executions.values().filter(|row| row.phase == Phase::Active);
                let here = active.filter(|row| full.routes.get(&row.route_id).is_some_and(|route| route.lane == *name)).count();
                self.state.active_in_lane.insert(name.clone(), i64::try_from(here).unwrap_or(i64::MAX));
            }
        }
    }

    /// The first ready ones of what has no limit, and of every lane with one: a lane that is full hides none of the others.
    fn claimable(&self, scope: &ClaimScope) -> Vec<ExecutionId> {
        let full = self.tables.state();
        let ready = full.executions.values().filter(|row| row.phase == Phase::Runnable && row.hold == Hold::None);
        let mut found: BTreeMap<Option<&str>, Vec<_>> = BTreeMap::new();
        for row in ready {
            let route = full.routes.get(&row.route_id).filter(|route| self.route_fits(route, scope));
            if let Some(route) = route {
                let lane = full.lanes.get(&route.lane).filter(|lane| lane.max_active.is_some());
                let limited = lane.map(|lane| lane.name.as_str());
                found.entry(limited).or_default().push((-row.priority, row.seq, row.id));
            }
        }
        found.values_mut().for_each(|rows| rows.sort_unstable());
        found.into_values().flat_map(|rows| rows.into_iter().take(scope.limit as usize)).map(|(_, _, id)| id).collect()
    }

    fn route_fits(&self, route: &Route, scope: &ClaimScope) -> bool {
        let lane = self.tables.state().lanes.get(&route.lane).map_or(LaneState::Open, |lane| lane.state);
        scope.lanes.contains(&route.lane)
            && matches!(lane, LaneState::Open | LaneState::Draining)
            && scope.namespaces.as_ref().is_none_or(|names| names.contains(&route.namespace))
            && route
                .capabilities
                .split(',')
                .all(|word| word.is_empty() || scope.capabilities.iter().any(|offered| offered == word))
    }

    fn for_a_worker(&mut self, id: ExecutionId) {
        self.execution(id);
        let full = self.tables.state();
        self.state.inputs.extend(full.inputs.get_key_value(&id).map(|(key, row)| (*key, input_in_claim(row))));
        let pins: Vec<_> = full.pins.range((id, String::new())..).take_while(|(key, _)| key.0 == id).map(owned).collect();
        for (key, pin) in pins {
            let result = full.results.get(&(pin.upstream, pin.generation));
            self.state.results.extend(result.map(|row| {
                let row = if row.length <= super::SLICE_BYTES_MAX { row.clone() } else { without_bytes(row) };
                ((pin.upstream, pin.generation), row)
            }));
            self.state.pins.insert(key, pin);
        }
    }
}
