//! Random runs and histories with faults on the rules alone, compared with the interpreter after every step.
//!
//! A crash before a commit is an event that is not there; one after it is a call that is repeated. Marks are settled, siblings
//! dispatched and times swept whenever the history says so, or not before the end.

mod act;
mod building;
mod case;
mod compare;
mod dice;
mod drain;
mod engine;
mod explained;
mod graphs;
mod invariants;
mod perform;
mod play;
mod restarts;
mod shown;
mod step;
mod writes;

pub use act::Act;
pub use case::{Case, first_failure};
pub use dice::Dice;
pub use engine::Engine;
pub use play::{Play, Wrong};
pub use restarts::restart_from_each;
pub use step::{Step, Verb};
