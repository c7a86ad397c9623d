//! Columns of byte strings: text and binaries in every Arrow layout, and encoded values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, LargeBinaryArray};
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

/// The longest text that a view holds inside.
pub(crate) const INLINE_BYTES_MAX: u32 = 12;

/// The values of a byte-string column of a batch.
#[derive(Debug)]
pub(crate) enum BytesInput {
    View(BinaryViewArray),
    Offsets(BinaryArray),
    LargeOffsets(LargeBinaryArray),
}

impl BytesInput {
    /// Opens a text or binary column without copying; `None` for other types.
    pub(crate) fn open(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Utf8View => Self::View(array.as_string_view().clone().to_binary_view()),
            DataType::BinaryView => Self::View(array.as_binary_view().clone()),
            DataType::Utf8 => Self::Offsets(BinaryArray::from(array.as_string::<i32>().clone())),
            DataType::Binary => Self::Offsets(array.as_binary::<i32>().clone()),
            DataType::LargeUtf8 => Self::LargeOffsets(LargeBinaryArray::from(array.as_string::<i64>().clone())),
            DataType::LargeBinary => Self::LargeOffsets(array.as_binary::<i64>().clone()),
            _ => return None,
        })
    }

    /// The bytes of one row; of no meaning where the row is NULL.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> &[u8] {
        match self {
            Self::View(array) => array.value(row),
            Self::Offsets(array) => array.value(row),
            Self::LargeOffsets(array) => array.value(row),
        }
    }

    /// The view of one row if the column has views and this one holds its text inside.
    #[inline]
    pub(crate) fn inline_view(&self, row: usize) -> Option<u128> {
        match self {
            Self::View(array) => Some(array.views()[row]).filter(|view| *view as u32 <= INLINE_BYTES_MAX),
            Self::Offsets(_) | Self::LargeOffsets(_) => None,
        }
    }

    /// Calls `each(row, bytes)` for every row.
    #[inline]
    pub(crate) fn for_each(&self, mut each: impl FnMut(usize, &[u8])) {
        match self {
            Self::View(array) => (0..array.len()).for_each(|row| each(row, array.value(row))),
            Self::Offsets(array) => (0..array.len()).for_each(|row| each(row, array.value(row))),
            Self::LargeOffsets(array) => (0..array.len()).for_each(|row| each(row, array.value(row))),
        }
    }
}

/// Builds a text or binary array of `data_type`; text that came in as text goes out as text, and is checked again.
pub(crate) fn bytes_array<'a>(data_type: &DataType, rows: impl Iterator<Item = Option<&'a [u8]>>) -> Result<ArrayRef> {
    let broken = |cause| Error::internal("state could not rebuild a text column").caused_by(cause);
    let array: ArrayRef = match data_type {
        DataType::Utf8View => {
            let binary: BinaryViewArray = rows.collect();
            Arc::new(binary.to_string_view().map_err(broken)?)
        }
        DataType::BinaryView => Arc::new(rows.collect::<BinaryViewArray>()),
        DataType::LargeUtf8 | DataType::LargeBinary => Arc::new(rows.collect::<LargeBinaryArray>()),
        _ => Arc::new(rows.collect::<BinaryArray>()),
    };
    match array.data_type() == data_type {
        true => Ok(array),
        false => arrow::compute::cast(&array, data_type).map_err(broken),
    }
}
