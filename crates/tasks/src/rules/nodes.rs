//! Engine nodes that say that they live, so that an outage of all of them is noticed: leases could not be renewed during one, and
//! their expiry waits a little after it.

use levada_base::Error;
use levada_store::rows::EngineNode;
use levada_store::{Scope, Token};
use serde::{Deserialize, Serialize};

use super::overdue::GRACE_MS_MAX;
use super::{Draft, Rule, validate};

/// An engine node lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAlive {
    /// Made anew by each start.
    pub node: Token,
    pub name: String,
}

/// What a node learns from its heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSeen {
    /// When the first node was back after an outage, as long as that still matters: for [`super::SweepExecutions`].
    pub back_since_ms: Option<i64>,
    /// Nodes that were heard of lately, this one included.
    pub nodes: u32,
    /// Store time of the heartbeat.
    pub at_ms: i64,
}

/// Nobody alive for longer than this is an outage. Nodes say that they live several times as often.
pub const OUTAGE_MS: i64 = 5_000;

/// How long a node that is gone is still listed.
pub const GONE_NODE_KEPT_MS: i64 = 86_400_000;

impl Rule for NodeAlive {
    type Answer = NodeSeen;

    fn scope(&self) -> Scope {
        Scope::EngineNodes
    }

    fn decide(&self, draft: &mut Draft) -> Result<NodeSeen, Error> {
        validate::required("node", &self.name, validate::NAME)?;
        let now_ms = draft.now();
        let nodes = &mut draft.state.engine_nodes;
        let last_alive_ms = nodes.values().map(|node| node.alive_ms).max();
        let is_back = last_alive_ms.is_none_or(|last| now_ms.saturating_sub(last) > OUTAGE_MS);
        let known_until = nodes.values().filter_map(|node| node.grace_until_ms).max();
        let grace_until_ms = if is_back { Some(now_ms.saturating_add(GRACE_MS_MAX)) } else { known_until };
        let grace_until_ms = grace_until_ms.filter(|until| *until > now_ms);
        let started_ms = nodes.get(&self.node).map_or(now_ms, |node| node.started_ms);
        let row = EngineNode { id: self.node, name: self.name.clone(), started_ms, alive_ms: now_ms, grace_until_ms };
        nodes.insert(self.node, row);
        nodes.retain(|_, node| now_ms.saturating_sub(node.alive_ms) <= GONE_NODE_KEPT_MS);
        let alive = nodes.values().filter(|node| now_ms.saturating_sub(node.alive_ms) <= OUTAGE_MS).count();
        Ok(NodeSeen {
            back_since_ms: grace_until_ms.map(|until| until - GRACE_MS_MAX),
            nodes: u32::try_from(alive).unwrap_or(u32::MAX),
            at_ms: now_ms,
        })
    }
}
