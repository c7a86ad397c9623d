//! A worker at work: one task that claims, renews, runs handlers and records what they say.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::{Token, Wake, WakeReceiver, limits};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::drain::{DrainReport, Drained};
use super::in_flight::{InFlight, Landed};
use super::renewal::{self, Answers};
use super::report::{Recorded, Verdicts};
use super::{Service, Worker};
use crate::rules::Claimed;
use crate::spec::ClaimRequest;
use crate::timer;

/// A worker that was started. Dropping it gives its leases back and ends it.
pub struct RunningWorker {
    drain: watch::Sender<Drained>,
    actor: JoinHandle<DrainReport>,
}

/// How long a claim waits for work before it is asked again.
const CLAIM_WAIT_MS: i64 = 20_000;
/// A lane of the engine's that never holds anything: a claim in it can only give what its token was given before.
const NO_LANE: &str = "system.none";
/// The pause after a claim that failed.
const CLAIM_PAUSE: Duration = Duration::from_millis(250);

impl RunningWorker {
    /// Claims nothing more, lets handlers finish for up to `grace`, gives the rest back, and ends. All results are recorded before.
    pub async fn drain(mut self, grace: Duration) -> DrainReport {
        self.drain.send_replace(Drained::Draining);
        tokio::select! {
            report = &mut self.actor => return report.unwrap_or_default(),
            () = timer::sleep(grace) => {}
        }
        self.stop().await
    }

    /// Gives everything back and ends.
    pub async fn stop(mut self) -> DrainReport {
        self.drain.send_replace(Drained::Now);
        (&mut self.actor).await.unwrap_or_default()
    }

    /// Works until the process is asked to end; see [`Worker::run`].
    pub(super) async fn until_signal(mut self, grace: Duration) -> DrainReport {
        tokio::select! {
            report = &mut self.actor => return report.unwrap_or_default(),
            () = timer::end_signal() => self.drain.send_replace(Drained::Draining),
        };
        tokio::select! {
            report = &mut self.actor => return report.unwrap_or_default(),
            () = timer::end_signal() => {}
            () = timer::sleep(grace) => {}
        }
        self.stop().await
    }
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.drain.send_replace(Drained::Now);
    }
}

pub(super) fn start<S: Service>(worker: Worker<S>) -> RunningWorker {
    let (drain, drained) = watch::channel(Drained::No);
    let lost = worker.service.lost();
    let actor = Actor {
        worker,
        drained,
        lost,
        in_flight: InFlight::default(),
        verdicts: Verdicts::default(),
        claiming: None,
        recording: None,
        renewing: None,
        token: None,
        is_recalled: false,
        report: DrainReport::default(),
    };
    RunningWorker { drain, actor: tokio::spawn(actor.run()) }
}

struct Actor<S> {
    worker: Worker<S>,
    drained: watch::Receiver<Drained>,
    lost: Option<WakeReceiver>,
    in_flight: InFlight,
    verdicts: Verdicts,
    claiming: Option<BoxFuture<'static, Result<Vec<Claimed>, Error>>>,
    recording: Option<BoxFuture<'static, Recorded>>,
    renewing: Option<BoxFuture<'static, Answers>>,
    /// The token of a claim whose answer did not come: it is repeated with it.
    token: Option<Token>,
    /// It drains, and the claim that was waiting was called back.
    is_recalled: bool,
    report: DrainReport,
}

/// Something that happened to the worker.
enum Happened {
    Claimed(Result<Vec<Claimed>, Error>),
    Landed(Landed),
    Recorded(Recorded),
    Renewed(Answers),
    RenewalDue,
    Lost(bool),
    Drain,
}

impl<S: Service> Actor<S> {
    async fn run(mut self) -> DrainReport {
        let mut shortest = self.worker.settings.ttl;
        let mut renewal = self.renewal_pause(shortest);
        loop {
            // A lease that is shorter than all others has to be renewed sooner.
            let ttl = self.in_flight.shortest_ttl().map_or(self.worker.settings.ttl, |ttl| ttl.min(self.worker.settings.ttl));
            if ttl < shortest {
                renewal = self.renewal_pause(ttl);
            }
            shortest = ttl;
            let drained = *self.drained.borrow();
            if drained == Drained::Now {
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
            match self.next(&mut renewal).await {
                Happened::Claimed(answer) => self.claimed(answer),
                Happened::Landed(landed) => self.landed(landed),
                Happened::Recorded(recorded) => self.recorded(recorded),
                Happened::Renewed(answers) => {
                    self.renewing = None;
                    let now = self.now();
                    renewal::answered(&mut self.in_flight, answers, now);
                }
                Happened::RenewalDue => {
                    renewal = self.renewal_pause(shortest);
                    let now = self.now();
                    self.in_flight.note_risk(now);
                    self.renew();
                }
                Happened::Lost(true) => self.renew(),
                Happened::Lost(false) | Happened::Drain => {}
            }
        }
        self.finish().await
    }

    async fn next(&mut self, renewal: &mut BoxFuture<'static, ()>) -> Happened {
        tokio::select! {
            changed = self.drained.changed() => {
                if changed.is_err() { std::future::pending::<()>().await; }
                Happened::Drain
            }
            landed = self.in_flight.landed() => Happened::Landed(landed),
            recorded = pending(&mut self.recording) => Happened::Recorded(recorded),
            answer = pending(&mut self.claiming) => Happened::Claimed(answer),
            answers = pending(&mut self.renewing) => Happened::Renewed(answers),
            () = &mut *renewal => Happened::RenewalDue,
            lost = next_lost(&mut self.lost) => Happened::Lost(lost.is_none_or(|id| self.in_flight.holds(id))),
        }
    }

    fn renewal_pause(&self, ttl: Duration) -> BoxFuture<'static, ()> {
        timer::sleep(renewal::pause(&self.worker.world, ttl)).boxed()
    }

    fn now(&self) -> Duration {
        self.worker.world.clock().elapsed()
    }

    /// Places that nothing occupies and no claim asks for.
    fn free(&self) -> usize {
        self.worker.settings.max_concurrent.saturating_sub(self.in_flight.len()).min(limits::CLAIM_BATCH_MAX)
    }

    fn is_idle(&self) -> bool {
        self.in_flight.len() == 0 && self.verdicts.len() == 0 && self.recording.is_none() && self.claiming.is_none()
    }

    fn request(&mut self, limit: usize, wait_ms: i64) -> ClaimRequest {
        let (world, settings) = (&self.worker.world, &self.worker.settings);
        let token = *self.token.get_or_insert_with(|| Token((u128::from(world.random()) << 64) | u128::from(world.random())));
        ClaimRequest {
            lanes: settings.lanes.clone(),
            namespaces: settings.namespaces.clone(),
            worker: settings.name.clone(),
            instance: settings.instance.clone(),
            capabilities: settings.capabilities.clone(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            ttl_ms: i64::try_from(settings.ttl.as_millis()).unwrap_or(i64::MAX),
            token,
            wait_ms,
        }
    }

    /// Asks for work if there are free places and no call under way asks already.
    fn claim(&mut self) {
        let free = self.free();
        if free == 0 || self.claiming.is_some() || self.recording.is_some() {
            return;
        }
        let (request, service) = (self.request(free, CLAIM_WAIT_MS), self.worker.service.clone());
        self.claiming = Some(
            async move {
                let answer = service.claim(request).await;
                if answer.is_err() {
                    timer::sleep(CLAIM_PAUSE).await;
                }
                answer
            }
            .boxed(),
        );
    }

    /// Calls a waiting claim back: what it was given and did not hear of is asked for, and nothing new.
    fn recall(&mut self) {
        if self.is_recalled || self.claiming.is_none() {
            return;
        }
        self.is_recalled = true;
        let (mut request, service) = (self.request(1, 0), self.worker.service.clone());
        request.lanes = vec![NO_LANE.to_owned()];
        self.claiming = Some(async move { service.claim(request).await }.boxed());
    }

    fn claimed(&mut self, answer: Result<Vec<Claimed>, Error>) {
        self.claiming = None;
        // After an error the same token is used again: what was given and not heard of comes back.
        if let Ok(given) = answer {
            self.token = None;
            self.begin(given);
        }
    }

    fn begin(&mut self, given: Vec<Claimed>) {
        let now = self.now();
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
        let asks = self.claiming.is_none() && free > 0 && *self.drained.borrow() == Drained::No;
        let next = asks.then(|| self.request(free, 0));
        self.recording = Some(verdicts.record(self.worker.service.clone(), next).boxed());
    }

    fn recorded(&mut self, recorded: Recorded) {
        self.recording = None;
        self.report.unrecorded += recorded.lost;
        if *self.drained.borrow() != Drained::No {
            self.report.finished += recorded.recorded;
        }
        if recorded.asked {
            self.token = None;
        }
        self.begin(recorded.claimed);
    }

    fn renew(&mut self) {
        let leases = self.in_flight.leases();
        if self.renewing.is_none() && !leases.is_empty() {
            let service = self.worker.service.clone();
            self.renewing = Some(renewal::renew(service, leases, limits::WRITE_BATCH_MAX).boxed());
        }
    }

    /// Gives back what is not finished. A claim that is still under way may have been answered: its executions are given back too.
    async fn finish(mut self) -> DrainReport {
        if let Some(recording) = self.recording.take() {
            let recorded = recording.await;
            self.report.unrecorded += recorded.lost;
            self.report.finished += recorded.recorded;
            self.begin(recorded.claimed);
        }
        self.recall();
        if let Some(claiming) = self.claiming.take()
            && let Ok(given) = claiming.await
        {
            self.begin(given);
        }
        for handle in self.in_flight.abandon() {
            // What cannot be given back is found by lease expiry.
            if self.worker.service.give_back(handle).await.is_ok() {
                self.report.given_back += 1;
            }
        }
        self.report
    }
}

/// The answer of a call under way; waits for ever while there is none.
async fn pending<T>(call: &mut Option<BoxFuture<'static, T>>) -> T {
    match call {
        Some(call) => call.await,
        None => std::future::pending().await,
    }
}

/// The next execution whose lease is gone; none if hints were missed, so that all have to be looked at.
async fn next_lost(lost: &mut Option<WakeReceiver>) -> Option<levada_store::ExecutionId> {
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
