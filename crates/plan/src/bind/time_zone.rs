//! `x AT TIME ZONE 'z'`: the clock of a place. A TIMESTAMPTZ becomes the TIMESTAMP that a clock there shows; a TIMESTAMP is taken as such
//! a clock's and becomes the instant. DataFusion plans it as a cast that only renames the zone.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit, TimestampMicrosecondType};
use arrow::temporal_conversions::as_datetime_with_timezone;
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use levada_base::{Error, codes};
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, VisitMut,
    visit_expressions_mut,
};

const NAME: &str = "at_time_zone";

/// Writes every `AT TIME ZONE` as a call of the function.
pub(super) fn call_zones(ast: &mut impl VisitMut) {
    let _: ControlFlow<()> = visit_expressions_mut(ast, |expr| {
        if let Expr::AtTimeZone { timestamp, time_zone } = expr {
            let arguments =
                [timestamp, time_zone].map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(*argument.clone())));
            *expr = call(arguments.into());
        }
        ControlFlow::Continue(())
    });
}

fn call(args: Vec<FunctionArg>) -> Expr {
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(NAME)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The function to register.
pub(super) fn function() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(AtTimeZone { signature: Signature::any(2, Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AtTimeZone {
    signature: Signature,
}

impl ScalarUDFImpl for AtTimeZone {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        internal_err!("{NAME} has a type by its zone")
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let zone = arguments.scalar_arguments.get(1).copied().flatten();
        zone_of(zone)?;
        let result = match arguments.arg_fields[0].data_type() {
            DataType::Timestamp(_, Some(_)) => instant(None),
            DataType::Timestamp(_, None) => instant(Some("UTC")),
            other => {
                let found = crate::types::type_name(other);
                return Err(refuse(codes::LV_S408, format!("{found} has no time to show in a zone"), "cast it to TIMESTAMP"));
            }
        };
        Ok(Arc::new(Field::new(NAME, result, true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [values, zone] = arguments.args.as_slice() else { return internal_err!("{NAME} takes two values") };
        let zone = match zone {
            ColumnarValue::Scalar(zone) => zone_of(Some(zone))?,
            ColumnarValue::Array(_) => zone_of(None)?,
        };
        let single = matches!(values, ColumnarValue::Scalar(_));
        let values = values.to_array(if single { 1 } else { arguments.number_rows })?;
        let moved = match values.data_type() {
            DataType::Timestamp(_, Some(_)) => shown(&values, &zone)?,
            _ => cast(&cast(&values, &instant(Some(&zone)))?, &instant(Some("UTC")))?,
        };
        if single { ScalarValue::try_from_array(&moved, 0).map(ColumnarValue::Scalar) } else { Ok(ColumnarValue::Array(moved)) }
    }
}

/// What a clock in `zone` shows at these instants.
fn shown(instants: &ArrayRef, zone: &str) -> Result<ArrayRef> {
    let tz: Tz = zone.parse()?;
    let instants = cast(instants, &instant(Some("UTC")))?;
    let local = |at: i64| {
        as_datetime_with_timezone::<TimestampMicrosecondType>(at, tz)
            .map(|time| time.naive_local().and_utc().timestamp_micros())
    };
    let shown: TimestampMicrosecondArray = instants.as_primitive::<TimestampMicrosecondType>().unary_opt(local);
    Ok(Arc::new(shown))
}

fn instant(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
}

/// The name of a zone that there is.
fn zone_of(value: Option<&ScalarValue>) -> Result<String> {
    let Some(Some(zone)) = value.and_then(ScalarValue::try_as_str) else {
        return Err(refuse(
            codes::LV_S004,
            "a time zone that is not a constant".to_owned(),
            "write AT TIME ZONE 'Europe/Berlin'",
        ));
    };
    match zone.parse::<Tz>() {
        Ok(_) => Ok(zone.to_owned()),
        Err(_) => {
            let hint = "use a name such as 'Europe/Berlin' or 'UTC', or an offset such as '+02:00'";
            Err(refuse(codes::LV_S410, format!("there is no time zone '{zone}'"), hint))
        }
    }
}

fn refuse(code: levada_base::Code, message: String, hint: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(code, message).with_hint(hint)))
}
