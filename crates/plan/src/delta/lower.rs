//! The way down a plan: each kind of node to the file that knows it.

use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, SubqueryAlias, TableScan, UserDefinedLogicalNodeCore};
use levada_base::{Code, Error, Result, codes};
use levada_dataflow::ops::input::InputSpec;
use levada_dataflow::ops::normalize::NormalizeSpec;
use levada_dataflow::ops::window::WindowSpec;
use levada_dataflow::{GraphBuilder, OpSpec, Route};

use super::rel::{Placement, Rel};
use super::{Close, Notice, Planned};
use crate::error::from_datafusion;
use crate::relation::{PlanSource, RelationKind, TimeColumn};
use crate::scalar::Expression;
use crate::windows::WindowNode;

/// A graph being built.
pub(super) struct Planner {
    pub graph: GraphBuilder,
    pub close: Close,
    notices: Vec<Notice>,
    props: ExecutionProps,
}

impl Planner {
    pub(super) fn new(close: Close) -> Self {
        Self { graph: GraphBuilder::default(), close, notices: Vec::new(), props: ExecutionProps::new() }
    }

    /// Says something once.
    pub(super) fn notice(&mut self, code: Code, message: impl Into<String>) {
        let notice = Notice { code, message: message.into() };
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Says that an operator's state has no bound, where it reads what never ends.
    pub(super) fn notice_unbounded(&mut self, operator: &str, fix: &str) {
        self.notice(codes::LV_S910, format!("the state of the {operator} can grow without bound; {fix}"));
    }

    /// Compiles an expression over the columns of `schema`.
    pub(super) fn compile(&self, expr: &Expr, schema: &DFSchema) -> Result<Expression> {
        Expression::new(expr, schema, &self.props)
    }

    /// The graph with `rel` as its result.
    pub(super) fn finish(self, rel: Rel, logical: LogicalPlan) -> Result<Planned> {
        let schema = rel.arrow();
        Ok(Planned {
            graph: self.graph.finish(rel.node)?,
            logical,
            schema,
            key: rel.key,
            append_only: rel.append_only,
            times: rel.times,
            net: rel.net,
            unbounded: rel.unbounded,
            notices: self.notices,
        })
    }

    /// Plans a node and everything below it.
    pub(super) fn lower(&mut self, plan: &LogicalPlan) -> Result<Rel> {
        match plan {
            LogicalPlan::TableScan(scan) => self.lower_scan(scan),
            LogicalPlan::SubqueryAlias(SubqueryAlias { input, schema, .. }) => {
                Ok(Rel { schema: schema.clone(), ..self.lower(input)? })
            }
            LogicalPlan::Projection(projection) => self.lower_projection(projection),
            LogicalPlan::Filter(filter) => self.lower_filter(filter),
            LogicalPlan::Aggregate(aggregate) => self.lower_aggregate(aggregate),
            LogicalPlan::Join(join) => self.lower_join(join),
            LogicalPlan::Union(union) => self.lower_union(union),
            LogicalPlan::Sort(sort) => self.lower_sort(sort),
            LogicalPlan::Limit(limit) => self.lower_limit(limit),
            LogicalPlan::Values(values) => self.lower_values(values),
            LogicalPlan::EmptyRelation(empty) => self.lower_empty(empty),
            LogicalPlan::Extension(extension) => match extension.node.as_any().downcast_ref::<WindowNode>() {
                Some(window) => self.lower_window(window),
                None => Err(refuse(&format!("{}", plan.display()), "")),
            },
            LogicalPlan::Window(_) => Err(Error::new(codes::LV_S300, "window functions are not maintained in this release")
                .with_hint("ROW_NUMBER() with a filter `rn <= n` above it is: SELECT … FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY t DESC) AS rn FROM r) WHERE rn <= 1")),
            LogicalPlan::Distinct(Distinct::All(_) | Distinct::On(_)) => Err(refuse("DISTINCT of this form", "use GROUP BY")),
            LogicalPlan::Unnest(_) => Err(refuse("UNNEST", "join with a table of the elements")),
            LogicalPlan::RecursiveQuery(_) => Err(refuse("WITH RECURSIVE", "write out a fixed number of steps")),
            LogicalPlan::Subquery(_) => Err(Error::new(codes::LV_S304, "a correlated subquery of this form is not maintained")
                .with_hint("write it as a join")),
            other => Err(refuse(&other.display().to_string(), "")),
        }
    }

    /// A relation: its changes come in here.
    fn lower_scan(&mut self, scan: &TableScan) -> Result<Rel> {
        let Some(PlanSource(relation)) = scan.source.downcast_ref::<PlanSource>() else {
            return Err(Error::new(codes::LV_S300, format!("\"{}\" can't be read by a continuous query", scan.table_name))
                .with_reason("it is read once, and nobody would say when it changes")
                .with_hint("INSERT its rows into a table and read that"));
        };
        let full =
            Arc::new(DFSchema::try_from_qualified_schema(scan.table_name.clone(), &relation.schema).map_err(from_datafusion)?);
        let op = OpSpec::Input(InputSpec {
            object: relation.id,
            relation: relation.name.clone(),
            event_time: relation.times.first().map(|time| time.column),
        });
        let node = self.graph.add(op, Vec::new(), relation.schema.clone(), relation.append_only);
        let rel = Rel {
            node,
            schema: full,
            append_only: relation.append_only,
            key: relation.key.clone(),
            times: relation.times.clone(),
            placement: Placement::Anywhere,
            net: true,
            closed: false,
            unbounded: relation.unbounded,
        };
        let rel = if relation.kind == RelationKind::Upserts { self.normalized(rel)? } else { rel };
        match &scan.projection {
            None => Ok(rel),
            Some(columns) => Ok(self.pick(rel, columns, scan.projected_schema.clone())),
        }
    }

    /// Upserts as changes: every row meets the one before it on the shard of its key.
    fn normalized(&mut self, rel: Rel) -> Result<Rel> {
        let key = rel.key.clone().ok_or_else(|| Error::internal("upserts without a key"))?;
        let (route, placement) = (rel.route_by(&key), rel.placed_by(&key));
        let op = OpSpec::Normalize(NormalizeSpec { key });
        let node = self.graph.add(op, vec![(rel.node, route)], rel.arrow(), false);
        Ok(Rel { node, placement, append_only: false, net: true, ..rel })
    }

    /// TUMBLE and HOP: the columns of the input, then the bounds, which tell event time too.
    fn lower_window(&mut self, window: &WindowNode) -> Result<Rel> {
        let input = self.lower(&window.input)?;
        let spec = window.spec().map_err(from_datafusion)?;
        Ok(self.add_window(input, spec, UserDefinedLogicalNodeCore::schema(window).clone()))
    }

    /// The windows of `spec` over `input`, with the columns of `schema`.
    pub(super) fn add_window(&mut self, input: Rel, spec: WindowSpec, schema: DFSchemaRef) -> Rel {
        let mut rel = Rel { schema, ..input.clone() };
        if let Some(delay) = input.time(spec.time) {
            rel.times.extend(window_times(delay, spec.size, input.width(), rel.width() - input.width()));
        }
        if !spec.is_tumbling() {
            rel.key = rel.key.map(|key| key.into_iter().chain([input.width()]).collect());
        }
        rel.node = self.graph.add(OpSpec::Window(spec), vec![(input.node, Route::Local)], rel.arrow(), input.append_only);
        rel
    }
}

/// The times that the bounds of a window tell: `bounds` columns from `first` on, over an event time of `delay`.
pub(super) fn window_times(delay: i64, size: i64, first: usize, bounds: usize) -> impl Iterator<Item = TimeColumn> {
    // All rows before W - delay + 1 have come, so a window is complete once they include its end.
    let late = delay - 1;
    let delays = [size + late, late, late + WINDOW_TIME_BEFORE_END_US].into_iter().take(bounds);
    delays.enumerate().map(move |(at, delay)| TimeColumn { column: first + at, delay })
}

/// `window_time` is `window_end` minus a millisecond.
const WINDOW_TIME_BEFORE_END_US: i64 = 1_000;

/// `LV-S300` with the nearest form that is maintained.
pub(super) fn refuse(what: &str, nearest: &str) -> Error {
    let error = Error::new(codes::LV_S300, format!("{what} can't be maintained incrementally in this release"));
    if nearest.is_empty() { error.with_hint("see docs/sql/continuous.md for what can") } else { error.with_hint(nearest) }
}
