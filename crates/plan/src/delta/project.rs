//! Projections: stateless, fused with what is stateless below them.

use std::sync::Arc;

use datafusion::common::{DFSchemaRef, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, Projection};
use levada_base::Result;
use levada_dataflow::ops::map::{MapSpec, Step};
use levada_dataflow::{OpSpec, Route, Scalar};

use super::lower::Planner;
use super::rel::{Moved, Rel};
use crate::relation::TimeColumn;
use crate::scalar::Expression;

impl Planner {
    pub(super) fn lower_projection(&mut self, projection: &Projection) -> Result<Rel> {
        let input = match self.lower_numberless_top_n(projection)? {
            Some(top) => top,
            None => self.lower(&projection.input)?,
        };
        self.project(input, &projection.expr, projection.schema.clone())
    }

    /// `exprs` over `input`, named by `schema`.
    pub(super) fn project(&mut self, input: Rel, exprs: &[Expr], schema: DFSchemaRef) -> Result<Rel> {
        let compiled = exprs.iter().map(|expr| self.compile(expr, &input.schema)).collect::<Result<Vec<_>>>()?;
        let shifted = exprs.iter().enumerate().filter_map(|(at, expr)| shifted_time(expr, &input, at)).collect();
        Ok(self.project_compiled(input, compiled, shifted, schema))
    }

    /// The columns at `columns`, in that order.
    pub(super) fn pick(&mut self, input: Rel, columns: &[usize], schema: DFSchemaRef) -> Rel {
        let picked = columns.iter().map(|&column| input.column(column)).collect();
        self.project_compiled(input, picked, Vec::new(), schema)
    }

    /// Expressions over `input`; those that are columns are found by their place, whatever their names. `times` are columns that tell
    /// event time although they are no columns of the input.
    pub(super) fn project_compiled(
        &mut self,
        input: Rel,
        compiled: Vec<Expression>,
        mut times: Vec<TimeColumn>,
        schema: DFSchemaRef,
    ) -> Rel {
        let mut to = vec![None; input.width()];
        for (at, expression) in compiled.iter().enumerate().rev() {
            if let Some(column) = expression.as_column() {
                to[column] = Some(at);
            }
        }
        let identity = compiled.len() == input.width() && to.iter().enumerate().all(|(at, to)| *to == Some(at));
        let moved = Moved(&to);
        times.splice(0..0, moved.times(&input.times));
        let rel = Rel {
            node: input.node,
            schema,
            append_only: input.append_only,
            key: input.key.as_ref().and_then(|key| moved.all(key)),
            times,
            placement: moved.placement(&input.placement),
            // Where no column is lost, two different rows stay different.
            net: input.net && (input.append_only || to.iter().all(Option::is_some)),
            closed: input.closed,
            unbounded: input.unbounded,
        };
        if identity {
            return rel;
        }
        let step = Step::Project { expressions: compiled.into_iter().map(scalar).collect(), schema: rel.arrow() };
        self.add_step(rel, step)
    }

    /// Puts a stateless step behind `rel.node`, in the same operator where that is stateless too.
    pub(super) fn add_step(&mut self, mut rel: Rel, step: Step) -> Rel {
        let below = self.graph.node(rel.node);
        let (input, mut steps) = match &below.op {
            OpSpec::Map(map) => (below.inputs[0].from, map.steps.clone()),
            _ => (rel.node, Vec::new()),
        };
        steps.push(step);
        rel.node = self.graph.add(OpSpec::Map(MapSpec { steps }), vec![(input, Route::Local)], rel.arrow(), rel.append_only);
        rel
    }
}

pub(super) fn scalar(expression: Expression) -> Arc<dyn Scalar> {
    Arc::new(expression)
}

/// `ts + i` and `ts - i` tell event time like `ts`, so much later or earlier.
fn shifted_time(expr: &Expr, input: &Rel, at: usize) -> Option<TimeColumn> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr.clone().unalias() else { return None };
    let (Expr::Column(column), Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _)) = (*left, *right) else {
        return None;
    };
    const DAY_NS: i64 = 86_400_000_000_000;
    if interval.months != 0 {
        return None;
    }
    let by = (i64::from(interval.days) * DAY_NS).checked_add(interval.nanoseconds)? / 1_000;
    let delay = input.time(input.schema.index_of_column(&column).ok()?)?;
    match op {
        Operator::Plus => Some(TimeColumn { column: at, delay: delay - by }),
        Operator::Minus => Some(TimeColumn { column: at, delay: delay + by }),
        _ => None,
    }
}
