//! What a worker needs of the engine: the same calls in process and remotely.

use std::future::Future;

use levada_base::Error;
use levada_store::WakeReceiver;

use crate::rules::{Claimed, EndedAndClaimed, RegisterWorker, Registered, Renewed, Written};
use crate::spec::{ClaimRequest, Complete, Delay, Fail, Handle, Payload, ProgressNote, Renew, Skip};

/// The engine as its workers see it. Every call may be repeated after an error or a lost reply.
pub trait Service: Clone + Send + Sync + 'static {
    /// Gives work, waiting as long as the request says.
    fn claim(&self, request: ClaimRequest) -> impl Future<Output = Result<Vec<Claimed>, Error>> + Send;
    /// Keeps leases.
    fn renew(&self, items: Vec<Renew>) -> impl Future<Output = Result<Vec<Result<Renewed, Error>>, Error>> + Send;
    /// Records results.
    fn complete(
        &self,
        items: Vec<Complete>,
        next: Option<ClaimRequest>,
    ) -> impl Future<Output = Result<EndedAndClaimed, Error>> + Send;
    /// Records failures.
    fn fail(&self, items: Vec<Fail>) -> impl Future<Output = Result<Vec<Result<Written, Error>>, Error>> + Send;
    /// Records that nothing was to be done.
    fn skip(&self, items: Vec<Skip>) -> impl Future<Output = Result<Vec<Result<Written, Error>>, Error>> + Send;
    /// Gives work back until later.
    fn delay(&self, items: Vec<Delay>) -> impl Future<Output = Result<Vec<Result<Written, Error>>, Error>> + Send;
    /// Notes progress.
    fn progress(&self, items: Vec<ProgressNote>) -> impl Future<Output = Result<Vec<Result<(), Error>>, Error>> + Send;
    /// Gives a lease back at once.
    fn give_back(&self, handle: Handle) -> impl Future<Output = Result<(), Error>> + Send;
    /// An input that was too large to travel with its claim: the own one, or a named one.
    fn input(&self, handle: Handle, name: Option<String>) -> impl Future<Output = Result<Payload, Error>> + Send;
    /// Makes the worker known, or says again that it is there; the answer says whether it is to drain.
    fn register(&self, worker: RegisterWorker) -> impl Future<Output = Result<Registered, Error>> + Send;
    /// Says that a worker instance has ended.
    fn unregister(&self, instance: &str) -> impl Future<Output = Result<(), Error>> + Send;
    /// Store time, UTC milliseconds.
    fn now(&self) -> impl Future<Output = Result<i64, Error>> + Send;
    /// Hints that leases were lost, if the engine is in this process.
    fn lost(&self) -> Option<WakeReceiver>;
}
