//! Random states that every store must be able to hold: each row obeys V-1 … V-6, and rows fit together as they do in a real store.
//!
//! Not histories: what the rules would have made of them does not matter to a store.

mod any;
mod executions;
mod graphs;
mod places;
mod records;

pub(crate) use any::{TEXTS, any, near};

use super::Dice;
use crate::ids::{ExecutionId, Token};
use crate::rows::{Event, RequestKey, Row, Tag};
use crate::state::{Record, State};

/// A state in the making.
struct Maker {
    dice: Dice,
    now_ms: i64,
    state: State,
    /// Tokens and instances that several leases share.
    tokens: Vec<Token>,
}

/// Namespaces of random states.
pub const NAMESPACES: &[&str] = &["alpha", "Beta"];
/// Lanes of random routes; not all have a row.
pub const LANES: &[&str] = &["bulk", "mail", "paused", "draining", "disabled", "no row"];
/// Required capabilities of random routes.
pub const CAPABILITIES: &[&str] = &["", "gpu", "gpu,linux", "linux,zone=eu"];
/// Instances that hold random leases.
pub const INSTANCES: &[&str] = &["i-1", "i-2"];

/// A valid state of a few hundred rows around `now_ms`, with every table in use.
#[must_use]
pub fn state(seed: u64, now_ms: i64) -> State {
    let mut dice = Dice::new(seed);
    let tokens = (0..3).map(|_| Token(dice.id())).collect();
    let mut maker = Maker { dice, now_ms, state: State { now_ms, ..State::default() }, tokens };
    maker.places();
    maker.stand_alone();
    maker.graphs();
    maker.payloads();
    maker.records();
    maker.numbers();
    maker.state
}

/// Runs that are beyond the limits of an explanation: deep, wide, with many conditions and many members in one state.
#[must_use]
pub(super) fn large(seed: u64, now_ms: i64) -> State {
    let mut dice = Dice::new(seed);
    let tokens = (0..3).map(|_| Token(dice.id())).collect();
    let mut maker = Maker { dice, now_ms, state: State { now_ms, ..State::default() }, tokens };
    maker.places();
    maker.large_graphs();
    maker.numbers();
    maker.state
}

impl Maker {
    fn any<R: Row>(&mut self) -> R {
        any(&mut self.dice, self.now_ms)
    }

    fn near(&mut self) -> i64 {
        near(&mut self.dice, self.now_ms)
    }

    fn put(&mut self, row: impl Into<Record>) {
        self.state.put(row.into());
    }

    fn namespace(&mut self) -> String {
        (*self.dice.pick(NAMESPACES)).to_owned()
    }

    /// Ids of all executions, of all runs.
    fn owners(&self) -> Vec<ExecutionId> {
        let runs = self.state.runs.keys().map(|run| ExecutionId(run.0));
        self.state.executions.keys().copied().chain(runs).collect()
    }

    fn tag(&mut self, owner: ExecutionId, key: &str) {
        let value = (*self.dice.pick(TEXTS)).to_owned();
        let namespace = self.namespace();
        self.put(Tag { owner, key: key.to_owned(), namespace, value });
    }

    fn request_key(&mut self, number: usize, target: ExecutionId) {
        let mut row: RequestKey = self.any();
        row.namespace = self.namespace();
        // Keys of equal time are ordered by their bytes, whatever a locale thinks of them.
        row.key = format!("{}-{number}", self.dice.pick(&["a", "B", "_", "é", "z z"]));
        row.target = target;
        self.put(row);
    }

    fn event(&mut self, id: i64, owners: &[ExecutionId]) {
        let mut row: Event = self.any();
        row.id = id;
        row.namespace = self.namespace();
        row.execution_id = self.dice.maybe(70, |dice| *dice.pick(owners));
        row.run_id = self.state.runs.keys().next().copied().filter(|_| row.execution_id.is_none());
        if let Some(execution) = row.execution_id.and_then(|id| self.state.executions.get(&id)) {
            row.run_id = execution.run_id;
        }
        row.lane = self.dice.maybe(70, |dice| (*dice.pick(LANES)).to_owned());
        row.detail = "{\"why\":\"Ümlaut 🦀\"}".to_owned();
        self.put(row);
    }

    /// Creation order, independent of the order of ids; events are numbered after it.
    fn numbers(&mut self) {
        let mut seqs: Vec<i64> = (0..).take(self.state.executions.len()).collect();
        self.dice.shuffle(&mut seqs);
        for (row, seq) in self.state.executions.values_mut().zip(&seqs) {
            row.seq = *seq;
        }
        let owners = self.owners();
        let first = i64::try_from(seqs.len()).unwrap_or(i64::MAX);
        for id in first..first + 60 {
            self.event(id, &owners);
        }
        self.state.seq = first + 60;
    }
}
