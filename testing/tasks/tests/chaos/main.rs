//! Faults around the whole engine on real stores. See `levada_testing_tasks::chaos`.

mod aborts;
mod cuts;
mod histories;
mod loads;
mod pairs;
