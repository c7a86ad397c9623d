//! `TUMBLE` and `HOP` as table functions, in Flink's and RisingWave's spelling.

use datafusion::common::{Column, DFSchema, DataFusionError, Result as PlanResult};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};
use levada_base::{Error, codes};
use levada_dataflow::ops::window::WINDOWS_PER_ROW_MAX;
use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments, TableAlias, TableFactor};

use super::functions::WindowKind;
use super::interval::constant;
use super::node::WindowNode;
use crate::error::planned_window;

/// Names of arguments in the order in which they are given without names, Flink's.
const DATA: &str = "data";
const TIME: &str = "timecol";

/// Plans `FROM TUMBLE(…)` and `FROM HOP(…)`.
#[derive(Debug)]
pub(crate) struct TableFunctions {
    /// Whether the rows have `window_time`: only a query that names it gets it, so that `*` does not show it to the others.
    pub window_time: bool,
}

impl RelationPlanner for TableFunctions {
    fn plan_relation(&self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> PlanResult<RelationPlanning> {
        if let Some(refusal) = function_name(&relation).and_then(|name| planned_window(&name.to_string())) {
            return Err(external(refusal));
        }
        match call(&relation) {
            None => Ok(RelationPlanning::Original(Box::new(relation))),
            Some(call) => {
                let alias = call.alias.clone();
                let mut plan = call.plan(context)?;
                if !self.window_time {
                    plan = without(plan, "window_time")?;
                }
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
            }
        }
    }
}

struct Call<'a> {
    kind: WindowKind,
    arguments: &'a [FunctionArg],
    alias: Option<TableAlias>,
}

fn function_name(relation: &TableFactor) -> Option<&ast::ObjectName> {
    match relation {
        TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => Some(name),
        TableFactor::TableFunction { expr: ast::Expr::Function(function), .. } => Some(&function.name),
        _ => None,
    }
}

/// The window call that a table factor is, if it is one.
fn call(relation: &TableFactor) -> Option<Call<'_>> {
    let kind = |name: &ast::ObjectName| WindowKind::of(&name.to_string());
    match relation {
        TableFactor::Table { name, args: Some(arguments), alias, .. } => {
            Some(Call { kind: kind(name)?, arguments: &arguments.args, alias: alias.clone() })
        }
        TableFactor::Function { name, args, alias, .. } => {
            Some(Call { kind: kind(name)?, arguments: args, alias: alias.clone() })
        }
        TableFactor::TableFunction { expr: ast::Expr::Function(function), alias } => match &function.args {
            FunctionArguments::List(list) => {
                Some(Call { kind: kind(&function.name)?, arguments: &list.args, alias: alias.clone() })
            }
            FunctionArguments::None | FunctionArguments::Subquery(_) => None,
        },
        _ => None,
    }
}

impl Call<'_> {
    fn plan(&self, context: &mut dyn RelationPlannerContext) -> PlanResult<LogicalPlan> {
        let input = self.input(context)?;
        let schema = input.schema().as_ref().clone();
        let time = self.argument(1, TIME).ok_or_else(|| self.wrong("has no time column"))?;
        let time = context.sql_to_expr(descriptor(time).clone(), &schema)?;
        let names: &[&str] = match self.kind {
            WindowKind::Tumble => &["size"],
            WindowKind::Hop => &["slide", "size"],
        };
        let mut constants = Vec::new();
        for (at, name) in names.iter().chain(&["offset"]).enumerate() {
            match self.argument(2 + at, name) {
                Some(value) => constants.push(context.sql_to_expr(value.clone(), &DFSchema::empty())?),
                None if *name == "offset" => {}
                None => return Err(self.wrong(&format!("has no {name}"))),
            }
        }
        if self.arguments.len() > 2 + names.len() + 1 {
            return Err(self.wrong("has too many arguments"));
        }
        window(input, time, self.kind, &constants)
    }

    /// The relation the windows are over: a name, or a query in parentheses.
    fn input(&self, context: &mut dyn RelationPlannerContext) -> PlanResult<LogicalPlan> {
        let data = self.argument(0, DATA).ok_or_else(|| self.wrong("has no table"))?;
        let factor = match data {
            ast::Expr::Identifier(name) => table(vec![name.clone()]),
            ast::Expr::CompoundIdentifier(names) => table(names.clone()),
            ast::Expr::Subquery(query) => {
                TableFactor::Derived { lateral: false, subquery: query.clone(), alias: None, sample: None }
            }
            other => return Err(self.wrong(&format!("can't read {other} as a table"))),
        };
        context.plan(factor)
    }

    /// An argument by its place or its name.
    fn argument(&self, place: usize, name: &str) -> Option<&ast::Expr> {
        let named = self.arguments.iter().find_map(|argument| match argument {
            FunctionArg::Named { name: given, arg: FunctionArgExpr::Expr(value), .. }
                if given.value.eq_ignore_ascii_case(name) =>
            {
                Some(value)
            }
            FunctionArg::ExprNamed { name: ast::Expr::Identifier(given), arg: FunctionArgExpr::Expr(value), .. }
                if given.value.eq_ignore_ascii_case(name) =>
            {
                Some(value)
            }
            _ => None,
        });
        named.or_else(|| match self.arguments.get(place) {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(value))) => Some(value),
            _ => None,
        })
    }

    fn wrong(&self, what: &str) -> DataFusionError {
        let form = match self.kind {
            WindowKind::Tumble => "TUMBLE(t, ts, INTERVAL '10' SECOND)",
            WindowKind::Hop => "HOP(t, ts, INTERVAL '2' SECOND, INTERVAL '10' SECOND)",
        };
        let name = self.kind.name().to_uppercase();
        external(Error::new(codes::LV_S001, format!("{name} {what}")).with_hint(format!("write FROM {form}")))
    }
}

/// `DESCRIPTOR(ts)` is `ts`.
fn descriptor(expr: &ast::Expr) -> &ast::Expr {
    let ast::Expr::Function(function) = expr else { return expr };
    match &function.args {
        FunctionArguments::List(list) if function.name.to_string().eq_ignore_ascii_case("descriptor") => {
            match list.args.as_slice() {
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(column))] => column,
                _ => expr,
            }
        }
        _ => expr,
    }
}

fn table(names: Vec<ast::Ident>) -> TableFactor {
    TableFactor::Table {
        name: ast::ObjectName::from(names),
        alias: None,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

/// The window node over `input`. A time that is not a column becomes one first and is taken away again above.
pub(super) fn window(input: LogicalPlan, time: Expr, kind: WindowKind, constants: &[Expr]) -> PlanResult<LogicalPlan> {
    const COMPUTED_TIME: &str = "__window_time_of_row";
    let data_type = time.get_type(input.schema())?;
    let read = |at: usize, what: &str| constants.get(at).map(|expr| constant(expr, &data_type, what).map_err(external));
    let size = read(kind.constants() - 1, "size").transpose()?.unwrap_or_default();
    let slide = if kind == WindowKind::Tumble { size } else { read(0, "slide").transpose()?.unwrap_or_default() };
    let offset = read(kind.constants(), "offset").transpose()?.unwrap_or_default();
    check_bounds(size, slide).map_err(external)?;
    if matches!(time, Expr::Column(_)) {
        return Ok(WindowNode::try_new(input, time, size, slide, offset)?.into_plan());
    }
    let mut columns: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    columns.push(time.alias(COMPUTED_TIME));
    let computed = LogicalPlanBuilder::from(input).project(columns)?.build()?;
    let node = WindowNode::try_new(computed, datafusion::prelude::col(COMPUTED_TIME), size, slide, offset)?.into_plan();
    without(node, COMPUTED_TIME)
}

/// The plan without the column of a window that is called `name`.
fn without(plan: LogicalPlan, name: &str) -> PlanResult<LogicalPlan> {
    let is_other = |column: &Column| column.relation.is_some() || column.name != name;
    let kept: Vec<Expr> = plan.schema().columns().into_iter().filter(is_other).map(Expr::Column).collect();
    if kept.len() == plan.schema().fields().len() { Ok(plan) } else { LogicalPlanBuilder::from(plan).project(kept)?.build() }
}

fn check_bounds(size: i64, slide: i64) -> Result<(), Error> {
    if size <= 0 || slide <= 0 {
        return Err(Error::new(codes::LV_S504, "the size and slide of a window must be more than zero")
            .with_hint("give a fixed interval, such as INTERVAL '10' SECOND"));
    }
    if size / slide > WINDOWS_PER_ROW_MAX {
        return Err(Error::new(codes::LV_S505, format!("a row would be in {} windows", size / slide))
            .with_reason(format!("the limit windows_per_row_max is {WINDOWS_PER_ROW_MAX}"))
            .with_hint("use a larger slide"));
    }
    Ok(())
}

pub(super) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
