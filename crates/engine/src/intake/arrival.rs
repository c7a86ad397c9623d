//! `now()` in a column that is computed or filled in as rows come: the world's clock, read once a batch and stored with its rows.
//!
//! Not for queries: there `now()` is the time of the statement, which the planner puts in its place, or is refused.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result as PlanResult, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};
use levada_base::{Result, World};
use levada_plan::from_datafusion;

/// The same expression with the time of arrival where it asks for the time.
///
/// # Errors
/// `LV-S999` if the expression can't be walked.
pub(crate) fn at_arrival(expr: Expr, world: &World) -> Result<Expr> {
    let arrival = Arc::new(ScalarUDF::new_from_impl(Arrival::new(world)));
    let time = || Expr::ScalarFunction(ScalarFunction::new_udf(arrival.clone(), Vec::new()));
    let replaced = expr.transform(|part| {
        Ok(match &part {
            Expr::ScalarFunction(call) if call.name() == "now" => Transformed::yes(time()),
            Expr::ScalarFunction(call) if call.name() == "current_date" => Transformed::yes(cast(time(), DataType::Date32)),
            _ => Transformed::no(part),
        })
    });
    replaced.map(|replaced| replaced.data).map_err(from_datafusion)
}

/// A function without arguments: the time on the world's clock.
struct Arrival {
    world: World,
    signature: Signature,
}

impl Arrival {
    fn new(world: &World) -> Self {
        Self { world: world.clone(), signature: Signature::nullary(Volatility::Volatile) }
    }
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Arrival")
    }
}

// A database has one clock, so all of these functions are one.
impl PartialEq for Arrival {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Arrival {}

impl Hash for Arrival {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl ScalarUDFImpl for Arrival {
    fn name(&self) -> &str {
        "now"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let now = ScalarValue::TimestampMicrosecond(Some(self.world.now().0), Some("UTC".into()));
        Ok(ColumnarValue::Scalar(now))
    }
}
