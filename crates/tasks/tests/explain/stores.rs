//! A part of the situations on the stores that survive a crash: the tree is the same.

use levada_base::World;
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_testing_postgres::database;

use crate::scene::{Result, Scene};
use crate::{edges, ends, holds, ready, runs};

async fn on_sqlite() -> Result<Scene<SqliteStore>> {
    let (world, clock) = World::sim(7);
    Scene::on(SqliteStore::in_memory(world.clone())?, world, clock).await
}

async fn on_postgres(url: String) -> Result<Scene<PostgresStore>> {
    let (world, clock) = World::sim(7);
    let store = PostgresStore::open(levada_store_postgres::Settings::new(url), world.clone()).await?;
    Scene::on(store, world, clock).await
}

macro_rules! on_both {
    ($($test:ident: $situation:path,)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() -> super::Result {
                $situation(super::on_sqlite().await?).await
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $test() -> super::Result {
                let Some(database) = super::database() else { return Ok(()) };
                $situation(super::on_postgres(database.url()).await?).await
            })*
        }
    };
}

on_both! {
    t_120_delayed: super::holds::delayed,
    t_120_held_by_an_operator: super::holds::held_by_an_operator,
    t_120_of_a_paused_run: super::holds::of_a_paused_run,
    t_120_two_of_three_edges: super::edges::two_of_three_edges,
    t_120_one_of_the_edges_that_are_left: super::edges::one_of_the_left,
    t_120_an_upstream_whose_end_is_not_settled: super::edges::settling,
    t_120_a_condition_that_a_call_resolves: super::edges::condition_of_a_call,
    t_120_leased: super::ready::leased,
    t_120_the_lane_is_full: super::ready::lane_full,
    t_120_no_worker_can_do_it: super::ready::no_capable_worker,
    t_120_the_members_of_a_run_by_state: super::runs::members_by_state,
    t_120_a_paused_run: super::runs::paused,
    t_120_failed: super::ends::failed,
}
