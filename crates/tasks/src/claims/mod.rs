//! Claims that wait: a desk where they sit without holding a connection of the store, until something they could take becomes ready.
//!
//! One wake-up wakes one claim, the one that has waited longest. A claim that leaves without having used its wake-up passes it on, and
//! one that got as much as it asked for has the desk look whether more is there. All waiting claims share one probe
//! ([`PROBE_MS`]), so a lost wake-up costs about a second and a thousand idle workers one query in that time.
//!
//! Work of a lane that is full stays ready. When something of such a lane ends, the place that it leaves wakes one claim that could take
//! any of what is ready there.
//!
//! A claim that sits down where the last probe found nothing for it, and nothing became ready since, need not look by itself: it looks
//! with the next probe, all such claims at once, so that the store can answer them together.

mod seats;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use levada_store::rows::Route;
use parking_lot::Mutex;
use tokio::sync::Notify;

use self::seats::{Seats, Waiting};
use crate::spec::ClaimRequest;

/// How often the desk looks by itself while claims wait.
pub(crate) const PROBE_MS: u64 = 1_000;

/// Claims of one route that a probe wakes; each that is satisfied has the desk probe again.
const WOKEN_BY_A_PROBE: usize = 2;

/// Where claims wait.
#[derive(Default)]
pub(crate) struct ClaimDesk {
    seats: Mutex<Seats>,
    probe: Notify,
    probed: Notify,
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

    /// Something of this route is not active any longer.
    pub(crate) fn freed(&self, route: i64) {
        let mut seats = self.seats.lock();
        if seats.waiting.is_empty() {
            return;
        }
        let Some(limited) = &seats.limited else {
            drop(seats);
            return self.probe.notify_one();
        };
        if let Some(lane) = seats.routes.get(&route).map(|route| route.lane.clone()).filter(|lane| limited.contains(lane)) {
            seats.wake_for_lane(&lane);
        }
    }

    /// Nothing that was known is certain any longer.
    pub(crate) fn forget(&self) {
        let mut seats = self.seats.lock();
        seats.limited = None;
        seats.forgotten += 1;
        drop(seats);
        self.look();
    }

    /// Nobody knows what became ready.
    pub(crate) fn look(&self) {
        self.seats.lock().ready = None;
        if self.has_waiting() {
            self.probe.notify_one();
        }
    }

    /// A probe begins: what becomes ready from now on it may not see. If nobody knows which lanes have a limit, an
    /// answer to that goes to [`ClaimDesk::learn_limited`].
    pub(crate) fn begin_probe(&self) -> Option<Forgotten> {
        let mut seats = self.seats.lock();
        seats.since.clear();
        seats.limited.is_none().then_some(Forgotten(seats.forgotten))
    }

    /// The lanes that have a limit, read since they were asked for; of no use if one may have changed meanwhile.
    pub(crate) fn learn_limited(&self, Forgotten(times): Forgotten, lanes: BTreeSet<String>) {
        let mut seats = self.seats.lock();
        if seats.forgotten == times {
            seats.limited = Some(lanes);
        }
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

/// How often everything was forgotten when something was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forgotten(u64);

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
