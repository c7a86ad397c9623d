//! Claims that wait: a desk where they sit without holding a connection of the store, until something they could take becomes ready.
//!
//! One wake-up wakes one claim, the one that has waited longest. A claim that leaves without having used its wake-up passes it on, and
//! one that got as much as it asked for has the desk look whether more is there. All waiting claims share one probe
//! ([`PROBE_MS`]), so a lost wake-up costs about a second and a thousand idle workers one query in that time.
//!
//! A claim that sits down where the last probe found nothing for it, and nothing became ready since, need not look by itself: it looks
//! with the next probe, all such claims at once, so that the store can answer them together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use levada_store::rows::Route;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::spec::ClaimRequest;

/// How often the desk looks by itself while claims wait.
pub(crate) const PROBE_MS: u64 = 1_000;

/// Claims of one route that a probe wakes; each that is satisfied has the desk probe again.
const WOKEN_BY_A_PROBE: usize = 2;

/// Routes that are remembered; beyond it all are forgotten and learned again.
const ROUTES_KEPT: usize = 10_000;

/// Where claims wait.
#[derive(Default)]
pub(crate) struct ClaimDesk {
    seats: Mutex<Seats>,
    probe: Notify,
    probed: Notify,
}

#[derive(Default)]
struct Seats {
    next: u64,
    /// In the order in which they sat down.
    waiting: BTreeMap<u64, Waiting>,
    routes: HashMap<i64, Route>,
    /// Routes of which something may be ready: those of the last probe, and what became ready since. None if nobody knows.
    ready: Option<BTreeSet<i64>>,
    /// What became ready since the last probe was begun.
    since: BTreeSet<i64>,
}

struct Waiting {
    lanes: Vec<String>,
    namespaces: Option<Vec<String>>,
    capabilities: BTreeSet<String>,
    /// The route it was woken for, until it looks.
    woken_for: Option<i64>,
    wake: Arc<Notify>,
}

impl Waiting {
    fn could_take(&self, route: &Route) -> bool {
        self.lanes.contains(&route.lane)
            && self.namespaces.as_ref().is_none_or(|names| names.contains(&route.namespace))
            && route.capabilities.split(',').all(|word| word.is_empty() || self.capabilities.contains(word))
    }
}

impl Seats {
    /// Wakes up to `most` claims that could take work of this route.
    fn wake(&mut self, route: i64, most: usize) {
        let Some(known) = self.routes.get(&route) else { return };
        let fitting = self.waiting.values_mut().filter(|claim| claim.woken_for.is_none() && claim.could_take(known));
        for claim in fitting.take(most) {
            claim.woken_for = Some(route);
            claim.wake.notify_one();
        }
    }

    /// Whether there may be something for a claim now.
    fn may_take(&self, claim: &Waiting) -> bool {
        let fits = |id| self.routes.get(id).is_none_or(|route| claim.could_take(route));
        self.ready.as_ref().is_none_or(|ready| ready.iter().any(fits))
    }

    fn learn(&mut self, route: Route) {
        if self.routes.len() >= ROUTES_KEPT {
            self.routes.clear();
        }
        self.routes.insert(route.id, route);
    }
}

impl ClaimDesk {
    /// Takes a seat. It must be taken before the first look, so that nothing becomes ready unseen between the two.
    pub(crate) fn sit(&self, request: &ClaimRequest) -> Seat<'_> {
        let mut seats = self.seats.lock();
        let number = seats.next;
        seats.next += 1;
        let wake = Arc::new(Notify::new());
        let waiting = Waiting {
            lanes: request.lanes.clone(),
            namespaces: request.namespaces.clone(),
            capabilities: request.capabilities.clone(),
            woken_for: None,
            wake: Arc::clone(&wake),
        };
        let looks_first = seats.may_take(&waiting);
        seats.waiting.insert(number, waiting);
        Seat { desk: self, number, wake, looks_first }
    }

    /// Something of this route became ready.
    pub(crate) fn ready(&self, route: i64) {
        let mut seats = self.seats.lock();
        if seats.waiting.is_empty() {
            return;
        }
        if seats.routes.contains_key(&route) {
            seats.since.insert(route);
            if let Some(ready) = &mut seats.ready {
                ready.insert(route);
            }
            seats.wake(route, 1);
        } else {
            seats.ready = None;
            drop(seats);
            self.probe.notify_one();
        }
    }

    /// Nobody knows what became ready.
    pub(crate) fn look(&self) {
        self.seats.lock().ready = None;
        if self.has_waiting() {
            self.probe.notify_one();
        }
    }

    /// A probe begins: what becomes ready from now on it may not see.
    pub(crate) fn begin_probe(&self) {
        self.seats.lock().since.clear();
    }

    /// What a probe found ready, and whether that is all.
    pub(crate) fn probed(&self, routes: impl IntoIterator<Item = Route>, is_all: bool) {
        let mut seats = self.seats.lock();
        let mut ready = std::mem::take(&mut seats.since);
        for route in routes {
            let id = route.id;
            ready.insert(id);
            seats.learn(route);
            seats.wake(id, WOKEN_BY_A_PROBE);
        }
        seats.ready = is_all.then_some(ready);
        drop(seats);
        self.probed.notify_waiters();
    }

    /// Remembers a route while claims wait, so that a wake-up of it needs no probe.
    pub(crate) fn learn(&self, route: impl FnOnce() -> Route) {
        let mut seats = self.seats.lock();
        if !seats.waiting.is_empty() {
            seats.learn(route());
        }
    }

    /// Until somebody wants the desk to look.
    pub(crate) async fn wants_probe(&self) {
        self.probe.notified().await;
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.seats.lock().waiting.is_empty()
    }
}

/// A claim's place at the desk; leaving it is dropping it.
pub(crate) struct Seat<'a> {
    desk: &'a ClaimDesk,
    number: u64,
    wake: Arc<Notify>,
    looks_first: bool,
}

impl Seat<'_> {
    /// Until the first look: at once if there may be something, else when it is woken or with the next probe.
    pub(crate) async fn first_look(&self) {
        if !self.looks_first {
            tokio::select! { () = self.woken() => {}, () = self.desk.probed.notified() => {} }
        }
    }

    /// Until there may be something to take.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The claim looks now: it uses up the wake-up that it had.
    pub(crate) fn looks(&self) {
        if let Some(waiting) = self.desk.seats.lock().waiting.get_mut(&self.number) {
            waiting.woken_for = None;
        }
    }

    /// The claim got all that it asked for: there may be more for others.
    pub(crate) fn leave_full(self) {
        let desk = self.desk;
        drop(self);
        desk.look();
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut seats = self.desk.seats.lock();
        let unused = seats.waiting.remove(&self.number).and_then(|waiting| waiting.woken_for);
        if seats.waiting.is_empty() {
            // Nobody has probes made any more.
            seats.ready = None;
        }
        if let Some(route) = unused {
            seats.wake(route, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use levada_store::Token;

    use super::*;

    fn route(id: i64, lane: &str, capabilities: &str) -> Route {
        Route { id, namespace: "default".to_owned(), lane: lane.to_owned(), capabilities: capabilities.to_owned() }
    }

    fn request(lane: &str, capabilities: &[&str]) -> ClaimRequest {
        let capabilities = capabilities.iter().map(|word| (*word).to_owned()).collect();
        ClaimRequest { capabilities, ..ClaimRequest::of_lane(lane, "a", 1, Token(1)) }
    }

    fn woken(seat: &Seat) -> bool {
        seat.desk.seats.lock().waiting.get(&seat.number).is_some_and(|waiting| waiting.woken_for.is_some())
    }

    #[test]
    fn t_039_one_wake_up_wakes_the_claim_that_waited_longest() {
        let desk = ClaimDesk::default();
        let other_lane = desk.sit(&request("print", &["gpu"]));
        desk.learn(|| route(1, "mail", "gpu"));
        let unable = desk.sit(&request("mail", &[]));
        let first = desk.sit(&request("mail", &["cpu", "gpu"]));
        let second = desk.sit(&request("mail", &["gpu"]));
        desk.ready(1);
        assert_eq!([&other_lane, &unable, &first, &second].map(woken), [false, false, true, false]);
        desk.ready(1);
        assert!(woken(&second), "the next wake-up is for the next claim");
    }

    #[test]
    fn t_111_a_claim_that_leaves_passes_its_wake_up_on() {
        let desk = ClaimDesk::default();
        let first = desk.sit(&request("mail", &[]));
        desk.learn(|| route(1, "mail", ""));
        let second = desk.sit(&request("mail", &[]));
        desk.ready(1);
        drop(first);
        assert!(woken(&second));
        second.looks();
        let third = desk.sit(&request("mail", &[]));
        drop(second);
        assert!(!woken(&third), "a wake-up that was used is not passed on");
    }
    #[test]
    fn t_039_a_claim_looks_by_itself_only_if_there_may_be_something() {
        let desk = ClaimDesk::default();
        let idle = desk.sit(&request("print", &[]));
        assert!(idle.looks_first, "nobody knows yet");
        let looks = |lane: &str| desk.sit(&request(lane, &[])).looks_first;
        desk.begin_probe();
        desk.probed([route(1, "mail", "")], true);
        assert_eq!([looks("mail"), looks("print")], [true, false]);
        desk.begin_probe();
        desk.ready(1);
        desk.probed([route(2, "print", "gpu")], true);
        assert_eq!([looks("mail"), looks("print")], [true, false], "the probe may not have seen what became ready meanwhile");
        desk.begin_probe();
        desk.probed([], true);
        assert_eq!([looks("mail"), looks("print")], [false, false]);
        desk.ready(1);
        assert_eq!([looks("mail"), looks("print")], [true, false]);
        for unknown in [|desk: &ClaimDesk| desk.ready(99), ClaimDesk::look] {
            desk.probed([], true);
            unknown(&desk);
            assert!(looks("print"), "nobody knows any more");
        }
        desk.probed([], false);
        assert!(looks("print"), "there may be others");
        desk.probed([], true);
        drop(idle);
        assert!(looks("print"), "probes are made only while claims wait");
    }
}
