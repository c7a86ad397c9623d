//! Values as keys whose plain order is the order of SQL: numbers and times as words, everything else as bytes.
//!
//! In that order all NaN are one value above infinity, and −0.0 is 0.0.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, BinaryArray, BooleanArray, UInt32Array, make_array};
use arrow::buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::{ArrowNativeType, DataType, Float32Type, Float64Type};
use arrow::row::{RowConverter, SortField};
use levada_base::{Error, Result, codes};

use crate::ops::SortColumn;

const SIGN: u64 = 1 << 63;
const WIDE_SIGN: u128 = 1 << 127;

/// The keys of a batch.
pub(super) enum Keys {
    Words(Vec<u64>),
    Wide(Vec<u128>),
    Bytes(BinaryArray),
}

/// How the keys of a column, or of several with their order, are made and turned back into values.
pub(super) enum KeyFormat {
    /// Fixed-width values of up to 64 bits, in one word.
    Word(DataType),
    /// Decimals of 128 bits.
    Wide(DataType),
    /// The row encoding of some columns; the value is the last of them.
    Bytes { converter: RowConverter, sources: Vec<usize> },
}

impl KeyFormat {
    /// Keys of a single value, ascending.
    pub(super) fn of_value(data_type: &DataType) -> Result<Self> {
        match data_type {
            DataType::Decimal128(..) => Ok(Self::Wide(data_type.clone())),
            DataType::Boolean => Ok(Self::Word(data_type.clone())),
            _ if data_type.primitive_width().is_some_and(|width| width <= 8) && is_linear(data_type) => {
                Ok(Self::Word(data_type.clone()))
            }
            _ => Self::bytes(vec![(0, data_type.clone(), SortOptions { descending: false, nulls_first: false })]),
        }
    }

    /// Keys of a value (the first of `types`) after the columns it is ordered by (the others, in the order of `order`).
    pub(super) fn of_ordered(types: &[DataType], order: &[SortColumn]) -> Result<Self> {
        let ascending = SortOptions { descending: false, nulls_first: false };
        let by = order.iter().zip(&types[1..]).enumerate();
        let mut fields: Vec<_> = by.map(|(at, (sort, data_type))| (at + 1, data_type.clone(), sort.options())).collect();
        fields.push((0, types[0].clone(), ascending));
        Self::bytes(fields)
    }

    fn bytes(fields: Vec<(usize, DataType, SortOptions)>) -> Result<Self> {
        let sources = fields.iter().map(|(source, ..)| *source).collect();
        let fields = fields.into_iter().map(|(_, data_type, options)| SortField::new_with_options(data_type, options));
        let converter = RowConverter::new(fields.collect()).map_err(|cause| {
            Error::new(codes::LV_S405, "an aggregate needs an order over a type that has none")
                .with_reason(cause.to_string())
                .with_hint("aggregate a comparable part of the value")
        })?;
        Ok(Self::Bytes { converter, sources })
    }

    /// The keys of the rows of `columns`, which have no NULL unless keys are bytes.
    pub(super) fn keys(&self, columns: &[ArrayRef]) -> Result<Keys> {
        match self {
            Self::Word(_) => Ok(Keys::Words(words(&columns[0]))),
            Self::Wide(_) => {
                Ok(Keys::Wide(natives::<i128>(&columns[0]).iter().map(|&value| value as u128 ^ WIDE_SIGN).collect()))
            }
            Self::Bytes { converter, sources } => {
                let columns: Vec<ArrayRef> = sources.iter().map(|&source| canonical(&columns[source])).collect();
                let rows = converter.convert_columns(&columns).map_err(arrow_bug)?;
                Ok(Keys::Bytes(rows.try_into_binary().map_err(arrow_bug)?))
            }
        }
    }

    /// The values of word keys; NULL where there is none.
    pub(super) fn values_of_words(&self, keys: impl ExactSizeIterator<Item = Option<u64>> + Clone) -> Result<ArrayRef> {
        let Self::Word(data_type) = self else { return Err(Error::internal("keys of another format")) };
        if data_type == &DataType::Boolean {
            return Ok(Arc::new(keys.map(|key| key.map(|key| key != 0)).collect::<BooleanArray>()));
        }
        let values = keys.clone().map(|key| native_of(data_type, key.unwrap_or_default()));
        let buffer = match data_type.primitive_width() {
            Some(1) => Buffer::from_vec(values.map(|value| value as u8).collect::<Vec<_>>()),
            Some(2) => Buffer::from_vec(values.map(|value| value as u16).collect::<Vec<_>>()),
            Some(4) => Buffer::from_vec(values.map(|value| value as u32).collect::<Vec<_>>()),
            _ => Buffer::from_vec(values.collect::<Vec<u64>>()),
        };
        array_of(data_type, buffer, keys.map(|key| key.is_some()))
    }

    /// The values of wide keys.
    pub(super) fn values_of_wide(&self, keys: impl ExactSizeIterator<Item = Option<u128>> + Clone) -> Result<ArrayRef> {
        let Self::Wide(data_type) = self else { return Err(Error::internal("keys of another format")) };
        let values = keys.clone().map(|key| key.unwrap_or_default() ^ WIDE_SIGN).collect::<Vec<u128>>();
        array_of(data_type, Buffer::from_vec(values), keys.map(|key| key.is_some()))
    }

    /// The values of byte keys.
    pub(super) fn values_of_bytes<'a>(&self, keys: impl Iterator<Item = Option<&'a [u8]>>) -> Result<ArrayRef> {
        let Self::Bytes { converter, .. } = self else { return Err(Error::internal("keys of another format")) };
        let parser = converter.parser();
        let mut places = Vec::new();
        let mut rows = Vec::new();
        for key in keys {
            places.push(key.map(|_| rows.len() as u32));
            rows.extend(key.map(|key| parser.parse(key)));
        }
        let columns = converter.convert_rows(rows).map_err(arrow_bug)?;
        let values = columns.last().ok_or_else(|| Error::internal("a key without a column"))?;
        take(values, &UInt32Array::from(places), None).map_err(arrow_bug)
    }
}

/// Whether the order of a fixed-width type is that of its number.
fn is_linear(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Interval(_) | DataType::Float16)
}

fn words(array: &ArrayRef) -> Vec<u64> {
    let data_type = array.data_type();
    match data_type {
        DataType::Boolean => array.as_boolean().values().iter().map(u64::from).collect(),
        DataType::Float64 => array.as_primitive::<Float64Type>().values().iter().map(|&value| float_word(value)).collect(),
        DataType::Float32 => {
            array.as_primitive::<Float32Type>().values().iter().map(|&value| float_word(f64::from(value))).collect()
        }
        _ => match (data_type.primitive_width(), data_type.is_unsigned_integer()) {
            (Some(1), true) => natives::<u8>(array).iter().map(|&value| u64::from(value)).collect(),
            (Some(2), true) => natives::<u16>(array).iter().map(|&value| u64::from(value)).collect(),
            (Some(4), true) => natives::<u32>(array).iter().map(|&value| u64::from(value)).collect(),
            (_, true) => natives::<u64>(array).to_vec(),
            (Some(1), false) => natives::<i8>(array).iter().map(|&value| signed_word(value.into())).collect(),
            (Some(2), false) => natives::<i16>(array).iter().map(|&value| signed_word(value.into())).collect(),
            (Some(4), false) => natives::<i32>(array).iter().map(|&value| signed_word(value.into())).collect(),
            (_, false) => natives::<i64>(array).iter().map(|&value| signed_word(value)).collect(),
        },
    }
}

fn signed_word(value: i64) -> u64 {
    value as u64 ^ SIGN
}

fn float_word(value: f64) -> u64 {
    let bits = canonical_float(value).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The bits of a value of `data_type`, to be cut to its width.
fn native_of(data_type: &DataType, word: u64) -> u64 {
    let float = || f64::from_bits(if word & SIGN == 0 { !word } else { word ^ SIGN });
    match data_type {
        DataType::Float64 => float().to_bits(),
        DataType::Float32 => u64::from((float() as f32).to_bits()),
        _ if data_type.is_unsigned_integer() => word,
        _ => word ^ SIGN,
    }
}

fn canonical_float(value: f64) -> f64 {
    if value.is_nan() {
        f64::NAN
    } else if value == 0.0 {
        0.0
    } else {
        value
    }
}

/// One NaN and one zero, so that the row encoding orders floats as SQL does.
fn canonical(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(canonical_float)) as ArrayRef,
        DataType::Float32 => {
            let one = |value: f32| canonical_float(f64::from(value)) as f32;
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(one))
        }
        _ => array.clone(),
    }
}

/// The values of a fixed-width array, as numbers of its width.
fn natives<T: ArrowNativeType>(array: &ArrayRef) -> ScalarBuffer<T> {
    let data = array.to_data();
    ScalarBuffer::new(data.buffers()[0].clone(), data.offset(), data.len())
}

fn array_of(data_type: &DataType, values: Buffer, valid: impl ExactSizeIterator<Item = bool>) -> Result<ArrayRef> {
    let len = valid.len();
    let nulls = valid.collect::<NullBuffer>();
    let data = ArrayData::builder(data_type.clone()).len(len).add_buffer(values).nulls(Some(nulls)).build();
    Ok(make_array(data.map_err(arrow_bug)?))
}

pub(super) fn arrow_bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("order keys: {cause}")).caused_by(cause)
}
