//! What operations and background workers share: the store, the world, and the one way from a rule to a committed answer.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use levada_base::{Error, World, codes};
use levada_store::{Command, ExecutionId, Fused, Page, Query, Record, Scope, State, Store, Token, Wanted};
use parking_lot::Mutex;

use crate::claims::ClaimDesk;
use crate::metrics;
use crate::rules::{GRACE_MS_MAX, NodeAlive, NodeSeen, OUTAGE_MS, Rule, answer, invalid, used_otherwise};
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
    /// Store time of this node's latest heartbeat.
    alive_ms: AtomicI64,
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
        let [back_since_ms, alive_ms] = [AtomicI64::new(NEVER), AtomicI64::new(NEVER)];
        Ok(Self { store, world, settings, instance, node, desk, clock, back_since_ms, alive_ms })
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
        let scope = rule.scope().narrowed(self.settings.namespaces.as_deref(), except);
        storable(&scope.words())?;
        let seen = self.seen_by(rule.namespace());
        // What the one statement does is known beforehand, so it cannot spare rows of other namespaces; a claim names its own.
        let usual = rule.usual().filter(|usual| seen.is_none() || matches!(usual, Fused::Claim(_)));
        let mut repeats = 0;
        let result = loop {
            let (rule, seen) = (rule.clone(), seen.clone());
            let decide = move |state: &State| {
                on_own(state, seen.as_deref(), |own| {
                    let (commands, answer) = answer(own, &rule)?;
                    let seen = metrics::observe(own, &commands);
                    Ok((commands, (answer, seen)))
                })
            };
            let outcome = match usual.clone() {
                Some(usual) => self.store.transact_fused(scope.clone(), usual, decide).await,
                None => self.store.transact(scope.clone(), decide).await,
            };
            match outcome {
                Err(error) if error.code() == codes::LV_T704 && repeats < REPEATS_MAX => repeats += 1,
                result => break result,
            }
        };
        metrics::written(op, self.world.clock().elapsed().saturating_sub(began));
        result.map(|(answer, seen)| {
            metrics::record(seen);
            answer
        })
    }

    /// The namespaces whose rows a decision of this node sees, which makes something in one of them or in none. None: all.
    pub(crate) fn seen_by<'a>(&self, makes_in: impl IntoIterator<Item = &'a str>) -> Option<Vec<String>> {
        let mut names = self.settings.namespaces.clone()?;
        names.extend(makes_in.into_iter().map(str::to_owned));
        Some(names)
    }

    /// Reads, and learns store time on the way.
    pub(crate) async fn read(&self, query: Query) -> Result<Page, Error> {
        storable(&query.words())?;
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

    /// Says that this node lives, and learns whether nobody did for too long.
    pub(crate) async fn heartbeat(&self) -> Result<NodeSeen, Error> {
        let rule = NodeAlive { node: self.node, name: self.settings.node.clone() };
        let seen = self.act("node_heartbeat", rule).await?;
        self.back_since_ms.store(seen.back_since_ms.unwrap_or(NEVER), Ordering::Relaxed);
        self.alive_ms.store(seen.at_ms, Ordering::Relaxed);
        Ok(seen)
    }

    /// Before anybody loses a lease at this store time: a node that was away itself finds out first whether all of them were. One that has
    /// no background work is nobody's sign of life.
    pub(crate) async fn notice_outage(&self, now_ms: i64) -> Result<(), Error> {
        let silent_ms = now_ms.saturating_sub(self.alive_ms.load(Ordering::Relaxed));
        if self.settings.background.enabled && silent_ms > OUTAGE_MS {
            self.heartbeat().await?;
        }
        Ok(())
    }

    /// The same for a lease that is over and that somebody wants to keep: since when it can be renewed all the same.
    pub(crate) async fn back_since_for_late(&self) -> Result<Option<i64>, Error> {
        if self.settings.background.enabled {
            self.notice_outage(self.now().await?).await?;
            return Ok(self.back_since());
        }
        let rows = self.read(Query::Scope(Scope::EngineNodes)).await?.rows;
        let nodes = || rows.engine_nodes.values();
        if nodes().map(|node| node.alive_ms).max().is_some_and(|last| rows.now_ms.saturating_sub(last) > OUTAGE_MS) {
            // None of them is back yet: this lease has its grace still before it.
            return Ok(Some(rows.now_ms));
        }
        let grace_until_ms = nodes().filter_map(|node| node.grace_until_ms).filter(|until| *until > rows.now_ms).max();
        Ok(grace_until_ms.map(|until| until - GRACE_MS_MAX))
    }
}

/// Refuses words that not every store can look for: a store that cannot would fail, and fail those who share its transaction.
pub(crate) fn storable(words: &[&str]) -> Result<(), Error> {
    match words.iter().find(|word| word.contains('\0')) {
        Some(word) => Err(invalid("text", word.escape_debug(), "free of the character with number zero")),
        None => Ok(()),
    }
}

/// Decides on the rows of some namespaces. Ids are the same for all of them: what is made must be new in the others, too.
pub(crate) fn on_own<R>(
    full: &State,
    namespaces: Option<&[String]>,
    decide: impl FnOnce(&State) -> Result<(Vec<Command>, R), Error>,
) -> Result<(Vec<Command>, R), Error> {
    let Some(names) = namespaces else { return decide(full) };
    let own = full.of_namespaces(names);
    let (commands, answer) = decide(&own)?;
    for command in &commands {
        let taken = match command {
            Command::Put(Record::Execution(row)) if !own.executions.contains_key(&row.id) => {
                full.executions.contains_key(&row.id).then(|| format!("execution id \"{}\"", row.id))
            }
            Command::Put(Record::Run(row)) if !own.runs.contains_key(&row.id) => {
                full.runs.contains_key(&row.id).then(|| format!("run id \"{}\"", row.id))
            }
            Command::Put(Record::Schedule(row)) if !own.schedules.contains_key(&row.id) => {
                full.schedules.contains_key(&row.id).then(|| format!("schedule id \"{}\"", row.id))
            }
            _ => None,
        };
        if let Some(id) = taken {
            return Err(used_otherwise(id));
        }
    }
    Ok((commands, answer))
}
