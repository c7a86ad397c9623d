//! A worker that was started: how it is asked to end.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use super::actor::Actor;
use super::drain::{DrainReport, Drained};
use super::status::WorkerStatus;
use super::{Service, Worker};
use crate::timer;

/// A worker that was started. Dropping it gives its leases back and ends it.
pub struct RunningWorker {
    drain: watch::Sender<Drained>,
    actor: JoinHandle<DrainReport>,
    status: watch::Receiver<WorkerStatus>,
}

pub(super) fn start<S: Service>(worker: Worker<S>) -> RunningWorker {
    let (drain, drained) = watch::channel(Drained::No);
    let (noted, status) = watch::channel(WorkerStatus::default());
    RunningWorker { drain, actor: tokio::spawn(Actor::new(worker, drained, noted).run()), status }
}

impl RunningWorker {
    /// What its calls met last, now and whenever that changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<WorkerStatus> {
        self.status.clone()
    }

    /// Claims nothing more, lets handlers finish for up to `grace`, gives the rest back, and ends. All results are recorded before.
    pub async fn drain(mut self, grace: Duration) -> DrainReport {
        self.drain.send_replace(Drained::Draining);
        tokio::select! {
            report = &mut self.actor => return reported(report),
            () = timer::sleep(grace) => {}
        }
        self.end(Drained::Over).await
    }

    /// Records what handlers have said, gives everything else back and ends.
    pub async fn stop(self) -> DrainReport {
        self.end(Drained::Over).await
    }

    /// Works until the process is asked to end; see [`Worker::run`].
    pub(super) async fn until_signal(mut self, grace: Duration) -> DrainReport {
        tokio::select! {
            report = &mut self.actor => return reported(report),
            () = timer::end_signal() => self.drain.send_replace(Drained::Draining),
        };
        tokio::select! {
            report = &mut self.actor => return reported(report),
            () = timer::end_signal() => return self.end(Drained::Now).await,
            () = timer::sleep(grace) => self.drain.send_replace(Drained::Over),
        };
        tokio::select! {
            report = &mut self.actor => return reported(report),
            () = timer::end_signal() => {}
        }
        self.end(Drained::Now).await
    }

    async fn end(mut self, how: Drained) -> DrainReport {
        self.drain.send_replace(how);
        reported((&mut self.actor).await)
    }
}

/// What the worker's task left. If it panicked, which no handler can bring about, whoever waits for it learns so: an empty report would
/// say that nothing was held. A runtime that shuts down drops the task with all that it knew.
fn reported(report: Result<DrainReport, JoinError>) -> DrainReport {
    match report.map_err(JoinError::try_into_panic) {
        Ok(report) => report,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => DrainReport::default(),
    }
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        // One that has ended hears nothing.
        self.drain.send_if_modified(|drained| {
            let ends = *drained < Drained::Over;
            *drained = (*drained).max(Drained::Over);
            ends
        });
    }
}
