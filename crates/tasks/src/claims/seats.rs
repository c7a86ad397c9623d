//! Who waits at the desk for what, and what is known to be ready.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use levada_store::rows::Route;
use tokio::sync::Notify;

/// Routes that are remembered; beyond it all are forgotten and learned again.
const ROUTES_KEPT: usize = 10_000;

#[derive(Default)]
pub(super) struct Seats {
    pub(super) next: u64,
    /// In the order in which they sat down.
    pub(super) waiting: BTreeMap<u64, Waiting>,
    pub(super) routes: HashMap<i64, Route>,
    /// Routes of which something may be ready: those of the last probe, and what became ready since. None if nobody knows.
    pub(super) ready: Option<BTreeSet<i64>>,
    /// What became ready since the last probe was begun.
    pub(super) since: BTreeSet<i64>,
    /// Lanes that may be full. None if nobody knows.
    pub(super) limited: Option<BTreeSet<String>>,
    /// How often it became unknown.
    pub(super) forgotten: u64,
}

pub(super) struct Waiting {
    pub(super) lanes: Vec<String>,
    pub(super) namespaces: Option<Vec<String>>,
    pub(super) capabilities: BTreeSet<String>,
    /// The route it was woken for, until it looks.
    pub(super) woken_for: Option<i64>,
    pub(super) wake: Arc<Notify>,
}

impl Waiting {
    pub(super) fn could_take(&self, route: &Route) -> bool {
        self.lanes.contains(&route.lane)
            && self.namespaces.as_ref().is_none_or(|names| names.contains(&route.namespace))
            && route.capabilities.split(',').all(|word| word.is_empty() || self.capabilities.contains(word))
    }
}

impl Seats {
    /// Wakes up to `most` claims that could take work of this route.
    pub(super) fn wake(&mut self, route: i64, most: usize) {
        let Some(known) = self.routes.get(&route) else { return };
        let fitting = self.waiting.values_mut().filter(|claim| claim.woken_for.is_none() && claim.could_take(known));
        for claim in fitting.take(most) {
            claim.woken_for = Some(route);
            claim.wake.notify_one();
        }
    }

    /// Wakes the claim that has waited longest of those that could take what may be ready of this lane.
    pub(super) fn wake_for_lane(&mut self, lane: &str) {
        let Self { waiting, routes, ready, .. } = self;
        let may_be_ready = |route: &&Route| ready.as_ref().is_none_or(|ready| ready.contains(&route.id));
        let of_lane: Vec<_> = routes.values().filter(|route| route.lane == lane).filter(may_be_ready).collect();
        let mut idle = waiting.values_mut().filter(|claim| claim.woken_for.is_none());
        let fitting = idle.find_map(|claim| {
            let route = of_lane.iter().find(|route| claim.could_take(route))?.id;
            Some((claim, route))
        });
        if let Some((claim, route)) = fitting {
            claim.woken_for = Some(route);
            claim.wake.notify_one();
        }
    }

    /// Whether there may be something for a claim now.
    pub(super) fn may_take(&self, claim: &Waiting) -> bool {
        let fits = |id| self.routes.get(id).is_none_or(|route| claim.could_take(route));
        self.ready.as_ref().is_none_or(|ready| ready.iter().any(fits))
    }

    pub(super) fn learn(&mut self, route: Route) {
        if self.routes.len() >= ROUTES_KEPT {
            self.routes.clear();
        }
        self.routes.insert(route.id, route);
    }
}
