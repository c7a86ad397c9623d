//! The exam of every store: a store is one when it passes.
//!
//! Not a benchmark, and nothing about what only one kind of store has (files, servers, statements): their crates test that. A case
//! makes an empty store, brings it into a random valid state, and compares what it does with [`crate::apply`] and [`crate::cut`] on
//! a model beside it. A store's crate calls it in a few lines:
//!
//! ```
//! use levada_store::conformance::{self, Factory, Setup, Time};
//! use levada_store::MemoryStore;
//!
//! struct Memory;
//!
//! impl Factory for Memory {
//!     type Store = MemoryStore;
//!     async fn make(&self, setup: Setup) -> Result<MemoryStore, levada_base::Error> {
//!         Ok(MemoryStore::with_inline_run_max(setup.world, setup.inline_run_max))
//!     }
//! }
//!
//! # futures::executor::block_on(async {
//! let report = conformance::examine(&Memory, Time::Simulated, |name| name.starts_with("dues/")).await;
//! assert_eq!(report.failures, []);
//! # });
//! ```

mod cases;
mod compare;
pub(crate) mod dice;
pub mod random;
pub mod samples;
mod scopes;
mod stage;
mod variants;

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, World};

pub use dice::Dice;
pub use variants::mutated;

use self::stage::Stage;
use crate::store::Store;

/// What a case found: nothing wrong, or what.
pub type Verdict = Result<(), String>;

/// Makes the stores that are examined.
pub trait Factory: Send + Sync + 'static {
    type Store: Store;

    /// An empty store that nobody else uses.
    ///
    /// # Errors
    /// Why there is none; the case fails with it.
    fn make(&self, setup: Setup) -> impl Future<Output = Result<Self::Store, Error>> + Send;
}

/// What a store is made with.
#[derive(Clone)]
pub struct Setup {
    pub world: World,
    /// Runs with at most so many members are settled where they end.
    pub inline_run_max: i32,
}

/// Whose time the stores follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// A clock that the cases move; nothing runs beside the caller.
    Simulated,
    /// The machine's. Cases that need to move time are left out of the suite.
    Real,
}

type Act<S> = Box<dyn Fn(Stage<S>) -> BoxFuture<'static, Verdict> + Send + Sync>;

/// One thing that a store must do.
pub struct Case<F: Factory> {
    pub name: String,
    time: Time,
    act: Act<F::Store>,
}

impl<F: Factory> Case<F> {
    /// Examines a new store.
    ///
    /// # Errors
    /// What it did wrong. A panic of the store is one more thing that it must not do.
    pub async fn run(&self, factory: &F) -> Verdict {
        let (world, clock) = match self.time {
            Time::Simulated => {
                let (world, clock) = World::sim(SEED);
                (world, Some(clock))
            }
            Time::Real => (World::real(), None),
        };
        let setup = Setup { world: world.clone(), inline_run_max: stage::INLINE_RUN_MAX };
        let store = factory.make(setup).await.map_err(|error| format!("no store: {error}"))?;
        let verdict = AssertUnwindSafe((self.act)(Stage::new(store, world, clock))).catch_unwind().await;
        verdict.unwrap_or_else(|_| Err("panicked".to_owned()))
    }
}

const SEED: u64 = 7;

/// All cases in the making.
struct Suite<F: Factory> {
    time: Time,
    cases: Vec<Case<F>>,
}

impl<F: Factory> Suite<F> {
    fn add<Run>(&mut self, name: impl Into<String>, act: impl Fn(Stage<F::Store>) -> Run + Send + Sync + 'static)
    where
        Run: Future<Output = Verdict> + Send + 'static,
    {
        let act: Act<F::Store> = Box::new(move |stage| act(stage).boxed());
        self.cases.push(Case { name: name.into(), time: self.time, act });
    }
}

/// All cases, by names of the form `family/what`.
#[must_use]
pub fn suite<F: Factory>(time: Time) -> Vec<Case<F>> {
    let mut suite = Suite { time, cases: Vec::new() };
    cases::add_all(&mut suite);
    suite.cases
}

/// What an examination found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases that were run.
    pub cases: usize,
    /// The names of those that failed, each with what was wrong.
    pub failures: Vec<(String, String)>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} of {} cases failed", self.failures.len(), self.cases)?;
        self.failures.iter().try_for_each(|(name, why)| writeln!(out, "{name}: {why}"))
    }
}

/// Runs every case whose name is wanted, one after the other, each on a store of its own.
pub async fn examine<F: Factory>(factory: &F, time: Time, wanted: impl Fn(&str) -> bool) -> Report {
    let mut report = Report::default();
    for case in suite::<F>(time).into_iter().filter(|case| wanted(&case.name)) {
        report.cases += 1;
        if let Err(why) = case.run(factory).await {
            report.failures.push((case.name, why));
        }
    }
    report
}
