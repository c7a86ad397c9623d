//! The rules, tried on [`levada_tasks::ring0`]: what follows from which event. Nothing here waits or stores anything.

mod calls;
mod executions;
mod laws;
mod outcomes;
mod single;
mod upstream_first;
mod world;
