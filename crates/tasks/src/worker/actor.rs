//! A worker at work: one task that claims, renews, runs handlers and records what they say.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use levada_base::Error;
use levada_store::{ExecutionId, Wake, WakeReceiver, limits};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::asking::{Asking, Given};
use super::drain::{DrainReport, Drained};
use super::in_flight::{InFlight, Landed};
use super::presence::Presence;
use super::renewal::{Renewal, Renewals};
use super::report::{Recorded, Verdicts};
use super::status::{WorkerStatus, note};
use super::{Service, Worker};
use crate::rules::Claimed;
use crate::spec::Handle;
use crate::timer;

pub(super) struct Actor<S> {
    worker: Worker<S>,
    drained: watch::Receiver<Drained>,
    lost: Option<WakeReceiver>,
    in_flight: InFlight,
    asking: Asking,
    renewals: Renewals,
    presence: Presence,
    verdicts: Verdicts,
    /// The call that records verdicts, and of how many.
    recording: Option<(usize, BoxFuture<'static, Recorded>)>,
    report: DrainReport,
    status: watch::Sender<WorkerStatus>,
}

/// Something that happened to the worker.
enum Happened {
    Given(Given),
    Landed(Landed),
    Recorded(Recorded),
    Renewal(Renewal),
    Risk,
    Lost(bool),
    Drain,
}

impl<S: Service> Actor<S> {
    pub(super) fn new(worker: Worker<S>, drained: watch::Receiver<Drained>, status: watch::Sender<WorkerStatus>) -> Self {
        Self {
            drained,
            lost: worker.service.lost(),
            in_flight: InFlight::default(),
            asking: Asking::default(),
            renewals: Renewals::of(&worker.world, worker.settings.ttl),
            presence: Presence::of(&worker.settings, status.clone()),
            verdicts: Verdicts::default(),
            recording: None,
            report: DrainReport::default(),
            status,
            worker,
        }
    }

    pub(super) async fn run(mut self) -> DrainReport {
        loop {
            let longest = self.worker.settings.ttl;
            let shortest = self.in_flight.shortest_ttl().map_or(longest, |ttl| ttl.min(longest));
            self.renewals.fit(&self.worker.world, shortest);
            let drained = self.how_drained();
            if drained >= Drained::Over {
                break;
            }
            self.record();
            if drained == Drained::No {
                self.claim();
            } else {
                self.recall();
                if self.is_idle() {
                    break;
                }
            }
            let happened = self.next().await;
            self.take(happened);
        }
        self.finish().await
    }

    async fn next(&mut self) -> Happened {
        let now = self.worker.world.clock().elapsed();
        let risk = self.in_flight.next_risk().map(|at| at.saturating_sub(now));
        tokio::select! {
            changed = self.drained.changed() => {
                if changed.is_err() { std::future::pending::<()>().await; }
                Happened::Drain
            }
            landed = self.in_flight.landed() => Happened::Landed(landed),
            recorded = recorded(&mut self.recording) => Happened::Recorded(recorded),
            given = self.asking.answer() => Happened::Given(given),
            () = self.presence.next(&self.worker.service) => Happened::Drain,
            renewal = self.renewals.next() => Happened::Renewal(renewal),
            () = after(risk) => Happened::Risk,
            lost = next_lost(&mut self.lost) => Happened::Lost(lost.is_none_or(|id| self.in_flight.holds(id))),
        }
    }

    fn take(&mut self, happened: Happened) {
        let Worker { service, world, .. } = &self.worker;
        match happened {
            Happened::Given(given) => {
                note(&self.status, |status| &mut status.claim_error, &given);
                self.begin(given.unwrap_or_default());
            }
            Happened::Landed(landed) => self.landed(landed),
            Happened::Recorded(recorded) => {
                let claimed = self.recorded(recorded);
                self.begin(claimed);
            }
            Happened::Renewal(Renewal::Answered(answers)) => {
                self.renewals.answered(service, world, &mut self.in_flight, answers);
            }
            Happened::Renewal(Renewal::Due) | Happened::Lost(true) => self.renewals.renew(service, world, &self.in_flight),
            Happened::Risk => self.in_flight.note_risk(world.clock().elapsed()),
            Happened::Lost(false) | Happened::Drain => {}
        }
    }

    /// How far the worker is asked to end, by its owner or by an operator through the registry.
    fn how_drained(&self) -> Drained {
        let by_operator = if self.presence.is_drained() { Drained::Draining } else { Drained::No };
        by_operator.max(*self.drained.borrow())
    }

    /// Places that nothing occupies.
    fn free(&self) -> usize {
        self.worker.settings.max_concurrent.saturating_sub(self.in_flight.len()).min(limits::CLAIM_BATCH_MAX)
    }

    fn is_idle(&self) -> bool {
        let is_over = self.in_flight.len() == 0 && self.verdicts.len() == 0;
        is_over && self.recording.is_none() && !self.asking.is_under_way()
    }

    /// Asks for work if there are free places and no call under way asks already.
    fn claim(&mut self) {
        let free = self.free();
        if free > 0 && !self.asking.is_under_way() && self.recording.is_none() {
            let Worker { service, world, settings, .. } = &self.worker;
            self.asking.ask(service.clone(), world, settings, free);
        }
    }

    fn recall(&mut self) {
        let Worker { service, world, settings, .. } = &self.worker;
        self.asking.recall(service.clone(), world, settings);
    }

    fn begin(&mut self, given: Vec<Claimed>) {
        let now = self.worker.world.clock().elapsed();
        for claimed in given {
            let handler = self.worker.handlers.get(&claimed.kind).cloned();
            self.in_flight.start(claimed, handler, self.worker.data.clone(), &self.worker.service, now);
        }
    }

    fn landed(&mut self, landed: Landed) {
        if landed.is_lost {
            self.report.unrecorded += 1;
        } else {
            self.verdicts.push(landed.handle, landed.verdict);
        }
    }

    /// Records what has gathered; the claim for the places that became free goes along, if no other is waiting.
    fn record(&mut self) {
        if self.recording.is_some() || self.verdicts.len() == 0 {
            return;
        }
        let verdicts = self.verdicts.take(limits::WRITE_BATCH_MAX);
        let free = self.free();
        let asks = !self.asking.is_under_way() && free > 0 && self.how_drained() == Drained::No;
        let Worker { service, world, settings, .. } = &self.worker;
        let next = asks.then(|| self.asking.request(world, settings, free, 0));
        self.recording = Some((verdicts.len(), verdicts.record(service.clone(), next).boxed()));
    }

    /// Counts what was recorded; gives what was claimed along with it.
    fn recorded(&mut self, recorded: Recorded) -> Vec<Claimed> {
        self.in_flight.recorded(&recorded.handles);
        self.report.unrecorded += recorded.lost;
        if self.how_drained() != Drained::No {
            self.report.finished += recorded.recorded;
        }
        if recorded.asked {
            self.asking.answered();
            note(&self.status, |status| &mut status.claim_error, &Ok::<(), Error>(()));
        }
        recorded.claimed
    }

    /// Records what handlers have said and gives back what is not finished, as far as the store answers in time.
    async fn finish(mut self) -> DrainReport {
        while let Some(landed) = self.in_flight.landed_already() {
            self.landed(landed);
        }
        let mut held = self.in_flight.abandon();
        let over = run_out(self.drained.clone());
        let handed_over = tokio::select! {
            biased;
            () = self.hand_over(&mut held) => true,
            () = over => false,
        };
        if !handed_over {
            let recording = self.recording.map_or(0, |(verdicts, _)| verdicts);
            self.report.unrecorded += (recording + self.verdicts.len()) as u64;
        }
        self.report
    }

    async fn hand_over(&mut self, held: &mut Vec<Handle>) {
        loop {
            if self.recording.is_some() {
                let done = recorded(&mut self.recording).await;
                held.extend(self.recorded(done).into_iter().map(|claimed| claimed.handle));
            }
            self.record();
            if self.recording.is_none() {
                break;
            }
        }
        // A claim that is still under way may have been answered: its executions are given back, too.
        self.recall();
        if self.asking.is_under_way() {
            held.extend(self.asking.answer().await.unwrap_or_default().into_iter().map(|claimed| claimed.handle));
        }
        // What cannot be given back is found by lease expiry.
        let given_back = join_all(held.drain(..).map(|handle| self.worker.service.give_back(handle))).await;
        self.report.given_back += given_back.iter().filter(|result| result.is_ok()).count() as u64;
        self.presence.end(&self.worker.service).await;
    }
}

/// Until the store need not be waited for any longer. An order to end at once shortens it.
async fn run_out(mut drained: watch::Receiver<Drained>) {
    let patience = drained.borrow().patience();
    let ends_now = async {
        if drained.wait_for(|drained| *drained == Drained::Now).await.is_err() {
            // Nobody is left who could say so.
            std::future::pending::<()>().await;
        }
    };
    if timer::within(patience, ends_now).await.is_some() {
        timer::sleep(Drained::Now.patience()).await;
    }
}

/// What came of the call that records; waits for ever while there is none.
async fn recorded(recording: &mut Option<(usize, BoxFuture<'static, Recorded>)>) -> Recorded {
    let Some((_, call)) = recording else { return std::future::pending().await };
    let recorded = call.await;
    *recording = None;
    recorded
}

async fn after(span: Option<Duration>) {
    match span {
        Some(span) => timer::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// The next execution whose lease is gone; none if hints were missed, so that all have to be looked at.
async fn next_lost(lost: &mut Option<WakeReceiver>) -> Option<ExecutionId> {
    let Some(receiver) = lost else { return std::future::pending().await };
    loop {
        match receiver.recv().await {
            Ok(Wake::Lost(id)) => return Some(id),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return None,
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}
