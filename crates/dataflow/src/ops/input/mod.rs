//! Where a graph begins: the changes of a relation outside of it.

use std::fmt;

use levada_base::ObjectId;

/// The relation whose changes come in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSpec {
    pub object: ObjectId,
    pub relation: String,
    /// The event-time column that the relation's watermark speaks of.
    pub event_time: Option<usize>,
}

impl fmt::Display for InputSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "input {}", self.relation)
    }
}
