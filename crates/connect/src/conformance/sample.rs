//! Random schemas and rows of them, the same for the same seed.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions, StringViewArray,
    StructArray, Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit, i256};
use levada_base::World;

/// Which columns a sample may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Flat,
    /// Structs and lists too.
    Nested,
}

/// A source of random schemas, values and bytes.
pub struct Sample {
    world: World,
}

const COLUMNS_MAX: u64 = 8;
const NESTING_MAX: u32 = 2;
const LIST_ITEMS_MAX: u64 = 4;

/// Texts that formats get wrong: what looks like NULL, quotes, line ends, delimiters, escapes, long ones, other scripts.
const TEXTS: &[&str] = &[
    "",
    "a",
    "NULL",
    "null",
    "\"",
    "\"\"",
    ",",
    "a,b",
    "line\nend",
    "cr\r",
    "\r\n",
    "\\",
    "\\n",
    "\\x00",
    "'",
    "\t",
    "{}",
    "[1]",
    "0",
    "007",
    "ü",
    "日本語",
    "\u{0}",
    "\u{1f600}",
    " spaces ",
    "true",
    "NaN",
    "2026-01-01",
    "a text of more than twelve bytes",
    "\u{feff}",
];

impl Sample {
    /// Samples that follow from `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { world: World::sim(seed).0 }
    }

    /// A number from 0 up to and without `end`.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        ((u128::from(self.world.random()) * u128::from(end)) >> 64) as u64
    }

    fn one_in(&self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    /// At least one column, in engine types, nullable or not.
    #[must_use]
    pub fn schema(&self, shape: Shape) -> SchemaRef {
        let nesting = if shape == Shape::Nested { NESTING_MAX } else { 0 };
        let count = 1 + self.below(COLUMNS_MAX);
        let fields: Vec<Field> =
            (0..count).map(|at| Field::new(format!("Column {at}"), self.data_type(nesting), self.one_in(2))).collect();
        Arc::new(Schema::new(fields))
    }

    fn data_type(&self, nesting: u32) -> DataType {
        let leaves = 20;
        match self.below(if nesting > 0 { leaves + 4 } else { leaves }) {
            0 => DataType::Boolean,
            1 => DataType::Int8,
            2 => DataType::Int16,
            3 => DataType::Int32,
            4 => DataType::Int64,
            5 => DataType::UInt8,
            6 => DataType::UInt16,
            7 => DataType::UInt32,
            8 => DataType::UInt64,
            9 => DataType::Float32,
            10 => DataType::Float64,
            11 => DataType::Decimal128(38, self.below(39) as i8),
            12 => DataType::Decimal256(76, self.below(77) as i8),
            13 => DataType::BinaryView,
            14 => DataType::FixedSizeBinary(16),
            15 => DataType::Date32,
            16 => DataType::Time64(TimeUnit::Microsecond),
            17 => DataType::Timestamp(TimeUnit::Microsecond, None),
            18 => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            19 => {
                if self.one_in(4) {
                    DataType::Timestamp(TimeUnit::Nanosecond, None)
                } else {
                    DataType::Utf8View
                }
            }
            at if at % 2 == 0 => DataType::List(self.part("item", nesting - 1)),
            _ => DataType::Struct((0..=self.below(3)).map(|at| self.part(&format!("part {at}"), nesting - 1)).collect()),
        }
    }

    fn part(&self, name: &str, nesting: u32) -> FieldRef {
        Arc::new(Field::new(name, self.data_type(nesting), self.one_in(2)))
    }

    /// Rows of a schema, with NULLs where they may be, and extremes.
    #[must_use]
    pub fn rows(&self, schema: &SchemaRef, rows: usize) -> RecordBatch {
        let columns = schema.fields().iter().map(|field| self.column(field, rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema.clone(), columns, &options).expect("a sample keeps to its schema")
    }

    fn nulls(&self, field: &Field, rows: usize) -> Option<NullBuffer> {
        field.is_nullable().then(|| (0..rows).map(|_| !self.one_in(4)).collect())
    }

    /// One of the extremes, or any number between them.
    fn number(&self, extremes: &[i128]) -> i128 {
        let at = self.below(extremes.len() as u64 + 3) as usize;
        if let Some(extreme) = extremes.get(at) {
            return *extreme;
        }
        let (low, high) = (extremes[0], extremes[1]);
        let any = i128::from(self.world.random()) << 64 | i128::from(self.world.random());
        low + any.rem_euclid((high - low).max(1))
    }

    fn column(&self, field: &Field, rows: usize) -> ArrayRef {
        let nulls = self.nulls(field, rows);
        macro_rules! integers {
            ($array:ident, $native:ty) => {{
                let extremes = [i128::from(<$native>::MIN), i128::from(<$native>::MAX), 0, 1];
                let values = (0..rows).map(|_| self.number(&extremes) as $native).collect::<Vec<$native>>();
                Arc::new($array::new(values.into(), nulls))
            }};
        }
        match field.data_type() {
            DataType::Boolean => Arc::new(BooleanArray::new((0..rows).map(|_| self.one_in(2)).collect(), nulls)),
            DataType::Int8 => integers!(Int8Array, i8),
            DataType::Int16 => integers!(Int16Array, i16),
            DataType::Int32 => integers!(Int32Array, i32),
            DataType::Int64 => integers!(Int64Array, i64),
            DataType::UInt8 => integers!(UInt8Array, u8),
            DataType::UInt16 => integers!(UInt16Array, u16),
            DataType::UInt32 => integers!(UInt32Array, u32),
            DataType::UInt64 => integers!(UInt64Array, u64),
            DataType::Date32 => integers!(Date32Array, i32),
            DataType::Timestamp(TimeUnit::Nanosecond, None) => integers!(TimestampNanosecondArray, i64),
            DataType::Timestamp(_, None) => integers!(TimestampMicrosecondArray, i64),
            DataType::Timestamp(_, Some(zone)) => {
                let values =
                    (0..rows).map(|_| self.number(&[i64::MIN.into(), i64::MAX.into(), 0, -1]) as i64).collect::<Vec<_>>();
                Arc::new(TimestampMicrosecondArray::new(values.into(), nulls).with_timezone(zone.clone()))
            }
            DataType::Time64(_) => {
                let values = (0..rows).map(|_| self.number(&[0, 86_399_999_999]) as i64).collect::<Vec<_>>();
                Arc::new(Time64MicrosecondArray::new(values.into(), nulls))
            }
            DataType::Float32 => {
                Arc::new(Float32Array::new((0..rows).map(|_| self.float() as f32).collect::<Vec<_>>().into(), nulls))
            }
            DataType::Float64 => Arc::new(Float64Array::new((0..rows).map(|_| self.float()).collect::<Vec<_>>().into(), nulls)),
            DataType::Decimal128(precision, scale) => {
                let most = 10_i128.pow(38) - 1;
                let values = (0..rows).map(|_| self.number(&[-most / 2, most / 2, most, -most, 0])).collect::<Vec<_>>();
                let values = Decimal128Array::new(values.into(), nulls).with_precision_and_scale(*precision, *scale);
                Arc::new(values.expect("38 digits fit"))
            }
            DataType::Decimal256(precision, scale) => {
                let values = (0..rows).map(|_| self.wide_number()).collect::<Vec<_>>();
                let values = Decimal256Array::new(values.into(), nulls).with_precision_and_scale(*precision, *scale);
                Arc::new(values.expect("76 digits fit"))
            }
            other => self.bytes_or_parts(other, nulls, rows),
        }
    }

    fn bytes_or_parts(&self, data_type: &DataType, nulls: Option<NullBuffer>, rows: usize) -> ArrayRef {
        let is_valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        match data_type {
            DataType::Utf8View => {
                let text = || TEXTS[self.below(TEXTS.len() as u64) as usize];
                Arc::new((0..rows).map(|row| is_valid(row).then(text)).collect::<StringViewArray>())
            }
            DataType::BinaryView => {
                let bytes = || (0..self.below(20)).map(|_| self.world.random() as u8).collect::<Vec<u8>>();
                Arc::new((0..rows).map(|row| is_valid(row).then(bytes)).collect::<BinaryViewArray>())
            }
            DataType::FixedSizeBinary(size) => {
                let bytes = (0..rows * *size as usize).map(|_| self.world.random() as u8).collect::<Vec<u8>>();
                Arc::new(FixedSizeBinaryArray::new(*size, bytes.into(), nulls))
            }
            DataType::Struct(fields) => {
                let parts = fields.iter().map(|part| self.column(part, rows)).collect();
                Arc::new(
                    StructArray::try_new_with_length(fields.clone(), parts, nulls, rows).expect("a sample keeps to its schema"),
                )
            }
            DataType::List(item) => {
                let lengths: Vec<usize> =
                    (0..rows).map(|row| if is_valid(row) { self.below(LIST_ITEMS_MAX) as usize } else { 0 }).collect();
                let items = self.column(item, lengths.iter().sum());
                Arc::new(ListArray::new(item.clone(), OffsetBuffer::from_lengths(lengths), items, nulls))
            }
            other => unreachable!("no sample has a column of type {other}"),
        }
    }

    fn float(&self) -> f64 {
        const EXTREMES: &[f64] =
            &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e15, 0.1, 1e-5];
        match EXTREMES.get(self.below(2 * EXTREMES.len() as u64) as usize) {
            Some(extreme) => *extreme,
            None => {
                let any = f64::from_bits(self.world.random());
                // One NaN is as good as another: texts don't keep its bits.
                if any.is_nan() { f64::NAN } else { any }
            }
        }
    }

    /// Up to 76 digits.
    fn wide_number(&self) -> i256 {
        let digits = 1 + self.below(76);
        let mut value = i256::ZERO;
        for _ in 0..digits {
            value = value.wrapping_mul(i256::from_i128(10)).wrapping_add(i256::from_i128(i128::from(self.below(10))));
        }
        if self.one_in(2) { value.wrapping_neg() } else { value }
    }

    /// The same bytes with a few of them changed, taken out, repeated or cut off.
    #[must_use]
    pub fn mutated(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(out.len() as u64 + 1) as usize;
            let length = self.below(9) as usize;
            let end = (at + length).min(out.len());
            match self.below(6) {
                0 => out.truncate(at),
                1 => drop(out.drain(at..end)),
                2 => {
                    let part = out[at..end].to_vec();
                    drop(out.splice(at..at, part));
                }
                3 => out[at..end].fill([0, 0xff, b'"', b'\n'][length % 4]),
                4 => out.insert(at, self.world.random() as u8),
                _ => {
                    if let Some(byte) = out.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        out
    }
}
