//! GROUP BY, DISTINCT and the global aggregate.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable};
use levada_base::Result;
use levada_dataflow::OpSpec;
use levada_dataflow::ops::SortColumn;
use levada_dataflow::ops::aggregate::{AggregateCall, AggregateSpec, Close as GroupClose, Emission, MergeAggregateSpec};

use super::lower::{Planner, refuse};
use super::rel::{Moved, Rel};
use super::{Close, calls};
use crate::error::from_datafusion;

/// The columns an aggregate reads, each once: keys first.
#[derive(Default)]
pub(super) struct Columns(Vec<Expr>);

/// What comes into an aggregate.
pub(super) enum Rows {
    Whole,
    /// What a partial aggregate made of `rows`, from column `first` on.
    Parts {
        rows: SchemaRef,
        first: usize,
    },
}

impl Columns {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn exprs(&self) -> &[Expr] {
        &self.0
    }

    /// Their names, which nobody sees, and their types over `input`.
    pub(super) fn schema(&self, input: &DFSchema) -> Result<DFSchemaRef> {
        let fields = self.0.iter().enumerate().map(|(at, expr)| {
            let (_, field) = expr.to_field(input)?;
            Ok((None, Arc::new(field.as_ref().clone().with_name(format!("c{at}")))))
        });
        let fields = fields.collect::<datafusion::common::Result<Vec<_>>>().map_err(from_datafusion)?;
        DFSchema::new_with_metadata(fields, HashMap::new()).map(Arc::new).map_err(from_datafusion)
    }

    /// The place of a column, which is added where it is not there yet.
    pub(super) fn at(&mut self, expr: &Expr) -> usize {
        let expr = expr.clone().unalias();
        self.0.iter().position(|known| *known == expr).unwrap_or_else(|| {
            self.0.push(expr);
            self.0.len() - 1
        })
    }
}

impl Planner {
    pub(super) fn lower_aggregate(&mut self, aggregate: &Aggregate) -> Result<Rel> {
        if aggregate.group_expr.iter().any(|key| matches!(key, Expr::GroupingSet(_))) {
            return Err(refuse("GROUPING SETS, CUBE and ROLLUP", "write one query a set and UNION ALL them"));
        }
        if let Some(panes) = self.lower_panes(aggregate)? {
            return Ok(panes);
        }
        let input = self.lower(&aggregate.input)?;
        let mut columns = Columns::default();
        let keys: Vec<usize> = aggregate.group_expr.iter().map(|key| columns.at(key)).collect();
        let calls = plan_calls(&aggregate.aggr_expr, &input.schema, aggregate, &mut columns)?;
        // Only the columns that are read, so that nothing else changes shards.
        let schema = columns.schema(&input.schema)?;
        let input = self.project(input, columns.exprs(), schema)?;
        self.add_aggregate(input, Rows::Whole, keys, calls, aggregate)
    }

    /// An aggregate over `input`, which holds `rows`; its columns are those of `plan`.
    pub(super) fn add_aggregate(
        &mut self,
        input: Rel,
        rows: Rows,
        keys: Vec<usize>,
        calls: Vec<AggregateCall>,
        plan: &Aggregate,
    ) -> Result<Rel> {
        let emission = self.emission(&input, &keys);
        let (closed, append_only) = match emission {
            Emission::Changes => (false, false),
            Emission::ChangesUntilClosed(_) => (true, false),
            Emission::OnClose(close) => (true, close.lateness == 0),
        };
        // Rows with equal keys are never taken back if there is nothing but keys and no input row is.
        let append_only = append_only || (calls.is_empty() && input.append_only);
        if input.unbounded && !closed && !keys.is_empty() {
            self.notice_unbounded("aggregate", "group by a window and add EMIT ON WINDOW CLOSE to bound it");
        }
        let mut to = vec![None; input.width()];
        for (at, &key) in keys.iter().enumerate() {
            to[key] = Some(at);
        }
        let moved = Moved(&to);
        let route = input.route_by(&keys);
        let rel = Rel {
            node: input.node,
            schema: plan.schema.clone(),
            append_only,
            key: Some((0..keys.len()).collect()),
            times: moved.times(&input.times),
            placement: moved.placement(&input.placed_by(&keys)),
            net: true,
            closed,
            unbounded: input.unbounded && !keys.is_empty(),
        };
        let spec = AggregateSpec { keys, calls, emission, append_only_input: input.append_only };
        let op = match rows {
            Rows::Whole => OpSpec::Aggregate(spec),
            Rows::Parts { rows, first } => OpSpec::MergeAggregate(MergeAggregateSpec { aggregate: spec, rows, first }),
        };
        let node = self.graph.add(op, vec![(input.node, route)], rel.arrow(), append_only);
        Ok(Rel { node, ..rel })
    }

    /// Groups close by the first of their keys that tells event time.
    fn emission(&self, input: &Rel, keys: &[usize]) -> Emission {
        let timed = keys.iter().enumerate().find_map(|(key, &column)| Some((key, input.time(column)?)));
        match (self.close, timed) {
            (Close::Never, _) | (_, None) => Emission::Changes,
            (Close::Ends { lateness }, Some((key, delay))) => Emission::ChangesUntilClosed(GroupClose { key, delay, lateness }),
            (Close::Gives { lateness }, Some((key, delay))) => Emission::OnClose(GroupClose { key, delay, lateness }),
        }
    }
}

/// The calls `exprs`, which are those of `aggregate` over the columns of `input`.
pub(super) fn plan_calls(
    exprs: &[Expr],
    input: &DFSchema,
    aggregate: &Aggregate,
    columns: &mut Columns,
) -> Result<Vec<AggregateCall>> {
    let fields = aggregate.schema.fields().iter().skip(aggregate.group_expr.len());
    exprs.iter().zip(fields).map(|(expr, field)| plan_call(expr, input, field.data_type().clone(), columns)).collect()
}

fn plan_call(
    expr: &Expr,
    input: &DFSchema,
    data_type: arrow::datatypes::DataType,
    columns: &mut Columns,
) -> Result<AggregateCall> {
    let call = calls::call_of(expr)?;
    calls::check(call)?;
    let order = call.params.order_by.iter().map(|sort| SortColumn {
        column: columns.at(&sort.expr),
        descending: !sort.asc,
        nulls_first: sort.nulls_first,
    });
    let order = order.collect();
    Ok(AggregateCall {
        function: calls::function(call)?,
        arguments: calls::arguments(call, input).into_iter().map(|argument| columns.at(argument)).collect(),
        filter: call.params.filter.as_ref().map(|filter| columns.at(filter)),
        distinct: call.params.distinct,
        order,
        data_type,
    })
}
