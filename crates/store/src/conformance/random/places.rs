//! Random routes, policies, lanes, workers and nodes.

use super::{CAPABILITIES, LANES, Maker, NAMESPACES};
use crate::alphabets::LaneState;
use crate::rows::{EngineNode, Lane, Policy, Route, WorkerRow};

impl Maker {
    pub(super) fn places(&mut self) {
        for namespace in NAMESPACES {
            for lane in LANES {
                for capabilities in CAPABILITIES {
                    self.route(namespace, lane, capabilities);
                }
            }
        }
        for _ in 0..4 {
            let mut policy: Policy = self.any();
            policy.id = self.digest();
            self.put(policy);
        }
        self.lanes();
        for number in 0..5 {
            let mut worker: WorkerRow = self.any();
            worker.instance = format!("instance {number}");
            worker.lanes = ["bulk", "bulk,mail", "Mail"][number % 3].to_owned();
            self.put(worker);
            let node: EngineNode = self.any();
            self.put(node);
        }
    }

    /// Digests use the whole range of 64 bits.
    fn digest(&mut self) -> i64 {
        self.dice.bits().cast_signed()
    }

    fn route(&mut self, namespace: &str, lane: &str, capabilities: &str) {
        let id = self.digest();
        self.put(Route { id, namespace: namespace.into(), lane: lane.into(), capabilities: capabilities.into() });
    }

    fn lanes(&mut self) {
        let rows = [
            ("bulk", LaneState::Open, None),
            ("mail", LaneState::Open, Some(3)),
            ("paused", LaneState::Paused, Some(2)),
            ("draining", LaneState::Draining, Some(0)),
            ("disabled", LaneState::Disabled, None),
            ("without work", LaneState::Open, Some(7)),
        ];
        for (name, state, max_active) in rows {
            let mut lane: Lane = self.any();
            (lane.name, lane.state, lane.max_active) = (name.to_owned(), state, max_active);
            self.put(lane);
        }
    }
}
