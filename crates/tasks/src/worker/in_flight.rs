//! The tasks that are being worked on: their handlers, their leases, and how to reach the one from the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use levada_base::Error;
use levada_store::ExecutionId;
use levada_store::alphabets::FailureClass;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::handler::BoxedHandler;
use super::report::until_answered;
use super::task::DataMap;
use super::{Cancellation, Context, Service, Stop, Task, Verdict};
use crate::rules::{Claimed, ClaimedInput};
use crate::spec::{Handle, Payload};
use crate::timer;

/// A task whose handler runs.
struct Flight {
    handle: Handle,
    cancel: watch::Sender<bool>,
    at_risk: watch::Sender<bool>,
    /// The span of its lease.
    ttl: Duration,
    /// When its lease was known to be good, in the worker's own time.
    renewed_at: Duration,
}

impl Flight {
    fn at_risk_from(&self) -> Duration {
        self.renewed_at + self.ttl * 2 / 3
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct InFlight {
    handlers: JoinSet<Verdict>,
    by_task: BTreeMap<Id, Handle>,
    flights: BTreeMap<ExecutionId, Flight>,
    /// Leases of handlers that have ended, with their spans, until their verdicts are recorded.
    unrecorded: BTreeMap<Handle, Duration>,
}

/// A handler that ended.
pub(super) struct Landed {
    pub handle: Handle,
    pub verdict: Verdict,
    /// Its lease was lost meanwhile: the verdict counts for nothing.
    pub is_lost: bool,
}

impl InFlight {
    pub(super) fn len(&self) -> usize {
        self.by_task.len()
    }

    /// Starts the handler of a claimed task.
    pub(super) fn start<S: Service>(
        &mut self,
        claimed: Claimed,
        handler: Option<BoxedHandler>,
        data: Arc<DataMap>,
        service: &S,
        now: Duration,
    ) {
        let handle = claimed.handle;
        let ttl = timer::span_of_ms(claimed.ttl_ms);
        let (cancel, cancellation) = Cancellation::new();
        let (at_risk, risk) = watch::channel(false);
        let claimed = Arc::new(claimed);
        let context = Context::new(claimed.clone(), service.clone(), cancellation, risk);
        let service = service.clone();
        let work = async move {
            let Some(handler) = handler else { return no_handler(&claimed.kind) };
            match complete_inputs(&service, &claimed).await {
                Ok((input, inputs)) => handler(&Task { input, inputs: Arc::new(inputs), data, context }).await,
                Err(cause) => Stop::failure(FailureClass::Resource, "input_unavailable", cause).into(),
            }
        };
        let task = self.handlers.spawn(work).id();
        self.by_task.insert(task, handle);
        let flight = Flight { handle, cancel, at_risk, ttl, renewed_at: now };
        if let Some(before) = self.flights.insert(handle.execution, flight) {
            // It was given away and came back before a renewal told so.
            let _ = before.cancel.send(true);
        }
    }

    /// The next handler that ends; waits for ever while there is none.
    pub(super) async fn landed(&mut self) -> Landed {
        while let Some(ended) = self.handlers.join_next_with_id().await {
            if let Some(landed) = self.land(ended) {
                return landed;
            }
        }
        std::future::pending().await
    }

    /// A handler that has ended by now.
    pub(super) fn landed_already(&mut self) -> Option<Landed> {
        while let Some(ended) = self.handlers.try_join_next_with_id() {
            if let landed @ Some(_) = self.land(ended) {
                return landed;
            }
        }
        None
    }

    /// Every handler was entered under its id when it was started, so that none is unknown.
    fn land(&mut self, ended: Result<(Id, Verdict), JoinError>) -> Option<Landed> {
        let (task, verdict) = match ended {
            Ok((task, verdict)) => (task, verdict),
            Err(error) => (error.id(), panicked(error)),
        };
        let handle = self.by_task.remove(&task)?;
        let ours = self.flights.get(&handle.execution).is_some_and(|flight| flight.handle == handle);
        if let Some(flight) = ours.then(|| self.flights.remove(&handle.execution)).flatten() {
            self.unrecorded.insert(handle, flight.ttl);
        }
        Some(Landed { handle, verdict, is_lost: !ours })
    }

    /// The leases that are to be kept, with their spans: what a handler has said counts only while its lease lives.
    pub(super) fn leases(&self) -> Vec<(Handle, Duration)> {
        self.spans().collect()
    }

    /// The shortest span of a lease; none if there is no lease.
    pub(super) fn shortest_ttl(&self) -> Option<Duration> {
        self.spans().map(|(_, ttl)| ttl).min()
    }

    fn spans(&self) -> impl Iterator<Item = (Handle, Duration)> + '_ {
        let flying = self.flights.values().map(|flight| (flight.handle, flight.ttl));
        flying.chain(self.unrecorded.iter().map(|(handle, ttl)| (*handle, *ttl)))
    }

    /// The verdicts of these were recorded, or never will be.
    pub(super) fn recorded(&mut self, handles: &[Handle]) {
        for handle in handles {
            self.unrecorded.remove(handle);
        }
    }

    /// Whether a task of this execution is being worked on.
    pub(super) fn holds(&self, execution: ExecutionId) -> bool {
        self.flights.contains_key(&execution)
    }

    /// The lease is good.
    pub(super) fn renewed(&mut self, handle: &Handle, now: Duration) {
        if let Some(flight) = self.flights.get_mut(&handle.execution).filter(|flight| flight.handle == *handle) {
            flight.renewed_at = now;
            flight.at_risk.send_replace(false);
        }
    }

    /// The lease is gone: the handler learns it, and what it returns is thrown away. What it has returned is on its way to the store, which
    /// may be why.
    pub(super) fn lost(&mut self, handle: &Handle) {
        self.unrecorded.remove(handle);
        if self.flights.get(&handle.execution).is_some_and(|flight| flight.handle == *handle)
            && let Some(flight) = self.flights.remove(&handle.execution)
        {
            // A handler that took no notice of the token is fine.
            let _ = flight.cancel.send(true);
        }
    }

    /// When the next handler has to be told that its lease is at risk, if it is not renewed by then.
    pub(super) fn next_risk(&self) -> Option<Duration> {
        self.flights.values().filter(|flight| !*flight.at_risk.borrow()).map(Flight::at_risk_from).min()
    }

    /// Tells the handlers whose leases were not renewed for two thirds of their span that they are at risk.
    pub(super) fn note_risk(&mut self, now: Duration) {
        for flight in self.flights.values().filter(|flight| flight.at_risk_from() <= now) {
            flight.at_risk.send_replace(true);
        }
    }

    /// Ends all handlers where they stand and returns the leases that they held.
    pub(super) fn abandon(&mut self) -> Vec<Handle> {
        self.handlers.abort_all();
        self.by_task.clear();
        std::mem::take(&mut self.flights).into_values().map(|flight| flight.handle).collect()
    }
}

fn no_handler(kind: &str) -> Verdict {
    Stop::failure(FailureClass::Resource, "no_handler", format!("this worker has no handler for kind \"{kind}\"")).into()
}

fn panicked(error: JoinError) -> Verdict {
    let said = error.try_into_panic().ok().and_then(|said| {
        let text = said.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| said.downcast_ref::<String>().cloned())
    });
    Stop::retry("handler_panic", said.unwrap_or_else(|| "the handler panicked".to_owned())).into()
}

type Complete = (Payload, BTreeMap<String, (ClaimedInput, Payload)>);

/// What was too large to travel with the claim is read now.
async fn complete_inputs<S: Service>(service: &S, claimed: &Claimed) -> Result<Complete, Error> {
    let input = match &claimed.input {
        Some(input) => input.clone(),
        None => until_answered(|| service.input(claimed.handle, None)).await?,
    };
    let mut inputs = BTreeMap::new();
    for (name, named) in &claimed.inputs {
        let payload = match &named.payload {
            Some(payload) => payload.clone(),
            None => until_answered(|| service.input(claimed.handle, Some(name.clone()))).await?,
        };
        inputs.insert(name.clone(), (named.clone(), payload));
    }
    Ok((input, inputs))
}

#[cfg(test)]
mod tests {
    use levada_store::Token;

    use super::*;

    #[test]
    fn h_3_a_lease_is_at_risk_when_two_thirds_of_its_span_passed_without_renewal() {
        let handle = Handle { store: Token(1), execution: ExecutionId(2), fence: 3, attempt_no: 1 };
        let ((cancel, _), (at_risk, risk)) = (Cancellation::new(), watch::channel(false));
        let (ttl, begun) = (Duration::from_secs(30), Duration::from_secs(100));
        let mut in_flight = InFlight::default();
        assert_eq!(in_flight.next_risk(), None);
        in_flight.flights.insert(handle.execution, Flight { handle, cancel, at_risk, ttl, renewed_at: begun });
        let two_thirds = Duration::from_secs(20);
        assert_eq!(in_flight.next_risk(), Some(begun + two_thirds));
        in_flight.note_risk(begun + two_thirds - Duration::from_millis(1));
        assert!(!*risk.borrow());
        in_flight.note_risk(begun + two_thirds);
        assert!(*risk.borrow());
        assert_eq!(in_flight.next_risk(), None, "it is told once");
        let renewed = begun + Duration::from_secs(25);
        in_flight.renewed(&handle, renewed);
        assert!(!*risk.borrow());
        assert_eq!(in_flight.next_risk(), Some(renewed + two_thirds));
    }
}
