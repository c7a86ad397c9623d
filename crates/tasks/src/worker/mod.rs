//! The worker runtime for application code: handlers by kind, leases kept alive, results recorded, a graceful end.
//!
//! It is not a scheduler: what may run is decided by the rules, and everything here can be killed at any moment without harm.
//! It sits between an application's async functions and a [`Service`], which is the engine in this process ([`crate::Tasks`]) or,
//! one day, its HTTP form.
//!
//! ```text
//! claim ─▶ Task ─ extractors ─▶ handler ─▶ Verdict ─▶ complete, fail, skip, delay
//!            └── renewed at a third of its lease; cancelled when the lease is lost
//! ```

mod actor;
mod asking;
mod builder;
mod drain;
mod extract;
mod handler;
mod in_flight;
mod in_process;
mod presence;
mod renewal;
mod report;
mod running;
mod service;
mod status;
mod task;
mod verdict;

pub use builder::{Worker, WorkerBuilder};
pub use drain::{DrainReport, Drained};
pub use extract::{Data, FromTask, Inputs, Json, Raw};
pub use handler::Handler;
pub use running::RunningWorker;
pub use service::Service;
pub use status::WorkerStatus;
pub use task::{Cancellation, Context, Task};
pub use verdict::{Done, IntoResult, Stop, Verdict};
