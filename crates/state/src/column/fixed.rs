//! Columns whose values have one width: numbers, times, decimals up to 128 bits, booleans.
//!
//! A value has a *word*: 64 bits (128 for decimals) that are equal exactly when SQL says the values are equal. Integers are
//! sign-extended, all NaN have one word, and −0.0 has the word of 0.0.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, make_array};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{ArrowNativeType, DataType, IntervalUnit};
use levada_base::{Error, Result};

/// The native form of a fixed-width type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FixedKind {
    class: Class,
    /// Bytes per value: 1, 2, 4, 8 or 16.
    width: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Bool,
    Unsigned,
    Signed,
    Float,
}

impl FixedKind {
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        use DataType::{
            Boolean, Date32, Date64, Decimal32, Decimal64, Decimal128, Duration, Float16, Float32, Float64, Int8, Int16, Int32,
            Int64, Interval, Time32, Time64, Timestamp, UInt8, UInt16, UInt32, UInt64,
        };
        let (class, width) = match data_type {
            Boolean => (Class::Bool, 1),
            UInt8 => (Class::Unsigned, 1),
            UInt16 => (Class::Unsigned, 2),
            UInt32 => (Class::Unsigned, 4),
            UInt64 => (Class::Unsigned, 8),
            Int8 => (Class::Signed, 1),
            Int16 => (Class::Signed, 2),
            Int32 | Date32 | Time32(_) | Decimal32(..) | Interval(IntervalUnit::YearMonth) => (Class::Signed, 4),
            Int64 | Date64 | Time64(_) | Timestamp(..) | Duration(_) | Decimal64(..) => (Class::Signed, 8),
            Decimal128(..) => (Class::Signed, 16),
            Float16 => (Class::Float, 2),
            Float32 => (Class::Float, 4),
            Float64 => (Class::Float, 8),
            _ => return None,
        };
        Some(Self { class, width })
    }

    /// Bytes per native value.
    pub(crate) fn width(self) -> usize {
        self.width
    }

    /// Whether the word is the value itself as an `i64`.
    pub(crate) fn is_integer(self) -> bool {
        self.class == Class::Signed && self.width <= 8
    }

    /// 64-bit words per value.
    pub(crate) fn words(self) -> usize {
        if self.width == 16 { 2 } else { 1 }
    }

    /// The word of a native value, given as its zero-extended bits.
    #[inline]
    pub(crate) fn word_of_bits(self, bits: u64) -> u64 {
        match (self.class, self.width) {
            (Class::Signed, 1) => i64::from(bits as u8 as i8) as u64,
            (Class::Signed, 2) => i64::from(bits as u16 as i16) as u64,
            (Class::Signed, 4) => i64::from(bits as u32 as i32) as u64,
            (Class::Float, 2) => float_word::<0x7C00, 0x8000>(bits),
            (Class::Float, 4) => float_word::<0x7F80_0000, 0x8000_0000>(bits),
            (Class::Float, _) => float_word::<0x7FF0_0000_0000_0000, 0x8000_0000_0000_0000>(bits),
            _ => bits,
        }
    }

    /// The SQL order of two values given as words.
    #[inline]
    pub(crate) fn compare_words(self, left: [u64; 2], right: [u64; 2]) -> Ordering {
        if self.width == 16 {
            return (join_wide(left) as i128).cmp(&(join_wide(right) as i128));
        }
        self.order_of_word(left[0]).cmp(&self.order_of_word(right[0]))
    }

    /// A value whose unsigned order is the SQL order of the words: NaN above everything.
    #[inline]
    pub(crate) fn order_of_word(self, word: u64) -> u64 {
        match self.class {
            Class::Bool | Class::Unsigned => word,
            Class::Signed => word ^ (1 << 63),
            Class::Float => {
                let sign = 1u64 << (self.width * 8 - 1);
                let mask = sign | (sign - 1);
                if word & sign == 0 { word | sign } else { !word & mask }
            }
        }
    }

    /// The word that `order_of_word` turned into `order`.
    #[inline]
    pub(crate) fn word_of_order(self, order: u64) -> u64 {
        match self.class {
            Class::Bool | Class::Unsigned => order,
            Class::Signed => order ^ (1 << 63),
            Class::Float => {
                let sign = 1u64 << (self.width * 8 - 1);
                let mask = sign | (sign - 1);
                if order & sign != 0 { order ^ sign } else { !order & mask }
            }
        }
    }

    /// Builds an array of `data_type` from words, `words()` of them per row.
    pub(crate) fn array_of_words(
        self,
        data_type: &DataType,
        words: impl ExactSizeIterator<Item = [u64; 2]>,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        let len = words.len();
        let values = match self.width {
            1 => Buffer::from_vec(words.map(|word| word[0] as u8).collect::<Vec<_>>()),
            2 => Buffer::from_vec(words.map(|word| word[0] as u16).collect::<Vec<_>>()),
            4 => Buffer::from_vec(words.map(|word| word[0] as u32).collect::<Vec<_>>()),
            8 => Buffer::from_vec(words.map(|word| word[0]).collect::<Vec<_>>()),
            _ => Buffer::from_vec(words.map(join_wide).collect::<Vec<_>>()),
        };
        self.array_of_values(data_type, values, len, nulls)
    }

    /// Builds an array of `data_type` from `len` native values (a boolean is a byte, 0 or 1).
    pub(crate) fn array_of_values(
        self,
        data_type: &DataType,
        values: Buffer,
        len: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        let values = match self.class {
            Class::Bool => pack_bits(&values[..len]),
            _ => values,
        };
        let data = ArrayData::builder(data_type.clone()).len(len).add_buffer(values).nulls(nulls).build();
        let data = data.map_err(|cause| Error::internal("state could not rebuild a column").caused_by(cause))?;
        Ok(make_array(data))
    }
}

/// The two words of a 128-bit value, high first.
#[inline]
pub(crate) fn split_wide(value: u128) -> [u64; 2] {
    [(value >> 64) as u64, value as u64]
}

/// The 128-bit value of two words, high first.
#[inline]
pub(crate) fn join_wide(words: [u64; 2]) -> u128 {
    u128::from(words[0]) << 64 | u128::from(words[1])
}

/// One word for all NaN (the exponent and one mantissa bit set) and one for both zeros.
#[inline]
fn float_word<const EXPONENT: u64, const SIGN: u64>(bits: u64) -> u64 {
    let magnitude = bits & !SIGN;
    if magnitude > EXPONENT {
        EXPONENT + ((SIGN - EXPONENT) >> 1)
    } else if magnitude == 0 {
        0
    } else {
        bits
    }
}

fn pack_bits(bytes: &[u8]) -> Buffer {
    let bits: arrow::buffer::BooleanBuffer = bytes.iter().map(|byte| *byte != 0).collect();
    bits.into_inner()
}

/// The values of a fixed-width column of a batch.
#[derive(Debug)]
pub(crate) struct FixedInput {
    kind: FixedKind,
    /// Exactly the column's values: no offset.
    values: Buffer,
}

impl FixedInput {
    /// `array` must be of `kind`.
    pub(crate) fn open(kind: FixedKind, array: &ArrayRef) -> Self {
        if kind.class == Class::Bool {
            let bytes: Vec<u8> = array.as_boolean().values().iter().map(u8::from).collect();
            return Self { kind, values: Buffer::from_vec(bytes) };
        }
        let data = array.to_data();
        let values = data.buffers()[0].slice_with_length(data.offset() * kind.width, data.len() * kind.width);
        Self { kind, values }
    }

    pub(crate) fn kind(&self) -> FixedKind {
        self.kind
    }

    /// The native values, as unsigned numbers of the column's own width.
    pub(crate) fn natives<T: ArrowNativeType>(&self) -> &[T] {
        self.values.typed_data()
    }

    /// The word of one row; the high word first for 128-bit kinds.
    #[inline]
    pub(crate) fn words_at(&self, row: usize) -> [u64; 2] {
        let bits = match self.kind.width {
            1 => u64::from(self.values[row]),
            2 => u64::from(self.natives::<u16>()[row]),
            4 => u64::from(self.natives::<u32>()[row]),
            8 => self.natives::<u64>()[row],
            _ => return split_wide(self.natives::<u128>()[row]),
        };
        [self.kind.word_of_bits(bits), 0]
    }

    /// Calls `each(row, word)` for every row of a column with one word per value.
    #[inline]
    pub(crate) fn for_each_word(&self, mut each: impl FnMut(usize, u64)) {
        let kind = self.kind;
        match (kind.class, kind.width) {
            (Class::Signed, 4) => {
                for (row, value) in self.natives::<i32>().iter().enumerate() {
                    each(row, i64::from(*value) as u64);
                }
            }
            (Class::Signed | Class::Unsigned, 8) => {
                for (row, value) in self.natives::<u64>().iter().enumerate() {
                    each(row, *value);
                }
            }
            (Class::Float, 8) => {
                for (row, value) in self.natives::<u64>().iter().enumerate() {
                    each(row, kind.word_of_bits(*value));
                }
            }
            _ => {
                for row in 0..self.len() {
                    each(row, self.words_at(row)[0]);
                }
            }
        }
    }

    /// Calls `each(row, value)` for every row of a 128-bit column.
    pub(crate) fn for_each_wide(&self, mut each: impl FnMut(usize, u128)) {
        for (row, value) in self.natives::<u128>().iter().enumerate() {
            each(row, *value);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.kind.width
    }
}
