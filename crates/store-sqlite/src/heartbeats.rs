//! Heartbeats of an idle engine: in memory until something else is written, so that nothing to do writes nothing.
//!
//! Heartbeats tell how long nobody was alive, which matters to leases alone. While one is held each heartbeat is written; and the commit
//! that gives the first one takes what was kept along.

use std::collections::BTreeMap;

use levada_store::rows::EngineNode;
use levada_store::{Command, Record, State, Token};
use parking_lot::Mutex;

use crate::codec::id;
use crate::errors::Result;
use crate::session::Session;

const ANYTHING_ACTIVE: &str = "SELECT EXISTS (SELECT 1 FROM execution WHERE phase = 2)";
const WRITE: &str = "UPDATE engine_node SET alive_ms = ?2 WHERE id = ?1";

/// When nodes were last alive, as far as that is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Heartbeats(Mutex<BTreeMap<Token, i64>>);

impl Heartbeats {
    /// Keeps what the commands say if they are heartbeats alone and nothing is active. Returns whether it did.
    pub(crate) fn keep(&self, session: &Session<'_>, commands: &[Command], before: &State) -> Result<bool> {
        let Some(alive) = heartbeats(commands, before) else { return Ok(false) };
        let keeps = !alive.is_empty() && session.number(ANYTHING_ACTIVE, [])? == Some(0);
        if keeps {
            self.0.lock().extend(alive);
        }
        Ok(keeps)
    }

    /// Shows rows as they would be had everything been written.
    pub(crate) fn show(&self, state: &mut State) {
        for (node, alive_ms) in &*self.0.lock() {
            if let Some(row) = state.engine_nodes.get_mut(node) {
                row.alive_ms = *alive_ms;
            }
        }
    }

    /// Writes what was kept, which is known until the commit.
    pub(crate) fn write(&self, session: &Session<'_>) -> Result<()> {
        let kept = self.0.lock();
        kept.iter().try_for_each(|(node, alive_ms)| session.execute(WRITE, (id(node.0), *alive_ms)))
    }

    /// It is committed.
    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// The times of commands that say nothing but that known nodes are alive; none if they say more.
fn heartbeats(commands: &[Command], before: &State) -> Option<Vec<(Token, i64)>> {
    let heartbeat = |command: &Command| {
        let Command::Put(Record::EngineNode(row)) = command else { return None };
        let known = before.engine_nodes.get(&row.id)?;
        (EngineNode { alive_ms: row.alive_ms, ..known.clone() } == *row).then_some((row.id, row.alive_ms))
    };
    commands.iter().map(heartbeat).collect()
}
