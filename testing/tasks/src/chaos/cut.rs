//! T-101, T-104, T-004, T-068 on PostgreSQL: a call whose connection is cut before or after a statement, or whose backend ends, at every
//! position. The store tries again by itself; the caller sees the one true result, and the total effect is that of one call.
//!
//! A stop that does not happen is a failure of its case, too.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use levada_base::World;
use levada_store_postgres::Settings;
use levada_testing_postgres::{Database, Kind, Plan, Proxy, Statement, When};

use super::node::Node;
use super::operation::{Operation, Ready};
use super::outcome::{Outcome, said};
use super::place::Place;
use super::sabotage::{Sabotage, Strike};

/// Where and how a call is stopped; positions from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    CutBefore(u64),
    CutAfter(u64),
    KillAtWrite(u64),
    KillAtCommit,
}

/// How much of a sweep is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Some positions, the kinds of stop in turn, and every commit, which is where an outcome is unknown.
    InTurn,
    /// Every kind of stop at every position.
    Full,
}

/// What a sweep came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub cases: u64,
    /// Stops that happened.
    pub fired: u64,
    /// Transactions of one statement in the undisturbed call.
    pub alone: u64,
    pub failures: Vec<String>,
}

/// A database, a proxy before it, and triggers inside of it.
pub struct Stand<'a> {
    pub(super) proxy: Proxy,
    pub(super) sabotage: Sabotage<'a>,
    place: Place,
    /// The same, where calls give up early.
    pub(super) hasty: Place,
}

/// Of so many positions a sweep in turn takes one for each kind of cut.
const POSITIONS: u64 = 10;
/// In a sweep in turn, the commits of a call with more of them are only cut after.
const COMMITS_CUT_TWICE: usize = 3;
/// The schema of all stands.
const SCHEMA: &str = "levada";
/// A call is over long before.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long a hasty store tries.
const HASTY: Duration = Duration::from_secs(3);

impl<'a> Stand<'a> {
    /// Makes the tables.
    ///
    /// # Errors
    /// What the server or the store says.
    pub async fn start(database: &'a Database) -> Result<Self> {
        let proxy = Proxy::start(database.address()).await?;
        let settings = Settings::new(proxy.url(database));
        let settings = Settings { schema: SCHEMA.to_owned(), listen: false, ..settings };
        let hasty = Place::Postgres(Settings { operation_timeout: HASTY, ..settings.clone() });
        let place = Place::Postgres(settings);
        drop(place.open(64, World::real()).await.context("the first start")?);
        let sabotage = Sabotage::install(database, SCHEMA)?;
        Ok(Self { proxy, sabotage, place, hasty })
    }

    pub(super) async fn scene(&self, operation: Operation) -> Result<(Node, Ready)> {
        self.proxy.set(Plan::Pass);
        self.sabotage.clear()?;
        let node = Node::open(&self.place, operation.inline_run_max()).await?;
        let ready = operation.prepare(&node).await?;
        Ok((node, ready))
    }

    /// Plays a call at all positions.
    ///
    /// # Errors
    /// What went wrong with the test itself; the engine's failures are in the report.
    pub async fn sweep(&self, operation: Operation, sweep: Sweep) -> Result<Report> {
        let expected = expected(operation).await?;
        let mut report = Report::default();
        let stops = self.stops(operation, &expected, sweep, &mut report).await?;
        for stop in stops {
            report.cases += 1;
            let (node, ready) = self.scene(operation).await?;
            self.set(stop)?;
            let called = tokio::time::timeout(PATIENCE, operation.call(&node, &ready)).await;
            let stopped = self.stopped(stop)?;
            report.fired += u64::from(stopped);
            let played = match called {
                _ if !stopped => Err("nothing was stopped".to_owned()),
                Ok(Ok(answer)) => Outcome::after_call(answer, &node).await,
                Ok(Err(error)) => Err(said(&error)),
                Err(_) => Err(format!("no answer within {PATIENCE:?}")),
            };
            if let Err(wrong) = played.and_then(|outcome| outcome.same(&expected)) {
                report.failures.push(format!("{} {stop:?}: {wrong}", operation.name()));
            }
        }
        Ok(report)
    }

    /// An undisturbed call, which must come to the same as on the in-memory store, tells the positions.
    async fn stops(&self, operation: Operation, expected: &Outcome, sweep: Sweep, report: &mut Report) -> Result<Vec<Stop>> {
        let (node, ready) = self.scene(operation).await?;
        self.sabotage.arm(Strike::Never)?;
        self.proxy.reset();
        let answer = operation.call(&node, &ready).await;
        let trace = self.proxy.trace();
        let writes = self.sabotage.disarm()?.writes;
        ensure!(writes > 0, "{} writes nothing: its scene is wrong", operation.name());
        let played = match answer {
            Ok(answer) => Outcome::after_call(answer, &node).await,
            Err(error) => Err(said(&error)),
        };
        report.cases += 1;
        if let Err(wrong) = played.and_then(|outcome| outcome.same(expected)) {
            report.failures.push(format!("{} undisturbed: {wrong}", operation.name()));
        }
        let ends = ends(&trace);
        report.alone = ends.iter().filter(|end| **end == End::Alone).count() as u64;
        Ok(positions(operation, &ends, writes, sweep))
    }

    fn set(&self, stop: Stop) -> Result<()> {
        match stop {
            Stop::CutBefore(n) => self.proxy.set(Plan::CutBefore(When::Statement(n))),
            Stop::CutAfter(n) => self.proxy.set(Plan::CutAfter(When::Statement(n))),
            Stop::KillAtWrite(n) => self.sabotage.arm(Strike::KillAtWrite(n))?,
            Stop::KillAtCommit => self.sabotage.arm(Strike::KillAtCommit)?,
        }
        Ok(())
    }

    /// Whether the stop happened; it does not happen again.
    fn stopped(&self, stop: Stop) -> Result<bool> {
        Ok(match stop {
            Stop::CutBefore(_) | Stop::CutAfter(_) => {
                let fired = self.proxy.fired();
                self.proxy.set(Plan::Pass);
                fired == 1
            }
            Stop::KillAtWrite(_) | Stop::KillAtCommit => self.sabotage.disarm()?.times == 1,
        })
    }
}

/// How a statement ends a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Not at all, or it has written nothing.
    No,
    Commit,
    /// It is one: it writes outside of any other.
    Alone,
}

fn ends(trace: &[Statement]) -> Vec<End> {
    let mut inside = BTreeSet::new();
    let end = |statement: &Statement| match statement.kind {
        Kind::Begin => {
            inside.insert(statement.connection);
            End::No
        }
        Kind::Commit if inside.remove(&statement.connection) => End::Commit,
        Kind::Rollback if inside.remove(&statement.connection) => End::No,
        Kind::Work if !inside.contains(&statement.connection) && writes(&statement.text) => End::Alone,
        _ => End::No,
    };
    trace.iter().map(end).collect()
}

fn writes(sql: &str) -> bool {
    ["INSERT INTO", "UPDATE ", "DELETE FROM"].iter().any(|word| sql.contains(word))
}

/// Where a call with these statements and so many writes is stopped.
fn positions(operation: Operation, ends: &[End], writes: u64, sweep: Sweep) -> Vec<Stop> {
    let mut stops = Vec::new();
    let all = sweep == Sweep::Full;
    let commits = ends.iter().filter(|end| **end != End::No).count();
    let few = commits <= COMMITS_CUT_TWICE && !operation.is_wide();
    for (n, end) in (1..).zip(ends) {
        let commit = *end != End::No;
        stops.extend((all || (commit && few) || n % POSITIONS == 2).then_some(Stop::CutBefore(n)));
        stops.extend((all || commit || n % POSITIONS == 2 + POSITIONS / 2).then_some(Stop::CutAfter(n)));
    }
    if all || ends.contains(&End::Alone) {
        stops.extend((1..=writes).map(Stop::KillAtWrite));
    } else {
        stops.push(Stop::KillAtWrite(writes.div_ceil(2)));
    }
    stops.push(Stop::KillAtCommit);
    stops
}

/// What the call comes to in memory, where nothing is in its way.
///
/// # Errors
/// What went wrong even there.
pub async fn expected(operation: Operation) -> Result<Outcome> {
    let node = Node::open(&Place::Memory, operation.inline_run_max()).await?;
    let ready = operation.prepare(&node).await.with_context(|| format!("the scene of {}", operation.name()))?;
    let played = Outcome::of_call(operation, &node, &ready).await;
    played.map_err(|wrong| anyhow::anyhow!("{} in memory: {wrong}", operation.name()))
}
