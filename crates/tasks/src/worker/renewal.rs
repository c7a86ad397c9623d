//! Keeping leases: when they are renewed, and what the answers mean.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, World};
use levada_store::limits;

use super::Service;
use super::in_flight::InFlight;
use crate::rules::Renewed;
use crate::spec::{Handle, Renew};
use crate::timer;

/// The leases of one renewal and their answers, or none if the store did not answer.
pub(super) struct Answers {
    handles: Vec<Handle>,
    answers: Option<Vec<Result<Renewed, Error>>>,
    /// When it was asked, in the worker's own time: leases are good from then on at the latest.
    asked_at: Duration,
}

/// The renewals of a worker, one call at a time for all of its leases.
pub(super) struct Renewals {
    call: Option<BoxFuture<'static, Answers>>,
    /// A lease may have been lost since the call was made.
    again: bool,
    due: BoxFuture<'static, ()>,
    /// The span that `due` was made for.
    ttl: Duration,
    /// Calls in a row that were not answered.
    failures: u32,
}

/// What a worker has to do about its leases.
pub(super) enum Renewal {
    Due,
    Answered(Answers),
}

/// The pause after a renewal that was not answered, doubled each time, and the longest one.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);

impl Renewals {
    pub(super) fn of(world: &World, ttl: Duration) -> Self {
        Self { call: None, again: false, due: timer::sleep(pause(world, ttl)).boxed(), ttl, failures: 0 }
    }

    /// The shortest span of a lease is this now: one that is shorter than all others has to be renewed sooner.
    pub(super) fn fit(&mut self, world: &World, ttl: Duration) {
        if ttl < self.ttl {
            self.due = timer::sleep(pause(world, ttl)).boxed();
        }
        self.ttl = ttl;
    }

    /// Until a renewal is due or answered.
    pub(super) async fn next(&mut self) -> Renewal {
        let answered = async {
            match &mut self.call {
                Some(call) => call.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            answers = answered => {
                self.call = None;
                Renewal::Answered(answers)
            }
            () = &mut self.due => Renewal::Due,
        }
    }

    /// Renews all leases, or as soon as the call under way is answered, which may have been decided before.
    pub(super) fn renew<S: Service>(&mut self, service: &S, world: &World, in_flight: &InFlight) {
        self.due = timer::sleep(pause(world, self.ttl)).boxed();
        self.again = self.call.is_some();
        let leases = in_flight.leases();
        if !self.again && !leases.is_empty() {
            self.call = Some(renewed(service.clone(), leases, world.clock().elapsed()).boxed());
        }
    }

    /// Takes the answers: a lease that is gone ends its task. Asks again where that is worth it.
    pub(super) fn answered<S: Service>(&mut self, service: &S, world: &World, in_flight: &mut InFlight, answers: Answers) {
        if let Some(results) = answers.answers {
            self.failures = 0;
            for (handle, result) in answers.handles.iter().zip(results) {
                match result {
                    Ok(_) => in_flight.renewed(handle, answers.asked_at),
                    Err(_) => in_flight.lost(handle),
                }
            }
        } else {
            // Leases last for two more thirds: one of these gets through if the store comes back in time.
            self.due = timer::sleep((RETRY_MIN * (1 << self.failures.min(10))).min(RETRY_MAX)).boxed();
            self.failures += 1;
        }
        if std::mem::take(&mut self.again) {
            self.renew(service, world, in_flight);
        }
    }
}

/// A third of the span, one tenth sooner or later.
fn pause(world: &World, ttl: Duration) -> Duration {
    let third = ttl / 3;
    let tenth = u64::try_from(third.as_millis() / 10).unwrap_or(u64::MAX).max(1);
    let offset = Duration::from_millis(world.random() % (2 * tenth + 1));
    third + offset - Duration::from_millis(tenth).min(third)
}

/// Renews leases for their spans, a call's worth at a time.
async fn renewed<S: Service>(service: S, leases: Vec<(Handle, Duration)>, asked_at: Duration) -> Answers {
    let handles = leases.iter().map(|(handle, _)| *handle).collect();
    let mut answers = Vec::with_capacity(leases.len());
    for part in leases.chunks(limits::WRITE_BATCH_MAX) {
        let ms = |ttl: &Duration| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let items = part.iter().map(|(handle, ttl)| Renew { handle: *handle, ttl_ms: ms(ttl) }).collect();
        match service.renew(items).await {
            Ok(part) => answers.extend(part),
            Err(_) => return Answers { handles, answers: None, asked_at },
        }
    }
    Answers { handles, answers: Some(answers), asked_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_3_leases_are_renewed_at_a_third_of_their_span_give_or_take_a_tenth() {
        let (world, _) = World::sim(3);
        for ttl_ms in [1_000, 30_000, 3_600_000] {
            let ttl = Duration::from_millis(ttl_ms);
            let pauses: Vec<_> = (0..1_000).map(|_| pause(&world, ttl).as_millis()).collect();
            let third = u128::from(ttl_ms / 3);
            assert!(pauses.iter().all(|pause| (third * 9 / 10 - 1..=third * 11 / 10 + 1).contains(pause)), "{ttl_ms}");
            assert!(pauses.iter().any(|pause| *pause < third) && pauses.iter().any(|pause| *pause > third));
        }
    }
}
