//! The same history on every store.

use anyhow::{Result, anyhow, ensure};
use levada_store_postgres::Settings;
use levada_testing_postgres::database;
use levada_testing_tasks::chaos::history::{Every, play};
use levada_testing_tasks::chaos::place::Place;

async fn played(place: impl Fn(u64) -> Place, seeds: std::ops::Range<u64>, every: Every) -> Result<()> {
    let mut steps = 0;
    for seed in seeds {
        steps += play(seed, 30, &place(seed), every).await.map_err(|wrong| anyhow!(wrong))?;
    }
    ensure!(steps > 100, "only {steps} steps were played");
    Ok(())
}

#[tokio::test]
async fn t_109_histories_in_memory() -> Result<()> {
    played(|_| Place::Memory, 0..40, Every(4)).await
}

#[tokio::test]
async fn t_109_histories_on_sqlite() -> Result<()> {
    played(|_| Place::SqliteMemory, 0..30, Every(4)).await
}

#[tokio::test]
async fn t_109_histories_on_postgres() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let place = |seed| {
        let settings = Settings { schema: format!("h{seed}"), listen: false, ..Settings::new(database.url()) };
        Place::Postgres(settings)
    };
    played(place, 0..6, Every(4)).await
}
