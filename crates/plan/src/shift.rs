//! `time ± INTERVAL`, where the interval has a fixed length: one addition a row.
//!
//! Arrow's kernel takes every timestamp apart into a date and a time of day, for the sake of months. Every row of a source with a
//! watermark goes through such an expression, and every pair of an interval join. Whatever is not plain (months, time zones, times at
//! the edge of the type) is left to Arrow, errors included.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, FieldRef, IntervalMonthDayNano, Schema, TimeUnit, TimestampMicrosecondType};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Literal};

const DAY_US: i64 = 86_400_000_000;

/// A shift of a time with the expression that it is written as.
#[derive(Debug, Eq)]
struct Shift {
    /// A binary expression whose left side is the time; children and text are its own, and the length follows from it.
    written: Arc<dyn PhysicalExpr>,
    by_us: i64,
}

impl PartialEq for Shift {
    fn eq(&self, other: &Self) -> bool {
        self.written.eq(&other.written)
    }
}

impl Hash for Shift {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.written.hash(state);
    }
}

/// The same expression with every shift of a time made fast.
pub(crate) fn with_shifts(expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
    let shifted = expr.transform_up(|expr| {
        Ok(match length(&expr) {
            Some(by_us) => Transformed::yes(Arc::new(Shift { written: expr, by_us }) as Arc<dyn PhysicalExpr>),
            None => Transformed::no(expr),
        })
    });
    shifted.map(|transformed| transformed.data)
}

/// How far `expr` shifts its left side, if it is a sum with an interval of fixed length.
fn length(expr: &Arc<dyn PhysicalExpr>) -> Option<i64> {
    let sum = expr.downcast_ref::<BinaryExpr>()?;
    let by = sum.right().downcast_ref::<Literal>()?;
    let ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano { months: 0, days, nanoseconds })) = *by.value() else {
        return None;
    };
    if nanoseconds % 1_000 != 0 {
        return None;
    }
    let length = i64::from(days).checked_mul(DAY_US)?.checked_add(nanoseconds / 1_000)?;
    match sum.op() {
        Operator::Plus => Some(length),
        Operator::Minus => length.checked_neg(),
        _ => None,
    }
}

impl Shift {
    /// The shifted times; `None` if there is more to it than an addition.
    fn added(&self, times: &ArrayRef) -> Option<ArrayRef> {
        let DataType::Timestamp(TimeUnit::Microsecond, zone) = times.data_type() else { return None };
        if zone.as_deref().is_some_and(|zone| zone != "UTC" && zone != "+00:00") {
            return None;
        }
        let times = times.as_primitive::<TimestampMicrosecondType>();
        // NULLs hold any number: they must not decide.
        let edge = i64::MAX - self.by_us.checked_abs()?;
        if times.values().iter().any(|time| time.unsigned_abs() > edge.unsigned_abs()) {
            return None;
        }
        let shifted: TimestampMicrosecondArray = times.unary(|time| time.wrapping_add(self.by_us));
        Some(Arc::new(shifted.with_timezone_opt(zone.clone())))
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(out)
    }
}

impl PhysicalExpr for Shift {
    fn return_field(&self, input: &Schema) -> Result<FieldRef> {
        self.written.return_field(input)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let [time, _] = self.written.children()[..] else { return self.written.evaluate(batch) };
        match time.evaluate(batch)? {
            ColumnarValue::Array(times) => match self.added(&times) {
                Some(shifted) => Ok(ColumnarValue::Array(shifted)),
                None => self.written.evaluate(batch),
            },
            ColumnarValue::Scalar(_) => self.written.evaluate(batch),
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.written.children()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let written = self.written.clone().with_new_children(children)?;
        Ok(match length(&written) {
            Some(by_us) => Arc::new(Self { written, by_us }),
            None => written,
        })
    }

    fn fmt_sql(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt_sql(out)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;
    use datafusion::physical_expr::expressions::{binary, col, lit};

    use super::*;

    fn interval(months: i32, days: i32, nanoseconds: i64) -> ScalarValue {
        ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano { months, days, nanoseconds }))
    }

    fn batch(zone: Option<&str>, times: Vec<Option<i64>>) -> RecordBatch {
        let times = TimestampMicrosecondArray::from(times).with_timezone_opt(zone);
        RecordBatch::try_from_iter([("t", Arc::new(times) as ArrayRef)]).unwrap()
    }

    /// What the sum gives as written and as rewritten, and whether it was rewritten at all.
    fn both(batch: &RecordBatch, op: Operator, by: ScalarValue) -> (Result<ArrayRef>, Result<ArrayRef>, bool) {
        let schema = batch.schema();
        let written = binary(col("t", &schema).unwrap(), op, lit(by), &schema).unwrap();
        let shifted = with_shifts(written.clone()).unwrap();
        assert_eq!(shifted.to_string(), written.to_string(), "operator ids are made from it");
        let value = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(batch)?.into_array(batch.num_rows());
        (value(&written), value(&shifted), shifted.downcast_ref::<Shift>().is_some())
    }

    #[test]
    fn a_shift_gives_what_arrow_gives() {
        let times = vec![Some(0), Some(-1), None, Some(1_767_225_600_123_456), Some(-99_999_999_999)];
        for zone in [None, Some("UTC"), Some("+00:00"), Some("+02:00")] {
            for op in [Operator::Plus, Operator::Minus] {
                for (days, nanoseconds) in [(0, 4_000_000_000), (3, -1_000), (-2, 86_400_000_000_000), (0, 0)] {
                    let (written, shifted, fast) = both(&batch(zone, times.clone()), op, interval(0, days, nanoseconds));
                    assert!(fast);
                    assert_eq!(&written.unwrap(), &shifted.unwrap(), "{zone:?} {op} {days} {nanoseconds}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_fixed_length_is_left_alone() {
        let january = batch(None, vec![Some(1_767_225_600_000_000)]);
        for by in [interval(1, 0, 0), interval(0, 0, 1)] {
            let (written, shifted, fast) = both(&january, Operator::Plus, by);
            assert!(!fast);
            assert_eq!(&written.unwrap(), &shifted.unwrap());
        }
    }

    #[test]
    fn the_edge_of_the_type_is_arrows_to_judge() {
        let edge = batch(None, vec![Some(i64::MAX - 5)]);
        let (written, shifted, _) = both(&edge, Operator::Plus, interval(0, 0, 10_000));
        assert_eq!(written.unwrap_err().to_string(), shifted.unwrap_err().to_string());
        let mut null = batch(None, vec![Some(i64::MAX - 5), None]);
        null = null.slice(1, 1);
        assert!(both(&null, Operator::Plus, interval(0, 0, 10_000)).1.unwrap().is_null(0));
    }
}
