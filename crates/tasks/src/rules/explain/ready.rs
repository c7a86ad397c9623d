//! Why a ready execution is not claimed: its lane, and the workers that could take it.

use levada_store::alphabets::{LaneState, WorkerState};
use levada_store::rows::{Execution, Lane, Route, WorkerRow};

use super::{Operation, Owner, Reason, Trigger, View, Why};

impl View<'_> {
    /// The reason of a lane that lets nothing be claimed.
    pub(super) fn lane_paused(&self, row: &Execution) -> Option<Reason> {
        let lane = self.lane_of(row).filter(|lane| matches!(lane.state, LaneState::Paused | LaneState::Disabled))?;
        let why = Why::LanePaused { lane: lane.name.clone(), state: lane.state };
        let resume = Operation::ResumeLane { lane: lane.name.clone() };
        Some(Reason::new(why, Some(lane.changed_ms), Owner::Operator, Trigger::ResumeOfLane).ended_by(resume))
    }

    /// The one reason of an execution that could be claimed now.
    pub(super) fn ready(&self, row: &Execution) -> Reason {
        self.lane_full(row).unwrap_or_else(|| self.for_a_worker(row))
    }

    fn lane_full(&self, row: &Execution) -> Option<Reason> {
        let lane = self.lane_of(row)?;
        let max_active = lane.max_active?;
        let active = self.counted("active", Some(&lane.name));
        let why = Why::LaneFull { lane: lane.name.clone(), active, max_active };
        let more = Operation::SetMaxActive { lane: lane.name.clone(), above: max_active };
        let full = active >= i64::from(max_active);
        full.then(|| Reason::new(why, Some(row.since_ms), Owner::AnyWorker, Trigger::RoomInLane).ended_by(more))
    }

    fn for_a_worker(&self, row: &Execution) -> Reason {
        let route = self.rows.routes.get(&row.route_id);
        let lane = route.map(|route| route.lane.clone()).unwrap_or_default();
        let required = route.map(words).unwrap_or_default();
        let here: Vec<_> = self.rows.workers.values().filter(|worker| self.serves(worker, &lane)).collect();
        let nearest = here.iter().map(|worker| missing(worker, &required)).min_by_key(Vec::len);
        let missing_words = nearest.unwrap_or_else(|| required.clone());
        let capable: Vec<_> = here.iter().filter(|worker| missing(worker, &required).is_empty()).collect();
        let since = Some(row.since_ms);
        if capable.is_empty() {
            let workers = u32::try_from(here.len()).unwrap_or(u32::MAX);
            let why = Why::NoCapableWorker { lane: lane.clone(), missing: missing_words, workers };
            let register = Operation::RegisterWorker { lane, capabilities: required };
            return Reason::new(why, since, Owner::Operator, Trigger::Registration).ended_by(register);
        }
        let workers = u32::try_from(capable.len()).unwrap_or(u32::MAX);
        let places = capable.iter().map(|worker| i64::from(worker.max_concurrent)).sum();
        let taken = capable.iter().map(|worker| self.counted("leases", Some(&worker.instance))).sum();
        let why = Why::WorkersBusy { lane: lane.clone(), workers, places, taken };
        let claim = Operation::Claim { lane, capabilities: required };
        Reason::new(why, since, Owner::AnyWorker, Trigger::Claim).ended_by(claim)
    }

    fn lane_of(&self, row: &Execution) -> Option<&Lane> {
        self.rows.routes.get(&row.route_id).and_then(|route| self.rows.lanes.get(&route.lane))
    }

    /// Whether a worker lives and takes work of a lane.
    fn serves(&self, worker: &WorkerRow, lane: &str) -> bool {
        let lives = worker.state == WorkerState::Live && worker.expires_ms.is_none_or(|at_ms| at_ms > self.now_ms);
        lives && worker.lanes.split(',').any(|name| name == lane)
    }
}

/// The capabilities that a route asks for.
fn words(route: &Route) -> Vec<String> {
    route.capabilities.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What a worker does not offer of what is required.
fn missing(worker: &WorkerRow, required: &[String]) -> Vec<String> {
    let offers = |word: &&String| worker.capabilities.split(',').any(|offered| offered == word.as_str());
    required.iter().filter(|word| !offers(word)).cloned().collect()
}
