//! Which types SQL can compare: all but maps, unions, and what has one inside.

use arrow::datatypes::DataType;
use levada_base::{Error, Result, codes};

/// Refuses a type that can be neither a key nor ordered.
///
/// # Errors
/// `LV-S405`.
pub(super) fn check_comparable(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Map(..) | DataType::Union(..) | DataType::RunEndEncoded(..) => {
            Err(Error::new(codes::LV_S405, format!("type {data_type} can't be compared, so it can't be a key or be ordered"))
                .with_hint("use a part of the value, for example one of its fields, or a cast to text"))
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => check_comparable(field.data_type()),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check_comparable(field.data_type())),
        _ => Ok(()),
    }
}
