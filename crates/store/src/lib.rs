//! Durable records of executions and runs: the rows, the closed alphabets, the commands and what they mean, and the trait that
//! every store has.
//!
//! Not here: rules (what follows from an event is decided in `levada-tasks`) and SQL (the stores that survive a crash are
//! `levada-store-sqlite` and `levada-store-postgres`). A decision flows through this crate as
//!
//! ```text
//! Scope ─ load and lock ─▶ State ─ Plan ─▶ Vec<Command> ─ one transaction ─▶ rows, then Wake
//! ```
//!
//! [`cut`] says what a scope brings and [`apply`] what a command does; both are pure, and [`MemoryStore`] is nothing but the two.

pub mod alphabets;
mod backoff;
mod canonical;
mod check;
pub mod conformance;
mod cut;
mod dues;
mod fused;
mod ids;
pub mod limits;
mod memory;
mod merge;
mod query;
mod reasons;
mod row_map;
pub mod rows;
mod scope;
mod state;
mod store;
mod tables;
mod time;
pub mod value;
mod wake;
mod work;

pub use backoff::{ATTEMPTS_MAX, Backoff};
pub use canonical::canonical;
pub use check::{RuleViolation, check};
pub use cut::{Moment, Resolutions, SLICE_BYTES_MAX, cut, may_end};
pub use dues::earliest;
pub use fused::{Fused, FusedClaim, FusedEnd, FusedFailure, FusedRenew, FusedResult};
pub use ids::{ExecutionId, RunId, ScheduleId, Token};
pub use memory::MemoryStore;
pub use merge::{Batch, MERGED_CALLS_MAX, Pending, Request, apply_in_turn};
pub use query::{Awaiting, Count, ExecutionFilter, Page, PageCursor, Query, RunFilter};
pub use reasons::{Subject, open_members};
pub use row_map::RowMap;
pub use scope::{BuildingScope, ClaimScope, DueKind, MergeClass, Scope, Wanted};
pub use state::{Command, Record, RecordKey, State, TABLES, apply};
pub use store::{Cursor, EventPage, Filter, Plan, Store};
pub use tables::Tables;
pub use time::StoreTime;
pub use wake::{Wake, WakeReceiver, Waker, wakes};
pub use work::Work;
