//! Engine nodes and the grace after an outage of all of them: F-11.

use super::Model;

/// Nobody alive for longer than this is an outage.
const OUTAGE_MS: i64 = 5_000;
/// The longest grace.
const GRACE_MS: i64 = 30_000;

impl Model {
    /// A node says that it lives. Answers since when the first was back, as long as leases may wait for that, and how many are alive.
    pub fn alive(&mut self, node: u8) -> (Option<i64>, u32) {
        let now_ms = self.now_ms;
        let last = self.nodes.values().max();
        if last.is_none_or(|last| now_ms - last > OUTAGE_MS) {
            self.back_since_ms = Some(now_ms);
        }
        self.nodes.insert(node, now_ms);
        let alive = self.nodes.values().filter(|heard| now_ms - **heard <= OUTAGE_MS).count();
        (self.back_since(), u32::try_from(alive).unwrap_or(u32::MAX))
    }

    /// Since when the first node was back, as long as leases may wait for that.
    #[must_use]
    pub fn back_since(&self) -> Option<i64> {
        self.back_since_ms.filter(|back| back + GRACE_MS > self.now_ms)
    }

    /// When a lease is lost: at its end, or min(TTL, 30 s) after the first node is back.
    pub(super) fn lost_at(&self, lease: &super::Lease) -> i64 {
        let grace_ms = self.back_since().map(|back| back + lease.ttl_ms.min(GRACE_MS));
        grace_ms.map_or(lease.until_ms, |grace| lease.until_ms.max(grace))
    }
}
