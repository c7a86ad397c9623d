//! What a map computes.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::Result;

use crate::Scalar;
use crate::ops::list;

/// One step over the columns that the step before it gave.
#[derive(Debug, Clone)]
pub enum Step {
    /// Keeps the rows for which it is true.
    Filter(Arc<dyn Scalar>),
    /// Replaces the columns.
    Project { expressions: Vec<Arc<dyn Scalar>>, schema: SchemaRef },
}

/// Steps in the order they are taken.
#[derive(Debug, Clone)]
pub struct MapSpec {
    pub steps: Vec<Step>,
}

impl MapSpec {
    pub(in crate::ops) fn check(&self, input: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        let last = self.steps.iter().rev().find_map(|step| match step {
            Step::Project { schema, .. } => Some(schema),
            Step::Filter(_) => None,
        });
        for step in &self.steps {
            if let Step::Project { expressions, schema } = step
                && expressions.len() != schema.fields().len()
            {
                return Err(format!("projects {} expressions into {} columns", expressions.len(), schema.fields().len()));
            }
        }
        crate::ops::check_types(last.unwrap_or(input), output)
    }
}

impl fmt::Display for MapSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            let separator = if at == 0 { "" } else { " → " };
            match step {
                Step::Filter(predicate) => write!(out, "{separator}filter {predicate}")?,
                Step::Project { expressions, .. } => write!(out, "{separator}project {}", list(expressions))?,
            }
        }
        Ok(())
    }
}
