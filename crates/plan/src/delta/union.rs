//! UNION ALL: what comes from any branch.

use datafusion::logical_expr::Union;
use levada_base::Result;
use levada_dataflow::{OpSpec, Route};

use super::lower::Planner;
use super::rel::{Placement, Rel};
use crate::relation::TimeColumn;

impl Planner {
    pub(super) fn lower_union(&mut self, union: &Union) -> Result<Rel> {
        let branches = union.inputs.iter().map(|input| self.lower(input)).collect::<Result<Vec<_>>>()?;
        let schema = union.schema.clone();
        let arrow = std::sync::Arc::new(schema.as_arrow().clone());
        let append_only = branches.iter().all(|branch| branch.append_only);
        let inputs = branches.iter().map(|branch| (branch.node, Route::Local)).collect();
        let node = self.graph.add(OpSpec::Union, inputs, arrow, append_only);
        // A column tells event time if it does so in every branch; the slowest branch says when.
        let times = (0..schema.fields().len()).filter_map(|column| {
            let delays = branches.iter().map(|branch| branch.time(column)).collect::<Option<Vec<_>>>()?;
            Some(TimeColumn { column, delay: delays.into_iter().max()? })
        });
        Ok(Rel {
            node,
            times: times.collect(),
            schema,
            append_only,
            key: None,
            placement: Placement::Anywhere,
            net: append_only,
            closed: branches.iter().all(|branch| branch.closed),
            unbounded: branches.iter().any(|branch| branch.unbounded),
        })
    }
}
