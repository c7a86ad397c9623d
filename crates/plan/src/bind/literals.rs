//! Numbers as they are meant: `1e3` is a DOUBLE, `1.0` a DECIMAL. DataFusion takes both for one or the other.

use std::ops::ControlFlow;

use sqlparser::ast::{CastKind, DataType, ExactNumberInfo, Expr, Value, VisitMut, visit_expressions_mut};

/// Writes every number with an exponent as a cast to DOUBLE.
pub(super) fn type_exponents(ast: &mut impl VisitMut) {
    let _: ControlFlow<()> = visit_expressions_mut(ast, |expr| {
        if let Expr::Value(value) = expr
            && let Value::Number(text, _) = &value.value
            && text.contains(['e', 'E'])
        {
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(Expr::Value(Value::SingleQuotedString(text.to_string()).into())),
                data_type: DataType::Double(ExactNumberInfo::None),
                array: false,
                format: None,
            };
        }
        ControlFlow::Continue(())
    });
}
