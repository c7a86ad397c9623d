//! Whole numbers that do not fit are an error, never another number: `+`, `-`, `*` and the sign of integers become functions that
//! check.
//!
//! DataFusion's own operators wrap around. Decimals, floats and times are left alone.

use std::sync::Arc;

use arrow::array::{ArrayRef, Datum};
use arrow::compute::kernels::numeric;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

/// Puts the checking functions in place, after types are coerced.
#[derive(Debug, Default)]
pub(super) struct CheckedMath;

impl AnalyzerRule for CheckedMath {
    fn name(&self) -> &str {
        "checked_math"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                schema.merge(&scan.projected_schema);
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(expr.transform_up(|expr| check(expr, &schema))?.update_data(|expr| name.restore(expr)))
            })
        })
        .map(|plan| plan.data)
    }
}

/// The same in one expression whose types are coerced.
pub(super) fn checked(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    expr.transform_up(|expr| check(expr, schema)).map(|expr| expr.data)
}

fn check(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let whole = |side: &Expr| side.get_type(schema).is_ok_and(|found| found.is_integer());
    let (checked, arguments) = match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match Checked::of(op).filter(|_| whole(&left) && whole(&right)) {
            None => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
            Some(checked) => (checked, vec![*left, *right]),
        },
        Expr::Negative(inner) if whole(&inner) => (Checked::sign(), vec![*inner]),
        other => return Ok(Transformed::no(other)),
    };
    Ok(Transformed::yes(ScalarUDF::from(checked).call(arguments)))
}

/// One checked operator.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    symbol: &'static str,
    signature: Signature,
}

impl Checked {
    fn of(op: Operator) -> Option<Self> {
        let symbol = match op {
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Multiply => "*",
            _ => return None,
        };
        Some(Self { symbol, signature: Signature::any(2, Volatility::Immutable) })
    }

    /// The minus in front of one number.
    fn sign() -> Self {
        Self { symbol: "-", signature: Signature::any(1, Volatility::Immutable) }
    }

    fn kernel(&self) -> fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError> {
        match self.symbol {
            "+" => numeric::add,
            "-" => numeric::sub,
            _ => numeric::mul,
        }
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.symbol
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments.first().cloned().unwrap_or(DataType::Int64))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.as_slice() {
            [ColumnarValue::Array(values)] => Ok(ColumnarValue::Array(numeric::neg(values.as_ref())?)),
            [ColumnarValue::Scalar(value)] => Ok(ColumnarValue::Scalar(value.arithmetic_negate()?)),
            [left, right] => datafusion::physical_expr_common::datum::apply(left, right, self.kernel()),
            _ => datafusion::common::internal_err!("{} takes one or two values", self.symbol),
        }
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        if let [only] = arguments {
            return Ok(format!("(- {only})"));
        }
        Ok(arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(&format!(" {} ", self.symbol)))
    }
}

/// The rule.
pub(super) fn rule() -> Arc<dyn AnalyzerRule + Send + Sync> {
    Arc::new(CheckedMath)
}
