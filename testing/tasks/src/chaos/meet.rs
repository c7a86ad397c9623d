//! Plays all pairs of calls: see `pair`.

use std::time::Duration;

use anyhow::Result;
use levada_base::World;
use levada_store_postgres::Settings;
use levada_testing_postgres::{Database, Plan, Proxy};

use super::pair::{Call, Meeting, Orders};
use super::place::Place;
use super::sabotage::Sabotage;

/// How long replies of the slower node take longer: enough for the other to get between any two of its statements.
const DELAY: Duration = Duration::from_millis(1);

/// What pairs came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    pub pairs: u64,
    pub failures: Vec<String>,
}

impl Met {
    fn add(&mut self, result: Result<(), String>) {
        self.pairs += 1;
        self.failures.extend(result.err());
    }
}

/// All ordered pairs.
pub fn pairs() -> impl Iterator<Item = [Call; 2]> {
    Call::ALL.into_iter().flat_map(|one| Call::ALL.into_iter().map(move |other| [one, other]))
}

/// Pairs on two nodes of a PostgreSQL database, each so many times: with equal nodes, and with either of them slower.
///
/// # Errors
/// What went wrong with the test itself.
pub async fn on_postgres(database: &Database, pairs: &[[Call; 2]], times: usize) -> Result<Met> {
    let proxy = Proxy::start(database.address()).await?;
    let settings = Settings { listen: false, ..Settings::new(database.url()) };
    let slower = Settings { url: proxy.url(database), ..settings.clone() };
    let (direct, delayed) = (Place::Postgres(settings.clone()), Place::Postgres(slower));
    drop(direct.open(64, World::real()).await?);
    let sabotage = Sabotage::install(database, &settings.schema)?;
    let (mut met, mut orders) = (Met::default(), Orders::default());
    for (n, calls) in pairs.iter().enumerate() {
        for time in 0..times {
            let turn = n + time;
            proxy.set(Plan::Pass);
            sabotage.clear()?;
            let places = if turn.is_multiple_of(2) { [&direct, &delayed] } else { [&delayed, &direct] };
            let inline_run_max = if (turn / 2).is_multiple_of(2) { 64 } else { 0 };
            let meeting = Meeting::of_two(places, inline_run_max).await?;
            let slow = || {
                if !turn.is_multiple_of(3) {
                    proxy.set(Plan::Delay(DELAY));
                }
            };
            met.add(meeting.play(*calls, &mut orders, slow).await);
        }
    }
    Ok(met)
}

/// Pairs on one SQLite store in memory, each so many times.
///
/// # Errors
/// What went wrong with the test itself.
pub async fn on_sqlite(pairs: &[[Call; 2]], times: usize) -> Result<Met> {
    let (mut met, mut orders) = (Met::default(), Orders::default());
    for (n, calls) in pairs.iter().enumerate() {
        for time in 0..times {
            let inline_run_max = if (n + time).is_multiple_of(2) { 64 } else { 0 };
            let meeting = Meeting::of_one(&Place::SqliteMemory, inline_run_max).await?;
            met.add(meeting.play(*calls, &mut orders, || ()).await);
        }
    }
    Ok(met)
}
