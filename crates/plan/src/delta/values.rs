//! VALUES, and SELECT without FROM.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::concat;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::logical_expr::{EmptyRelation, Expr, Values};
use levada_base::{Error, Result};
use levada_dataflow::ops::values::ValuesSpec;
use levada_dataflow::{OpSpec, Scalar};

use super::lower::Planner;
use super::rel::{Placement, Rel};

impl Planner {
    pub(super) fn lower_values(&mut self, values: &Values) -> Result<Rel> {
        let one = one_row()?;
        let nothing = DFSchema::empty();
        let width = values.schema.fields().len();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(width);
        for column in 0..width {
            let cells = values.values.iter().map(|row| self.cell(&row[column], &nothing, &one)).collect::<Result<Vec<_>>>()?;
            let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
            columns.push(concat(&cells).map_err(|cause| Error::internal(format!("values: {cause}")))?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(values.values.len()));
        let schema = Arc::new(values.schema.as_arrow().clone());
        let rows = RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(|cause| Error::internal(format!("values: {cause}")))?;
        Ok(self.constant(rows, values.schema.clone(), None))
    }

    pub(super) fn lower_empty(&mut self, empty: &EmptyRelation) -> Result<Rel> {
        let schema = Arc::new(empty.schema.as_arrow().clone());
        let rows = if empty.produce_one_row { one_row()? } else { RecordBatch::new_empty(schema) };
        Ok(self.constant(rows, empty.schema.clone(), Some(Vec::new())))
    }

    fn cell(&self, expr: &Expr, schema: &DFSchema, one: &RecordBatch) -> Result<ArrayRef> {
        self.compile(expr, schema)?.evaluate(one)
    }

    fn constant(&mut self, rows: RecordBatch, schema: DFSchemaRef, key: Option<Vec<usize>>) -> Rel {
        let arrow = Arc::new(schema.as_arrow().clone());
        let node = self.graph.add(OpSpec::Values(ValuesSpec { rows }), Vec::new(), arrow, true);
        Rel {
            node,
            schema,
            append_only: true,
            key,
            times: Vec::new(),
            placement: Placement::First,
            net: true,
            closed: true,
            unbounded: false,
        }
    }
}

/// One row without columns: what a SELECT without FROM reads.
fn one_row() -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    RecordBatch::try_new_with_options(Arc::new(arrow::datatypes::Schema::empty()), Vec::new(), &options)
        .map_err(|cause| Error::internal(format!("one row: {cause}")))
}
