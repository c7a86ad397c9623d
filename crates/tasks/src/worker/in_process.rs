//! The engine in this process, as its workers see it.

use levada_base::Error;
use levada_store::{Query, Store, WakeReceiver};

use super::Service;
use crate::Tasks;
use crate::rules::{Claimed, EndedAndClaimed, RegisterWorker, Registered, Renewed, Written};
use crate::spec::{ClaimRequest, Complete, Delay, Fail, Handle, Payload, ProgressNote, Renew, Skip};

impl<S: Store> Service for Tasks<S> {
    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>, Error> {
        Self::claim(self, request).await
    }

    async fn renew(&self, items: Vec<Renew>) -> Result<Vec<Result<Renewed, Error>>, Error> {
        Self::renew(self, items).await
    }

    async fn complete(&self, items: Vec<Complete>, next: Option<ClaimRequest>) -> Result<EndedAndClaimed, Error> {
        Self::complete(self, items, next).await
    }

    async fn fail(&self, items: Vec<Fail>) -> Result<Vec<Result<Written, Error>>, Error> {
        Self::fail(self, items, None).await.map(|(results, _)| results)
    }

    async fn skip(&self, items: Vec<Skip>) -> Result<Vec<Result<Written, Error>>, Error> {
        Self::skip(self, items).await
    }

    async fn delay(&self, items: Vec<Delay>) -> Result<Vec<Result<Written, Error>>, Error> {
        Self::delay(self, items).await
    }

    async fn progress(&self, items: Vec<ProgressNote>) -> Result<Vec<Result<(), Error>>, Error> {
        Self::progress(self, items).await
    }

    async fn give_back(&self, handle: Handle) -> Result<(), Error> {
        Self::give_back(self, handle).await.map(drop)
    }

    async fn input(&self, handle: Handle, name: Option<String>) -> Result<Payload, Error> {
        let rows = self.engine.read(Query::Payload(handle.execution)).await?.rows;
        let found = match name {
            None => rows.inputs.get(&handle.execution).map(|input| (input.storage, input.bytes.clone())),
            Some(name) => {
                let pin = rows.pins.get(&(handle.execution, name));
                let result = pin.and_then(|pin| rows.results.get(&(pin.upstream, pin.generation)));
                result.map(|result| (result.storage, result.bytes.clone()))
            }
        };
        Ok(found.map_or(Payload::Void, |(storage, bytes)| Payload::from_stored(storage, bytes)))
    }

    async fn register(&self, worker: RegisterWorker) -> Result<Registered, Error> {
        self.register_worker(worker).await
    }

    async fn unregister(&self, instance: &str) -> Result<(), Error> {
        self.mark_worker_dead(instance, "it ended", instance).await.map(drop)
    }

    async fn now(&self) -> Result<i64, Error> {
        Self::now(self).await
    }

    fn lost(&self) -> Option<WakeReceiver> {
        Some(self.store().wake())
    }
}
