//! Slow, obvious references that the engine is compared with: rows as plain values, relations as bags of them, and event time by its
//! definition.
//!
//! Nothing here shares code with an operator or is fast: every answer is computed anew, row by row, from the words of the contract. Not
//! here: SQL (a batch engine evaluates it) and what drives the engine (`levada-sim`).

mod bag;
mod event_time;
mod row;

pub use bag::{Bag, Difference};
pub use event_time::{Emits, EventTime, Placed, Windows};
pub use row::{Cell, Row, rows_of};
