//! The two inputs of a join with their keys as columns.

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, ExprSchemable};
use levada_base::Result;

use super::lower::Planner;
use super::rel::Rel;
use crate::error::from_datafusion;
use crate::scalar::Expression;

/// One side: the columns of its input, then those keys that are not columns yet.
pub(super) struct Side {
    pub rel: Rel,
    pub keys: Vec<usize>,
    /// How many columns there were before the keys.
    pub width: usize,
}

impl Planner {
    pub(super) fn side(&mut self, input: Rel, keys: &[&Expr]) -> Result<Side> {
        let width = input.width();
        let mut columns: Vec<Expression> = (0..width).map(|column| input.column(column)).collect();
        let mut fields: Vec<_> = input.schema.iter().map(|(q, field)| (q.cloned(), field.clone())).collect();
        let mut at = Vec::with_capacity(keys.len());
        for key in keys {
            let compiled = self.compile(key, &input.schema)?;
            if let Some(column) = compiled.as_column() {
                at.push(column);
                continue;
            }
            let (_, field) = key.to_field(input.schema.as_ref()).map_err(from_datafusion)?;
            // A name that nothing in a query can have: it is only ever found by its place.
            fields.push((None, Arc::new(field.as_ref().clone().with_name(format!("\u{1}key{}", columns.len())))));
            at.push(columns.len());
            columns.push(compiled);
        }
        if columns.len() == width {
            return Ok(Side { rel: input, keys: at, width });
        }
        let schema = DFSchema::new_with_metadata(fields, std::collections::HashMap::new()).map_err(from_datafusion)?;
        let rel = self.project_compiled(input, columns, Vec::new(), Arc::new(schema));
        Ok(Side { rel, keys: at, width })
    }
}
