//! Scalar expressions of DataFusion, as the operators see them.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use levada_base::Result;
use levada_dataflow::Scalar;

use crate::from_datafusion;
use crate::shift::with_shifts;

/// An expression compiled against the columns of its input.
#[derive(Debug, Clone)]
pub struct Expression(Arc<dyn PhysicalExpr>);

impl Expression {
    /// Compiles `expr` over `schema`.
    ///
    /// # Errors
    /// `LV-S110`, `LV-S132`, `LV-S408` where names or types do not fit.
    pub fn new(expr: &Expr, schema: &DFSchema, props: &ExecutionProps) -> Result<Self> {
        let compiled = create_physical_expr(expr, schema, props, &PhysicalPlanningContext::default());
        compiled.and_then(with_shifts).map(Self).map_err(from_datafusion)
    }

    /// The column at `index`, which EXPLAIN calls `name`.
    pub(crate) fn column(name: &str, index: usize) -> Self {
        Self(Arc::new(Column::new(name, index)))
    }

    /// The column it is, if it is nothing but one.
    #[must_use]
    pub fn as_column(&self) -> Option<usize> {
        self.0.downcast_ref::<Column>().map(Column::index)
    }

    /// The type of its values.
    ///
    /// # Errors
    /// `LV-S408` where the input's types do not fit.
    pub fn data_type(&self, input: &Schema) -> Result<DataType> {
        self.0.data_type(input).map_err(from_datafusion)
    }
}

impl TryFrom<Arc<dyn PhysicalExpr>> for Expression {
    type Error = DataFusionError;

    fn try_from(compiled: Arc<dyn PhysicalExpr>) -> Result<Self, DataFusionError> {
        with_shifts(compiled).map(Self)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Scalar for Expression {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let value = self.0.evaluate(batch).map_err(from_datafusion)?;
        value.into_array(batch.num_rows()).map_err(from_datafusion)
    }
}
