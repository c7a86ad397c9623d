//! Keeping leases: when to renew, and what the answers mean.

use std::time::Duration;

use levada_base::{Error, World};

use super::Service;
use super::in_flight::InFlight;
use crate::rules::Renewed;
use crate::spec::{Handle, Renew};

/// The leases of one renewal and their answers, or none if the store did not answer.
pub(super) type Answers = (Vec<Handle>, Option<Vec<Result<Renewed, Error>>>);

/// A third of the span, one tenth sooner or later.
pub(super) fn pause(world: &World, ttl: Duration) -> Duration {
    let third = ttl / 3;
    let tenth = u64::try_from(third.as_millis() / 10).unwrap_or(u64::MAX).max(1);
    let offset = Duration::from_millis(world.random() % (2 * tenth + 1));
    third + offset - Duration::from_millis(tenth).min(third)
}

/// Renews leases for their spans, a call's worth at a time.
pub(super) async fn renew<S: Service>(service: S, leases: Vec<(Handle, Duration)>, most: usize) -> Answers {
    let handles = leases.iter().map(|(handle, _)| *handle).collect();
    let mut answers = Vec::with_capacity(leases.len());
    for part in leases.chunks(most) {
        let ms = |ttl: &Duration| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let items = part.iter().map(|(handle, ttl)| Renew { handle: *handle, ttl_ms: ms(ttl) }).collect();
        match service.renew(items).await {
            Ok(part) => answers.extend(part),
            // Leases last for two more thirds; the next renewal may get through.
            Err(_) => return (handles, None),
        }
    }
    (handles, Some(answers))
}

/// Takes the answers: a lease that is gone ends its task.
pub(super) fn answered(in_flight: &mut InFlight, (handles, answers): Answers, now: Duration) {
    for (handle, answer) in handles.iter().zip(answers.unwrap_or_default()) {
        match answer {
            Ok(_) => in_flight.renewed(handle, now),
            Err(_) => in_flight.lost(handle),
        }
    }
}
