//! The rules, tried on [`levada_tasks::ring0`]: what follows from which event. Nothing here waits or stores anything.

mod build_steps;
mod built;
mod calls;
mod cancelling;
mod deep;
mod executions;
mod finalizers;
mod graphs;
mod inline;
mod late;
mod laws;
mod leases;
mod life_cycle;
mod matrix;
mod outcomes;
mod places;
mod policies;
mod purity;
mod restarts;
mod retention;
mod schedules;
mod sealed_steps;
mod single;
mod upstream_first;
mod world;
mod zombies;
