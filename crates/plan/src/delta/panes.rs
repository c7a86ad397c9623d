//! GROUP BY a window in two steps: every row is aggregated once, in the pane that all windows over it share.
//!
//! ```text
//! tumble by pane → partial aggregate → hop over the panes → merge
//! ```
//!
//! A pane is as long as the greatest common divisor of slide and size, so that every window is a run of whole panes. What is multiplied
//! by the windows is one part a group, pane and epoch, not the rows. GROUP BY a tumbling window alone goes the same way, with the window
//! itself for a pane: every shard makes a part of its rows, which would all change to one shard otherwise.
//!
//! Not here: grouping that can't be taken apart (a DISTINCT, a bound of the window inside an argument); it goes window by window, as
//! [`super::aggregate`] does it.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection, SubqueryAlias, UserDefinedLogicalNodeCore};
use levada_base::Result;
use levada_dataflow::ops::aggregate::PartialAggregateSpec;
use levada_dataflow::ops::window::WindowSpec;
use levada_dataflow::{OpSpec, Route};

use super::aggregate::{Columns, Rows, plan_calls};
use super::lower::{Planner, window_times};
use super::rel::{Moved, Rel};
use crate::error::from_datafusion;
use crate::windows::WindowNode;

/// An aggregate in terms of the windows below it.
struct OverWindows<'a> {
    window: &'a WindowNode,
    keys: Vec<Expr>,
    calls: Vec<Expr>,
}

/// A key of the groups: a column of the rows, or a bound of the window by its place among them.
enum Key {
    Own(usize),
    Bound(usize),
}

impl Planner {
    /// The aggregate by panes, where that is possible.
    pub(super) fn lower_panes(&mut self, aggregate: &Aggregate) -> Result<Option<Rel>> {
        let Some(over) = OverWindows::of(aggregate).map_err(from_datafusion)? else { return Ok(None) };
        let spec = over.window.spec().map_err(from_datafusion)?;
        let input = self.lower(&over.window.input)?;
        let schema = UserDefinedLogicalNodeCore::schema(over.window).clone();

        let mut columns = Columns::default();
        let keys: Vec<Key> = over.keys.iter().map(|key| over.key(key, &mut columns)).collect();
        let own = columns.len();
        let pane_start = Expr::Column(schema.columns().swap_remove(input.width()));
        columns.at(&pane_start);
        let calls = plan_calls(&over.calls, &schema, aggregate, &mut columns)?;
        let rows = columns.schema(&schema)?;

        let partial =
            PartialAggregateSpec { keys: (0..=own).collect(), calls: calls.clone(), append_only_input: input.append_only };
        let Some(parts) = partial.schema(&Arc::new(rows.as_arrow().clone()))? else { return Ok(None) };
        let size = divisor(spec.size, spec.slide);
        let bounds = schema.fields()[input.width()..].iter().map(|field| field.as_ref().clone()).collect();
        let delay = input.time(spec.time);
        let panes = self.add_window(input, WindowSpec { size, slide: size, ..spec.clone() }, schema);
        let panes = self.project(panes, columns.exprs(), rows)?;
        let rows = Rows::Parts { rows: panes.arrow(), first: own + 1 };
        let node = self.graph.add(OpSpec::PartialAggregate(partial), vec![(panes.node, Route::Local)], parts.clone(), false);

        let merged: Vec<usize> = keys.iter().map(|key| key.among(&parts)).collect();
        let windows = self.hop_over(Rel { node, ..panes }, &parts, own, WindowSpec { time: own, ..spec }, bounds, delay)?;
        self.add_aggregate(windows, rows, merged, calls, aggregate).map(Some)
    }

    /// The parts once for every window that holds their pane; `panes` is what was known of the rows, whose first `own` columns are
    /// those of the parts.
    fn hop_over(
        &mut self,
        panes: Rel,
        parts: &SchemaRef,
        own: usize,
        spec: WindowSpec,
        bounds: Vec<Field>,
        delay: Option<i64>,
    ) -> Result<Rel> {
        let mut to = vec![None; panes.width()];
        (0..own).for_each(|column| to[column] = Some(column));
        let moved = Moved(&to);
        let mut times = moved.times(&panes.times);
        times.extend(
            delay.map(|delay| window_times(delay, spec.size, parts.fields().len(), bounds.len())).into_iter().flatten(),
        );
        let fields = parts.fields().iter().cloned().chain(bounds.into_iter().map(Arc::new));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let placement = moved.placement(&panes.placement);
        let node = self.graph.add(OpSpec::Window(spec), vec![(panes.node, Route::Local)], schema.clone(), false);
        let schema = Arc::new(DFSchema::try_from(schema).map_err(from_datafusion)?);
        Ok(Rel { node, schema, key: None, times, placement, net: false, ..panes })
    }
}

impl<'a> OverWindows<'a> {
    /// The aggregate, if nothing but projections is between it and the windows that it groups by, if the bounds of the windows are
    /// nothing to it but keys, and if panes are worth their while.
    fn of(aggregate: &'a Aggregate) -> datafusion::common::Result<Option<Self>> {
        let (mut keys, mut calls) = (aggregate.group_expr.clone(), aggregate.aggr_expr.clone());
        let mut plan = aggregate.input.as_ref();
        let window = loop {
            let (input, schema, meaning) = match plan {
                LogicalPlan::Projection(Projection { input, schema, expr, .. }) => (input, schema, expr.clone()),
                LogicalPlan::SubqueryAlias(SubqueryAlias { input, schema, .. }) => {
                    (input, schema, input.schema().columns().into_iter().map(Expr::Column).collect())
                }
                LogicalPlan::Extension(extension) => match extension.node.as_any().downcast_ref::<WindowNode>() {
                    Some(window) => break window,
                    None => return Ok(None),
                },
                _ => return Ok(None),
            };
            for expr in keys.iter_mut().chain(&mut calls) {
                *expr = replaced(expr.clone(), schema, &meaning)?;
            }
            plan = input.as_ref();
        };
        let over = Self { window, keys, calls };
        let bound = |expr: &Expr| over.bound(expr).is_some();
        let reads_bounds = |expr: &Expr| expr.column_refs().iter().any(|&column| bound(&Expr::Column(column.clone())));
        let fits = match window.size.cmp(&window.slide) {
            Ordering::Greater => over.keys.iter().any(bound),
            // Few groups with many rows each: their parts are made on every shard, and only these meet on one.
            Ordering::Equal => over.keys.iter().all(bound) && !over.keys.is_empty(),
            Ordering::Less => false,
        };
        let plain = over.keys.iter().filter(|key| !bound(key)).chain(&over.calls).all(|expr| !reads_bounds(expr));
        Ok((fits && plain).then_some(over))
    }

    fn key(&self, expr: &Expr, columns: &mut Columns) -> Key {
        self.bound(expr).map_or_else(|| Key::Own(columns.at(expr)), Key::Bound)
    }

    /// Which bound of the window an expression is, if it is one.
    fn bound(&self, expr: &Expr) -> Option<usize> {
        let Expr::Column(column) = expr.clone().unalias() else { return None };
        let at = UserDefinedLogicalNodeCore::schema(self.window).index_of_column(&column).ok()?;
        at.checked_sub(self.window.input.schema().fields().len())
    }
}

impl Key {
    /// Its column in the parts with the bounds of their windows.
    fn among(&self, parts: &SchemaRef) -> usize {
        match *self {
            Self::Own(column) => column,
            Self::Bound(at) => parts.fields().len() + at,
        }
    }
}

/// `expr` with the columns of `schema` replaced by what they mean.
fn replaced(expr: Expr, schema: &DFSchema, meaning: &[Expr]) -> datafusion::common::Result<Expr> {
    let replaced = expr.transform_up(|expr| match &expr {
        Expr::Column(column) => Ok(Transformed::yes(meaning[schema.index_of_column(column)?].clone().unalias())),
        _ => Ok(Transformed::no(expr)),
    });
    replaced.map(|transformed| transformed.data)
}

/// The greatest common divisor of two lengths.
fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;
    use datafusion::common::TableReference;
    use datafusion::logical_expr::TableSource;
    use levada_base::ObjectId;
    use levada_sql::{Statement, parse_one};

    use super::*;
    use crate::{Binder, PlanSource, Relation, RelationKind, Relations, TimeColumn};

    /// One relation, whatever the name: `ts`, `k` and `v`, only growing or not.
    struct Events {
        append_only: bool,
    }

    impl Relations for Events {
        fn relation(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
            let time = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
            let columns = [("ts", time), ("k", DataType::Int64), ("v", DataType::Int64)];
            let fields = columns.map(|(name, data_type)| Field::new(name, data_type, false));
            Ok(Arc::new(PlanSource(Arc::new(Relation {
                id: ObjectId(1),
                name: name.table().to_owned(),
                kind: RelationKind::Passing,
                schema: Arc::new(Schema::new(fields.to_vec())),
                key: None,
                append_only: self.append_only,
                times: vec![TimeColumn { column: 0, delay: 1 }],
                unbounded: true,
            }))))
        }
    }

    const HOP: &str = "HOP(events, ts, INTERVAL '4' SECOND, INTERVAL '10' SECOND)";
    const TUMBLE: &str = "TUMBLE(events, ts, INTERVAL '10' SECOND)";

    /// The windows and aggregates from the input up: `(slide, size)` in seconds, or the step.
    fn operators(append_only: bool, windows: &str, select: &str, group_by: &str) -> Vec<String> {
        let sql = format!("CREATE STREAM s AS SELECT {select} FROM {windows} GROUP BY {group_by} EMIT ON WINDOW CLOSE");
        let Statement::CreateStream(stream) = parse_one(&sql).expect(&sql).statement else { panic!("{sql} is no stream") };
        let planned =
            Binder::new().plan(&stream.query, &Events { append_only }).unwrap_or_else(|error| panic!("{sql}\n{error}"));
        planned.graph.check().expect("operators that fit");
        let named = planned.graph.nodes().iter().filter_map(|node| match &node.op {
            OpSpec::Window(window) => Some(format!("{} {}", window.slide / 1_000_000, window.size / 1_000_000)),
            OpSpec::PartialAggregate(_) => Some("partial".to_owned()),
            OpSpec::MergeAggregate(_) => Some("merge".to_owned()),
            OpSpec::Aggregate(_) => Some("aggregate".to_owned()),
            _ => None,
        });
        named.collect()
    }

    #[test]
    fn windows_are_merged_of_panes_of_the_common_divisor() {
        let found = operators(true, HOP, "k, count(*), max(v), window_end", "window_end, k, window_start");
        assert_eq!(found, ["2 2", "partial", "4 10", "merge"]);
        assert_eq!(operators(false, HOP, "sum(v), avg(v)", "window_start"), ["2 2", "partial", "4 10", "merge"]);
    }

    #[test]
    fn what_cannot_be_taken_apart_goes_window_by_window() {
        let by_rows = ["4 10", "aggregate"];
        assert_eq!(operators(true, HOP, "count(DISTINCT v)", "window_start, k"), by_rows);
        assert_eq!(operators(false, HOP, "max(v)", "window_start, k"), by_rows);
        assert_eq!(operators(true, HOP, "max(window_end)", "window_start, k"), by_rows);
        assert_eq!(operators(true, HOP, "count(*)", "window_start, date_trunc('minute', window_end)"), by_rows);
    }

    #[test]
    fn tumbling_windows_alone_are_made_of_the_parts_of_the_shards() {
        assert_eq!(operators(true, TUMBLE, "max(v)", "window_start, window_end"), ["10 10", "partial", "10 10", "merge"]);
        assert_eq!(
            operators(true, TUMBLE, "max(v)", "window_start, k"),
            ["10 10", "aggregate"],
            "more parts would save nothing"
        );
    }
}
