//! Lets DataFusion's planner ask for relations, functions and settings.

use std::cell::RefCell;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::catalog::TableFunctionArgs;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, DataFusionError, Result as PlanResult, TableReference, plan_datafusion_err, plan_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::planner::ParserOptions;
use levada_base::Error;
use levada_sql::Query;
use sqlparser::ast;

use super::Relations;
use super::locate::place_of;
use crate::error::from_datafusion;
use crate::types::data_type;
use crate::windows::{TableFunctions, names_window_time};

/// A session's functions beside the caller's relations.
pub(super) struct Provider<'a> {
    state: &'a SessionState,
    relations: &'a dyn Relations,
    types: Arc<dyn TypePlanner>,
    windows: Vec<Arc<dyn RelationPlanner>>,
    query: Option<&'a Query>,
    /// What went wrong with a relation, in our words: DataFusion would only keep the text.
    error: RefCell<Option<Error>>,
}

impl<'a> Provider<'a> {
    pub(super) fn new(state: &'a SessionState, relations: &'a dyn Relations) -> Self {
        Self {
            state,
            relations,
            types: Arc::new(EngineTypePlanner),
            windows: Vec::new(),
            query: None,
            error: RefCell::new(None),
        }
    }

    /// For a whole query, which may have windows in FROM.
    pub(super) fn for_query(mut self, query: &'a Query) -> Self {
        self.windows = vec![Arc::new(TableFunctions { window_time: names_window_time(&query.ast) })];
        self.query = Some(query);
        self
    }

    /// The error that planning ended with: ours if a relation caused it.
    pub(super) fn error(&self, error: DataFusionError) -> Error {
        self.error.borrow_mut().take().unwrap_or_else(|| from_datafusion(error))
    }
}

/// The session's parser options.
pub(super) fn parser_options(state: &SessionState) -> ParserOptions {
    let options = &state.config_options().sql_parser;
    ParserOptions::new()
        .with_parse_float_as_decimal(options.parse_float_as_decimal)
        .with_enable_ident_normalization(options.enable_ident_normalization)
        .with_collect_spans(options.collect_spans)
        .with_default_null_ordering(options.default_null_ordering.as_str().into())
}

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> PlanResult<Arc<dyn TableSource>> {
        self.relations.relation(&name).map_err(|error| {
            let said = plan_datafusion_err!("{error}");
            let place = self.query.and_then(|query| place_of(query, &name));
            self.error.borrow_mut().get_or_insert(error.at(place));
            said
        })
    }

    fn get_table_function_source(&self, name: &str, arguments: Vec<Expr>) -> PlanResult<Arc<dyn TableSource>> {
        let Some(function) = self.state.table_functions().get(name) else {
            return plan_err!("Invalid function '{name}'");
        };
        let simplifier = ExprSimplifier::new(SimplifyContext::builder().build());
        let nothing = DFSchema::empty();
        let simple = |argument| simplifier.coerce(argument, &nothing).and_then(|argument| simplifier.simplify(argument));
        let arguments = arguments.into_iter().map(simple).collect::<PlanResult<Vec<_>>>()?;
        function.create_table_provider_with_args(TableFunctionArgs::new(&arguments, self.state)).map(provider_as_source)
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.windows
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(self.types.clone())
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}

/// The types of casts and typed literals: those of columns (a TIMESTAMP has microseconds, a FLOAT is a DOUBLE).
#[derive(Debug)]
struct EngineTypePlanner;

impl TypePlanner for EngineTypePlanner {
    fn plan_type_field(&self, sql_type: &ast::DataType) -> PlanResult<Option<FieldRef>> {
        // What we do not know stays DataFusion's to refuse, in its own words.
        let engine = match sql_type {
            ast::DataType::Interval { .. } => return Ok(None),
            ast::DataType::Timestamp(None, zone) if is_plain(zone) => Ok(DataType::Timestamp(TimeUnit::Microsecond, None)),
            other => data_type(other, None),
        };
        Ok(engine.ok().map(|engine| Arc::new(Field::new("", engine, true))))
    }
}

fn is_plain(zone: &ast::TimezoneInfo) -> bool {
    matches!(zone, ast::TimezoneInfo::None | ast::TimezoneInfo::WithoutTimeZone)
}
