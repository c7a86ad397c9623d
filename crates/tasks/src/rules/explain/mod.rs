//! Why an execution or a run is not over: a tree of reasons, each with who acts next, what ends it, and the call that would.
//!
//! Pure: [`View`] is a look at rows of one moment, those that [`levada_store::Query::Reasons`] brings. What is wrong with a stuck
//! execution is never stored anywhere; it is read out of the rows that make it wait, so an explanation cannot be out of date. Not here:
//! the read itself (`ops/explain.rs`), and reasons of what the engine does not have yet (budgets, quotas, waitpoints, approvals).
//!
//! ```text
//! execution "join" waits for 2 of 3 edges (1 satisfied)
//!   edge from "check": due at 12:04:00
//!   edge from "load": leased by worker "w1" until 12:03:10
//! ```

mod cancel;
mod edges;
mod end;
mod execution;
mod operation;
mod owner;
mod ready;
mod reason;
mod reasons;
mod run;
mod text;
mod time;
mod trigger;
mod view;

pub use end::{Cancelled, End, LastFailure};
pub use operation::Operation;
pub use owner::Owner;
pub use reason::{ConditionDetail, Reason, Why};
pub use reasons::{EdgesLeft, Members, Reasons, Waiting};
pub use trigger::Trigger;
pub use view::View;
