//! WHERE and HAVING: stateless, fused with what is stateless below them.

use datafusion::logical_expr::{Expr, Filter};
use levada_base::Result;
use levada_dataflow::ops::map::Step;

use super::lower::Planner;
use super::project::scalar;
use super::rel::Rel;
use super::row_number::below_projection;

impl Planner {
    pub(super) fn lower_filter(&mut self, filter: &Filter) -> Result<Rel> {
        if let Some(top) = self.lower_numbered_top_n(filter)? {
            return Ok(top);
        }
        if let Some(plan) = below_projection(filter)? {
            return self.lower(&plan);
        }
        let input = self.lower(&filter.input)?;
        self.filter(input, &filter.predicate)
    }

    /// The rows of `input` for which `predicate` is true.
    pub(super) fn filter(&mut self, input: Rel, predicate: &Expr) -> Result<Rel> {
        let predicate = self.compile(predicate, &input.schema)?;
        Ok(self.add_step(input, Step::Filter(scalar(predicate))))
    }
}
