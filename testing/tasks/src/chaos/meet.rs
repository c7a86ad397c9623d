//! Plays pairs of calls: see `meeting`.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use anyhow::Result;
use levada_base::World;
use levada_store_postgres::Settings;
use levada_testing_postgres::{Database, Plan, Proxy, When};

use super::meeting::{Barrier, How, Meeting, Orders, Verdict};
use super::pair::Call;
use super::place::Place;
use super::sabotage::Sabotage;

/// What pairs came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    /// Meetings.
    pub count: u64,
    /// Those in which one call was held while the other was made.
    pub held: u64,
    /// Calls that shared a transaction.
    pub merged: u64,
    /// Pairs in which a claim took another execution than in either order, and how often.
    pub passed_over: BTreeMap<[Call; 2], u64>,
    pub failures: Vec<String>,
}

impl Met {
    /// Takes in a meeting; whether there may be a next point.
    fn add(&mut self, calls: [Call; 2], met: Result<Verdict, String>) -> bool {
        if met == Ok(Verdict::NotReached) {
            return false;
        }
        self.count += 1;
        match met {
            Ok(Verdict::PassedOver) => *self.passed_over.entry(calls).or_default() += 1,
            Ok(_) => {}
            Err(wrong) => self.failures.push(wrong),
        }
        self.failures.len() < FAILURES_MAX
    }
}

/// All ordered pairs.
pub fn pairs() -> impl Iterator<Item = [Call; 2]> {
    Call::ALL.into_iter().flat_map(|one| Call::ALL.into_iter().map(move |other| [one, other]))
}

/// Which of the points at which one call may be held are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Points {
    All,
    /// One in so many, beginning with another one for each pair.
    OneIn(u64),
}

impl Points {
    fn step(self) -> u64 {
        match self {
            Self::All => 1,
            Self::OneIn(step) => step,
        }
    }

    fn first(self, pair: usize) -> u64 {
        1 + pair as u64 % self.step()
    }
}

/// A pair that fails at so many points is not played further.
const FAILURES_MAX: usize = 20;
/// Runs are settled where their members end, or by marks.
const INLINE_RUN_MAX: [i32; 2] = [64, 0];

/// Pairs on two nodes of a PostgreSQL database: the first call is held before a statement while the second is made.
///
/// # Errors
/// What went wrong with the test itself.
pub async fn on_postgres(database: &Database, pairs: &[[Call; 2]], points: Points) -> Result<Met> {
    let proxy = Proxy::start(database.address()).await?;
    let settings = Settings { listen: false, ..Settings::new(database.url()) };
    let behind = Settings { url: proxy.url(database), ..settings.clone() };
    let (direct, behind) = (Place::Postgres(settings.clone()), Place::Postgres(behind));
    drop(direct.open(64, World::real()).await?);
    let sabotage = Sabotage::install(database, &settings.schema)?;
    let (mut met, mut orders) = (Met::default(), Orders::default());
    for (number, calls) in pairs.iter().enumerate() {
        let mut inline = INLINE_RUN_MAX.into_iter().cycle().skip(number);
        for inline_run_max in inline.by_ref().take(if points == Points::All { 2 } else { 1 }) {
            let mut n = points.first(number);
            loop {
                proxy.set(Plan::Pass);
                sabotage.clear()?;
                let meeting = Meeting::of_two([&behind, &direct], inline_run_max).await?;
                let mut trap = Trap { proxy: &proxy, database, n };
                let result = meeting.play(*calls, &mut orders, How::Held(&mut trap)).await;
                if !met.add(*calls, result.map_err(|wrong| format!("held at statement {n}: {wrong}"))) {
                    break;
                }
                met.held += 1;
                n += points.step();
            }
        }
    }
    Ok(met)
}

/// A proxy that holds the n-th statement.
struct Trap<'a> {
    proxy: &'a Proxy,
    database: &'a Database,
    n: u64,
}

const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

impl Barrier for Trap<'_> {
    fn set(&mut self) {
        self.proxy.set(Plan::HoldBefore(When::Statement(self.n)));
    }

    fn reached(&mut self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(self.proxy.struck())
    }

    fn blocked(&mut self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async {
            // A server that cannot be asked is a failure of the calls, too.
            while tokio::task::block_in_place(|| self.database.sql(WAITING)).is_ok_and(|count| count == "0") {
                tokio::task::yield_now().await;
            }
        })
    }

    fn open(&mut self) {
        self.proxy.set(Plan::Pass);
    }
}

/// Pairs on two nodes of one SQLite store in memory: the first call is held before each of its transactions while the second is made, and
/// both come to a store that is busy.
///
/// # Errors
/// What went wrong with the test itself.
pub async fn on_sqlite(pairs: &[[Call; 2]], times: usize) -> Result<Met> {
    let (mut met, mut orders) = (Met::default(), Orders::default());
    for (number, calls) in pairs.iter().enumerate() {
        for time in 0..times {
            let inline_run_max = INLINE_RUN_MAX[(number + time) % 2];
            for n in 1.. {
                let meeting = Meeting::of_one(&Place::SqliteMemory, inline_run_max).await?;
                let result = meeting.play(*calls, &mut orders, How::BeforeTransaction(n)).await;
                if !met.add(*calls, result.map_err(|wrong| format!("held at transaction {n}: {wrong}"))) {
                    break;
                }
                met.held += 1;
            }
            let meeting = Meeting::of_one(&Place::SqliteMemory, inline_run_max).await?;
            let before = meeting.calls_merged();
            met.add(*calls, meeting.play(*calls, &mut orders, How::Merged).await);
            met.merged += meeting.calls_merged() - before;
        }
    }
    Ok(met)
}

/// Pairs on two nodes of a PostgreSQL database at the same moment, each so many times, with nothing that holds them.
///
/// # Errors
/// What went wrong with the test itself.
pub async fn at_once(database: &Database, pairs: &[[Call; 2]], times: usize) -> Result<Met> {
    let settings = Settings { listen: false, ..Settings::new(database.url()) };
    let place = Place::Postgres(settings.clone());
    drop(place.open(64, World::real()).await?);
    let sabotage = Sabotage::install(database, &settings.schema)?;
    let (mut met, mut orders) = (Met::default(), Orders::default());
    for (number, calls) in pairs.iter().enumerate() {
        for time in 0..times {
            sabotage.clear()?;
            let meeting = Meeting::of_two([&place, &place], INLINE_RUN_MAX[(number + time) % 2]).await?;
            met.add(*calls, meeting.play(*calls, &mut orders, How::AtOnce).await);
        }
    }
    Ok(met)
}
