//! ORDER BY … LIMIT: the set of rows is maintained, their order in the result is not.

use datafusion::common::DFSchemaRef;
use datafusion::logical_expr::{Expr, FetchType, Limit, LogicalPlan, SkipType, Sort, SortExpr};
use levada_base::{Error, Result, codes};
use levada_dataflow::OpSpec;
use levada_dataflow::ops::SortColumn;
use levada_dataflow::ops::top_n::TopNSpec;

use super::lower::Planner;
use super::rel::Rel;

/// What a top-N keeps.
pub(super) struct Bounds {
    pub skip: u64,
    pub limit: u64,
}

impl Planner {
    pub(super) fn lower_sort(&mut self, sort: &Sort) -> Result<Rel> {
        let input = self.lower(&sort.input)?;
        match sort.fetch {
            Some(limit) => self.top_n(input, &[], &sort.expr, Bounds { skip: 0, limit: limit as u64 }, None),
            None => {
                self.notice(
                    codes::LV_S908,
                    "the order of a stored result is not kept; put ORDER BY on the SELECT that reads it",
                );
                Ok(input)
            }
        }
    }

    pub(super) fn lower_limit(&mut self, limit: &Limit) -> Result<Rel> {
        let constant = || Error::new(codes::LV_S300, "LIMIT and OFFSET must be constants in a continuous query");
        let skip = match limit.get_skip_type() {
            Ok(SkipType::Literal(skip)) => skip as u64,
            _ => return Err(constant().with_hint("write a number")),
        };
        let fetch = match limit.get_fetch_type() {
            Ok(FetchType::Literal(fetch)) => fetch.map(|fetch| fetch as u64),
            _ => return Err(constant().with_hint("write a number")),
        };
        let bounds = Bounds { skip, limit: fetch.unwrap_or(u64::MAX - skip) };
        self.limit(&limit.input, bounds)
    }

    /// LIMIT above a sort, perhaps with projections between, which change nothing about which rows there are.
    fn limit(&mut self, input: &LogicalPlan, bounds: Bounds) -> Result<Rel> {
        match input {
            LogicalPlan::Sort(sort) => {
                let input = self.lower(&sort.input)?;
                self.top_n(input, &[], &sort.expr, bounds, None)
            }
            LogicalPlan::Projection(projection) if sorted(&projection.input) => {
                let input = self.limit(&projection.input, bounds)?;
                self.project(input, &projection.expr, projection.schema.clone())
            }
            LogicalPlan::SubqueryAlias(alias) if sorted(&alias.input) => {
                Ok(Rel { schema: alias.schema.clone(), ..self.limit(&alias.input, bounds)? })
            }
            other => {
                self.notice(
                    codes::LV_S909,
                    "LIMIT without ORDER BY takes the first rows in canonical order (key, then all columns)",
                );
                let input = self.lower(other)?;
                self.top_n(input, &[], &[], bounds, None)
            }
        }
    }

    /// The rows of `input` within `bounds`, per `partition`; with their number as a last column named by `numbered`, if given.
    pub(super) fn top_n(
        &mut self,
        input: Rel,
        partition: &[Expr],
        order: &[SortExpr],
        bounds: Bounds,
        numbered: Option<DFSchemaRef>,
    ) -> Result<Rel> {
        let keys: Vec<&Expr> = partition.iter().chain(order.iter().map(|sort| &sort.expr)).collect();
        let plain = input.clone();
        let side = self.side(input, &keys)?;
        let (partition, ordered) = side.keys.split_at(partition.len());
        let order = ordered.iter().zip(order).map(|(&column, sort)| SortColumn {
            column,
            descending: !sort.asc,
            nulls_first: sort.nulls_first,
        });
        let key = plain.key.clone().unwrap_or_default();
        let rest = (0..side.width).filter(|column| !key.contains(column));
        let spec = TopNSpec {
            partition: partition.to_vec(),
            order: order.collect(),
            tie_break: key.iter().copied().chain(rest).collect(),
            skip: bounds.skip,
            limit: bounds.limit,
            row_number: numbered.is_some(),
            append_only_input: plain.append_only,
        };
        self.add_top_n(&plain, &side, spec, numbered)
    }

    fn add_top_n(
        &mut self,
        plain: &Rel,
        side: &super::join_sides::Side,
        spec: TopNSpec,
        numbered: Option<DFSchemaRef>,
    ) -> Result<Rel> {
        let input = &side.rel;
        if input.unbounded && !spec.partition.is_empty() {
            self.notice_unbounded("top-N", "there is one set of rows for every partition");
        }
        let route = input.route_by(&spec.partition);
        let mut arrow = arrow::datatypes::SchemaBuilder::from(input.arrow().fields());
        if spec.row_number {
            arrow.push(arrow::datatypes::Field::new("\u{1}number", arrow::datatypes::DataType::UInt64, false));
        }
        let arrow = std::sync::Arc::new(arrow.finish());
        let by_partition = (spec.limit == 1).then(|| spec.partition.clone());
        let placement = input.placed_by(&spec.partition);
        let number = arrow.fields().len() - 1;
        let node = self.graph.add(OpSpec::TopN(spec), vec![(input.node, route)], arrow.clone(), false);
        let found = Rel {
            node,
            append_only: false,
            key: plain.key.clone().or(by_partition),
            times: Vec::new(),
            placement,
            net: true,
            closed: false,
            unbounded: input.unbounded,
            schema: std::sync::Arc::new(datafusion::common::DFSchema::try_from(arrow).map_err(crate::error::from_datafusion)?),
        };
        // What was only there to sort by goes; the number comes last.
        let mut columns: Vec<usize> = (0..side.width).collect();
        columns.extend(numbered.is_some().then_some(number));
        Ok(self.pick(found, &columns, numbered.unwrap_or_else(|| plain.schema.clone())))
    }
}

fn sorted(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(_) => true,
        LogicalPlan::Projection(projection) => sorted(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => sorted(&alias.input),
        _ => false,
    }
}
