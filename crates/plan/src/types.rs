//! SQL type names and the Arrow types behind them, the same for columns, casts and literals.

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use levada_base::{Error, Position, Result, codes, nearest};
use sqlparser::ast::{ArrayElemTypeDef, DataType as SqlType, ExactNumberInfo, TimezoneInfo};

/// Precision and scale of a bare NUMERIC.
const NUMERIC_DEFAULT: (u8, i8) = (38, 10);
const DECIMAL128_DIGITS_MAX: u8 = 38;
/// `FLOAT(n)` counts bits; up to this many it is a REAL, as in PostgreSQL.
const REAL_BITS_MAX: u64 = 24;

/// The Arrow type that values of an SQL type are stored as.
///
/// # Errors
/// `LV-S406` with the nearest type.
pub fn data_type(sql: &SqlType, position: Option<Position>) -> Result<DataType> {
    // A table: one line a type.
    Ok(match sql {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::TinyInt(_) => DataType::Int8,
        SqlType::SmallInt(_) | SqlType::Int2(_) | SqlType::Int16 => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) | SqlType::Int32 => DataType::Int32,
        SqlType::BigInt(_) | SqlType::Int8(_) | SqlType::Int64 => DataType::Int64,
        SqlType::TinyIntUnsigned(_) | SqlType::UTinyInt | SqlType::UInt8 => DataType::UInt8,
        SqlType::SmallIntUnsigned(_) | SqlType::USmallInt | SqlType::UInt16 => DataType::UInt16,
        SqlType::IntUnsigned(_) | SqlType::IntegerUnsigned(_) | SqlType::UInt32 => DataType::UInt32,
        SqlType::BigIntUnsigned(_) | SqlType::UBigInt | SqlType::UInt64 => DataType::UInt64,
        SqlType::Real | SqlType::Float4 | SqlType::Float32 => DataType::Float32,
        SqlType::Float(ExactNumberInfo::Precision(1..=REAL_BITS_MAX)) => DataType::Float32,
        SqlType::Double(_) | SqlType::DoublePrecision | SqlType::Float8 | SqlType::Float64 | SqlType::Float(_) => {
            DataType::Float64
        }
        SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => decimal(info, position)?,
        SqlType::Text | SqlType::String(_) | SqlType::Varchar(None) | SqlType::CharacterVarying(None) => DataType::Utf8View,
        SqlType::Bytea | SqlType::Bytes(_) | SqlType::Binary(_) | SqlType::Varbinary(_) => DataType::BinaryView,
        SqlType::Date | SqlType::Date32 => DataType::Date32,
        SqlType::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => DataType::Time64(TimeUnit::Microsecond),
        SqlType::Timestamp(precision, zone) => timestamp(*precision, is_zoned(*zone), position)?,
        SqlType::Datetime(precision) => timestamp(*precision, false, position)?,
        SqlType::Interval { .. } => DataType::Interval(IntervalUnit::MonthDayNano),
        SqlType::Array(
            ArrayElemTypeDef::AngleBracket(item)
            | ArrayElemTypeDef::SquareBracket(item, _)
            | ArrayElemTypeDef::Parenthesis(item),
        ) => DataType::List(Field::new("item", data_type(item, position)?, true).into()),
        SqlType::Struct(fields, _) => {
            let field = |at: usize, field: &sqlparser::ast::StructField| -> Result<Field> {
                let name = field.field_name.as_ref().map_or_else(|| format!("c{at}"), |name| name.value.clone());
                Ok(Field::new(name, data_type(&field.field_type, position)?, true))
            };
            DataType::Struct(fields.iter().enumerate().map(|(at, f)| field(at, f)).collect::<Result<Vec<_>>>()?.into())
        }
        other => return Err(unsupported(other, position)),
    })
}

fn is_zoned(zone: TimezoneInfo) -> bool {
    matches!(zone, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone)
}

fn timestamp(precision: Option<u64>, zoned: bool, position: Option<Position>) -> Result<DataType> {
    match precision {
        None | Some(6) => Ok(DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| "UTC".into()))),
        Some(less @ 0..6) => Err(Error::new(codes::LV_S406, format!("TIMESTAMP({less}) is not in this release"))
            .with_reason("every time has microseconds; none is rounded")
            .with_hint("use TIMESTAMP, and date_trunc where less is wanted")
            .at(position)),
        Some(more) => Err(Error::new(codes::LV_S406, format!("TIMESTAMP({more}) is finer than a microsecond"))
            .with_hint("use TIMESTAMP or TIMESTAMP(6)")
            .at(position)),
    }
}

fn decimal(info: &ExactNumberInfo, position: Option<Position>) -> Result<DataType> {
    let (precision, scale) = match *info {
        ExactNumberInfo::None => return Ok(DataType::Decimal128(NUMERIC_DEFAULT.0, NUMERIC_DEFAULT.1)),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    let fits = u8::try_from(precision).ok().zip(i8::try_from(scale).ok());
    match fits {
        Some((precision @ 1..=DECIMAL128_DIGITS_MAX, scale)) if scale >= 0 && i16::from(scale) <= i16::from(precision) => {
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => Err(Error::new(codes::LV_S406, format!("DECIMAL({precision}, {scale}) is out of range"))
            .with_hint("use a precision of 1 to 38 and a scale of 0 to the precision")
            .at(position)),
    }
}

/// The names to guess from when one is misspelt.
const NAMES: &[&str] = &[
    "BOOLEAN",
    "SMALLINT",
    "INT",
    "INTEGER",
    "BIGINT",
    "REAL",
    "DOUBLE",
    "FLOAT",
    "DECIMAL",
    "NUMERIC",
    "TEXT",
    "STRING",
    "BYTEA",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "INTERVAL",
    "STRUCT",
];

fn unsupported(sql: &SqlType, position: Option<Position>) -> Error {
    let text = sql.to_string();
    let name = text.split('(').next().unwrap_or_default().to_uppercase();
    let hint = match name.as_str() {
        "VARCHAR" | "CHAR" | "CHARACTER" | "CHARACTER VARYING" | "NVARCHAR" => "use TEXT: lengths are not enforced".to_owned(),
        "JSON" | "JSONB" | "VARIANT" | "XML" | "UUID" | "ENUM" => "use TEXT".to_owned(),
        "MONEY" => "use DECIMAL(38, 2)".to_owned(),
        "HUGEINT" | "UHUGEINT" => "use DECIMAL(38, 0)".to_owned(),
        "MAP" => "use a STRUCT or an array".to_owned(),
        misspelt => match nearest(misspelt, NAMES.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => "docs/sql/types.md lists the types there are".to_owned(),
        },
    };
    Error::new(codes::LV_S406, format!("type {text} is not supported")).with_hint(hint).at(position)
}

/// The SQL name of an Arrow type, for messages and `DESCRIBE`.
#[must_use]
pub fn type_name(data_type: &DataType) -> String {
    // A table: one line a type.
    match data_type {
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INT".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::UInt8 => "TINYINT UNSIGNED".to_owned(),
        DataType::UInt16 => "SMALLINT UNSIGNED".to_owned(),
        DataType::UInt32 => "INT UNSIGNED".to_owned(),
        DataType::UInt64 => "BIGINT UNSIGNED".to_owned(),
        DataType::Float32 => "REAL".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "TEXT".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "BYTEA".to_owned(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            format!("DECIMAL({precision}, {scale})")
        }
        DataType::Date32 | DataType::Date64 => "DATE".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        DataType::Timestamp(_, Some(_)) => "TIMESTAMPTZ".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL".to_owned(),
        DataType::List(item) | DataType::LargeList(item) => format!("{}[]", type_name(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|f| format!("{} {}", f.name(), type_name(f.data_type()))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A constant interval in microseconds: `INTERVAL '5' SECOND`, or a text such as `'5 seconds'`. `None` if it is not one, is negative or
/// has months, which are not of one length.
#[must_use]
pub fn interval_micros(expr: &sqlparser::ast::Expr) -> Option<i64> {
    use arrow::compute::kernels::cast_utils::parse_interval_month_day_nano;
    use sqlparser::ast::{Expr, Value};
    const DAY_US: i64 = 86_400_000_000;
    let text = match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            _ => return None,
        },
        Expr::Interval(interval) => {
            let Expr::Value(value) = interval.value.as_ref() else { return None };
            let number = match &value.value {
                Value::SingleQuotedString(text) | Value::Number(text, _) => text.clone(),
                _ => return None,
            };
            match &interval.leading_field {
                Some(unit) => format!("{number} {unit}"),
                None => number,
            }
        }
        _ => return None,
    };
    let interval = parse_interval_month_day_nano(&text).ok()?;
    let micros = i64::from(interval.days).checked_mul(DAY_US)?.checked_add(interval.nanoseconds / 1_000)?;
    (interval.months == 0 && micros >= 0 && interval.nanoseconds % 1_000 == 0).then_some(micros)
}
