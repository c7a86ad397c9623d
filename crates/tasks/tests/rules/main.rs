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
mod laws;
mod life_cycle;
mod outcomes;
mod policies;
mod sealed_steps;
mod single;
mod upstream_first;
mod world;
