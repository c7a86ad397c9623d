//! Faults around the whole engine on real stores. See `levada_testing_tasks::chaos`.

mod aborts;
mod clocks;
mod cuts;
mod histories;
mod loads;
mod once;
mod pairs;
mod races;
mod refusals;
