//! What operations and background workers share: the store, the world, and the one way from a rule to a committed answer.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use levada_base::{Error, World, codes};
use levada_store::{ExecutionId, Page, Query, State, Store, Token, Wanted};
use parking_lot::Mutex;

use crate::claims::ClaimDesk;
use crate::metrics;
use crate::rules::{Rule, answer};
use crate::settings::Settings;

/// How often an operation is repeated whose commit may or may not have happened. Its key or fence keeps it from acting twice.
const REPEATS_MAX: u32 = 3;

/// No engine node was away.
const NEVER: i64 = i64::MIN;

/// An engine node.
pub(crate) struct Engine<S> {
    pub store: S,
    pub world: World,
    pub settings: Settings,
    /// The store, as handles name it.
    pub instance: Token,
    /// This node, for as long as it is open.
    pub node: Token,
    pub desk: ClaimDesk,
    clock: Mutex<Anchor>,
    back_since_ms: AtomicI64,
}

/// Store time at some moment of the world's steady clock.
struct Anchor {
    store_ms: i64,
    at: Duration,
}

impl<S: Store> Engine<S> {
    pub(crate) async fn open(store: S, settings: Settings, world: World) -> Result<Self, Error> {
        let now_ms = store.now().await?;
        let instance = Token(store.instance());
        let node = Token::new(now_ms, [world.random(), world.random()]);
        let clock = Mutex::new(Anchor { store_ms: now_ms, at: world.clock().elapsed() });
        let desk = ClaimDesk::default();
        Ok(Self { store, world, settings, instance, node, desk, clock, back_since_ms: AtomicI64::new(NEVER) })
    }

    /// Decides and commits. An unknown outcome is found out by asking again.
    pub(crate) async fn act<R>(&self, op: &'static str, rule: R) -> Result<R::Answer, Error>
    where
        R: Rule + Send + Sync + 'static,
        R::Answer: Send + 'static,
    {
        self.act_except(op, rule, &[]).await
    }

    /// The same; where rows are found by their time, some of them are left out.
    pub(crate) async fn act_except<R>(&self, op: &'static str, rule: R, except: &[ExecutionId]) -> Result<R::Answer, Error>
    where
        R: Rule + Send + Sync + 'static,
        R::Answer: Send + 'static,
    {
        let began = self.world.clock().elapsed();
        let served = self.settings.namespaces.clone();
        let scope = rule.scope().narrowed(served.as_deref(), except);
        // What the one statement does is known beforehand, so it cannot spare rows of other namespaces.
        let usual = rule.usual().filter(|_| served.is_none());
        let mut repeats = 0;
        let result = loop {
            let (rule, served) = (rule.clone(), served.clone());
            let decide = move |state: &State| {
                let own = served.as_deref().map(|names| state.of_namespaces(names));
                let state = own.as_ref().unwrap_or(state);
                let (commands, answer) = answer(state, &rule)?;
                let seen = metrics::observe(state, &commands);
                Ok((commands, (answer, seen)))
            };
            let outcome = match usual.clone() {
                Some(usual) => self.store.transact_fused(scope.clone(), usual, decide).await,
                None => self.store.transact(scope.clone(), decide).await,
            };
            match outcome {
                Err(error) if error.code() == codes::LV_T704 && repeats < REPEATS_MAX => {
                    metrics::unknown_commit();
                    repeats += 1;
                }
                result => break result,
            }
        };
        metrics::written(op, self.world.clock().elapsed().saturating_sub(began));
        result.map(|(answer, seen)| {
            metrics::record(seen);
            answer
        })
    }

    /// Reads, and learns store time on the way.
    pub(crate) async fn read(&self, query: Query) -> Result<Page, Error> {
        let page = self.store.read(query).await?;
        self.learn_time(page.rows.now_ms);
        Ok(page)
    }

    /// Up to so many rows of the namespaces that this node serves, without some.
    pub(crate) fn wanted(&self, limit: u32, except: &[ExecutionId]) -> Wanted {
        Wanted { limit, namespaces: self.settings.namespaces.clone(), except: except.to_vec() }
    }

    /// The parts of a fresh id.
    pub(crate) fn fresh(&self) -> (i64, [u64; 2]) {
        (self.world.now().millis(), [self.world.random(), self.world.random()])
    }

    /// A fresh token.
    pub(crate) fn token(&self) -> Token {
        let (now_ms, random) = self.fresh();
        Token::new(now_ms, random)
    }

    /// Store time as far as this node knows without asking: good enough to choose when to look, never to decide.
    pub(crate) fn about_now(&self) -> i64 {
        let anchor = self.clock.lock();
        let since = self.world.clock().elapsed().saturating_sub(anchor.at);
        anchor.store_ms.saturating_add(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn learn_time(&self, store_ms: i64) {
        *self.clock.lock() = Anchor { store_ms, at: self.world.clock().elapsed() };
    }

    /// Store time, asked for.
    pub(crate) async fn now(&self) -> Result<i64, Error> {
        let now_ms = self.store.now().await?;
        self.learn_time(now_ms);
        Ok(now_ms)
    }

    /// When the first node came back after nobody was alive for too long; leases wait a while from then.
    pub(crate) fn back_since(&self) -> Option<i64> {
        Some(self.back_since_ms.load(Ordering::Relaxed)).filter(|since| *since != NEVER)
    }

    pub(crate) fn learn_outage(&self, back_since_ms: Option<i64>) {
        self.back_since_ms.store(back_since_ms.unwrap_or(NEVER), Ordering::Relaxed);
    }
}
