//! T-103: two calls that meet, on two nodes of one place. What comes of them is what one of the two orders comes to, in answers and rows.
//!
//! Where they meet is chosen: one of them is held before its n-th transaction or statement while the other is made, or both wait until
//! they can share a transaction. On PostgreSQL a call that skips what somebody else has locked may find less than in either order;
//! then it looks again, and the result must be that of an order in which it looked again, too.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use levada_base::World;
use levada_store::{Scope, State, Store};
use tokio::task::JoinHandle;

use super::drain::drain;
use super::gate::Gate;
use super::laws;
use super::node::Node;
use super::outcome::said;
use super::pair::{Call, Held, scene};
use super::picture::{difference, picture};
use super::place::Place;

/// How often others are let go first before a busy store goes on.
const YIELDS: usize = 2_000;

/// What came of two calls.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Both {
    answers: [String; 2],
    rows: Vec<String>,
}

/// What one order comes to: at once, after those that skip locked rows looked again, and how all ended.
#[derive(Debug, Clone)]
struct Order {
    once: Both,
    twice: Both,
    ends: Vec<String>,
}

/// The two orders of pairs, computed in memory when they are first asked for.
#[derive(Default)]
pub struct Orders(BTreeMap<([Call; 2], i32), Vec<Order>>);

impl Orders {
    async fn of(&mut self, calls: [Call; 2], inline_run_max: i32) -> Result<&[Order], String> {
        Ok(match self.0.entry((calls, inline_run_max)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                free.insert(vec![in_order(calls, 0, inline_run_max).await?, in_order(calls, 1, inline_run_max).await?])
            }
        })
    }
}

async fn in_order(calls: [Call; 2], first: usize, inline_run_max: i32) -> Result<Order, String> {
    let node = Node::open(&Place::Memory, inline_run_max).await.map_err(|error| said(&error))?;
    let held = scene(&node, calls, inline_run_max).await?;
    let mut answers = [String::new(), String::new()];
    for side in [first, 1 - first] {
        answers[side] = calls[side].make(&node, held, side as u128).await;
    }
    let once = Both { answers, rows: rows(&node).await? };
    let twice = again(&node, calls, held, once.clone()).await?;
    drain(&node).await?;
    Ok(Order { once, twice, ends: ends(&node).await? })
}

async fn dumped(node: &Node) -> Result<State, String> {
    node.tasks.store().dump().await.map_err(|error| said(&error))
}

async fn rows(node: &Node) -> Result<Vec<String>, String> {
    let rows = dumped(node).await?;
    laws::check(&rows)?;
    Ok(picture(&rows))
}

/// How every execution and run came out.
async fn ends(node: &Node) -> Result<Vec<String>, String> {
    let rows = dumped(node).await?;
    let executions = rows.executions.values().map(|row| format!("{} {:?} {:?}", row.id, row.generation, row.outcome));
    let runs = rows.runs.values().map(|run| format!("run {} {:?}", run.id, run.outcome));
    Ok(executions.chain(runs).collect())
}

/// Those of two calls that skip locked rows look again.
async fn again(node: &Node, calls: [Call; 2], held: Held, mut both: Both) -> Result<Both, String> {
    for (side, call) in calls.into_iter().enumerate().filter(|(_, call)| call.skips_locked()) {
        both.answers[side] = call.make(node, held, side as u128).await;
    }
    both.rows = rows(node).await?;
    Ok(both)
}

/// How two calls meet.
pub enum How<'a> {
    /// At the same moment.
    AtOnce,
    /// The first is held before its n-th transaction while the second is made.
    BeforeTransaction(i64),
    /// Both wait behind another call until they can share a transaction.
    Merged,
    /// As `barrier` says: it is given the first call, which it has made to stop somewhere, and how to make the second.
    Held(&'a mut dyn Barrier),
}

/// Holds the first of two calls.
pub trait Barrier {
    /// Sets the trap, when the scene is set.
    fn set(&mut self);
    /// Returns when the first call is in it.
    fn reached(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
    /// Returns when the second waits for what the first has locked.
    fn blocked(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
    /// Lets the first go.
    fn open(&mut self);
}

/// What two calls came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Exactly an order.
    Order,
    /// An order, after those that skip locked rows looked again.
    Again,
    /// A claim passed over what the other had locked and took the next; all ended as in an order.
    PassedOver,
    /// The first call had ended before the chosen point.
    NotReached,
}

/// The nodes on which two calls meet; they are of one world.
pub struct Meeting {
    nodes: [Node; 2],
    /// Before the first node's transactions.
    gate: Arc<Gate>,
    inline_run_max: i32,
    /// Whether the place locks rows, which others skip.
    locks: bool,
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
        Ok(Self { nodes: [first, second], gate: Arc::default(), inline_run_max, locks: true })
    }

    /// Two nodes on one store.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of_one(place: &Place, inline_run_max: i32) -> Result<Self> {
        let (world, clock) = World::sim(1);
        let store = place.open(inline_run_max, world.clone()).await?;
        let gate = Arc::new(Gate::default());
        let first = Node::over(store.behind(&gate), world.clone(), clock.clone()).await?;
        let second = Node::over(store, world, clock).await?;
        Ok(Self { nodes: [first, second], gate, inline_run_max, locks: false })
    }

    /// Lets two calls meet on an empty store.
    ///
    /// # Errors
    /// What is in neither order.
    pub async fn play(&self, calls: [Call; 2], orders: &mut Orders, how: How<'_>) -> Result<Verdict, String> {
        let held = scene(&self.nodes[1], calls, self.inline_run_max).await?;
        let met = match how {
            How::AtOnce => self.at_once(calls, held).await.map(Some),
            How::BeforeTransaction(n) => self.before_transaction(calls, held, n).await,
            How::Merged => self.merged(calls, held).await.map(Some),
            How::Held(barrier) => self.held(calls, held, barrier).await,
        };
        match met.map_err(|error| error.to_string())? {
            Some(answers) => self.judge(calls, held, answers, orders).await,
            None => Ok(Verdict::NotReached),
        }
    }

    async fn judge(&self, calls: [Call; 2], held: Held, answers: [String; 2], orders: &mut Orders) -> Result<Verdict, String> {
        let node = &self.nodes[1];
        let both = Both { answers, rows: rows(node).await? };
        let allowed = orders.of(calls, self.inline_run_max).await?;
        if allowed.iter().any(|order| order.once == both) {
            return Ok(Verdict::Order);
        }
        let failed = |both: &Both| {
            let differs = |order: &Order| {
                let lines = difference(&order.once.rows, &both.rows).unwrap_or_else(|| "same rows".to_owned());
                format!("one order answered {:?}\n{lines}", order.once.answers)
            };
            let orders: Vec<_> = allowed.iter().map(differs).collect();
            format!("{calls:?} inline {}: answered {:?}\n{}", self.inline_run_max, both.answers, orders.join("\n"))
        };
        if !self.locks {
            return Err(failed(&both));
        }
        let both = again(node, calls, held, both).await?;
        if allowed.iter().any(|order| order.twice == both) {
            return Ok(Verdict::Again);
        }
        if !allowed.iter().any(|order| passed_over(calls, &both, order)) {
            return Err(failed(&both));
        }
        drain(node).await?;
        let found = ends(node).await?;
        if allowed.iter().any(|order| order.ends == found) {
            return Ok(Verdict::PassedOver);
        }
        Err(format!(
            "{}\nended {found:?}, in order {:?}",
            failed(&both),
            allowed.iter().map(|order| &order.ends).collect::<Vec<_>>()
        ))
    }

    fn start(&self, side: usize, calls: [Call; 2], held: Held) -> JoinHandle<String> {
        let (node, call) = (self.nodes[side].clone(), calls[side]);
        tokio::spawn(async move { call.make(&node, held, side as u128).await })
    }

    async fn at_once(&self, calls: [Call; 2], held: Held) -> Result<[String; 2]> {
        let (one, other) = (self.start(0, calls, held), self.start(1, calls, held));
        Ok([joined(one).await?, joined(other).await?])
    }

    async fn before_transaction(&self, calls: [Call; 2], held: Held, n: i64) -> Result<Option<[String; 2]>> {
        self.gate.set(n);
        let mut one = self.start(0, calls, held);
        tokio::select! {
            () = self.gate.reached() => {}
            // It has fewer transactions.
            ended = &mut one => return ended.map(|_| None).context("a call panicked"),
        }
        let other = joined(self.start(1, calls, held)).await?;
        self.gate.open();
        Ok(Some([joined(one).await?, other]))
    }

    /// The store is busy with a call that waits; both calls come to it in the meantime.
    async fn merged(&self, calls: [Call; 2], held: Held) -> Result<[String; 2]> {
        let (begun, is_begun) = std::sync::mpsc::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let store = self.nodes[1].tasks.store().clone();
        let busy = tokio::spawn(async move {
            let plan = move |_: &State| {
                begun.send(()).ok();
                may_go_on.recv().ok();
                Ok((Vec::new(), ()))
            };
            store.transact(Scope::EngineNodes, plan).await
        });
        tokio::task::spawn_blocking(move || is_begun.recv()).await?.context("the busy call did not begin")?;
        let (one, other) = (self.start(0, calls, held), self.start(1, calls, held));
        // Both are on their way to the queue; one that comes late is served after the other, which is an order, too.
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        go_on.send(()).ok();
        let answers = [joined(one).await?, joined(other).await?];
        busy.await.context("a call panicked")??;
        Ok(answers)
    }

    async fn held(&self, calls: [Call; 2], held: Held, barrier: &mut dyn Barrier) -> Result<Option<[String; 2]>> {
        barrier.set();
        let mut one = self.start(0, calls, held);
        tokio::select! {
            biased;
            () = barrier.reached() => {}
            ended = &mut one => return ended.map(|_| None).context("a call panicked"),
        }
        let mut other = self.start(1, calls, held);
        let early = tokio::select! {
            biased;
            ended = &mut other => Some(ended.context("a call panicked")?),
            () = barrier.blocked() => None,
        };
        barrier.open();
        let one = joined(one).await?;
        let other = match early {
            Some(answer) => answer,
            None => joined(other).await?,
        };
        Ok(Some([one, other]))
    }

    /// Calls that shared the transaction of another.
    #[must_use]
    pub fn calls_merged(&self) -> u64 {
        self.nodes[1].tasks.store().merged()
    }
}

async fn joined(call: JoinHandle<String>) -> Result<String> {
    call.await.context("a call panicked")
}

/// Whether only the claim answered otherwise, and both times it got something or nothing. No order of claims is promised.
fn passed_over(calls: [Call; 2], both: &Both, order: &Order) -> bool {
    let same = |side: usize| {
        let (found, expected) = (&both.answers[side], &order.twice.answers[side]);
        found == expected || (calls[side] == Call::Claim && found.is_empty() == expected.is_empty())
    };
    same(0) && same(1)
}
