//! Window assignment as a node of a logical plan.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, DFSchemaRef, Result, plan_err};
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, LogicalPlan, UserDefinedLogicalNodeCore};
use levada_dataflow::ops::window::WindowSpec;

/// The columns of its input, then `window_start`, `window_end` and, where the time is a timestamp, `window_time`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WindowNode {
    pub input: LogicalPlan,
    /// The event time: a column of the input.
    pub time: Expr,
    pub size: i64,
    pub slide: i64,
    pub offset: i64,
    schema: DFSchemaRef,
}

impl WindowNode {
    /// Windows over `time`, with all numbers in its unit.
    pub(crate) fn try_new(input: LogicalPlan, time: Expr, size: i64, slide: i64, offset: i64) -> Result<Self> {
        let data_type = time.get_type(input.schema())?;
        let mut fields: Vec<_> = input.schema().iter().map(|(q, field)| (q.cloned(), field.clone())).collect();
        let names: &[&str] = match data_type {
            DataType::Timestamp(..) => &["window_start", "window_end", "window_time"],
            DataType::Int64 => &["window_start", "window_end"],
            other => return plan_err!("windows need a TIMESTAMP or a BIGINT, not {other}"),
        };
        fields.extend(names.iter().map(|name| (None, Arc::new(Field::new(*name, data_type.clone(), false)))));
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self { input, time, size, slide, offset, schema: schema.into() })
    }

    /// The node in a plan.
    pub(crate) fn into_plan(self) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(self) })
    }

    /// What the operator does: the time as the index of its column.
    pub(crate) fn spec(&self) -> Result<WindowSpec> {
        let Expr::Column(column) = &self.time else {
            return plan_err!("the time of a window is not a column: {}", self.time);
        };
        let time = self.input.schema().index_of_column(column)?;
        Ok(WindowSpec { time, size: self.size, slide: self.slide, offset: self.offset })
    }
}

impl UserDefinedLogicalNodeCore for WindowNode {
    fn name(&self) -> &str {
        "Window"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![self.time.clone()]
    }

    /// A condition on the bounds can't be asked below.
    fn prevent_predicate_push_down_columns(&self) -> std::collections::HashSet<String> {
        ["window_start", "window_end", "window_time"].map(str::to_owned).into()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, size, slide, offset, .. } = self;
        write!(out, "Window: time={time}, size={size}, slide={slide}, offset={offset}")
    }

    fn with_exprs_and_inputs(&self, mut exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        match (exprs.pop(), inputs.pop()) {
            (Some(time), Some(input)) => Self::try_new(input, time, self.size, self.slide, self.offset),
            _ => plan_err!("a window has one time and one input"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let Expr::Column(time) = &self.time else { return None };
        let width = self.input.schema().fields().len();
        let mut needed: Vec<usize> = output_columns.iter().copied().filter(|&column| column < width).collect();
        needed.push(self.input.schema().index_of_column(time).ok()?);
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }
}

impl PartialOrd for WindowNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let key = |node: &Self| (node.size, node.slide, node.offset);
        key(self).partial_cmp(&key(other)).filter(|order| *order != Ordering::Equal || self == other)
    }
}
