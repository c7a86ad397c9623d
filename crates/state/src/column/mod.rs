//! How a column's values are read, compared and rebuilt, by three kinds of storage.
//!
//! Not here: where state keeps the values. A batch's column is opened once as a [`ColumnInput`]; the loops over its rows then run
//! on plain slices.

mod bytes;
mod canonical;
mod comparable;
mod encoded;
mod fixed;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

pub(crate) use bytes::{BytesInput, INLINE_BYTES_MAX, bytes_array};
use comparable::check_comparable;
pub(crate) use encoded::Encoder;
pub(crate) use fixed::{FixedInput, FixedKind, join_wide, split_wide};

/// How values of a type are kept.
#[derive(Debug)]
pub(crate) enum ColumnKind {
    /// Native values of one width.
    Fixed(FixedKind),
    /// Strings and binaries.
    Bytes,
    /// Everything else, as bytes whose order is the order of the values.
    Encoded(Encoder),
}

impl ColumnKind {
    pub(crate) fn of(data_type: &DataType) -> Result<Self> {
        if let Some(kind) = FixedKind::of(data_type) {
            return Ok(Self::Fixed(kind));
        }
        match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(Self::Bytes),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Ok(Self::Bytes),
            _ => Ok(Self::Encoded(Encoder::new(data_type)?)),
        }
    }

    /// As [`Self::of`], where values that SQL calls equal are to be one: NaN, the zeros, and intervals of one length.
    pub(crate) fn of_key(data_type: &DataType) -> Result<Self> {
        check_comparable(data_type)?;
        Ok(match Self::of(data_type)? {
            Self::Encoded(encoder) => Self::Encoded(encoder.for_keys()),
            other => other,
        })
    }

    /// Opens `array`, whose type must be of this kind.
    pub(crate) fn open(&self, array: &ArrayRef) -> Result<ColumnInput> {
        let mismatch = || Error::internal(format!("a column of type {} where the state has another", array.data_type()));
        match self {
            Self::Fixed(kind) => match FixedKind::of(array.data_type()) {
                Some(found) if found == *kind => Ok(ColumnInput::fixed(*kind, array)),
                _ => Err(mismatch()),
            },
            Self::Bytes => {
                let values = BytesInput::open(array).ok_or_else(mismatch)?;
                Ok(ColumnInput { values: Values::Bytes(values), nulls: array.nulls().cloned() })
            }
            Self::Encoded(encoder) => {
                let values = BytesInput::Offsets(encoder.encode(array)?);
                Ok(ColumnInput { values: Values::Bytes(values), nulls: array.logical_nulls() })
            }
        }
    }
}

/// The values of one opened column.
#[derive(Debug)]
pub(crate) enum Values {
    Fixed(FixedInput),
    Bytes(BytesInput),
}

/// One column of a batch, opened for reading by row.
#[derive(Debug)]
pub(crate) struct ColumnInput {
    pub(crate) values: Values,
    nulls: Option<NullBuffer>,
}

impl ColumnInput {
    fn fixed(kind: FixedKind, array: &ArrayRef) -> Self {
        Self { values: Values::Fixed(FixedInput::open(kind, array)), nulls: array.nulls().cloned() }
    }

    /// The null mask, only when there is at least one NULL.
    pub(crate) fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls.as_ref().filter(|nulls| nulls.null_count() > 0)
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }
}
