//! Asking for work: one claim at a time, repeated with its token until it is answered.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, World};
use levada_store::Token;

use super::Service;
use super::builder::WorkerSettings;
use crate::rules::Claimed;
use crate::spec::ClaimRequest;
use crate::timer;

/// How long a claim waits for work before it is asked again.
const CLAIM_WAIT_MS: i64 = 20_000;
/// A lane of the engine's that never holds anything: a claim in it can only give what its token was given before.
const NO_LANE: &str = "system.none";
/// The pause after a claim that failed, or that was answered with nothing before it waited for as long.
const CLAIM_PAUSE: Duration = Duration::from_millis(250);

/// The answer of a claim.
pub(super) type Given = Result<Vec<Claimed>, Error>;

/// The claim under way, if any.
#[derive(Default)]
pub(super) struct Asking {
    call: Option<BoxFuture<'static, Given>>,
    /// The token of a claim whose answer did not come: it is repeated with it.
    token: Option<Token>,
    /// The worker drains, and the claim that was waiting was called back.
    is_recalled: bool,
}

impl Asking {
    pub(super) fn is_under_way(&self) -> bool {
        self.call.is_some()
    }

    /// The next claim, under the token of the last one if that was not answered.
    pub(super) fn request(&mut self, world: &World, settings: &WorkerSettings, limit: usize, wait_ms: i64) -> ClaimRequest {
        let fresh = || Token((u128::from(world.random()) << 64) | u128::from(world.random()));
        settings.request(limit, *self.token.get_or_insert_with(fresh), wait_ms)
    }

    /// Asks, and waits for work.
    pub(super) fn ask<S: Service>(&mut self, service: S, world: &World, settings: &WorkerSettings, limit: usize) {
        let request = self.request(world, settings, limit, CLAIM_WAIT_MS);
        let world = world.clone();
        let call = async move {
            let began = world.clock().elapsed();
            let answer = service.claim(request).await;
            // A node that was closed lets nobody wait: it must not be asked again and again.
            let is_brief = world.clock().elapsed().saturating_sub(began) < CLAIM_PAUSE;
            if answer.as_ref().map_or(true, |given| given.is_empty() && is_brief) {
                timer::sleep(CLAIM_PAUSE).await;
            }
            answer
        };
        self.call = Some(call.boxed());
    }

    /// Calls a waiting claim back, once: what it was given and did not hear of is asked for, and nothing new.
    pub(super) fn recall<S: Service>(&mut self, service: S, world: &World, settings: &WorkerSettings) {
        if self.is_recalled || self.call.is_none() {
            return;
        }
        self.is_recalled = true;
        let mut request = self.request(world, settings, 1, 0);
        request.lanes = vec![NO_LANE.to_owned()];
        self.call = Some(async move { service.claim(request).await }.boxed());
    }

    /// The answer; waits for ever while nothing is asked.
    pub(super) async fn answer(&mut self) -> Given {
        let Some(call) = &mut self.call else { return std::future::pending().await };
        let given = call.await;
        self.call = None;
        // After an error the same token is used again: what was given and not heard of comes back.
        if given.is_ok() {
            self.token = None;
        }
        given
    }

    /// The claim that went along with an end was answered.
    pub(super) fn answered(&mut self) {
        self.token = None;
    }
}
