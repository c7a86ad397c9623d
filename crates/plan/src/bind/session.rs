//! The one set of functions, rules and settings that every query is planned with.

use std::sync::Arc;

use datafusion::common::{DFSchema, TableReference};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, LogicalPlan, TableSource};
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::optimizer::{Analyzer, AnalyzerRule, Optimizer, OptimizerRule};
use datafusion::prelude::SessionConfig;
use datafusion::sql::planner::SqlToRel;
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use levada_base::Result;
use levada_sql::Query;
use sqlparser::ast;

use super::checked_math;
use super::engine_types::EngineTypes;
use super::literals::type_exponents;
use super::provider::{Provider, parser_options};
use super::time_zone;
use crate::error::from_datafusion;
use crate::windows;

/// Optimiser rules that are right for a batch and of no use, or wrong, for a query that never ends: a limit below a join says nothing
/// about the changes above it, and a distinct aggregate is maintained as one operator.
const RULES_OF_BATCHES: &[&str] = &["push_down_limit", "single_distinct_aggregation_to_group_by"];

/// What the names in a query stand for.
pub trait Relations {
    /// The relation of that name.
    ///
    /// # Errors
    /// `LV-S101` with the nearest name; `LV-S120` where it can't be read this way.
    fn relation(&self, name: &TableReference) -> Result<Arc<dyn TableSource>>;
}

/// Plans queries. Made once, used by every statement.
#[derive(Clone)]
pub struct Binder {
    state: SessionState,
    continuous: Arc<Optimizer>,
    /// The session as the optimiser of continuous queries sees it.
    maintained: Arc<SessionState>,
}

impl Default for Binder {
    fn default() -> Self {
        Self::new()
    }
}

impl Binder {
    /// A binder with DataFusion's functions and Levada's windows.
    #[must_use]
    pub fn new() -> Self {
        let mut config = SessionConfig::new().with_information_schema(false).with_target_partitions(1);
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        options.sql_parser.parse_float_as_decimal = true;
        // NULLs come last ascending and first descending, as in PostgreSQL.
        options.sql_parser.default_null_ordering = "nulls_max".to_owned();
        options.execution.time_zone = Some("UTC".to_owned());
        let mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = Analyzer::new().rules;
        rules.push(Arc::new(EngineTypes));
        rules.push(Arc::new(TypeCoercion::new()));
        rules.push(checked_math::rule());
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_default_features()
            .with_analyzer_rules(rules)
            .with_query_planner(Arc::new(windows::BatchPlanner))
            .build();
        for function in windows::functions().into_iter().chain([time_zone::function()]) {
            // A name of ours that DataFusion also knows is ours on purpose.
            let _ = datafusion::execution::FunctionRegistry::register_udf(&mut state, function);
        }
        let kept = |rule: &Arc<dyn OptimizerRule + Send + Sync>| !RULES_OF_BATCHES.contains(&rule.name());
        let continuous = Optimizer::with_rules(Optimizer::new().rules.into_iter().filter(kept).collect());
        // A scalar subquery is a join whose result changes; as a value it would be read once.
        let mut maintained = state.clone();
        maintained.config_mut().options_mut().optimizer.enable_physical_uncorrelated_scalar_subquery = false;
        Self { state, continuous: Arc::new(continuous), maintained: Arc::new(maintained) }
    }

    /// The session, to run batch plans in.
    #[must_use]
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// The logical plan of a query, names resolved, nothing optimised.
    ///
    /// # Errors
    /// `LV-S1xx`, `LV-S3xx`, `LV-S5xx` with the place in the query.
    pub fn bind(&self, query: &Query, relations: &dyn Relations) -> Result<LogicalPlan> {
        let provider = Provider::new(&self.state, relations).for_query(query);
        let planner = SqlToRel::new_with_options(&provider, parser_options(&self.state));
        let mut ast = query.ast.clone();
        windows::rewrite(&mut ast);
        type_exponents(&mut ast);
        time_zone::call_zones(&mut ast);
        let statement = SqlStatement::Query(ast);
        let plan = planner.sql_statement_to_plan(statement).map_err(|error| provider.error(error).at(query.position))?;
        windows::place(plan).map_err(|error| error.at(query.position))
    }

    /// The plan of a continuous query, optimised.
    ///
    /// # Errors
    /// See [`Binder::bind`].
    pub fn optimize_continuous(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let plan = self.analyze(plan)?;
        self.continuous.optimize(plan, self.maintained.as_ref(), |_, _| {}).map_err(from_datafusion)
    }

    /// Types resolved and coerced.
    ///
    /// # Errors
    /// See [`Binder::bind`].
    pub fn analyze(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        self.state.analyzer().execute_and_check(plan, self.state.config_options(), |_, _| {}).map_err(from_datafusion)
    }

    /// A scalar expression over `schema`, types coerced.
    ///
    /// # Errors
    /// `LV-S110`, `LV-S132`, `LV-S408`.
    pub fn expression(&self, expr: &ast::Expr, schema: &DFSchema) -> Result<Expr> {
        let nothing = NoRelations;
        let provider = Provider::new(&self.state, &nothing);
        let planner = SqlToRel::new_with_options(&provider, parser_options(&self.state));
        let mut expr = expr.clone();
        type_exponents(&mut expr);
        time_zone::call_zones(&mut expr);
        let expr = planner
            .sql_to_expr(expr, schema, &mut datafusion::sql::planner::PlannerContext::new())
            .map_err(|error| provider.error(error))?;
        let expr = self.coerced(expr, schema).map_err(from_datafusion)?;
        self.state.create_physical_expr(expr.clone(), schema).map_err(from_datafusion)?;
        Ok(expr)
    }

    /// What the analyzer does to the expressions of a query.
    fn coerced(&self, expr: Expr, schema: &DFSchema) -> datafusion::common::Result<Expr> {
        let context = SimplifyContext::builder()
            .with_schema(Arc::new(schema.clone()))
            .with_config_options(self.state.config_options().clone())
            .build();
        checked_math::checked(ExprSimplifier::new(context).coerce(expr, schema)?, schema)
    }

    /// A scalar expression compiled over `schema`.
    ///
    /// # Errors
    /// See [`Binder::expression`].
    pub fn compile(&self, expr: Expr, schema: &DFSchema) -> Result<crate::Expression> {
        self.state.create_physical_expr(expr, schema).and_then(crate::Expression::try_from).map_err(from_datafusion)
    }
}

struct NoRelations;

impl Relations for NoRelations {
    fn relation(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
        Err(levada_base::Error::new(levada_base::codes::LV_S304, format!("\"{name}\" can't be read in an expression"))
            .with_hint("use columns of the row only"))
    }
}
