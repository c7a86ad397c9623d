//! An engine node in a world whose time stands still until it is moved. Nothing runs by itself: a test says what happens, and in which
//! order. Two nodes of one world share its clock.

use std::time::Duration;

use levada_base::{Error, SimClock, World};
use levada_tasks::{Settings, Tasks};

use super::place::{AnyStore, Place};

/// A node, and the clock of its world.
#[derive(Clone)]
pub struct Node {
    pub tasks: Tasks<AnyStore>,
    pub world: World,
    pub clock: SimClock,
}

impl Node {
    /// The first node of a fresh world.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(place: &Place, inline_run_max: i32) -> Result<Self, Error> {
        let (world, clock) = World::sim(1);
        Self::open_in(place, inline_run_max, world, clock).await
    }

    /// A node of a world that exists.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open_in(place: &Place, inline_run_max: i32, world: World, clock: SimClock) -> Result<Self, Error> {
        let store = place.open(inline_run_max, world.clone()).await?;
        Self::over(store, world, clock).await
    }

    /// A node on a store that is open.
    ///
    /// # Errors
    /// What the store says.
    pub async fn over(store: AnyStore, world: World, clock: SimClock) -> Result<Self, Error> {
        let tasks = Tasks::open(store, Settings::without_background(), world.clone()).await?;
        Ok(Self { tasks, world, clock })
    }

    /// Lets time pass.
    pub fn pass(&self, ms: i64) {
        self.clock.advance(Duration::from_millis(ms.unsigned_abs()));
    }
}
