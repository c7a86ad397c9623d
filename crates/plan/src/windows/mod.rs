//! Event-time windows in SQL: three spellings, one node.
//!
//! ```text
//! FROM TUMBLE(t, ts, i)                 ─ tables.rs ─┐
//! FROM TABLE(TUMBLE(TABLE t, …))        ─ tables.rs ─┼→ WindowNode (window_start, window_end, window_time)
//! GROUP BY TUMBLE(ts, i)    ─ rewrite.rs, place.rs ──┘
//! ```
//!
//! A continuous query turns the node into the window operator; an ad-hoc one runs the same operator over its batches (`batch.rs`).

mod batch;
mod functions;
mod interval;
mod node;
mod place;
mod rewrite;
mod tables;

pub(crate) use batch::BatchPlanner;
pub(crate) use functions::functions;
pub(crate) use node::WindowNode;
pub(crate) use place::place;
pub(crate) use rewrite::{names_window_time, rewrite};
pub(crate) use tables::TableFunctions;
