//! Claiming: at once, or waiting at the desk until something is there.

use std::pin::pin;

use levada_base::Error;
use levada_store::Store;

use super::Tasks;
use crate::claims::Seat;
use crate::rules::{self, Claim, Claimed};
use crate::spec::ClaimRequest;
use crate::{metrics, timer};

/// The longest wait of a claim.
const CLAIM_WAIT_MS_MAX: i64 = 30_000;
/// A claim that waits at least this long has the time to look with the next probe.
const LEISURE_MS: i64 = 5_000;

impl<S: Store> Tasks<S> {
    /// Gives ready executions to a worker instance, up to `limit`; waits up to `wait_ms` for the first, or until the node is closed. A look
    /// that has begun by then is still answered. Waiting holds nothing of the store and needs a tokio runtime with timer. A claim that is
    /// dropped while it waits has taken nothing; one that is dropped while it looks may have, and gives it to whoever repeats its token.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T003`, `LV-T106`.
    pub async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>, Error> {
        if !(0..=CLAIM_WAIT_MS_MAX).contains(&request.wait_ms) {
            return Err(rules::invalid("wait_ms", request.wait_ms, "within 0 … 30000"));
        }
        let rule = self.claim_rule(request);
        if rule.request.wait_ms == 0 || self.supervisor.is_stopped() {
            return self.look(&rule).await;
        }
        self.supervisor.listen(&self.engine)?;
        let seat = self.engine.desk.sit(&rule.request);
        let claimed = self.look_until_found(&rule, &seat).await?;
        if claimed.len() >= rule.request.limit as usize {
            seat.leave_full();
        }
        Ok(claimed)
    }

    /// Its time limits how long it waits, never a look: one that was cut off may have been given something that nobody would hear of.
    async fn look_until_found(&self, rule: &Claim, seat: &Seat<'_>) -> Result<Vec<Claimed>, Error> {
        let mut over = pin!(timer::sleep(timer::span_of_ms(rule.request.wait_ms)));
        let mut is_last = false;
        if rule.request.wait_ms >= LEISURE_MS {
            tokio::select! {
                () = seat.first_look() => {}
                () = self.supervisor.stopped() => {}
                // Its token may have been given something before.
                () = &mut over => is_last = true,
            }
        }
        loop {
            seat.looks();
            let claimed = self.look(rule).await?;
            if is_last || !claimed.is_empty() {
                return Ok(claimed);
            }
            tokio::select! {
                () = seat.woken() => {}
                // Nobody would wake it any longer.
                () = self.supervisor.stopped() => return Ok(Vec::new()),
                () = &mut over => return Ok(Vec::new()),
            }
        }
    }

    async fn look(&self, rule: &Claim) -> Result<Vec<Claimed>, Error> {
        let began = self.engine.world.clock().elapsed();
        let claimed = self.engine.act("claim", rule.clone()).await;
        metrics::claim_took(self.engine.world.clock().elapsed().saturating_sub(began));
        claimed
    }

    /// The event of a claim: within this node's namespaces, with a fresh lease for everything it may get.
    pub(crate) fn claim_rule(&self, mut request: ClaimRequest) -> Claim {
        request.namespaces = self.engine.settings.narrowed(request.namespaces.take());
        let most = request.limit.min(u32::try_from(levada_store::limits::CLAIM_BATCH_MAX).unwrap_or(u32::MAX));
        let leases = (0..most).map(|_| self.engine.token()).collect();
        Claim { request, leases, store: self.engine.instance }
    }
}
