//! T-103: two calls at the same moment, on two nodes of one PostgreSQL database or on one SQLite store: what comes of them is what one of
//! the two orders comes to, in answers and rows.
//!
//! A worker that skips what somebody else has locked may find less than in either order; then it looks again, and the result must be that of an
//! order in which it looked again, too.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use anyhow::{Context, Result};
use levada_base::{Error, World};
use levada_store::alphabets::FailureClass;
use levada_store::{RunId, Store};
use levada_tasks::spec::{CancelRun, Delay, Handle, Renew};
use tokio::sync::Barrier;

use super::drain::drain;
use super::laws;
use super::node::Node;
use super::operation::shown;
use super::outcome::said;
use super::picture::{difference, picture};
use super::place::Place;
use super::scene::{RETENTION_MS, RUN, broken, done, member, race, request};

/// One of the two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Claim,
    Renew,
    Complete,
    Fail,
    Delay,
    LeaseExpiry,
    Cancel,
    CancelRun,
    Revoke,
    Replay,
    Dispatch,
    Reconcile,
    Settle,
    Retention,
    Pause,
    /// Of a run that is paused.
    Resume,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Claim,
        Self::Renew,
        Self::Complete,
        Self::Fail,
        Self::Delay,
        Self::LeaseExpiry,
        Self::Cancel,
        Self::CancelRun,
        Self::Revoke,
        Self::Replay,
        Self::Dispatch,
        Self::Reconcile,
        Self::Settle,
        Self::Retention,
        Self::Pause,
        Self::Resume,
    ];

    /// Whether it passes over rows that somebody else has locked.
    fn skips_locked(self) -> bool {
        matches!(self, Self::Claim) || self.worker().is_some()
    }

    fn worker(self) -> Option<&'static str> {
        Some(match self {
            Self::LeaseExpiry => "lease_expiry",
            Self::Dispatch => "edge_cancel_dispatch",
            Self::Reconcile => "edge_cancel_reconcile",
            Self::Settle => "settle",
            Self::Retention => "retention",
            _ => return None,
        })
    }

    /// Makes the call; `side` tells the two apart.
    async fn make(self, node: &Node, held: Handle, side: u128) -> String {
        let tasks = &node.tasks;
        if let Some(worker) = self.worker() {
            return answer(tasks.tick(worker).await.map(|_| String::new()));
        }
        answer(match self {
            Self::Claim => tasks.claim(request(50 + side, 1)).await.map(|claimed| shown(&claimed)),
            Self::Renew => each(tasks.renew(vec![Renew { handle: held, ttl_ms: 60_000 }]).await),
            Self::Complete => each(tasks.complete(vec![done(held)], None).await.map(|(results, _)| results)),
            Self::Fail => {
                let item = broken(held, FailureClass::Transient);
                each(tasks.fail(vec![item], None).await.map(|(results, _)| results))
            }
            Self::Delay => {
                let until_ms = node.world.now().millis() + 5_000;
                each(tasks.delay(vec![Delay { handle: held, until_ms }]).await)
            }
            Self::Cancel => tasks.cancel_execution(held.execution, "operator").await.map(|said| format!("{said:?}")),
            Self::CancelRun => {
                let cancelled = tasks.cancel_run(RUN, CancelRun::all("enough", "operator")).await;
                cancelled.map(|said| format!("{:?} {:?}", said.applied, said.policy))
            }
            Self::Revoke => tasks.revoke_lease(held.execution, "operator").await.map(|said| format!("{said:?}")),
            Self::Replay => tasks.replay(member(RUN, 0), false, "operator").await.map(|said| format!("{said:?}")),
            Self::Resume => tasks.resume_run(RUN, "operator").await.map(|said| format!("{said:?}")),
            _ => tasks.pause_run(RUN, "operator").await.map(|said| format!("{said:?}")),
        })
    }
}

fn answer(result: Result<String, Error>) -> String {
    result.unwrap_or_else(|error| error.code().to_string())
}

fn each<T: std::fmt::Debug>(results: Result<Vec<Result<T, Error>>, Error>) -> Result<String, Error> {
    let shown = results?.into_iter().map(|result| answer(result.map(|said| format!("{said:?}"))));
    Ok(shown.collect::<Vec<_>>().join(", "))
}

/// A busy run: the first has won the race, the second is held by a worker although it has lost, the third has lost or left a mark.
async fn scene(node: &Node, calls: [Call; 2], inline_run_max: i32) -> Result<Handle, String> {
    prepare(node, calls, inline_run_max).await.map_err(|error| said(&error))
}

async fn prepare(node: &Node, calls: [Call; 2], inline_run_max: i32) -> Result<Handle, Error> {
    if calls.contains(&Call::Retention) {
        node.tasks.submit_run(race(RunId(RUN.0 * 2))).await?;
        drain(node).await.map_err(Error::internal)?;
        node.pass(RETENTION_MS + 1);
    }
    node.tasks.submit_run(race(RUN)).await?;
    let winner = node.claim_one(1).await?.handle;
    node.complete_one(winner).await?;
    node.tasks.tick("settle").await?;
    let held = node.claim_one(2).await?.handle;
    if inline_run_max == 0 {
        let third = node.claim_one(3).await?.handle;
        node.complete_one(third).await?;
    }
    if calls.contains(&Call::Resume) {
        node.tasks.pause_run(RUN, "operator").await?;
    }
    node.pass(if calls.contains(&Call::LeaseExpiry) { 31_000 } else { 6_000 });
    Ok(held)
}

/// What came of two calls.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Both {
    answers: [String; 2],
    rows: Vec<String>,
}

async fn rows(node: &Node) -> Result<Vec<String>, String> {
    let rows = node.tasks.store().dump().await.map_err(|error| said(&error))?;
    laws::check(&rows)?;
    Ok(picture(&rows))
}

/// Those of two calls that skip locked rows look again.
async fn again(node: &Node, calls: [Call; 2], held: Handle, mut both: Both) -> Result<Both, String> {
    for (side, call) in calls.into_iter().enumerate().filter(|(_, call)| call.skips_locked()) {
        both.answers[side] = call.make(node, held, side as u128).await;
    }
    both.rows = rows(node).await?;
    Ok(both)
}

/// One order, in memory: what it comes to, and what after looking again.
async fn in_order(calls: [Call; 2], first: usize, inline_run_max: i32) -> Result<[Both; 2], String> {
    let node = Node::open(&Place::Memory, inline_run_max).await.map_err(|error| said(&error))?;
    let held = scene(&node, calls, inline_run_max).await?;
    let mut answers = [String::new(), String::new()];
    for side in [first, 1 - first] {
        answers[side] = calls[side].make(&node, held, side as u128).await;
    }
    let once = Both { answers, rows: rows(&node).await? };
    let twice = again(&node, calls, held, once.clone()).await?;
    Ok([once, twice])
}

/// The two orders of pairs, computed when they are first asked for.
#[derive(Default)]
pub struct Orders(BTreeMap<([Call; 2], i32), Vec<[Both; 2]>>);

impl Orders {
    async fn of(&mut self, calls: [Call; 2], inline_run_max: i32) -> Result<&[[Both; 2]], String> {
        Ok(match self.0.entry((calls, inline_run_max)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                free.insert(vec![in_order(calls, 0, inline_run_max).await?, in_order(calls, 1, inline_run_max).await?])
            }
        })
    }
}

/// The nodes on which two calls meet; they are of one world.
pub struct Meeting {
    pub nodes: [Node; 2],
    pub inline_run_max: i32,
}

impl Meeting {
    /// Two nodes with stores of their own on one place.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of_two(places: [&Place; 2], inline_run_max: i32) -> Result<Self> {
        let (world, clock) = World::sim(1);
        let [one, other] = places;
        let first = Node::open_in(one, inline_run_max, world.clone(), clock.clone()).await?;
        let second = Node::open_in(other, inline_run_max, world, clock).await?;
        Ok(Self { nodes: [first, second], inline_run_max })
    }

    /// One node that is called twice at the same moment.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of_one(place: &Place, inline_run_max: i32) -> Result<Self> {
        let node = Node::open(place, inline_run_max).await?;
        Ok(Self { nodes: [node.clone(), node], inline_run_max })
    }

    /// Makes two calls at the same moment on an empty store; `between` comes after the scene is set.
    ///
    /// # Errors
    /// What is in neither order.
    pub async fn play(&self, calls: [Call; 2], orders: &mut Orders, between: impl FnOnce()) -> Result<(), String> {
        let held = scene(&self.nodes[0], calls, self.inline_run_max).await?;
        between();
        let both = self.at_once(calls, held).await.map_err(|error| error.to_string())?;
        let both = Both { answers: both, rows: rows(&self.nodes[0]).await? };
        let allowed = orders.of(calls, self.inline_run_max).await?;
        if allowed.iter().any(|order| order[0] == both) {
            return Ok(());
        }
        let both = again(&self.nodes[0], calls, held, both).await?;
        if allowed.iter().any(|order| order[1] == both) {
            return Ok(());
        }
        if calls.contains(&Call::Claim) && allowed.iter().any(|order| self.passed_over(calls, &both, order)) {
            return drain(&self.nodes[0]).await;
        }
        let differs = |order: &Both| {
            let lines = difference(&order.rows, &both.rows).unwrap_or_else(|| "same rows".to_owned());
            format!("one order answered {:?}\n{lines}", order.answers)
        };
        let orders: Vec<_> = allowed.iter().map(|order| differs(&order[1])).collect();
        Err(format!("{calls:?} inline {}: answered {:?}\n{}", self.inline_run_max, both.answers, orders.join("\n")))
    }

    /// Whether only the claim answered otherwise: it passed over what somebody else held, and took the next. No order of claims is promised;
    /// then everything must still end.
    fn passed_over(&self, calls: [Call; 2], both: &Both, orders: &[Both; 2]) -> bool {
        let same = |side: usize| calls[side] == Call::Claim || both.answers[side] == orders[1].answers[side];
        same(0) && same(1)
    }

    async fn at_once(&self, calls: [Call; 2], held: Handle) -> Result<[String; 2]> {
        let barrier = Arc::new(Barrier::new(2));
        let start = |side: usize| {
            let (node, barrier, call) = (self.nodes[side].clone(), Arc::clone(&barrier), calls[side]);
            tokio::spawn(async move {
                barrier.wait().await;
                call.make(&node, held, side as u128).await
            })
        };
        let (one, other) = (start(0), start(1));
        Ok([one.await.context("a call panicked")?, other.await.context("a call panicked")?])
    }
}
