//! Random histories through statements that do all at once, through ordinary transactions, and through the rules in memory: the same
//! answers and the same rows after every step.

use levada_base::{Error, World};
use levada_store::{MemoryStore, State};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::database;

use crate::dice::Dice;
use crate::ordinary::Ordinary;
use crate::side::{Side, anonymous};
use crate::step::{Past, next};

/// Runs with more members are settled later.
const INLINE_RUN_MAX: i32 = 3;
const HISTORIES: u64 = 6;
const STEPS: usize = 110;

async fn postgres(url: &str, schema: String, world: World) -> Result<PostgresStore, Error> {
    // One driver, so that calls at once are taken in the order in which they were made.
    let settings =
        Settings { schema, drivers: 1, pool: 3, listen: false, inline_run_max: INLINE_RUN_MAX, ..Settings::new(url) };
    PostgresStore::open(settings, world).await
}

/// Fails with the rows that are not in both.
fn same(one: &State, other: &State, place: &str) {
    if one != other {
        let only = |of: &State, not: &State| {
            let others: Vec<_> = not.records().collect();
            of.records().filter(|record| !others.contains(record)).collect::<Vec<_>>()
        };
        panic!("{place}\nhere: {:#?}\nthere: {:#?}", only(one, other), only(other, one));
    }
}

/// Plays a history; gives how many of its calls were done in one statement.
async fn play(url: &str, seed: u64, at_once: bool) -> u64 {
    let fused = Side::open(seed, async |world| postgres(url, format!("f{seed}"), world).await).await.unwrap();
    let ordinary = async |world| Ok(Ordinary(postgres(url, format!("o{seed}"), world).await?));
    let ordinary = Side::open(seed, ordinary).await.unwrap();
    let memory = async |world| Ok(MemoryStore::with_inline_run_max(world, INLINE_RUN_MAX));
    let memory = Side::open(seed, memory).await.unwrap();
    let (mut dice, mut past) = (Dice(seed), Past::default());
    for number in 0..STEPS {
        let now_ms = fused.tasks.now().await.unwrap();
        let step = next(&mut dice, &mut past, now_ms, at_once);
        let (said, claimed) = fused.play(&step).await;
        let place = || format!("history {seed}, step {number}: {step:?}");
        assert_eq!(said, ordinary.play(&step).await.0, "{}", place());
        same(&fused.rows(!at_once).await, &ordinary.rows(!at_once).await, &place());
        if !at_once {
            assert_eq!(said, memory.play(&step).await.0, "memory: {}", place());
            same(&fused.rows(true).await, &memory.rows(true).await, &place());
        }
        past.claimed.extend(claimed.into_iter().map(|claimed| anonymous(claimed, fused.tasks.store_token())));
    }
    assert_eq!(ordinary.tasks.store().0.statistics().fused, 0);
    fused.tasks.store().statistics().fused
}

#[tokio::test]
async fn t_109_calls_one_by_one_are_done_as_the_rules_say() {
    let Some(database) = database() else { return };
    let mut fused = 0;
    for seed in 1..=HISTORIES {
        fused += play(&database.url(), seed, false).await;
    }
    assert!(fused > 10 * HISTORIES, "{fused} calls were done in one statement");
}

#[tokio::test]
async fn t_109_calls_at_once_are_done_as_the_rules_say() {
    let Some(database) = database() else { return };
    let mut fused = 0;
    for seed in 101..=100 + HISTORIES {
        fused += play(&database.url(), seed, true).await;
    }
    assert!(fused > 10 * HISTORIES, "{fused} calls were done in one statement");
}
