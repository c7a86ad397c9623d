//! From a logical plan to a graph of incremental operators.
//!
//! One file a construct. Each turns a plan node and its planned inputs into graph nodes and says what is known of the result
//! ([`rel::Rel`]): its key, whether it only appends, which columns tell event time, on which shard its rows are. A construct that
//! is not here is refused; nothing is ever evaluated batch by batch.

mod aggregate;
mod calls;
mod check;
mod filter;
mod join;
mod join_sides;
mod lower;
mod panes;
mod project;
mod rel;
mod row_number;
mod top_n;
mod union;
mod values;

use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;
use levada_base::{Code, Error, Result, codes};
use levada_dataflow::Graph;
use levada_sql::{Emit, Query};

use crate::bind::{Binder, Relations};
use crate::relation::TimeColumn;
use crate::types::interval_micros;
use lower::Planner;

/// A continuous query, planned.
#[derive(Debug, Clone)]
pub struct Planned {
    pub graph: Graph,
    /// The optimised logical plan, for `EXPLAIN`.
    pub logical: LogicalPlan,
    pub schema: SchemaRef,
    /// Columns that no two live rows of the result share.
    pub key: Option<Vec<usize>>,
    pub append_only: bool,
    /// Columns of event time in the result.
    pub times: Vec<TimeColumn>,
    /// Whether what an epoch gives is net already: no row is both retracted and inserted.
    pub net: bool,
    /// Whether the result can grow for ever.
    pub unbounded: bool,
    pub notices: Vec<Notice>,
}

/// What the user should know although nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub code: Code,
    pub message: String,
}

/// When results are given, as the query's EMIT and LATENESS say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// At every epoch, what changed; no row is ever late.
    Never,
    /// At every epoch, until a window has been closed for `lateness`.
    Ends { lateness: i64 },
    /// When a window closes; corrections for `lateness` more.
    Gives { lateness: i64 },
}

impl Close {
    fn of(query: &Query) -> Result<Self> {
        let lateness = match &query.lateness {
            None => None,
            Some(written) => Some(interval_micros(&written.value).ok_or_else(|| {
                Error::new(codes::LV_S504, format!("the lateness can't be {}", written.value))
                    .with_hint("give a fixed interval, such as INTERVAL '5' SECOND")
                    .at(written.position)
            })?),
        };
        if let Some(table) = &query.late_data_to {
            return Err(Error::new(codes::LV_S004, "LATE DATA TO is not in this release")
                .with_hint("leave it out: late rows are counted in SHOW JOBS")
                .at(table.position));
        }
        Ok(match (query.emit.as_ref().map(|emit| emit.value), lateness) {
            (None | Some(Emit::Changes), None) => Self::Never,
            (None | Some(Emit::Changes), Some(lateness)) => Self::Ends { lateness },
            (Some(Emit::OnWindowClose), lateness) => Self::Gives { lateness: lateness.unwrap_or(0) },
            (Some(Emit::Final), None | Some(0)) => Self::Gives { lateness: 0 },
            (Some(Emit::Final), Some(_)) => {
                return Err(Error::new(codes::LV_S004, "EMIT FINAL with a lateness is not in this release")
                    .with_hint("put the lateness into the source's WATERMARK, or use EMIT ON WINDOW CLOSE")
                    .at(query.emit.as_ref().map(|emit| emit.position)));
            }
        })
    }
}

impl Binder {
    /// Plans a continuous query.
    ///
    /// # Errors
    /// The codes of binding; `LV-S300` ff. for what can't be maintained; `LV-S5xx` where EMIT needs a time that is not there.
    pub fn plan(&self, query: &Query, relations: &dyn Relations) -> Result<Planned> {
        let close = Close::of(query)?;
        let bound = self.bind(query, relations)?;
        check::refuse_expressions(&bound).map_err(|error| error.at(query.position))?;
        let logical = self.optimize_continuous(bound)?;
        let mut planner = Planner::new(close);
        let planned = planner.lower(&logical).and_then(|rel| {
            check::closes(&rel, close, query, &logical)?;
            planner.finish(rel, logical)
        });
        planned.map_err(|error| error.at(query.position))
    }
}
