//! Columns of any other type (lists, structs, maps, intervals, wide decimals), kept as Arrow's row encoding: bytes that are equal
//! and ordered as the values are.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use levada_base::{Error, Result, codes};

use super::canonical::{canonical, has_equal_forms};

/// Turns values of one type into bytes and back.
#[derive(Debug)]
pub(crate) struct Encoder {
    converter: RowConverter,
    data_type: DataType,
    /// Whether values are brought into the one form of all their equals first: for keys, not for rows that come out as they went in.
    canonical: bool,
}

impl Encoder {
    pub(crate) fn new(data_type: &DataType) -> Result<Self> {
        let unsupported = |cause| {
            Error::new(codes::LV_S406, format!("values of type {data_type} can't be kept as state"))
                .with_hint("cast the column to a scalar, list or struct type")
                .caused_by(cause)
        };
        let converter = RowConverter::new(vec![SortField::new(data_type.clone())]).map_err(unsupported)?;
        Ok(Self { converter, data_type: data_type.clone(), canonical: false })
    }

    /// The encoder for keys: values that SQL calls equal have equal bytes.
    pub(crate) fn for_keys(mut self) -> Self {
        self.canonical = has_equal_forms(&self.data_type);
        self
    }

    /// One byte string per row; NULL has an encoding too.
    pub(crate) fn encode(&self, array: &ArrayRef) -> Result<BinaryArray> {
        let failed = |cause| Error::internal("state could not encode a column").caused_by(cause);
        let array = if self.canonical { canonical(array)? } else { Arc::clone(array) };
        let rows = self.converter.convert_columns(&[array]).map_err(failed)?;
        rows.try_into_binary().map_err(failed)
    }

    /// The array of rows encoded before by `encode`; an absent row is NULL.
    pub(crate) fn decode<'a>(&self, rows: impl Iterator<Item = Option<&'a [u8]>>) -> Result<ArrayRef> {
        let failed = |cause| Error::internal("state could not decode a column").caused_by(cause);
        let null = self.encode(&arrow::array::new_null_array(&self.data_type, 1))?;
        let parser = self.converter.parser();
        let rows = rows.map(|row| parser.parse(row.unwrap_or_else(|| null.value(0))));
        let columns = self.converter.convert_rows(rows).map_err(failed)?;
        let column = Arc::clone(columns.first().ok_or_else(|| Error::internal("an encoded row has no column"))?);
        match column.data_type() == &self.data_type {
            true => Ok(column),
            false => arrow::compute::cast(&column, &self.data_type).map_err(failed),
        }
    }
}
