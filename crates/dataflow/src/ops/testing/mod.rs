//! What the law tests of the operators share: rows as plain values, random histories of changes, and a runner that compares an
//! operator with its model after every epoch, on 1, 2 and 4 shards.
//!
//! Nothing here looks at an operator's state or shares code with one: the models see rows as values, one by one.

mod history;
mod law;
mod scalar;
mod value;

pub(crate) use history::{History, HistoryEpoch, append_only, changing};
pub(crate) use law::{Law, Output, graph_of, one_epoch};
pub(crate) use scalar::scalar;
pub(crate) use value::{Row, Value, ZSet, batch_of, delta_of, floats, ints, rows_of, schema, texts};
