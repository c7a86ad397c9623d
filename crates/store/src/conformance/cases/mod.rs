//! The cases, one file per family.

mod build;
mod claims;
mod commands;
mod concurrency;
mod dues;
mod events;
mod numbers;
mod queries;
mod refusals;
mod slices;
mod tables;
mod wakes;

use super::{Factory, Suite};

/// Seeds of random states; a family takes as many as its cases are cheap.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

pub(super) fn add_all<F: Factory>(suite: &mut Suite<F>) {
    slices::add(suite);
    tables::add(suite);
    commands::add(suite);
    refusals::add(suite);
    concurrency::add(suite);
    claims::add(suite);
    numbers::add(suite);
    events::add(suite);
    queries::add(suite);
    dues::add(suite);
    wakes::add(suite);
}
